"""Media queries: which hold, which do not, and which cannot be read."""

from __future__ import annotations

import pytest

from digest.checking.css.media import Scheme, Screen, matches_media

DESK, PHONE, NIGHT = Screen(), Screen(width=375), Screen(Scheme.DARK)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "all",
        "screen",
        "only screen and (min-width:520px)",
        "SCREEN AND (MIN-WIDTH: 40em)",
        "print, screen and (max-width: 640px)",
        "not print",
        "not screen and (max-width: 599px)",
        "(prefers-color-scheme: light)",
        "not (prefers-color-scheme: dark)",
        "(400px <= width <= 640px)",
        "(width > 600px) and (not (width >= 641px))",
        "(max-width: 1px) or (min-width: 0)",
        "((min-width: 1px) and (max-width: 900px))",
        "screen and (max-device-width: 800px)",
    ],
)
def test_queries_that_hold_on_a_desk(query: str) -> None:
    """A query holds that fits a light screen of 640 pixels, however it is written."""
    assert matches_media(query, DESK)


@pytest.mark.parametrize(
    "query",
    [
        "print",
        "not all",
        "not screen",
        "only screen and (max-width:519px)",
        "(prefers-color-scheme: dark)",
        "(unheard-of: yes)",
        "not (unheard-of: yes)",
        "(min-width: 1px) and (max-width: 900px) or (min-width: 2px)",
        "screen (min-width: 1px)",
        "screen and",
        "(min-width: calc(1px + 1px))",
        "((((",
        "(" * 900 + "min-width: 1px" + ")" * 900,
        "{}",
    ],
)
def test_queries_that_do_not_hold_on_a_desk(query: str) -> None:
    """A query does not hold that fits another screen, or that cannot be read."""
    assert not matches_media(query, DESK)


def test_a_query_depends_on_the_screen() -> None:
    """A phone is narrower than a desk, and the night is dark."""
    assert matches_media("(max-width: 519px)", PHONE)
    assert matches_media("screen and (prefers-color-scheme: dark)", NIGHT)
    assert not matches_media("(prefers-color-scheme: light)", NIGHT)
