"""The cascade held against a real browser: each element of the sample issues, and of a page of old and nasty styles."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest
from playwright.sync_api import sync_playwright

from digest.checking.css.media import PHONE, WIDTH, Scheme
from digest.checking.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from digest.checking.css.style import Style

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="there is no Chromium here"),
    pytest.mark.xdist_group("cascade"),  # else each worker starts a browser of its own
]

HERE = Path(__file__).parent
PAGES = [HERE / "nasty_styles.html", *sorted((HERE.parent / "golden").glob("*.html"))]
LOOK = (HERE / "look.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM)


@pytest.mark.parametrize("width", [WIDTH, PHONE])
@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_browser_sees_the_same(browser: Browser, path: Path, scheme: Scheme, width: int) -> None:
    """Colours, sizes, weights, heights of lines and what is shown are those of Chromium, element by element."""
    page = Page(path.read_text(encoding="utf-8"))
    elements = list(page.elements())
    for number, element in enumerate(elements):
        element.set("data-number", str(number))
    with browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme.value, offline=True
    ) as context:
        tab = context.new_page()
        tab.set_content("<!doctype html>" + lxml.html.tostring(page.root, encoding="unicode"))
        seen = tab.evaluate(LOOK)
    assert len(seen) > 40
    for look in seen:
        element = elements[look["number"]]
        assert _is_alike(page.style(element, scheme, width), look), lxml.html.tostring(element)[:200]


def _is_alike(style: Style, look: dict[str, Any]) -> bool:
    if style.concealed or not look["shown"]:
        return style.concealed is not look["shown"]
    channels = [255 * channel for colour in (style.color, style.background) for channel in colour[:3]]
    height = None if style.line_height is None else style.line_height * style.font_size
    return bool(
        channels == pytest.approx([*look["color"], *look["background"]], abs=1.5)
        and style.font_size == pytest.approx(look["size"], abs=0.1)
        and style.font_weight == look["weight"]
        and (not style.font_size or height == (look["height"] and pytest.approx(look["height"], abs=0.5)))
    )
