"""The pages on which readers choose, in a real browser."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from choosing_readers import again, join, link_to, mailed_link, own_page, served

from digest.model import Standing
from digest.tokens import Purpose

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from serving_stage import Served

__all__ = ["served"]


def test_in_a_browser_without_scripts(served: Served, browser: Browser) -> None:
    """By keyboard alone: choose, pause, ask for one's own page, move to another address, be erased."""
    reader = join(served, "keys", "weekly")
    page = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640}).new_page()

    def press(name: str) -> str:
        button = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first
        button.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        return page.locator("main").inner_text()

    page.goto(f"{served.url}/preferences/{reader.token}")
    page.get_by_label("Meetings & talks").press("Space")
    assert "Saved." in press("Save")
    assert again(served, reader).tags == ("weekly", "events")
    assert "You get nothing until" in press("For three months")
    assert "Your pause is over." in press("End the pause")
    assert "an email with a link is on its way" in press("Send me the link")
    page.goto(served.url + mailed_link(served, "own", "keys@example.org"))
    page.get_by_label("New email address").fill("doors@example.org")
    assert "an email with a link is on its way" in press("Send the link")
    page.get_by_role("link", name="Download my data").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert json.loads(download.value.path().read_bytes())["email"] == "keys@example.org"
    own = page.url.removesuffix("/address")
    page.goto(served.url + mailed_link(served, "move", "doors@example.org"))
    assert "comes to your new address" in press("Yes, send it to this address")
    page.goto(own)
    assert "no longer works" in page.locator("main").inner_text()
    page.goto(served.url + own_page(served, again(served, reader)))
    assert "doors@example.org" in press("Go on to deletion")
    assert "Nothing is kept about you here any more" in press("Yes, delete my data")
    assert served.store.subscribers.find_id(reader.id) is None


def test_without_barriers(served: Served, browser: Browser) -> None:
    """Axe-core finds nothing in any page or state of one, and none is wider than the smallest window."""
    reader, left = join(served, "eyes"), join(served, "eyes.left", standing=Standing.LEFT)
    own = own_page(served, reader)
    number = served.store.proofs.ask(reader.id, "move", "eyes@example.net", now=datetime.now(UTC))
    assert number
    moving = link_to(served, Purpose.MOVE, served.store.name, number)
    over = link_to(served, Purpose.OWN, served.store.name, 999_999)
    first = f"/preferences/{reader.token}"
    page = browser.new_context(viewport={"width": 320, "height": 640}).new_page()
    for path in (f"/preferences/{left.token}", f"{own}/erasure", moving, over, own):
        page.goto(served.url + path)
        assert_no_barriers(page)
    page.get_by_label("New email address").fill("a@b")
    page.get_by_role("button", name="Send the link").click()
    page.get_by_text("Please check it").wait_for()
    assert_no_barriers(page)
    page.goto(served.url + first)
    page.get_by_role("button", name="For one month").click()
    page.get_by_text("Your pause has begun").wait_for()
    page.emulate_media(color_scheme="dark")
    assert_no_barriers(page)


def assert_no_barriers(page: Page) -> None:
    """See to it that everyone can use a page."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # it needs Playwright, which may be missing

    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
