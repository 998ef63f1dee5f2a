"""The addresses of a message."""

from __future__ import annotations

import pytest

from digest.checking.addresses import host_of, references, shortened, site_of
from digest.checking.page import Page


def test_addresses_of_both_parts() -> None:
    """Those of the page come first; the text part adds what it alone has, without what ends a sentence."""
    page = Page('<p><a href=" https://a.example/?b=1&amp;c=2 ">A</a> <img src="https://b.example/i.png" alt="B"></p>')
    text = "A [1], and see https://c.example/x.\n\n[1] https://a.example/?b=1&c=2\n(https://d.example/y)\n"
    found = references(page, text)
    assert [reference.url for reference in found] == [
        "https://a.example/?b=1&c=2",
        "https://b.example/i.png",
        "https://c.example/x",
        "https://d.example/y",
    ]
    assert [reference.called for reference in found[:3]] == [
        'the link "A"',
        'the image "B"',
        "an address in the text part",
    ]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://EXAMPLE.org./a", "example.org"),
        ("https://ada:secret@example.org:8000/", "example.org"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://[2001:DB8::1]/", "2001:db8::1"),
        ("mailto:ada@example.org", ""),
        ("https://[", ""),
        ("map.html", ""),
    ],
)
def test_host(url: str, host: str) -> None:
    """It is written as name servers know it; what cannot be read has none."""
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("host", "site"),
    [("blog.example.co.uk", "example.co.uk"), ("ada.github.io", "ada.github.io"), ("localhost", "localhost"), ("", "")],
)
def test_site(host: str, site: str) -> None:
    """It is what somebody registered under a public suffix."""
    assert site_of(host) == site


def test_shortened() -> None:
    """What stands behind a question mark may be anybody's, and what is long is cut."""
    assert shortened("https://example.org/a?who=ada") == "https://example.org/a?…"
    assert shortened("Why lamps?\n Why now?") == "Why lamps? Why now?"
    assert shortened("x" * 200) == "x" * 80 + "…"
