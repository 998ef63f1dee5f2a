"""What `digest site` does: say which issues are public, make their archive, and write what has changed of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING

from filelock import FileLock

from digest.archive.entries import Publication
from digest.archive.folder import Folder
from digest.archive.pages import PAGE
from digest.archive.site import Site, make_site
from digest.archive.web_images import published
from digest.branch import open_branch_store
from digest.errors import UsageError, raise_all
from digest.publishing.issues import FAULTS, ISSUES
from digest.store import MissingStoreError, open_store
from digest.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from digest.archive.folder import Content
    from digest.config import Settings
    from digest.errors import DigestError
    from digest.model import Issue
    from digest.publishing.newsroom import Newsroom

LOCK = ".digest/site.lock"
"""What one run holds, so that another one waits."""
SITE = ".digest/site"
"""Where the archive is written, from the newsletter's folder on, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the archive."""

    folder: Path
    publications: Sequence[Publication]
    site: Site
    changed: int
    """How many files were written."""
    gone: Sequence[str]
    """The addresses, from the archive's folder on, of pages that were there and are no more."""

    @property
    def waiting(self) -> list[Publication]:
        """The issues whose time has not come."""
        return [one for one in self.publications if not one.listed]

    @property
    def blanks(self) -> dict[str, list[str]]:
        """By address of a page: the fields of the reader for which a word stands in."""
        return {page.url: sorted(page.blanks) for page in self.site.pages if page.blanks}


def write_archive(newsroom: Newsroom, folder: Path | None, now: datetime) -> Written:
    """
    Write the archive of a newsletter; what has not changed is left as it is.

    Args:
        newsroom: the newsletter.
        folder: where to; its own folder for that without it.
        now: which issues are out is judged by this time.

    Raises:
        ContentError: an issue or a template has something to mend; nothing was written.
        CombinedError: there are several such things.
        UsageError: the folder holds files of others where ours would be, or is the newsletter's own.
    """
    settings = newsroom.settings
    target = (folder or settings.root / SITE).resolve()
    root = settings.root.resolve()
    if root.is_relative_to(target) or target.is_relative_to(root / ISSUES):
        msg = f"the archive cannot be written over the newsletter in {target}"
        raise UsageError(msg, hint="Name a folder for it alone, such as --output public")
    (settings.root / LOCK).parent.mkdir(exist_ok=True)
    with FileLock(settings.root / LOCK):  # two at once would take each other's files for somebody else's
        return _write(newsroom, target, now)


def _write(newsroom: Newsroom, target: Path, now: datetime) -> Written:
    settings, shelf = newsroom.settings, Folder(target)
    publications = find_public(newsroom, begun(settings), now)
    site = make_site(settings, Wording.of(settings), publications, shelf.has)
    shelf.put({**site.files, **_shown_by_mail(newsroom, publications)})
    gone = [path.removesuffix(PAGE) for path in shelf.finish() if path.endswith(f"/{PAGE}")]
    return Written(folder=target, publications=publications, site=site, changed=shelf.written, gone=gone)


def begun(settings: Settings) -> dict[str, datetime]:
    """Return when each issue began to leave, by slug; nothing where there is no store, which is not made."""
    opened = open_branch_store(settings) if settings.ledger.url else open_store(settings.store.url, create=False)
    with suppress(MissingStoreError), opened as store:
        handed = {handed.slug: handed.begun_at for handed in store.handovers.all() if handed.stage.is_done}
        return handed | {frozen.slug: frozen.frozen_at for frozen in store.mailings.all()}
    return {}


def find_public(newsroom: Newsroom, begun_at: Mapping[str, datetime], now: datetime) -> list[Publication]:
    """
    Return the issues that have pages: those that are ready, and those that have begun to leave.

    Raises:
        ContentError: one has something to mend; of a draft, only its front matter is read.
        CombinedError: there are several such things.
    """
    found: list[Publication] = []
    faults: list[DigestError] = []
    for path in newsroom.paths():
        try:
            found += _published(newsroom, path, begun_at, now)
        except FAULTS as fault:
            faults.append(fault)
    raise_all(faults)
    return found


def _published(
    newsroom: Newsroom, path: Path, begun_at: Mapping[str, datetime], now: datetime
) -> Iterator[Publication]:
    front = newsroom.read_front(path)
    begun = begun_at.get(front.slug)
    if not (front.ready or begun):
        return
    at = _planned(front, newsroom) or (begun.astimezone(newsroom.timezone) if begun else None)
    issue = newsroom.read(path)
    dated = replace(issue, date=issue.date or (at.date() if at else None))
    yield Publication(issue=dated, at=at, listed=begun is not None or at is None or at <= now)


def _planned(issue: Issue, newsroom: Newsroom) -> datetime | None:
    """Return when an issue comes out by its own word, which is the same on all machines."""
    if issue.send_at or not issue.date:
        return issue.send_at
    return datetime.combine(issue.date, time(), tzinfo=newsroom.timezone)


def _shown_by_mail(newsroom: Newsroom, publications: Sequence[Publication]) -> dict[str, Content]:
    """Return the images that mails show from the archive."""
    home = newsroom.settings.newsletter.url
    if not (newsroom.settings.assets.url or "").startswith(f"{home}/"):
        return {}
    shown = (newsroom.images(one.issue) for one in publications)
    return {path: content for images in shown for path, content in published(images, home).items()}
