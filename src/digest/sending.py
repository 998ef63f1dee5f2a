"""
The engine: claims a batch on disk, posts it, and settles it by what the provider says.

A batch that was claimed is never posted again without proof that it surely did not happen, or a provider
that takes the same bytes under the same key as the same request. Else its readers are in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from digest.errors import IncompleteError, ProviderError
from digest.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from digest.model import Batch, Receipt
    from digest.providers import Provider
    from digest.store import Frozen, Ledger

# Connecting, and waiting for a free connection, end before a byte has left.
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Sends what the ledger has queued of one edition. Its caller holds the store's lock for sending."""

    ledger: Ledger
    provider: Provider
    frozen: Frozen
    now: Callable[[], datetime]
    report: Callable[[int], None]
    """Is told after each batch how many readers were in it."""

    def deliver(self) -> None:
        """
        Post every batch that is queued, and first those that a dead process had claimed.

        Raises:
            ProviderError: the provider cannot be reached or takes nothing, and nothing was sent.
            IncompleteError: the same, after some readers had been settled.
            ContentError: a message cannot be written.
        """
        with httpx.Client(transport=self.provider.transport, timeout=_TIMEOUT) as client:
            for number in self.ledger.orphans(self.frozen):
                self._take_up(client, number)
            for number in [*self.ledger.queued(self.frozen)]:  # what this run queues anew is for the next one
                batch = self.ledger.claim(self.frozen, number, now=self.now())
                if batch:
                    self._post(client, batch)

    def _take_up(self, client: httpx.Client, number: int) -> None:
        """Post again, under its key, what a dead process had claimed; where that is not safe, put it in doubt."""
        batch = self.ledger.reclaim(self.frozen, number) if self.provider.limits.idempotent else None
        if batch:
            self._post(client, batch, again=True)
        else:
            reason = "its request was cut off, and to repeat it is not safe"
            self.ledger.doubt(self.frozen, number, reason=reason, now=self.now())

    def _post(self, client: httpx.Client, batch: Batch, *, again: bool = False) -> None:
        """Post a claimed batch. One that is posted `again` may have left before, so it is never queued anew."""
        try:
            request = self.provider.build_request(batch)
        except Exception:
            if not again:
                self.ledger.release(batch)
            raise
        try:
            receipts = self.provider.read_response(batch, client.send(request))
        except _NEVER_LEFT as error:
            if not again:
                self.ledger.release(batch)
            msg = f"{self.provider.name} cannot be reached: {error}"
            raise self._stop(msg, nothing_left=not again) from error
        except (httpx.HTTPError, ProviderError) as error:
            if not self.provider.limits.idempotent:
                self.ledger.doubt(self.frozen, batch.number, reason=str(error), now=self.now())
            msg = f"{self.provider.name} left open what became of a request: {error}"
            raise self._stop(msg) from error
        self.ledger.settle(batch, receipts, now=self.now())
        self.report(len(receipts))
        if all(receipt.state is State.QUEUED for receipt in receipts):
            msg = f"{self.provider.name} took nothing: {_reasons(receipts)}"
            raise self._stop(msg, nothing_left=True)

    def _stop(self, sentence: str, *, nothing_left: bool = False) -> ProviderError | IncompleteError:
        tally = self.ledger.tally(self.frozen)
        if nothing_left and tally.queued == tally.total:
            return ProviderError(sentence, hint="Nothing was sent. Run it again when that is mended.")
        return IncompleteError(sentence, hint="Run it again: it goes on from here, and nobody gets it twice.")


def _reasons(receipts: Sequence[Receipt]) -> str:
    return "; ".join(sorted({receipt.reason or "it gave no reason" for receipt in receipts}))
