"""An issue, read from its file or its folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place, did_you_mean
from digest.links import slugify
from digest.model import MARKER, Issue, Picture, Story
from digest.reading.cutting import cut_after_words, cut_at_fold
from digest.reading.fields import hide, resolve
from digest.reading.frontmatter import read_source
from digest.reading.markdown import parse, plain_text
from digest.reading.naming import date_of, words_of
from digest.reading.parts import Page, make_story, read_chapter, split_chapters, take_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from markdown_it.token import Token

    from digest.model import Section
    from digest.reading.cutting import Tokens
    from digest.reading.frontmatter import FrontMatter, Source

ISSUE_KEYS = (
    "subject",
    "title",
    "preheader",
    "slug",
    "number",
    "date",
    "send_at",
    "status",
    "read_more",
    "teaser_words",
    "contents",
)
STORY_KEYS = ("title", "link", "image", "image_alt", "author", "minutes", "read_more", "teaser_words", "slug")
INDEX = "index.md"
_SWITCHES = {"true": True, "yes": True, "false": False, "no": False}
_STATUSES = {"ready": True, "draft": False}


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
        """
        source = read_source(path / INDEX if path.is_dir() else path, self._shown(path), ISSUE_KEYS)
        front = source.front
        page = self._page(source)
        title, tokens = take_title(page)
        introduction, chapters = split_chapters(tokens)
        if cut_at_fold(introduction, page.path):
            msg = "the fold stands in the introduction"
            hint = "Put it below a heading of level 2 (##), whose story it shall cut."
            raise ContentError(msg, hint=hint, place=Place(page.path))
        teaser_words = front.read("teaser_words", _positive) or self.teaser_words
        files = sorted(file for file in path.glob("*.md") if file.name != INDEX) if path.is_dir() else []
        stories = [self._read_story(file, teaser_words) for file in files]
        parts = (*stories, *(read_chapter(page, chapter, teaser_words) for chapter in chapters))
        if not introduction and not parts:
            msg = "the issue is empty"
            raise ContentError(
                msg, hint="Write below the front matter what your readers shall get.", place=Place(page.path)
            )
        subject = self._subject(front, title, path, tokens)
        return Issue(
            path=path,
            slug=slugify(front.read("slug", str) or path.stem),
            number=front.read("number", _positive),
            title=self._text(front, "title") or title or subject,
            subject=subject,
            preheader=self._text(front, "preheader") or "",
            date=self._date(front, path),
            send_at=front.read("send_at", self._moment),
            ready=front.read("status", _status) or False,
            read_more=front.read("read_more", str),
            contents=front.read("contents", _switch),
            introduction=page.prose(introduction),
            parts=_distinct(parts),
        )

    def _shown(self, path: Path) -> str:
        file = path / INDEX if path.is_dir() else path
        return file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)

    def _page(self, source: Source) -> Page:
        tokens = parse(source.body, self.fields, source.shown)
        return Page.of(tokens, source.shown, source.path)

    def _text(self, front: FrontMatter, key: str) -> str | None:
        """Return a value in one line, its fields as slots."""
        line = front.lines.get(key, 1)

        def convert(value: str) -> str:
            return " ".join(resolve(hide(value, front.path, line), self.fields, front.path).split())

        return front.read(key, convert)

    def _subject(self, front: FrontMatter, title: str, path: Path, tokens: Tokens) -> str:
        first_heading = next((plain_text([inline]) for _, inline in _headings(tokens)), "")
        subject = self._text(front, "subject") or title or words_of(path.stem) or first_heading
        if not subject:
            msg = "the issue has no subject"
            raise ContentError(msg, hint="Add `subject: …` to its front matter.", place=Place(front.path, 1))
        return subject

    def _date(self, front: FrontMatter, path: Path) -> date | None:
        planned = front.read("send_at", self._moment)
        try:
            return front.read("date", _day) or date_of(path.stem) or (planned.date() if planned else None)
        except ValueError as error:
            msg = f"the name of the issue begins with a day that does not exist: {error}"
            raise ContentError(msg, hint="Rename it.", place=Place(front.path)) from error

    def _moment(self, value: str) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            msg = f'"{value}" is no time that exists; write it as 2026-11-24 09:00'
            raise ValueError(msg) from error
        if moment.tzinfo:
            return moment.astimezone(self.timezone)
        local = moment.replace(tzinfo=self.timezone)
        if local.astimezone(UTC).astimezone(self.timezone).replace(tzinfo=None) != moment:
            msg = f'"{value}" does not exist in {self.timezone}: the clocks skip it'
            raise ValueError(msg)
        return local

    def _read_story(self, file: Path, teaser_words: int | None) -> Story:
        source = read_source(file, self._shown(file), STORY_KEYS)
        front = source.front
        page = self._page(source)
        heading, tokens = take_title(page)
        title = self._text(front, "title") or heading or words_of(file.stem)
        fold = cut_at_fold(tokens, page.path)
        words = front.read("teaser_words", _positive) or teaser_words
        cut = fold or (cut_after_words(tokens, words) if words else (tokens, []))
        link = front.read("link", _web_address)
        place = Place(page.path, front.lines.get("title", 1))
        if not title:
            msg = "the story has no title"
            raise ContentError(msg, hint="Add `title: …` to its front matter.", place=place)
        story = make_story(page, title=title, heading=[], link=link, cut=cut, place=place)
        return replace(
            story,
            slug=slugify(front.read("slug", str) or MARKER.sub("", title)),
            picture=_picture(front, file) or story.picture,
            author=self._text(front, "author"),
            minutes=front.read("minutes", _positive) or story.minutes,
            read_more=front.read("read_more", str),
        )


def _headings(tokens: Tokens) -> list[tuple[Token, Token]]:
    return [(token, tokens[at + 1]) for at, token in enumerate(tokens) if token.type == "heading_open"]


def _picture(front: FrontMatter, file: Path) -> Picture | None:
    src = front.read("image", str)
    if src is None:
        return None
    if "image_alt" not in front.values:
        msg = "the image has no words for those who do not see it"
        hint = 'Add `image_alt: …` that says what it shows, or image_alt: "" where it is mere decoration.'
        raise ContentError(msg, hint=hint, place=front.place("image"))
    return Picture(src=src, alt=" ".join(front.values["image_alt"].split()), path=file, line=front.lines["image"])


def _distinct(parts: tuple[Story | Section, ...]) -> tuple[Story | Section, ...]:
    """Refuse two stories with one link, and give stories of one title different pages."""
    links: dict[str, Place] = {}
    slugs: set[str] = set()
    distinct: list[Story | Section] = []
    for part in parts:
        if not isinstance(part, Story):
            distinct.append(part)
            continue
        if part.link in links:
            msg = f"a second story leads to {part.link}"
            hint = f"The first one stands at {links[part.link]}; give this one its own link."
            raise ContentError(msg, hint=hint, place=part.place)
        if part.link:
            links[part.link] = part.place
        slug = next(slug for slug in _numbered(part.slug) if slug not in slugs)
        slugs.add(slug)
        distinct.append(replace(part, slug=slug))
    return tuple(distinct)


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    yield from (f"{slug}-{number}" for number in count(2))


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        msg = f'"{value}" is no whole number from 1 up'
        raise ValueError(msg)
    return int(value)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        msg = f'"{value}" is no day that exists; write it as 2026-11-24'
        raise ValueError(msg) from error


def _status(value: str) -> bool:
    if value not in _STATUSES:
        msg = f'"{value}" is no status; {did_you_mean(value, _STATUSES)}'
        raise ValueError(msg)
    return _STATUSES[value]


def _switch(value: str) -> bool:
    if value.lower() not in _SWITCHES:
        msg = f'"{value}" is neither true nor false'
        raise ValueError(msg)
    return _SWITCHES[value.lower()]


def _web_address(value: str) -> str:
    if not value.startswith(("https://", "http://")) or len(value.split()) != 1:
        msg = f'"{value}" is no web address; it begins with https://'
        raise ValueError(msg)
    return value
