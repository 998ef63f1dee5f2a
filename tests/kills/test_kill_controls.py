"""The kill tests can fail: programs with the mistakes of others, and the audit that finds each of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from audit import Wrong, find_wrongs
from killer import Orders
from loopback_service import Turn, changeable
from rig import BATCH, Rig, kill_at_moments, kill_at_point

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

pytestmark = pytest.mark.negative_control

DELAY = 0.012
SILENCE = 1.5
TRIES = 40  # on a busy machine it takes five or so, and once took more than ten


@pytest.fixture
def rig(letter: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Rig]:
    """Return a function that builds a newsletter with so many readers."""
    monkeypatch.setenv("DIGEST_STORE_URL", f"sqlite:///{tmp_path}/kills.db")
    return lambda readers: Rig.build(letter, run, readers=readers)


mistakes = pytest.mark.parametrize(
    ("sabotage", "point", "wrong"),
    [
        pytest.param("no_claim", "request:after", Wrong.TWICE, id="no claim"),
        pytest.param("checkpoint_at_fetch", "request:before", Wrong.FORGOTTEN, id="checkpoint at fetch"),
    ],
)


@mistakes
def test_found_at_random_moments(rig: Callable[[int], Rig], sabotage: str, point: str, wrong: Wrong) -> None:
    """Who is killed now and then is caught within a few issues."""
    del point
    newsletter = rig(60)
    chance = random.Random(sabotage)  # noqa: S311  # moments, no secret
    found: set[Wrong] = set()
    for number in range(TRIES):
        turns = changeable(f"{sabotage} {number}", bad=0, longest=DELAY)
        with newsletter.sending(heeds_keys=False, turns=turns, orders=Orders(sabotage=sabotage)) as sending:
            kill_at_moments(sending, chance, programs=1, kills=3, window=6 * DELAY)
        found |= {*find_wrongs(sending.ending())}
        if wrong in found:
            break
    assert wrong in found


@mistakes
def test_found_at_its_point(rig: Callable[[int], Rig], sabotage: str, point: str, wrong: Wrong) -> None:
    """Who is killed at the point that matters is caught at once, with exactly the readers of that batch."""
    newsletter = rig(3 * BATCH)
    with newsletter.sending(heeds_keys=False, orders=Orders(sabotage=sabotage)) as sending:
        kill_at_point(sending, point, 2, programs=1)
    assert len(find_wrongs(sending.ending())[wrong]) == BATCH


def test_found_in_silence(rig: Callable[[int], Rig]) -> None:
    """Who takes a read timeout for "never sent" is caught as soon as an answer is late."""
    newsletter = rig(3 * BATCH)
    turns = [Turn(), Turn(after=SILENCE), *[Turn()] * 10]
    orders = Orders(sabotage="silence_is_absence", patience=SILENCE / 2)
    with newsletter.sending(heeds_keys=False, turns=turns, orders=orders) as sending:
        sending.finish()
    wrongs = find_wrongs(sending.ending())
    assert {wrong: len(emails) for wrong, emails in wrongs.items()} == {Wrong.TWICE: BATCH, Wrong.GAMBLED: BATCH}
