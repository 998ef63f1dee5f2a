"""The preview's page without eyes or a mouse, in small windows and on telephones, attacked, and left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from preview_at_work import Desk, Preview, lay_out, running

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page


def _barriers(page: Page) -> str:
    """Return what axe-core finds, best-practice rules included."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # it needs Playwright, which may be missing

    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_has_no_barriers(desk: Desk, scheme: Any) -> None:
    """Axe-core finds nothing in email, source and inbox, with findings, with a fault, and in each dialog."""
    desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    desk.open()
    desk.await_all_clear()
    for key in "361":
        desk.page.keyboard.press(key)
        assert _barriers(desk.page) == ""
    with desk.preview.changed("https://blog.example.org/problems", "http://blog.example.org/problems"):
        desk.page.locator("#finding-list li").first.wait_for()
        assert _barriers(desk.page) == ""
    with desk.preview.changed("{{ first_name or", "{{ frist_name or"):
        desk.page.get_by_role("alert", name="What is broken").wait_for()
        assert _barriers(desk.page) == ""
    desk.page.get_by_role("alert", name="What is broken").wait_for(state="hidden")
    for key in ("Control+k", "?", "t", "r"):
        desk.page.keyboard.press(key)
        desk.page.locator("dialog[open], #reader-options:not([hidden])").wait_for()
        assert _barriers(desk.page) == ""
        desk.leave_dialog()


def test_keeps_lists_in_drawers_where_there_is_no_room(desk: Desk) -> None:
    """In a small window issues and findings are drawers: opened by a button, closed by Escape, the focus goes along."""
    desk.page.set_viewport_size({"width": 720, "height": 450})
    desk.open()
    for name, drawer in (("Issues", "#issues"), ("Reader, size and findings", "#inspector")):
        button = desk.page.get_by_role("button", name=name)
        assert not desk.page.locator(drawer).is_visible()
        button.click()
        assert desk.page.locator(f"{drawer} [data-close]").evaluate("close => close === document.activeElement")
        assert _barriers(desk.page) == ""
        desk.page.keyboard.press("Escape")
        desk.page.locator(drawer).wait_for(state="hidden")
        assert button.evaluate("button => button === document.activeElement")
    desk.page.keyboard.press("r")
    desk.page.get_by_role("option").first.wait_for()
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 720


def test_shows_just_the_mail_on_a_telephone(browser: Browser, preview: Preview) -> None:
    """A telephone shows the email from edge to edge, below a slim bar with the issues and the way to the rest."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = Desk(page=context.new_page(), preview=preview)
    phone.open()
    phone.await_words("Where the stairs stop")
    box = phone.page.locator("#paper").bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] < 50
    phone.page.get_by_label("Issue", exact=True).select_option(label="What the first snow shows")
    phone.await_words("What the first snow shows")
    assert _barriers(phone.page) == ""
    assert (phone.complaints, phone.hosts) == ([], {urlsplit(preview.address).netloc})
    context.close()


def test_waits_for_a_server_that_has_gone(context: BrowserContext, tmp_path: Path) -> None:
    """When the program ends, the page says so and keeps what it shows; when it is back, so is what was saved."""
    folder = tmp_path / "letter"
    lay_out(folder)
    with running(folder, "--port", "0") as preview:
        desk = Desk(page=context.new_page(), preview=preview)
        desk.open()
        desk.await_words("Hello there,")
    desk.page.get_by_text("Waiting for digest preview").wait_for()
    assert desk.email.get_by_text("Hello there,").is_visible()
    preview.issue.write_text(preview.issue.read_text("utf-8").replace("Hello {{", "Good day {{", 1), encoding="utf-8")
    with running(folder, "--port", preview.address.rpartition(":")[2]):
        desk.await_words("Good day there,")
        desk.page.get_by_text("Live", exact=True).wait_for()


def test_shows_hostile_content_as_words(desk: Desk) -> None:
    """Markup in a subject is text in every place where the page shows it, and nothing of it runs."""
    evil = "<img src=x onerror=document.title='gone'> & \"co\""
    desk.open("&view=inbox")
    with desk.preview.changed(
        "subject: Count the problems that end", f"subject: '{evil.replace(chr(39), chr(39) * 2)}'"
    ):
        desk.page.get_by_role("heading", level=1).get_by_text(evil).wait_for()
        desk.page.locator("#issue-list").get_by_text(evil).wait_for()
        assert desk.page.locator("#sheet").get_by_text("onerror").count() > 1
        assert desk.page.locator("img").count() == 0
        assert desk.page.title() != "gone"
