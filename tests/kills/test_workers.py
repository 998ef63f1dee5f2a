"""Many workers on one list: they keep the pace of the account, and nobody is forgotten or written to twice."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from audit import find_wrongs
from crew import crew, lines_of, most_in_a_second
from loopback_service import Turn, Weather
from rig import BATCH, Rig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run
    from postgresql import Server
    from rig import Sending

PACE = 10

LATE = 3
"""How many requests a busy machine may have held up until the next ones come; on a quiet one, none is."""

with_and_without_keys = pytest.mark.parametrize("heeds_keys", [True, False], ids=["keys", "no keys"])


@pytest.fixture
def rig(letter: Path, run: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Rig]:
    """Return a function that builds a newsletter of so many batches, whose store is on a server."""
    monkeypatch.setenv("DIGEST_STORE_URL", postgres_url)
    return lambda batches: Rig.build(letter, run, readers=batches * BATCH)


def enqueue(sending: Sending) -> None:
    """Leave an issue to the workers."""
    code = sending.run_program("send", sending.slug, "--enqueue", "--yes", "--json")
    assert code == 0, sending.child.output.read_text("utf-8")


def test_four_workers_keep_the_pace_of_the_account_and_use_it(rig: Callable[[int], Rig]) -> None:
    """Four workers keep to one pace together and use it, as the service counts; each with one of its own had four."""
    with rig(6 * PACE).sending(heeds_keys=True, concurrency=2, pace=PACE) as sending:
        enqueue(sending)
        with crew(sending, 4) as workers:
            workers.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}
    calls = sending.service.calls
    assert most_in_a_second([call.at for call in calls]) <= PACE + LATE
    first = {call.program: call.at for call in reversed(calls)}
    assert len(first) > 1
    moments = [call.at for call in calls if call.at >= max(first.values())]
    assert len(moments) - 1 >= 0.5 * PACE * (moments[-1] - moments[0])


@with_and_without_keys
def test_killed_workers_batches_are_taken_up(rig: Callable[[int], Rig], *, heeds_keys: bool) -> None:
    """Workers are killed and others added while they send: with keys all get it once; without, nobody gets it twice."""
    slow = [Turn(before=0.05, after=0.05)]
    with rig(40).sending(heeds_keys=heeds_keys, concurrency=2, turns=slow) as sending, crew(sending, 2) as workers:
        enqueue(sending)
        for calls in (3, 10, 18):
            workers.wait_for_calls(calls)
            workers.kill()
            workers.add()
        workers.wait_for(sending.is_done)
    ending = sending.ending()
    assert find_wrongs(ending) == {}
    assert len(sending.killed) == 3
    assert heeds_keys or ending.standing("in_doubt")


def test_stopped_workers_finish_what_is_in_flight(rig: Callable[[int], Rig]) -> None:
    """Workers that are told to end settle what they have posted, leave the rest for others, and end with 0."""
    with rig(40).sending(heeds_keys=False, concurrency=2, turns=[Turn(after=0.05)]) as sending:
        enqueue(sending)
        with crew(sending, 2) as workers:
            workers.wait_for_calls(5)
        stood = json.loads(sending.run("status", sending.slug, "--json").stdout)
        assert stood["sent"] == len(sending.service.calls) * BATCH
        assert stood["queued"] == 40 * BATCH - stood["sent"] > 0
        with crew(sending, 1) as workers:
            workers.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}


_BREAK_OFF = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = 'letters' and pid <> pg_backend_pid()
"""


def test_workers_outlive_their_connections(rig: Callable[[int], Rig], postgres_server: Server) -> None:
    """The server ends all connections twice while they send: they open others, and all readers get it once."""
    with (
        rig(40).sending(heeds_keys=True, concurrency=2, turns=[Turn(before=0.05)]) as sending,
        crew(sending, 2) as crowd,
    ):
        enqueue(sending)
        for calls in (3, 10):
            crowd.wait_for_calls(calls)
            postgres_server.ask(_BREAK_OFF)
        crowd.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}


_DEAD_RESCUER = """
insert into procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status)
values ('digest-chores', 'digest.fill', 'digest.fill', 'digest.fill', '{"timestamp": 1}', 'doing')
"""


def test_whoever_dies_while_looking_after_others_bars_nobody(
    rig: Callable[[int], Rig], postgres_server: Server
) -> None:
    """A worker was killed while it looked for batches without a job; others look for them all the same."""
    with rig(4).sending(heeds_keys=True) as sending:
        enqueue(sending)
        postgres_server.ask("delete from procrastinate_jobs", _DEAD_RESCUER, database="letters")
        with crew(sending, 1) as workers:
            workers.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}


def test_two_enqueues_at_once_are_one(rig: Callable[[int], Rig]) -> None:
    """Whoever else enqueues the same issue at the same moment helps, and changes nothing."""
    with rig(10).sending(heeds_keys=False) as sending:
        with ThreadPoolExecutor(2) as pool:
            outcomes = [*pool.map(lambda _: sending.run_program("send", sending.slug, "--enqueue", "--yes"), range(2))]
        assert outcomes == [0, 0], sending.child.output.read_text("utf-8")
        with crew(sending, 2) as workers:
            workers.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}
    assert len(sending.service.calls) == 10


def test_all_workers_hear_that_the_service_wants_a_rest(rig: Callable[[int], Rig]) -> None:
    """Once it has told one of them to leave it alone for two seconds, none of them asks before."""
    turns = [*[Turn()] * 12, Turn(weather=Weather.AWAY, rest=2), *[Turn()] * 40]
    with rig(40).sending(heeds_keys=True, concurrency=2, pace=40, turns=turns) as sending:
        enqueue(sending)
        with crew(sending, 3) as workers:
            workers.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}
    (asked,) = [call.at for call in sending.service.calls if call.weather is Weather.AWAY]
    # What was in flight may follow it at once.
    assert [call.at - asked for call in sending.service.calls if 0.5 < call.at - asked < 1.9] == []


def test_what_is_due_is_begun_once(rig: Callable[[int], Rig]) -> None:
    """However many workers there are, an issue whose time has come is begun by one of them, and sent by all."""
    with rig(10).sending(heeds_keys=False) as sending:
        issue = sending.child.folder / "issues" / f"{sending.slug}.md"
        moment = datetime.now(UTC) - timedelta(minutes=2)
        issue.write_text(f"---\nstatus: ready\nsend_at: {moment:%Y-%m-%d %H:%M}\n---\nIt is time.\n", encoding="utf-8")
        with crew(sending, 3) as workers:
            workers.wait_for(sending.is_done)
    assert find_wrongs(sending.ending()) == {}
    begun = [line for line in lines_of(sending) if "is due" in str(line["message"])]
    assert [line["mailing"] for line in begun] == [sending.slug]


def test_what_bars_one_worker_holds_the_mailing_for_all(rig: Callable[[int], Rig]) -> None:
    """Where one process would stop, all of them leave the mailing alone, and status says why."""
    turns = [Turn(weather=Weather.BUSY)]
    with rig(40).sending(heeds_keys=False, concurrency=2, turns=turns) as sending:
        settings = sending.child.folder / "digest.toml"
        settings.write_text(settings.read_text("utf-8") + "\n[send]\nstop_after = 1\n", encoding="utf-8")
        enqueue(sending)
        with crew(sending, 2) as workers:
            workers.wait_for(lambda: any("is held" in str(line["message"]) for line in lines_of(sending)))
            workers.wait_for(lambda: "paused" in sending.run("status", sending.slug).stdout)
        assert "loopback took nothing" in sending.run("status", sending.slug).stdout
        assert len(sending.service.calls) <= 4
