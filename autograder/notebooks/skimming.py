"""Read past the outputs of a notebook, which may be a hundred times as long as all the rest, and of any kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MAX_SKIPPED = 5_000_000  # brackets in outputs: each takes a step

# In JSON such text is always a key and the beginning of its value: a quote inside of a string has a backslash.
_BEGINS = re.compile(rb'"(?:outputs|widgets)"[ \t\r\n]{0,20}:[ \t\r\n]{0,20}[\[{]')
_LONGEST_BEGINNING = 60
_NO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class TooManyBrackets(Exception):
    """The outputs are so many small things that to read past them would take long."""


def without_outputs(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A notebook's JSON, in UTF-8, with nothing in its lists of outputs and in the state of its widgets.

    Needs memory for a chunk and little more. What is no notebook comes as it is, or cut off.

    Raises:
        TooManyBrackets: there are more than `MAX_SKIPPED` in what is left out.
    """
    waiting, depth, in_string, skipped = b"", 0, False, 0
    opened = b""
    for chunk in chunks:
        text, at = waiting + chunk, 0
        while True:
            if not depth:
                begins = _BEGINS.search(text, at)
                end = begins.end() if begins else max(at, len(text) - _LONGEST_BEGINNING)
                yield text[at:end]
                at = end
                if not begins:
                    break
                depth, opened = 1, text[end - 1 : end]
            if in_string:
                at = _OF_STRING.match(text, at).end()
                if at == len(text) or text[at : at + 1] == b"\\":
                    break
                at, in_string = at + 1, False
            at = _NO_BRACKET.match(text, at).end()
            if at == len(text):
                break
            if text[at : at + 1] == b'"':  # of a string that ends in a later chunk
                at, in_string = at + 1, True
                continue
            depth += 1 if text[at : at + 1] in b"[{" else -1
            skipped += 1
            if skipped > MAX_SKIPPED:
                raise TooManyBrackets
            at += 1
            if not depth:
                yield b"]" if opened == b"[" else b"}"
        waiting = text[at:]
    if not depth:
        yield waiting
