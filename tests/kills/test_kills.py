"""
The program killed at any moment and at every point that matters, and run again to its end.

The service on loopback knows what truly happened, the program says what it believes, and the audit compares them.
"""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

import pytest
from killer import POINTS, Orders
from loopback_service import changeable
from rig import Rig, kill_at_a_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

KILLS = 5
SEEDS = 5
"""Random moments: so many kills for each of so many seeds, in each of the eight configurations: 200."""
DELAY = 0.012

with_and_without_keys = pytest.mark.parametrize("heeds_keys", [True, False], ids=["keys", "no keys"])
one_and_three = pytest.mark.parametrize("programs", [1, 3], ids=["one program", "three programs"])


@pytest.fixture(params=["sqlite", "postgres"])
def rig(
    request: pytest.FixtureRequest, letter: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Rig]:
    """Return a function that builds a newsletter with so many readers, in each kind of store."""
    if request.param == "postgres":
        pytest.importorskip("digest.store.postgres")
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path}/kills.db"
    monkeypatch.setenv("DIGEST_STORE_URL", url)
    return lambda readers: Rig.build(letter, run, readers=readers)


@with_and_without_keys
@one_and_three
@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_at_any_moment(
    request: pytest.FixtureRequest, rig: Callable[[int], Rig], programs: int, seed: int, *, heeds_keys: bool
) -> None:
    """In any weather: with keys, all get it exactly once; without, nobody twice, and who is in doubt is so for a reason."""
    newsletter = rig(60)
    chance = random.Random(request.node.name)  # noqa: S311  # a moment, no secret
    kills = 0
    for number in count():
        turns = changeable(f"{request.node.name} {number}", bad=0.1, longest=DELAY)
        with newsletter.sending(heeds_keys=heeds_keys, turns=turns, concurrency=2) as sending:
            while kills + len(sending.killed) < KILLS and not sending.done():
                kill_at_a_moment(sending, chance, programs=programs, window=6 * DELAY)
            sending.finish(programs)
        assert sending.wrongs() == {}
        kills += len(sending.killed)
        if kills >= KILLS:
            break


@with_and_without_keys
@one_and_three
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(
    rig: Callable[[int], Rig], tmp_path: Path, point: str, programs: int, *, heeds_keys: bool
) -> None:
    """The same, for a kill before or after each durable write and each request, by all programs or by one of them."""
    newsletter = rig(15)
    log = tmp_path / "points.txt"
    with newsletter.sending(heeds_keys=heeds_keys) as sending:
        sending.finish(orders=Orders(log=log))
    assert sending.wrongs() == {}
    times = log.read_text("utf-8").splitlines().count(point)
    assert times >= 3, "there is one for each batch at least"
    for time in range(1, times + 1):
        with newsletter.sending(heeds_keys=heeds_keys) as sending:
            with sending.crew(programs, Orders(die_at=(point, time))):
                pass
            sending.finish()
        assert len(sending.killed) == 1 or programs > 1, "another program may have done it first"
        assert sending.wrongs() == {}
