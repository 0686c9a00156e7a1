"""Grade a class: rebuild a submission, run it in a sandbox, judge it outside, record it in nbgrader's gradebook."""
