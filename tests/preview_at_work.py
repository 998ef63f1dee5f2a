"""A preview at work: the real program on a copy of the sample newsletter, and pages of a real Chromium at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from conftest import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

SAMPLE = Path(__file__).parents[1]
SLUG = "2026-11-24-past-the-plateau"
OTHER = "2026-12-01-first-snow"
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SEEN = "iframe:not(.coming)"
_EDITOR = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done > "$0.part"
mv "$0.part" "$0.said"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A newsletter with a preview that runs."""

    folder: Path
    address: str

    @property
    def issue(self) -> Path:
        """The file of the issue that is looked at."""
        return self.folder / "issues" / f"{SLUG}.md"

    @property
    def editor(self) -> Path:
        """A program that writes down, beside itself, what it is called with."""
        return self.folder.parent / "editor"

    @contextmanager
    def changed(self, old: str, new: str) -> Iterator[float]:
        """Save the issue with other words for a while; yields the time when it was saved."""
        before = self.issue.read_text("utf-8")
        assert old in before
        self.issue.write_text(before.replace(old, new, 1), encoding="utf-8")
        try:
            yield time.perf_counter()
        finally:
            self.issue.write_text(before, encoding="utf-8")


@dataclass(slots=True, kw_only=True)
class Desk:
    """A page of the browser that looks at a preview, and what it complained of and asked for meanwhile."""

    page: Page
    preview: Preview
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._complain(said.text) if said.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _complain(self, words: str) -> None:
        self.complaints.append(words)

    def open(self, view: str = "", slug: str = SLUG) -> None:
        """Look at an issue, and wait until its email is seen."""
        self.page.goto(f"{self.preview.address}/?issue={slug}{view}")
        self.page.locator(SEEN).wait_for(state="attached")

    @property
    def email(self) -> FrameLocator:
        """The email that is seen."""
        return self.page.frame_locator(SEEN)

    def await_words(self, words: str) -> float:
        """Wait until the email that is seen has these words; return the time when it had them."""
        script = f"words => document.querySelector('{SEEN}')?.contentDocument.body.innerText.includes(words)"
        self.page.wait_for_function(script, arg=words, polling="raf")
        return time.perf_counter()

    def leave_dialog(self) -> None:
        """Press Escape, which Chromium heeds a moment later."""
        self.page.keyboard.press("Escape")
        self.page.wait_for_function("() => !document.querySelector('dialog[open]')")

    def await_all_clear(self) -> None:
        """Wait until the rules have found nothing."""
        self.page.locator("#clear").wait_for()

    def colour(self) -> str:
        """Return what colour the email lies on."""
        return str(self.email.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"))


def find_chromium() -> str:
    """Return where Chromium is; without one, the tests that need it are skipped, but not in CI."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), "")
    if not found and os.environ.get("CI"):
        pytest.fail("CI must have a Chromium: the page is tested nowhere else")
    if not found:
        pytest.skip("there is no Chromium here")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a Chromium; for a module, since its event loop must not outlive it."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = find_chromium()
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium)
        yield started
        started.close()


def lay_out(folder: Path) -> None:
    """Copy the sample newsletter, with its readers in its database."""
    folder.mkdir(parents=True)
    for name in ("digest.toml", "subscribers.csv"):
        shutil.copy(SAMPLE / name, folder)
    for name in ("issues", "templates"):
        shutil.copytree(SAMPLE / name, folder / name)
    subprocess.run([PROGRAM, "subscribers", "import", "subscribers.csv"], cwd=folder, check=True, capture_output=True)
    editor = folder.parent / "editor"
    editor.write_text(_EDITOR, encoding="utf-8")
    editor.chmod(0o755)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Preview]:
    """Run a preview for a while."""
    environment = {**os.environ, "DIGEST_EDITOR": f"{folder.parent / 'editor'} --goto {{path}}:{{line}}:{{column}}"}
    command = [str(PROGRAM), "preview", "--no-open", *options]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = (_ADDRESS.search(line) for line in process.stdout)
            address = next(filter(None, said))
            yield Preview(folder=folder, address=address[0])
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """Return a preview of the sample newsletter; who changes a file puts it back."""
    folder = tmp_path_factory.mktemp("preview") / "letter"
    lay_out(folder)
    with running(folder, "--port", "0") as preview:
        yield preview


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser that remembers nothing."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def desk(context: BrowserContext, preview: Preview) -> Iterator[Desk]:
    """Return a page; in the end it must have complained of nothing, and have asked nobody else."""
    desk = Desk(page=context.new_page(), preview=preview)
    yield desk
    assert desk.complaints == []
    assert desk.hosts == {urlsplit(preview.address).netloc}
