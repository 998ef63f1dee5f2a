"""An editor's desk for tests: a newsletter in an empty folder, into which issues are written and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from digest.errors import CombinedError, ContentError
from digest.model import MARKER, Section, Slot, Story
from digest.reading import IssueReader
from digest.reading.markdown import _parser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markdown_it.token import Token

    from digest.errors import DigestError
    from digest.model import Issue, Prose

ISSUE = "2026-11-24-hello.md"
FIELDS = {"first_name": "", "company": "your company"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A newsletter's folder."""

    root: Path
    teaser_words: int | None = None

    def read(self, text: str | bytes, name: str = ISSUE) -> Issue:
        """Write an issue into one file, and read it."""
        return self.read_folder({name: text}, name)

    def read_folder(self, files: dict[str, str | bytes], name: str = "2026-11-24-folder") -> Issue:
        """Write files, named from the folder of issues on, and read the issue `name`."""
        for file, content in files.items():
            path = self.root / "issues" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self._reader().read(self.root / "issues" / name)

    def read_files(self, **files: str) -> Issue:
        """Write the files of an issue's folder, named without their endings, and read it; its index has a subject."""
        named = {"index": "---\nsubject: Hello\n---\n"} | files
        return self.read_folder({f"2026-11-24-folder/{name}.md": text for name, text in named.items()})

    def story(self, text: str) -> Story:
        """Write an issue of one story, and read it."""
        (part,) = self.read(text).parts
        assert isinstance(part, Story)
        return part

    def section(self, text: str) -> Section:
        """Write an issue of one section, and read it."""
        (part,) = self.read(text).parts
        assert isinstance(part, Section)
        return part

    def introduction(self, text: str) -> Prose:
        """Write an issue of an introduction alone, and read it."""
        return self.read(text).introduction

    def faults(self, text: str | bytes) -> list[str]:
        """Write an issue, and return what its reading complains of: a line for each fault, another for its way out."""
        with pytest.raises((ContentError, CombinedError)) as caught:
            self.read(text)
        return lines_of(caught.value)

    def _reader(self) -> IssueReader:
        return IssueReader(
            root=self.root, fields=FIELDS, timezone=ZoneInfo("Europe/Berlin"), teaser_words=self.teaser_words
        )


def lines_of(error: DigestError) -> list[str]:
    """Return what a person is shown of a fault, its place shortened to the name of the file."""
    return [line.removeprefix("issues/").strip() for line in error.lines()]


def html_of(tokens: Sequence[Token]) -> str:
    """Return tokens as Markdown's plain HTML, each field as ``[name]`` or ``[name|fallback]``."""
    parser = _parser()
    return filled(str(parser.renderer.render(tokens, parser.options, {})))


def filled(text: str) -> str:
    """Return a text with ``[name]`` or ``[name|fallback]`` for each field of the reader."""

    def show(slot: Slot) -> str:
        return f"[{slot.name}]" if slot.fallback is None else f"[{slot.name}|{slot.fallback}]"

    return MARKER.sub(lambda match: show(Slot.from_marker(match)), text)
