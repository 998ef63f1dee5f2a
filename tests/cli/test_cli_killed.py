"""The program killed at any moment, interrupted, and run twice at once: nobody twice, nobody forgotten."""

from __future__ import annotations

import json
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"
READERS = 300
MOST_RUNS = 12


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


@pytest.mark.parametrize("seed", range(15))
def test_killed_at_any_moment(
    run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path], seed: int
) -> None:
    """
    Killed and run again until it is done, all get it exactly once where the service heeds keys.

    Where it does not, nobody gets it twice, and whoever is not known to have got it is in doubt.
    """
    chance = random.Random(seed)  # noqa: S311  # a moment, no secret
    idempotent = bool(seed % 2)
    counted.configure(messages=10, idempotent=idempotent, seconds=0.006)
    run("subscribers", "import", str(write_readers(READERS - 2)))
    for _ in range(2):
        with program.start("send", "--yes") as process:
            if seed % 5:
                wait_for(counted, counted.accepted().total() + chance.randrange(1, READERS // 2), process)
                time.sleep(chance.uniform(0, 0.012))
            else:  # before the first request, too: while it reads, plans and freezes
                time.sleep(chance.uniform(0.1, 0.6))
            process.kill()
    assert _run_until_done(program) in {0, 6}
    accepted, stands = counted.accepted(), status(run)
    assert max(accepted.values()) == 1
    assert stands["sent"] + stands["in_doubt"] == READERS
    assert stands["sent"] <= accepted.total()
    if idempotent:
        assert (accepted.total(), stands["sent"]) == (READERS, READERS)
    _check_each_reader(run, counted)


def _run_until_done(program: Program) -> int:
    """Run it as often as a scheduled job would, until nobody is queued; return the last exit code."""
    for _ in range(MOST_RUNS):
        result = program.run("send", SLUG, "--yes", "--json")
        if json.loads(result.stdout)["queued"] == 0:
            return result.returncode
    msg = "it is never done"
    raise AssertionError(msg)


def _check_each_reader(run: Run, counted: Counted) -> None:
    """See that each reader has a line, and that nobody is called sent who was not accepted."""
    lines = json.loads(run("status", SLUG, "--recipients", "--json").stdout)["recipients"]
    accepted = counted.accepted()
    assert len({line["email"] for line in lines}) == READERS
    assert {line["state"] for line in lines} <= {"sent", "in_doubt"}
    assert all(accepted[line["email"]] == 1 for line in lines if line["state"] == "sent")


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
        assert process.stderr
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        while "Finishing" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=2) == 130
    counted.configure(messages=10, idempotent=False)
    assert program.run("send", "--yes").returncode == 6
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
