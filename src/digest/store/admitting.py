"""Newcomers get a row, a number and a name."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from secrets import token_bytes
from typing import TYPE_CHECKING

from digest.store.database import to_stamp
from digest.store.numbering import CollisionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from digest.model import Newcomer
    from digest.store.database import Database
    from digest.store.meeting import Entry
    from digest.store.numbering import Numbering

_EVER = to_stamp(datetime(1970, 1, 1, tzinfo=UTC))
"""Since when somebody is in a pause whose beginning nobody knows: no issue is to follow that left meanwhile."""
_BLOCK = 1_000


class Admission:
    """
    Lets newcomers in.

    Args:
        database: where readers are.
        numbering: gives them ids that follow from their addresses; without, the database numbers them.
    """

    def __init__(self, database: Database, numbering: Numbering | None) -> None:
        self._database = database
        self._numbering = numbering
        sql = database.queries("subscribers.sql")
        self._add, self._add_pause = sql["add_numbered" if numbering else "add"], sql["add_pause"]

    def admit(self, newcomers: Sequence[tuple[str, Entry, Newcomer]], stamp: str) -> None:
        """
        Let some in whom nobody knows, by the keys of their addresses.

        Raises:
            CollisionError: two addresses have one number.
        """
        rows = (
            {**entry.row(key, stamp), **identity, "source": newcomer.consent.source, "joined": _joined(newcomer, stamp)}
            for (key, entry, newcomer), identity in zip(newcomers, self._identities(newcomers, stamp), strict=False)
        )
        if self._database.change_many(self._add, rows) < len(newcomers):
            raise CollisionError
        pauses = (
            {"key": key, "since": _joined(newcomer, _EVER), "until": to_stamp(newcomer.paused_until)}
            for key, _, newcomer in newcomers
            if newcomer.paused_until
        )
        self._database.change_many(self._add_pause, pauses)

    def _identities(
        self, newcomers: Sequence[tuple[str, Entry, Newcomer]], stamp: str
    ) -> Iterator[Mapping[str, object]]:
        """Return what they are called: a name, and where that follows from their addresses, a number."""
        if self._numbering is None:
            return ({"token": name} for name in _names(stamp))
        identify = self._numbering.identify
        return (identify(key, newcomer.called) for key, _, newcomer in newcomers)


def _joined(newcomer: Newcomer, otherwise: str) -> str:
    return to_stamp(newcomer.joined_at) if newcomer.joined_at else otherwise


def _names(stamp: str) -> Iterator[str]:
    """
    Return names for readers in public addresses, which tell nobody how many they are.

    They begin with the time, so that the index of a million of them grows at its end; 80 random bits follow, many of
    them from one question to the system.
    """
    milliseconds = int(datetime.fromisoformat(stamp).timestamp() * 1000)
    beginning = max(milliseconds, 0).to_bytes(6)
    while True:
        octets = token_bytes(10 * _BLOCK)
        for start in range(0, len(octets), 10):
            yield urlsafe_b64encode(beginning + octets[start : start + 10])[:22].decode()
