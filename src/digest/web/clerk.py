"""
The one who works on the store while requests are answered: a thread that does one job after the other.

What comes in while a durable write is under way is written together by the next one, so a burst costs few of them. A
job that fails undoes nothing of the others', and nobody is told that something is done before it is on disk.
"""

from __future__ import annotations

import logging
from asyncio import wrap_future
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from digest.errors import DigestError, IncompleteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from digest.store import Store

_LOG = logging.getLogger(__name__)
_MOST_TOGETHER = 100
"""Jobs in one durable write: another program that waits for the store does not wait for long."""
_PAUSE = 1.0
"""Seconds until a store that failed is opened again."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Job(Generic[_T]):
    work: Callable[[Store], _T]
    future: Future[_T] = field(default_factory=Future)

    def attempt(self, store: Store) -> Callable[[], None]:
        """Do the job, and return what tells of its outcome once that is on disk."""
        try:
            with store.attempt():
                result = self.work(store)
        except Exception as fault:  # noqa: BLE001  # whatever it was is told to whoever asked
            return partial(self.future.set_exception, fault)
        return partial(self.future.set_result, result)


class Clerk:
    """
    Does jobs on a store.

    Args:
        open_list: opens the store, in the clerk's own thread.
    """

    def __init__(self, open_list: Callable[[], AbstractContextManager[Store]]) -> None:
        self._open_list = open_list
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._leaving = Event()
        self._thread = Thread(target=self._serve, name="clerk", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Do what was asked for so far, then end."""
        self._leaving.set()
        self._jobs.put(None)
        self._thread.join()

    async def do(self, work: Callable[[Store], _T]) -> _T:
        """
        Return what a job returns, once all that it wrote is on disk.

        Raises:
            DigestError: the store cannot be used; or what the job itself raises. Nothing of it was done then.
        """
        return await wrap_future(self.ask(work))

    def ask(self, work: Callable[[Store], _T]) -> Future[_T]:
        """Return what will have the outcome of a job, for whoever waits in a thread."""
        job = _Job(work)
        job.future.set_running_or_notify_cancel()  # whoever hangs up has asked all the same
        if self._leaving.is_set():
            job.future.set_exception(IncompleteError("the server is about to end"))
        else:
            self._jobs.put(job)
        return job.future

    def _serve(self) -> None:
        while not (self._leaving.is_set() and self._jobs.empty()):
            jobs: list[_Job[Any]] = []
            try:
                with self._open_list() as store:
                    while jobs := self._next():
                        tell_all = self._write(store, jobs)
                        jobs = []
                        for tell in tell_all:
                            tell()
            except Exception as fault:  # noqa: BLE001  # the store may come back, and others go on asking
                _LOG.error("the store failed, and is opened again: %s", _name(fault))
                for job in jobs or self._next():
                    job.future.set_exception(fault)
                self._leaving.wait(_PAUSE)

    def _next(self) -> list[_Job[Any]]:
        """Wait for a job, and return it with those that came with it; none at the end."""
        jobs: list[_Job[Any]] = []
        while job := self._jobs.get():
            jobs.append(job)
            if len(jobs) == _MOST_TOGETHER or self._jobs.empty():
                return jobs
        if jobs:
            self._jobs.put(None)  # they come first, then the end
        return jobs

    @staticmethod
    def _write(store: Store, jobs: Sequence[_Job[Any]]) -> list[Callable[[], None]]:
        with store.together():
            return [job.attempt(store) for job in jobs]


def _name(fault: Exception) -> str:
    """Tell a fault without the words of a database, which may hold an address."""
    return fault.sentence if isinstance(fault, DigestError) else type(fault).__name__
