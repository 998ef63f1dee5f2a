"""
A minute of webhooks and of one-click unsubscribing, at a server whose store a send to 100,000 is writing to meanwhile.

Calls are begun when they are due, whether or not others were answered, and are measured from then on: who waits for a
connection waits for an answer. At the end, what the store has is compared row by row with what it was told.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import re
import sqlite3
import subprocess
import sys
from base64 import b64encode
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.loopback_sink import HOST, running_sink
from benchmarks.newsletter import edition, make_list
from benchmarks.services import Full
from digest.model import Plan
from digest.sending import Engine
from digest.store import open_store
from digest.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.loopback_sink import Sink
    from digest.sending import Step

SECONDS = 60
CALLS = 200
"""Webhooks a second."""
LEAVING = 50
"""One-click posts a second."""
READERS = 100_000
_SLUG = "a-long-list"
DIGEST = str(Path(sys.executable).with_name("digest"))
_CONNECTIONS = 40
_KEY, _SECRET = b"a signing key", "a key of more than thirty-two characters"
_ENVIRON = {"DIGEST_SECRET": _SECRET, "RESEND_API_KEY": "re_0", "RESEND_WEBHOOK_SECRET": b64encode(_KEY).decode()}
_SETTINGS = """
[newsletter]
name = "Past the Plateau"
from = "Past the Plateau <editor@example.org>"
url = "https://news.example.org"
postal_address = "1 Example Street"

[provider]
name = "resend"
"""
_EVERY_BOUNCE, _EVERY_REPEATED = 50, 20
"""One call in so many tells of a bounce; one in so many comes a second time."""


def measure() -> list[tuple[str, float, str]]:
    """Return how long callers waited for their answers, and what was lost."""
    with running_sink() as sink, TemporaryDirectory() as folder:
        stage = Stage.at(Path(folder))
        with stage.serving() as port, stage.sending(sink):
            before = stage.sent()
            taken = asyncio.run(stage.load(port))
            sent = stage.sent() - before
        lost, twice = stage.compare()
    load = f"{CALLS} webhooks and {LEAVING} one-click posts a second, beside a send"
    return [
        *_percentiles(f"{load}: webhook", [one.seconds for one in taken if one.path.startswith("/webhooks")]),
        *_percentiles(f"{load}: one click", [one.seconds for one in taken if not one.path.startswith("/webhooks")]),
        (f"{load}: not answered by 200", sum(one.status != HTTPStatus.OK for one in taken), "at most 0 calls"),
        (f"{load}: lost", lost, "at most 0 rows"),
        (f"{load}: applied twice", twice, "at most 0 rows"),
        (f"{load}: sent meanwhile", sent, "for information, in readers"),
    ]


def _percentiles(name: str, seconds: Sequence[float]) -> list[tuple[str, float, str]]:
    ordered = sorted(seconds)
    bars = {"p50": (0.5, "at most 50 ms"), "p99": (0.99, "at most 500 ms"), "max": (1.0, "for information, in ms")}
    return [
        (f"{name}, {label}", 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], bar)
        for label, (share, bar) in bars.items()
    ]


class Paced(Full):
    """A service whose pace makes a send to all readers take as long as the calls do."""

    limits = replace(Full.limits, pace=READERS / Full.limits.messages / SECONDS)


class Due(NamedTuple):
    """A request, and when it is to be made."""

    at: float
    path: str
    body: bytes
    headers: str


class Taken(NamedTuple):
    """A request that was answered."""

    path: str
    status: int
    seconds: float
    """From the moment at which it was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A newsletter with a long list, and whom it is told what of."""

    folder: Path
    names: Sequence[tuple[int, str]]
    """The ids of active readers, and their tokens."""
    bounced: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)

    @classmethod
    def at(cls, folder: Path) -> Stage:
        """Make the newsletter."""
        (folder / "digest.toml").write_text(_SETTINGS, encoding="utf-8")
        (folder / ".digest").mkdir()
        path = folder / ".digest" / "digest.db"
        make_list(path, READERS)
        tokens = Tokens([_SECRET])
        with open_store(f"sqlite:///{path}", tokens=tokens) as store, closing(sqlite3.connect(path)) as database:
            rows = database.execute("select id, token from subscribers where standing = 'active' order by id")
            names = [(number, tokens.name_reader(store.name, name)) for number, name in rows]
            plan = Plan(
                edition=edition(_SLUG),
                provider=Paced.name,
                audience=store.audiences.measure(None),
                batch_size=Paced.limits.messages,
            )
            store.ledger.freeze(plan, now=datetime.now(UTC))
        return cls(folder=folder, names=names)

    @property
    def path(self) -> Path:
        """The store's file."""
        return self.folder / ".digest" / "digest.db"

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Run the server, and return its port."""
        with subprocess.Popen(
            [DIGEST, "serve", "--port", "0"],
            cwd=self.folder,
            env={**os.environ, **_ENVIRON},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            told = "".join(iter(process.stdout.readline, "\n")) if process.stdout else ""
            port = re.search(r"http://127\.0\.0\.1:(\d+)", told)
            try:
                yield int(port[1]) if port else 0
            finally:
                process.terminate()
                process.communicate()

    @contextmanager
    def sending(self, sink: Sink) -> Iterator[None]:
        """Send the mailing meanwhile; go on once the first request is settled."""
        command = [sys.executable, "-m", "benchmarks.public_side", str(self.path), str(sink.http_port)]
        with subprocess.Popen(command) as process:
            while not self.sent():
                sleep(0.1)
            yield
            process.kill()

    def sent(self) -> int:
        """Return how many messages were sent."""
        with closing(sqlite3.connect(self.path)) as database:
            (count,) = database.execute("select sum(count) from batches where state = 'settled'").fetchone()
            return count or 0

    async def load(self, port: int) -> list[Taken]:
        """Make all calls when they are due."""
        lines, plan = Lines(port), [*self._plan()]
        started = perf_counter()
        return await asyncio.gather(*(lines.call(due, started + due.at) for due in plan))

    def _plan(self) -> Iterator[Due]:
        """Yield what is to be called: webhooks about some readers, posts by others."""
        fingerprint = edition(_SLUG).fingerprint[:16]
        readers = iter(self.names)
        for number in range(CALLS * SECONDS):
            subscriber, _ = next(readers)
            kind = "bounced" if number % _EVERY_BOUNCE == 0 else "delivered"
            (self.bounced if kind == "bounced" else self.delivered).add(subscriber)
            call = _webhook(number / CALLS, f"msg_{number}", kind, f"{fingerprint}-{subscriber}")
            yield call
            if number % _EVERY_REPEATED == 0:
                yield call
        for number in range(LEAVING * SECONDS):
            subscriber, token = next(readers)
            self.left.add(subscriber)
            form = "Content-Type: application/x-www-form-urlencoded\r\n"
            yield Due(number / LEAVING, f"/unsubscribe/{token}", b"List-Unsubscribe=One-Click", form)

    def compare(self) -> tuple[int, int]:
        """Return how many rows are missing, and how many are there that should not be."""
        expected = {
            *((one, "news", "bounced") for one in self.bounced),
            *((one, "news", "delivered") for one in self.delivered),
            *((one, "history", "bounced") for one in self.bounced),
            *((one, "history", "left") for one in self.left),
        }
        with closing(sqlite3.connect(self.path)) as database:
            found = database.execute(
                "select subscriber_id, 'news', kind from news"
                " union all select subscriber_id, 'history', standing from history"
            ).fetchall()
            standings = dict(database.execute("select id, standing from subscribers"))
        wrong = sum(standings[one] != standing for one, table, standing in expected if table == "history")
        return len(expected - {*found}) + wrong, len(found) - len(expected & {*found})


def _webhook(at: float, name: str, kind: str, correlation_id: str) -> Due:
    now = datetime.now(UTC)
    data = {"email_id": name, "tags": {"correlation_id": correlation_id}, "bounce": {"type": "Permanent"}}
    body = json.dumps({"type": f"email.{kind}", "created_at": f"{now:%Y-%m-%dT%H:%M:%S.000Z}", "data": data}).encode()
    stamp = str(int(now.timestamp()))
    mac = b64encode(hmac.digest(_KEY, b".".join((name.encode(), stamp.encode(), body)), "sha256")).decode()
    headers = f"svix-id: {name}\r\nsvix-timestamp: {stamp}\r\nsvix-signature: v1,{mac}\r\n"
    return Due(at, "/webhooks/resend", body, headers)


class Lines:
    """Connections that are kept, one request at a time on each."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.LifoQueue()
        for _ in range(_CONNECTIONS):
            self._free.put_nowait(None)

    async def call(self, due: Due, at: float) -> Taken:
        """Make a request at its time, and return what came of it."""
        await asyncio.sleep(at - perf_counter())
        line = await self._free.get()
        try:
            status, line = await self._exchange(due, line)
        except (OSError, EOFError):  # the server has hung up on a connection that was not used
            status, line = await self._exchange(due, None)
        self._free.put_nowait(line)
        return Taken(due.path, status, perf_counter() - at)

    async def _exchange(
        self, due: Due, line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None
    ) -> tuple[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = line or await asyncio.open_connection(HOST, self._port)
        head = f"POST {due.path} HTTP/1.1\r\nHost: {HOST}\r\n{due.headers}Content-Length: {len(due.body)}\r\n\r\n"
        writer.write(head.encode() + due.body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer.lower())
        await reader.readexactly(int(length[1]) if length else 0)
        return int(answer.split(b" ", 2)[1]), (reader, writer)


def send(path: Path, port: int) -> None:
    """Send the mailing."""
    provider = Paced(url=f"http://{HOST}:{port}")
    with open_store(f"sqlite:///{path}") as store, store.claims(store.mailings.get(_SLUG)) as claims:
        Engine(claims=claims, provider=provider, now=lambda: datetime.now(UTC), report=_ignore, stop_after=3).deliver()


def _ignore(_: Step) -> None:
    """Leave it to the store to count."""


if __name__ == "__main__":
    send(Path(sys.argv[1]), int(sys.argv[2]))
