"""One warm build of a long issue, beside npm's mjml as the process that other tools start for each."""

from __future__ import annotations

import math
import shutil
import subprocess
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from digest.config import load_settings
from digest.publishing.building import build
from digest.publishing.newsroom import Newsroom
from digest.publishing.starting import start_newsletter

if TYPE_CHECKING:
    from collections.abc import Callable

STORIES = 12
ROUNDS = 15
TEASER = (
    "Most engineers count what they close, since somebody else has decided [what it is](https://example.org/). " * 4
)
MJML_STORY = f"""<mj-section><mj-column><mj-text><h2>A story</h2><p>{TEASER}</p></mj-text>
<mj-button href="https://example.org/">Read more</mj-button></mj-column></mj-section>"""


def measure() -> list[tuple[str, float, str]]:
    """Return the milliseconds of a warm build, and how many of it npm's mjml takes for as long an issue."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        start_newsletter(root, date(2026, 11, 24))
        issue = root / "issues" / "2026-11-25-long.md"
        issue.write_text("\n\n".join(_story(number) for number in range(STORIES)), encoding="utf-8")
        newsroom = Newsroom(settings=load_settings(root, {}))
        build(newsroom, issue)
        ours = median(_milliseconds(lambda: build(newsroom, issue)) for _ in range(ROUNDS))
        return [
            (f"one warm build of {STORIES} stories", ours, "at most 40 ms"),
            ("npm's mjml as a process : that build", *_peer(root, ours)),
        ]


def _peer(root: Path, ours: float) -> tuple[float, str]:
    program = shutil.which("mjml")
    if program is None:
        return math.nan, "only where npm's mjml is installed"
    source = root / "peer.mjml"
    source.write_text(f"<mjml><mj-body>{MJML_STORY * STORIES}</mj-body></mjml>", encoding="utf-8")
    command = [program, str(source), "-o", str(root / "peer.html")]
    times = [_milliseconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(5)]
    return median(times) / ours, "for comparison, in x"


def _milliseconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return (perf_counter() - start) * 1000


def _story(number: int) -> str:
    return f"## [Story {number}](https://example.org/{number})\n\n{TEASER}\n\n```python\nprint({number})\n```\n"
