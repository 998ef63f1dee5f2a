"""The page on which readers leave, as they see and use it; and what scanners of mail make of it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from digest.model import Standing

if TYPE_CHECKING:
    from conftest import Run
    from playwright.sync_api import Browser, Page
    from serving_stage import Serve, Served

pytestmark = pytest.mark.xdist_group("public side")  # else each worker starts a browser of its own

ADA = "ada@example.org"
SLUG = "2026-11-24-hello"


def standing(served: Served) -> Standing:
    """Return how the reader stands, on disk."""
    reader = served.store.subscribers.find(ADA)
    assert reader
    return reader.standing


def judge(page: Page) -> None:
    """See to it that axe-core finds nothing, and that nothing is cut off on a small telephone."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(243, 238, 227)"), ("dark", "rgb(18, 20, 29)")])
def test_leaving_for_everyone(browser: Browser, serve: Serve, scheme: Any, background: str) -> None:
    """By keyboard, at 320 pixels, which is 640 at twice the size, by day and by night; nothing is asked of others."""
    served = serve()
    with browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme) as context:
        page = context.new_page()
        complaints: list[str] = []
        hosts: set[str] = set()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.goto(f"{served.url}/unsubscribe/{served.token()}")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
        judge(page)
        button = page.get_by_role("button", name="Unsubscribe")
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
        while not button.evaluate("button => button === document.activeElement"):
            page.keyboard.press("Tab")
        assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="You are unsubscribed").wait_for()
        judge(page)
        assert standing(served) is Standing.LEFT
        page.goto(f"{served.url}/nowhere")
        judge(page)
        assert context.cookies() == []
    assert complaints == ["Failed to load resource: the server responded with a status of 404 (Not Found)"]
    assert hosts == {urlsplit(served.url).netloc}


def test_leaving_without_scripts(browser: Browser, serve: Serve, letter: Any) -> None:
    """A click leaves where no script runs; in another language, and under the newsletter's own logo."""
    (letter / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "utf-8")
    text = (letter / "digest.toml").read_text("utf-8")
    (letter / "digest.toml").write_text(text.replace("[newsletter]", '[newsletter]\nlanguage = "de-AT"'), "utf-8")
    served = serve('[theme]\nlogo = "logo.svg"\nlogo_alt = "Der Brief"\n')
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.url}/unsubscribe/{served.token()}")
        assert page.get_by_role("link", name="Der Brief").is_visible()
        page.get_by_role("button", name="Abmelden").click()
        page.get_by_role("heading", name="Sie sind abgemeldet").wait_for()
    assert standing(served) is Standing.LEFT


def rows(served: Served) -> list[str]:
    """Return all that is in the database."""
    with closing(sqlite3.connect(served.desk.settings.store.url.removeprefix("sqlite:///"))) as database:
        return [*database.iterdump()]


def test_scanner_of_mail(browser: Browser, serve: Serve, run: Run) -> None:
    """Whatever follows each link of a message, by HEAD, by GET and with scripts that run, changes nothing."""
    served = serve()
    assert run("send", SLUG, "--yes", "--late").exit_code == 0
    message = message_from_bytes(
        (served.folder / f".digest/outbox/{SLUG}/{ADA}.eml").read_bytes(), policy=policy.default
    )
    whole = "\n".join([*map(str, message.values()), *(part.get_content() for part in message.iter_parts())])
    links = set(re.findall(r"https://news\.example\.org(/(?:unsubscribe|preferences)/[^\s\"<>]+)", whole))
    assert {urlsplit(link).path.split("/")[1] for link in links} == {"unsubscribe", "preferences"}
    before = rows(served)
    with browser.new_context() as context:
        for link in sorted(links):
            assert served.client.head(link).status_code == 200
            assert served.client.get(link).status_code == 200
            page = context.new_page()
            page.goto(served.url + link, wait_until="networkidle")
            page.evaluate("document.querySelectorAll('a').forEach(link => fetch(link.href).catch(() => 0))")
    assert rows(served) == before
    assert served.client.post(f"/unsubscribe/{served.token()}", content="List-Unsubscribe=One-Click").status_code == 200
    assert rows(served) != before
