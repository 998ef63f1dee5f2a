"""An issue, read from its file or its folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place, raise_all
from digest.links import slugify
from digest.model import MARKER, Issue, Prose, Story
from digest.reading.cutting import is_fold
from digest.reading.faults import Faults
from digest.reading.markdown import plain_text
from digest.reading.naming import date_of, name_of, words_of
from digest.reading.parts import read_chapter, read_page, split_chapters, take_title
from digest.reading.raw_html import line_of
from digest.reading.source import read_source
from digest.reading.stories import INDEX, read_story, story_files
from digest.reading.values import day, former_names, moment, readiness, switch, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from markdown_it.token import Token

    from digest.model import Section
    from digest.reading.cutting import Tokens
    from digest.reading.frontmatter import FrontMatter
    from digest.reading.parts import Chapter, Page
    from digest.reading.source import Source

ISSUE_KEYS = (
    "subject",
    "title",
    "preheader",
    "slug",
    "formerly",
    "number",
    "date",
    "send_at",
    "status",
    "read_more",
    "teaser_words",
    "contents",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueReader:
    """Reads issues; what it has to know of the newsletter stands in its attributes."""

    root: Path
    """The newsletter's folder; messages name files from there."""
    fields: Mapping[str, str]
    """The declared fields of the reader and their defaults."""
    timezone: ZoneInfo
    teaser_words: int | None = None

    def read(self, path: Path) -> Issue:
        """
        Read the issue in a file, or in a folder that has an ``index.md``.

        Raises:
            ContentError: whatever its editor has to mend, at ``path:line``.
            CombinedError: the same, where there are several such things.
        """
        file = path / INDEX if path.is_dir() else path
        with Faults() as faults:
            source = self._open(file, faults)
            issue = self._read_front(source.front, path)
            most = source.front.read("teaser_words", whole_number) or self.teaser_words
            files = story_files(path) if path.is_dir() else []
            stories = [*self._read_stories(files, most, faults)]
            page = read_page(source)
            heading, tokens = take_title(page)
            introduction, chapters = split_chapters(tokens)
            _check_introduction(introduction, page.path, alone=not (files or chapters))
            parts = [*stories, *_read_chapters(page, chapters, most, faults)]
            raise_all([*_faults_of_links(parts)])
            return replace(
                _with_titles(issue, heading, tokens, page.path),
                introduction=page.prose(introduction),
                parts=tuple(_with_slugs_of_their_own(parts)),
            )

    def read_front(self, path: Path) -> Issue:
        """
        Read what the front matter of an issue says, without its content.

        Raises:
            ContentError: the front matter has something to mend.
            CombinedError: it has several such things.
        """
        with Faults() as faults:
            return self._read_front(self._open(path / INDEX if path.is_dir() else path, faults).front, path)

    def _open(self, file: Path, faults: Faults) -> Source:
        if file.name == INDEX and not file.exists():
            msg = "the folder of an issue needs this file"
            raise ContentError(msg, hint="Write `subject: …` in its front matter.", place=Place(self._shown(file)))
        return read_source(file, self._shown(file), ISSUE_KEYS, self.fields, faults)

    def _shown(self, file: Path) -> str:
        return Place.of(file, self.root).path

    def _read_front(self, front: FrontMatter, path: Path) -> Issue:
        """Return what the front matter and the name of the file say of the issue, without its content."""
        send_at = front.read("send_at", lambda value: moment(value, self.timezone))
        return Issue(
            path=path,
            slug=front.read("slug", slugify) or slugify(name_of(path)),
            formerly=front.read("formerly", former_names) or (),
            number=front.read("number", whole_number),
            title=front.text("title") or "",
            subject=_read_subject(front),
            preheader=front.text("preheader") or "",
            date=_read_date(front, path) or (send_at.date() if send_at else None),
            send_at=send_at,
            ready=front.read("status", readiness) or False,
            read_more=front.text("read_more"),
            contents=front.read("contents", switch),
            introduction=Prose(),
            parts=(),
        )

    def _read_stories(self, files: Sequence[Path], teaser_words: int | None, faults: Faults) -> Iterator[Story]:
        for file in files:
            with faults.noted():
                yield read_story(file, self._shown(file), self.fields, teaser_words)


def _read_subject(front: FrontMatter) -> str:
    if "subject" in front.lines and not front.has("subject"):
        with front.faults.noted():
            msg = "`subject` has no value"
            hint = "Write one, or delete the line: the subject is then the title, or the name of the file."
            raise ContentError(msg, hint=hint, place=front.place("subject"))
    return front.text("subject") or ""


def _read_date(front: FrontMatter, path: Path) -> date | None:
    if front.has("date"):
        return front.read("date", day)
    with front.faults.noted():
        try:
            return date_of(name_of(path))
        except ValueError as error:
            msg = f"the name of the issue begins with a day that does not exist: {error}"
            raise ContentError(msg, hint="Rename it, or say `date: …`.", place=Place(front.path, 1)) from error
    return None


def _check_introduction(introduction: Tokens, path: str, *, alone: bool) -> None:
    fold = next(filter(is_fold, introduction), None)
    if fold:
        msg = "the fold stands in the introduction"
        hint = "Put it below a heading of level 2 (##), whose story it shall cut."
        raise ContentError(msg, hint=hint, place=Place(path, line_of(fold)))
    if alone and not introduction:
        msg = "the issue is empty"
        hint = "Write below the front matter what your readers shall get."
        raise ContentError(msg, hint=hint, place=Place(path, 1))


def _read_chapters(
    page: Page, chapters: Sequence[Chapter], teaser_words: int | None, faults: Faults
) -> Iterator[Story | Section]:
    for chapter in chapters:
        with faults.noted():
            yield read_chapter(page, chapter, teaser_words)


def _with_titles(issue: Issue, heading: Token | None, tokens: Tokens, path: str) -> Issue:
    """Give the issue its title and its subject, which stand in for each other."""
    title = issue.title or (plain_text([heading]) if heading else "")
    subject = issue.subject or title or words_of(name_of(issue.path)) or _first_heading(tokens)
    if not subject:
        msg = "the issue has no subject"
        raise ContentError(msg, hint="Add `subject: …` to its front matter.", place=Place(path, 1))
    return replace(issue, title=title or subject, subject=subject)


def _first_heading(tokens: Tokens) -> str:
    return next((plain_text([tokens[at + 1]]) for at, token in enumerate(tokens) if token.type == "heading_open"), "")


def _faults_of_links(parts: Sequence[Story | Section]) -> Iterator[ContentError]:
    """Return the stories that lead where an earlier one leads."""
    first: dict[str, Place] = {}
    for part in parts:
        if not isinstance(part, Story) or not part.link:
            continue
        if part.link in first:
            msg = f"a second story leads to {MARKER.sub('…', part.link)}"
            hint = f"The first one stands at {first[part.link]}; give this one its own link."
            yield ContentError(msg, hint=hint, place=part.place)
        first.setdefault(part.link, part.place)


def _with_slugs_of_their_own(parts: Sequence[Story | Section]) -> Iterator[Story | Section]:
    """Number the pages of stories that are called the same."""
    taken: set[str] = set()
    for part in parts:
        if isinstance(part, Story):
            slug = next(slug for slug in _numbered(part.slug) if slug not in taken)
            taken.add(slug)
            yield replace(part, slug=slug)
        else:
            yield part


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    yield from (f"{slug}-{number}" for number in count(2))
