"""Which features of HTML and CSS a page uses."""

from __future__ import annotations

import pytest

from digest.checking.clients.usage import features_of_style, features_of_stylesheet, uses_of
from digest.checking.page import Page


def features(style: str) -> set[str]:
    """Return the names of the features of a ``style`` attribute."""
    return {feature for feature, _ in features_of_style(style)}


@pytest.mark.parametrize(
    ("style", "feature"),
    [
        ("position: absolute", "position"),
        ("DISPLAY:Flex", "display: flex"),
        ("width: calc(100% - 2px)", "calc()"),
        ("margin: 0 auto 1.5rem", "rem"),
        ("margin: -.5rem", "rem"),
        ("width: max-content", "max-content"),
        ("color: var(--ink)", "var()"),
        ("--ink: #222222", "var()"),
        ("color: red !important", "!important"),
        ("background: url(data:image/png;base64,AAAA)", "data:"),
    ],
)
def test_declarations_have_features(style: str, feature: str) -> None:
    """Properties, values, functions and units are found, however they are written."""
    assert feature in features(style)


@pytest.mark.parametrize(
    ("style", "feature"),
    [
        ("position: static", "position"),
        ("font-family: 'Trem 1rem'", "rem"),
        ("color: #1rem", "rem"),
        ("background: url(https://example.org/calc(1rem).png)", "rem"),
        ("text-align: left", "left"),
        ("display: block; display: flex", "display: flex"),
        ("color: #222222; color: var(--ink)", "var()"),
        ("background-image: linear-gradient(#000000, #111111); background-color: #000000", "linear-gradient()"),
        ("background: #000000; background-image: linear-gradient(#000000, #111111)", "linear-gradient()"),
        ("display: none; visibility: hidden", "visibility"),
    ],
)
def test_what_only_looks_like_a_feature_or_has_a_fallback_is_none(style: str, feature: str) -> None:
    """Names, addresses, values that say nothing, and those behind a plainer one do not count."""
    assert feature not in features(style)


def test_an_old_attribute_is_a_fallback_of_a_background() -> None:
    """A gradient over a bgcolor costs nobody anything."""
    page = Page('<table><tr><td bgcolor="#000000" style="background: linear-gradient(red, blue)">x</td></tr></table>')
    assert "linear-gradient()" not in {use.feature for use in uses_of(page)}


def test_stylesheets_have_features() -> None:
    """At-rules, queries and selectors are found, and what stands in a media query is for those who understand it."""
    css = """
        @import url(https://fonts.example.org/a.css);
        @media (min-width: 520px) and (prefers-color-scheme: dark) { p { position: fixed } }
        a:hover, li:nth-child(2n) b::after { color: red }
    """
    found = {feature for feature, _ in features_of_stylesheet(css)}
    assert {"@import", "@media", "@media (prefers-color-scheme)", ":hover", ":nth-child", "::after"} <= {
        feature.replace("()", "") for feature in found
    }
    assert "position" not in found


def test_half_a_stylesheet_is_read_as_far_as_it_goes() -> None:
    """Broken CSS is no failure."""
    assert not list(features_of_stylesheet("}} { @"))
    assert features("position") == set()


def test_what_outlook_alone_is_shown_is_no_use() -> None:
    """Conditional comments are for Outlook, and do not count."""
    page = Page('<p>x</p><!--[if mso]><div style="position: absolute">x</div><![endif]-->')
    assert "position" not in {use.feature for use in uses_of(page)}


def test_what_is_kept_from_outlook_is_told() -> None:
    """What stands between the conditions by which Outlook passes over it says so, and what follows does not."""
    page = Page("<div><!--[if !mso]><!--><video></video><!--<![endif]--><form></form></div>")
    spared = {use.feature: use.spares_outlook for use in uses_of(page)}
    assert (spared["<video>"], spared["<form>"]) == (True, False)


def test_kinds_of_fields_are_told_apart() -> None:
    """A field is known with its type."""
    assert '<input type="checkbox">' in {use.feature for use in uses_of(Page('<input type="CHECKBOX">'))}
