"""Pages of the web as they are: what `digest add` makes of each."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from newsstand import Lying, Newsstand, moved, page

from digest.config import load_settings
from digest.errors import ContentError
from digest.gathering.clipping import Clipping, Image
from digest.gathering.visiting import visit
from digest.publishing.collecting import add_pages
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://blog.example.org/2026/measure-it.html?utm_source=x&id=7"
_TEXT = "<p>" + "The lamp was lit at five, and nobody saw it. " * 60 + "</p>"
FULL = f"""<!DOCTYPE html><html><head>
<title>Measure it | The Blog</title>
<meta property="og:site_name" content="The Blog">
<meta property="og:title" content="Measure it &amp;amp; end it – The Blog">
<meta property="og:description" content="What &quot;ending&quot; a problem means. And how {{{{ it }}}} is measured.">
<meta property="og:image" content="/img/stairs.png"><meta property="og:image:alt" content="A staircase [up]">
<meta name="author" content="https://blog.example.org/ada"><link rel="canonical" href="/2026/measure-it">
<script type="application/ld+json">[{{"@type": "Organization", "name": "The Blog"}}, {{"@type": "BlogPosting",
 "headline": "Measure", "author": [{{"@type": "Person", "name": "Ada Ray"}}, {{"name": "Bo"}}]}}]</script>
<script type="application/ld+json">{{broken</script>
</head><body><nav><p>{"menu " * 900}</p></nav><h1>The Blog</h1>
<article><h1>Measure it</h1>{_TEXT}</article></body></html>"""


def _visit(lying: Lying, url: str = URL, **others: Lying) -> Clipping:
    addresses = {f"https://blog.example.org/{name.replace('_', '/')}": one for name, one in others.items()}
    return visit(Newsstand(lying={url: lying, **addresses}).fetcher(), url)


def test_a_page_that_says_everything() -> None:
    """Title without the site, canonical link, description, image with words, authors, and minutes of the text alone."""
    assert _visit(page(FULL)) == Clipping(
        title="Measure it & end it",
        link="https://blog.example.org/2026/measure-it",
        teaser='What "ending" a problem means. And how \\{{ it }} is measured.',
        image=Image(url="https://blog.example.org/img/stairs.png", alt="A staircase [up]"),
        author="Ada Ray, Bo",
        minutes=3,
    )


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>A lamp — Lamps</title><h1>A lamp</h1>", "A lamp"),
        ("<title>A lamp</title><h1>Lamps of the world</h1>", "A lamp"),
        ("<h1>A <em>lamp</em></h1>", "A lamp"),
        ("<title>Lamps: A lamp</title><meta property=og:site_name content=Lamps>", "Lamps: A lamp"),
        ("<title>Lamps » A lamp</title><meta property=og:site_name content=Lamps>", "A lamp"),
        ("<title>Lamps</title><meta property=og:site_name content=Lamps>", "Lamps"),
        ("<p>Nothing.</p>", "Measure it"),
        ("<title> </title><meta property=og:title content=' '>", "Measure it"),
    ],
)
def test_titles(head: str, title: str) -> None:
    """The title is what the page calls itself, without its site's name; the words of its address where it is silent."""
    assert _visit(page(head)).title == title


@pytest.mark.parametrize(
    ("canonical", "link"),
    [
        ("https://www.blog.example.org/a?utm_medium=x", "https://www.blog.example.org/a"),
        ("https://other.example.com/a", "https://blog.example.org/2026/measure-it.html?id=7"),
        ("http://127.0.0.1/a", "https://blog.example.org/2026/measure-it.html?id=7"),
        ("https://blog.example.org/", "https://blog.example.org/2026/measure-it.html?id=7"),
        ("javascript:alert(1)", "https://blog.example.org/2026/measure-it.html?id=7"),
        ("", "https://blog.example.org/2026/measure-it.html?id=7"),
    ],
)
def test_links(canonical: str, link: str) -> None:
    """The canonical address counts where it is a page of the same site; else the address without its trackers."""
    assert _visit(page(f'<title>A</title><link rel="canonical" href="{canonical}">')).link == link


def test_a_page_without_description() -> None:
    """The first sentences of its text stand in, and neither its menu nor its footer."""
    text = f"<title>A</title><nav><p>Menu</p></nav><main><p>It <b>begins</b> <a href='/x'>here</a>.</p>{_TEXT}</main>"
    teaser = _visit(page(f"{text}<footer><p>{'Imprint ' * 500}</p></footer>")).teaser
    assert teaser.startswith("It **begins** [here](https://blog.example.org/x).\n\nThe lamp was lit")
    assert teaser.endswith("nobody saw it.")


@pytest.mark.parametrize(
    "body",
    [
        "<!--a-->" * 50,
        f'<meta http-equiv=refresh content="{"9" * 5000}; url=/x">',
        f"""<script type="application/ld+json">{{"headline": "x", "author": {"[" * 600}"a"{"]" * 600}}}</script>""",
        f'<meta name=description content="{"&lt;!--" * 100_000}">',
        f"<title>{'*a ' * 100_000}</title>",
        "<article>" * 200 + "<p>x" * 5000,
    ],
    ids=["comments", "refresh", "authors", "description", "title", "articles"],
)
def test_an_attack_is_a_page_like_others(body: str) -> None:
    """What would keep a careless reader busy for hours, or break it, is a story with a title that fits a line."""
    clipping = _visit(
        page(f"{body}<html><body>", "application/octet-stream" if body.startswith("<!--") else "text/html")
    )
    assert 0 < len(clipping.title) <= 200


def test_a_paywall_has_a_story_all_the_same() -> None:
    """What a page shows to everyone is enough; nobody knows how long the rest takes."""
    clipping = _visit(
        page("<title>Dear</title><meta name=description content='Pay us.'><article><p>Pay.</p></article>")
    )
    assert (clipping.title, clipping.teaser, clipping.minutes) == ("Dear", "Pay us.", None)


def test_latin_text_without_a_word_of_it() -> None:
    """Neither a header nor the page says that it is ISO-8859-1, and it is read as that."""
    assert _visit(page("<title>Café Müller</title>".encode("latin-1"), "text/html")).title == "Café Müller"
    declared = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><title>Лампа</title>'
    assert _visit(page(declared.encode("cp1251"), "text/html")).title == "Лампа"


def test_redirects_of_both_kinds() -> None:
    """Those of the server and those of a page lead to the same story; a page that loads itself anew is one."""
    refresh = page("<meta http-equiv=Refresh content=\"0; URL='/second'\">")
    clipping = _visit(moved("/first"), first=refresh, second=page("<title>There</title>"))
    assert (clipping.title, clipping.link) == ("There", "https://blog.example.org/second")
    assert _visit(page("<meta http-equiv=refresh content='300; url=/x'><title>Live</title>")).title == "Live"


_REFUSED = {
    "PDF": (page(b"%PDF-1.7", "application/pdf"), "it is no web page, but application/pdf"),
    "image": (page(b"\x89PNG", "image/png"), "it is no web page, but image/png"),
    "no type": (page(b"\0\0", ""), "it is no web page, but something that does not say what it is"),
    "404": (Lying(status=404), "it answers 404 Not Found"),
    "500": (Lying(status=500), "it answers 500 Internal Server Error"),
    "private": (moved("http://inside.example.org/admin"), "it leads into a private network"),
    "file": (moved("file:///etc/passwd"), "it leads to something that is no web address"),
    "ring": (moved(URL), "it is redirected more than 5 times"),
    "private by a page": (page('<meta http-equiv=refresh content="0; url=http://localhost/">'), "leads into a private"),
    "private address": (page('<meta http-equiv=refresh content="0; url=http://10.0.0.5/">'), "leads into a private"),
    "ring of pages": (page(f'<meta http-equiv=refresh content="0;{URL}&x">'), "it answers 404"),
    "huge": (page(b"<title>x" * 700_000), "it is larger than 5 MB"),
    "bomb": (page(gzip.compress(b"<title>x" * 700_000), Content_Encoding="gzip"), "it is larger than 5 MB"),
    "not packed": (page(b"<title>x", Content_Encoding="gzip"), "it cannot be unpacked"),
    "cut": (page(gzip.compress(b"<title>x" * 9000)[:-9], Content_Encoding="gzip"), "its end is missing"),
    "packed oddly": (page(b"<title>x", Content_Encoding="br"), "it is packed as br"),
    "login": (moved("/login?next=/2026/"), "it is shown only to those who log in"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_refused(name: str, letter: Path) -> None:
    """What is no page, cannot be had or is too much is told by its address without the query; nothing is written."""
    lying, why = _REFUSED[name]
    login = page("<title>Log in</title><form><input type=password></form>")
    stand = Newsstand(lying={URL: lying, "https://blog.example.org/login?next=/2026/": login})
    newsroom = Newsroom(settings=load_settings(letter, {}))
    issue = newsroom.find("2026-11-24-hello")
    before = issue.read_bytes()
    collected = add_pages(newsroom, issue, [URL], stand.fetcher())
    (fault,) = collected.faults
    assert fault.sentence.startswith("blog.example.org/2026/measure-it.html: ")
    assert why in fault.sentence
    assert not any("utm" in line or "next=" in line for line in fault.lines())
    assert issue.read_bytes() == before


@pytest.fixture
def newsroom(letter: Path) -> Newsroom:
    """Return a newsletter with one issue."""
    return Newsroom(settings=load_settings(letter, {}))


def test_a_file_gets_sections(newsroom: Newsroom) -> None:
    """A story stands at the end, in the line ends of the file, and is read as it was meant."""
    issue = newsroom.find("2026-11-24-hello")
    issue.write_bytes(b"---\r\nsubject: Hello\r\n---\r\nHello.\r\n\r\n\r\n")
    stand = Newsstand(lying={URL: page(FULL)})
    add_pages(newsroom, issue, [URL], stand.fetcher())
    lines = issue.read_bytes().decode().split("\r\n")
    assert lines == [
        "---",
        "subject: Hello",
        "---",
        "Hello.",
        "",
        "## [Measure it & end it](https://blog.example.org/2026/measure-it)",
        "",
        "![A staircase [up]](https://blog.example.org/img/stairs.png)",
        "",
        'What "ending" a problem means. And how \\{{ it }} is measured.',
        "",
        "*Ada Ray, Bo · 3 min*",
        "",
    ]
    (story,) = newsroom.read(issue).stories
    assert story.picture
    assert (story.title, story.picture.alt) == ("Measure it & end it", "A staircase [up]")


def test_a_folder_gets_files(newsroom: Newsroom) -> None:
    """A story is a file behind the others, its facts in the front matter."""
    folder = newsroom.settings.root / "issues" / "2026-11-30-folder"
    folder.mkdir()
    (folder / "index.md").write_text("---\nsubject: Hello\n---\n", "utf-8")
    (folder / "10-lead.md").write_text("Text.\n", "utf-8")
    title = page('<title>"Signs": {{ x }} # \\ --- *</title><p>Text.</p>')
    stand = Newsstand(lying={URL: page(FULL), "https://blog.example.org/b": title})
    add_pages(newsroom, folder, [URL, "https://blog.example.org/b"], stand.fetcher())
    assert (folder / "20-measure-it-end-it.md").read_text("utf-8") == (
        '---\ntitle: "Measure it & end it"\nlink: "https://blog.example.org/2026/measure-it"\n'
        'image: "https://blog.example.org/img/stairs.png"\nimage_alt: "A staircase [up]"\n'
        'author: "Ada Ray, Bo"\nminutes: 3\n---\n'
        'What "ending" a problem means. And how \\{{ it }} is measured.\n'
    )
    _, first, second = newsroom.read(folder).stories
    assert (first.author, first.minutes) == ("Ada Ray, Bo", 3)
    assert second.title == '"Signs": {{ x }} # \\ --- *'
    assert [path.name[:3] for path in sorted(folder.glob("*.md"))] == ["10-", "20-", "30-", "ind"]


def test_a_link_is_never_added_twice(newsroom: Newsroom) -> None:
    """Neither what the issue leads to anywhere, in whatever spelling, nor the same page by two addresses."""
    issue = newsroom.find("2026-11-24-hello")
    issue.write_text("See [this](http://www.blog.example.org/2026/measure-it/#x), please.\n", "utf-8")
    new = page("<title>New</title>")
    stand = Newsstand(
        lying={URL: page(FULL), "https://blog.example.org/n": new, "https://blog.example.org/n?fbclid=1": new}
    )
    urls = [URL, "https://blog.example.org/n", "https://blog.example.org/n?fbclid=1"]
    collected = add_pages(newsroom, issue, urls, stand.fetcher())
    assert [clipping.title for clipping in collected.added] == ["New"]
    assert len(collected.known) == 2
    assert not add_pages(newsroom, issue, urls, stand.fetcher()).added


def test_front_matter_that_never_ends_gets_no_story(newsroom: Newsroom) -> None:
    """What would stand among the keys is not written."""
    issue = newsroom.find("2026-11-24-hello")
    issue.write_text("---\nsubject: Hello\n", "utf-8")
    with pytest.raises(ContentError, match="never ends"):
        add_pages(newsroom, issue, [URL], Newsstand(lying={URL: page(FULL)}).fetcher())
    assert issue.read_text("utf-8") == "---\nsubject: Hello\n"
