"""What the name of a file says of its issue or story: a day, and a title."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DATED = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)(?:[-_ ]+(.*))?", re.ASCII)
_ORDERED = re.compile(r"\d+[-_ ]+")


def name_of(path: Path) -> str:
    """Return what an issue's file or folder is called; in the name of a folder, a dot ends nothing."""
    return path.name.removesuffix(".md")


def date_of(name: str) -> date | None:
    """
    Return the day that the name of a file begins with.

    Raises:
        ValueError: it looks like a day and is none, as 2026-02-30.
    """
    match = _DATED.match(name)
    return date(int(match[1]), int(match[2]), int(match[3])) if match else None


def words_of(name: str) -> str:
    """Return the words in the name of a file, without its day or number: "" when there are none."""
    dated = _DATED.fullmatch(name)
    words = (dated[4] or "") if dated else _ORDERED.sub("", name, count=1)
    text = re.sub(r"[-_\s]+", " ", words).strip()
    return text[:1].upper() + text[1:]
