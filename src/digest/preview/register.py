"""What the database knows, as far as the preview shows it: the readers, and what was sent."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from digest.errors import DigestError, UsageError
from digest.publishing.building import sent
from digest.store import open_store
from digest.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.config import Settings
    from digest.model import Subscriber
    from digest.store import Store

_SQLITE = "sqlite:///"
_LONGEST = 320
"""Letters of what is searched for; no address has more."""
_LAST = 2**63 - 1
"""The largest number that a database has for a reader."""


@contextmanager
def opened(settings: Settings) -> Iterator[Store | None]:
    """
    Open the store, where there is one: looking at an issue makes none.

    Raises:
        SettingsError: it cannot be used.
        IncompleteError: another program does not stop writing to it, or its server went away.
    """
    file = _file_of(settings)
    if file and not file.exists():
        yield None
        return
    with open_store(settings.store.url, tokens=tokens_of(settings.environ)) as store:
        yield store


def stamp_of(settings: Settings) -> tuple[object, ...]:
    """Return what changes whenever something is written to the database; always the same where it is no file."""
    file = _file_of(settings)
    return tuple(_stamp(path) for path in (file, file.with_name(f"{file.name}-wal"))) if file else ()


def _file_of(settings: Settings) -> Path | None:
    path = settings.store.url.removeprefix(_SQLITE)
    return Path(path) if path not in {settings.store.url, ""} else None


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return size and time; None for what holds nothing, as the log that a mere reader leaves for a moment."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return (facts.st_size, facts.st_mtime_ns) if facts.st_size else None


def find_sent(settings: Settings) -> set[str]:
    """Return the slugs of the issues that were sent; none where the database cannot say."""
    try:
        with opened(settings) as store:
            return sent(store) if store else set()
    except DigestError:
        return set()


def find_readers(settings: Settings, text: str, limit: int) -> tuple[list[Subscriber], int]:
    """Return the first readers with a text in address or name, and how many there are."""
    wanted = text.replace("\0", "")[:_LONGEST]
    with opened(settings) as store:
        return store.subscribers.search(wanted, limit) if store else ([], 0)


def find_reader(settings: Settings, number: int) -> Subscriber:
    """
    Return the reader of an id.

    Raises:
        UsageError: there is none.
    """
    with opened(settings) as store:
        reader = store.subscribers.find_id(number) if store and number <= _LAST else None
    if reader is None:
        msg = "there is no such reader on the list"
        raise UsageError(msg, hint="Choose another one.")
    return reader
