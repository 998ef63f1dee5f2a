"""
The program killed at any moment and at every point that matters, and run again to its end.

The service on loopback knows what truly happened, the program says what it believes, and the audit compares them.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections import Counter
from itertools import count, pairwise, product
from typing import TYPE_CHECKING

import pytest
from audit import find_wrongs
from killer import POINTS, Orders
from loopback_service import Turn, Weather, changeable
from rig import BATCH, Rig, kill_at_moments, kill_at_point

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Run

KILLS, SEEDS = 5, int(os.environ.get("DIGEST_KILL_SEEDS", "2"))
"""In each of eight configurations with a database, so many kills for each of so many seeds: `make kills` has 200."""
PROGRAMS = (1, 3)
DELAY = 0.012
"""The longest that the service takes before it accepts, and again before it answers, in seconds."""
WINDOW = 2
"""How many batches are claimed by one push, where the ledger is on a branch of a git remote."""
SILENCE = 1.5
"""Seconds for which the service keeps an answer back, which is longer than a program with little patience waits."""

DATABASES = ("sqlite", "postgres")
BY_SEEDS = [*product(DATABASES, PROGRAMS, range(SEEDS)), ("git", 1, 0), ("git", 3, 1)]
"""The ledger, how many programs there are, and a seed. One on a branch takes several processes for each push."""
BY_POINTS = [*product(DATABASES, PROGRAMS), ("git", 1)]
"""The ledger, and how many programs there are."""

with_and_without_keys = pytest.mark.parametrize("heeds_keys", [True, False], ids=["keys", "no keys"])
databases = pytest.mark.parametrize("rig", DATABASES, indirect=True)


@pytest.fixture
def rig(
    request: pytest.FixtureRequest, letter: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Rig]:
    """Return a function that builds a newsletter with so many readers, for each kind of ledger."""
    if request.param == "git":
        _keep_ledger_on_a_branch(letter, tmp_path / "remote.git", monkeypatch)
        return lambda readers: Rig.build(letter, run, readers=readers, window=WINDOW)
    url = f"sqlite:///{tmp_path}/kills.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    monkeypatch.setenv("DIGEST_STORE_URL", url)
    return lambda readers: Rig.build(letter, run, readers=readers)


def _keep_ledger_on_a_branch(letter: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the newsletter be a clone, and its machine one that forgets."""
    for command in (["init", "--quiet", "--bare", remote], ["init", "--quiet"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", *command], cwd=letter, check=True)
    settings = letter / "digest.toml"
    ledger = f'[ledger]\nwindow = "{WINDOW} batches"\n\n[provider]'
    settings.write_text(settings.read_text("utf-8").replace("[provider]", ledger, 1), encoding="utf-8")
    monkeypatch.setenv("DIGEST_LEDGER_URL", "git:origin/digest-ledger")
    monkeypatch.setenv("DIGEST_SUBSCRIBERS_SOURCE", "kills.csv")


@with_and_without_keys
@pytest.mark.parametrize(("rig", "programs", "seed"), BY_SEEDS, indirect=["rig"])
def test_killed_at_any_moment(rig: Callable[[int], Rig], programs: int, seed: int, *, heeds_keys: bool) -> None:
    """In any weather: with keys, all get it exactly once; without, nobody twice, and doubts have their reason."""
    newsletter = rig(60)
    chance = random.Random(seed)  # noqa: S311  # moments and weather, no secret
    kills = 0
    for number in count():
        turns = changeable(f"{seed} {number}", bad=0.1, longest=DELAY)
        with newsletter.sending(heeds_keys=heeds_keys, turns=turns, concurrency=2) as sending:
            kill_at_moments(sending, chance, programs=programs, kills=KILLS - kills, window=6 * DELAY)
        assert find_wrongs(sending.ending()) == {}
        kills += len(sending.killed)
        if kills >= KILLS:
            break


@with_and_without_keys
@pytest.mark.parametrize(("rig", "programs"), BY_POINTS, indirect=["rig"])
def test_killed_at_each_point(rig: Callable[[int], Rig], tmp_path: Path, programs: int, *, heeds_keys: bool) -> None:
    """The same before and after each durable write and each request; one batch or window at most is then in doubt."""
    newsletter = rig(3 * BATCH)
    log = tmp_path / "points.txt"
    with newsletter.sending(heeds_keys=heeds_keys) as sending, sending.crew(1, log=log):
        pass
    assert find_wrongs(sending.ending()) == {}
    reached = log.read_text("utf-8").splitlines()
    assert min(reached.count(point) for point in POINTS) >= 3, "each batch has one at least"
    for point, time in _tell_apart(reached):
        with newsletter.sending(heeds_keys=heeds_keys) as sending:
            kill_at_point(sending, point, time, programs=programs)
        ending = sending.ending()
        assert find_wrongs(ending) == {}, (point, time)
        assert len(sending.killed) == 1 or programs > 1, "it may be another program that did all"
        doubted = {0} if heeds_keys else {BATCH * count for count in range(newsletter.window + 1)}
        surely = bool(sending.killed) and point.startswith("request") and not heeds_keys
        assert len(ending.standing("in_doubt")) in doubted - ({0} if surely else set()), (point, time)


def _tell_apart(reached: Sequence[str]) -> list[tuple[str, int]]:
    """
    Return the points at which a kill leaves something else behind than at the others, each with its time, from 1.

    Between the end of one write or request and the beginning of the next one, nothing leaves the program. Of the two
    points, a request's is kept, since it tells for sure whether there is a doubt.
    """
    times: Counter[str] = Counter()
    kept: list[tuple[str, int]] = []
    for last, point in pairwise(["", *reached]):
        times[point] += 1
        if not (last.endswith(":after") and point.endswith(":before")):
            kept.append((point, times[point]))
        elif not last.startswith("request"):
            kept[-1] = (point, times[point])
    return kept


@databases
@with_and_without_keys
@pytest.mark.parametrize("weather", Weather)
def test_weather(rig: Callable[[int], Rig], weather: Weather, *, heeds_keys: bool) -> None:
    """Whatever happens to one request, its readers get it once; without keys they are in doubt if nobody could know."""
    newsletter = rig(3 * BATCH)
    turns = [Turn(), Turn(weather=weather), *[Turn()] * 10]
    with newsletter.sending(heeds_keys=heeds_keys, turns=turns) as sending:
        sending.finish()
    ending = sending.ending()
    assert find_wrongs(ending) == {}
    is_settled = heeds_keys or weather is Weather.FAIR or len(sending.service.calls) > 3
    assert len(ending.standing("in_doubt")) == (0 if is_settled else BATCH)


@databases
@pytest.mark.parametrize("weather", [Weather.BUSY, Weather.AWAY])
def test_repeat_that_is_declined(rig: Callable[[int], Rig], weather: Weather) -> None:
    """That the repeat of a request was not accepted says nothing of the first one, whose key stays in use."""
    newsletter = rig(3 * BATCH)
    turns = [Turn(), Turn(weather=Weather.LOST), Turn(weather=weather), *[Turn()] * 10]
    with newsletter.sending(heeds_keys=True, turns=turns) as sending:
        sending.finish()
    assert find_wrongs(sending.ending()) == {}
    assert len(sending.service.calls) == 5


@databases
@with_and_without_keys
def test_no_answer(rig: Callable[[int], Rig], *, heeds_keys: bool) -> None:
    """An answer that does not come in time leaves it open what became of the request."""
    newsletter = rig(3 * BATCH)
    turns = [Turn(), Turn(after=SILENCE), *[Turn()] * 10]
    with newsletter.sending(heeds_keys=heeds_keys, turns=turns, orders=Orders(patience=SILENCE / 2)) as sending:
        sending.finish()
    ending = sending.ending()
    assert find_wrongs(ending) == {}
    assert len(ending.standing("in_doubt")) == (0 if heeds_keys else BATCH)
