"""
The queue, in the database that has the ledger: a job says "work on batch n", and what is true the ledger decides.

So a job may be lost, doubled or late, and nobody is forgotten or written to twice: every batch that waits gets a job
again, sooner or later, and a job whose batch does not wait is over at once.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job
from procrastinate.schema import SchemaManager

from digest.errors import SettingsError
from digest.store import Store, bring_up_to_date, open_database
from digest.store.postgres import PostgreSQL, lock_key
from digest.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from digest.config import Settings

POST = "digest.post"
"""The task that works on a batch."""
CHORES = "digest-chores"
"""The queue of what is done once for all, however many workers there are."""
_BLOCK = 1_000
_NOTE = re.compile(r"\Adigest: (\S+)\Z")

# Batches that nobody works on, or of which nobody will tell: those who claimed them may be dead.
_WAITING = """
select mailings.provider, mailings.slug, batches.number, batches.claimant
from batches join mailings on mailings.id = batches.mailing_id
where batches.state in ('queued', 'claimed') and mailings.state = 'open'
and not exists (
    select 1 from procrastinate_jobs
    where queueing_lock = mailings.slug || ':' || batches.number and status in ('todo', 'doing')
)
order by mailings.id, batches.number
"""
_LENGTH = """
select count(*), coalesce(extract(epoch from clock_timestamp() - min(at))::double precision, 0)
from procrastinate_jobs left join procrastinate_events on job_id = procrastinate_jobs.id and type = 'deferred'
where status = 'todo' and queue_name = :queue
"""
_ALONE = "select pg_advisory_xact_lock(:key)"
# Of the catalogue's rows, since what the server remembers of a name may be older than those of another program.
_TABLES = """
select obj_description(oid, 'pg_class') from pg_class
where relname = 'procrastinate_jobs' and relnamespace = current_schema()::regnamespace
"""


def name_of_queue(provider: str) -> str:
    """Return the queue of those batches that go through a provider: only who has its secrets can work on them."""
    return f"digest-{provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a queue is."""

    jobs: int
    seconds: float
    """For how long the oldest of them has been waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue beside an open store; it belongs to the same thread."""

    store: Store
    _database: PostgreSQL
    _app: App

    def fill(self) -> int:
        """
        See to it that every batch that waits has a job in the queue of its provider, and return how many jobs are new.

        Within a transaction it is a part of that: the jobs are there when what it wrote is.
        """
        with self.store.together():
            self._database.fetch_one(_ALONE, key=lock_key("queue"))  # two that look at once would find the same ones
            waiting = self._database.fetch_all(_WAITING)
            jobs = (_job(*batch) for *batch, claimant in waiting if not self._lives(claimant))
            return sum(map(self._defer, _blocks(jobs)))

    def _lives(self, claimant: str | None) -> bool:
        return claimant is not None and self.store.is_held(claimant)

    def _defer(self, jobs: list[Job]) -> int:
        return len(self._app.job_manager.batch_defer_jobs(jobs, connection=self._database.connection))

    def length(self, provider: str) -> Length:
        """Return how long the queue of a provider is."""
        jobs, seconds = self._database.fetch_all(_LENGTH, queue=name_of_queue(provider))[0]
        return Length(jobs=jobs, seconds=float(seconds))


def _job(provider: str, slug: str, number: int) -> Job:
    return Job(
        queue=name_of_queue(provider),
        task_name=POST,
        task_kwargs={"slug": slug, "number": number},
        lock=None,
        queueing_lock=f"{slug}:{number}",
    )


def _blocks(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    waiting = iter(jobs)
    while block := [*islice(waiting, _BLOCK)]:
        yield block


@contextmanager
def open_queue(settings: Settings) -> Iterator[Queue]:
    """
    Open the store of a newsletter with the queue beside it, whose tables are made where they are missing.

    Raises:
        SettingsError: the store is none that several machines can share, or cannot be used.
    """
    if settings.ledger.url:
        msg = "workers keep the ledger in the store that they share, and [ledger] url names a branch"
        raise SettingsError(msg, hint="Remove it here: a ledger on a branch is for machines that forget.")
    with open_database(settings.store.url) as (database, locks):
        if not isinstance(database, PostgreSQL):
            msg = "workers share a store on PostgreSQL, and the store is a file of SQLite"
            raise SettingsError(msg, hint="Let [store] url name a database: postgresql://user@host/database.")
        bring_up_to_date(database)
        _bring_queue_up_to_date(database)
        store = Store(database, locks, tokens_of(settings.environ))
        yield Queue(store=store, _database=database, _app=App(connector=PsycopgConnector()))


def _bring_queue_up_to_date(database: PostgreSQL) -> None:
    """Make the tables of the queue, or take the steps that its library has learned since; others' are left alone."""
    steps = _steps()
    newest = max(steps)
    if _noted(database) in {newest, None}:
        return
    with database.transaction(alone=True):
        before = _noted(database)
        if before == "":
            database.run(SchemaManager.get_schema())
        elif before:
            for name in sorted(name for name in steps if name > before):
                database.run(steps[name].read_text(encoding="utf-8"))
        if before is not None:
            database.run(f"comment on table procrastinate_jobs is 'digest: {newest}'")


def _steps() -> dict[str, Path]:
    return {path.name: path for path in Path(SchemaManager.get_migrations_path()).glob("*.sql")}


def _noted(database: PostgreSQL) -> str | None:
    """Return the latest step that we took; blank where there are no tables, None where they are somebody else's."""
    row: Any = database.fetch_one(_TABLES)
    noted = _NOTE.match(row[0] or "") if row else None
    return noted[1] if noted else None if row else ""
