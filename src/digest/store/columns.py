"""
The readers of a batch, read by columns.

The database joins a thousand values to one text in C, while other threads run; a row a reader would take three times
as long, and nobody else could run meanwhile.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from digest.model import Readers
from digest.store.database import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.store.database import Database

_APART = "\x7f"
"""A sign that no value may hold, since the list takes no control characters."""
_DENSE = 4
"""Readers are read by their stretch when at least one in so many ids of it is wanted."""


class Columns:
    """
    Reads readers by columns; blank where they have no value.

    Args:
        database: where they are.
        spell: makes a reader's token of their name in the store.
    """

    def __init__(self, database: Database, spell: Callable[[str], str]) -> None:
        self._database = database
        self._spell = spell
        self._sql = database.queries("columns.sql")

    def active(self, ids: Sequence[int], fields: Sequence[str]) -> Readers:
        """Return those of the rising `ids` whom we may write to, with these further fields."""
        if ids and ids[-1] - ids[0] < len(ids) * _DENSE:
            row = self._database.fetch_one(self._sql["between"], first=ids[0], last=ids[-1])
            return self._readers(row, fields, wanted=frozenset(ids))
        return self._readers(self._database.fetch_one(self._sql["among"], ids=to_json(ids)), fields)

    def whoever(self, ids: Sequence[int], fields: Sequence[str]) -> Readers:
        """Return those of `ids` who are still known, however they stand."""
        return self._readers(self._database.fetch_one(self._sql["whoever"], ids=to_json(ids)), fields)

    def standings(self, ids: Sequence[int]) -> dict[int, str]:
        """Return how those of `ids` stand who are still known."""
        return dict(self._database.fetch_all(self._sql["standings"], ids=to_json(ids)))

    def _readers(
        self, row: tuple[str | None, ...] | None, fields: Sequence[str], wanted: frozenset[int] | None = None
    ) -> Readers:
        """Return those of a row who are wanted; None wants everyone."""
        if row is None or row[0] is None:
            return Readers(ids=(), columns=dict.fromkeys(("email", "name", "token", *fields), ()))
        packed, email, name, token, values = map(str, row)
        ids = _read_numbers(f"[{packed}]")
        columns: dict[str, Sequence[str]] = {
            "email": email.split(_APART),
            "name": name.split(_APART),
            "token": token.split(_APART),
        }
        if fields:
            rows = _reader_of(tuple(fields))(f"[{values}]")
            columns |= {field: [*map(attrgetter(f"f{number}"), rows)] for number, field in enumerate(fields)}
        if wanted is not None and not wanted.issuperset(ids):
            kept = [number in wanted for number in ids]
            ids = tuple(compress(ids, kept))
            columns = {column: [*compress(texts, kept)] for column, texts in columns.items()}
        columns["token"] = [*map(self._spell, columns["token"])]
        return Readers(ids=ids, columns=columns)


_read_numbers = msgspec.json.Decoder(tuple[int, ...]).decode


@lru_cache(maxsize=4)
def _reader_of(fields: tuple[str, ...]) -> Callable[[str], list[Any]]:
    """Return what reads these fields alone of JSON objects: a third of what it takes to make dictionaries of all."""
    attributes = [(f"f{number}", str, "") for number in range(len(fields))]
    names = {attribute: field for (attribute, _, _), field in zip(attributes, fields, strict=True)}
    row = msgspec.defstruct("Row", attributes, rename=names, gc=False)
    return msgspec.json.Decoder(list[row]).decode  # type: ignore[valid-type]  # it is made while the program runs
