"""An email as mail programs show it: only what has to be changed is changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.checking.css.colours import Colour, contrast
from digest.config import load_settings
from digest.preview.clients import Look, as_shown
from digest.preview.inversion import darken, lighten, mirror
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from pathlib import Path

WHITE, BLACK = Colour(1, 1, 1), Colour(0, 0, 0)
DARK_RULE = "@media (prefers-color-scheme: dark) { p { color: #fff } }"


def test_light_view_is_what_is_sent(letter: Path) -> None:
    """By day, the built-in email differs in what its links open, and in what asks for the browser's own preference."""
    newsroom = Newsroom(settings=load_settings(letter, {}))
    html = newsroom.render(newsroom.read(newsroom.paths()[0])).html.fill({"first_name": "Ada", "token": "t"})
    shown = as_shown(html, Look.LIGHT)
    assert shown != html
    aside = re.compile(r'\s(?:target="_blank"|rel="[^"]*")')
    expected = html.replace("(prefers-color-scheme: dark)", "(max-width:0)").replace("light dark", "light")
    assert aside.sub("", shown) == aside.sub("", expected)


@pytest.mark.parametrize(("look", "feature"), [(Look.LIGHT, "(max-width:0)"), (Look.DARK, "(min-width:0)")])
def test_preference_is_decided(look: Look, feature: str) -> None:
    """Whether it is day or night is said by who looks, whatever the browser is set to, in sheets and in attributes."""
    html = f'<style>{DARK_RULE}</style><source media="(Prefers-Color-Scheme:dark)" srcset="night.png">'
    assert as_shown(html, look).count(feature) == 2


@pytest.mark.parametrize(
    ("look", "kept"), [(Look.LIGHT, "light"), (Look.DARK, "dark"), (Look.INVERTED, "light"), (Look.PARTIAL, "light")]
)
def test_schemes_of_the_email_are_decided(look: Look, kept: str) -> None:
    """An email that knows both schemes gets the one; one that knows a single scheme keeps it."""
    html = '<meta name="color-scheme" content="light dark"><style>:root { color-scheme: light dark; }</style>'
    shown = as_shown(html, look)
    assert f'content="{kept}"' in shown
    assert f"color-scheme: {kept};" in shown
    assert 'content="light"' in as_shown('<meta name="color-scheme" content="light">', look)


@pytest.mark.parametrize("look", Look)
def test_words_are_never_changed(look: Look) -> None:
    """What an issue says of CSS, in text, comments and titles, stays as it was written."""
    words = f"<title>color: #fff</title><!-- <p style='color:#fff'> --><pre>{DARK_RULE} cid:x &lt;img src=y&gt;</pre>"
    assert words in as_shown(words, look, images=False, addresses={"cid:x": "/y"})


def test_inversion_mirrors_all_colours() -> None:
    """White becomes a dark grey and black becomes white; hue stays, and so does what is transparent or unknown."""
    html = (
        '<td bgcolor="#ffffff" style="color:black;border:1px solid rgb(255, 255, 255);background:transparent">'
        '<font color="white"></font><p style="color:var(--ink);background:url(#fff.png) #FFF">'
    )
    shown = as_shown(html, Look.INVERTED)
    assert '<td bgcolor="#262626" style="color:#ffffff;border:1px solid #262626;background:transparent">' in shown
    assert '<font color="#262626">' in shown
    assert "color:var(--ink);background:url(#fff.png) #262626" in shown


def test_partial_inversion_keeps_what_is_dark() -> None:
    """Dark backgrounds and light texts are as they were; light backgrounds and dark texts are not."""
    html = (
        '<p style="background-color:#1a1d29;color:#f0f0f0"></p><p style="background-color:#ffffff;color:#000000"></p>'
    )
    shown = as_shown(html, Look.PARTIAL)
    assert "background-color:#1a1d29;color:#f0f0f0" in shown
    assert "background-color:#262626;color:#ffffff" in shown


def test_pictures_of_colours_stay() -> None:
    """A gradient is a picture, and pictures are not inverted."""
    html = "<style>p { background: linear-gradient(rgb(0,0,0), #fff) #fff; }</style>"
    assert "linear-gradient(rgb(0,0,0), #fff) #262626" in as_shown(html, Look.INVERTED)


def test_bare_page_is_inverted_too() -> None:
    """An email that names no colours is shown on the mail program's own, which yield to those of an email."""
    shown = as_shown("<!doctype html><html><head></head><body>Hello</body></html>", Look.INVERTED)
    assert "<head><style>:where(html){background:#262626;color:#ffffff}" in shown
    assert as_shown("<p>Hello</p>", Look.PARTIAL).startswith("<style>:where(html)")
    assert as_shown("<header><p>Hello</p></header>", Look.LIGHT) == "<header><p>Hello</p></header>"


def test_images_off_leaves_their_words() -> None:
    """No picture is asked for, be it in a tag, an attribute or a style; alternative texts and sizes stay."""
    html = (
        "<img src='a.png' srcset=\"b.png 2x\" alt='A dot' width=9><td background=c.png style=\"background:url(d.png)\">"
    )
    shown = as_shown(html, Look.LIGHT, images=False)
    assert "<img alt='A dot' width=9><td style=\"background:none\">" in shown
    assert ".png" not in shown


def test_pictures_are_found_elsewhere() -> None:
    """Addresses of the message's own pictures lead to where these are found, wherever they stand but in links."""
    html = (
        '<a href="cid:x"></a><img src="cid:x"><td style="background:url(cid:x)"><style>p{background:url(cid:x)}</style>'
    )
    shown = as_shown(html, Look.LIGHT, addresses={"cid:x": "/frame/a/b.png"})
    assert shown.count("/frame/a/b.png") == 3
    assert 'href="cid:x"' in shown


def test_links_open_elsewhere() -> None:
    """A link opens a tab of its own that knows nothing of ours, unless it leads to a place in the email."""
    shown = as_shown(
        '<a target="_self" HREF="https://example.org" rel=x>a</a><a href="#notes">b</a><a name=n>c</a>', Look.LIGHT
    )
    assert '<a target="_blank" rel="noopener noreferrer" HREF="https://example.org">a</a>' in shown
    assert '<a href="#notes">b</a><a name=n>c</a>' in shown


@given(st.text(alphabet=st.sampled_from("<>!-=\"' astyle/img:#f;{}()&é\n"), max_size=200), st.sampled_from([*Look]))
def test_any_text_is_taken(text: str, look: Look) -> None:
    """Nothing that looks like HTML makes it fail, and what holds no tag stays."""
    shown = as_shown(text, look, images=look is Look.LIGHT)
    assert "<" in text or text.strip() in shown


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_inversion_of_any_colour(channels: tuple[float, float, float]) -> None:
    """Backgrounds never get lighter nor texts darker by partial inversion, and channels stay channels."""
    colour = Colour(*channels)
    assert darken(colour).luminance <= colour.luminance <= lighten(colour).luminance
    assert all(0 <= channel <= 1 for channel in mirror(colour))


def test_text_can_be_read_after_inversion() -> None:
    """Black on white is as good as before in either way, but for the dark grey that stands for white."""
    assert contrast(mirror(BLACK), mirror(WHITE)) > 14
    assert contrast(lighten(BLACK), darken(WHITE)) > 14
