"""What a worker does with a batch: the engine works on that one alone, by the rules of every send."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from digest.errors import ContentError, DigestError, ProviderError, SettingsError
from digest.providers import OwnsList
from digest.publishing.choosing import service_of
from digest.sending import Engine, Luck, Outlet, RestError
from digest.store.syncs import account_of
from digest.wire.words import clean
from digest.workers.counting import count_answer, count_step, count_wait
from digest.workers.queue import open_queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from digest.config import Settings
    from digest.providers import Provider
    from digest.sending import Pace, Step
    from digest.store import Claims, Frozen
    from digest.workers.queue import Queue

_LOG = logging.getLogger("digest.worker")


class LeftError(Exception):
    """A batch was not posted because this worker is to stop, or the provider to be left alone; the job stays."""


class Seat:
    """What one thread has open: the store, and the mailing that it works on."""

    def __init__(self, settings: Settings, provider: Provider) -> None:
        self._settings = settings
        self._provider = provider
        self._open = ExitStack()
        self._queue: Queue | None = None
        self._mailing: tuple[Frozen, Claims] | None = None
        self._pace: Pace | None = None

    @property
    def queue(self) -> Queue:
        """The queue and the store beside it, opened when they are first needed."""
        if self._queue is None:
            self._queue = self._open.enter_context(open_queue(self._settings))
        return self._queue

    def mailing(self, slug: str) -> tuple[Frozen, Claims]:
        """Return a mailing and its batches. One follows the other, so what was open of the last one is closed."""
        if self._mailing is None or self._mailing[0].slug != slug:
            self.close()
            frozen = self.queue.store.mailings.get(slug)
            self.queue.store.mailings.edition(frozen.edition_id)  # which takes a while, so not while a place is kept
            self._mailing = frozen, self._open.enter_context(self.queue.store.claims(frozen))
        return self._mailing

    def pace(self) -> Pace | None:
        """Return the pace of the account, which all workers share."""
        if self._pace is None:
            name, rate = self._provider.name, self._provider.limits.pace
            pace = self.queue.store.paces.shared(name, account_of(self._settings), rate)
            self._pace = _Counted(pace) if pace else None
        return self._pace

    @contextmanager
    def at_work(self) -> Iterator[Self]:
        """
        Work with what is open; whatever is raised closes it, so that the next one at work opens it anew.

        Raises:
            DigestError: the database has failed, in the words of the store.
        """
        try:
            yield self
        except BaseException:
            self._forget()
            with self._open:  # what was opened is told why it is closed, and puts a fault of its own into words
                raise

    def close(self) -> None:
        """Let go of everything: what was claimed and not settled is then for others to take on."""
        self._forget()
        self._open.close()

    def _forget(self) -> None:
        self._queue = self._mailing = self._pace = None


class _Counted:
    """A pace whose waits are counted."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.stands = pace.stands
        self.hold_until = pace.hold_until

    def reserve(self, now: float) -> float:
        wait = self._pace.reserve(now)
        count_wait(wait)
        return wait


class Station:
    """
    One worker process: its threads post through one client.

    Args:
        settings: the newsletter's.
        provider: who delivers.
        threads: how many batches are worked on at once.
        stopping: once it is set, nothing new is begun; what is in flight is finished.
    """

    def __init__(self, settings: Settings, provider: Provider, *, threads: int, stopping: Event) -> None:
        self.settings = settings
        self.provider = provider
        self.threads = threads
        self._stopping = stopping
        self._outlet = Outlet(provider, _now, connections=threads, report=count_answer)
        self._luck: defaultdict[str, Luck] = defaultdict(Luck)
        """How the requests of each mailing fare."""
        self._local = threading.local()
        self._seats: list[Seat] = []

    @property
    def seat(self) -> Seat:
        """What the thread that asks has open."""
        if not hasattr(self._local, "seat"):
            self._local.seat = Seat(self.settings, self.provider)
            self._seats.append(self._local.seat)
        seat: Seat = self._local.seat
        return seat

    def close(self) -> None:
        """Let go of everything, when no thread works any more."""
        for seat in self._seats:
            with suppress(DigestError):  # the database went away while nobody asked it anything
                seat.close()
        self._outlet.close()

    def work_on(self, slug: str, number: int) -> None:
        """
        Post a batch and settle it, if that is still to be done.

        Raises:
            LeftError: it is to be done later.
        """
        try:
            left = self._deliver(slug, number)
        except RestError as fault:
            _LOG.warning("%s", fault, extra={"mailing": slug})
            raise LeftError from fault
        except (ProviderError, ContentError) as fault:
            self._hold(slug, " ".join(line.strip() for line in fault.lines()))
        except DigestError as fault:  # the store, or a batch that another worker has taken on
            _LOG.warning("%s", fault, extra={"mailing": slug, "batch": number})
        except Exception as fault:
            self._hold(slug, f"{type(fault).__name__}: {clean(str(fault))}")
            raise
        else:
            if left:
                raise LeftError

    def _deliver(self, slug: str, number: int) -> bool:
        """Post a batch and settle it, and return whether it is left since this worker is to stop."""
        with self.seat.at_work() as seat:
            _, claims = seat.mailing(slug)
            one = claims.only(number)
            if one.waits():
                self._engine(one, self._luck[slug]).deliver()
            return self._stopping.is_set() and one.waits()

    def _engine(self, one: Claims, luck: Luck) -> Engine:
        return Engine(
            claims=one,
            provider=self.provider,
            now=_now,
            report=_report,
            stop_after=self.settings.send.stop_after,
            stopping=self._stopping,
            pace=self.seat.pace(),
            submit=self._outlet.post,
            most=1,
            luck=luck,
        )

    def _hold(self, slug: str, reason: str) -> None:
        """Where one process would stop, all do: nothing more of this mailing leaves until a person says so."""
        self._luck.pop(slug, None)  # whoever lets it go on does so for a reason
        with self.seat.at_work() as seat:
            mailings = seat.queue.store.mailings
            if mailings.hold(mailings.get(slug), reason):
                _LOG.error("%s is held: %s", slug, reason, extra={"mailing": slug})


def provider_of(settings: Settings) -> Provider:
    """
    Return who delivers.

    Raises:
        SettingsError: it sends to a list of its own.
    """
    service = service_of(settings)
    if isinstance(service, OwnsList):
        msg = f"{service.name} sends to its own list all at once, so there is nothing for workers to do"
        raise SettingsError(msg, hint="Send with digest send, or by a schedule with digest send --due.")
    return service


def _report(step: Step) -> None:
    count_step(step)
    if step.trouble:
        _LOG.warning("%s", step.trouble)


def _now() -> datetime:
    return datetime.now(UTC)
