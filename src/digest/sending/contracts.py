"""What the engine asks of others: batches, moments to leave at, somebody who posts, somebody who listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

from digest.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.model import Batch, Receipt
    from digest.sending.posting import Answer, Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """News of a run: how many readers were settled, and how many of them how; or what went wrong."""

    settled: int = 0
    sent: int = 0
    refused: int = 0
    in_doubt: int = 0
    trouble: str = ""
    """What went wrong, and what follows from it."""

    @classmethod
    def of(cls, receipts: Sequence[Receipt]) -> Self:
        """Return what is to be told of readers whom the provider has answered for."""
        states = [receipt.state for receipt in receipts]
        return cls(
            settled=len(states) - states.count(State.QUEUED),
            sent=states.count(State.SENT),
            refused=states.count(State.REFUSED),
            in_doubt=states.count(State.IN_DOUBT),
        )


Report: TypeAlias = "Callable[[Step], None]"
Submit: TypeAlias = "Callable[[Attempt], Future[Answer]]"


@dataclass(slots=True)
class Luck:
    """How requests have fared of late, for all engines that share it."""

    in_vain: int = 0
    """How many in a row were of no use; those that failed together count as one."""
    spell: int = 0
    """Counts the waits after a failure; what was posted before one is no news of what follows."""


class Claims(Protocol):
    """The batches that an engine works off; `digest.store.Claims` says what each of these means."""

    def together(self) -> AbstractContextManager[None]:
        """Make one durable write of all that is done inside."""

    def adopt(self) -> Iterator[tuple[Batch, bool]]:
        """Take on the batches of dead claimants, and tell whether each is the same to the byte."""

    def claim(self, *, now: datetime) -> Batch | None:
        """Return what is to be posted next; None when nothing is queued."""

    def settle(self, batch: Batch, receipts: Sequence[Receipt], *, now: datetime) -> int:
        """Write down what became of each reader; return how many are to be tried again."""

    def release(self, batch: Batch) -> None:
        """Queue a batch again that surely did not leave."""

    def halve(self, batch: Batch, *, reason: str, now: datetime) -> None:
        """Queue a batch again as two that surely did not leave."""

    def doubt(self, batch: Batch, *, reason: str, now: datetime) -> None:
        """Write down that nobody knows whether a batch was accepted."""


class Pace(Protocol):
    """When requests may leave; moments are seconds of this machine's monotonic clock."""

    def reserve(self, now: float) -> float:
        """Take the next place; return how many seconds after `now` it is."""

    def stands(self) -> bool:
        """Return whether the place that was taken last still counts; not if the service was to be left alone since."""

    def hold_until(self, moment: float) -> None:
        """Give no place before `moment`, as a service may ask."""
