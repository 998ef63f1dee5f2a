"""What is saved in a newsletter's folder, told a few hundredths of a second later."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import Change, watch

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
_CLOCK = 0.02
"""Seconds by which the times of files may lag behind the clock: a kernel looks at it some hundred times a second."""
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
    watched: set[Path] | None = None
    news: set[Path] = set()
    polling: bool | None = None  # as the system has it
    while not stopping.is_set():
        if not root.is_dir():
            watched = set()  # once it is back, all that lies in it is new
            stopping.wait(_PAUSE / 1000)
            continue
        since = time.time() - _CLOCK
        before, watched = watched, folders_in(root)
        if before is not None:
            fresh = watched - (before - news)  # new, or made anew
            saved(news | {file for folder in fresh for file in _files_in(folder)})
        try:
            news = _watch(watched, saved, looked_up, stopping, since=since, polling=polling)
        except FileNotFoundError:
            news = set()  # a folder has gone since, so look again
        except (OSError, RuntimeError):
            news, polling = set(), True  # the system grants no more watches, so files are looked at now and then


def _watch(
    watched: set[Path],
    saved: Callable[[set[Path]], None],
    looked_up: Callable[[], None],
    stopping: Event,
    *,
    since: float,
    polling: bool | None,
) -> set[Path]:
    """Watch until a folder comes or goes, and return what was saved with it; `since` a while, nobody has watched."""
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
        force_polling=polling,
        ignore_permission_denied=False,  # it would also hide that there are no more watches
    )
    for change in changes:
        paths = _paths_of(change, watched) | _written_in(watched, since)
        since = math.inf
        if any(path in watched or path.is_dir() for path in paths):
            return paths
        _let_fill(paths)
        if paths:
            saved(paths)
        else:
            looked_up()
    return set()


def _paths_of(changes: set[tuple[Change, str]], watched: set[Path]) -> set[Path]:
    """Return what was saved, made or removed; that something in a folder was is all that a change of it says."""
    told = ((kind, Path(path)) for kind, path in changes)
    return {path for kind, path in told if kind is not Change.modified or path not in watched}


def _written_in(folders: set[Path], since: float) -> set[Path]:
    """Return the files that were written or put in place after a moment: what a watch that begins late has missed."""
    if since == math.inf:
        return set()
    return {file for folder in folders for file in _files_in(folder) if file.is_file() and _moment_of(file) >= since}


def _moment_of(file: Path) -> float:
    try:
        facts = file.stat()
    except OSError:
        return -math.inf
    return max(facts.st_mtime, facts.st_ctime)


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
    if folder.name.startswith(".") or folder.name in _NOT_OURS or not os.access(folder, os.R_OK | os.X_OK):
        return False
    return not (folder / "pyvenv.cfg").exists()
