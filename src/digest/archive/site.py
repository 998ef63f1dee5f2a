"""The archive as a whole: all its files, none at the place of another, and nothing in them that leads nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from digest.archive.feeds import NEWEST, atom, rss
from digest.archive.pages import PAGE, PageMaker, stories_with_pages
from digest.archive.references import find_dead
from digest.archive.sitemap import sitemaps
from digest.archive.web_images import FOLDER
from digest.errors import CombinedError, ContentError, Place, raise_all
from digest.links import archive_url, story_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from digest.archive.entries import Publication
    from digest.archive.folder import Content
    from digest.archive.pages import Page
    from digest.config import Settings
    from digest.errors import DigestError
    from digest.wording import Wording

SERVED = frozenset(
    {
        "click",
        "confirm",
        "healthz",
        "logo",
        "metrics",
        "move",
        "open",
        "own",
        "preferences",
        "subscribe",
        "unsubscribe",
        "webhooks",
    }
)
"""What `digest serve` answers where it shares its address with the archive, so that no issue may be called it."""
_OLDEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An archive that can be written."""

    pages: Sequence[Page]
    files: Mapping[str, Content] = field(repr=False)
    """All that is to be written, by path from the archive's folder on."""


def newest_first(publications: Sequence[Publication]) -> list[Publication]:
    """Return issues in the order in which the archive shows them; those without a date come last."""
    return sorted(publications, key=lambda one: (one.at or _OLDEST, one.issue.slug), reverse=True)


def make_site(
    settings: Settings, wording: Wording, publications: Sequence[Publication], is_there: Callable[[str], bool]
) -> Site:
    """
    Make an archive.

    Args:
        settings: of the newsletter.
        wording: of the newsletter.
        publications: its issues that have pages.
        is_there: says of a path, from the archive's folder on, whether somebody else keeps a file there.

    Raises:
        ContentError: an issue or a template has something to mend.
        CombinedError: there are several such things.
    """
    maker, root = PageMaker(settings, wording), settings.root
    ordered = newest_first(publications)
    raise_all([*_reserved(ordered, settings)])
    listed = [one for one in ordered if one.listed]
    pages = [*_pages(maker, ordered, listed, root), *_redirects(maker, ordered, settings.newsletter.url)]
    raise_all([*_collisions(pages, root)])
    raise_all([*_leading_nowhere(pages, settings, is_there)])
    files: dict[str, Content] = {}
    for page in pages:
        files.update(page.files)
        files[page.path] = page.html.encode
    return Site(pages=pages, files=files | _feeds(maker, listed, settings) | _for_programs(maker, pages, settings))


def _pages(
    maker: PageMaker, ordered: Sequence[Publication], listed: Sequence[Publication], root: Path
) -> Iterator[Page]:
    """Make all pages, and tell what is wrong with any of them."""
    older = {newer.issue.slug: one for newer, one in pairwise(listed)}
    newer = {one.issue.slug: newer for newer, one in pairwise(listed)}
    faults: list[DigestError] = []
    for publication in ordered:
        slug = publication.issue.slug
        before = older.get(slug) if publication.listed else next(iter(listed), None)
        try:
            yield maker.issue(publication, older=before, newer=newer.get(slug))
            yield from maker.stories(publication)
        except (ContentError, CombinedError) as fault:
            fault.place = fault.place or Place.of(publication.issue.path, root)
            faults.append(fault)
    raise_all([*{str(fault.lines()): fault for fault in faults}.values()])  # a template's, once for all issues
    yield maker.index(listed)
    yield maker.missing()


def _redirects(maker: PageMaker, publications: Sequence[Publication], home: str) -> Iterator[Page]:
    """Lead from each address that a page had to the one that it has."""
    for issue in (publication.issue for publication in publications):
        url = archive_url(home, issue.slug)
        former = [name for name in issue.formerly if "/" not in name]
        yield from (maker.moved(f"{name}/{PAGE}", issue.title, url, issue.path) for name in issue.formerly)
        for story in stories_with_pages(issue):
            now = story_url(home, issue.slug, story.slug)
            names = [f"{slug}/{name}" for slug in (issue.slug, *former) for name in (story.slug, *story.formerly)]
            yield from (maker.moved(f"{name}/{PAGE}", story.title, now, issue.path) for name in names[1:])


def _feeds(maker: PageMaker, listed: Sequence[Publication], settings: Settings) -> dict[str, Content]:
    made = [maker.entry(one, one.at) for one in listed[:NEWEST] if one.at]
    entries, newsletter = [entry for entry, _ in made], settings.newsletter
    files = {path: content for _, images in made for path, content in images.items()}
    return {
        **files,
        "feed.xml": atom(newsletter, entries, f"{newsletter.url}/feed.xml"),
        "rss.xml": rss(newsletter, entries, f"{newsletter.url}/rss.xml"),
    }


def _for_programs(maker: PageMaker, pages: Sequence[Page], settings: Settings) -> dict[str, Content]:
    """Return what search engines read."""
    places = [(page.url, page.at) for page in pages if page.listed]
    return {**sitemaps(places, settings.newsletter.url), "robots.txt": maker.robots().encode()}


def _reserved(publications: Sequence[Publication], settings: Settings) -> Iterator[ContentError]:
    home = f"{settings.newsletter.url}/"
    assets = settings.assets.url or ""
    taken = {*SERVED, FOLDER, *([assets.removeprefix(home).partition("/")[0]] if assets.startswith(home) else [])}
    for issue in (publication.issue for publication in publications):
        for name in (issue.slug, *issue.formerly):
            if name.partition("/")[0] in taken:
                msg = f'an issue cannot be called "{name}", which is an address of something else'
                hint = "Rename its file, or give it another `slug`; `formerly` cannot be it either."
                yield ContentError(msg, hint=hint, place=Place.of(issue.path, settings.root))


def _collisions(pages: Sequence[Page], root: Path) -> Iterator[ContentError]:
    taken: dict[str, Page] = {}
    for page in pages:
        other = taken.setdefault(page.path, page)
        if other is not page:
            source = page.source or other.source
            msg = f"two pages of the archive have the address {page.path.removesuffix(PAGE)}"
            hint = "Each issue has a slug of its own, and `formerly` names none that is in use."
            yield ContentError(msg, hint=hint, place=Place.of(source, root) if source else None)


def _leading_nowhere(
    pages: Sequence[Page], settings: Settings, is_there: Callable[[str], bool]
) -> Iterator[ContentError]:
    """Tell each reference once that leads to what is not there."""
    files = {path for page in pages for path in page.files}
    written = {"feed.xml", "rss.xml"} | files

    def known(path: str) -> bool:
        return path in written or path.partition("/")[0] in SERVED or is_there(path)

    told: set[tuple[Path | None, str]] = set()
    for dead in find_dead(pages, settings.newsletter.url, known):
        source = dead.page.source
        if (source, dead.address) in told:
            continue
        told.add((source, dead.address))
        where = "" if source else f" on {dead.page.path}"
        msg = f"nothing in the archive is at {dead.address}{where}"
        place = _place_of(dead.address, source, settings.root) if source else None
        yield ContentError(msg, hint="Correct the address, or see whether its page is still a draft.", place=place)


def _place_of(address: str, source: Path, root: Path) -> Place:
    """Return where an address stands in the files of an issue, as far as it was written so."""
    for file in sorted(source.glob("*.md")) if source.is_dir() else [source]:
        for number, line in enumerate(file.read_text("utf-8-sig").splitlines(), start=1):
            if address in line:
                return Place.of(file, root, number)
    return Place.of(source, root)
