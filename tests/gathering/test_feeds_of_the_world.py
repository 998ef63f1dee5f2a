"""Feeds as programs write them, with the faults that they have: what an issue takes of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from newsstand import FEEDS, Newsstand, page

from digest.config import load_settings
from digest.errors import SourceError
from digest.gathering.addresses import identity
from digest.gathering.feeds import read_feed
from digest.publishing.collecting import pull_feeds
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from digest.publishing.collecting import Collected

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://feeds.example.org/feed"
RSS = """<?xml version="1.0" encoding="{}"?>
<rss version="2.0"><channel><title>Café</title><item><title>Œufs à la coque — 3 €</title>
<link>https://cafe.example.org/1</link><pubDate>{}</pubDate><description>Déjà vu.</description></item></channel></rss>
"""
DAY = "Fri, 20 Nov 2026 06:00:00 GMT"


@pytest.fixture
def newsroom(letter: Path) -> Newsroom:
    """Return a newsletter without issues."""
    (letter / "issues" / "2026-11-24-hello.md").unlink()
    return Newsroom(settings=load_settings(letter, {}))


def _pull(newsroom: Newsroom, body: str | bytes, content_type: str = "application/rss+xml") -> Collected:
    stand = Newsstand(lying={URL: page(body, content_type)})
    return pull_feeds(newsroom, [URL], stand.fetcher(), now=NOW)


def _written(collected: Collected) -> str:
    assert collected.issue
    return collected.issue.read_text("utf-8").split("---\n", 2)[2]


@pytest.mark.parametrize(
    "feed", sorted(path for path in FEEDS.iterdir() if path.suffix != ".md"), ids=lambda path: path.name
)
def test_feed(newsroom: Newsroom, feed: Path) -> None:
    """What is written of a feed is what stands beside it, and our reader reads it as stories."""
    collected = _pull(newsroom, feed.read_bytes(), "application/octet-stream")
    assert _written(collected) == feed.with_suffix(".md").read_text("utf-8")
    assert collected.issue
    issue = newsroom.read(collected.issue)
    assert [story.link for story in issue.stories] == [clipping.link for clipping in collected.added]
    assert [story.title for story in issue.stories] == [clipping.title for clipping in collected.added]
    newsroom.render(issue)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (RSS.format("utf-8", DAY).encode("cp1252"), "application/rss+xml"),
        (RSS.format("utf-8", DAY).encode("cp1252"), "text/xml; charset=utf-8"),
        (RSS.format("iso-8859-1", DAY).encode(), "text/xml; charset=ISO-8859-1"),
        (RSS.format("UTF-16", DAY).encode("utf-16"), "application/xml"),
        (RSS.format("UTF-16", DAY).encode("utf-16-be"), ""),
        (RSS.format("utf-8", DAY).encode("utf-8-sig"), "application/xml; charset=x-nonsense"),
        (RSS.format("windows-1252", DAY).encode("cp1252"), "application/xml"),
        (RSS.format("base64", DAY).encode(), "application/xml"),
        (b"\n  " + RSS.format("utf-8", DAY).encode(), "application/xml"),
    ],
    ids=[
        "says UTF-8",
        "header says UTF-8",
        "says Latin-1",
        "UTF-16",
        "UTF-16 unmarked",
        "mark",
        "1252",
        "no text",
        "late",
    ],
)
def test_encodings(newsroom: Newsroom, body: bytes, content_type: str) -> None:
    """Whatever a feed says of its encoding, its text is read as it was meant."""
    text = _written(_pull(newsroom, body, content_type))
    assert "[Œufs à la coque — 3 €](https://cafe.example.org/1)" in text
    assert "Déjà vu." in text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Fri, 20 Nov 2026 06:00:00 EST", "2026-11-20 11:00"),
        ("Fri, 20 Nov 26 06:00:00 +0100", "2026-11-20 05:00"),
        ("Fri, 20 Nov 2026 06:00:00 XYZT", "2026-11-20 06:00"),
        ("20 Nov 2026", "2026-11-20 00:00"),
        ("2026-11-20", "2026-11-20 00:00"),
        ("2026-11-20T06:00:00.123456Z", "2026-11-20 06:00"),
        ("2026-11-20 06:00:00+02:00", "2026-11-20 04:00"),
        ("Freitag, 20. November 2026", "2026-11-20 00:00"),
        ("published on 2026-11-20, at noon", "2026-11-20 00:00"),
        ("Fri, 20 Nov 2026 24:00:00 GMT", "2026-11-20 00:00"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates(written: str, expected: str | None) -> None:
    """Dates of all kinds are understood, and those that mean nothing are none."""
    (entry,) = read_feed(RSS.format("utf-8", written), URL)
    assert (f"{entry.published:%Y-%m-%d %H:%M}" if entry.published else None) == expected


def test_a_bomb_stays_small() -> None:
    """Entities that a feed declares are never expanded, and no file is read for them."""
    (entry,) = read_feed((FEEDS / "bomb.xml").read_text("utf-8"), URL)
    assert (entry.title, entry.summary) == ("Boom &e;", "It says &amp;secret.")


def test_a_feed_without_entries_is_a_feed(newsroom: Newsroom) -> None:
    """Nothing is new then, and nothing is written."""
    collected = _pull(newsroom, '<rss version="2.0"><channel><title>Soon</title></channel></rss>')
    assert (collected.issue, list(collected.added), list(collected.faults)) == (None, [], [])
    assert read_feed('{"version": "https://jsonfeed.org/version/1.1", "items": []}', URL) == []


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (
            '<!doctype html><link rel=alternate type="application/atom+xml" href="/atom.xml">',
            "feeds.example.org/atom.xml",
        ),
        ("<html><title>No</title></html>", "RSS, Atom or JSON Feed"),
        ('{"error": "not found"}', "RSS, Atom or JSON Feed"),
        ("<opml><body></body></opml>", "RSS, Atom or JSON Feed"),
        ("", "RSS, Atom or JSON Feed"),
        ("\0\1\2", "RSS, Atom or JSON Feed"),
        ("[" * 100_000, "RSS, Atom or JSON Feed"),
        ('{"items":' + "[" * 100_000, "RSS, Atom or JSON Feed"),
    ],
    ids=["page with a feed", "page", "JSON", "OPML", "nothing", "bytes", "brackets", "items"],
)
def test_what_is_no_feed(body: str, hint: str) -> None:
    """It is said to be none; a page tells where its feed is."""
    with pytest.raises(SourceError, match=r"feeds\.example\.org/feed: this is no feed") as caught:
        read_feed(body, URL)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "spelling",
    [
        "http://blog.example.org/a",
        "https://www.blog.example.org/a/",
        "https://blog.example.org:443/a#top",
        "https://BLOG.example.org/a?utm_source=x&fbclid=1",
        "https://blog.example.org/%61",
    ],
)
def test_spellings_of_an_address(spelling: str) -> None:
    """Scheme, www, port, case of the host, last slash, fragment and tracking make no other page."""
    assert identity(spelling) == identity("https://blog.example.org/a")
    assert identity(spelling) != identity("https://blog.example.org/a?page=2")
