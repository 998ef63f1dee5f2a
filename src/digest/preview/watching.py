"""What is saved in a newsletter's folder, told a few hundredths of a second later."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

_STEP = 10
"""Milliseconds without a change after which what was saved counts as complete; a save takes an editor about one."""
_LONGEST = 50
"""Milliseconds after which it is told all the same."""
_REST = 0.03
"""Seconds that an editor gets to fill a file that it has emptied."""
_PAUSE = 1000
"""Milliseconds after which the watcher looks up, if nothing is saved."""
_MOST_FOLDERS = 2000
_NOT_OURS = frozenset({"node_modules", "__pycache__"})


def watch_folder(
    root: Path, *, saved: Callable[[set[Path]], None], looked_up: Callable[[], None], stopping: Event
) -> None:
    """
    Watch a folder until it is time to stop; hidden folders in it, and those of installed packages, are passed over.

    Args:
        root: the newsletter's folder.
        saved: is told the files and folders that were written, made or removed.
        looked_up: is called about once a second, for whatever is to be looked after besides.
        stopping: once it is set, the watch ends.
    """
    watched: set[Path] = set()
    news: set[Path] = set()
    while not stopping.is_set() and root.is_dir():
        before, watched = watched, folders_in(root)
        if before:
            news |= {file for folder in watched - before for file in _files_in(folder)}
            saved(news)
        with suppress(FileNotFoundError):  # a folder has gone since, so look again
            news = _watch(watched, news, saved, looked_up, stopping)


def _watch(
    watched: set[Path],
    news: set[Path],
    saved: Callable[[set[Path]], None],
    looked_up: Callable[[], None],
    stopping: Event,
) -> set[Path]:
    """Watch until a folder comes or goes, and return what was saved with it."""
    changes = watch(
        *watched,
        watch_filter=None,
        debounce=_LONGEST,
        step=_STEP,
        rust_timeout=_PAUSE,
        yield_on_timeout=True,
        stop_event=stopping,
        raise_interrupt=False,
        recursive=False,
        ignore_permission_denied=True,
    )
    for change in changes:
        paths = {Path(path) for _, path in change}
        if any(path in watched or path.is_dir() for path in paths):
            return paths | news
        _let_fill(paths)
        if paths | news:
            saved(paths | news)
        else:
            looked_up()
        news = set()
    return set()


def _let_fill(paths: set[Path]) -> None:
    """Wait a little where a file is empty: some editors empty a file before they write it."""
    if any(_is_empty(path) for path in paths):
        time.sleep(_REST)


def _is_empty(path: Path) -> bool:
    try:
        return not path.stat().st_size
    except OSError:
        return False


def _files_in(folder: Path) -> list[Path]:
    try:
        return [*folder.iterdir()]
    except OSError:
        return []


def folders_in(root: Path) -> set[Path]:
    """Return the folder, and those in it that can hold something of the newsletter."""
    found = {root}
    for folder, names, _ in os.walk(root):
        names[:] = [name for name in names if _is_ours(Path(folder) / name)]
        found |= {Path(folder) / name for name in names}
        if len(found) > _MOST_FOLDERS:
            break
    return found


def _is_ours(folder: Path) -> bool:
    return not (folder.name.startswith(".") or folder.name in _NOT_OURS or (folder / "pyvenv.cfg").exists())
