"""The pages on which people join, as they see and use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from joining_stage import ANN, Club

from digest.model import Standing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.xdist_group("public side")  # else each worker starts a browser of its own


def _judge(page: Page) -> None:
    """See to it that axe-core finds nothing, and that nothing is cut off on a small telephone."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_joining_for_everyone(browser: Browser, club: Club, scheme: Any) -> None:
    """From the form to the list, by keyboard, at 320 pixels, by day and by night; also after a mistake."""
    with browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{club.served.url}/subscribe")
        _judge(page)
        assert not page.locator("[name=comment]").is_visible()
        page.get_by_label("Your email address").fill("ann@nowhere")
        club.clock.pass_(seconds=5)
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert page.get_by_label("Your email address").get_attribute("aria-invalid") == "true"
        _judge(page)
        page.get_by_label("Your email address").fill(ANN)
        page.get_by_label("Tips & tricks").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Subscribe").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Check your inbox").wait_for()
        _judge(page)
        page.goto(club.served.url + club.link())
        _judge(page)
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("heading", name="You are subscribed").wait_for()
        _judge(page)
        reader = club.served.store.subscribers.find(ANN)
        assert reader
        assert (reader.standing, reader.tags) == (Standing.ACTIVE, ("tips",))


def test_joining_without_scripts(browser: Browser, club: Club) -> None:
    """No page needs a script, or loads anything from elsewhere."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{club.served.url}/subscribe")
        page.get_by_label("Your email address").fill(ANN)
        club.clock.pass_(seconds=5)
        page.get_by_role("button", name="Subscribe").click()
        page.get_by_role("heading", name="Check your inbox").wait_for()
        page.goto(club.served.url + club.link())
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("heading", name="You are subscribed").wait_for()
        assert club.standing() is Standing.ACTIVE
        assert all(url.startswith(club.served.url) for url in asked)
