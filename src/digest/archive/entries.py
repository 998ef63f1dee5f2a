"""What is public: an issue as the archive has it, and what feeds tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from digest.model import Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """An issue that has its pages."""

    issue: Issue
    at: datetime | None
    """When it came out or will, with its time zone; None where nothing tells."""
    listed: bool
    """Whether it is out; if not, its pages wait for its mail, and nothing leads to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An issue as feeds tell it."""

    slug: str
    title: str
    url: str
    """Where its page is, for good."""
    summary: str
    """A sentence or two, in plain words; may be empty."""
    html: str
    """The whole of it, as a page shows it; no script, no field of a reader."""
    published: datetime
    updated: datetime
    author: str = ""
