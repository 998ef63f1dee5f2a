"""
How long an editor waits: for `digest check`, its rules alone, `digest preview`, and new pixels once a file is saved.

The pixels are Chromium's: the page itself is asked when what was saved is first painted in the frame that is shown.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, time
from typing import TYPE_CHECKING

from digest.checking.examination import examine
from digest.checking.rules import RULES
from digest.config import load_settings
from digest.publishing.newsroom import Newsroom
from digest.publishing.proofing import make_proof_for_all
from digest.store import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent
SLUG = "2026-11-24-past-the-plateau"
DIGEST = str(Path(sys.executable).with_name("digest"))
ROUNDS = 9
PAUSE = 500
"""Milliseconds between saves: a person's hands leave the rules the time to be done with the last one."""
_READY = re.compile(r"(http://\S+)\D+?([\d,.]+) ms")
# Runs in the page until the frame that is shown says the word, and a frame more has been painted.
_PAINTED = """(word) => new Promise((resolve) => {
  const look = () => {
    const shown = [...document.querySelectorAll("iframe")].some(
      (frame) => frame.checkVisibility({visibilityProperty: true, opacityProperty: true})
        && frame.contentDocument?.body?.textContent.includes(word));
    if (shown) requestAnimationFrame(() => resolve(Date.now()));
    else requestAnimationFrame(look);
  };
  look();
})"""


def measure() -> list[tuple[str, float, str]]:
    """Return the rows; what needs a browser is NaN where there is none."""
    with TemporaryDirectory() as folder:
        letter = Path(folder) / "letter"
        for name in ("digest.toml", "issues", "templates"):
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, _made(letter) / name)
        _run(letter, "subscribers", "import", str(ROOT / "subscribers.csv"))
        return [
            (
                "digest check of the sample, as a process",
                median(_check(letter) for _ in range(ROUNDS)),
                "at most 1.5 s",
            ),
            (f"the {len(RULES)} rules on the sample, warm", _hold_to_rules(letter), "at most 400 ms"),
            *_preview(letter),
        ]


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _run(letter: Path, *arguments: str) -> None:
    subprocess.run([DIGEST, *arguments], cwd=letter, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _check(letter: Path) -> float:
    start = perf_counter()
    _run(letter, "check", SLUG)
    return perf_counter() - start


def _hold_to_rules(letter: Path) -> float:
    """Return the milliseconds that the rules take, of an issue that is rendered."""
    newsroom = Newsroom(settings=load_settings(letter, {}))
    issue, now, times = newsroom.read(letter / "issues" / f"{SLUG}.md"), datetime.now(UTC), []
    with open_store(newsroom.settings.store.url) as store:
        for _ in range(ROUNDS):
            proof = make_proof_for_all(newsroom, issue, store, now=now)
            start = perf_counter()
            list(examine(proof))
            times.append(1000 * (perf_counter() - start))
    return median(times)


def _preview(letter: Path) -> list[tuple[str, float, str]]:
    command = [DIGEST, "preview", SLUG, "--no-open"]
    with subprocess.Popen(command, cwd=letter, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = next(match for line in process.stdout or () if (match := _READY.search(line)))
            ready = float(found[2].replace(",", ""))
            pixels, bar = _to_pixels(letter, found[1])
        finally:
            process.terminate()
    return [
        ("digest preview, from its start to its address", ready, "at most 1,000 ms"),
        (f"from saving the sample to its new pixels, median of {ROUNDS}", pixels, bar),
    ]


def _to_pixels(letter: Path, address: str) -> tuple[float, str]:
    browser_path = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    if browser_path is None:
        return math.nan, "only where Chromium is installed"
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"] * (os.getuid() == 0))
        page = browser.new_page()
        page.goto(address)
        page.evaluate(_PAINTED, "Where the stairs stop")
        times = [_saved(letter, page, f"Rosalind{number}") for number in range(ROUNDS)]
        browser.close()
    return median(times), "at most 150 ms"


def _saved(letter: Path, page: Page, word: str) -> float:
    """Put a word into the issue, and return the milliseconds until the page has painted it."""
    sample = (ROOT / "issues" / f"{SLUG}.md").read_text("utf-8")
    page.wait_for_timeout(PAUSE)
    page.evaluate(f"word => {{ window.painted = ({_PAINTED})(word) }}", word)
    start = time()
    (letter / "issues" / f"{SLUG}.md").write_text(sample.replace("Hello ", f"Hello {word}, ", 1), encoding="utf-8")
    return float(page.evaluate("window.painted")) - start * 1000


if __name__ == "__main__":
    for row, measured, bar in measure():
        print(f"{row:60} {measured:10,.1f}   {bar}")
