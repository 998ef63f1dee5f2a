"""The files that an issue was made of: where in them something stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from digest.checking.places.spelling import spellings
from digest.config import FILE_NAME
from digest.config.lines import lines_of_keys
from digest.errors import Place
from digest.reading.stories import INDEX, story_files
from digest.rendering import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.config import Settings
    from digest.model import Issue

_TEMPLATES = "templates"
_BUILT_IN = "built-in "
_SUFFIXES = frozenset({".mjml", ".html", ".txt", ".css"})
_BLANK_LINE = re.compile(r"\n[ \t>]*(?=\n)")
_FRONT_MATTER = re.compile(r"(?:[ \t]*\n)*---[ \t]*\n(?:.*\n)*?---[ \t]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of a file, each of its lines ended by a line feed."""

    path: str
    """As messages show it."""
    content: str

    @property
    def front_matter(self) -> str:
        """The front matter at its head with the lines around it, empty where there is none."""
        found = _FRONT_MATTER.match(self.content)
        return found[0] if found else ""

    def place(self, position: int) -> Place:
        """Return the line and the column of a position."""
        head = self.content.rfind("\n", 0, position) + 1
        return Place(self.path, self.content.count("\n", 0, head) + 1, position - head + 1)

    def find(self, needle: str, start: int = 0, end: int | None = None) -> Place | None:
        """Return where a text stands between two positions, rather by itself than as a part of something longer."""
        stop = len(self.content) if end is None else end
        found = (spelling.search(self.content, start, stop) for spelling in spellings(needle))
        match = next(filter(None, found), None)
        return self.place(match.start()) if match else None

    def block(self, line: int) -> tuple[int, int]:
        """Return the positions at which a line begins, and at which the next blank line does."""
        above = self.content.split("\n")[: line - 1]
        start = sum(map(len, above)) + len(above)
        blank = _BLANK_LINE.search(self.content, start)
        return start, blank.start() if blank else len(self.content)


class Sources:
    """The texts of an issue's files, of the newsletter's templates, and of ``digest.toml``; read once, when asked."""

    def __init__(self, issue: Issue, settings: Settings) -> None:
        self._issue = issue
        self._root = settings.root
        self._texts: dict[str, Text | None] = {}

    @cached_property
    def issue(self) -> list[Text]:
        """The issue's file; of one in a folder, its ``index.md`` and the files of its stories."""
        path = self._issue.path
        files = [path / INDEX, *story_files(path)] if path.is_dir() else [path]
        return [*self._existing(Place.of(file, self._root).path for file in files)]

    @cached_property
    def templates(self) -> list[Text]:
        """The newsletter's own templates."""
        files = sorted(file for file in (self._root / _TEMPLATES).rglob("*") if file.suffix in _SUFFIXES)
        return [*self._existing(Place.of(file, self._root).path for file in files)]

    def locate(self, needle: str, near: Place | None = None) -> Place | None:
        """Return the place, with its column, where `needle` stands: at or soon below `near`, or else anywhere."""
        sought = needle.strip()
        return next(filter(None, self._search(sought, near)), near) if sought else near

    def key(self, name: str) -> Place | None:
        """Return where the front matter gives a key."""
        index = self.issue[0] if self.issue else None
        key = re.compile(rf"""^["']?{re.escape(name)}["']?[ \t]*:""", re.MULTILINE)
        found = key.search(index.front_matter) if index else None
        return index.place(found.start()) if index and found else None

    def setting(self, section: str, name: str) -> Place | None:
        """Return where ``digest.toml`` gives a key, or else where its section begins."""
        path = (*section.split("."), name)
        lines = (self._lines_of_settings.get(path[:end]) for end in range(len(path), 0, -1))
        line = next(filter(None, lines), None)
        return Place(FILE_NAME, line, 1) if line else None

    def _search(self, needle: str, near: Place | None) -> Iterator[Place | None]:
        text = self._read(near.path) if near else None
        if text and near:
            yield text.find(needle, *(text.block(near.line) if near.line else ()))
        for other in (*self.issue, *self.templates):
            yield other.find(needle)

    def _existing(self, paths: Iterator[str]) -> Iterator[Text]:
        return filter(None, map(self._read, paths))

    def _read(self, path: str) -> Text | None:
        """Return a file as messages name it, None where it cannot be read: it may be gone since it was rendered."""
        if path not in self._texts:
            inside = path.removeprefix(_BUILT_IN)
            file = BUILT_IN / inside if path.startswith(_BUILT_IN) else self._root / path
            try:
                content = file.read_bytes().decode("utf-8-sig", errors="replace")
            except OSError:
                self._texts[path] = None
            else:
                self._texts[path] = Text(path=path, content=content.replace("\r\n", "\n").replace("\r", "\n"))
        return self._texts[path]

    @cached_property
    def _lines_of_settings(self) -> dict[tuple[str, ...], int]:
        text = self._read(FILE_NAME)
        return lines_of_keys(text.content) if text else {}
