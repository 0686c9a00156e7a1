"""The small data sets that come with the course. Beside each file stands where it is from and under which licence."""

from course_utils.data.digits import load_digits
from course_utils.data.words import load_words

__all__ = ["load_digits", "load_words"]
