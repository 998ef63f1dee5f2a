"""The pages of the archive in a real Chromium: light, dark, small and large, without a script."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from drawn_pictures import draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from archive_stage import Lamps
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.xdist_group("archive")  # else each worker starts a browser of its own

BODY = """
# Light in November

Hello {{ first_name or "there" }}, light is scarce.[^scarce]

[^scarce]: In the north.

## [The lamplighter](https://blog.example.org/lamplighter)

![A lit lamp](lamp.png)

He comes at four.

## [The match](https://blog.example.org/match)

![A match](match.png)

It burns for nine seconds.

## How to trim a wick

![A wick](wick.jpg)

Cut it straight.

<!-- more -->

### What you need

> [!TIP]
> Scissors, and a **steady** hand.

| Wick | Width in millimetres, as it is sold in shops | Hours of light | Where it is made today, if anywhere at all |
|---|---:|---:|---|
| Round | 9 | 11 | Elsewhere |

```python
lamps = {"round": 9, "flat": 12, "a key that is so long that no screen has room for it": "and a value, too, of course"}
```

- [x] Trim
- [ ] Light

> So it was done.

Oil
: What burns.

**[Order a wick](https://shop.example.org/wick)**

## Elsewhere

See [the lamplighter](https://blog.example.org/again) <details><summary>and more</summary>hidden</details>

## Last

Until then.
"""
PAGES = ("", "2026-11-10-light/", "2026-11-10-light/how-to-trim-a-wick/", "404.html")
SHIFTS = """
window.shifts = [];
const told = ({node}) => (node?.outerHTML ?? node?.textContent ?? '').slice(0, 80);
// Where a slow machine draws a page that it has read in part, the columns of a table move as its rows come in.
const whole = () => performance.getEntriesByType('navigation')[0].domInteractive || Infinity;
const note = one => one.startTime < whole() || window.shifts.push(one.sources.map(told));
new PerformanceObserver(list => list.getEntries().forEach(note)).observe({type: 'layout-shift', buffered: true});
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _axe(page: Page, only: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return what axe-core finds and where, best-practice rules included, or by some of its rules."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # it needs Playwright, which may be missing

    found = Axe().run(page, options={"runOnly": [*only]} if only else None).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


@pytest.fixture
def site(lamps: Lamps) -> Path:
    """Return the archive of a newsletter with pictures, served below a path of its own, as on a git host."""
    lamps.settings('[web]\nurl = "https://in.example.org"')
    (lamps.root / "issues").mkdir()
    for line in ("lamp.png 1600x900 gold/black", "match.png 700x700 red/white", "wick.jpg 2000x1000 white/gray"):
        name, content = draw(line)
        (lamps.root / "issues" / name).write_bytes(content)
    lamps.issue("2026-11-10-light.md", BODY, preheader="What to do about the dark", number="2", contents="true")
    lamps.issue("2026-11-03-oil.md", subject="Donaudampfschifffahrtsgesellschaftskapitänsmütze", number="1")
    served = lamps.root / "host"
    lamps.write(served / "letters")
    (served / "favicon.ico").touch()  # which browsers ask for unasked
    return served


def test_pages_in_a_browser(browser: Browser, site: Path) -> None:
    """Each page is free of what axe finds, complains of nothing, shifts nothing, fits, and asks nobody else."""
    page, said, asked = browser.new_page(), list[str](), set[str]()
    page.add_init_script(SHIFTS)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    with _served(site) as host:
        for path in PAGES:
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(f"{host}letters/{path}")
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.wait_for_function("() => [...document.images].every(one => one.complete && one.naturalWidth)")
            assert (path, page.evaluate("window.shifts")) == (path, [])
            assert (path, _axe(page)) == (path, [])
            page.emulate_media(color_scheme="dark")
            page.set_viewport_size({"width": 390, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            assert (path, _axe(page, only=["color-contrast", "scrollable-region-focusable"])) == (path, [])
    assert said == []
    assert asked == {urlsplit(host).netloc}
    page.close()


def test_pages_without_scripts(browser: Browser, site: Path) -> None:
    """A reader without JavaScript goes from the index to an issue, to a story of it, to its note, and back."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    with _served(site) as host:
        page.goto(f"{host}letters/")
        page.get_by_role("link", name="Light in November").click()
        page.get_by_role("link", name="Next issue").wait_for(state="detached")
        assert page.get_by_role("link", name="Previous issue").get_attribute("href") == "../2026-11-03-oil/"
        page.get_by_role("navigation", name="In this issue").get_by_role("link", name="How to trim a wick").click()
        assert page.url.endswith("/2026-11-10-light/#how-to-trim-a-wick")
        page.get_by_role("heading", name="How to trim a wick").get_by_role("link").click()
        page.get_by_role("heading", level=1, name="How to trim a wick").wait_for()
        page.get_by_role("link", name="Light in November").click()
        page.get_by_role("link", name="1", exact=True).first.click()
        assert page.url.endswith("#note-1")
    context.close()


def test_a_page_from_disk(browser: Browser, site: Path) -> None:
    """A page that is opened as a file has its looks and its pictures."""
    page = browser.new_page()
    page.goto((site / "letters" / "2026-11-10-light" / "index.html").as_uri())
    assert page.locator("img").first.evaluate("one => one.decode().then(() => one.naturalWidth)") > 500
    assert page.locator("main").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 253, 248)"
    page.close()


def test_weights(site: Path) -> None:
    """A page weighs little: at most 30 KB on the wire without its pictures, its looks at most 6 KB of them."""
    for path in PAGES:
        page = (site / "letters" / path / ("" if path.endswith(".html") else "index.html")).read_bytes()
        assert len(gzip.compress(page)) < 30_000
        assert len(gzip.compress(page.partition(b"<style>")[2].partition(b"</style>")[0])) < 6_000
