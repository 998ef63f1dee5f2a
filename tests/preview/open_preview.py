"""A preview that answers, in a thread of this process: the real server, asked over the loopback."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx

from digest.checking.rules import RULES
from digest.config import load_settings
from digest.listening import listen
from digest.preview.application import Deeds
from digest.preview.examining import Examiner
from digest.preview.serving import make_server
from digest.preview.trying import send_test
from digest.publishing.newsroom import Newsroom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLUG = "2026-11-24-hello"
PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A preview at work, and a browser's way to ask it."""

    url: str
    client: httpx.Client

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for something."""
        return self.client.get(path, headers=headers)

    def json(self, path: str) -> Any:
        """Ask for facts."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, order: object) -> httpx.Response:
        """Order something, as the page does."""
        return self.client.post(path, json=order, headers={"Origin": self.url.rstrip("/")})

    def issue(self, slug: str = SLUG, query: str = "") -> Any:
        """Return what the page is told of an issue."""
        return self.json(f"/api/issues/{slug}{query}")

    @contextmanager
    def events(self) -> Iterator[Iterator[tuple[str, Any]]]:
        """Listen to what happens."""
        with self.client.stream("GET", "/api/events") as response:
            lines = response.iter_lines()
            next(lines)  # we are heard
            yield _events(lines)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        assert not line.startswith(":"), "nothing happened for 15 seconds"
        kind, _, value = line.partition(": ")
        if kind == "event":
            name = value
        elif kind == "data":
            yield name, json.loads(value)


@contextmanager
def opened_preview(folder: Path) -> Iterator[Preview]:
    """Serve the preview of a newsletter, as long as it is needed."""
    environ = {**os.environ, "PATH": ""}
    newsroom = Newsroom(settings=load_settings(folder, environ))
    ready = Event()
    deeds = Deeds(examine=Examiner().examine, count_rules=lambda: len(RULES), send_test=send_test)
    server, listener = make_server(newsroom, deeds, environ, ready=ready.set), listen("127.0.0.1", 0)
    thread = Thread(target=server.run, kwargs={"sockets": [listener.socket]})
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        with httpx.Client(base_url=listener.url, timeout=PATIENCE) as client:
            yield Preview(url=listener.url, client=client)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()
