"""The small data sets that come with the course, and a small trained model.

Beside each file stands where it is from and under which licence.
"""

from course_utils.data.digits import load_digits
from course_utils.data.word_model import invent_words, load_word_model, word_logits
from course_utils.data.words import load_words

__all__ = ["invent_words", "load_digits", "load_word_model", "load_words", "word_logits"]
