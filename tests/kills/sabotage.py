"""
Mistakes that others made, put into the running program; each of them breaks the promise, and the audit must find it.

To be called in a process of its own, which it changes for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from digest.model import Receipt, State
from digest.store import Claims
from digest.wire import answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from digest.model import Batch


def no_claim() -> None:
    """Keep in memory alone which batches were taken; the ledger hears of it with the answer."""
    claim, settle = Claims.claim, Claims.settle
    taken: set[int] = set()

    def claim_in_memory(self: Claims, *, now: datetime) -> Batch | None:
        with self.together():
            queued = [*iter(lambda: claim(self, now=now), None)]
            for batch in queued:
                self.release(batch)
        fresh = next((batch for batch in queued if batch.number not in taken), None)
        taken.update({fresh.number} if fresh else ())
        return fresh

    def settle_unclaimed(self: Claims, batch: Batch, receipts: Sequence[Receipt], *, now: datetime) -> int:
        with self.together():
            for other in [*iter(lambda: claim(self, now=now), None)]:
                if other.number != batch.number:
                    self.release(other)
            return settle(self, batch, receipts, now=now)

    _replace("claim", claim_in_memory)
    _replace("settle", settle_unclaimed)


def checkpoint_at_fetch() -> None:
    """Count a batch as sent as soon as it is taken."""
    claim, settle = Claims.claim, Claims.settle

    def claim_for_good(self: Claims, *, now: datetime) -> Batch | None:
        with self.together():
            batch = claim(self, now=now)
            if batch:
                settle(self, batch, [Receipt(state=State.SENT)] * len(batch.readers), now=now)
        return batch

    _replace("claim", claim_for_good)
    _replace("settle", lambda *_, **__: 0)


def silence_is_absence() -> None:
    """Take a read timeout for proof that the request never arrived."""
    answers.FAILURES = {**answers.FAILURES, httpx.ReadTimeout: answers.FAILURES[httpx.ConnectTimeout]}


def _replace(name: str, method: object) -> None:
    setattr(Claims, name, method)
