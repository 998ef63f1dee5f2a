"""A send as it is watched: a live bar at a terminal, plain lines elsewhere, and an orderly end on Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

import click

from digest.cli.printing import many

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from digest.sending import Report, Step

_EVERY = 10.0
"""Seconds between two lines about a send that nobody watches."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[Event]:
    """Set the event on the first Ctrl-C or SIGTERM, so that what is in flight is finished; the second stops at once."""
    stopping = Event()
    hears, tells = os.pipe()
    asked = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        os.write(tells, b"!")
        with suppress(OSError):  # Ctrl-C also ends a tee that we write to
            # Not by way of sys.stderr, which this may have interrupted in the middle of a line.
            os.write(2, b"\nFinishing the requests in flight; once more stops at once.\n")

    def listen() -> None:
        if os.read(hears, 1):
            stopping.set()

    # Not set by `handle`: that runs in the thread that waits for the event, which may hold the event's lock just then.
    listening = Thread(target=listen, daemon=True)
    listening.start()
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tells)
        listening.join()
        os.close(hears)


@contextmanager
def watch(readers: int, *, quiet: bool) -> Iterator[Report]:
    """
    Show how a send comes along: a bar at a terminal, a line now and then elsewhere, and troubles always.

    What cannot be shown, on a full disk or to a terminal that is gone, does not stop what is being sent.
    """
    lines = quiet or not sys.stdout.isatty()
    with nullcontext(_Lines(readers, quiet=quiet).report) if lines else _bar(readers) as show:

        def report(step: Step) -> None:
            with suppress(OSError):
                show(step)

        yield report


class _Lines:
    """Tells of a send in lines."""

    def __init__(self, readers: int, *, quiet: bool) -> None:
        self._readers = readers
        self._quiet = quiet
        self._settled = 0
        self._begun = self._told = time.monotonic()

    def report(self, step: Step) -> None:
        self._settled += step.settled
        if step.trouble:
            click.echo(f"  {step.trouble}", err=True)
        now = time.monotonic()
        if self._quiet or now - self._told < _EVERY:
            return
        self._told = now
        pace = self._settled / (now - self._begun)
        left = f", {(self._readers - self._settled) / pace:,.0f} s left" if pace else ""
        click.echo(f"  {self._settled:,} of {many(self._readers, 'reader')}, {pace:,.0f} a second{left}")


@contextmanager
def _bar(readers: int) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("  Sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(highlight=False)) as progress:
        task = progress.add_task("", total=readers, pace="")

        def report(step: Step) -> None:
            speed = progress.tasks[0].speed
            progress.update(task, advance=step.settled, pace=f"{speed:,.0f}/s" if speed else "")
            if step.trouble:
                progress.console.print(f"  {step.trouble}", markup=False)

        yield report
