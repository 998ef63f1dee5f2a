"""What of a feed is new since the last issue, and what a pull makes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from newsstand import Lying, Newsstand, page

from digest.config import load_settings
from digest.gathering.addresses import identity
from digest.gathering.entries import Entry
from digest.gathering.writing import name_behind
from digest.publishing.collecting import last_day, new_entries, pull_feeds
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from digest.publishing.collecting import Collected

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SINCE = date(2026, 11, 16)


def _entry(name: str, published: datetime | None, title: str = "") -> Entry:
    link = f"https://blog.example.org/{name}"
    return Entry(title=title or name, link=link, summary="", content="", author="", images=(), published=published)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _new(*feeds: list[Entry], known: tuple[str, ...] = (), since: date | None = SINCE) -> list[str]:
    there = {identity(f"http://www.blog.example.org/{name}/") for name in known}
    return [entry.title for entry in new_entries(feeds, there, since, now=NOW, zone=BERLIN)]


def test_since_the_day_of_the_last_issue() -> None:
    """What is dated on its day or later, in the newsletter's time zone, is new; the newest comes first."""
    entries = [
        _entry("before", _at("2026-11-15 22:59")),
        _entry("on the day", _at("2026-11-15 23:00")),
        _entry("after", _at("2026-11-20 10:00")),
    ]
    assert _new(entries) == ["after", "on the day"]


def test_what_an_issue_leads_to_is_not_new() -> None:
    """Be it dated on the day of the last issue or later."""
    assert _new([_entry("a", _at("2026-11-16 08:00")), _entry("b", NOW)], known=("b",)) == ["a"]


def test_what_has_no_date() -> None:
    """What stands above the first that is known is new; of a feed nobody took from, ten."""
    undated = [_entry(str(number), None) for number in range(30)]
    assert _new(undated, known=("2",)) == ["0", "1"]
    assert _new(undated) == [str(number) for number in range(10)]


def test_what_is_dated_in_the_future() -> None:
    """It counts as of now, as often as it takes to be taken."""
    entries = [_entry("ahead", NOW + timedelta(days=900)), _entry("today", NOW - timedelta(hours=1))]
    assert _new(entries) == ["ahead", "today"]
    assert _new(
        [_entry("last day", datetime.max.replace(tzinfo=UTC)), _entry("first", datetime.min.replace(tzinfo=UTC))]
    ) == ["last day"]


def test_a_first_pull() -> None:
    """Without an earlier issue, the newest ten of all feeds together are new."""
    feeds = [[_entry(f"{feed}{day}", _at(f"2020-01-{day} 08:00")) for day in range(11, 20)] for feed in "ab"]
    assert len(_new(*feeds, since=None)) == 10
    assert _new(*feeds, since=None)[:2] == ["a19", "b19"]


def test_the_same_thing_in_two_feeds() -> None:
    """The same link, or the same title of some words, is taken once; short titles mean different things."""
    ours = [_entry("x", NOW, "How the harbour was lit"), _entry("y", NOW, "v1.0")]
    theirs = [_entry("z", NOW, "How the Harbour was lit"), _entry("w", NOW, "v1.0"), _entry("x", NOW, "Other")]
    assert _new(ours, theirs) == ["How the harbour was lit", "v1.0", "v1.0"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "10-a.md"),
        (["10-x.md", "20-y.md"], "30-a.md"),
        (["01-x.md"], "10-a.md"),
        (["95-x.md"], "96-a.md"),
        (["99-x.md"], "990-a.md"),
        (["990-x.md"], "991-a.md"),
        (["lead.md"], "10-a.md"),
    ],
)
def test_names_of_files(names: list[str], expected: str) -> None:
    """A story's file sorts behind the numbered ones that are there."""
    assert name_behind(names, "A") == expected
    assert max([*(name for name in names if name[0].isdigit()), expected]) == expected


@pytest.fixture
def newsroom(letter: Path) -> Newsroom:
    """Return a newsletter whose last issue is of 16 November, and one is planned."""
    issues = letter / "issues"
    (issues / "2026-11-24-hello.md").rename(issues / "2026-11-30-planned.md")
    (issues / "2026-11-16-last.md").write_text("See https://blog.example.org/known\n", "utf-8")
    (issues / "2026-11-01-broken.md").write_text("---\nsubject: [\n---\n", "utf-8")
    return Newsroom(settings=load_settings(letter, {}))


FEED = "https://blog.example.org/feed"


def _feed(*names: str, **headers: str) -> Lying:
    items = "".join(
        f"<item><title>{name}</title><link>https://blog.example.org/{name}</link>"
        "<pubDate>Fri, 20 Nov 2026 06:00:00 GMT</pubDate></item>"
        for name in names
    )
    return page(f'<rss version="2.0"><channel>{items}</channel></rss>', "text/xml", **headers)


def _pull(newsroom: Newsroom, stand: Newsstand, *urls: str, issue: Path | None = None) -> Collected:
    return pull_feeds(newsroom, urls or [FEED], stand.fetcher(), now=NOW, issue=issue)


def test_the_last_issue(newsroom: Newsroom) -> None:
    """It is the newest that is not planned ahead, nor the one that is extended, be others broken."""
    last = newsroom.find("2026-11-16-last")
    assert last_day(newsroom, None, NOW.date()) == SINCE
    assert last_day(newsroom, last, NOW.date()) == date(2026, 11, 1)
    assert last_day(newsroom, None, date(2020, 1, 1)) is None


def test_a_pull_starts_an_issue(newsroom: Newsroom) -> None:
    """It bears the day, a number, the first title as its subject, and is a draft; there is nothing new after it."""
    stand = Newsstand(lying={FEED: _feed("one", "known", "two")})
    collected = _pull(newsroom, stand)
    assert collected.issue
    assert collected.issue.name == "2026-11-23-one.md"
    issue = newsroom.read(collected.issue)
    assert (issue.subject, issue.number, issue.ready) == ("one", 2, False)
    assert [story.title for story in issue.stories] == ["one", "two"]
    assert _pull(newsroom, stand).issue is None


def test_a_pull_extends_an_issue(newsroom: Newsroom) -> None:
    """The day of that issue itself does not count, and what it has already stays once."""
    planned = newsroom.find("2026-11-30-planned")
    before = planned.read_text("utf-8")
    stand = Newsstand(lying={FEED: _feed("one")})
    assert _pull(newsroom, stand, issue=planned).issue == planned
    assert planned.read_text("utf-8") == f"{before}\n## [one](https://blog.example.org/one)\n"
    assert _pull(newsroom, stand, issue=planned).issue is None


def test_a_feed_is_asked_whether_it_changed(newsroom: Newsroom) -> None:
    """One that has not is not sent again, and still says the same: an issue that was thrown away can be had again."""
    stand = Newsstand(lying={FEED: _feed("one", ETag='"1"', Last_Modified="Fri, 20 Nov 2026 06:00:00 GMT")})
    first = _pull(newsroom, stand)
    assert first.issue
    first.issue.unlink()
    second = _pull(newsroom, stand)
    assert second.added == first.added
    assert "If-None-Match" not in stand.asked[0].headers
    assert stand.asked[1].headers["If-None-Match"] == '"1"'
    assert stand.asked[1].headers["If-Modified-Since"] == "Fri, 20 Nov 2026 06:00:00 GMT"


def test_an_answer_that_nothing_has_changed_to_who_knew_nothing(newsroom: Newsroom) -> None:
    """It is no feed, and is not kept as one."""
    stand = Newsstand(lying={FEED: Lying(status=304, headers={"ETag": '"1"'})})
    assert _pull(newsroom, stand).faults
    stand.lying[FEED] = _feed("one", ETag='"1"')
    assert _pull(newsroom, stand).added
    assert "If-None-Match" not in stand.asked[1].headers


@pytest.mark.parametrize(
    "memory", ["{", '{"https://blog.example.org/feed": {"etag": 1}}', None], ids=["half", "odd", "folder"]
)
def test_a_memory_that_is_none(newsroom: Newsroom, memory: str | None) -> None:
    """What is broken, or cannot be written, costs a request and no entry."""
    path = newsroom.settings.root / ".digest" / "feeds.json"
    path.parent.mkdir(exist_ok=True)
    if memory is None:
        path.mkdir()
    else:
        path.write_text(memory, "utf-8")
    stand = Newsstand(lying={FEED: _feed("one", ETag='"1"')})
    assert [clipping.title for clipping in _pull(newsroom, stand).added] == ["one"]


def test_a_feed_that_fails_costs_the_others_nothing(newsroom: Newsroom) -> None:
    """What is new elsewhere is written, and the fault is told."""
    stand = Newsstand(lying={FEED: _feed("one")})
    collected = _pull(newsroom, stand, "https://gone.example.org/feed?key=secret", FEED)
    assert [clipping.title for clipping in collected.added] == ["one"]
    assert [fault.sentence for fault in collected.faults] == ["gone.example.org/feed: it answers 404 Not Found"]
