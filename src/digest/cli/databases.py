"""The commands around the database itself."""

from __future__ import annotations

import click

from digest.cli.opening import open_settings
from digest.cli.printing import many, print_table
from digest.errors import raise_all


@click.group(short_help="Look after the database.")
def store() -> None:
    """
    Look after the database that the readers and the ledger are kept in: [store] url in digest.toml.

    \b
    Examples:
      digest store check
      digest store copy postgresql://db.example.org/letters
    """


@store.command(short_help="Bring the tables to their newest form.")
def migrate() -> None:
    """
    Bring the tables to their newest form. Every command does so by itself; this one does nothing else.

    \b
    Example:
      digest store migrate
    """
    from digest.store import bring_up_to_date, open_database
    from digest.store.schema import steps_taken

    with open_database(open_settings().store.url) as (database, _):
        before = steps_taken(database)
        bring_up_to_date(database)
        after = steps_taken(database)
    done = f"from step {before} to step {after}" if after > before else f"at step {after} already; nothing to do"
    click.echo(f"The tables are {done}." if after == before else f"The tables were brought {done}.")


@store.command(short_help="See whether all of it can be read and every sum holds.")
def check() -> None:
    """
    See whether all of it can be read, and whether every reader of an issue is in one batch of it, or skipped.

    Nothing is changed, and whoever is sending goes on.

    \b
    Example:
      digest store check
    """
    from digest.store.checking import check_store

    checked = check_store(open_settings().store.url)
    click.echo(f"{many(checked.readers, 'reader')} and {many(checked.mailings, 'issue')} were looked at.")
    raise_all(checked.faults)
    click.echo("All of it can be read, and every sum holds.")


@store.command(short_help="Copy all of it into another, empty database.")
@click.argument("url")
def copy(url: str) -> None:
    """
    Copy the readers and the ledger into the empty database at URL, and compare what can be read there.

    It is done as a whole or not at all. Let [store] url name the copy afterwards, and nothing write to the old one.

    \b
    Examples:
      digest store copy postgresql://digest@db.example.org/letters
      digest store copy sqlite:///letters.db
    """
    from digest.store.copying import copy_store

    counts = copy_store(open_settings().store.url, url)
    print_table(((table.replace("_", " "), f"{count:>12,}") for table, count in counts.items()), (14, 12))
    click.echo("Every row of the copy is what it was. Let [store] url in digest.toml name it from now on.")
