"""What is cut out of a page or a feed: the makings of a story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture elsewhere, and what it shows in words: none where nobody says."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """What somebody else has published."""

    title: str
    """Plain text on one line."""
    link: str
    teaser: str
    """Markdown."""
    image: Image | None = None
    author: str = ""
    minutes: int | None = None
    """Minutes to read the whole of it, where its whole is known."""
    published: datetime | None = None
    """In UTC, where it is known."""
