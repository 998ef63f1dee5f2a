"""
The engine: claims batches on disk, posts them side by side, and settles them by what the provider says.

A batch that was claimed is never posted again without proof that it surely did not happen, or a provider that takes
the same bytes under the same key as the same request. Else its readers are in doubt, and the others go on.

This thread alone talks to the ledger; a few threads build and post. What they bring back and what is claimed next go
to disk together, so a request costs one durable write or two.
"""

from __future__ import annotations

import random
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Protocol, TypeAlias

import httpx

from digest.errors import ProviderError
from digest.model import Receipt, State
from digest.sending.pace import Bucket, backoff
from digest.sending.posting import Answer, Attempt, post
from digest.wire.answers import Fate
from digest.wire.introducing import open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from digest.model import Batch
    from digest.providers import Provider

_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=None)
_SAFE_PART = 0.9
"""How much of a key's life we use, so that a request does not arrive when it is over."""


_PATIENCE = 3
"""How often a request is posted again under its key before others go first; it must not hold them up."""
_LONGEST_WAIT = 900
"""Seconds that a run waits for a service; who asks for more is asked again by the next run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """News of a run: how many readers were settled, or what went wrong."""

    settled: int = 0
    trouble: str = ""
    """What went wrong, and what follows from it."""


Report: TypeAlias = "Callable[[Step], None]"


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


class Engine:
    """
    Sends what is queued of one mailing; used once.

    Args:
        claims: the batches, for this process to claim.
        provider: who delivers.
        now: the clock.
        report: is told every step.
        stop_after: so many requests in a row from which nobody got anything end the run.
        stopping: once it is set, nothing new is begun; what is in flight is finished.
        chance: returns a number from 0 up to 1 at random.
    """

    def __init__(
        self,
        *,
        claims: Claims,
        provider: Provider,
        now: Callable[[], datetime],
        report: Report,
        stop_after: int,
        stopping: Event | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._claims = claims
        self._provider = provider
        self._now = now
        self._report = report
        self._stop_after = stop_after
        self._stopping = stopping or Event()
        self._chance = chance
        self._bucket = Bucket(provider.limits.pace)
        self._place: float | None = None
        """The moment from which the next request may leave; None until one is asked for."""
        self._waiting: deque[Attempt] = deque()
        """Batches that are ours and may have left before: they go first."""
        self._belated: deque[Attempt] = deque()
        """Those of them that were posted again and again, and still nobody knows: they go last."""
        self._flying: set[Future[Answer]] = set()
        self._dry = False
        """Whether there is nothing left to claim."""
        self._in_vain = 0
        """How many requests in a row were of no use; those that failed together count as one."""
        self._spell = 0
        """Counts the waits after a failure; what was posted before one is no news of what follows."""
        self._fault: Exception | None = None

    def deliver(self) -> None:
        """
        Post every batch that is queued, and first those that a dead process had claimed.

        Raises:
            ProviderError: the provider refuses as a whole, or too many requests in a row were of no use.
            ContentError: a message cannot be written.
            IncompleteError: what was ours was taken over by another process.
        """
        with self._threads() as submit:
            self._adopt()
            while self._flying or not (self._dry or self._ends):
                answers = self._wait()
                with self._claims.together():
                    for answer in answers:
                        self._conclude(answer)
                    attempts = [*self._next()]
                self._flying.update(map(submit, attempts))
        if self._fault:
            raise self._fault

    @property
    def _ends(self) -> bool:
        return self._fault is not None or self._stopping.is_set()

    @contextmanager
    def _threads(self) -> Iterator[Callable[[Attempt], Future[Answer]]]:
        """Give threads that post through one client. After an exception nobody waits for what is in flight."""
        count = self._provider.limits.concurrency
        limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
        client = open_client(transport=self._provider.transport, timeout=_TIMEOUT, limits=limits)
        pool = ThreadPoolExecutor(count, thread_name_prefix="post")
        try:
            yield lambda attempt: pool.submit(post, attempt, self._provider, client, self._now)
            pool.shutdown()
            client.close()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _adopt(self) -> None:
        """Take on what dead processes had claimed: to be posted again under its key, or else in doubt."""
        for batch, same in self._claims.adopt():
            if same and self._key_holds(batch):
                self._waiting.append(Attempt(batch=batch, again=True))
            else:
                reason = "its request was cut off, and to repeat it is not safe"
                self._claims.doubt(batch, reason=reason, now=self._now())

    def _key_holds(self, batch: Batch) -> bool:
        """Tell whether the batch may be repeated under its key; a clock that was put back proves nothing."""
        lifetime, age = self._provider.limits.key_lifetime, (self._now() - batch.at).total_seconds()
        return lifetime is not None and 0 <= age < lifetime.total_seconds() * _SAFE_PART

    def _wait(self) -> list[Answer]:
        """Return what has come back; wait until something has, or until the next request may leave."""
        can_begin = not (self._dry or self._ends) and len(self._flying) < self._provider.limits.concurrency
        delay = self._delay() if can_begin else None
        if not self._flying:
            self._stopping.wait(delay)
            return []
        done, self._flying = wait(self._flying, timeout=delay, return_when=FIRST_COMPLETED)
        return [future.result() for future in done]

    def _delay(self) -> float:
        """Return in how many seconds the next request may leave."""
        now = time.monotonic()
        if self._place is None:
            self._place = now + self._bucket.reserve(now)
        return max(0.0, self._place - now)

    def _next(self) -> Iterator[Attempt]:
        """Return what may leave now, claimed."""
        for _ in range(self._provider.limits.concurrency - len(self._flying)):
            if self._ends or self._delay():
                return
            attempt = self._take()
            self._dry = attempt is None
            if attempt is None:
                return
            self._place = None
            yield replace(attempt, spell=self._spell)

    def _take(self) -> Attempt | None:
        attempt = self._repeat(self._waiting)
        if attempt:
            return attempt
        batch = self._claims.claim(now=self._now())
        if batch:
            return Attempt(batch=batch)
        self._adopt()  # another process may have died since we began
        return self._repeat(self._waiting) or self._repeat(self._belated)

    def _repeat(self, attempts: deque[Attempt]) -> Attempt | None:
        """Return the next that may be posted again; one may have waited for longer than its key lives."""
        while attempts:
            attempt = attempts.popleft()
            if self._key_holds(attempt.batch):
                return attempt
            self._doubt(attempt.batch, "nobody knows what came of its request, and to repeat it is no longer safe")
        return None

    def _conclude(self, answer: Answer) -> None:
        """Write down what came of an attempt, and draw the lessons."""
        attempt, then = answer.attempt, "it is tried again"
        if answer.fate is Fate.ANSWERED:
            again = self._claims.settle(attempt.batch, answer.receipts, now=self._now())
            self._report(Step(settled=len(answer.receipts) - again))
        elif answer.fate is Fate.OPEN or attempt.again:
            then = self._leave_open(answer)
        elif answer.fate is Fate.REJECTED:
            then = self._isolate(answer)
        else:
            self._claims.release(attempt.batch)
        self._dry = False  # something may be queued anew
        self._learn(answer, then)

    def _isolate(self, answer: Answer) -> str:
        """Halve a batch that was rejected for something in it, until whoever is at fault stands alone; say which."""
        batch = answer.attempt.batch
        if len(batch.readers) > 1:
            self._claims.halve(batch, reason=answer.reason, now=self._now())
            return f"its {len(batch.readers):,} readers are tried again in two halves"
        refused = Receipt(state=State.REFUSED, reason=answer.reason)
        self._claims.settle(batch, [refused], now=self._now())
        self._report(Step(settled=1))
        return "its one reader is refused"

    def _leave_open(self, answer: Answer) -> str:
        """Have a batch posted again under its key where that is safe, or doubt it; say which."""
        attempt, batch = answer.attempt, answer.attempt.batch
        if self._key_holds(batch):
            attempts = self._waiting if attempt.repeats < _PATIENCE else self._belated
            attempts.append(Attempt(batch=batch, again=True, repeats=attempt.repeats + 1))
            return "it is tried again under its key"
        self._doubt(batch, answer.reason)
        count = len(batch.readers)
        return f"its {count:,} readers are in doubt" if count > 1 else "its one reader is in doubt"

    def _doubt(self, batch: Batch, reason: str) -> None:
        self._claims.doubt(batch, reason=reason, now=self._now())
        self._report(Step(settled=len(batch.readers)))

    def _learn(self, answer: Answer, then: str) -> None:
        """Go on at once after a success, later after a failure, and not at all where that would be of no use."""
        if any(receipt.state is State.SENT for receipt in answer.receipts):
            self._in_vain = 0
        elif answer.attempt.spell == self._spell:
            self._in_vain += 1
        self._fault = self._fault or self._verdict(answer)
        if self._fault:
            return
        failed = answer.fate in {Fate.NOT_TAKEN, Fate.OPEN}
        if failed and answer.attempt.spell == self._spell:
            self._spell += 1
        if failed or answer.fate is Fate.REJECTED:
            self._report(Step(trouble=f"{self._provider.name}: {answer.reason}; {then}"))
        if failed or answer.wait:
            self._hold(backoff(max(self._in_vain, 1), self._chance()) if answer.wait is None else answer.wait)

    def _hold(self, seconds: float) -> None:
        """Let nothing leave for so long."""
        self._bucket.hold_until(time.monotonic() + seconds)
        self._place = None

    def _verdict(self, answer: Answer) -> Exception | None:
        """Return what ends the run, if anything does."""
        if answer.cause and not isinstance(answer.cause, ProviderError | httpx.HTTPError):
            return answer.cause
        if answer.fate is Fate.REFUSED:
            return answer.cause or ProviderError(f"{self._provider.name} refuses: {answer.reason}")
        if answer.wait and answer.wait > _LONGEST_WAIT:
            fault = ProviderError(f"{self._provider.name} asks to be left alone for {answer.wait / 60:,.0f} minutes")
        elif self._in_vain >= self._stop_after:
            rows = f" in {self._in_vain} requests in a row" if self._in_vain > 1 else ""
            unsure = answer.fate is Fate.OPEN or answer.attempt.again
            did = "confirmed nothing" if unsure else "took nothing"
            fault = ProviderError(f"{self._provider.name} {did}{rows}: {answer.reason}")
        else:
            return None
        fault.__cause__ = answer.cause
        return fault
