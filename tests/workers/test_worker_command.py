"""`digest worker` and `digest send --enqueue`, as people and supervisors meet them."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run

SLUG = "2026-11-24-hello"
_HANGS = 60
"""Seconds after which something hangs."""


@pytest.fixture
def _shared(run: Run, counted: Counted, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the newsletter's two readers on a server, and write to them one by one."""
    monkeypatch.setenv("DIGEST_STORE_URL", postgres_url)
    assert run("subscribers", "import", "subscribers.csv").exit_code == 0
    counted.configure(messages=1)


def wait_for(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _HANGS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("arguments", [("worker",), ("send", SLUG, "--enqueue", "--yes")], ids=["worker", "send"])
def test_needs_a_server(run: Run, arguments: tuple[str, ...]) -> None:
    """With a store in a file there is nothing to share, and the sentence says what to do."""
    result = run(*arguments)
    assert result.exit_code == 3
    assert "workers share a store on PostgreSQL" in result.output
    assert "[store] url" in result.output


@pytest.mark.parametrize("place", ["9100x", "127.0.0.1:http", "192.0.2.1:9100"])
def test_metrics_need_an_address(run: Run, place: str) -> None:
    """An address that is none of this machine is refused before anything begins."""
    result = run("worker", "--metrics", place)
    assert result.exit_code == 2
    assert f"nothing can be served at {place}" in result.output


@pytest.mark.usefixtures("_shared")
def test_enqueue_shows_the_plan_and_sends_nothing(run: Run, counted: Counted) -> None:
    """It shows what a send shows, queues, and says where to look on; a rehearsal of it changes nothing."""
    assert run("send", SLUG, "--enqueue", "--dry-run").exit_code == 0
    assert json.loads(run("status", SLUG, "--json").stdout)["edition"] is None
    result = run("send", SLUG, "--enqueue", "--yes")
    assert result.exit_code == 0, result.output
    assert "queued 2" in result.output
    assert f"digest status {SLUG} --watch" in result.output
    assert counted.accepted().total() == 0
    assert json.loads(run("send", SLUG, "--enqueue", "--yes", "--json").stdout)["queued"] == 2


@pytest.mark.usefixtures("_shared")
def test_worker_sends_and_tells_what_it_does(program: Program, run: Run, counted: Counted) -> None:
    """It sends what is queued, shows its counts to Prometheus, logs a JSON object a line, and ends with 0."""
    assert run("send", SLUG, "--enqueue", "--yes").exit_code == 0
    port = free_port()
    with program.start("worker", "--metrics", f"127.0.0.1:{port}") as worker:
        try:
            wait_for(lambda: counted.accepted().total() == 2)
            wait_for(lambda: 'readers_total{outcome="sent"} 2.0' in _metrics(port))
            told = _metrics(port)
        finally:
            worker.terminate()
        out, err = worker.communicate(timeout=_HANGS)
    assert worker.returncode == 0, err
    assert out.startswith("Working on what is queued for counting, 1 request side by side.")
    for name in ("digest_queue_batches 0.0", "digest_queue_oldest_seconds 0.0", "digest_pace_lag_seconds 0.0"):
        assert name in told
    assert 'digest_worker_requests_total{fate="answered"} 2.0' in told
    assert [json.loads(line)["logger"] for line in err.splitlines()][-1] == "digest.worker"
    assert "@" not in out + err + told


def _metrics(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_HANGS) as answer:
            return str(answer.read().decode())
    except urllib.error.URLError:  # it has not begun to listen
        return ""


@pytest.mark.usefixtures("_shared")
def test_provider_that_refuses_holds_the_mailing(program: Program, run: Run, counted: Counted) -> None:
    """A worker stays, and the mailing waits for a person, who reads why in its status and queues it again."""
    counted.configure(answer="barred", messages=1)
    assert run("send", SLUG, "--enqueue", "--yes").exit_code == 0
    with program.start("worker") as worker:
        try:
            wait_for(lambda: "paused: no money is left" in run("status", SLUG).stdout)
            assert json.loads(run("status", SLUG, "--json").stdout)["held"].startswith("no money is left")
            assert worker.poll() is None
        finally:
            worker.terminate()
        _, err = worker.communicate(timeout=_HANGS)
    assert worker.returncode == 0
    assert "is held: no money is left" in err
    counted.configure(messages=1)
    assert json.loads(run("send", SLUG, "--enqueue", "--yes", "--json").stdout)["queued"] == 2
    assert "paused" not in run("status", SLUG).stdout


@pytest.mark.usefixtures("_shared")
def test_provider_that_rejects_everything_holds_the_mailing(
    program: Program, run: Run, counted: Counted, write_readers: Callable[[int], Path]
) -> None:
    """A worker counts over all batches what was of no use, as one process does, and its counts are the ledger's."""
    assert run("subscribers", "import", str(write_readers(3))).exit_code == 0
    counted.configure(answer="dislikes ", messages=1, stop_after=2)
    assert run("send", SLUG, "--enqueue", "--yes").exit_code == 0
    port = free_port()
    with program.start("worker", "--metrics", f"127.0.0.1:{port}") as worker:
        try:
            wait_for(lambda: "took nothing in 2 requests in a row" in run("status", SLUG).stdout)
            told = _metrics(port)
        finally:
            worker.terminate()
        worker.communicate(timeout=_HANGS)
    stood = json.loads(run("status", SLUG, "--json").stdout)
    assert (stood["refused"], stood["queued"]) == (2, 3)
    assert 'digest_worker_readers_total{outcome="refused"} 2.0' in told
    assert 'digest_worker_requests_total{fate="rejected"} 2.0' in told
