"""What runs inside the sandbox, and the only part of the grader that is seen there.

It imports `course_utils` and libraries alone, and its own modules by relative import, because inside there is no
package `autograder`.
"""
