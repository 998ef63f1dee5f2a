"""
Batches of a send that is written down nowhere: a test to a few addresses, or a rehearsal in a provider's sandbox.

To the engine they are claimed and settled as the ledger's are, and they are forgotten with the process.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from uuid import uuid4

from digest.model import Batch, State, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from digest.model import Edition, Readers, Receipt


class Rehearsal:
    """
    The batches of one edition for some readers.

    Args:
        edition: what they get.
        readers: who they are, no more at a time than a request takes.
    """

    def __init__(self, edition: Edition, readers: Iterable[Readers]) -> None:
        self._edition = edition
        self._coming = iter(readers)
        self._again: deque[Readers] = deque()
        self._claimed = 0
        self._states: Counter[State] = Counter()
        self.reasons: Counter[str] = Counter()
        """Why readers were refused or are in doubt, and how many."""

    @property
    def tally(self) -> Tally:
        """How many stand how; those who were never claimed are not among them."""
        return Tally(**{state.value: self._states[state] for state in State})

    def adopt(self) -> Iterator[tuple[Batch, bool]]:
        """Return nothing: nobody else knows of these batches."""
        return iter(())

    def together(self) -> AbstractContextManager[None]:
        """Do nothing: nothing is written."""
        return nullcontext()

    def claim(self, *, now: datetime) -> Batch | None:
        """Return the next batch, under a key that no other send has."""
        readers = self._again.popleft() if self._again else next(self._coming, None)
        if readers is None:
            return None
        self._claimed += 1
        return Batch(edition=self._edition, number=self._claimed, key=str(uuid4()), readers=readers, at=now)

    def settle(self, batch: Batch, receipts: Sequence[Receipt], *, now: datetime) -> int:
        """Count what the provider said of each reader; return how many are to be tried again."""
        del now
        again = [place for place, receipt in enumerate(receipts) if receipt.state is State.QUEUED]
        if again:
            self._again.append(batch.readers.at(again))
        for receipt in receipts:
            self._count(receipt.state, receipt.reason)
        return len(again)

    def _count(self, state: State, reason: str, readers: int = 1) -> None:
        if state is not State.QUEUED:
            self._states[state] += readers
        if state in {State.REFUSED, State.IN_DOUBT}:
            self.reasons[reason] += readers

    def release(self, batch: Batch) -> None:
        """Queue a batch again."""
        self._again.append(batch.readers)

    def halve(self, batch: Batch, *, reason: str, now: datetime) -> None:
        """Queue a batch again as two."""
        del reason, now
        count = len(batch.readers)
        self._again += (batch.readers.at(range(count // 2)), batch.readers.at(range(count // 2, count)))

    def doubt(self, batch: Batch, *, reason: str, now: datetime) -> None:
        """Count a batch of which nobody knows whether it was accepted."""
        del now
        self._count(State.IN_DOUBT, reason, len(batch.readers))
