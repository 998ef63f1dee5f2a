"""The commands around the list of readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_list, open_settings
from digest.cli.printing import json_option, many, print_json, print_json_stream, print_table
from digest.errors import ContentError

if TYPE_CHECKING:
    from digest.config import Settings
    from digest.model import Subscriber
    from digest.subscribing import ImportReport

_STANDINGS = ("pending", "active", "left", "bounced", "complained")
_MOST_ROWS_SHOWN = 20


@click.group(short_help="Keep the list of readers.")
def subscribers() -> None:
    """
    Keep the list of readers.

    \b
    Examples:
      digest subscribers import readers.csv
      digest subscribers list --standing left
    """


@subscribers.command("import", short_help="Put the readers of a CSV file on the list.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--ignore-extra", is_flag=True, help="Pass over columns that are not known.")
@json_option
@click.pass_context
def import_(ctx: click.Context, file: str, ignore_extra: bool, as_json: bool) -> None:  # noqa: FBT001
    """
    Put the readers of a CSV FILE on the list; - reads standard input.

    Its first row names the columns: email, name, the fields that digest.toml declares, and tags. Whoever is on the
    list already is brought up to date; whoever left is not brought back.

    \b
    Examples:
      digest subscribers import readers.csv
      export-from-elsewhere | digest subscribers import - --ignore-extra
    """
    report = import_file(open_settings(), file, ignore_extra=ignore_extra)
    if as_json:
        print_json(report.facts())
    else:
        click.echo(" · ".join(f"{outcome.label} {count:,}" for outcome, count in report.counts.items()))
    for fault in report.refused[:_MOST_ROWS_SHOWN]:
        click.echo(fault.lines()[0], err=True)
    if report.refused:
        click.echo(f"{many(len(report.refused), 'row')} not taken; mend them and import again.", err=True)
        ctx.exit(ContentError.exit_code)


def import_file(settings: Settings, file: str, *, ignore_extra: bool = False) -> ImportReport:
    """Import a file, or standard input for ``-``."""
    from digest.subscribing import import_readers

    source = "standard input" if file == "-" else file
    with click.open_file(file, "rb") as stream, open_list(settings) as store:
        return import_readers(store, stream, source=source, fields=settings.fields, ignore_extra=ignore_extra)


@subscribers.command("list", short_help="Show who is on the list.")
@click.option("--standing", type=click.Choice(_STANDINGS), help="Only those of this standing.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--without", metavar="FIELD", help="Only those who have no value for this field.")
@json_option
def list_(standing: str | None, tag: str | None, without: str | None, as_json: bool) -> None:  # noqa: FBT001
    """
    Show who is on the list.

    \b
    Examples:
      digest subscribers list --tag friends
      digest subscribers list --standing active --without first_name
    """
    from digest.subscribing import list_readers

    settings = open_settings()
    with open_list(settings) as store:
        readers = list_readers(store, fields=settings.fields, standing=standing, tag=tag, without=without)
        if as_json:
            print_json_stream({}, "subscribers", map(_facts, readers))
        else:
            rows = ((one.email, one.name, one.standing.value, ", ".join(one.tags)) for one in readers)
            print_table(rows, (36, 24, 10, 0))


def _facts(reader: Subscriber) -> dict[str, object]:
    return {
        "email": reader.email,
        "name": reader.name,
        "standing": reader.standing.value,
        "tags": list(reader.tags),
        "fields": dict(reader.fields),
    }


@subscribers.command(short_help="Put one reader on the list.")
@click.argument("address")
@click.option("--name", default="", help="The reader's name.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A declared field; may be repeated.")
@click.option("--tag", "tags", multiple=True, help="A tag; may be repeated.")
def add(address: str, name: str, fields: tuple[str, ...], tags: tuple[str, ...]) -> None:
    """
    Put the reader of ADDRESS on the list, or bring what is known of them up to date.

    \b
    Example:
      digest subscribers add ada@example.org --name "Ada Fictional" --field first_name=Ada --tag friends
    """
    from digest.subscribing import add_reader, read_fields

    settings = open_settings()
    values = read_fields(fields, settings.fields)
    with open_list(settings) as store:
        outcome = add_reader(store, email=address, name=name, fields=values, tags=tags)
    click.echo(outcome.label)


@subscribers.command(short_help="Take one reader off the list.")
@click.argument("address")
def remove(address: str) -> None:
    """
    Take the reader of ADDRESS off the list; the address is remembered, so that no import brings it back.

    \b
    Example:
      digest subscribers remove ada@example.org
    """
    from digest.subscribing import remove_reader

    with open_list(open_settings()) as store:
        remove_reader(store, address)
    click.echo("removed")


@subscribers.command(short_help="Write the list as CSV.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    metavar="FILE",
    help="Write into this file.",
)
@click.option(
    "--standing",
    type=click.Choice(_STANDINGS),
    default="active",
    show_default=True,
    help="Only those of this standing.",
)
def export(output: str, standing: str) -> None:
    """
    Write the list as a CSV that import takes.

    \b
    Example:
      digest subscribers export --output readers.csv
    """
    from digest.subscribing import export_readers, list_readers

    settings = open_settings()
    with open_list(settings) as store, click.open_file(output, "w", encoding="utf-8", atomic=True) as stream:
        readers = list_readers(store, fields=settings.fields, standing=standing)
        export_readers(readers, stream, tuple(settings.fields))
