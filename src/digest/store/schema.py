"""The database's tables, grown by numbered migrations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.store.database import Database, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A step from one form of the tables to the next."""

    number: int
    """From 1, without gaps."""
    name: str
    script: str


@cache
def read_migrations(dialect: Dialect) -> Sequence[Migration]:
    """Return the migrations of this package for a kind of database: ``migrations/sqlite/0001_name.sql`` and on."""
    folder = files(__package__).joinpath("migrations", dialect.value)
    scripts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".sql")}
    return tuple(
        Migration(number=int(filename[:4]), name=filename[5:-4], script=script)
        for filename, script in sorted(scripts.items())
    )


def migrate(database: Database, migrations: Sequence[Migration]) -> None:
    """
    Take the steps that `database` has not yet seen, each in one transaction with the record that it ran.

    Raises:
        SettingsError: a newer digest has been here.
    """
    sql = database.queries("schema.sql")
    for migration in migrations[steps_taken(database) :]:
        with database.transaction(alone=True):
            if steps_taken(database) < migration.number:  # else another program has taken it just now
                database.run(sql["create_record"])
                database.run(migration.script)
                database.change(sql["record"], number=migration.number, name=migration.name)
    if steps_taken(database) > len(migrations):
        msg = "the database was written by a newer digest than this one"
        raise SettingsError(msg, hint="Install the newer digest here too, or let [store] url name another database.")


def name_of(database: Database) -> str:
    """Return the name that a list was given when its tables were made."""
    (name,) = database.fetch_one(database.queries("schema.sql")["name"]) or ("",)
    return str(name)


def steps_taken(database: Database) -> int:
    """Return the number of the latest migration that ran; 0 where the tables are still to be made."""
    sql = database.queries("schema.sql")
    if not database.fetch_all(sql["find_record"]):
        return 0
    (steps,) = database.fetch_all(sql["count_steps"])[0]
    return int(steps)
