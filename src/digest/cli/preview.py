"""The command that shows issues in the browser."""

from __future__ import annotations

import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from digest.cli.completing import complete_issue
from digest.cli.opening import open_newsroom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from digest.listening import Listener
    from digest.model import Finding, Subscriber
    from digest.preview.desk import Sheet
    from digest.preview.examining import Examiner
    from digest.publishing.newsroom import Newsroom

_MOST_TRIED = 100
"""Ports, where the first ones are taken."""


@click.command(short_help="See issues in the browser, anew whenever a file is saved.")
@click.argument("issue", required=False, shell_complete=complete_issue)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Let others in the network look, at this address.")
@click.option("--port", default=8000, show_default=True, metavar="N", help="Take this port, or the next that is free.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
def preview(issue: str | None, host: str, port: int, no_open: bool) -> None:  # noqa: FBT001  # Click passes by name
    """
    See ISSUE, a path or a slug, in the browser as its readers will, with what `digest check` says of it.

    It is shown anew whenever a file is saved. Ctrl-C ends it.

    \b
    Examples:
      digest preview
      digest preview issues/2026-11-24-past-the-plateau.md --no-open
      digest preview --host 0.0.0.0
    """
    from digest.listening import listen
    from digest.preview.application import Deeds
    from digest.preview.serving import has_screen, serve

    newsroom = open_newsroom()
    slug = newsroom.slug_of(newsroom.find(issue)) if issue else ""
    listener = listen(host, port, tries=_MOST_TRIED)
    url = listener.url + (f"?issue={quote(slug)}" if slug else "")

    def ready() -> None:
        _announce(newsroom, listener, url)
        if not no_open and has_screen(os.environ):
            _open(url)

    serve(
        newsroom,
        Deeds(examine=_examine, count_rules=_count_rules, send_test=_send_test),
        os.environ,
        listener,
        ready=ready,
    )


def _announce(newsroom: Newsroom, listener: Listener, url: str) -> None:
    click.echo(f"{newsroom.settings.newsletter.name}: {url} ({_milliseconds():.0f} ms). Ctrl-C ends it.")
    if listener.public:
        import segno

        segno.make(url, micro=False).terminal(compact=True)
        click.echo("Anyone in this network can now read your issues, unsent ones too, but not your list of readers.")
    sys.stdout.flush()


def _milliseconds() -> float:
    """Return how long ago this process was started, where the system tells; elsewhere, how long it has worked."""
    try:
        ticks = int(Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19])
        return 1000 * (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError):
        return 1000 * time.process_time()


def _open(url: str) -> None:
    import webbrowser
    from threading import Thread

    Thread(target=webbrowser.open, args=(url,), daemon=True).start()  # some take their time to start


def _examine(sheet: Sheet, reader: Subscriber | None, now: datetime) -> Iterator[Finding]:
    return _examiner().examine(sheet, reader, now)


def _count_rules() -> int:
    from digest.checking.rules import RULES

    return len(RULES)


@cache
def _examiner() -> Examiner:
    from digest.preview.examining import Examiner

    return Examiner()


def _send_test(newsroom: Newsroom, slug: str, address: str, values: Mapping[str, str]) -> str:
    from digest.preview.trying import send_test

    return send_test(newsroom, slug, address, values)
