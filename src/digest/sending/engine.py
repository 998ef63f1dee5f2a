"""
The engine: claims batches on disk, posts them side by side, and settles them by what the provider says.

A batch that was claimed is never posted again without proof that it surely did not happen, or a provider that takes
the same bytes under the same key as the same request. Else its readers are in doubt, and the others go on.

This thread alone talks to the ledger; a few threads build and post. What they bring back and what is claimed next go
to disk together, so a request costs one durable write or two.
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import httpx

from digest.errors import ProviderError
from digest.model import Receipt, State
from digest.sending.contracts import Luck, Step
from digest.sending.pace import Bucket, backoff
from digest.sending.posting import Answer, Attempt, connect, post
from digest.wire.answers import Fate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from digest.model import Batch
    from digest.providers import Provider
    from digest.sending.contracts import Claims, Pace, Report, Submit

_SAFE_PART = 0.9
"""How much of a key's life we use, so that a request does not arrive when it is over."""
_PATIENCE = 3
"""How often a request is posted again under its key before others go first; it must not hold them up."""
_LONGEST_WAIT = 900
"""Seconds that a run waits for a service; who asks for more is asked again by the next run."""
_MISSES = 3
"""How many places in a row may be missed; on a machine that is too slow for them, requests leave when they can."""
_LEAD = 0.1
"""Seconds before its place at a pace at which a batch is claimed, so that a slow disk does not make it late."""


class RestError(ProviderError):
    """The provider asks to be left alone for longer than a run waits."""


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
        pace: when requests may leave; by default, as the provider's own pace has it in this run alone.
        submit: has an attempt posted; by default, threads of this run do.
        most: so many batches are claimed at most; None for all.
        luck: what is known of how requests fare; by default, nothing yet.
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
        pace: Pace | None = None,
        submit: Submit | None = None,
        most: int | None = None,
        luck: Luck | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._claims = claims
        self._provider = provider
        self._now = now
        self._report = report
        self._stop_after = stop_after
        self._stopping = stopping or Event()
        self._chance = chance
        self._pace = pace or Bucket(provider.limits.pace)
        self._keeps_places = pace is not None and provider.limits.pace is not None
        """Whether others go by our places, so that none may be taken while they wait for us, and none be used late."""
        self._submit = submit
        self._left = math.inf if most is None else most
        """How many batches may still be claimed."""
        self._place: float | None = None
        """The moment from which the next request may leave; None until one is asked for."""
        self._waiting: deque[Attempt] = deque()
        """Batches that are ours and may have left before: they go first."""
        self._belated: deque[Attempt] = deque()
        """Those of them that were posted again and again, and still nobody knows: they go last."""
        self._flying: set[Future[Answer]] = set()
        self._found_nothing = False
        """Whether there was nothing to claim when we last tried."""
        self._luck = luck or Luck()
        self._missed = 0
        """How many places in a row were missed."""
        self._rest: float | None = None
        """The moment until which nothing may leave, once the ledger has what was learned from it."""
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
            while self._flying or not (self._is_dry or self._ends):
                answers = self._wait()
                with self._claims.together():
                    for answer in answers:
                        self._conclude(answer)
                    attempts = [*self._next()]
                self._hold()
                self._flying.update(map(submit, attempts))
        if self._fault:
            raise self._fault

    @property
    def _is_dry(self) -> bool:
        """Whether there is nothing left to post."""
        return self._found_nothing or (self._left <= 0 and not (self._waiting or self._belated))

    @property
    def _ends(self) -> bool:
        return self._fault is not None or self._stopping.is_set()

    @contextmanager
    def _threads(self) -> Iterator[Submit]:
        """Give threads that post through one client. After an exception nobody waits for what is in flight."""
        if self._submit:
            yield self._submit
            return
        count = self._provider.limits.concurrency
        client = connect(self._provider, count)
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
            self._left -= 1
            if same and self._key_holds(batch):
                self._waiting.append(Attempt(batch=batch, again=True))
            else:
                reason = "its request was cut off, and to repeat it is not safe"
                self._doubt(batch, reason)

    def _key_holds(self, batch: Batch) -> bool:
        """Tell whether the batch may be repeated under its key; a clock that was put back proves nothing."""
        lifetime, age = self._provider.limits.key_lifetime, (self._now() - batch.at).total_seconds()
        return lifetime is not None and 0 <= age < lifetime.total_seconds() * _SAFE_PART

    def _wait(self) -> list[Answer]:
        """Return what has come back; wait until something has, or until the next request may leave."""
        delay = self._delay() if self._can_begin else None
        if not self._flying:
            self._stopping.wait(delay)
            return []
        done, self._flying = wait(self._flying, timeout=delay, return_when=FIRST_COMPLETED)
        if self._can_begin:
            self._delay()  # to ask for a place while the ledger is written to would keep others waiting for theirs
        return [future.result() for future in done]

    @property
    def _can_begin(self) -> bool:
        return not (self._is_dry or self._ends) and len(self._flying) < self._provider.limits.concurrency

    def _delay(self) -> float:
        """Return in how many seconds the next request may be claimed; it leaves at its place."""
        now = time.monotonic()
        if self._place is None:
            self._place = now + self._pace.reserve(now)
        return max(0.0, self._place - (_LEAD if self._keeps_places else 0) - now)

    def _next(self) -> Iterator[Attempt]:
        """Return what may leave now, claimed."""
        for _ in range(self._provider.limits.concurrency - len(self._flying)):
            if self._ends or not self._may_leave():
                return
            attempt = self._take()
            self._found_nothing = attempt is None
            if attempt is None:
                return
            place = self._place if self._keeps_places else None
            yield replace(attempt, spell=self._luck.spell, place=place, strict=self._missed < _MISSES)
            self._place = None

    def _may_leave(self) -> bool:
        """Tell whether the next request may be claimed at once."""
        if self._rest is not None or (self._keeps_places and self._place is None) or self._delay():
            return False
        if not self._pace.stands():
            self._place = None
        return self._place is not None

    def _take(self) -> Attempt | None:
        attempt = self._repeat(self._waiting)
        if attempt:
            return attempt
        batch = self._claims.claim(now=self._now()) if self._left > 0 else None
        if batch:
            self._left -= 1
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
        self._missed = self._missed + 1 if answer.missed else 0
        if answer.missed:
            self._take_another_place(attempt)
            return
        if answer.fate is Fate.ANSWERED:
            self._claims.settle(attempt.batch, answer.receipts, now=self._now())
            self._report(Step.of(answer.receipts))
        elif answer.fate is Fate.OPEN or attempt.again:
            then = self._leave_open(answer)
        elif answer.fate is Fate.REJECTED:
            then = self._isolate(answer)
        else:
            self._release(attempt)
        self._found_nothing = False  # something may be queued anew
        self._learn(answer, then)

    def _release(self, attempt: Attempt) -> None:
        self._claims.release(attempt.batch)
        self._left += 1

    def _take_another_place(self, attempt: Attempt) -> None:
        """Let an attempt that has not left at its place wait for another one."""
        self._found_nothing = False
        if attempt.again:
            self._waiting.appendleft(attempt)
        else:
            self._release(attempt)

    def _isolate(self, answer: Answer) -> str:
        """Halve a batch that was rejected for something in it, until whoever is at fault stands alone; say which."""
        batch = answer.attempt.batch
        if len(batch.readers) > 1:
            self._claims.halve(batch, reason=answer.reason, now=self._now())
            return f"its {len(batch.readers):,} readers are tried again in two halves"
        receipts = [Receipt(state=State.REFUSED, reason=answer.reason)]
        self._claims.settle(batch, receipts, now=self._now())
        self._report(Step.of(receipts))
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
        self._report(Step(settled=len(batch.readers), in_doubt=len(batch.readers)))

    def _learn(self, answer: Answer, then: str) -> None:
        """Go on at once after a success, later after a failure, and not at all where that would be of no use."""
        if any(receipt.state is State.SENT for receipt in answer.receipts):
            self._luck.in_vain = 0
        elif answer.attempt.spell == self._luck.spell:
            self._luck.in_vain += 1
        self._fault = self._fault or self._verdict(answer)
        if self._fault:
            self._rest_for(answer.wait or 0)  # others may post through the same account
            return
        failed = answer.fate in {Fate.NOT_TAKEN, Fate.OPEN}
        if failed and answer.attempt.spell == self._luck.spell:
            self._luck.spell += 1
        if failed or answer.fate is Fate.REJECTED:
            self._report(Step(trouble=f"{self._provider.name}: {answer.reason}; {then}"))
        if failed or answer.wait:
            self._rest_for(backoff(max(self._luck.in_vain, 1), self._chance()) if answer.wait is None else answer.wait)

    def _rest_for(self, seconds: float) -> None:
        """Let nothing leave for so long."""
        self._rest = max(self._rest or 0, time.monotonic() + seconds)

    def _hold(self) -> None:
        """Have the pace know of a rest, when no transaction of ours makes others wait for it."""
        if self._rest is not None:
            self._pace.hold_until(self._rest)
            self._rest = self._place = None

    def _verdict(self, answer: Answer) -> Exception | None:
        """Return what ends the run, if anything does."""
        if answer.cause and not isinstance(answer.cause, ProviderError | httpx.HTTPError):
            return answer.cause
        if answer.fate is Fate.REFUSED:
            return answer.cause or ProviderError(f"{self._provider.name} refuses: {answer.reason}")
        if answer.wait and answer.wait > _LONGEST_WAIT:
            fault: ProviderError = RestError(
                f"{self._provider.name} asks to be left alone for {answer.wait / 60:,.0f} minutes"
            )
        elif self._luck.in_vain >= self._stop_after:
            rows = f" in {self._luck.in_vain} requests in a row" if self._luck.in_vain > 1 else ""
            unsure = answer.fate is Fate.OPEN or answer.attempt.again
            did = "confirmed nothing" if unsure else "took nothing"
            fault = ProviderError(f"{self._provider.name} {did}{rows}: {answer.reason}")
        else:
            return None
        fault.__cause__ = answer.cause
        return fault
