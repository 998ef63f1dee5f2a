"""The public side at work: a real server on loopback in a thread, at a newsletter of its own."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest

from digest.config import load_settings
from digest.listening import listen
from digest.store import open_store
from digest.web.application import open_desk
from digest.web.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.store import Store
    from digest.web.desk import Desk

SECRET = "a key of more than thirty-two characters"  # noqa: S105  # of nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A newsletter whose public side is at work."""

    folder: Path
    url: str
    """Where it is reached, without a slash at its end."""
    client: httpx.Client
    """Asks it, by paths such as ``/subscribe``; it follows no redirect and keeps no cookie."""
    desk: Desk
    store: Store
    """The same store, open for the test's own thread."""

    def token(self, email: str = "ada@example.org") -> str:
        """Return the token of a reader."""
        reader = self.store.subscribers.find(email)
        assert reader
        return reader.token


class Serve(Protocol):
    """Begins to serve a newsletter; what it says in `settings` is added to its ``digest.toml``."""

    def __call__(self, settings: str = "", **changes: Any) -> Served:
        """Return it once it answers, with `changes` to its desk; it ends with the test."""


@pytest.fixture
def serve(letter: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return what serves the newsletter `letter`, with its two readers ada and noor at example.org."""
    monkeypatch.setenv("DIGEST_SECRET", SECRET)
    with ExitStack() as stack:

        def begin(settings: str = "", **changes: Any) -> Served:
            with (letter / "digest.toml").open("a", encoding="utf-8") as file:
                file.write(settings)
            return stack.enter_context(serving(letter, **changes))

        yield begin


@pytest.fixture(scope="module")
def one_server(untouched_letter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a newsletter that is served for all tests of a module, which leave it to others as they found it."""
    folder = tmp_path_factory.mktemp("served") / "letter"
    shutil.copytree(untouched_letter, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGEST_SECRET", SECRET)
        with serving(folder) as served:
            yield served


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[Served]:
    """Serve the newsletter in a folder, with changes to its desk."""
    desk = replace(open_desk(load_settings(folder, os.environ)), **changes)
    listener, answering = listen("127.0.0.1", 0), Event()
    server = make_server(desk, ready=answering.set)
    thread = Thread(target=server.run, kwargs={"sockets": [listener.socket]})
    thread.start()
    url = listener.url.rstrip("/")
    try:
        assert answering.wait(10)
        with (
            httpx.Client(base_url=url, transport=httpx.HTTPTransport(), timeout=20) as client,
            open_store(desk.settings.store.url, tokens=desk.tokens) as store,
        ):
            yield Served(folder=folder, url=url, client=client, desk=desk, store=store)
    finally:
        server.should_exit = True
        thread.join()
        listener.socket.close()


def said_by_us(log: pytest.LogCaptureFixture) -> str:
    """Return what was logged, but for what the test's own client said."""
    return "\n".join(record.getMessage() for record in log.records if not record.name.startswith(("httpx", "httpcore")))
