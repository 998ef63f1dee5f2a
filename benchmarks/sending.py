"""
A long list through the engine to a sink on loopback, beside what that costs by hand; see `benchmarks.floors`.

Each side works in a process of its own, so that its memory is its own, and they take turns.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.floors import post_full, post_merged
from benchmarks.loopback_sink import HOST, running_sink
from benchmarks.newsletter import edition, make_list
from benchmarks.services import Full, Merging
from digest.model import Plan
from digest.sending import Engine, Step
from digest.store import open_store

if TYPE_CHECKING:
    from benchmarks.loopback_sink import Dropped, Sink
    from digest.store import Frozen

MERGED_READERS = 1_000_000
FULL_READERS = 100_000
ROUNDS = 5
_SERVICES: dict[str, type[Merging | Full]] = {"merged": Merging, "full": Full}
_FLOORS = {"merged": post_merged, "full": post_full}

_USED = """
select (page_count - freelist_count) * page_size from pragma_page_count, pragma_freelist_count, pragma_page_size
"""
_HALVE = "update batches set state = 'queued' where mailing_id = :mailing and number > :half"
# Nine copies of each batch.
_GROW = """
insert into batches (mailing_id, number, origin, state, count, first, last, edition_id, claimed_at, claimant, key,
    digest, settled_at, reason, readers, message_ids)
with recursive copies (copy) as (select 1 union all select copy + 1 from copies where copy < 9)
select mailing_id, number + copy * 1000000, origin, state, count, first, last, edition_id, claimed_at, claimant, key,
    digest, settled_at, reason, readers, message_ids
from batches, copies where mailing_id = :mailing
"""


def measure() -> list[tuple[str, float, str]]:
    """Return how the engine compares with the floors, and how long what stands around it takes."""
    with running_sink() as sink, TemporaryDirectory() as folder:
        merged, full = Path(folder) / "merged.db", Path(folder) / "full.db"
        make_list(merged, MERGED_READERS)
        make_list(full, FULL_READERS)
        return [
            *_compare("merged", merged, sink, f"{MERGED_READERS:,} readers, merged", "at most 1.3 x"),
            *_compare("full", full, sink, f"{FULL_READERS:,} readers, whole messages", "at most 2 x"),
            *_resume(merged),
        ]


class Side(NamedTuple):
    """What a process reports of its work."""

    readers: int
    seconds: float
    cpu: float
    """Seconds, of all its threads."""
    peak: float
    """MiB."""
    freeze: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A process that has ended."""

    side: Side
    dropped: Dropped
    growth: float
    """By how many MB the database has grown."""


def _compare(kind: str, path: Path, sink: Sink, name: str, bar: str) -> list[tuple[str, float, str]]:
    """Let both sides take turns."""
    floors, ours = [], []
    for number in range(ROUNDS):
        floors.append(_run(sink, path, "floor", kind))
        ours.append(_run(sink, path, "engine", kind, f"round-{number}"))
    _refuse_other_work(floors, ours)
    pairs = [(our.side, floor.side) for our, floor in zip(ours, floors, strict=True)]
    return [
        (f"{name}: time beside by hand", median(our.seconds / floor.seconds for our, floor in pairs), bar),
        (f"{name}: CPU beside by hand", median(our.cpu / floor.cpu for our, floor in pairs), "for information, in x"),
        (f"{name}: peak memory", max(our.side.peak for our in ours), "at most 100 MiB"),
        (f"{name}: readers", median(our.side.readers / our.side.seconds for our in ours), "for information, in 1/s"),
        (f"{name}: freeze", median(our.side.freeze for our in ours), "for information, in s"),
        (f"{name}: ledger", median(our.growth for our in ours), "for information, in MB"),
    ]


def _refuse_other_work(floors: list[Run], ours: list[Run]) -> None:
    """Raise unless all have posted the same number of requests and, to the byte, as much."""
    posted = {(run.side.readers, *run.dropped) for run in (*floors, *ours)}
    if len(posted) > 1:
        msg = f"both sides should post as much: readers, requests, bytes {sorted(posted)}"
        raise RuntimeError(msg)


def _run(sink: Sink, path: Path, side: str, kind: str, *slug: str) -> Run:
    used = _used(path)
    command = [sys.executable, "-m", "benchmarks.sending", side, kind, str(path), str(sink.http_port), *slug]
    report = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return Run(
        side=Side(*json.loads(report)),
        dropped=sink.dropped(),
        growth=(_used(path) - used) / 1e6,
    )


def _used(path: Path) -> int:
    """Return how many bytes of a database are in use."""
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute(_USED).fetchone()[0])


def _resume(path: Path) -> list[tuple[str, float, str]]:
    """Return how long it takes to find and to claim what is left of a mailing, when half of its batches were sent."""
    with open_store(f"sqlite:///{path}") as store:
        frozen = store.mailings.get("round-0")
    values = {"mailing": frozen.id, "half": MERGED_READERS // Merging.limits.messages // 2}
    rows = []
    for readers, change in ((MERGED_READERS, _HALVE), (10 * MERGED_READERS, _GROW)):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(change, values)
        times = [_first_claim(path, frozen) for _ in range(ROUNDS)]
        rows.append((f"{readers:,} readers, half of them sent: resume", median(times), "for information, in ms"))
    return rows


def _first_claim(path: Path, frozen: Frozen) -> float:
    started = perf_counter()
    with open_store(f"sqlite:///{path}") as store, store.claims(frozen) as claims:
        for _ in claims.adopt():
            pass
        batch = claims.claim(now=_now())
        milliseconds = (perf_counter() - started) * 1000
        if batch:
            claims.release(batch)
    return milliseconds


def send(kind: str, list_path: Path, port: int, slug: str) -> Side:
    """Freeze a mailing and send it by the engine."""
    provider = _SERVICES[kind](url=f"http://{HOST}:{port}")
    settled = 0

    def count(step: Step) -> None:
        nonlocal settled
        settled += step.settled

    with open_store(f"sqlite:///{list_path}") as store:
        made = edition(slug)
        audience = store.audiences.measure(None)
        plan = Plan(edition=made, provider=provider.name, audience=audience, batch_size=provider.limits.messages)
        started = perf_counter()
        frozen = store.ledger.freeze(plan, now=_now())
        freeze = perf_counter() - started
        started, cpu = perf_counter(), process_time()
        with store.claims(frozen) as claims:
            Engine(claims=claims, provider=provider, now=_now, report=count, stop_after=3).deliver()
        return Side(settled, perf_counter() - started, process_time() - cpu, _peak(), freeze)


def post_by_hand(kind: str, list_path: Path, port: int) -> Side:
    """Post the same by hand."""
    started, cpu = perf_counter(), process_time()
    readers = _FLOORS[kind](list_path, port)
    return Side(readers, perf_counter() - started, process_time() - cpu, _peak())


def _peak() -> float:
    """Return the greatest memory of this process; its `ru_maxrss` begins with that of whoever started it, on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text("ascii").partition("VmHWM:")[2].split()[0]) / 1024
    return getrusage(RUSAGE_SELF).ru_maxrss / (1024 * 1024)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Run one side and print what it reports: ``floor merged LIST PORT`` or ``engine full LIST PORT SLUG``."""
    side, kind, list_path, port, *slug = sys.argv[1:]
    work = post_by_hand if side == "floor" else send
    print(json.dumps(work(kind, Path(list_path), int(port), *slug)))


if __name__ == "__main__":
    main()
