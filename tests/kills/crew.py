"""Workers at work on what a newsletter has queued: real processes, which are killed, stopped and added."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from child import start
from killer import NO_ORDERS

from digest.cli.opening import open_settings
from digest.workers.running import Rhythm, run
from digest.workers.telling import begin_to_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import ForkServerProcess

    from rig import Sending

_HANGS = 60
"""Seconds after which something hangs."""


def work() -> None:
    """Be a worker that gives others up for dead after a second and a half, and not ten."""
    begin_to_log()
    run(open_settings(), rhythm=Rhythm(heartbeat=0.4, stalled=1.5, fill=1))


class Crew:
    """The workers of a sending."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._workers: list[ForkServerProcess] = []

    def add(self, count: int = 1) -> None:
        """Start so many workers."""
        self._workers += [start(self._sending.child, orders=NO_ORDERS, program=work) for _ in range(count)]

    def kill(self) -> None:
        """Kill the worker that has been there for longest."""
        worker = self._workers.pop(0)
        worker.kill()
        worker.join(_HANGS)
        assert worker.pid
        self._sending.killed.add(worker.pid)
        worker.close()

    def stop(self) -> list[int | None]:
        """Have all workers end in good order, and return their exit codes."""
        for worker in self._workers:
            worker.terminate()
        codes = []
        for worker in self._workers:
            worker.join(_HANGS)
            codes.append(worker.exitcode)
            worker.close()
        self._workers.clear()
        return codes

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + _HANGS
        while not done():
            assert time.monotonic() < deadline, self._sending.child.output.read_text("utf-8")
            time.sleep(0.02)

    def wait_for_calls(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        self.wait_for(lambda: len(self._sending.service.calls) >= count)


@contextmanager
def crew(sending: Sending, size: int) -> Iterator[Crew]:
    """Begin with so many workers; at the end all of them stop in good order, and have said nothing bad."""
    workers = Crew(sending)
    workers.add(size)
    try:
        yield workers
    finally:
        codes = workers.stop()
    output = sending.child.output.read_text("utf-8")
    assert set(codes) <= {0}, output
    assert "Traceback" not in output, output
    assert "@" not in output, output


def lines_of(sending: Sending) -> list[dict[str, object]]:
    """Return what workers have logged."""
    output = sending.child.output.read_text("utf-8").splitlines()
    return [json.loads(line) for line in output if line.startswith('{"at"')]


def most_in_a_second(moments: list[float]) -> int:
    """Return the most that fall into any second, wherever it begins."""
    ordered = sorted(moments)
    return max(sum(begin <= moment < begin + 1 for moment in ordered[place:]) for place, begin in enumerate(ordered))
