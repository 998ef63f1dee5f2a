"""What stands on the pages of the archive, and what never does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from drawn_pictures import draw
from lxml import html

from digest.archive.site import SERVED
from digest.errors import CombinedError, ContentError
from digest.links import archive_url, slugify, story_url
from digest.model import MARKER
from digest.store import Stage, open_store
from digest.web.application import ROUTES

if TYPE_CHECKING:
    from archive_stage import Lamps

URL = "https://lamps.example.org/letters"
CUT = "## A story\n\nAbove.\n\n<!-- more -->\n\nBelow, at last.\n"


def _faults(lamps: Lamps) -> list[str]:
    with pytest.raises((ContentError, CombinedError)) as caught:
        lamps.write()
    assert caught.value.exit_code == 4
    return caught.value.lines()


def test_a_page_for_an_issue_and_for_a_story(lamps: Lamps) -> None:
    """Pages lie where the mail's links lead: an issue's, and a story's that was cut and leads nowhere else."""
    lamps.issue("2026-11-10-oil.md", CUT + "\n## [Elsewhere](https://blog.example.org/x)\n\nTeaser.\n")
    written = lamps.write()
    addresses = {page.url for page in written.site.pages}
    assert {archive_url(URL, "2026-11-10-oil"), story_url(URL, "2026-11-10-oil", "a-story")} <= addresses
    pages = [path for path in lamps.files() if path.endswith("index.html")]
    assert sorted(pages) == ["2026-11-10-oil/a-story/index.html", "2026-11-10-oil/index.html", "index.html"]


def test_what_leads_nowhere_else_is_whole(lamps: Lamps) -> None:
    """On an issue's page a cut story is shown to its end; one that goes on elsewhere keeps its teaser and its link."""
    lamps.issue(
        "2026-11-10-oil.md", CUT + "\n## [Elsewhere](https://blog.example.org/x)\n\nTeaser.\n\n<!-- more -->\n\nRest.\n"
    )
    lamps.write()
    page = html.fromstring(lamps.page("2026-11-10-oil"))
    assert "Below, at last." in page.text_content()
    assert "Rest." not in page.text_content()
    assert page.xpath("//a[@aria-label='Read more: Elsewhere (blog.example.org)']/@href") == [
        "https://blog.example.org/x"
    ]
    story = html.fromstring(lamps.page("2026-11-10-oil/a-story"))
    assert story.xpath("string(//h1)") == "A story"
    assert "Below, at last." in story.text_content()


PERSONAL = """
Hello {{ first_name or "there" }} in {{ town }}, dear {{ first_name }}. <b title="{{ name or 'x' }}">y</b>

[Join](<https://circle.example.org/?from={{ town }}&who={{ email }}>) us.

"""


def test_no_field_of_a_reader(lamps: Lamps) -> None:
    """Fallbacks stand where values would; without one a word of the wording does, and in an address nothing."""
    lamps.issue("2026-11-10-oil.md", PERSONAL + CUT, preheader='For {{ first_name or "you" }}', subject='"{{ town }}"')
    written = lamps.write()
    page = lamps.page("2026-11-10-oil")
    assert "Hello there in your town, dear reader. " in page
    assert '<b title="x">' in page
    assert 'href="https://circle.example.org/?from=your%20town&amp;who="' in page
    assert '<meta name="description" content="For you">' in page
    for path, content in lamps.files().items():
        assert not MARKER.search(content.decode("utf-8", "replace")), path
        assert b"zinsert" not in content
        assert b"unsubscribe" not in content
    assert written.blanks == {f"{URL}/2026-11-10-oil/": ["email", "first_name"]}


HOSTILE = """
<script>alert(1)</script><img src="https://x.example.org/a.png" onerror="alert(1)" alt="">

<a href="javascript:alert(1)" onclick="alert(1)">a</a> <a href="JaVa&#115;cript:alert(1)">b</a>

<iframe src="https://x.example.org"></iframe><form action="/x"><input name="y"></form><base href="https://x.example.org">

<svg><script>alert(1)</script></svg><style>body { display: none }</style><meta http-equiv="refresh" content="0">

<details open><summary>More</summary>Kept</details>

[c](data:text/html,x) [d](vbscript:x)
"""


def test_nothing_runs(lamps: Lamps) -> None:
    """Of raw HTML nothing is left that runs, sends or redirects; titles with quotes and tags stay text."""
    lamps.issue("2026-11-10-oil.md", HOSTILE, subject="""'"><script>alert("x")</script>'""", preheader="""'"><b>'""")
    lamps.write()
    for path in ("2026-11-10-oil", ""):
        page = html.fromstring(lamps.page(path))
        assert not page.xpath("//script | //iframe | //form | //input | //base | //svg | //body//style | //body//meta")
        assert not page.xpath("//@*[starts-with(name(), 'on')]")
        assert not [url for url in page.xpath("//@href | //@src") if re.match("(?i)(java|vb)script:|data:", url)]
    page = html.fromstring(lamps.page("2026-11-10-oil"))
    assert page.xpath("string(//h1)") == """"><script>alert("x")</script>"""
    assert page.xpath("//details[@open]/summary")


def test_the_head(lamps: Lamps) -> None:
    """Each page says whose it is, where it stands, and how others shall show it; none asks for a script."""
    (lamps.root / "issues").mkdir()
    (lamps.root / "issues" / "lamp.png").write_bytes(draw("lamp.png 1600x900 gold/black")[1])
    body = "## [A lamp](https://blog.example.org/x)\n\n![A lit lamp](lamp.png)\n\nText.\n"
    lamps.issue("2026-11-10-oil.md", body, subject="Oil & wicks", preheader="Of light")
    lamps.write()
    page = html.fromstring(lamps.page("2026-11-10-oil"))
    names = {meta.get("property") or meta.get("name"): meta.get("content") for meta in page.xpath("//meta")}
    assert names["og:title"] == "Oil & wicks"
    assert names["og:url"] == f"{URL}/2026-11-10-oil/" == page.xpath("string(//link[@rel='canonical']/@href)")
    assert names["description"] == names["og:description"] == "Of light"
    assert names["og:image"].startswith(f"{URL}/images/lamp-")
    assert names["og:image"].removeprefix(f"{URL}/") in lamps.files()
    assert (names["og:image:alt"], names["twitter:card"]) == ("A lit lamp", "summary_large_image")
    assert page.xpath("//link[@rel='alternate']/@href") == ["../feed.xml", "../rss.xml"]
    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert "robots" not in names
    assert not page.xpath("//script")
    policy = page.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)")
    assert policy.startswith("default-src 'none'; img-src 'self' https:;")
    assert all(image.get("width") and image.get("height") for image in page.xpath("//img"))


def test_a_logo_from_elsewhere(lamps: Lamps) -> None:
    """Its size is not known, so the looks say how wide it is at most."""
    lamps.settings('[theme]\nlogo = "https://pictures.example.org/logo.png"\nlogo_width = 144')
    lamps.write()
    assert '<img src="https://pictures.example.org/logo.png" alt="Lamps &amp; Lanterns"' in lamps.page()
    assert ".name img { display: block; max-width: min(100%, 144px);" in lamps.page()


def test_a_link_to_subscribe_where_one_can(lamps: Lamps) -> None:
    """It is there where [web] says where, and nowhere else."""
    lamps.issue("2026-11-10-oil.md")
    lamps.write()
    assert not any(b"Subscribe" in content for content in lamps.files().values())
    lamps.settings('[web]\nurl = "https://in.example.org"')
    lamps.write()
    for path in ("", "2026-11-10-oil"):
        assert 'href="https://in.example.org/subscribe"' in lamps.page(path)


def test_drafts_stay_out(lamps: Lamps) -> None:
    """A draft has no page, and may be as unfinished as it likes."""
    lamps.issue("2026-11-10-oil.md")
    lamps.issue("2026-11-11-wick.md", "{{ nonsense", status="draft")
    lamps.write()
    assert not any("wick" in path or b"wick" in content for path, content in lamps.files().items())


def test_what_waits_is_listed_nowhere(lamps: Lamps) -> None:
    """An issue whose time has not come has its pages, so that links work when the mail lands; nothing tells of it."""
    lamps.issue("2026-11-10-oil.md")
    lamps.issue("wick.md", CUT, send_at="2026-11-24 09:00")
    lamps.issue("2026-12-01-snuffer.md")
    written = lamps.write()
    assert [waiting.issue.slug for waiting in written.waiting] == ["2026-12-01-snuffer", "wick"]
    for path in ("wick", "wick/a-story", "2026-12-01-snuffer"):
        assert '<meta name="robots" content="noindex">' in lamps.page(path)
    telling = [path for path, text in lamps.files().items() if b"wick" in text or b"snuffer" in text]
    assert sorted(telling) == ["2026-12-01-snuffer/index.html", "wick/a-story/index.html", "wick/index.html"]
    lamps.write(now=datetime(2026, 11, 24, 9, tzinfo=UTC))
    assert "noindex" not in lamps.page("wick")
    assert {path for path, text in lamps.files().items() if b"/wick/" in text} >= {
        "index.html",
        "feed.xml",
        "sitemap.xml",
    }


def test_what_has_begun_to_leave_is_out(lamps: Lamps) -> None:
    """What the ledger has begun is public, whatever its front matter says; a store that is not there is not made."""
    lamps.issue("oil.md", status="draft")
    lamps.write()
    assert not (lamps.root / "list.db").exists()
    assert "oil/index.html" not in lamps.files()
    with open_store(f"sqlite:///{lamps.root}/list.db") as store:
        begun = datetime(2026, 11, 20, 9, tzinfo=UTC)
        handed = store.handovers.begin("oil", provider="buttondown", now=begun)
        lamps.write()
        assert "oil/index.html" not in lamps.files()
        store.handovers.keep(replace(handed, stage=Stage.SENT), now=begun)
    lamps.write()
    assert "20 November 2026" in lamps.page("oil")
    assert "./oil/" in lamps.page()


def test_issues_by_year(lamps: Lamps) -> None:
    """The index has the newest first, under its year; what has no date comes last."""
    for name in ("2025-12-30-oil", "2026-01-06-wick", "2026-11-10-match", "undated"):
        lamps.issue(f"{name}.md", number="1" if name == "undated" else "")
    lamps.write()
    page = html.fromstring(lamps.page())
    assert page.xpath("//h2/text()") == ["2026", "2025", "Without a date"]
    links = page.xpath("//main//a/@href")
    assert links == ["./2026-11-10-match/", "./2026-01-06-wick/", "./2025-12-30-oil/", "./undated/"]
    match, wick = (html.fromstring(lamps.page(name)) for name in ("2026-11-10-match", "2026-01-06-wick"))
    assert match.xpath("//a[@rel]/@href") == ["../2026-01-06-wick/"]
    assert wick.xpath("//a[@rel]/@href") == ["../2025-12-30-oil/", "../2026-11-10-match/"]


def test_an_archive_without_issues(lamps: Lamps) -> None:
    """The archive of a newsletter that begins says so."""
    lamps.write()
    assert "The first issue is still being written." in lamps.page()


def test_a_slug_in_another_script(lamps: Lamps) -> None:
    """A folder has the letters of the slug; links have them in percent signs, as the mail's have."""
    lamps.issue("2026-11-10-灯台.md", CUT)
    lamps.write()
    assert "2026-11-10-灯台/a-story/index.html" in lamps.files()
    assert "./2026-11-10-%E7%81%AF%E5%8F%B0/" in lamps.page()
    assert f'"{URL}/2026-11-10-%E7%81%AF%E5%8F%B0/"' in lamps.page("2026-11-10-灯台")


def test_former_names_lead_on(lamps: Lamps) -> None:
    """Where a page was, another one leads to where it is, be it an issue's or a story's."""
    lamps.issue("2026-11-10-oil/index.md", formerly="Old Oil, oldest/gone")
    lamps.issue("2026-11-10-oil/10-a.md", "# A story\n\nAbove.\n\n<!-- more -->\n\nBelow.", formerly="first-name")
    (lamps.root / "issues/2026-11-10-oil/10-a.md").write_text(
        "---\nformerly: first-name\n---\n# A story\n\nAbove.\n\n<!-- more -->\n\nBelow.", encoding="utf-8"
    )
    lamps.write()
    wanted = {
        "old-oil": ("../2026-11-10-oil/", "2026-11-10-oil/"),
        "oldest/gone": ("../../2026-11-10-oil/", "2026-11-10-oil/"),
        "old-oil/a-story": ("../../2026-11-10-oil/a-story/", "2026-11-10-oil/a-story/"),
        "old-oil/first-name": ("../../2026-11-10-oil/a-story/", "2026-11-10-oil/a-story/"),
        "2026-11-10-oil/first-name": ("../../2026-11-10-oil/a-story/", "2026-11-10-oil/a-story/"),
    }
    for path, (address, target) in wanted.items():
        page = html.fromstring(lamps.page(path))
        assert page.xpath("string(//meta[@http-equiv='refresh']/@content)") == f"0; url={address}"
        assert page.xpath("string(//a/@href)") == address
        assert page.xpath("string(//link[@rel='canonical']/@href)") == f"{URL}/{target}"
        assert page.xpath("string(//meta[@name='robots']/@content)") == "noindex"
    assert b"old-oil" not in lamps.files()["sitemap.xml"]


@pytest.mark.parametrize("key", ["slug", "formerly"])
@pytest.mark.parametrize("word", ["subscribe", "healthz", "images", "assets"])
def test_names_of_other_things(lamps: Lamps, word: str, key: str) -> None:
    """No issue is or was called what `digest serve` answers, nor what folders of the archive are called."""
    lamps.settings(f'[assets]\nurl = "{URL}/assets"')
    lamps.issue("2026-11-10-oil.md", **{key: word})
    assert _faults(lamps)[0] == (
        f'issues/2026-11-10-oil.md: an issue cannot be called "{word}", which is an address of something else'
    )


def test_every_address_of_the_server_is_reserved() -> None:
    """What `digest serve` answers, no issue can hide."""
    names = {route.path.split("/")[1] for route in ROUTES}
    assert {name for name in names if slugify(name) == name} <= SERVED


def test_two_pages_at_one_address(lamps: Lamps) -> None:
    """Neither two issues of one slug nor a former name that is in use: the second would hide the first."""
    lamps.issue("2026-11-10-oil.md")
    lamps.issue("2026-11-11-wick.md", slug="2026-11-10-oil")
    assert "two pages of the archive have the address 2026-11-10-oil/" in _faults(lamps)[0]
    lamps.issue("2026-11-11-wick.md", formerly="2026-11-10-oil")
    assert "two pages of the archive have the address 2026-11-10-oil/" in _faults(lamps)[0]


def test_two_issues_of_one_former_name(lamps: Lamps) -> None:
    """Both cannot be led to from there, and one of them is named."""
    lamps.issue("2026-11-10-oil.md", formerly="lamp")
    lamps.issue("2026-11-11-wick.md", formerly="lamp")
    assert _faults(lamps)[0] == "issues/2026-11-10-oil.md: two pages of the archive have the address lamp/"


def test_a_fault_names_its_issue_and_a_templates_comes_once(lamps: Lamps) -> None:
    """What is found in the finished page tells whose it is, and a mistake in a template is no fault of each issue."""
    lamps.issue("2026-11-10-oil.md", '<a href="{{ town }}">x</a>')
    assert _faults(lamps)[0] == "issues/2026-11-10-oil.md: a field of the reader cannot be a whole address"
    own = lamps.root / "templates" / "pages" / "issue.html"
    own.parent.mkdir(parents=True)
    own.write_text("{{ nope }}", encoding="utf-8")
    lamps.issue("2026-11-11-wick.md")
    assert [line for line in _faults(lamps) if "nope" in line] == ["templates/pages/issue.html:1: 'nope' is undefined"]


@pytest.mark.parametrize(
    "address",
    [f"{URL}/2026-11-09-oil/", "../2026-11-09-oil/", f"{URL}/2026-11-10-oil/a-stori/", "#nowhere", f"{URL}/x.pdf"],
)
def test_links_that_lead_nowhere(lamps: Lamps, address: str) -> None:
    """A link into the archive leads to something that is there, or is named at its line, and nothing is written."""
    lamps.issue("2026-11-10-oil.md", f"Hello.\n\nSee [this]({address}).\n\n{CUT}")
    assert _faults(lamps)[0] == f"issues/2026-11-10-oil.md:6: nothing in the archive is at {address}"
    assert not (lamps.root / ".digest/site").exists()


def test_links_that_lead_somewhere(lamps: Lamps) -> None:
    """Other issues, stories, parts, feeds, pages of `digest serve` and files that somebody put there are found."""
    site = lamps.root / ".digest/site"
    site.mkdir(parents=True)
    (site / "x.pdf").write_bytes(b"%PDF")
    addresses = ("2026-11-10-oil/", "2026-11-10-oil/a-story/", "2026-11-10-oil/#a-story", "", "feed.xml", "subscribe")
    links = "".join(f"[l]({URL}/{address})\n" for address in (*addresses, "x.pdf"))
    lamps.issue("2026-11-10-oil.md", f"{links}[r](../2026-11-10-oil/) [o](https://lamps.example.org/)\n\n{CUT}")
    lamps.write()
    assert f'href="{URL}/x.pdf"' in lamps.page("2026-11-10-oil")


def test_addresses_that_cannot_be_read(lamps: Lamps) -> None:
    """What is no address, or a list of images that ends with a comma, is left as it is."""
    image = '<img src="https://x.example.org/a.png" srcset="https://x.example.org/a.png 1x," alt="">'
    lamps.issue("2026-11-10-oil.md", f'{image}\n\n<a href="//[x">a</a>\n')
    lamps.write()
    assert 'href="//[x"' in lamps.page("2026-11-10-oil")


def test_images_that_mail_shows_from_here(lamps: Lamps) -> None:
    """Where [assets] lies in the archive, its files are written there too, under the names that mails have."""
    lamps.settings(f'[assets]\nurl = "{URL}/assets"')
    (lamps.root / "issues").mkdir()
    (lamps.root / "issues" / "lamp.png").write_bytes(draw("lamp.png 300x200 gold/black")[1])
    lamps.issue("2026-11-10-oil.md", "![A lamp](lamp.png)\n")
    lamps.write()
    assert "assets/2026-11-10-oil/lamp.png" in lamps.files()


def test_feeds_have_the_newest(lamps: Lamps) -> None:
    """Feeds bring the whole of the newest issues, with links and pictures that work anywhere."""
    day = datetime(2026, 11, 20, tzinfo=UTC)
    for number in range(22):
        lamps.issue(f"{day - timedelta(days=number):%Y-%m-%d}-lamp.md", CUT)
    lamps.write()
    feed = lamps.files()["feed.xml"].decode()
    assert feed.count("<entry>") == 20
    assert "2026-11-20-lamp" in feed
    assert "2026-10-31-lamp" not in feed
    assert "Below, at last." in feed
    assert f"{URL}/2026-11-20-lamp/a-story/" in feed


def test_a_template_of_its_own(lamps: Lamps) -> None:
    """The editor replaces one template and the others stay; a mistake in it is told at its line."""
    own = lamps.root / "templates" / "pages" / "missing.html"
    own.parent.mkdir(parents=True)
    own.write_text('{% extends "page.html" %}\n{% block main %}<h1>Dark here</h1>{% endblock %}', encoding="utf-8")
    lamps.write()
    assert b"<h1>Dark here</h1>" in lamps.files()["404.html"]
    own.write_text('{% extends "page.html" %}\n{% block main %}{{ reader.email }}{% endblock %}', encoding="utf-8")
    assert _faults(lamps)[0].startswith("templates/pages/missing.html:2: ")
