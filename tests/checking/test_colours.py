"""Colours: read from CSS and from old attributes, laid over each other, and held against each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.checking.css.colours import BLACK, WHITE, Colour, contrast, readable

COLOURS = st.builds(Colour, *[st.integers(0, 255).map(lambda channel: channel / 255)] * 3)


@pytest.mark.parametrize(
    ("written", "colour"),
    [
        ("#fff", "#ffffff"),
        ("RED", "#ff0000"),
        ("rgb(16 32 48)", "#102030"),
        ("hsl(120, 100%, 25%)", "#008000"),
        ("hwb(0 0% 0%)", "#ff0000"),
        ("rgb(300, -5, 0)", "#ff0000"),
    ],
)
def test_colours_of_css(written: str, colour: str) -> None:
    """A colour is read in each way of writing that mail programs know."""
    assert str(Colour.parse(written)) == colour


@pytest.mark.parametrize(
    "written", ["", "inherit", "currentcolor", "var(--ink)", "oklch(50% .1 20)", "ffffff", "url(a)"]
)
def test_what_is_no_colour_of_its_own(written: str) -> None:
    """A word that stands for another colour, or that is none, or that hardly a program knows, is no colour."""
    assert Colour.parse(written) is None


@pytest.mark.parametrize(
    ("written", "colour"),
    [
        ("ffcc00", "#ffcc00"),
        ("#FC0", "#ffcc00"),
        (" teal ", "#008080"),
        ("chucknorris", "#c00000"),
        ("#12345", "#123450"),
        ("zz", "#000000"),
        ("#ffffffffffff000000", "#ffff00"),
    ],
)
def test_colours_of_old_attributes(written: str, colour: str) -> None:
    """An attribute's colour is read as browsers do, which take almost anything for one."""
    assert str(Colour.parse_attribute(written)) == colour


def test_no_colour_in_an_attribute() -> None:
    """Nothing, and "transparent", are no colours there."""
    assert Colour.parse_attribute("") is None
    assert Colour.parse_attribute("transparent") is None


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself 1, and #767676 on white just enough for text."""
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == pytest.approx(1)
    grey = Colour.parse("#767676")
    assert grey
    assert contrast(grey, WHITE) == pytest.approx(4.54, abs=0.01)


@given(COLOURS, COLOURS, st.sampled_from([3.0, 4.5]))
def test_what_is_suggested_can_be_read(colour: Colour, background: Colour, ratio: float) -> None:
    """The suggested colour has the contrast, as it is written, whatever the two are."""
    suggested = Colour.parse(str(readable(colour, background, ratio)))
    assert suggested
    assert contrast(suggested, background) >= ratio


def test_the_suggestion_is_near() -> None:
    """A grey that is almost dark enough becomes a little darker, and stays grey."""
    grey = Colour.parse("#7a7a7a")
    assert grey
    assert str(readable(grey, WHITE, 4.5)) == "#767676"
