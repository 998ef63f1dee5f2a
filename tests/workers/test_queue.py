"""The queue: every batch that waits has one job, whatever became of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mailing_room import NOW, freeze, put

from digest.config import load_settings
from digest.errors import SettingsError
from digest.store import BegunError, Course
from digest.workers.queue import name_of_queue, open_queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgresql import Server

    from digest.config import Settings
    from digest.workers.queue import Queue


def settings_of(letter: Path, url: str, **environ: str) -> Settings:
    """Return the settings of a newsletter whose store is there."""
    return load_settings(letter, {"DIGEST_STORE_URL": url, **environ})


@pytest.fixture
def settings(letter: Path, postgres_url: str) -> Settings:
    """Return the settings of a newsletter whose store is on a server."""
    return settings_of(letter, postgres_url)


@pytest.fixture
def queue(settings: Settings) -> Iterator[Queue]:
    """Return the queue of a newsletter with five readers."""
    with open_queue(settings) as opened:
        put(opened.store, "ann", "ben", "cem", "dora", "emil")
        yield opened


def jobs(server: Server) -> list[tuple[str, str, str]]:
    """Return the queue, the lock and the state of each job."""
    return server.ask(
        "select queue_name, queueing_lock, status::text from procrastinate_jobs order by id", database="letters"
    )


def forget(server: Server, *sentences: str) -> None:
    """Do to the queue what a crash would."""
    server.ask(*sentences, database="letters")


def test_every_batch_gets_a_job(queue: Queue, postgres_server: Server) -> None:
    """A batch has one job, which is named after it."""
    freeze(queue.store)
    assert queue.fill() == 3
    place = name_of_queue("outbox")
    assert jobs(postgres_server) == [(place, f"past-the-plateau:{number}", "todo") for number in (1, 2, 3)]


def test_no_batch_gets_two(queue: Queue, postgres_server: Server) -> None:
    """Whoever looks again finds nothing to do, be it that a job waits or that it is worked on."""
    freeze(queue.store)
    queue.fill()
    forget(postgres_server, "update procrastinate_jobs set status = 'doing' where queueing_lock like '%:1'")
    assert queue.fill() == 0


def test_lost_jobs_come_back(queue: Queue, postgres_server: Server) -> None:
    """A queue that was lost is made anew by what the ledger says."""
    freeze(queue.store)
    queue.fill()
    forget(postgres_server, "delete from procrastinate_jobs where queueing_lock like '%:2'")
    assert queue.fill() == 1


def test_batches_of_the_dead_get_jobs(queue: Queue, settings: Settings) -> None:
    """What a process has claimed is left to it while it lives, and gets a job when it is dead."""
    frozen = freeze(queue.store)
    with open_queue(settings) as other, other.store.claims(frozen) as claims:
        assert claims.claim(now=NOW)
        assert queue.fill() == 2
    assert queue.fill() == 1


def test_others_are_left_alone(queue: Queue) -> None:
    """Jobs wait for those who work for their provider; what was paused gets none."""
    queue.store.mailings.hold(freeze(queue.store), "no money is left")
    assert queue.fill() == 0
    queue.store.mailings.turn(queue.store.mailings.all()[0], Course.OPEN)
    assert queue.fill() == 3
    assert (queue.length("postmark").jobs, queue.length("outbox").jobs) == (0, 3)


def test_jobs_and_what_they_are_for_are_there_together(queue: Queue) -> None:
    """Within a transaction that comes to nothing, no job was there."""
    with pytest.raises(BegunError), queue.store.together():
        _begin_twice(queue)
    assert queue.store.mailings.all() == []
    assert queue.length("outbox").jobs == 0


def _begin_twice(queue: Queue) -> None:
    freeze(queue.store)
    assert queue.fill() == 3
    freeze(queue.store)


def test_length_tells_jobs_and_age(queue: Queue, postgres_server: Server) -> None:
    """How many wait, and for how long the oldest has been waiting."""
    freeze(queue.store)
    queue.fill()
    forget(postgres_server, "update procrastinate_events set at = now() - interval '90 seconds' where job_id = 1")
    length = queue.length("outbox")
    assert length.jobs == 3
    assert length.seconds >= 90


@pytest.mark.usefixtures("queue")
def test_tables_are_made_once_and_noted(settings: Settings, postgres_server: Server) -> None:
    """Whoever opens the queue later finds its tables, and changes nothing; it is noted which form they have."""
    note = "select obj_description('procrastinate_jobs'::regclass)"
    ((before,),) = postgres_server.ask(note, database="letters")
    assert before.startswith("digest: ")
    with open_queue(settings):
        assert postgres_server.ask(note, database="letters") == [(before,)]


@pytest.mark.usefixtures("queue")
def test_older_tables_are_brought_up_to_date(settings: Settings, postgres_server: Server) -> None:
    """Steps that the library has learned since are taken in order."""
    note = "digest: 03.04.00_01_pre_add_retry_failed_job_procedure.sql"
    forget(postgres_server, f"comment on table procrastinate_jobs is '{note}'")
    with open_queue(settings):
        ((newer,),) = postgres_server.ask("select obj_description('procrastinate_jobs'::regclass)", database="letters")
    assert newer > note


@pytest.mark.usefixtures("queue")
def test_tables_of_others_are_left_as_they_are(settings: Settings, postgres_server: Server) -> None:
    """Where somebody else has made the tables, they are somebody else's to look after."""
    forget(postgres_server, "comment on table procrastinate_jobs is 'ours'")
    with open_queue(settings):
        assert postgres_server.ask("select obj_description('procrastinate_jobs'::regclass)", database="letters") == [
            ("ours",)
        ]


def test_a_ledger_on_a_branch_is_another_way(letter: Path) -> None:
    """Workers share the ledger by the store, so one elsewhere is refused before anything is opened."""
    settings = settings_of(letter, "postgresql://nobody@192.0.2.1/letters", DIGEST_LEDGER_URL="git:origin/ledger")
    with pytest.raises(SettingsError, match="names a branch"), open_queue(settings):
        pass


def test_files_cannot_be_shared(letter: Path) -> None:
    """A store in a file is refused, with the way out."""
    with (
        pytest.raises(SettingsError, match="workers share a store on PostgreSQL") as caught,
        open_queue(settings_of(letter, "sqlite:///.digest/digest.db")),
    ):
        pass
    assert "postgresql://" in caught.value.hint
