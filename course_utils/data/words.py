"""The English words of lesson 10. `WORDS.md` beside this file says where they are from."""

from pathlib import Path

_FILE = Path(__file__).with_name("words.txt")


def load_words() -> list[str]:
    """8,384 English words of 3 to 12 letters, a to z alone, in alphabetical order.

    >>> words = load_words()
    >>> len(words), words[0], words[-1]
    (8384, 'abate', 'zealously')
    """
    return _FILE.read_text(encoding="ascii").split()
