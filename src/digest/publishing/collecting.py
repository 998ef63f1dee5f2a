"""What others publish, brought into an issue: pages that an editor names, and what is new in feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from itertools import takewhile
from typing import TYPE_CHECKING

from digest.errors import ContentError, Place, SourceError
from digest.files import read_text, write_whole
from digest.gathering.addresses import addresses_in, identity
from digest.gathering.entries import clip
from digest.gathering.feeds import read_feed
from digest.gathering.fetching import side_by_side
from digest.gathering.remembering import Memory
from digest.gathering.texts import for_front_matter
from digest.gathering.visiting import visit
from digest.gathering.writing import file_of, name_behind, section_of
from digest.publishing.issues import FAULTS
from digest.publishing.starting import issue_file, start_issue
from digest.reading import INDEX, name_of
from digest.reading.naming import date_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date, datetime, tzinfo
    from pathlib import Path

    from digest.gathering.clipping import Clipping
    from digest.gathering.entries import Entry
    from digest.gathering.fetching import Fetcher
    from digest.publishing.newsroom import Newsroom

MOST_AT_FIRST = 10
"""How many entries a first issue takes, and how many of a feed that has no dates."""
_WORDS_OF_ITS_OWN = 4
"""How many words a title has that two feeds have only for the same thing: "v1.0" is none."""
_FENCE = "---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was brought into an issue, and what was not."""

    issue: Path | None
    """None where there was nothing to write."""
    added: Sequence[Clipping]
    known: Sequence[Clipping]
    """What the issue has already."""
    faults: Sequence[SourceError]


def add_pages(newsroom: Newsroom, issue: Path, urls: Sequence[str], fetcher: Fetcher) -> Collected:
    """
    Append a story for each page to an issue that has no such link yet.

    Raises:
        ContentError: the issue cannot be read as text.
    """
    root = newsroom.settings.root
    there = {identity(address) for address in _addresses_in([issue], root)}
    found = side_by_side(lambda url: visit(fetcher, url), urls)
    added: list[Clipping] = []
    known: list[Clipping] = []
    for clipping in (one for one in found if not isinstance(one, SourceError)):
        (known if identity(clipping.link) in there else added).append(clipping)
        there.add(identity(clipping.link))
    if added:
        append(issue, added, root)
    return Collected(
        issue=issue,
        added=added,
        known=known,
        faults=[one for one in found if isinstance(one, SourceError)],
    )


def pull_feeds(
    newsroom: Newsroom,
    urls: Sequence[str],
    fetcher: Fetcher,
    *,
    now: datetime,
    issue: Path | None = None,
    since: date | None = None,
) -> Collected:
    """
    Write what feeds have new into an issue, or start one for it.

    Args:
        newsroom: the newsletter.
        urls: the feeds.
        fetcher: how they are fetched.
        now: the present moment.
        issue: the one to extend; without one, a new one is written.
        since: the day from which on entries are new; without one, that of the last issue.

    Raises:
        ContentError: an issue cannot be read as text.
    """
    root, today = newsroom.settings.root, now.astimezone(newsroom.timezone).date()
    memory = Memory(root / ".digest" / "feeds.json")

    def read(url: str) -> list[Entry]:
        fetched = memory.complete(url, fetcher.fetch(url, memory.headers(url)))
        return read_feed(fetched.text, fetched.url)

    found = side_by_side(read, urls)
    memory.keep()
    feeds = [one for one in found if not isinstance(one, SourceError)]
    known = {identity(address) for address in _addresses_in(newsroom.paths(), root)}
    entries = new_entries(feeds, known, since or last_day(newsroom, issue, today), now=now, zone=newsroom.timezone)
    added = [clip(entry) for entry in entries]
    return Collected(
        issue=_write(root, issue, added, today) if added else None,
        added=added,
        known=(),
        faults=[one for one in found if isinstance(one, SourceError)],
    )


def last_day(newsroom: Newsroom, issue: Path | None, today: date) -> date | None:
    """Return the day of the last issue other than this one, None without any; what is planned ahead is not the last."""
    days = (_day_of(newsroom, path) for path in newsroom.paths() if path != issue)
    return max((day for day in days if day and day <= today), default=None)


def _day_of(newsroom: Newsroom, path: Path) -> date | None:
    try:
        return newsroom.read(path).date
    except FAULTS:
        pass
    try:
        return date_of(name_of(path))
    except ValueError:
        return None


def new_entries(
    feeds: Iterable[Sequence[Entry]], known: Collection[str], since: date | None, *, now: datetime, zone: tzinfo
) -> list[Entry]:
    """
    Return the entries that are new, the newest first.

    New is what no issue leads to, and what is dated on the day `since` or later: a thing published on the very day of
    an issue may have come after it. Without a day, the newest ten are. Of entries without a date, those are new that
    their feed shows above the first that an issue leads to, and ten at most. What is dated in the future counts as of
    now.
    """
    chosen: list[Entry] = []
    for entries in feeds:
        above = [*takewhile(lambda entry: identity(entry.link) not in known, entries)]
        undated = [entry for entry in above if not entry.published][:MOST_AT_FIRST]
        dated = [entry for entry in entries if entry.published and _is_since(entry.published, since, now, zone)]
        fresh = [entry for entry in (*dated, *undated) if identity(entry.link) not in known]
        chosen += _without_doubles(fresh, chosen)
    chosen.sort(key=lambda entry: min(entry.published or _long_ago(now), now), reverse=True)
    return chosen if since else chosen[:MOST_AT_FIRST]


def _is_since(published: datetime, since: date | None, now: datetime, zone: tzinfo) -> bool:
    return since is None or min(published, now).astimezone(zone).date() >= since


def _long_ago(now: datetime) -> datetime:
    return now.replace(year=1970).astimezone(UTC)


def _without_doubles(entries: Iterable[Entry], others: Sequence[Entry]) -> Iterator[Entry]:
    """Leave out what leads where another entry leads, and what another feed has under the same title."""
    links = {identity(entry.link) for entry in others}
    titles = {entry.title.casefold() for entry in others if len(entry.title.split()) >= _WORDS_OF_ITS_OWN}
    for entry in entries:
        if identity(entry.link) not in links and entry.title.casefold() not in titles:
            links.add(identity(entry.link))
            yield entry


def _write(root: Path, issue: Path | None, clippings: Sequence[Clipping], today: date) -> Path:
    subject = for_front_matter(clippings[0].title)
    path = issue or issue_file(root, subject, today)
    if path.exists():
        append(path, clippings, root)
        return path
    return start_issue(root, subject, today, "\n".join(map(section_of, clippings)))


def append(issue: Path, clippings: Sequence[Clipping], root: Path) -> None:
    """
    Write clippings behind what an issue has.

    Raises:
        ContentError: the issue is no text, or its front matter never ends.
    """
    if issue.is_dir():
        for clipping in clippings:
            names = [file.name for file in issue.glob("*.md") if file.name != INDEX]
            write_whole(issue / name_behind(names, clipping.title), file_of(clipping).encode())
        return
    text = read_text(issue, Place.of(issue, root).path, ContentError)
    lines = text.split()
    if lines[:1] == [_FENCE] and _FENCE not in lines[1:]:
        msg = "the front matter that begins here never ends"
        raise ContentError(
            msg, hint="Put a line of three hyphens, ---, below its last key.", place=Place.of(issue, root, 1)
        )
    whole = "\n".join([text.rstrip() + "\n", *map(section_of, clippings)]).lstrip()
    line_end = "\r\n" if "\r\n" in text else "\n"
    write_whole(issue, whole.replace("\r\n", "\n").replace("\n", line_end).encode())


def _addresses_in(issues: Iterable[Path], root: Path) -> Iterator[str]:
    for issue in issues:
        for file in sorted(issue.glob("*.md")) if issue.is_dir() else [issue]:
            yield from addresses_in(read_text(file, Place.of(file, root).path, ContentError))
