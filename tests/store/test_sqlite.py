"""What can happen to a file of SQLite, each a sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.errors import IncompleteError, SettingsError
from digest.model import Consent, Newcomer
from digest.store import open_store
from digest.store.sqlite import connect, require

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a database may be made."""
    return tmp_path / "digest.db"


def _put(path: Path | str) -> None:
    with open_store(f"sqlite:///{path}") as store:
        list(store.subscribers.put([Newcomer(email="ann@example.org", consent=Consent(source="test"))], now=NOW))


def test_file_and_folder_are_made(tmp_path: Path) -> None:
    """The smallest newsletter needs no preparation, and its list is not for other people's eyes."""
    path = tmp_path / "new" / ".digest" / "digest.db"
    _put(path)
    with open_store(f"sqlite:///{path}") as store:
        assert store.subscribers.find("ann@example.org")
    assert path.stat().st_mode & 0o077 == 0


def test_relative_address_starts_at_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes are a relative path, as everywhere else."""
    monkeypatch.chdir(tmp_path)
    _put(".digest/digest.db")
    assert (tmp_path / ".digest" / "digest.db").exists()


def test_missing_database_is_not_made_unasked(tmp_path: Path) -> None:
    """With `create=False`, a mistyped address leaves nothing behind."""
    path = tmp_path / "typo" / "digest.db"
    with pytest.raises(SettingsError, match="there is no database"), open_store(f"sqlite:///{path}", create=False):
        pass
    assert not path.parent.exists()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where a file stands in the way of the folder, the sentence names the database."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be made"):
        _put(tmp_path / "file" / "digest.db")


def test_file_of_another_kind(path: Path) -> None:
    """A file that is no database is named, and stays as it is."""
    path.write_bytes(b"email,name\nann@example.org,Ann\n" * 100)
    with pytest.raises(SettingsError, match="is no SQLite database"):
        _put(path)
    assert path.read_bytes().startswith(b"email,name\n")


def test_damaged_database(path: Path) -> None:
    """Damage that shows only when the list is read is a sentence too."""
    _put(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(SettingsError, match="is damaged"), open_store(f"sqlite:///{path}") as store:
        list(store.subscribers.walk())


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    """A folder cannot be opened as a database."""
    with pytest.raises(SettingsError, match="cannot be opened"):
        _put(tmp_path)


def test_mistakes_of_ours_stay_visible() -> None:
    """An error that no file can cause is a bug, and keeps its traceback."""
    with pytest.raises(sqlite3.OperationalError, match="syntax"), connect(":memory:") as database:
        database.change("select from where")


def test_busy_database(path: Path) -> None:
    """Another program's endless transaction is said, after a while, and is no fault of the settings."""
    _put(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with (
            pytest.raises(IncompleteError, match="another program"),
            connect(str(path), wait=0.05) as database,
            database.transaction(),
        ):
            pass


def test_database_that_is_busy_for_a_while(path: Path) -> None:
    """Another program's transaction is waited for, and both are done."""
    _put(path)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        other.execute("update subscribers set name = 'Ann'")
        timer = threading.Timer(0.3, other.execute, ["commit"])
        timer.start()
        with open_store(f"sqlite:///{path}") as store:
            list(store.subscribers.put([Newcomer(email="bob@example.org", consent=Consent(source="x"))], now=NOW))
            assert [reader.name for reader in store.subscribers.walk()] == ["Ann", ""]
        timer.join()


def test_writing_is_durable(path: Path) -> None:
    """A commit is on the disk when it returns, which the claims stand on."""
    with connect(str(path)) as database:
        settings = [
            database.fetch_all(f"pragma {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


def _fill(path: Path) -> None:
    """Write more than there is room for."""
    with connect(str(path)) as database:
        (pages,) = database.fetch_one("pragma page_count") or (0,)
        database.run(f"pragma max_page_count = {pages}")
        with database.transaction():
            for number in range(1_000):
                database.change("insert into erased values (:hash, 'x', 'y')", hash=f"{number:0>500}")


def test_full_disk(path: Path) -> None:
    """Where the file cannot grow, a sentence says so, and what was there before is whole."""
    _put(path)
    with pytest.raises(SettingsError, match="has no room to grow"):
        _fill(path)
    with open_store(f"sqlite:///{path}") as store:
        assert [reader.email for reader in store.subscribers.walk()] == ["ann@example.org"]


def _run_without_privileges(path: Path) -> str:
    """Put a reader on the list in a process that is bound to the rights of files, even where we are root."""
    script = (
        "import sys\nfrom digest.errors import SettingsError\nfrom digest.store.sqlite import connect\n"
        "try:\n"
        " with connect(sys.argv[1]) as database, database.transaction():\n"
        "  database.change('delete from erased')\n"
        "except SettingsError as error: print(error)\n"
    )
    bound = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    if bound and not shutil.which(bound[0]):
        pytest.skip("root may write to everything, and there is no setpriv here")
    command = [*bound, sys.executable, "-c", script, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_file_that_may_only_be_read(path: Path) -> None:
    """Without the right to write to the file, the sentence says what is missing."""
    _put(path)
    path.chmod(0o400)
    assert "may not be written to" in _run_without_privileges(path)


def test_folder_that_may_only_be_read(path: Path) -> None:
    """SQLite needs files beside its own, so the folder counts as well."""
    _put(path)
    path.parent.chmod(0o500)
    try:
        assert "may not be written to" in _run_without_privileges(path)
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("version", [(3, 33, 0), (3, 7, 15)])
def test_old_sqlite_is_refused(version: tuple[int, ...]) -> None:
    """What our queries cannot run on is said before they do."""
    with pytest.raises(SettingsError, match=r"SQLite 3\.\d+\.\d+, and digest needs 3\.34"):
        require(version)
    require((3, 34, 0))
