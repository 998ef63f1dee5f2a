"""
Batches in windows: many are claimed by one push, ahead of their posts, and the next push settles them.

A push takes a second or two, a post a few milliseconds. So what a crash leaves unknown is a window, and never more.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.branch.repository import RemoteError
from digest.store import Claims, Course

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.branch.keeping import Tenure
    from digest.model import Batch
    from digest.store import Frozen
    from digest.store.columns import Columns
    from digest.store.database import Database
    from digest.store.mailings import Mailings


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is claimed by one push."""

    number: int
    unit: str
    """``batches``, or ``seconds`` at the speed that was seen so far."""
    least: int = 1
    """How many batches the provider takes side by side."""

    @classmethod
    def read(cls, text: str, *, least: int) -> Size:
        """Read ``20 batches`` or ``30 seconds``."""
        number, unit = text.split()
        return cls(number=int(number), unit=unit, least=least)

    def batches(self, *, done: int, seconds: float) -> int:
        """Return how many batches a window has, when so many were done in so many seconds."""
        wanted = self.number if self.unit == "batches" else round(self.number * done / seconds) if seconds else 0
        return max(self.least, wanted)


class Windows(Claims):
    """
    The batches of a mailing, claimed on a branch.

    Args:
        database: the working store.
        mailings: those in it.
        columns: its readers.
        frozen: the mailing.
        claimant: this process.
        tenure: the lease on the mailing, in this process's hands.
        size: how many are claimed by one push.
        monotonic: a clock that only goes on, in seconds.
    """

    def __init__(
        self,
        database: Database,
        mailings: Mailings,
        columns: Columns,
        *,
        frozen: Frozen,
        claimant: str,
        tenure: Tenure,
        size: Size,
        monotonic: Callable[[], float],
    ) -> None:
        # Whoever claimed what is claimed has no lease any more.
        super().__init__(database, mailings, columns, frozen=frozen, claimant=claimant, lives=lambda _other: False)
        self._tenure = tenure
        self._size = size
        self._monotonic = monotonic
        self._ready: deque[Batch] = deque()
        """What is claimed on the branch, and not yet handed out."""
        self._began = monotonic()
        self._handed_out = 0
        self._trouble: RemoteError | None = None

    def together(self) -> AbstractContextManager[None]:
        """Do nothing: what counts is on the branch, and gets there with the next push."""
        return nullcontext()

    def adopt(self) -> Iterator[tuple[Batch, bool]]:
        """
        Take on what dead holders had claimed, as `Claims.adopt` does; on the branch first, so that nobody else does.

        Raises:
            IncompleteError: somebody else is at the mailing.
        """
        adopted = [*super().adopt()]
        if adopted:
            self._tenure.push()
        yield from adopted

    def claim(self, *, now: datetime) -> Batch | None:
        """
        Return what was claimed by the last push, or push, as `Claims.claim` does.

        None means, too, that the remote cannot be reached; `end` tells of it.

        Raises:
            IncompleteError: somebody else has taken the mailing over.
        """
        if self._trouble is None and not (self._ready and self._tenure.holds()):
            self._advance(now)
        if self._trouble or not self._ready:
            return None
        self._handed_out += 1
        return self._ready.popleft()

    def _advance(self, now: datetime) -> None:
        """Settle the last window and claim the next one, by one push; if it fails, nothing was claimed."""
        claimed: list[Batch] = []
        try:
            with self._database.transaction():
                claimed += self._claim_ahead(now)
                if claimed or self._ready:
                    self._tenure.push()
        except RemoteError as trouble:
            self._trouble = trouble
            return
        self._ready.extend(claimed)
        if self._mailings.get(self._frozen.slug).course is not Course.OPEN:  # as somebody else has said meanwhile
            self._put_back()

    def _claim_ahead(self, now: datetime) -> Iterator[Batch]:
        size = self._size.batches(done=self._handed_out, seconds=self._monotonic() - self._began)
        for _ in range(max(size - len(self._in_state("claimed")), 0 if self._ready else 1)):
            batch = super().claim(now=now)
            if batch is None:
                return
            yield batch

    def _put_back(self) -> None:
        """Queue again what was claimed and not handed out."""
        with self._database.transaction():
            for batch in self._ready:
                self.release(batch)
        self._ready.clear()

    def end(self) -> None:
        """
        Let go: push what is not on the branch yet, and give back what was not needed.

        Raises:
            RemoteError: the remote could not be reached, now or before.
            TakenError: somebody else has taken the mailing over.
        """
        self._put_back()
        self._tenure.end()
        if self._trouble:
            raise self._trouble
