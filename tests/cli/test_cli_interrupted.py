"""The program interrupted, and run twice at once: nobody twice, nobody forgotten; tests/kills has the rest."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"


def wait_for(counted: Counted, readers: int, process: subprocess.Popen[str]) -> None:
    """Wait until the service has accepted so many readers, or the process has ended."""
    deadline = time.monotonic() + 30
    while counted.accepted().total() < readers and process.poll() is None:
        assert time.monotonic() < deadline, "the program does not send"
        time.sleep(0.002)


def status(run: Run) -> dict[str, int]:
    """Return how the issue stands, in numbers."""
    facts = json.loads(run("status", SLUG, "--json").stdout)
    return {name: count for name, count in facts.items() if isinstance(count, int)}


def test_interrupted(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> None:
    """Ctrl-C ends it with 130 and a sentence; run again, it goes on from there."""
    counted.configure(messages=10, seconds=0.02)
    run("subscribers", "import", str(write_readers(98)))
    with program.start("send", "--yes") as process:
        wait_for(counted, 10, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.split("\n") == [
        "",
        "Finishing the requests in flight; once more stops at once.",
        "",
        "Interrupted. Run it again; it goes on from here.",
        "",
    ]
    assert counted.accepted().total() < 100
    assert program.run("send", "--yes").returncode == 0
    assert set(counted.accepted().values()) == {1}
    assert status(run)["sent"] == 100


def test_interrupted_twice(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> None:
    """The second Ctrl-C does not wait for what is in flight; run again, nobody has got it twice."""
    counted.configure(messages=10, seconds=5, idempotent=False)
    run("subscribers", "import", str(write_readers(98)))
    with program.start("send", "--yes") as process:
        while not [*program.folder.glob(".digest/*.lock")]:  # it sends as long as it holds one
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        assert any("Finishing" in line for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=2) == 130
    counted.configure(messages=10, idempotent=False)
    assert program.run("send", "--yes").returncode in {0, 6}  # whether it had claimed something yet or not
    assert max(counted.accepted().values()) == 1
    assert status(run)["sent"] + status(run)["in_doubt"] == 100


def test_two_at_once(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> None:
    """Two share the work; one that is killed leaves the rest to the other, and nobody gets it twice."""
    counted.configure(messages=10, seconds=0.05)
    run("subscribers", "import", str(write_readers(298)))
    with program.start("send", "--yes") as first, program.start("send", SLUG, "--yes") as second:
        wait_for(counted, 100, first)
        assert 0 < status(run)["sent"] < 300
        assert run("send", SLUG, "--dry-run").exit_code == 0
        first.kill()
        second.communicate()
    assert second.returncode in {0, 6}
    assert program.run("send", SLUG, "--yes").returncode == 0
    assert set(counted.accepted().values()) == {1}
    assert status(run)["sent"] == 300
