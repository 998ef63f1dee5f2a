"""A newsletter's issues: which lie in its folder, and how one is read. Whoever asks no more starts quickly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.errors import CombinedError, ContentError, UsageError, did_you_mean
from digest.links import slugify
from digest.reading import INDEX, IssueReader, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.config import Settings
    from digest.model import Issue

ISSUES = "issues"

FAULTS = (ContentError, CombinedError)
"""What reading and rendering raise, one fault or several, for an editor to mend."""


@dataclass(frozen=True, kw_only=True)
class Issues:
    """The issues of one newsletter."""

    settings: Settings

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The zone in which the newsletter's times are meant, and shown."""
        return ZoneInfo(self.settings.newsletter.timezone)

    @cached_property
    def _reader(self) -> IssueReader:
        return IssueReader(
            root=self.settings.root,
            fields=self.settings.fields,
            timezone=self.timezone,
            teaser_words=self.settings.newsletter.teaser_words,
        )

    def paths(self) -> list[Path]:
        """Return the issues' files and folders, in the order of their names."""
        return sorted(_issues_in(self.settings.root / ISSUES), key=name_of)

    def find(self, name: str) -> Path:
        """
        Return the issue that a person calls by its path or its slug.

        Raises:
            UsageError: there is none, or there are two of that slug.
        """
        path = Path(name).resolve()
        path = path.parent if path.name == INDEX else path
        if _is_issue(path):
            return path
        by_name = [path for path in self.paths() if name_of(path) == name]
        if len(by_name) == 1 and self.slug_of(by_name[0]) == name:
            return by_name[0]
        by_slug = self.by_slug()  # a slug of its own stands in the front matter, so every issue has to be read
        if name in by_slug:
            return by_slug[name]
        if len(by_name) == 1:
            return by_name[0]
        msg = f'there is no issue "{name}"'
        raise UsageError(msg, hint=f"In {ISSUES}/, {did_you_mean(name, by_slug)}")

    def by_slug(self) -> dict[str, Path]:
        """
        Return all issues by their slugs, in the order of their names.

        Raises:
            UsageError: two bear one slug, so that the second would count as sent with the first.
        """
        found: dict[str, Path] = {}
        for path in self.paths():
            slug = self.slug_of(path)
            if slug in found:
                msg = f'{found[slug].name} and {path.name} are both called "{slug}"'
                raise UsageError(msg, hint="Rename one, or give it a `slug` of its own in its front matter.")
            found[slug] = path
        return found

    def slug_of(self, path: Path) -> str:
        """Return the slug of an issue; of one whose front matter cannot be read, that of its file's name."""
        try:
            return self.read_front(path).slug
        except FAULTS:
            return slugify(name_of(path))

    def read(self, path: Path) -> Issue:
        """
        Read an issue.

        Raises:
            ContentError: its editor has something to mend.
        """
        return self._reader.read(path)

    def read_front(self, path: Path) -> Issue:
        """
        Read what the front matter of an issue says, and nothing of its content.

        Raises:
            ContentError: its editor has something to mend.
        """
        return self._reader.read_front(path)


def _issues_in(folder: Path) -> Iterator[Path]:
    return filter(_is_issue, folder.iterdir() if folder.is_dir() else ())


def _is_issue(path: Path) -> bool:
    return (path.suffix == ".md" and path.is_file()) or (path / INDEX).is_file()
