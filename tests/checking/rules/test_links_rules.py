"""Rules about where links lead: cases beyond their examples in the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import find

from digest.model import Severity

if TYPE_CHECKING:
    from pathlib import Path

REAL = (
    '[newsletter]\nname = "The Lamplighter"\nfrom = "editor@lamplighter.de"\nurl = "https://lamplighter.de"\n'
    'postal_address = "3 Wick Lane"\n'
)


def _link(url: str, text: str = "the map") -> str:
    return f'<a href="{url}">{text}</a>'


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (_link(""), "is empty"),
        (_link(" "), "is empty"),
        (_link("#"), "its address is #"),
        (_link("#!"), "its address is #!"),
        ("<a>the map</a>", "has no address"),
        (_link("javascript:void(0)"), "do not open"),
        (_link("JavaScript:alert(1)"), "do not open"),
        (_link("file:///home/ada/map.html"), "do not open"),
        (_link("data:text/html,x"), "do not open"),
        (_link("obsidian://open?vault=lamps"), "do not open"),
        (_link("map.html"), "not whole"),
        (_link("/map"), "not whole"),
        (_link("../map"), "not whole"),
        (_link("www.example.org/map"), "not whole"),
        (_link("//example.org/map"), "not whole"),
        (_link("blog.example.org:8000/map"), "not whole"),
        (_link(r"C:\\lamps\\map.html"), "not whole"),
        (_link("https:example.org"), "cannot be read"),
        (_link("https:///map"), "cannot be read"),
        (_link("https://"), "cannot be read"),
        (_link("https://[::1"), "not whole"),
        (_link("https://exa mple.org/"), "cannot be read"),
        (_link("https://-lamps-.org/"), "cannot be read"),
        (_link("https://example.org:port/"), "not whole"),
        (_link("https://example.org/the map"), "space"),
        (_link("mailto:"), "nobody"),
        (_link("mailto:editor"), "nobody"),
        (_link("mailto:editor@@lamps.example"), "nobody"),
        (_link("mailto:editor@lamps,example"), "nobody"),
        (_link("tel:"), "nobody"),
        ('<img src="map.png" alt="Map">', "not whole"),
        ('<img src="" alt="Map">', "is empty"),
        ('<img src="file:///map.png" alt="Map">', "do not open"),
        ('<img src="cid:nobody@example.org" alt="Map">', "does not travel"),
        ('<td background="paper.png">x</td>', "not whole"),
        ('<p style="background: url(paper.png)">x</p>', "not whole"),
    ],
)
def test_addresses_that_cannot_be_used(html: str, said: str, tmp_path: Path) -> None:
    """What leads nowhere, is not whole, or is no web address, is told once, and why."""
    (remark,) = find("link-unusable", tmp_path, html=html)
    assert said in remark.sentence
    assert remark.severity is None


@pytest.mark.parametrize(
    "html",
    [
        _link("https://example.org"),
        _link("HTTPS://Example.ORG/"),
        _link(" https://example.org/ "),
        _link("https://example.org:8443/a?b=c&amp;d=e#f"),
        _link("https://bücher.example/"),
        _link("https://xn--bcher-kva.example/"),
        _link("https://[2001:db8::1]/map"),
        _link("https://192.0.2.1/"),
        _link("https://a_b.example.org/"),
        _link("mailto:editor@example.org?subject=Lamps"),
        _link("mailto:?body=https://example.org"),
        _link("mailto:ada%40lamps.example,%20bea@lamps.example?subject=Nine%20lamps"),
        _link("tel:+49301234"),
        _link("sms:+49301234"),
        _link("webcal://example.org/lamps.ics"),
        '<a id="top"></a><a name="notes">Notes</a>' + _link("#top") + _link("#notes"),
        "<a></a>",
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">',
        '<img src="https://cdn.example.org/a.png" alt="">',
    ],
)
def test_addresses_that_can_be_used(html: str, tmp_path: Path) -> None:
    """Web addresses of all kinds, mail and telephone, jumps with a target, and places to jump to are fine."""
    assert not find("link-unusable", tmp_path, html=html)


def test_a_jump_without_a_target_is_a_warning(tmp_path: Path) -> None:
    """It does nothing, and does no harm."""
    (remark,) = find("link-unusable", tmp_path, markdown="[the notes](#notes)")
    assert remark.severity is Severity.WARNING


def test_the_scheme_that_is_missing_is_offered(tmp_path: Path) -> None:
    """For an address that begins with www, the fix is the address."""
    (remark,) = find("link-unusable", tmp_path, markdown="[the map](www.lamps.example/map)")
    assert remark.fix == "Write https://www.lamps.example/map"
    assert remark.needle == "www.lamps.example/map"


LOCAL = [
    "http://localhost:8000/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://app.localhost/",
    "https://wiki/",
    "http://printer.local/",
    "http://build.internal/",
    "http://nas.home.arpa/",
    "http://127.0.0.1:1313/",
    "http://10.1.2.3/",
    "http://192.168.0.12/",
    "http://169.254.169.254/",
    "http://100.64.0.1/",
    "http://0.0.0.0:8000/",
    "http://127.1/",
    "http://2130706433/",
    "http://[::1]:8000/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[::ffff:10.0.0.1]/",
    "https://lamps.test/",
    "https://1a2b-3c.ngrok-free.app/",
    "https://nine-lamps.trycloudflare.com/",
]


@pytest.mark.parametrize("url", LOCAL)
def test_machines_out_of_reach(url: str, tmp_path: Path) -> None:
    """Names and numbers of one's own machine and network are errors, in links and in images, by whatever spelling."""
    html = _link(url) + f'<img src="{url}a.png" alt="">'
    found = find("link-localhost", tmp_path, toml=REAL, html=html)
    assert [remark.severity for remark in found] == [None, None]


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost.example.org/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://local.de/",
        "https://ngrok.com/",
        "tel:127",
    ],
)
def test_machines_within_reach(url: str, tmp_path: Path) -> None:
    """What only sounds like it is reached by everyone."""
    assert not find("link-localhost", tmp_path, html=_link(url))


def test_an_address_to_be_typed(tmp_path: Path) -> None:
    """An article may say where a program answers: shown as it is, that is a warning, and in code nothing at all."""
    (remark,) = find("link-localhost", tmp_path, markdown="Open http://localhost:8000/ and look.")
    assert remark.severity is Severity.WARNING
    assert not find("link-localhost", tmp_path / "code", markdown="Open `http://localhost:8000/` and look.")


def test_a_local_address_in_the_text_part_alone(tmp_path: Path) -> None:
    """Readers of the text part have no better luck."""
    (remark,) = find("link-localhost", tmp_path, text="The map: http://localhost:8000/map.\n")
    assert "an address in the text part" in remark.sentence
    assert remark.needle == "http://localhost:8000/map"


def test_a_trial_newsletter_leads_to_itself(tmp_path: Path) -> None:
    """Where the newsletter itself stands at a name for tests, so may its links."""
    settings = REAL.replace("lamplighter.de", "lamplighter.test")
    assert not find("link-localhost", tmp_path, toml=settings, html=_link("https://lamplighter.test/a/"))


def test_addresses_in_the_clear(tmp_path: Path) -> None:
    """Links, pictures and backgrounds count, each address once; namespaces and one's own machine do not."""
    html = (
        _link("HTTP://blog.example.org/a") * 2
        + '<img src="http://cdn.example.org/a.png" alt="A lamp">'
        + '<p style="background-image: url(http://cdn.example.org/b.png)">x</p>'
        + '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
        + _link("http://localhost/")
    )
    sentences = [remark.sentence for remark in find("link-insecure", tmp_path, html=html)]
    assert [sentence.rpartition(" ")[2] for sentence in sentences] == [
        "HTTP://blog.example.org/a",
        "http://cdn.example.org/a.png",
        "http://cdn.example.org/b.png",
    ]


@pytest.mark.parametrize(
    ("text", "url", "severity"),
    [
        ("https://bank.example/", "https://bank.example.evil.com/", None),
        ("www.bank.de", "https://evil.de/", None),
        ("http://bank.de/sign-in", "https://evil.de/", None),
        ("bank.de", "https://evil.de/", Severity.WARNING),
        ("ada.github.io", "https://eve.github.io/", Severity.WARNING),
        ("bank.co.uk", "https://evil.co.uk/", Severity.WARNING),
    ],
)
def test_links_that_say_one_site_and_lead_to_another(
    text: str, url: str, severity: Severity | None, tmp_path: Path
) -> None:
    """What is surely an address is an error; a bare name, which may be a brand's, a warning."""
    (remark,) = find("link-text-mismatch", tmp_path, html=_link(url, text))
    assert remark.severity is severity


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org", "https://www.example.org/?utm_source=letter"),
        ("blog.bbc.co.uk", "https://www.bbc.co.uk/blog"),
        ("EXAMPLE.org", "https://example.org/"),
        ("bücher.de", "https://www.xn--bcher-kva.de/"),
        ("Node.js", "https://de.wikipedia.org/wiki/Node.js"),
        ("ASP.NET", "https://learn.microsoft.com/aspnet"),
        ("setup.py", "https://github.com/lamps"),
        ("Booking.com", "https://en.wikipedia.org/wiki/Booking.com"),
        ("1.5", "https://example.org/"),
        ("v2.0.1", "https://example.org/"),
        ("ada@bank.de", "https://evil.de/"),
        ("bank.de is down", "https://evil.de/"),
        ("editor@example.org", "mailto:editor@example.org"),
        ("https://example.org", "#top"),
    ],
)
def test_links_that_lead_where_they_say(text: str, url: str, tmp_path: Path) -> None:
    """One site in any spelling, names of files, products and brands, and words are no deceit."""
    assert not find("link-text-mismatch", tmp_path, html=_link(url, text))


def test_shorteners(tmp_path: Path) -> None:
    """Their subdomains count, in any case of letters, and what only ends alike does not."""
    html = (
        _link("https://BIT.ly/1")
        + _link("https://lamps.short.gy/2")
        + _link("https://rabbit.ly/3")
        + _link("https://t.co/4")
    )
    hosts = [remark.sentence.rpartition(" ")[2] for remark in find("link-shortener", tmp_path, html=html)]
    assert hosts == ["bit.ly", "lamps.short.gy", "t.co"]
    wrapped = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Flamps.example"
    assert find("link-shortener", tmp_path / "wrapped", html=_link(wrapped))
    assert find("link-shortener", tmp_path / "search", html=_link("https://www.google.com/url?q=https://lamps.example"))
    assert not find("link-shortener", tmp_path / "maps", html=_link("https://www.google.com/maps/url"))
    assert find("link-shortener", tmp_path / "text", text="The map: https://bit.ly/9lamps\n")
