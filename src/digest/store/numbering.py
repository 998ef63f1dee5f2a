"""
Numbers of readers that follow from their addresses: the same on every machine that has the key, and told by no other.

A store that is made anew for each run has its readers under these. They are also what a reader is called in public
addresses where no list has given them a name; a list that is asked by such a name looks up whom it means.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from digest.errors import SettingsError
from digest.store.erasing import Seal, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from digest.store.database import Database

LIMIT = 1 << 62
"""What every number is below: room in a signed integer of 64 bits, and for a store that numbers on from there."""

_BLOCK = 10_000
_WAY_OUT = "Put a new key before the others in DIGEST_SECRET, with a comma between them, wherever digest runs."
_NAME = re.compile(r"(?P<list>[0-9a-f]{16})\.(?P<number>[0-9a-f]{16})")


@dataclass(frozen=True)
class Numbering:
    """Numbers readers by one of the newsletter's keys."""

    secret: bytes = field(repr=False)

    @cached_property
    def key_id(self) -> str:
        """Tells one key from another, and nothing else of it; the name of the list where it has none of its own."""
        return Seal(self.secret).key_id

    def number_of(self, key: str) -> int:
        """Return the number of the key of an address: 62 bits of HMAC-SHA256, and never 0, which is nobody's."""
        digest = hmac.digest(self.secret, f"reader:{key}".encode(), "sha256")
        return int.from_bytes(digest[:8]) % LIMIT or 1

    def name_of(self, number: int) -> str:
        """Return what a reader is called in public addresses, the list's name before their own."""
        return f"{self.key_id}.{number:016x}"

    def identify(self, key: str, name: str = "") -> dict[str, object]:
        """Return the values of a query that tell a reader from others; a `name` that a list gave them stays."""
        number = self.number_of(key)
        return {"id": number, "token": name or self.name_of(number)}


class CollisionError(SettingsError):
    """Two addresses have the same number, which happens to one list of a million readers in nine million."""

    def __init__(self) -> None:
        super().__init__("two addresses on the list have the same number under this DIGEST_SECRET", hint=_WAY_OUT)


def numberings_of(keys: Sequence[str]) -> tuple[Numbering, ...]:
    """Return a numbering by each of the newsletter's keys, the newest first."""
    return tuple(Numbering(key.encode("utf-8", "surrogateescape")) for key in keys)


class Numbers:
    """
    The numbers of the readers in a store that has given them other ones.

    They are worked out when somebody first asks by such a number, and kept, since that takes seconds for a million.
    What was mailed to a reader goes on leading to them when they move: the number of the old address stays theirs.
    """

    def __init__(self, database: Database, numberings: Sequence[Numbering] = ()) -> None:
        self._database = database
        self._sql = database.queries("numbering.sql")
        self._numberings: Mapping[str, Numbering] = {numbering.key_id: numbering for numbering in numberings}

    def find(self, name: str) -> int | None:
        """Return the id of the reader whom a list without a name of its own calls so; see `Numbering.name_of`."""
        parts = _NAME.fullmatch(name)
        numbering = self._numberings.get(parts["list"]) if parts else None
        number = int(parts["number"], 16) if parts else LIMIT
        if numbering is None or number >= LIMIT:
            return None
        found, is_open = self._find(numbering, number)
        if is_open:
            self._number_newcomers(numbering)
            found, _ = self._find(numbering, number)
        return found

    def find_number(self, number: int) -> int | None:
        """Return the id of the reader of a number, by whichever key it was made."""
        names = (numbering.name_of(number) for numbering in self._numberings.values())
        return next(filter(None, map(self.find, names)), None)

    def find_all(self, numbers: Iterable[int]) -> dict[int, int]:
        """Return the ids of the readers of numbers; a number that is nobody's is left out."""
        found = {number: self.find_number(number) for number in numbers}
        return {number: one for number, one in found.items() if one}

    def is_of(self, number: int, email: str) -> bool:
        """Say whether a number is that of an address: nobody else could have made it up."""
        return any(numbering.number_of(key_of(email)) == number for numbering in self._numberings.values())

    def _find(self, numbering: Numbering, number: int) -> tuple[int | None, bool]:
        """Return whose number it is, and whether a newcomer may tell: one can have the address of who has moved."""
        row = self._database.fetch_one(self._sql["find"], key_id=numbering.key_id, number=number)
        return (row[0], bool(row[1])) if row else (None, True)

    def _number_newcomers(self, numbering: Numbering) -> None:
        """Number whoever came since that was last done, block by block, so that nobody else waits for long."""
        count = _BLOCK
        while count == _BLOCK:
            with self._database.transaction(alone=True):  # so that nobody is being added who comes before others
                last = self._database.fetch_one(self._sql["last_numbered"], key_id=numbering.key_id)
                after = last[0] if last else 0
                rows = self._database.fetch_all(self._sql["newcomers"], after=after, size=_BLOCK)
                self._add(numbering, rows, noted=0)
            count = len(rows)

    def _add(self, numbering: Numbering, rows: Sequence[tuple[int, str]], *, noted: int) -> None:
        same = {"key_id": numbering.key_id, "noted": noted}
        numbered = ({**same, "id": id_, "number": numbering.number_of(key)} for id_, key in rows)
        self._database.change_many(self._sql["add"], numbered)

    def note(self, subscriber: int, *keys: str) -> None:
        """Let a reader be found by the numbers of addresses that are theirs, or were until now."""
        for numbering in self._numberings.values():
            self._add(numbering, [(subscriber, key) for key in keys], noted=1)
