"""One request: what a thread does with a claimed batch, and what came of it. Nothing here knows the ledger."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from digest.errors import ProviderError
from digest.model import State
from digest.sending.pace import retry_after
from digest.wire.answers import Fate, RejectedError, UnclearError, fate_of, watch
from digest.wire.introducing import open_client
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from digest.model import Batch, Receipt
    from digest.providers import Provider

_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=None)
_LATE = 0.02
"""Seconds after its place in time at which a request may still leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A claimed batch that is to be posted."""

    batch: Batch
    again: bool = False
    """Whether it may have left before, so that it must never be queued anew."""
    repeats: int = 0
    """How often this run was told to post it again."""
    spell: int = 0
    """During which spell of the engine it was posted."""
    place: float | None = None
    """Its place in time, a moment of the monotonic clock, if it is to be kept."""
    strict: bool = True
    """Whether it is better not to leave than to leave late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an attempt."""

    attempt: Attempt
    fate: Fate
    receipts: Sequence[Receipt] = ()
    """One for each reader, when it was answered."""
    wait: float | None = None
    """How many seconds the service asks to be left alone."""
    missed: bool = False
    """Whether it was not posted since its place in time was over."""
    cause: Exception | None = None
    """What was raised; one that is no `ProviderError` and no failure of the network ends the run."""

    @property
    def reason(self) -> str:
        """Why it was not answered, or why nothing was taken, in words without addresses."""
        if self.cause:
            return clean(str(self.cause)) or type(self.cause).__name__
        return "; ".join(sorted({receipt.reason for receipt in self.receipts if receipt.reason})) or "it gave no reason"


class Outlet:
    """
    One client for many engines in one process, each of which posts in its own thread.

    Args:
        provider: who delivers.
        now: the clock.
        connections: how many threads post at once, at most.
        report: is told what came of each request.
    """

    def __init__(
        self, provider: Provider, now: Callable[[], datetime], *, connections: int, report: Callable[[Answer], None]
    ) -> None:
        self._provider = provider
        self._now = now
        self._report = report
        self._client = connect(provider, connections)

    def post(self, attempt: Attempt) -> Future[Answer]:
        """Post in the thread that calls; what is returned is done."""
        answer = post(attempt, self._provider, self._client, self._now)
        if not answer.missed:
            self._report(answer)
        done: Future[Answer] = Future()
        done.set_result(answer)
        return done

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()


def connect(provider: Provider, count: int) -> httpx.Client:
    """Return a client for so many requests side by side, which whoever asks closes."""
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
    return open_client(transport=provider.transport, timeout=_TIMEOUT, limits=limits)


def post(attempt: Attempt, provider: Provider, client: httpx.Client, now: Callable[[], datetime]) -> Answer:
    """Build the request of a batch, send it, and read the answer."""
    try:
        request = provider.build_request(attempt.batch)
        _refuse_size(request, provider)
    except RejectedError as fault:
        return Answer(attempt=attempt, fate=Fate.REJECTED, cause=fault)
    except Exception as fault:  # noqa: BLE001  # whatever it is, the batch has surely not left, and that is written down
        return Answer(attempt=attempt, fate=Fate.REFUSED, cause=fault)
    body = None
    if provider.transport is None:  # a transport of the provider's own may act on parts of a body
        request, body = watch(request)
    if not _keep_place(attempt):
        return Answer(attempt=attempt, fate=Fate.NOT_TAKEN, missed=True)
    try:
        response = client.send(request)
    except Exception as fault:  # noqa: BLE001  # whatever it is, the batch may have left, and that is written down
        return Answer(attempt=attempt, fate=fate_of(fault, whole=body is None or body.whole), cause=fault)
    answer = _read(attempt, provider, response)
    if answer.fate is Fate.OPEN and body and not body.whole:
        answer = replace(answer, fate=Fate.NOT_TAKEN)  # it answered before it had all, so it has acted on nothing
    return replace(answer, wait=retry_after(response.headers, now()))


def _keep_place(attempt: Attempt) -> bool:
    """Wait for the place of an attempt, and return whether it may leave: late, it would come too near to the next."""
    if attempt.place is None:
        return True
    time.sleep(max(0.0, attempt.place - time.monotonic()))
    return not attempt.strict or time.monotonic() - attempt.place < _LATE


def _refuse_size(request: httpx.Request, provider: Provider) -> None:
    """
    See to it that a request is no larger than the provider takes.

    Raises:
        RejectedError: it is; a smaller batch may pass.
    """
    size, limit = int(request.headers.get("Content-Length", 0)), provider.limits.bytes
    if limit is not None and size > limit:
        msg = f"a request of {size:,} bytes is too large for {provider.name}, which takes {limit:,}"
        raise RejectedError(msg)


def _read(attempt: Attempt, provider: Provider, response: httpx.Response) -> Answer:
    try:
        receipts = provider.read_response(attempt.batch, response)
    except UnclearError as fault:
        return Answer(attempt=attempt, fate=Fate.OPEN, cause=fault)
    except RejectedError as fault:
        return Answer(attempt=attempt, fate=Fate.REJECTED, cause=fault)
    except ProviderError as fault:
        return Answer(attempt=attempt, fate=Fate.REFUSED, cause=fault)
    except Exception as fault:  # noqa: BLE001  # a bug in a provider is no proof that nothing happened
        return Answer(attempt=attempt, fate=Fate.OPEN, cause=fault)
    if len(receipts) != len(attempt.batch.readers):
        msg = f"{provider.name} gave {len(receipts)} answers for {len(attempt.batch.readers)} readers"
        return Answer(attempt=attempt, fate=Fate.OPEN, cause=UnclearError(msg))
    if any(receipt.reason for receipt in receipts):  # a service's words may hold an address, or what no database keeps
        receipts = [replace(receipt, reason=clean(receipt.reason)) for receipt in receipts]
    taken_in = any(receipt.state is not State.QUEUED for receipt in receipts)
    return Answer(attempt=attempt, fate=Fate.ANSWERED if taken_in else Fate.NOT_TAKEN, receipts=receipts)
