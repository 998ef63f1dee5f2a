"""What the preview asks of the database, whichever it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import UsageError
from digest.preview.register import find_reader, find_readers, find_sent

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run


@pytest.mark.usefixtures("any_store")
def test_readers_are_found(letter: Path, run: Run) -> None:
    """By a part of address or name in either case, only those who may be written to, in the order of their numbers."""
    run("subscribers", "add", "Mina@example.org", "--name", "Mina 50%")
    run("subscribers", "add", "gone@example.org", "--name", "Mina the Second")
    run("subscribers", "remove", "gone@example.org")
    settings = load_settings(letter, os.environ)
    found, total = find_readers(settings, "MINA", 10)
    assert ([reader.name for reader in found], total) == (["Mina 50%"], 1)
    assert find_reader(settings, found[0].id) == found[0]
    assert [find_readers(settings, text, 10)[1] for text in ("", "0%", "%0", "_ina", "!")] == [3, 1, 0, 0, 0]
    assert len(find_readers(settings, "", 2)[0]) == 2
    assert [find_readers(settings, text, 10)[1] for text in ("x" * 60_000, "mina\0")] == [0, 1]
    for number in (12345, -1, 10**30):
        with pytest.raises(UsageError, match="no such reader"):
            find_reader(settings, number)


@pytest.mark.usefixtures("any_store")
def test_what_was_sent_is_known(letter: Path, run: Run) -> None:
    """An issue counts as sent when all of its readers have it."""
    settings = load_settings(letter, os.environ)
    assert find_sent(settings) == set()
    assert run("send", "--yes", "2026-11-24-hello").exit_code == 0
    assert find_sent(settings) == {"2026-11-24-hello"}


def test_database_that_cannot_be_used_keeps_nobody_from_looking(letter: Path) -> None:
    """The issues are shown all the same, as if none had been sent."""
    (letter / ".digest" / "digest.db").write_text("nonsense", encoding="utf-8")
    assert find_sent(load_settings(letter, os.environ)) == set()
