"""Two machines that begin the same issue at the same moment, on a real bare repository."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from branch_room import READERS, Clone, one, remote, two, untouched_room
from mailing_room import NOW, SENT, freeze, names

from digest.branch.keeping import TakenError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["one", "remote", "two", "untouched_room"]

TRIALS = int(os.environ.get("RACES", "8"))
"""Each is another branch of the same remote."""


def _race(clone: Clone, number: int, start: Barrier) -> Sequence[str] | None:
    """Send an issue on a branch of this number, and return to whom; None if somebody else does."""
    sent: list[str] = []
    try:
        with clone.store(url=f"git:origin/race-{number}") as store:
            frozen = freeze(store)
            start.wait()
            with store.claims(frozen) as claims:
                while batch := claims.claim(now=NOW):
                    sent += names(batch)
                    claims.settle(batch, [SENT] * len(batch.readers), now=NOW)
    except TakenError:
        return None
    return sent


def test_one_winner(one: Clone, two: Clone) -> None:
    """However close the race, one machine sends to everyone, each once, and the other one to nobody."""
    start = Barrier(2)
    winners: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for number in range(TRIALS):
            runs = {clone.folder.name: pool.submit(_race, clone, number, start) for clone in (one, two)}
            sent = {name: run.result() for name, run in runs.items()}
            (winner,) = (name for name, readers in sent.items() if readers is not None)
            assert sorted(sent[winner] or ()) == sorted(READERS)
            winners[winner] += 1
    assert winners.total() == TRIALS
