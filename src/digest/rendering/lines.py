"""Lines of plain text: wrapped, indented and measured in the columns of a fixed-width font."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from digest.model import MARKER, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 72
_FIELD_WIDTH = 8
"""Columns that a reader's field without a fallback is taken to need."""
BREAK, GLUE = "\x1e", "\x1f"
"""Stand, until lines are wrapped, for a line break and for a space that stay: controls, which no issue may hold."""
_WORD = re.compile(r"([ \t\n]*)([^ \t\n]+)")
_CLOSING = frozenset("、。，．：；！？）」』】〉》〕］｝.,:;!?)]}")
"""Signs that no line begins with."""


def indent(lines: Sequence[str], prefix: str, *, first: str | None = None) -> list[str]:
    """Return `lines` behind `prefix`, the first one behind `first`."""
    prefixes = (first if first is not None and not at else prefix for at in range(len(lines)))
    return [f"{before}{line}" if line else before.rstrip() for before, line in zip(prefixes, lines, strict=True)]


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """Return the lines of a paragraph, no longer than `width` columns unless a single word is."""
    return [line for part in text.split(BREAK) for line in _wrap_part(part, width)]


def _wrap_part(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line, used = "", 0
    for word, space in _words(text):
        size = columns(word)
        if line and used + len(space) + size > width:
            lines.append(line)
            line, used = word, size
        else:
            glue = space if line else ""
            line, used = line + glue + word, used + len(glue) + size
    lines.append(line)
    return [line.replace(GLUE, " ") for line in lines if line]


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Return each word, and the space before it."""
    for match in _WORD.finditer(text):
        space = match[1][:1] and " "
        for piece in _pieces(match[2]):
            yield piece, space
            space = ""


def _pieces(word: str) -> Iterator[str]:
    """Cut a word beside the wide signs of East Asia, where a line may break without a space."""
    start = 0
    for at in range(1, 0 if word.isascii() else len(word)):
        if _cut_fits(word[at - 1], word[at]):
            yield word[start:at]
            start = at
    yield word[start:]


def _cut_fits(before: str, after: str) -> bool:
    return (_is_east_asian(before) or _is_east_asian(after)) and after not in _CLOSING and _columns_of(after) > 0


def _is_east_asian(sign: str) -> bool:
    return "\u2e80" <= sign <= "\uffef" and _columns_of(sign) > 1


def columns(text: str) -> int:
    """Return how many columns a text takes in a terminal, a slot as many as its fallback."""
    plain = MARKER.sub(lambda match: Slot.from_marker(match).fallback or "x" * _FIELD_WIDTH, text)
    if plain.isascii():
        return len(plain)
    return sum(map(_columns_of, plain))


def _columns_of(sign: str) -> int:
    if unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def pad(text: str, size: int, *, right: bool) -> str:
    """Return `text` in `size` columns, at their right end where `right` says so."""
    space = " " * (size - columns(text))
    return space + text if right else text + space
