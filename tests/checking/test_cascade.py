"""The cascade: which declaration counts, what is inherited, what is hidden, on which screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.checking.css.media import PHONE, Scheme
from digest.checking.page import Page

if TYPE_CHECKING:
    from digest.checking.css.style import Style


def style(html: str, scheme: Scheme = Scheme.LIGHT, width: int = 640) -> Style:
    """Return the style of the element that is marked by ``id=x``."""
    page = Page(html)
    return page.style(page.root.get_element_by_id("x"), scheme, width)


@pytest.mark.parametrize(
    ("html", "colour"),
    [
        ("<style>p {color:red} .a {color:green} p {color:blue}</style><p id=x class=a>", "#008000"),
        ("<style>p {color:red} p {color:blue}</style><p id=x>", "#0000ff"),
        ("<style>p {color:red!important}</style><p id=x style='color:blue'>", "#ff0000"),
        ("<style>#x {color:red!important}</style><p id=x style='color:blue!important'>", "#0000ff"),
        ("<style>a:hover, [data-ogsc] p, u + .a p, p::before {color:red}</style><p id=x>", "#000000"),
        ("<style>td > p:first-child {color:red} }}} p {</style><table><td><p id=x>", "#ff0000"),
        ("<style>@media print {p {color:red}} @supports (display:grid) {p {color:red}}</style><p id=x>", "#000000"),
        ("<style media='print'>p {color:red}</style><p id=x>", "#000000"),
        ("<style>p {color:red;color:no-colour;color:var(--x)}</style><p id=x>", "#ff0000"),
        ("<div style='color:red'><a href='y'><i id=x>", "#0000ee"),
        ("<div style='color:red'><a href='y' style='color:inherit' id=x>", "#ff0000"),
        ("<div style='color:red'><a id=x>", "#ff0000"),
        ("<body text='008000'><font color='red'><b id=x>", "#ff0000"),
        ("<style>font {color:blue}</style><font color='red' id=x>", "#0000ff"),
        ("<p style='COLOR: RED' id=x>", "#ff0000"),
        ("<div style='color:red'><p style='color:initial' id=x>", "#000000"),
    ],
)
def test_the_colour_that_counts(html: str, colour: str) -> None:
    """Origin, importance, specificity and order decide, as in a browser; what cannot be read is passed over."""
    assert str(style(html).color) == colour


@pytest.mark.parametrize(
    ("html", "colour"),
    [
        ("<td id=x style='background:#123 url(a.png) no-repeat 50% 0 / cover'>", "#112233"),
        ("<p id=x style='background:#111; background-color:#222'>", "#222222"),
        ("<p id=x style='background-color:#111; background:none'>", "#ffffff"),
        ("<p id=x style='background-color:#111; background:no such thing'>", "#111111"),
        ("<table bgcolor='ffcc00'><td id=x>", "#ffcc00"),
        ("<div style='background:#000'><p id=x style='background:rgba(255,255,255,.5)'>", "#808080"),
        ("<div style='background:#000'><p id=x style='background:transparent'>", "#000000"),
        ("<div bgcolor='#000'><p id=x>", "#ffffff"),
        ("<mark id=x>", "#ffff00"),
        ("<p id=x style='color:#369; background:currentcolor'>", "#336699"),
    ],
)
def test_what_lies_behind(html: str, colour: str) -> None:
    """The shorthand says the colour, too; what is translucent is mixed with what lies below it."""
    assert str(style(html).background) == colour


@pytest.mark.parametrize(
    ("html", "size"),
    [
        ("<h1 id=x>", 32),
        ("<div style='font-size:20px'><h2 id=x>", 30),
        ("<div style='font-size:20px'><p id=x style='font-size:.8em'>", 16),
        ("<div style='font-size:20px'><p id=x style='font-size:150%'>", 30),
        ("<div style='font-size:20px'><p id=x style='font-size:2rem'>", 32),
        ("<p id=x style='font-size:12pt'>", 16),
        ("<p id=x style='font-size:x-large'>", 24),
        ("<p id=x style='font:italic bold 14px/1.5 Arial, sans-serif'>", 14),
        ("<p id=x style='font:14px'>", 16),
        ("<p id=x style='font-size:14'>", 16),
        ("<font size=5 id=x>", 24),
        ("<font size='-1' id=x>", 13),
        ("<div style='font-size:30px'><p id=x style='font-size:inherit'>", 30),
        ("<div style='font-size:30px'><small id=x>", 25),
    ],
)
def test_the_size_of_letters(html: str, size: float) -> None:
    """Sizes are relative to those around, as the unit says; a size that CSS does not know changes nothing."""
    assert style(html).font_size == pytest.approx(size)


def test_what_the_font_shorthand_says() -> None:
    """It says weight and line height, too, and sets back what it leaves out."""
    bold = style("<p id=x style='font:bold 14px/1.5 Arial'>")
    assert (bold.font_weight, bold.line_height) == (700, 1.5)
    plain = style("<b style='line-height:2'><p id=x style='font:14px Arial'>")
    assert (plain.font_weight, plain.line_height) == (400, None)


def test_how_the_height_of_lines_is_inherited() -> None:
    """A factor is handed down as it is, a height in pixels or per cent as so many pixels."""
    assert style("<div style='line-height:1.5;font-size:20px'><p id=x style='font-size:10px'>").line_height == 1.5
    assert style("<div style='line-height:150%;font-size:20px'><p id=x style='font-size:10px'>").line_height == 3


@pytest.mark.parametrize(
    ("html", "weight"),
    [
        ("<b id=x>", 700),
        ("<b><b id=x>", 900),
        ("<h1><strong id=x>", 900),
        ("<div style='font-weight:300'><p id=x style='font-weight:bolder'>", 400),
        ("<b><i id=x style='font-weight:lighter'>", 400),
        ("<b><i id=x style='font-weight:normal'>", 400),
    ],
)
def test_how_bold_it_is(html: str, weight: int) -> None:
    """Relative weights go by what is around."""
    assert style(html).font_weight == weight


@pytest.mark.parametrize(
    "html",
    [
        "<div style='display:none'><p id=x>",
        "<div hidden><p id=x>",
        "<div style='opacity:0'><p id=x>",
        "<div style='max-height:0;overflow:hidden'><p id=x>",
        "<div style='visibility:hidden'><p id=x>",
        "<div style='font-size:1px'><p id=x>",
        "<style>@media (max-width:700px) {p {display:none!important}}</style><p id=x style='display:block'>",
    ],
)
def test_what_is_hidden(html: str) -> None:
    """Text is hidden in every way in which emails hide it."""
    assert style(html).hidden


@pytest.mark.parametrize(
    "html",
    [
        "<div style='visibility:hidden'><p id=x style='visibility:visible'>",
        "<div hidden style='display:block'><p id=x>",
        "<div style='font-size:0'><p id=x style='font-size:14px'>",
        "<div style='max-height:0'><p id=x>",
        "<style>@media (max-width:400px) {p {display:none}}</style><p id=x>",
    ],
)
def test_what_is_not_hidden(html: str) -> None:
    """What is shown again inside something hidden, or only hidden elsewhere, can be seen."""
    assert not style(html).hidden


def test_opacity_mixes_text_and_ground_with_what_lies_behind() -> None:
    """A group is drawn first, and then laid over what is behind it, once for each group."""
    faded = style("<div style='background:#000;color:#fff;opacity:.5' id=x>")
    assert (str(faded.color), str(faded.background)) == ("#ffffff", "#808080")
    twice = style("<div style='opacity:.5;color:#000'><p style='opacity:.5' id=x>")
    assert str(twice.color) == "#bfbfbf"


def test_the_screen_decides() -> None:
    """Stylesheets hold for the width and the scheme that they are written for."""
    html = (
        "<style>p {color:#111} @media (max-width:519px) {p {font-size:23px}} "
        "@media (prefers-color-scheme:dark) {p {color:#eee; background:#222}}</style><p id=x>"
    )
    assert style(html, width=PHONE).font_size == 23
    assert style(html).font_size == 16
    assert str(style(html, Scheme.DARK).color) == "#eeeeee"
    assert str(style(html, Scheme.DARK).background) == "#222222"


def test_the_canvas_is_dark_only_for_who_asks_for_it() -> None:
    """What nobody colours is white on almost black by night, where the page says that it knows both; else as by day."""
    meta = "<meta name='color-scheme' content='light dark'>"
    dark = style(f"{meta}<p id=x>", Scheme.DARK)
    assert (str(dark.color), str(dark.background)) == ("#ffffff", "#121212")
    assert str(style("<p id=x>", Scheme.DARK).background) == "#ffffff"
    assert str(style("<style>:root {color-scheme: dark}</style><p id=x>").background) == "#121212"


def test_a_picture_behind_text() -> None:
    """A picture or a gradient lies behind what it holds, until something opaque covers it."""
    assert style("<td background='a.png'><p id=x>").over_image
    assert style("<div style='background:linear-gradient(#fff,#000)'><p id=x>").over_image
    assert not style("<div style='background:url(a.png)'><p id=x style='background:#fff'>").over_image


def test_underlines_are_not_taken_back_inside() -> None:
    """A link is underlined unless it says otherwise itself; what is inside an underlined one cannot."""
    assert style("<a href=y><span id=x style='text-decoration:none'>").underlined
    assert not style("<a href=y style='text-decoration:none' id=x>").underlined
    assert not style("<a id=x>").underlined


@pytest.mark.parametrize(
    "css",
    [
        "a " * 400 + "{color:red}",
        ":not(" * 300 + "p" + ")" * 300 + "{color:red}",
        "p {color:" + "(" * 3000 + ")" * 3000 + "}",
        "@media " + "(" * 3000 + ")" * 3000 + "{p {color:red}}",
        "@media " + "(" * 400 + ")" * 400 + "{p {color:red}}",
        "@media screen {" * 2000 + "p {color:red}" + "}" * 2000,
        "<!-- p {} -->",
        "\0\ud800 p {color",
    ],
)
def test_hostile_stylesheets_do_no_harm(css: str) -> None:
    """A stylesheet that no browser could use is passed over, and what else there is counts."""
    assert style(f"<style>{css}</style><style>i {{color:#123456}}</style><i id=x>").color
