"""
A long list in PostgreSQL, sent by one, two and four workers beside one program; and what a claim costs on long lists.

Run by hand with fewer readers and for fewer sizes: ``python -m benchmarks.workers 100000 100000,1000000``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Self

from benchmarks.loopback_sink import HOST, running_sink
from benchmarks.newsletter import edition
from benchmarks.services import Merging
from digest.config import load_settings
from digest.model import Plan, Receipt, State
from digest.sending import Engine
from digest.store import Course, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from digest.config import Settings
    from digest.providers import Setup
    from digest.store import Frozen, Store
    from digest.store.postgres import PostgreSQL

READERS = 1_000_000
SIZES = (1_000_000, 10_000_000)
WORKERS = (1, 2, 4)
CLAIMS = 300
"""How many claims are measured, at the beginning and in the middle of a list."""

_ROOT = Path(__file__).resolve().parents[1]
_BLOCK = 1_000_000
_SENT = Receipt(state=State.SENT, message_id="<20261124090000.1.0123456789ABCDEF@example.org>")
# As `benchmarks.newsletter` makes it for SQLite.
_MAKE_READERS = """
insert into subscribers (key, email, name, fields, tags, standing, token, source, added_at, changed_at)
select
    'reader.' || lpad(n::text, 9, '0') || '@example.org', 'reader.' || lpad(n::text, 9, '0') || '@example.org',
    'Reader ' || n,
    json_build_object(
        'city', 'Zürich', 'first_name', case n % 3 when 0 then '李明' when 1 then 'Ada O''Neil' else 'Grace' end
    )::text,
    '["staff"]', case n % 80 when 0 then 'left' else 'active' end, md5(n::text), 'benchmark',
    '2026-11-24T09:00:00.000000+00:00', '2026-11-24T09:00:00.000000+00:00'
from generate_series({first}, {last}) as n
"""
_SETTLED = "select count(*) from batches where mailing_id = :mailing and state in ('queued', 'claimed')"
_SIZES = "select count(*), pg_total_relation_size('batches'), pg_total_relation_size('subscribers') from batches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink(Merging):
    """The sink as a provider of a newsletter, found by its entry point."""

    name: str = "sink"  # type: ignore[misc]  # that of its base is the class's own

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """Return the sink that the settings name."""
        return cls(url=str(setup.api_url))


def measure(readers: int = READERS, sizes: Sequence[int] = SIZES) -> list[tuple[str, float, str]]:
    """Return how fast workers are beside one program, and what claims cost; nothing without a server to run."""
    sys.path.append(str(_ROOT / "tests"))
    import postgresql  # noqa: PLC0415  # of the tests, which need pytest

    with postgresql.serve() as server, running_sink() as sink, TemporaryDirectory() as folder:
        url = server.url(server.new_database())
        settings = _make_newsletter(Path(folder), url, sink.http_port)
        with open_store(url) as store:
            _make_readers(store, 0, readers)
            rows = _race(settings, store, readers, Path(folder))
            at = readers
            for size in sizes:
                _make_readers(store, at, size)
                at = max(at, size)
                rows += _claims(store, size)
        return rows


def _make_newsletter(folder: Path, url: str, port: int) -> Settings:
    facts = folder / "packages" / "sink-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: sink\nVersion: 1.0\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text("[digest.providers]\nsink = benchmarks.workers:Sink\n", encoding="utf-8")
    subprocess.run([_program(), "init", str(folder / "letter")], stdout=subprocess.DEVNULL, check=True)
    for issue in (folder / "letter" / "issues").iterdir():
        issue.unlink()
    path = folder / "letter" / "digest.toml"
    provider = f'[provider]\nname = "sink"\napi_url = "http://{HOST}:{port}"\n'
    path.write_text(f'{path.read_text("utf-8").partition("[provider]")[0]}[store]\nurl = "{url}"\n{provider}', "utf-8")
    return load_settings(folder / "letter", os.environ)


def _program() -> str:
    return str(Path(sys.executable).with_name("digest"))


def _database(store: Store) -> PostgreSQL:
    database: PostgreSQL = store.paces._database  # type: ignore[assignment]  # noqa: SLF001  # to measure, not to use
    return database


def _make_readers(store: Store, before: int, readers: int) -> None:
    for first in range(before + 1, readers + 1, _BLOCK):
        _database(store).run(_MAKE_READERS.format(first=first, last=min(readers, first + _BLOCK - 1)))
    _database(store).run("vacuum analyze subscribers")


def _freeze(store: Store, slug: str) -> Frozen:
    audience = store.audiences.measure(None)
    plan = Plan(edition=edition(slug), provider="sink", audience=audience, batch_size=Merging.limits.messages)
    return store.ledger.freeze(plan, now=_now())


def _race(settings: Settings, store: Store, readers: int, folder: Path) -> list[tuple[str, float, str]]:
    """Let one program send, and then more and more workers, each an issue of their own to everyone."""
    alone = _send_alone(settings, store)
    name = f"{readers:,} readers in PostgreSQL"
    rows = [(f"{name}: one program", readers / alone, "for information, in 1/s")]
    for count in WORKERS:
        queueing, seconds = _send_together(settings, store, count, folder)
        if count == 1:
            rows.append((f"{name}: to queue them", queueing, "for information, in s"))
            rows.append((f"{name}: one worker's time beside one program", seconds / alone, "for information, in x"))
        rows.append((f"{name}: {count} workers", readers / seconds, "for information, in 1/s"))
    return rows


def _send_alone(settings: Settings, store: Store) -> float:
    frozen = _freeze(store, "alone")
    provider = Sink(url=str(settings.provider.api_url))
    started = perf_counter()
    with store.claims(frozen) as claims:
        Engine(claims=claims, provider=provider, now=_now, report=lambda _: None, stop_after=3).deliver()
    return perf_counter() - started


def _send_together(settings: Settings, store: Store, workers: int, folder: Path) -> tuple[float, float]:
    """Return the seconds in which an issue is queued, and in which so many workers, who wait for it, have sent it."""
    from digest.workers.queue import open_queue  # noqa: PLC0415  # needs the extra

    frozen = _freeze(store, f"together-{workers}")
    store.mailings.hold(frozen, "the workers are not there yet")
    with _crew(settings, workers, folder), open_queue(settings) as queue:
        _await(queue.store, "select count(*) < :processes from procrastinate_workers", processes=2 * workers)
        started = perf_counter()
        with queue.store.together():
            queue.store.mailings.turn(frozen, Course.OPEN)
            queue.fill()
        queued = perf_counter()
        _await(store, _SETTLED, mailing=frozen.id)
        return queued - started, perf_counter() - queued


def _await(store: Store, query: str, **values: object) -> None:
    """Wait until a count is zero."""
    while _database(store).fetch_all(query, **values)[0][0]:
        time.sleep(0.02)


@contextmanager
def _crew(settings: Settings, workers: int, folder: Path) -> Iterator[None]:
    packages = os.pathsep.join([str(folder / "packages"), str(_ROOT)])
    variables = {**os.environ, "PYTHONPATH": packages}
    log = (folder / "workers.log").open("ab")
    command = [_program(), "worker"]
    crew = [subprocess.Popen(command, cwd=settings.root, env=variables, stdout=log, stderr=log) for _ in range(workers)]
    try:
        yield
    finally:
        for worker in crew:
            worker.terminate()
        for worker in crew:
            worker.wait()
        log.close()


def _claims(store: Store, readers: int) -> list[tuple[str, float, str]]:
    """Return what a list of so many readers costs in the ledger."""
    database = _database(store)
    database.run("truncate batches, outcomes")
    started = perf_counter()
    frozen = _freeze(store, f"claims-{readers}")
    froze = perf_counter() - started
    times = [*_claim_and_settle(store, frozen)]
    database.run("vacuum analyze batches")
    ((rows, size, list_size),) = database.fetch_all(_SIZES)
    name = f"{readers:,} readers in PostgreSQL"
    return [
        (f"{name}: the list", list_size / 1e6, "for information, in MB"),
        (f"{name}: freeze", froze, "for information, in s"),
        (f"{name}: rows of batches", rows, "for information, in rows"),
        (f"{name}: ledger", size / 1e6, "for information, in MB"),
        (f"{name}: claim and settle", median(times) * 1000, "for information, in ms"),
    ]


def _claim_and_settle(store: Store, frozen: Frozen) -> Iterator[float]:
    with store.claims(frozen) as claims:
        for _ in range(CLAIMS):
            started = perf_counter()
            batch = claims.claim(now=_now())
            if batch is None:
                return
            claims.settle(batch, [_SENT] * len(batch.readers), now=_now())
            yield perf_counter() - started


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Print what was measured, for as many readers as are named."""
    readers, sizes, *_ = [*sys.argv[1:], str(READERS), ",".join(map(str, SIZES))][:2]
    for row, measured, bar in measure(int(readers), [*map(int, sizes.split(","))]):
        print(f"{row:70} {measured:14,.2f}   {bar}")


if __name__ == "__main__":
    main()
