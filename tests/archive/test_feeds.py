"""Feeds: what readers of them find, and that they are what their formats want."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import feedparser
import pytest
from lxml import etree

from digest.archive.entries import Entry
from digest.archive.feeds import NEWEST, atom, rss
from digest.config.settings import Newsletter
from digest.model import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMAS = Path(__file__).parent / "schemas"
FORMATS = {"atom": atom, "rss": rss}
SELF = "https://plateau.example.org/letters/feed.xml"
NEWSLETTER = Newsletter(
    name="Past the Plateau <beta> & more",
    from_=Address(email="editor@example.org"),
    url="https://plateau.example.org/letters",
    postal_address="12 Landing Lane",
    tagline="Growing when the ladder ends",
    language="pt-BR",
)
ENTRY = Entry(
    slug="stairs",
    title='Stairs & "steps" <up>',
    url="https://plateau.example.org/letters/stairs/",
    summary="Where they end",
    html='<p>Up, <a href="https://example.org/?a=1&amp;b=2">we go</a> ]]&gt; on.</p>',
    published=datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=1))),
    updated=datetime(2026, 11, 25, 10, 30, tzinfo=UTC),
    author="Ana Ruiz",
)


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the formats."""
    return str(request.param)


def write(kind: str, entries: Sequence[Entry], newsletter: Newsletter = NEWSLETTER) -> bytes:
    """Return a feed."""
    return FORMATS[kind](newsletter, entries, SELF)


def read(feed: bytes) -> feedparser.FeedParserDict:
    """Return a feed as a reader of feeds reads it, to the letter."""
    found = feedparser.parse(feed, sanitize_html=False, resolve_relative_uris=False)
    assert found.bozo == 0
    return found


def content_of(kind: str, html: str) -> str:
    """Return what a feed has of an issue of this HTML."""
    return str(read(write(kind, [replace(ENTRY, html=html)])).entries[0].content[0].value)


def schema(kind: str) -> etree.RelaxNG:
    """Return what a format demands."""
    return etree.RelaxNG(etree.parse(SCHEMAS / f"{kind}.rng"))


def test_a_reader_of_feeds_gets_what_was_put_in(kind: str) -> None:
    """Titles, addresses, moments, author and the full content arrive as they are, whatever characters they hold."""
    found = read(write(kind, [ENTRY]))
    assert (found.feed.title, found.feed.subtitle) == (NEWSLETTER.name, NEWSLETTER.tagline)
    assert found.feed.link == "https://plateau.example.org/letters/"
    assert [link.href for link in found.feed.links if link.rel == "self"] == [SELF]
    (entry,) = found.entries
    assert (entry.title, entry.link, entry.id) == (ENTRY.title, ENTRY.url, ENTRY.url)
    assert (entry.summary, entry.author) == (ENTRY.summary, ENTRY.author)
    assert entry.content[0].value == ENTRY.html
    assert entry.published_parsed[:6] == (2026, 11, 24, 8, 0, 0)


def test_feeds_keep_to_their_formats(kind: str) -> None:
    """So do those of a newsletter without issues, and of issues without summary and author."""
    bare = replace(ENTRY, summary="", author="", html="")
    for entries in ([], [ENTRY], [bare, ENTRY]):
        schema(kind).assertValid(etree.fromstring(write(kind, entries, replace(NEWSLETTER, tagline=""))))


@pytest.mark.parametrize("name", ["id", "title", "updated", "link", "guid", "pubDate", "description"])
def test_the_schemas_miss_what_is_missing(kind: str, name: str) -> None:
    """A feed that lacks what its format demands is refused, or else the test above would show nothing."""
    feed = etree.fromstring(write(kind, [ENTRY]))
    (entry,) = feed.findall(".//{*}entry") + feed.findall(".//item")
    children = [child for child in entry if etree.QName(child).localname == name]
    for child in children:
        entry.remove(child)
    assert schema(kind).validate(feed) == (not children)


def test_an_atom_feed_keeps_the_rules_that_no_schema_tells() -> None:
    """Ids are unique, and each entry leads to exactly one page (RFC 4287, 4.1.1 and 4.2.6)."""
    feed = etree.fromstring(write("atom", [ENTRY, replace(ENTRY, slug="b", url=f"{ENTRY.url}b/")]))
    ids = [element.text for element in feed.iter("{*}id")]
    assert len(ids) == len(set(ids)) == 3
    for entry in feed.findall("{*}entry"):
        assert len(entry.findall("{*}link[@rel='alternate']")) == 1


def test_an_rss_item_is_known_by_its_page() -> None:
    """Its guid is its address, and says so."""
    (guid,) = etree.fromstring(write("rss", [ENTRY])).iter("guid")
    assert (guid.text, guid.get("isPermaLink")) == (ENTRY.url, "true")


def test_the_newest_come_first_and_old_ones_drop_out(kind: str) -> None:
    """The order is that of publication, not that of the files."""
    days = [replace(ENTRY, slug=f"{day:03}", published=ENTRY.published + timedelta(days=day)) for day in range(30)]
    titled = [replace(entry, title=entry.slug) for entry in days]
    found = [entry.title for entry in read(write(kind, titled[15:] + titled[:15])).entries]
    assert found == [f"{day:03}" for day in range(29, 29 - NEWEST, -1)]


def test_a_feed_changes_with_its_issues_alone(kind: str) -> None:
    """A rebuild gives the same bytes; the moment it tells is that of the latest change."""
    other = replace(ENTRY, slug="a", url=f"{ENTRY.url}a/", updated=ENTRY.updated + timedelta(hours=1))
    assert write(kind, [ENTRY, other]) == write(kind, [other, ENTRY])
    assert read(write(kind, [ENTRY, other])).feed.updated_parsed[:4] == (2026, 11, 25, 11)


def test_what_xml_cannot_hold_is_left_out(kind: str) -> None:
    """One pasted control character must not break the feed for everyone."""
    dirty = "a\x00b\x0bc\ufffed\x1b"
    entry = replace(ENTRY, title=dirty, summary=dirty, author=dirty, html=f"<p>{dirty}</p>")
    (found,) = read(write(kind, [entry], replace(NEWSLETTER, name=dirty))).entries
    assert (found.title, found.author) == ("abcd", "abcd")


def test_letters_of_every_script_arrive(kind: str) -> None:
    """Emoji beyond the basic plane among them."""
    assert read(write(kind, [replace(ENTRY, title="שלום 雪 🏔️")])).entries[0].title == "שלום 雪 🏔️"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('<a href="../other/">x</a>', '<a href="https://plateau.example.org/letters/other/">x</a>'),
        ('<a href="#note">x</a>', f'<a href="{ENTRY.url}#note">x</a>'),
        ('<p id="note">x</p>', '<p id="note">x</p>'),
        ('<img src="/a b.png" alt="x">', '<img src="https://plateau.example.org/a b.png" alt="x">'),
        ('<a href="https://[broken/">x</a>', "<a>x</a>"),
        ("<script>alert(1)</script><p>x</p>", "<p>x</p>"),
        ("<style>p { color: red }</style><p>x</p>", "<p>x</p>"),
        ('<p onclick="alert(1)" style="color: red">x</p>', "<p>x</p>"),
        ('<img src="x.png" onerror="alert(1)">', f'<img src="{ENTRY.url}x.png">'),
        ('<a href="javascript:alert(1)">x</a>', "<a>x</a>"),
        ('<iframe src="https://example.org/"></iframe><form><input></form>x', "x"),
        ("<!--[if mso]>x<![endif]-->y", "y"),
    ],
)
def test_content_runs_nothing_and_is_whole(kind: str, written: str, read: str) -> None:
    """Feed readers show it on pages of their own, where relative addresses lead nowhere and scripts must not run."""
    assert content_of(kind, written) == read
