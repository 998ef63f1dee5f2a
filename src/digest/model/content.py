"""What an editor commits, read and not yet rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from markdown_it.token import Token

    from digest.errors import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """Markdown, parsed; the fields of the reader in it are markers (see `digest.model.pattern`)."""

    tokens: tuple[Token, ...] = ()
    path: Path | None = None
    """Its file, beside which relative image addresses are looked up."""

    def __bool__(self) -> bool:
        return bool(self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of a story: its address as the editor wrote it, and what it shows, in words."""

    src: str
    alt: str
    path: Path
    """The file that names it, beside which a relative address is looked up."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """An ordinary part of an issue, kept whole."""

    title: str
    heading: Prose
    body: Prose
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A part of an issue that is cut at its fold and leads on by a "read more" link."""

    title: str
    heading: Prose
    teaser: Prose
    rest: Prose
    """What stands below the fold; empty where nothing was cut off."""
    link: str | None
    """Where the editor lets it lead; without one it leads to its page in the archive."""
    slug: str
    """The name of its page in the archive, unique in its issue."""
    picture: Picture | None
    author: str | None
    minutes: int | None
    """Minutes to read the whole of it, where its whole is known."""
    read_more: str | None
    place: Place
    formerly: tuple[str, ...] = ()
    """What its page in the archive was called before, oldest names included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One newsletter issue, from one file or one folder."""

    path: Path
    slug: str
    number: int | None
    title: str
    subject: str
    preheader: str
    date: date | None
    """The day that it bears, from the front matter or the name of its file."""
    send_at: datetime | None
    """With its time zone; None when nobody planned it."""
    ready: bool
    read_more: str | None
    formerly: tuple[str, ...] = ()
    """What its page in the archive was called before: a slug, or an issue's and a story's with a slash between."""
    contents: bool | None
    """Whether a table of contents stands at its head; None leaves it to the template."""
    introduction: Prose
    parts: tuple[Story | Section, ...]

    @property
    def stories(self) -> Iterator[Story]:
        """Return the parts that are stories, in order."""
        return (part for part in self.parts if isinstance(part, Story))
