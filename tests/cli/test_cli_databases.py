"""The commands around the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from digest.cli.databases import store
from digest.errors import SettingsError
from digest.store.database import Dialect
from digest.store.schema import read_migrations

if TYPE_CHECKING:
    from click.testing import Result
    from conftest import Run


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(store, arguments, catch_exceptions=False)


def test_migrate(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are brought to their newest form, and the second time there is nothing to do."""
    monkeypatch.setenv("DIGEST_STORE_URL", f"sqlite:///{letter}/new.db")
    first, second = _run("migrate"), _run("migrate")
    newest = len(read_migrations(Dialect.SQLITE))
    assert first.output == f"The tables were brought from step 0 to step {newest}.\n"
    assert second.output == f"The tables are at step {newest} already; nothing to do.\n"


def test_check(run: Run) -> None:
    """A store that is well is said to be so, in numbers."""
    assert run("subscribers", "import", "subscribers.csv").exit_code == 0
    assert run("send", "2026-11-24-hello", "--yes").exit_code == 0
    result = _run("check")
    assert result.output == ("2 readers and 1 issue were looked at.\nAll of it can be read, and every sum holds.\n")


def test_check_finds_something(run: Run) -> None:
    """What is wrong is an error."""
    assert run("subscribers", "import", "subscribers.csv").exit_code == 0
    assert run("send", "2026-11-24-hello", "--yes").exit_code == 0
    with closing(sqlite3.connect(".digest/digest.db")) as connection, connection:
        connection.execute("update batches set count = 9")
    with pytest.raises(SettingsError, match="another number of readers"):
        _run("check")


def test_copy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has the same readers and goes on with the same issues."""
    assert run("subscribers", "import", "subscribers.csv").exit_code == 0
    assert run("send", "2026-11-24-hello", "--yes").exit_code == 0
    result = _run("copy", "sqlite:///copy.db")
    assert result.output.splitlines()[0].split() == ["subscribers", "2"]
    assert "Every row of the copy is what it was." in result.output
    expected = [run(*command).output for command in (("subscribers", "list"), ("status",))]
    monkeypatch.setenv("DIGEST_STORE_URL", f"sqlite:///{Path.cwd()}/copy.db")
    assert [run(*command).output for command in (("subscribers", "list"), ("status",))] == expected
