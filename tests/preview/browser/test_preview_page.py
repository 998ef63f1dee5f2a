"""The preview's page in a real Chromium: what an editor sees of an issue, and of what changes while it is written."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from preview_at_work import OTHER, SEEN, SLUG

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from preview_at_work import Desk

pytestmark = pytest.mark.xdist_group("preview")  # else each worker starts a browser and a preview of its own

GREETING = 'Hello {{ first_name or "there" }},'
WATCH_FOR_FLASHES = """() => {
  window.flashes = 0;
  const look = () => {
    const seen = document.querySelector('iframe:not(.coming)');
    if (!seen?.contentDocument?.body?.innerText.trim()) window.flashes += 1;
    requestAnimationFrame(look);
  };
  look();
}"""


def _find(page: Page, role: Any, name: str | re.Pattern[str]) -> Any:
    return page.get_by_role(role, name=name, exact=isinstance(name, str)).first


def _appears(file: Path) -> None:
    while not file.exists():  # pytest's time limit is the end of it
        time.sleep(0.01)


def _scroll(page: Page) -> float:
    return float(page.locator("#stage").evaluate("stage => stage.scrollTop"))


def test_opens_with_the_list_the_envelope_and_the_email(desk: Desk) -> None:
    """Opened without an issue, the page shows the first: who writes, of what, the email and its images, its size."""
    desk.page.goto(desk.preview.address)
    listed = desk.page.locator("#issue-list a")
    listed.first.wait_for()
    assert [link.get_attribute("data-slug") for link in listed.all()] == [OTHER, SLUG]
    assert "ready" in listed.last.inner_text()
    assert listed.first.get_attribute("aria-current") == "page"
    listed.last.click()
    desk.await_words("Where the stairs stop")
    desk.page.get_by_role("heading", level=1, name="Count the problems that end").wait_for()
    assert desk.page.locator("#from").inner_text() == "Past the Plateau"
    image = desk.email.get_by_role("img", name=re.compile("staircase"))
    assert image.evaluate("image => image.complete && image.naturalWidth") > 100
    meter = desk.page.get_by_role("meter", name="Size")
    assert 20_000 < int(meter.get_attribute("aria-valuenow") or "") < 102_400
    assert desk.page.title().endswith("Count the problems that end · Past the Plateau")


def test_shows_what_was_saved_in_place(desk: Desk) -> None:
    """A saved issue is seen at once, where one was reading, and without a moment of nothing in between."""
    desk.open("&width=phone")
    desk.page.locator("#clear, #finding-list li").first.wait_for()
    desk.page.evaluate(WATCH_FOR_FLASHES)
    desk.page.locator("#stage").evaluate("stage => stage.scrollTo(0, 1500)")
    taken = []
    for words in ("One", "Two", "Three"):
        with desk.preview.changed("Rosa and Anselm looked", f"{words}, Rosa and Anselm looked") as saved:
            taken.append(desk.await_words(f"{words}, Rosa and Anselm looked") - saved)
        desk.page.wait_for_function(
            "() => !document.querySelector('iframe:not(.coming)').contentDocument.body.innerText.includes(', Rosa and')"
        )
    print("from save to new pixels:", *(f"{1000 * seconds:.0f} ms" for seconds in taken))  # noqa: T201  # for the record
    assert _scroll(desk.page) == 1500
    assert desk.page.evaluate("window.flashes") == 0


def test_shows_an_error_above_the_last_good_view_and_recovers(desk: Desk) -> None:
    """A broken issue is told of, with its line and the way out, while the last good view stays; mended, it is gone."""
    desk.open()
    desk.await_words("Hello there,")
    line = desk.preview.issue.read_text("utf-8").splitlines().index(GREETING) + 1
    alert = desk.page.get_by_role("alert", name="What is broken")
    with desk.preview.changed("{{ first_name or", "{{ frist_name or"):
        alert.wait_for()
        assert "frist_name" in alert.inner_text()
        assert "first_name" in alert.locator(".hint").inner_text()
        assert f"issues/{SLUG}.md:{line}" in alert.get_by_role("button").inner_text()
        assert desk.email.get_by_text("Hello there,").is_visible()
        desk.page.locator(".state.broken").wait_for()
    alert.wait_for(state="hidden")
    desk.page.locator(".state.broken").wait_for(state="detached")


def test_says_what_is_wrong_with_the_settings(desk: Desk) -> None:
    """Broken settings are told of above what was there before."""
    desk.open()
    settings = desk.preview.folder / "digest.toml"
    before = settings.read_text("utf-8")
    alert = desk.page.get_by_role("alert", name="What is broken")
    try:
        settings.write_text(before.replace("[newsletter]", "[newsletter]\ncolour = 1", 1), encoding="utf-8")
        alert.wait_for()
        assert "colour" in alert.inner_text()
        assert "digest.toml:" in alert.inner_text()
        assert desk.email.get_by_text("Hello there,").is_visible()
    finally:
        settings.write_text(before, encoding="utf-8")
    alert.wait_for(state="hidden")


@pytest.mark.parametrize("own", ["light", "dark"])
def test_shows_colours_as_mail_programs_do_whatever_the_browser_has(desk: Desk, own: Any) -> None:
    """Light, dark, inverted and partial are what is asked for, by day and by night."""
    desk.page.emulate_media(color_scheme=own)
    seen = {}
    desk.open("&scheme=light")
    for scheme in ("light", "dark", "inverted", "partial"):
        desk.page.get_by_role("radio", name=scheme).check()
        desk.page.locator(f"{SEEN}[src*='scheme={scheme}']").wait_for(state="attached")
        seen[scheme] = desk.colour()
    assert seen["dark"] == "rgb(18, 20, 29)"
    light = [int(part) for part in re.findall(r"\d+", seen["light"])]
    inverted = [int(part) for part in re.findall(r"\d+", seen["inverted"])]
    assert min(light[:3]) > 200
    assert max(inverted[:3]) < 60


def test_switches_colours_and_images_in_place(desk: Desk) -> None:
    """The switches change the email that is seen; with images off, their texts stand in their place."""
    desk.open()
    _find(desk.page, "radio", "Dark").check()
    desk.page.wait_for_function("() => document.querySelector('iframe:not(.coming)').classList.contains('dark')")
    assert desk.colour() == "rgb(18, 20, 29)"
    _find(desk.page, "checkbox", "Images").uncheck()
    image = desk.email.get_by_role("img", name=re.compile("staircase"))
    image.and_(desk.email.locator(":not([src^='/'])")).wait_for()
    assert image.evaluate("image => image.naturalWidth") == 0
    assert "images=off" in desk.page.url


def test_shows_the_widths_of_devices_exactly(desk: Desk) -> None:
    """No scroll bar takes from the width of a phone, and what is too wide for the window is made smaller."""
    desk.open()
    inside = desk.email.locator("html")
    for name, width in (("Phone", 375), ("Tablet", 768), ("Desktop", 1024)):
        _find(desk.page, "radio", name).check()
        assert inside.evaluate("html => html.clientWidth") == width
    paper = desk.page.locator("#paper").bounding_box()
    assert paper
    assert paper["width"] < 1024
    assert desk.page.locator("#zoom").inner_text().endswith("%")


def test_takes_any_width_by_number_keys_and_dragging(desk: Desk) -> None:
    """The free width is typed, moved by arrow keys, or dragged; the paper follows the pointer."""
    desk.open("&width=phone")
    number = desk.page.get_by_label("Width in pixels")
    number.fill("420")
    number.press("Enter")
    handle = desk.page.get_by_role("slider", name="Width")
    assert handle.get_attribute("aria-valuenow") == "420"
    handle.press("ArrowRight")
    assert handle.get_attribute("aria-valuenow") == "430"
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, 500
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 35, y)
    desk.page.mouse.up()
    assert handle.get_attribute("aria-valuenow") == "500"
    assert "width=500" in desk.page.url


def test_fills_the_issue_for_any_reader_and_any_value(desk: Desk) -> None:
    """A reader is found by a part of the name; fields change the email while one types, and are only words in it."""
    desk.open()
    desk.page.keyboard.press("r")
    desk.page.keyboard.type("siob")
    desk.page.keyboard.press("Enter")
    desk.await_words("Hello Siobhán,")
    desk.page.locator("#to", has_text="<siobhan.oreilly@example.org>").wait_for()
    assert "reader=" in desk.page.url
    assert "siobhan" not in desk.page.url
    field = desk.page.get_by_label("first_name")
    assert field.input_value() == "Siobhán"
    field.fill("<img src=x> Zoë")
    desk.await_words("Hello <img src=x> Zoë,")
    desk.page.reload()
    desk.await_words("Hello <img src=x> Zoë,")
    desk.page.wait_for_function("() => document.querySelector('#reader').value.includes('siobhan.oreilly')")
    desk.page.get_by_role("button", name="Back to the example").click()
    desk.await_words("Hello there,")
    assert "reader=" not in desk.page.url


def test_opens_the_editor_where_a_finding_is(desk: Desk) -> None:
    """A finding says rule, sentence, fix and place, is counted in the title, and its click opens the editor there."""
    desk.open()
    desk.await_all_clear()
    said = desk.preview.editor.with_name("editor.said")
    with desk.preview.changed("https://blog.example.org/problems", "http://blog.example.org/problems"):
        finding = desk.page.get_by_role("button", name=re.compile("link-insecure")).first
        finding.wait_for()
        line = next(
            number
            for number, text in enumerate(desk.preview.issue.read_text("utf-8").splitlines(), 1)
            if "http://" in text
        )
        assert f"{SLUG}.md:{line}:" in finding.inner_text()
        desk.page.wait_for_function("() => document.title.startsWith('1 warning · ')")
        said.unlink(missing_ok=True)
        finding.click()
        _appears(said)
        assert said.read_text("utf-8").splitlines()[0] == "--goto"
        assert said.read_text("utf-8").splitlines()[1].startswith(f"{desk.preview.issue}:{line}:")
        desk.page.get_by_text("Opened in editor").wait_for()
        warnings = desk.page.get_by_role("button", name="1 warning")
        warnings.click()
        finding.wait_for(state="detached")
        assert warnings.get_attribute("aria-pressed") == "false"
    desk.await_all_clear()


def test_copies_the_place_where_no_editor_opens(context: BrowserContext, desk: Desk) -> None:
    """Where the editor cannot be started, path and line are in the clipboard, and the reason is said."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.open()
    away = desk.preview.editor.rename(desk.preview.editor.with_name("away"))
    try:
        desk.page.get_by_role("button", name=f"issues/{SLUG}.md").click()
        desk.page.get_by_text(re.compile("^Copied issues/")).wait_for()
    finally:
        away.rename(desk.preview.editor)
    assert desk.page.evaluate("navigator.clipboard.readText()") == f"issues/{SLUG}.md:1:1"
    desk.complaints.remove("Failed to load resource: the server responded with a status of 400 (Bad Request)")


def test_sends_a_test_that_is_the_real_message(desk: Desk) -> None:
    """A test lands in the outbox, marked, filled as shown, with its text part; the address is remembered."""
    desk.open("&field.first_name=Ada")
    desk.await_words("Hello Ada,")
    desk.page.keyboard.press("t")
    assert "filled as you chose here" in desk.page.locator("#test-words").inner_text()
    desk.page.get_by_label("To", exact=True).fill("me@example.org")
    desk.page.keyboard.press("Enter")
    desk.page.get_by_text(re.compile("me@example.org through outbox")).wait_for()
    (file,) = (desk.preview.folder / ".digest" / "outbox").rglob("*me@example.org*.eml")
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    text = message.get_body(("plain",))
    assert message["Subject"] == "[Test] Count the problems that end"
    assert text
    assert "Hello Ada," in text.get_content()
    desk.page.reload()
    desk.page.get_by_role("button", name="Test").click()
    assert desk.page.get_by_label("To", exact=True).input_value() == "me@example.org"


def test_keeps_the_view_in_the_address(desk: Desk) -> None:
    """A reload and a shared link show the same; the browser's way back leads to the view before."""
    desk.open("&view=text&width=phone&scheme=inverted&images=off")
    for _ in range(2):
        assert _find(desk.page, "radio", "Text").is_checked()
        desk.page.get_by_text("Up to senior, somebody draws the stairs").wait_for()
        desk.page.reload()
    _find(desk.page, "radio", "Email").check()
    desk.await_words("Where the stairs stop")
    assert _find(desk.page, "radio", "Phone").is_checked()
    assert _find(desk.page, "radio", "Inverted").is_checked()
    assert not _find(desk.page, "checkbox", "Images").is_checked()
    desk.page.go_back()
    desk.page.locator("#sheet").wait_for()
    assert _find(desk.page, "radio", "Text").is_checked()


def test_shows_text_source_headers_message_and_inbox(context: BrowserContext, desk: Desk) -> None:
    """Every part of the message can be read as it is sent, and the source is copied whole."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.open()
    sheet = desk.page.locator("#sheet")
    shown = {}
    for key, name in (("2", "text"), ("3", "source"), ("4", "headers"), ("5", "raw"), ("6", "inbox")):
        desk.page.keyboard.press(key)
        desk.page.locator(f"#sheet.of-{name}").wait_for()
        shown[name] = sheet.inner_text()
    assert shown["text"].startswith("Past the Plateau")
    assert "<!doctype html>" in shown["source"]
    assert "List-Unsubscribe-Post" in shown["headers"]
    assert "Content-Transfer-Encoding: quoted-printable" in shown["raw"]
    assert "Forty-one closed tickets can be one problem t…" in shown["inbox"]
    assert "preheader cut by 19 characters" in shown["inbox"]
    desk.page.keyboard.press("3")
    desk.page.get_by_role("button", name="Copy").click()
    desk.page.get_by_text("Copied").wait_for()
    copied = desk.page.evaluate("navigator.clipboard.readText()")
    assert copied == desk.page.evaluate(f"fetch('/api/issues/{SLUG}').then(a => a.json()).then(a => a.edition.html)")


def test_is_worked_by_keys(desk: Desk) -> None:
    """Letters and figures switch issues, widths, colours and images, from the page and from within the email."""
    desk.open()
    desk.await_words("Where the stairs stop")
    desk.page.keyboard.press("k")
    desk.await_words("What the first snow shows")
    desk.page.keyboard.press("j")
    desk.await_words("Where the stairs stop")
    desk.email.get_by_text("Up to senior").click()
    for key in ("w", "d", "i"):
        desk.page.keyboard.press(key)
    desk.page.wait_for_url(re.compile("width=phone&scheme=dark&images=off"))
    desk.page.keyboard.press("?")
    assert desk.page.get_by_role("dialog", name="Keyboard").is_visible()
    desk.page.keyboard.press("j")
    assert SLUG in desk.page.url
    desk.leave_dialog()
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("snow")
    assert desk.page.locator("#issue-list a").count() == 1
    desk.page.keyboard.press("Enter")
    desk.await_words("What the first snow shows")


def test_finds_everything_in_the_palette(desk: Desk) -> None:
    """A few letters find a command, an issue or a reader; Escape leaves all as it was, and the focus where it was."""
    desk.open()
    button = _find(desk.page, "button", "Commands")
    button.click()
    desk.leave_dialog()
    assert button.evaluate("button => button === document.activeElement")
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("hdrs")
    desk.page.keyboard.press("Enter")
    desk.page.locator("#sheet.of-headers").wait_for()
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("snow")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url(re.compile(OTHER))
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("siobhan")
    desk.page.get_by_role("option", name="siobhan.oreilly@example.org").click()
    desk.page.wait_for_url(re.compile("reader="))
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type("zzzz")
    assert desk.page.get_by_text("Nothing matches.").is_visible()
