"""The readers of another store, taken over under numbers that follow from their addresses."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from digest.errors import SettingsError
from digest.store.numbering import CollisionError
from digest.store.schema import name_of, read_migrations, steps_taken

if TYPE_CHECKING:
    from collections.abc import Generator

    from digest.store.database import Database
    from digest.store.numbering import Numbering


def take_readers(source: Database, target: Database, numbering: Numbering) -> int:
    """
    Bring all readers of a store into an empty one, row by row, and return how many they are.

    They keep their standings, fields, tags, consent, pauses and names in public addresses; and who was erased stays so.
    Nothing is written to where they come from, and they are seen there as they are at one moment.

    Raises:
        SettingsError: the tables there are not in the form that this digest knows.
        CollisionError: two addresses have one number.
    """
    _require_known_form(source)
    there, here = source.queries("taking.sql"), target.queries("taking.sql")
    with source.snapshot(), target.transaction():
        with closing(_readers(source, numbering)) as rows:
            taken = target.change_many(here["add_reader"], rows)
        ((count,),) = source.fetch_all(there["count"])
        if taken < count:
            raise CollisionError
        with closing(source.stream(there["pauses"])) as pauses:
            target.change_many(
                here["add_pause"],
                ({"id": numbering.number_of(key), "since": since, "until": until} for key, since, until in pauses),
            )
        with closing(source.stream(there["erased"])) as erased:
            target.change_many(
                here["add_erased"], ({"hash": hash_, "key_id": key_id, "at": at} for hash_, key_id, at in erased)
            )
    return taken


_READER = (
    "key", "email", "name", "fields", "tags", "standing", "token", "source", "added_at", "changed_at", "consent"
)  # fmt: skip


def _require_known_form(source: Database) -> None:
    if steps_taken(source) != len(read_migrations(source.dialect)):
        msg = f"{source.name} was not brought up to date by this version of digest"
        raise SettingsError(msg, hint="Use the same version there and here, and run there: digest subscribers count")


def _readers(source: Database, numbering: Numbering) -> Generator[dict[str, object], None, None]:
    list_name = name_of(source)
    with closing(source.stream(source.queries("taking.sql")["readers"])) as rows:
        for row in rows:
            reader = dict(zip(_READER, row, strict=True))
            yield reader | numbering.identify(reader["key"], f"{list_name}.{reader['token']}")
