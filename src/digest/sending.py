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

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from digest.model import Batch, Tally
    from digest.providers import Provider
    from digest.store import Frozen, Ledger

# Waiting for a free connection and connecting end before a byte has left.
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Sends what the ledger has queued."""

    ledger: Ledger
    provider: Provider
    now: Callable[[], datetime]
    report: Callable[[Tally], None]
    """Is told after each batch how everyone stands."""

    def deliver(self, frozen: Frozen) -> Tally:
        """
        Post every batch that is queued, and first those that a dead process had claimed.

        The caller holds the store's lock, so nobody else has claimed anything that is alive.

        Raises:
            ProviderError: the provider cannot be reached or refuses as a whole, and nothing was sent.
            IncompleteError: the same, after some readers had been settled.
        """
        with httpx.Client(transport=self.provider.transport, timeout=_TIMEOUT) as client:
            for number in self.ledger.orphans(frozen):
                self._take_up(client, frozen, number)
            for number in list(self.ledger.queued(frozen)):
                batch = self.ledger.claim(frozen, number, now=self.now())
                if batch and batch.readers:
                    self._post(client, frozen, batch)
                self.report(self.ledger.tally(frozen))
        return self.ledger.tally(frozen)

    def _take_up(self, client: httpx.Client, frozen: Frozen, number: int) -> None:
        """Post again, under its key, what a dead process had claimed; where that is not safe, put it in doubt."""
        batch = self.ledger.reclaim(frozen, number) if self.provider.limits.idempotent else None
        if batch:
            self._post(client, frozen, batch)
        else:
            reason = "the program died while this was being sent"
            self.ledger.doubt(frozen, number, reason=reason, now=self.now())

    def _post(self, client: httpx.Client, frozen: Frozen, batch: Batch) -> None:
        try:
            response = client.send(self.provider.build_request(batch))
            response.read()
            receipts = self.provider.read_response(batch, response)
        except _NEVER_LEFT as error:
            self.ledger.release(batch)
            raise self._stop(frozen, f"{self.provider.name} cannot be reached: {error}") from error
        except (httpx.HTTPError, ProviderError) as error:
            if not self.provider.limits.idempotent:
                self.ledger.doubt(frozen, batch.number, reason=str(error), now=self.now())
            raise self._stop(frozen, f"{self.provider.name} left open what became of a request: {error}") from error
        self.ledger.settle(batch, receipts, now=self.now())

    def _stop(self, frozen: Frozen, sentence: str) -> ProviderError | IncompleteError:
        tally = self.ledger.tally(frozen)
        if tally.queued == tally.total:
            return ProviderError(sentence, hint="Nothing was sent. Run it again when it is back.")
        return IncompleteError(sentence, hint=f"{tally.open:,} readers are left. Run it again; nobody gets it twice.")
