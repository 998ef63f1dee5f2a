"""The one who works on the store for all requests."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pytest
from mailing_room import put

from digest.errors import SettingsError
from digest.store import open_store
from digest.web.clerk import Clerk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from digest.store import Store


@contextmanager
def at_work(open_list: Callable[[], AbstractContextManager[Store]]) -> Iterator[Clerk]:
    """Have a clerk work."""
    clerk = Clerk(open_list)
    clerk.start()
    try:
        yield clerk
    finally:
        clerk.stop()


def emails(store: Store) -> list[str]:
    """Return the addresses of everyone on the list."""
    return [reader.email for reader in store.subscribers.walk()]


def test_jobs_that_come_together(url: str) -> None:
    """One that fails is told its own fault, and undoes nothing of the others."""
    begin = Event()

    def fail(store: Store) -> None:
        put(store, "bob")
        msg = "no"
        raise LookupError(msg)

    with at_work(partial(open_store, url)) as clerk:
        held = clerk.ask(lambda _store: begin.wait(5))
        first, second, third = map(clerk.ask, (lambda store: put(store, "ann"), fail, lambda store: put(store, "cyd")))
        begin.set()
        assert held.result(5)
        assert (first.result(5), third.result(5)) == (None, None)
        with pytest.raises(LookupError):
            second.result(5)
        assert clerk.ask(emails).result(5) == ["ann@example.org", "cyd@example.org"]


def test_told_when_it_is_on_disk(url: str) -> None:
    """Whoever is told that something is done finds it done, in another program too."""
    with at_work(partial(open_store, url)) as clerk:
        clerk.ask(lambda store: put(store, "ann")).result(5)
        with open_store(url) as other:
            assert emails(other) == ["ann@example.org"]


def test_what_was_asked_for_is_done_before_the_end(url: str) -> None:
    """A clerk who is told to stop while jobs wait does them, takes nothing new, and ends."""
    asked = Event()

    @contextmanager
    def open_list() -> Iterator[Store]:
        asked.wait(5)
        with open_store(url) as store:
            yield store

    with at_work(open_list) as clerk:
        jobs = [clerk.ask(partial(_put, name=f"reader{number}")) for number in range(250)]
        asked.set()
    assert all(job.done() for job in jobs)
    with open_store(url) as store:
        assert len(emails(store)) == 250
    with pytest.raises(Exception, match="about to end"):
        clerk.ask(emails).result(5)


def _put(store: Store, name: str) -> None:
    put(store, name)


def test_store_that_cannot_be_opened(url: str) -> None:
    """Whoever asks is told so, and the next one is served once it can."""
    broken = [True]

    @contextmanager
    def open_list() -> Iterator[Store]:
        if broken:
            broken.clear()
            msg = "the database is on holiday"
            raise SettingsError(msg)
        with open_store(url) as store:
            yield store

    with at_work(open_list) as clerk:
        with pytest.raises(SettingsError, match="on holiday"):
            clerk.ask(emails).result(5)
        assert clerk.ask(emails).result(5) == []
