"""
A source file: its text, its front matter, and its Markdown.

Where the one stands, the other holds empty lines, so that both count their lines from the head of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place
from digest.reading.frontmatter import FrontMatter, read_front_matter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from digest.reading.faults import Faults

_FENCE = "---"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, read."""

    file: Path
    path: str
    """The file, as messages show it."""
    front: FrontMatter
    body: str
    fields: Mapping[str, str]
    """The declared fields of the reader and their defaults."""


def read_source(file: Path, path: str, keys: Collection[str], fields: Mapping[str, str], faults: Faults) -> Source:
    """
    Read a file whose front matter may hold `keys`; what is wrong with these goes to `faults`.

    Raises:
        ContentError: it is not UTF-8 text, or its front matter is no front matter.
    """
    front, body = _split(_decode(file.read_bytes(), path), path)
    values = read_front_matter(front, path, keys, fields, faults)
    return Source(file=file, path=path, front=values, body=body, fields=fields)


def _decode(raw: bytes, path: str) -> str:
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        msg = "this is not UTF-8 text"
        place = Place(path, len(_LINE_END.findall(raw[: error.start])) + 1)
        raise ContentError(msg, hint="Save the file as UTF-8 in your editor.", place=place) from error
    sign = _INVISIBLE.search(text)
    if sign:
        msg = f"an invisible control character stands here, U+{ord(sign[0]):04X}"
        hint = "Delete it; if the file is full of them, save it as UTF-8 in your editor."
        raise ContentError(msg, hint=hint, place=Place(path, text.count("\n", 0, sign.start()) + 1))
    return text


def _split(text: str, path: str) -> tuple[str, str]:
    lines = text.split("\n")
    head = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if lines[head].rstrip() != _FENCE:
        return "", text
    below = (at for at, line in enumerate(lines) if at > head and line.rstrip() == _FENCE)
    end = next(below, None)
    if end is None:
        msg = "the front matter that begins here never ends"
        hint = "Put a line of three hyphens, ---, below its last key."
        raise ContentError(msg, hint=hint, place=Place(path, head + 1))
    return "\n" * (head + 1) + "\n".join(lines[head + 1 : end]), "\n" * (end + 1) + "\n".join(lines[end + 1 :])
