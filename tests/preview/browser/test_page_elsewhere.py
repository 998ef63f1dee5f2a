"""The preview's page without eyes or a mouse, in small windows and on telephones, attacked, and left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from preview_at_work import Desk, Preview, lay_out, running

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.xdist_group("preview")  # else each worker starts a browser and a preview of its own


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


def test_says_a_fault_once(desk: Desk) -> None:
    """What is broken stands above the email and not among the findings as well; it counts in the title."""
    desk.open()
    desk.await_all_clear()
    with desk.preview.changed("{{ first_name or", "{{ frist_name or"):
        desk.page.get_by_text("not checked while it is broken").wait_for()
        assert desk.page.get_by_text("frist_name").count() == 1
        desk.page.wait_for_function("() => document.title.startsWith('1 error · ')")
    desk.await_all_clear()


def test_goes_back_from_an_address_that_is_spelled_otherwise(desk: Desk) -> None:
    """A link that names the defaults is the view that it names, and back and forward lead through it."""
    desk.open("&view=email&width=375")
    first = desk.page.url
    assert first.endswith("&width=phone")
    desk.page.keyboard.press("2")
    desk.page.locator("#sheet.of-text").wait_for()
    desk.page.go_back()
    desk.page.locator("#paper").wait_for()
    assert desk.page.url == first
    desk.page.go_forward()
    desk.page.locator("#sheet.of-text").wait_for()


def test_says_that_an_issue_is_not_there(context: BrowserContext, preview: Preview) -> None:
    """Who follows a link to an issue that has gone is told so, and is shown the next one."""
    desk = Desk(page=context.new_page(), preview=preview)
    desk.open(slug="long-gone")
    desk.page.get_by_text("There is no issue “long-gone” here").wait_for()
    desk.await_words("What the first snow shows")


def test_listens_again_when_the_browser_brings_it_back(context: BrowserContext, tmp_path: Path) -> None:
    """A page that the browser had put away and shows again learns of what is saved."""
    folder = tmp_path / "letter"
    lay_out(folder)
    with running(folder, "--port", "0") as preview:
        desk = Desk(page=context.new_page(), preview=preview)
        desk.open()
        desk.page.get_by_text("Live", exact=True).wait_for()
        for kind in ("pagehide", "pageshow"):
            desk.page.evaluate("kind => window.dispatchEvent(new PageTransitionEvent(kind, { persisted: true }))", kind)
        with desk.preview.changed("Hello {{", "Good day {{"):
            desk.await_words("Good day there,")


def test_tabs_in_the_background_leave_room(context: BrowserContext, preview: Preview) -> None:
    """Many tabs may be open: only one that is seen keeps a connection, and one that is seen again catches up."""
    context.add_init_script("Object.defineProperty(document, 'hidden', { configurable: true, value: true })")
    tabs = [Desk(page=context.new_page(), preview=preview) for _ in range(7)]
    for tab in tabs:
        tab.open()
    with preview.changed("Hello {{", "Good day {{"):
        tabs[0].page.evaluate(
            "Object.defineProperty(document, 'hidden', { value: false });"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        tabs[0].await_words("Good day there,")
