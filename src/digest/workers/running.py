"""`digest worker`: a process that works on what is queued until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from digest.errors import DigestError
from digest.store.postgres import complete
from digest.store.syncs import account_of
from digest.workers import chores
from digest.workers.counting import REGISTRY, Gauges
from digest.workers.queue import CHORES, POST, name_of_queue, open_queue
from digest.workers.station import LeftError, Station, provider_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.config import Settings
    from digest.providers import Provider

_LOG = logging.getLogger("digest.worker")
_CHORES = 2
"""How many chores are done at once."""
_PATIENT: dict[str, Any] = {"listen_notify": False, "fetch_job_polling_interval": 1.0}
"""Chores can wait for a second, and be spared the connection on which a server calls."""
_AGAIN = 5.0
"""Seconds for which a database that went away is waited for, and after which it is asked again."""
_INTERRUPTED = 130
_KEPT = 72
"""Hours for which jobs are kept that came to no good end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often workers look after each other, in seconds."""

    heartbeat: float = 2.0
    stalled: float = 10.0
    """Whose heart has not beaten for so long is dead."""
    fill: int = 10
    """How often batches are looked for that wait and have no job; a divisor of 60."""


def run(
    settings: Settings,
    *,
    threads: int | None = None,
    ready: Callable[[str, int], None] = lambda _provider, _threads: None,
    rhythm: Rhythm | None = None,
) -> None:
    """
    Work on what is queued until SIGTERM or Ctrl-C; what is in flight then is finished.

    Args:
        settings: the newsletter's, whose issues are sent when they are due.
        threads: how many requests are made side by side; by default, as many as the provider takes.
        ready: is told the provider, and how many threads there are.
        rhythm: how often workers look after each other.

    Raises:
        SettingsError: the store is none that several machines can share, or the provider owns its list.
    """
    provider = provider_of(settings)
    with open_queue(settings):  # says at once what is wrong, and makes the tables
        pass
    stopping = Event()
    station = Station(settings, provider, threads=threads or provider.limits.concurrency, stopping=stopping)
    REGISTRY.register(Gauges(partial(_look, settings, provider)))
    ready(provider.name, station.threads)
    try:
        asyncio.run(_until_stopped(station, stopping, rhythm or Rhythm()))
    finally:
        station.close()


def _look(settings: Settings, provider: Provider) -> Mapping[str, tuple[str, float]]:
    """Return what is seen of the queue, on a connection of its own."""
    with open_queue(settings) as queue:
        length = queue.length(provider.name)
        pace = queue.store.paces.shared(provider.name, account_of(settings), provider.limits.pace)
        return {
            "digest_queue_batches": ("Batches that wait for a worker.", length.jobs),
            "digest_queue_oldest_seconds": ("For how long the oldest of them has been waiting.", length.seconds),
            "digest_pace_lag_seconds": (
                "How far ahead the next free place of the account is.",
                pace.lag() if pace else 0,
            ),
        }


async def _until_stopped(station: Station, stopping: Event, rhythm: Rhythm) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(station.threads + _CHORES, thread_name_prefix="work"))
    stop = asyncio.Event()

    def handle() -> None:
        if stopping.is_set():
            os._exit(_INTERRUPTED)  # threads that wait for an answer are not to be had otherwise, and all of it is safe
        _LOG.info("stopping: what is in flight is finished")
        stopping.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handle)
    while not stopping.is_set():
        try:
            await _work(station, stop, rhythm)
        except ConnectorException as fault:
            _LOG.error("the database went away (%s); it is asked again", type(fault.__cause__).__name__)
            await asyncio.wait([asyncio.create_task(stop.wait())], timeout=_AGAIN)


async def _work(station: Station, stop: asyncio.Event, rhythm: Rhythm) -> None:
    connector = PsycopgConnector(conninfo=complete(station.settings.store.url), min_size=1, max_size=2, timeout=_AGAIN)
    app = make_app(connector, station, rhythm)
    options: dict[str, Any] = {
        "install_signal_handlers": False,
        "delete_jobs": "successful",
        "update_heartbeat_interval": rhythm.heartbeat,
        "stalled_worker_timeout": rhythm.stalled,
    }
    async with app.open_async():
        batches = [name_of_queue(station.provider.name)]
        workers = [
            asyncio.create_task(app.run_worker_async(queues=batches, concurrency=station.threads, **options)),
            asyncio.create_task(app.run_worker_async(queues=[CHORES], concurrency=_CHORES, **options, **_PATIENT)),
        ]
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([*workers, stopped], return_when=asyncio.FIRST_COMPLETED)
        for task in (*workers, stopped):
            task.cancel()
        for ending in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(ending, Exception):
                raise ending


def make_app(connector: PsycopgConnector, station: Station, rhythm: Rhythm) -> App:
    """Return the tasks of a worker."""
    app = App(connector=connector)

    @app.task(name=POST, retry=RetryStrategy(retry_exceptions=[LeftError]))
    def post(slug: str, number: int) -> None:
        station.work_on(slug, number)

    @app.periodic(cron=f"* * * * * */{rhythm.fill}")  # seconds come last
    @app.task(name="digest.fill", queue=CHORES, queueing_lock="digest.fill")
    async def fill(timestamp: int) -> None:
        """
        Forget the jobs of dead workers; the ledger says what is left to be done of them.

        It has no lock: nobody else could take that from a worker that died in the middle of this.
        """
        del timestamp
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=rhythm.stalled):
            with suppress(ConnectorException):  # it was over just now
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await asyncio.to_thread(_do, chores.fill, station)

    @app.periodic(cron="* * * * *")
    @app.task(name="digest.send_due", queue=CHORES, lock="digest.send_due", queueing_lock="digest.send_due")
    def send_due(timestamp: int) -> None:
        del timestamp
        _do(chores.send_due, station)

    @app.periodic(cron="7 * * * *")
    @app.task(name="digest.sync", queue=CHORES, lock="digest.sync", queueing_lock="digest.sync")
    def sync(timestamp: int) -> None:
        del timestamp
        _do(chores.sync, station)

    @app.periodic(cron="37 3 * * *")
    @app.task(name="digest.tidy", queue=CHORES, lock="digest.tidy", queueing_lock="digest.tidy")
    async def tidy(timestamp: int) -> None:
        del timestamp
        await app.job_manager.delete_old_jobs(_KEPT, include_failed=True, include_cancelled=True, include_aborted=True)

    return app


def _do(chore: Callable[[Station], None], station: Station) -> None:
    """Do a chore; what hinders it is said, and it is done again when its time comes."""
    try:
        with station.seat.at_work():
            chore(station)
    except DigestError as fault:
        _LOG.error("%s", " ".join(fault.lines()))
