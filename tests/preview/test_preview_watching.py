"""What the watcher of a newsletter's folder tells."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from digest.preview.watching import watch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

PATIENCE = 20.0


@contextmanager
def watched(root: Path, saved: Callable[[set[Path]], None]) -> Iterator[None]:
    """Watch a folder, as long as it is needed; it is watched when this is entered."""
    stopping, looked_up = Event(), Event()
    watcher = Thread(
        target=watch_folder, args=(root,), kwargs={"saved": saved, "looked_up": looked_up.set, "stopping": stopping}
    )
    watcher.start()
    try:
        assert looked_up.wait(PATIENCE)
        yield
    finally:
        stopping.set()
        watcher.join(PATIENCE)
        assert not watcher.is_alive()


def _await(told: Queue[set[Path]], path: Path) -> None:
    while path not in told.get(timeout=PATIENCE):
        pass


def test_folder_comes_back(tmp_path: Path) -> None:
    """A newsletter that is taken away and put back, as by a clone, is watched again, and all that it holds is told."""
    root, told = tmp_path / "letter", Queue[set["Path"]]()
    (root / "issues").mkdir(parents=True)
    with watched(root, told.put):
        shutil.rmtree(root)
        (root / "issues").mkdir(parents=True)
        file = root / "issues" / "a.md"
        file.touch()
        _await(told, file)
        file.write_text("Text.", encoding="utf-8")
        _await(told, file)


def test_nothing_is_missed_while_a_new_folder_is_taken_in(tmp_path: Path) -> None:
    """A file that is saved while nobody watches, because a folder came and what is in it is rendered, is told."""
    file, told = tmp_path / "a.md", Queue[set["Path"]]()

    def saved(paths: set[Path]) -> None:
        if (tmp_path / "new") in paths and not file.exists():
            file.write_text("Text.", encoding="utf-8")
        told.put(paths)

    with watched(tmp_path, saved):
        (tmp_path / "new").mkdir()
        _await(told, file)


def test_files_are_looked_at_where_the_system_watches_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network drive, where it is asked for by watchfiles' own variable, saving is told all the same."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    told = Queue[set["Path"]]()
    with watched(tmp_path, told.put):
        (tmp_path / "a.md").touch()
        _await(told, tmp_path / "a.md")
