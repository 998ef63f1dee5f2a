"""Feeds as programs write them, with the faults that they have: what an issue takes of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from newsstand import FEEDS, Newsstand, page

from digest.config import load_settings
from digest.errors import SourceError
from digest.gathering.addresses import identity
from digest.gathering.decoding import decode
from digest.gathering.entries import clip
from digest.gathering.feeds import read_feed
from digest.publishing.collecting import pull_feeds
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

    from digest.gathering.clipping import Clipping
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
        (RSS.format("utf-8", DAY).encode().replace(b"Caf", b"\x96 Caf"), "application/xml; charset=iso-8859-1"),
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
        "UTF-8 with strays",
    ],
)
def test_encodings(newsroom: Newsroom, body: bytes, content_type: str) -> None:
    """Whatever a feed says of its encoding, its text is read as it was meant."""
    text = _written(_pull(newsroom, body, content_type))
    assert "[Œufs à la coque — 3 €](https://cafe.example.org/1)" in text
    assert "Déjà vu." in text


@pytest.mark.parametrize(
    ("label", "encoding", "title"),
    [
        ("Shift_JIS", "cp932", "①番目の㈱髙島～"),
        ("gb2312", "gb18030", "镕基"),
        ("EUC-KR", "cp949", "펲시콜라"),
        ("TIS-620", "cp874", "“กาแฟ”"),
        ("ISO-2022-JP", "iso2022_jp", "東京の散歩"),
    ],
)
def test_encodings_that_are_larger_than_they_are_called(label: str, encoding: str, title: str) -> None:
    """Programs of Windows call theirs by the name of a smaller one; a broken byte costs a sign, and not all of them."""
    feed = (
        RSS.format(label, DAY).replace("Café", "").replace("—", "").replace("€", "").replace("à", "").replace("é", "")
    )
    body = feed.replace("Œufs", title).encode(encoding, "ignore")
    (entry,) = read_feed(decode(body), URL)
    assert entry.title.startswith(title)
    broken = body if label == "ISO-2022-JP" else body.replace(b"vu.", b"vu.\xff")
    assert title in decode(broken)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Why &lt;em&gt;less&lt;/em&gt; is &amp;amp; stays more", "Why less is & stays more"),
        ("The &lt;dialog&gt; element &lt;b&gt;now&lt;/b&gt;", "The <dialog> element now"),
        ("<![CDATA[<p>One</p><p>Two<br>three</p>]]>", "One Two three"),
        ("<![CDATA[<b>x</b><!-- never closed]]>", "x"),
        (f"<![CDATA[<b>x</b>{'<!--' * 100_000}]]>", "x"),
        ("long " * 100, f"{'long ' * 39}long…"),
        ("長" * 500, f"{'長' * 199}…"),
    ],
    ids=["emphasis", "element", "blocks", "comment", "comments", "words", "signs"],
)
def test_titles(title: str, said: str) -> None:
    """A tag that is closed is markup, and one that is not is what the title is about; none is longer than is read."""
    (entry,) = read_feed(RSS.format("utf-8", DAY).replace("Œufs à la coque — 3 €", title), URL)
    assert clip(entry).title == said


def _item(*parts: str) -> Clipping:
    (entry,) = read_feed(f"""<rss version="2.0"><channel><item>{"".join(parts)}</item></channel></rss>""", URL)
    return clip(entry)


_LINK = "<link>https://cafe.example.org/1</link>"


def test_an_address_that_is_only_a_name() -> None:
    """An empty link does not hide the permanent one, even where it is undeclared what things are called."""
    clipping = _item("<guid isPermaLink='true'>https://cafe.example.org/7</guid><link/><dc:creator>Zoe</dc:creator>")
    assert (clipping.link, clipping.author) == ("https://cafe.example.org/7", "Zoe")


@pytest.mark.parametrize(
    ("medium", "url"),
    [
        ('url="https://a.example.org/p.jpg?w=9" width="800"', "https://a.example.org/p.jpg?w=9"),
        ('url="https://a.example.org/v.mp4"', None),
        ('url="https://a.example.org/v.jpg" medium="video"', None),
        (f'url="https://a.example.org/p" type="image/png" width="{"9" * 5000}"', "https://a.example.org/p"),
    ],
    ids=["by its name", "film", "film by its name", "wide"],
)
def test_pictures_beside_the_text(medium: str, url: str | None) -> None:
    """A medium that does not say what it is, is what its name says."""
    found = _item(_LINK, f'<media:content xmlns:media="http://search.yahoo.com/mrss/" {medium}/>').image
    assert (found.url if found else None) == url


def test_plain_text_of_atom() -> None:
    """What is no HTML keeps its angle brackets, as our reader shows them."""
    entry = (
        '<entry><link href="https://a.example.org/"/><title>t</title><summary>Use &lt;tags&gt; &amp; more.</summary>'
    )
    (found,) = read_feed(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</entry></feed>', URL)
    assert clip(found).teaser == "Use \\<tags> & more."


@pytest.mark.parametrize(
    ("description", "teaser"),
    [
        ("晴れです。" * 40, "晴れです。" * 15),
        ("晴" * 100, "晴" * 60 + "…"),
        ("[vc_row][vc_column]Text.[/vc_column][/vc_row] [sic]", "Text. [sic]"),
        ('&lt;img src="https://a.example.org/i.jpg" width="' + "9" * 5000 + '"&gt;Text.', "Text."),
        ("---", "\\---"),
        ("1. One", "1\\. One"),
    ],
    ids=["sentences", "signs", "shortcodes", "width", "rule", "number"],
)
def test_teasers(description: str, teaser: str) -> None:
    """Scripts without spaces are cut like others, leftovers of page builders dropped, and few signs escaped."""
    assert _item(_LINK, f"<description>{description}</description>").teaser == teaser


def test_a_title_of_several_paragraphs() -> None:
    """What has none is called by its first words, which stay apart."""
    assert _item(_LINK, "<description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;</description>").title == "One two"


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


@pytest.mark.parametrize(
    "prolog",
    ["<!--a-->" * 60, "<!DOCTYPE a>" * 2 + '<!DOCTYPE b [<!ENTITY vu "bomb">]>', "<?a?> <?b?>"],
    ids=["comments", "document types", "instructions"],
)
def test_whatever_stands_before_a_feed(prolog: str) -> None:
    """It takes no time that counts, and declares nothing."""
    (entry,) = read_feed(RSS.format("utf-8", DAY).replace("\n<rss", f"{prolog}<rss").replace("Déjà", "&vu;"), URL)
    assert "bomb" not in entry.summary
    with pytest.raises(SourceError):
        read_feed("<!DOCTYPE x [" * 100_000, URL)


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
