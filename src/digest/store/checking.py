"""Whether a store is what it should be: all of it can be read, and every sum holds."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from digest.errors import DigestError, IncompleteError, SettingsError
from digest.store import bring_up_to_date, open_database
from digest.store.mailings import Mailings
from digest.store.packing import unpack, unpack_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from digest.store.database import Database
    from digest.store.mailings import Frozen

_BACKUP = "Bring it back from a backup, and keep this one for whoever looks into it."
_UNREADABLE = (zlib.error, struct.error, msgspec.MsgspecError, ValueError, LookupError, TypeError)
"""What becomes of bytes that are not what was written."""
_READER = msgspec.json.Decoder(tuple[dict[str, str], list[str], dict[str, str]])
_LIST = msgspec.json.Decoder(list[str | int])
_BEGUN = frozenset({"claimed", "in_doubt"})
_NOWHERE, _WAITING, _SETTLED = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was looked at, and what is wrong with it."""

    readers: int
    mailings: int
    faults: tuple[DigestError, ...]


class _Row(NamedTuple):
    """A batch."""

    number: int
    state: str
    size: int
    first: int
    last: int
    claimant: str | None
    edition: int | None
    key: str | None
    digest: bytes | None
    claimed_at: str | None
    readers: bytes
    message_ids: bytes | None


def check_store(url: str) -> Checked:
    """
    Look at all that a store keeps, at one moment; whoever is writing to it goes on.

    Raises:
        SettingsError: it cannot be opened, or not be read at all.
    """
    with open_database(url, create=False) as (database, locks):
        bring_up_to_date(database, create=False)
        with database.snapshot():
            mailings = Mailings(database).all()
            readers, faults = _check_readers(database)
            faults = [*_check_pages(database), *faults, *_check_syncs(database), *_check_lists(database)]
            for frozen in mailings:
                faults += _check_editions(database, frozen)
                faults += _Sums.of(database, frozen).faults(frozen.slug, locks.is_held)
    return Checked(readers=readers, mailings=len(mailings), faults=tuple(faults))


def _check_pages(database: Database) -> Iterator[DigestError]:
    for what, count in database.fetch_all(database.queries("checking.sql")["damage"]):
        if count:
            yield SettingsError(f"{database.name} is damaged: {count} {what}", hint=_BACKUP)


def _check_readers(database: Database) -> tuple[int, list[DigestError]]:
    count, unreadable = 0, 0
    with closing(database.stream(database.queries("checking.sql")["readers"])) as rows:
        for columns in rows:
            count += 1
            unreadable += not _can_be_read(columns)
    what = f"{unreadable:,} of {count:,} readers have fields, tags or consent that cannot be read"
    return count, [SettingsError(what, hint=_BACKUP)] if unreadable else []


def _can_be_read(columns: Iterable[str]) -> bool:
    try:
        _READER.decode(f"[{','.join(columns)}]")
    except _UNREADABLE:
        return False
    return True


def _check_lists(database: Database) -> Iterator[DigestError]:
    unreadable = 0
    for (text,) in database.fetch_all(database.queries("checking.sql")["lists"]):
        try:
            _LIST.decode(text)
        except _UNREADABLE:
            unreadable += 1
    if unreadable:
        yield SettingsError(f"{unreadable:,} sign-ups or mails that follow from them cannot be read", hint=_BACKUP)


def _check_syncs(database: Database) -> Iterator[DigestError]:
    for provider, at in database.fetch_all(database.queries("checking.sql")["syncs"]):
        try:
            datetime.fromisoformat(at)
        except ValueError:
            yield SettingsError(f"when the suppressions of {provider} were taken over cannot be read", hint=_BACKUP)


def _check_editions(database: Database, frozen: Frozen) -> Iterator[DigestError]:
    for (number,) in database.fetch_all(database.queries("checking.sql")["editions"], mailing=frozen.id):
        try:
            Mailings(database).edition(number)
        except _UNREADABLE:
            yield SettingsError(f"{frozen.slug}: what it says can no longer be read", hint=_BACKUP)


@dataclass(slots=True, kw_only=True)
class _Sums:
    """What the rows of one mailing come to; a reader is a byte in it, since ids have few gaps."""

    seen: bytearray
    """By id, up to the highest that was ever given: whether a reader is in a batch, and in what kind of one."""
    wrong: Counter[str] = field(default_factory=Counter)
    """How often what is wrong, as the end of a sentence that begins with that number."""
    claimants: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, database: Database, frozen: Frozen) -> _Sums:
        """Take in all rows of a mailing."""
        sql = database.queries("checking.sql")
        ((highest,),) = database.fetch_all(database.queries("copying.sql")["highest_id"], table="subscribers")
        sums = cls(seen=bytearray(highest + 1))
        with closing(database.stream(sql["batches"], mailing=frozen.id)) as rows:
            for row in rows:
                sums.take_batch(_Row(*row))
        with closing(database.stream(sql["outcomes"], mailing=frozen.id)) as rows:
            for reader, state in rows:
                sums.take_outcome(reader, state)
        return sums

    def take_batch(self, row: _Row) -> None:
        """See whether a batch can be read and agrees with itself, and mark its readers."""
        try:
            ids, names = unpack(row.readers), unpack_texts(row.message_ids)
        except _UNREADABLE:
            self.wrong["batches cannot be read"] += 1
            return
        self.wrong["batches have another number of readers than they say"] += len(ids) != row.size
        self.wrong["batches have another number of message ids than of readers"] += bool(names) and len(names) != len(
            ids
        )
        if ids and not 0 < row.first <= ids[0] <= ids[-1] <= row.last < len(self.seen):
            self.wrong["batches hold readers whom they were not cut from"] += 1
            return
        if row.state in _BEGUN:
            self.wrong["batches were begun, and it is not known how"] += None in row[5:10]
        if row.state == "claimed" and row.claimant:
            self.claimants[row.claimant] += 1
        self._mark(ids, _SETTLED if row.state == "settled" else _WAITING)

    def _mark(self, ids: list[int], mark: int) -> None:
        for number in ids:
            if self.seen[number]:
                self.wrong["readers are in more than one batch"] += 1
            self.seen[number] = mark

    def take_outcome(self, reader: int, state: str) -> None:
        """See whether what happened to a reader agrees with their batch."""
        mark = self.seen[reader] if 0 < reader < len(self.seen) else _NOWHERE
        if state == "skipped" and mark:
            self.wrong["readers are skipped, and in a batch too"] += 1
        if state == "refused" and mark != _SETTLED:
            self.wrong["readers are refused, and in no batch that was settled"] += 1

    def faults(self, slug: str, lives: Callable[[str], bool]) -> Iterator[DigestError]:
        """Say what is wrong, a sentence each."""
        for what, count in self.wrong.items():
            if count:
                yield SettingsError(f"{slug}: {count:,} {what}", hint=_BACKUP)
        orphans = sum(count for claimant, count in self.claimants.items() if not lives(claimant))
        if orphans:
            msg = f"{slug}: {orphans:,} batches were begun by a program that is gone"
            yield IncompleteError(msg, hint=f"To go on with it: digest send {slug}")
