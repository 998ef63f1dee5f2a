"""Opening a store: its address, its tables, and the locks beside it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.errors import IncompleteError, SettingsError
from digest.model import Newcomer
from digest.store import open_store
from digest.store.database import connect
from digest.store.schema import Migration, migrate, read_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

HOLD = """
import sys, time
from digest.store import open_store
with open_store(sys.argv[1]) as store, store.hold("past-the-plateau"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds an issue."""
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def _put(url: str) -> None:
    with open_store(url) as store:
        list(store.subscribers.put([Newcomer(email="ann@example.org", source="test")], now=NOW))


def test_file_and_folder_are_made(tmp_path: Path) -> None:
    """The smallest newsletter needs no preparation, and its list is not for other people's eyes."""
    path = tmp_path / "new" / ".digest" / "digest.db"
    _put(f"sqlite:///{path}")
    with open_store(f"sqlite:///{path}") as store:
        assert store.subscribers.find("ann@example.org")
    assert path.stat().st_mode & 0o077 == 0


def test_relative_address_starts_at_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes are a relative path, as everywhere else."""
    monkeypatch.chdir(tmp_path)
    _put("sqlite:///.digest/digest.db")
    assert (tmp_path / ".digest" / "digest.db").exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_store_in_memory(url: str) -> None:
    """A store in memory begins empty each time, and anyone may hold anything in it."""
    _put(url)
    with open_store(url) as store, store.hold("x"), store.hold("x"):
        assert not store.subscribers.find("ann@example.org")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://ed:secret@db.example.org/letters", r"no store for postgresql://"),
        ("digest.db", "names no file"),
        ("sqlite://digest.db", "names no file"),
        ("sqlite:///", "names no file"),
        ("", "names no file"),
    ],
)
def test_other_addresses_are_refused(url: str, sentence: str) -> None:
    """The sentence says what to write, and repeats no secret."""
    with pytest.raises(SettingsError, match=sentence) as caught, open_store(url):
        pass
    assert "secret" not in "".join(caught.value.lines())
    assert "sqlite:///" in caught.value.hint


def test_missing_database_is_not_made_unasked(tmp_path: Path) -> None:
    """With `create=False`, a mistyped address leaves nothing behind."""
    path = tmp_path / "typo" / "digest.db"
    with pytest.raises(SettingsError, match="there is no database"), open_store(f"sqlite:///{path}", create=False):
        pass
    assert not path.parent.exists()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where a file stands in the way of the folder, the sentence names the database."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    url = f"sqlite:///{tmp_path}/file/digest.db"
    with pytest.raises(SettingsError, match="cannot be made"), open_store(url):
        pass


def test_file_of_another_kind(tmp_path: Path) -> None:
    """A file that is no database is named, and stays as it is."""
    path = tmp_path / "digest.db"
    path.write_bytes(b"email,name\nann@example.org,Ann\n" * 100)
    with pytest.raises(SettingsError, match="is no SQLite database"), open_store(f"sqlite:///{path}"):
        pass
    assert path.read_bytes().startswith(b"email,name\n")


def test_damaged_database(tmp_path: Path) -> None:
    """Damage that shows only when the list is read is a sentence too."""
    path = tmp_path / "digest.db"
    _put(f"sqlite:///{path}")
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(SettingsError, match="is damaged"), open_store(f"sqlite:///{path}") as store:
        list(store.subscribers.walk())


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    """A folder cannot be opened as a database."""
    with pytest.raises(SettingsError, match="cannot be opened"), open_store(f"sqlite:///{tmp_path}"):
        pass


def test_mistakes_of_ours_stay_visible() -> None:
    """An error that no file can cause is a bug, and keeps its traceback."""
    with pytest.raises(sqlite3.OperationalError, match="syntax"), connect(":memory:") as database:
        database.change("select from where")


def test_busy_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program's endless transaction is said, after a while, and is no fault of the settings."""
    monkeypatch.setattr("digest.store.database.WAIT", 0.05)
    url = f"sqlite:///{tmp_path}/digest.db"
    _put(url)
    with closing(sqlite3.connect(tmp_path / "digest.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(IncompleteError, match="another program"):
            _put(url)


def test_writing_is_durable(tmp_path: Path) -> None:
    """A commit is on the disk when it returns, which the claims stand on."""
    with connect(str(tmp_path / "digest.db")) as database:
        settings = [
            database.fetch_all(f"pragma {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


STEPS = (
    Migration(number=1, name="first", script="create table one (x); insert into one values (';');"),
    Migration(number=2, name="second", script="create table two (x)"),
)


def _tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def test_migrations_run_once(tmp_path: Path) -> None:
    """A database is brought to the newest form, from whatever form it has."""
    path = tmp_path / "digest.db"
    for steps in (STEPS[:1], STEPS, STEPS):
        with connect(str(path)) as database:
            migrate(database, steps)
            assert database.fetch_all("select x from one") == [(";",)]
            assert database.fetch_all("select number, name from migrations") == [(s.number, s.name) for s in steps]
    assert _tables(path) == {"migrations", "one", "two"}


def test_migration_that_fails_leaves_nothing_half_done(tmp_path: Path) -> None:
    """What ran before the fault is gone with it, and the steps before stand."""
    path = tmp_path / "digest.db"
    broken = Migration(number=2, name="broken", script="create table two (x); insert into nowhere values (1);")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"), connect(str(path)) as database:
        migrate(database, (STEPS[0], broken))
    assert _tables(path) == {"migrations", "one"}
    with connect(str(path)) as database:
        migrate(database, STEPS)
    assert _tables(path) == {"migrations", "one", "two"}


def test_our_migrations_are_numbered_without_gaps() -> None:
    """The number of steps taken says which come next."""
    assert [migration.number for migration in read_migrations()] == [*range(1, len(read_migrations()) + 1)]


def test_database_of_a_newer_digest(tmp_path: Path) -> None:
    """An older program does not touch tables that it does not know."""
    path = tmp_path / "digest.db"
    _put(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("insert into migrations values (9999, 'from the future')")
    with pytest.raises(SettingsError, match="newer digest"), open_store(f"sqlite:///{path}"):
        pass


def test_two_programs_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Only one of them makes the tables, and both find them."""
    script = "import sys; from digest.store import open_store\nwith open_store(sys.argv[1]) as s: s.subscribers.count()"
    command = [sys.executable, "-c", script, f"sqlite:///{tmp_path}/digest.db"]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]


def test_issue_in_the_hands_of_another_process(tmp_path: Path) -> None:
    """While another process lives, its issue is refused at once, and others are free; killed, it locks nothing."""
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_store(url) as store:
        with holder(url) as process:
            with pytest.raises(IncompleteError, match="past-the-plateau"), store.hold("past-the-plateau"):
                pass
            with store.hold("another/issue"):
                pass
            process.kill()
            process.wait()
        with store.hold("past-the-plateau"):
            pass
        with store.hold("past-the-plateau"):
            pass


def test_lock_is_given_back_after_a_failure(tmp_path: Path) -> None:
    """An exception does not keep an issue locked."""
    with open_store(f"sqlite:///{tmp_path}/digest.db") as store:
        with pytest.raises(ZeroDivisionError), store.hold("x"):
            _ = 1 // 0
        with store.hold("x"):
            pass
