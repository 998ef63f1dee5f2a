"""
What a template sees of an issue; ``docs/reference/templates.md`` is the promise to those who write templates.

Each text comes as ``html`` for ``email.mjml`` and as ``text`` for ``email.txt``, written when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markdown_it.token import Token
from markupsafe import Markup

from digest.errors import ContentError, UnknownFieldError, did_you_mean
from digest.links import archive_url, story_url
from digest.model import MARKER, Slot, Story
from digest.rendering.days import day_of
from digest.rendering.inserts import hold
from digest.rendering.origins import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.config import Newsletter
    from digest.model import Issue, Prose, Section
    from digest.rendering.images import Image, Images
    from digest.rendering.markup import HtmlWriter
    from digest.rendering.plaintext import TextWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """What turns prose into HTML and text, for one document."""

    html: HtmlWriter
    text: TextWriter
    images: Images
    read_more: str
    """What leads from a teaser to its story, where nobody says otherwise."""


class Body:
    """Prose that a template prints; false when there is none."""

    def __init__(self, prose: Prose, writers: Writers) -> None:
        self._prose = prose  # out of a template's reach, as the sandbox has it: paths open files
        self._writers = writers

    def __bool__(self) -> bool:
        return bool(self._prose)

    @property
    def html(self) -> Markup:
        """Its HTML, styled by ``content.css``."""
        return hold(self._writers.html.write(self._prose))

    @property
    def text(self) -> str:
        """Its plain text, with its links listed below it."""
        return self._writers.text.write(self._prose)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A story or a section, as a template sees it."""

    kind: str
    """``story`` or ``section``."""
    title: str
    """Its title in plain words."""
    heading: Markup
    """Its title with emphasis and code, for HTML."""
    heading_text: str
    """The same for plain text, with its links listed below it."""
    body: Body
    """The teaser of a story, the whole of a section."""
    lead: bool = False
    """Whether it is the first story of the issue."""
    url: str = ""
    """Where a story leads; empty where nothing was cut off and no link leads on."""
    host: str = ""
    """Whose site it leads to; empty for our own archive."""
    read_more: str = ""
    """The wording of the link."""
    image: Image | None = None
    author: str = ""
    minutes: int | None = None
    """Minutes to read the whole story, where that is known."""


def view_part(part: Story | Section, issue: Issue, newsletter: Newsletter, writers: Writers, *, lead: bool) -> PartView:
    """Return a part as a template sees it."""
    heading, heading_text = _heading(part, writers), _heading_text(part, writers)
    if not isinstance(part, Story):
        body = Body(part.body, writers)
        return PartView(kind="section", title=part.title, heading=heading, heading_text=heading_text, body=body)
    leads_on = bool(part.link or part.rest)
    url = part.link or story_url(newsletter.url, issue.slug, part.slug)
    return PartView(
        kind="story",
        title=part.title,
        heading=heading,
        heading_text=heading_text,
        body=Body(part.teaser, writers),
        lead=lead,
        url=url if leads_on else "",
        host=(urlsplit(part.link).hostname or "").removeprefix("www.") if part.link else "",
        read_more=part.read_more or issue.read_more or newsletter.read_more or writers.read_more,
        image=writers.images.show(part.picture) if part.picture else None,
        author=part.author or "",
        minutes=part.minutes,
    )


def _heading(part: Story | Section, writers: Writers) -> Markup:
    if not part.heading:
        return Markup.escape(part.title)
    return hold(mark(part.place.path, part.place.line) + writers.html.write(part.heading))


def _heading_text(part: Story | Section, writers: Writers) -> str:
    said = list(part.heading.tokens) or [Token("text", "", 0, content=part.title)]
    return writers.text.write(replace(part.heading, tokens=(Token("inline", "", 0, children=said),)))


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """An issue, as a template sees it."""

    number: int | None
    date: str
    """The day it bears, as 24 November 2026 in English and as 2026-11-24 elsewhere; empty when it has none."""
    title: str
    subject: str
    preheader: str
    url: str
    """Its page in the archive."""
    contents: bool
    """Whether a table of contents stands at its head."""
    introduction: Body
    parts: tuple[PartView, ...]


_LONG = 6
"""From so many parts on, an issue has a table of contents unless it says otherwise."""


def view_issue(issue: Issue, newsletter: Newsletter, writers: Writers) -> IssueView:
    """Return an issue as a template sees it."""
    first_story = next(issue.stories, None)
    return IssueView(
        number=issue.number,
        date=day_of(issue.date, newsletter.language),
        title=issue.title,
        subject=issue.subject,
        preheader=issue.preheader,
        url=archive_url(newsletter.url, issue.slug),
        contents=issue.contents if issue.contents is not None else len(issue.parts) >= _LONG,
        introduction=Body(issue.introduction, writers),
        parts=tuple(view_part(part, issue, newsletter, writers, lead=part is first_story) for part in issue.parts),
    )


class ReaderView:
    """The reader in a template: ``reader.first_name`` prints the place where the value will stand."""

    def __init__(self, defaults: Mapping[str, str]) -> None:
        self._defaults = defaults

    def __getattr__(self, name: str) -> FieldView:
        if name not in self._defaults:
            msg = f'no field "{name}" of the reader is declared'
            hint = did_you_mean(name, self._defaults, then="Fields are declared under [fields] in digest.toml.")
            raise UnknownFieldError(msg, hint=hint)
        return FieldView(Slot(name=name, fallback=self._defaults[name] or None))


class FieldView:
    """A field of the reader. Nobody knows its value while a template is rendered once for everyone."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def __str__(self) -> str:
        return self._slot.marker

    __html__ = __str__

    def default(self, fallback: object) -> FieldView:
        """Return the field with what stands in for a missing value."""
        if MARKER.search(str(fallback)):
            msg = "a field of the reader stands in for another one"
            raise ContentError(msg, hint="A fallback is the same for all readers.")
        return FieldView(replace(self._slot, fallback=str(fallback)))

    def __bool__(self) -> bool:
        msg = f"the template asks for the value of reader.{self._slot.name}, but it is rendered once for all readers"
        raise ContentError(msg, hint=f'Write {{{{ reader.{self._slot.name} | default("…") }}}} instead.')

    def __eq__(self, other: object) -> bool:
        return bool(self)

    __hash__ = None  # type: ignore[assignment]  # a field can be compared with nothing
