"""The pages of the archive, made of the same issues, by the same writer and in the same look as the mail."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from itertools import groupby
from textwrap import shorten
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from digest.archive.entries import Entry
from digest.archive.unfolding import raised, unfold, unfolded
from digest.archive.web_images import WebImages, eager_first
from digest.archive.writing import PageRenderer, fields_without_fallback, finish, plain
from digest.config.settings import Palette
from digest.links import archive_url, slugify, story_url
from digest.model import Story
from digest.reading.markdown import plain_text
from digest.rendering.days import day_of
from digest.rendering.look import content_width, look_of
from digest.rendering.markup import HtmlWriter
from digest.rendering.plaintext import TextWriter
from digest.rendering.templates import Templates
from digest.rendering.views import Writers, view_issue, view_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.archive.entries import Publication
    from digest.archive.folder import Content
    from digest.archive.web_images import Size
    from digest.config import Settings
    from digest.model import Issue
    from digest.rendering.images import Image
    from digest.rendering.views import IssueView, PartView
    from digest.wording import Wording

PAGE = "index.html"
"""What a web server shows of a folder."""
MISSING = "404.html"
"""What most of them show where there is no page."""
_LONGEST_SUMMARY = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, finished."""

    path: str
    """From the archive's folder on."""
    url: str
    """Where it stands, or is read as standing."""
    html: str
    files: Mapping[str, Content] = field(default_factory=dict)
    """The images that it shows, by path from the archive's folder on."""
    source: Path | None = None
    """The file or folder of its issue."""
    listed: bool = True
    """Whether search engines may know of it."""
    at: datetime | None = None
    blanks: frozenset[str] = frozenset()
    """The fields of the reader without a fallback, for which a word stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What the head of a page says of it."""

    kind: str
    """``article`` or ``website``, as Open Graph calls them."""
    title: str
    summary: str = ""
    url: str = ""
    picture: Image | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A story or a section on the page of its issue."""

    view: PartView
    anchor: str
    address: str
    """Where its heading leads: elsewhere, to its own page, or nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """An issue, where others point to it."""

    title: str
    address: str
    summary: str
    number: int | None
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Year:
    name: str
    issues: Sequence[_Listed]


class PageMaker:
    """
    Makes the pages of one newsletter.

    Raises:
        ContentError: a stylesheet has something to mend.
    """

    def __init__(self, settings: Settings, wording: Wording) -> None:
        self._settings = settings
        self._url = settings.newsletter.url
        self._say = wording.say
        self._stand_in = wording.say("archive.reader")
        self._templates = Templates(settings.root)
        self._known: dict[Path, list[Size]] = {}
        look = look_of(settings)
        # The rules of the mail's content, with colours that turn with the light; the mail has them written out.
        colours: dict[str, Any] = {one.name: f"var(--{one.name.replace('_', '-')})" for one in fields(Palette)}
        content = self._templates.render("content.css", {**look, "theme": replace(settings.theme, **colours)})
        self._values = {
            **look,
            "newsletter": settings.newsletter,
            "say": wording.say,
            "style": self._templates.render("page.css", {**look, "content": content}),
            "subscribe_url": f"{settings.web.url}/subscribe" if settings.web.url else "",
        }

    def issue(self, publication: Publication, *, older: Publication | None, newer: Publication | None) -> Page:
        """
        Return the page of an issue.

        Raises:
            ContentError: the issue or a template has something to mend.
        """
        issue = publication.issue
        writers = self._writers("../")
        view = view_issue(unfolded(issue), self._settings.newsletter, writers)
        url = archive_url(self._url, issue.slug)
        head = _Head(
            kind="article",
            title=issue.title,
            summary=issue.preheader,
            url=url,
            picture=_absolute(next((part.image for part in view.parts if part.image), None), url),
            hidden=not publication.listed,
        )
        values = {
            "issue": view,
            "parts": [*_parts(issue, view, "..")],
            "older": older and self._listed(older, "../"),
            "newer": newer and self._listed(newer, "../"),
        }
        return self._page("pages/issue.html", f"{issue.slug}/{PAGE}", head, writers, values, publication)

    def stories(self, publication: Publication) -> Iterator[Page]:
        """
        Make the pages of those stories of an issue that "read more" leads to.

        Raises:
            ContentError: the issue or a template has something to mend.
        """
        for story in stories_with_pages(publication.issue):
            yield self._story(publication, story)

    def _story(self, publication: Publication, story: Story) -> Page:
        issue, newsletter = publication.issue, self._settings.newsletter
        writers = self._writers("../../")
        view = view_part(raised(unfold(story)), issue, newsletter, writers, lead=True)
        url = story_url(self._url, issue.slug, story.slug)
        head = _Head(
            kind="article",
            title=story.title,
            summary=shorten(plain(plain_text(story.teaser.tokens), self._stand_in), _LONGEST_SUMMARY, placeholder=" …"),
            url=url,
            picture=_absolute(view.image, url),
            hidden=not publication.listed,
        )
        values = {
            "issue": view_issue(replace(issue, parts=()), newsletter, writers),
            "part": view,
            "anchor": story.slug,
        }
        return self._page("pages/story.html", f"{issue.slug}/{story.slug}/{PAGE}", head, writers, values, publication)

    def index(self, listed: Sequence[Publication]) -> Page:
        """
        Return the page of all issues, the newest first.

        Raises:
            ContentError: a template has something to mend.
        """
        years = [
            _Year(name=str(year or self._say("archive.undated")), issues=[self._listed(one, "./") for one in some])
            for year, some in groupby(listed, key=lambda one: one.at and one.at.year)
        ]
        tagline = self._settings.newsletter.tagline
        head = _Head(kind="website", title="", summary=tagline, url=f"{self._url}/")
        return self._page("pages/index.html", PAGE, head, self._writers("./"), {"years": years})

    def missing(self) -> Page:
        """
        Return what stands where there is no page; it is shown at any address, so its own links are whole.

        Raises:
            ContentError: a template has something to mend.
        """
        head = _Head(kind="website", title=self._say("archive.missing_title"), hidden=True)
        return self._page("pages/missing.html", MISSING, head, self._writers(f"{self._url}/"), {})

    def moved(self, path: str, title: str, url: str, source: Path) -> Page:
        """
        Return the page that leads from where a page was, by its path, to where it is; `source` is its issue's.

        Raises:
            ContentError: a template has something to mend.
        """
        head = _Head(kind="article", title=title, url=url, hidden=True)
        address = "../" * path.count("/") + url.removeprefix(f"{self._url}/")
        page = self._page("pages/moved.html", path, head, self._writers("../"), {"address": address})
        return replace(page, url=f"{self._url}/{path.removesuffix(PAGE)}", source=source)

    def robots(self) -> str:
        """
        Return what programs are told that look for pages.

        Raises:
            ContentError: the template has something to mend.
        """
        return self._templates.render("pages/robots.txt", self._values)

    def entry(self, publication: Publication, at: datetime) -> tuple[Entry, Mapping[str, Content]]:
        """
        Return an issue as feeds tell it, and the images that they show.

        Raises:
            ContentError: the issue or a template has something to mend.
        """
        issue, writers = publication.issue, self._writers(f"{self._url}/")
        view = view_issue(unfolded(issue), self._settings.newsletter, writers)
        values = {"issue": view, "parts": [*_parts(issue, view, self._url)]}
        html = self._templates.render("pages/content.html", {**self._values, **values})
        entry = Entry(
            slug=issue.slug,
            title=plain(issue.title, self._stand_in),
            url=archive_url(self._url, issue.slug),
            summary=plain(issue.preheader, self._stand_in),
            html=finish(html, self._stand_in),
            published=at,
            updated=at,
        )
        return entry, writers.images.files

    def _page(  # noqa: PLR0917  # all that a page is made of
        self,
        template: str,
        path: str,
        head: _Head,
        writers: _Writers,
        values: Mapping[str, object],
        publication: Publication | None = None,
    ) -> Page:
        images = writers.images
        logo = images.show_logo(self._settings)
        made = self._templates.render(
            template, {**self._values, "base": images.base, "page": head, "logo": logo, **values}
        )
        html = finish(made, self._stand_in)
        return Page(
            path=path,
            url=head.url or images.base,
            html=eager_first(eager_first(html) if logo else html),
            files=images.files,
            source=publication.issue.path if publication else None,
            listed=not head.hidden,
            at=publication.at if publication else None,
            blanks=frozenset(fields_without_fallback(made)),
        )

    def _writers(self, base: str) -> _Writers:
        settings = self._settings
        column = content_width(settings.theme)
        images = WebImages(root=settings.root, base=base, column=column, known=self._known)
        renderer = PageRenderer(
            images=images,
            image_width=column,
            code_style=settings.theme.code_style,
            table_called=self._say("archive.table"),
        )
        return _Writers(
            html=HtmlWriter(renderer), text=TextWriter(), images=images, read_more=self._say("issue.read_more")
        )

    def _listed(self, publication: Publication, base: str) -> _Listed:
        issue = publication.issue
        return _Listed(
            title=issue.title,
            address=archive_url(base.rstrip("/"), issue.slug),
            summary=issue.preheader,
            number=issue.number,
            date=day_of(issue.date, self._settings.newsletter.language),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writers(Writers):
    """What turns prose into the HTML of one page."""

    images: WebImages


def stories_with_pages(issue: Issue) -> list[Story]:
    """Return the stories of an issue that have pages of their own: those that were cut and lead nowhere else."""
    return [story for story in issue.stories if story.rest and not story.link]


def _parts(issue: Issue, view: IssueView, base: str) -> Iterator[_Part]:
    """Return the parts of an issue with what leads to them and from them."""
    own = {id(story) for story in stories_with_pages(issue)}
    for part, seen, anchor in zip(issue.parts, view.parts, _anchors(issue), strict=True):
        address = seen.url
        if isinstance(part, Story) and id(part) in own:
            address = story_url(base, issue.slug, part.slug)
        yield _Part(view=seen, anchor=anchor, address=address)


def _anchors(issue: Issue) -> Iterable[str]:
    """Return a name for each part, unique on its page."""
    taken: dict[str, int] = {}
    for part in issue.parts:
        name = slugify(plain(part.title, ""))
        taken[name] = taken.get(name, 0) + 1
        yield name if taken[name] == 1 else f"{name}--{taken[name]}"


def _absolute(image: Image | None, page: str) -> Image | None:
    """Return a picture as other sites show it: in its largest size, by its whole address; a drawing they show none."""
    if not image or image.url.lower().endswith(".svg"):
        return None
    largest = getattr(image, "sources", "").rpartition(", ")[2].partition(" ")[0] or image.url
    return replace(image, url=urljoin(page, largest))
