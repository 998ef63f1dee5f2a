"""The commands around the list of readers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from digest.cli.opening import open_list, open_settings
from digest.cli.portraits import show_portrait
from digest.cli.printing import json_option, many, print_json, print_json_stream, print_table
from digest.errors import ContentError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from digest.config import Settings
    from digest.model import Subscriber
    from digest.subscribing.importing import ImportReport

_STANDINGS = ("pending", "active", "left", "bounced", "complained")
_MOST_ROWS_SHOWN = 20
_REMAINS = (
    "What digest cannot reach stays: copies and backups of the database, files that were imported or exported,",
    "messages in .digest/outbox, and what your provider keeps.",
)


@click.group(short_help="Keep the list of readers.")
def subscribers() -> None:
    """
    Keep the list of readers.

    \b
    Examples:
      digest subscribers import readers.csv
      digest subscribers list --standing left
    """


@subscribers.command("import", short_help="Put the readers of a file on the list.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--ignore-extra", is_flag=True, help="Pass over columns that are not known.")
@click.option("--tag", "tags", multiple=True, help="A tag for all of them; may be repeated.")
@click.option("--consent", default="", metavar="TEXT", help="How they gave their consent, where FILE does not say it.")
@click.option("--dry-run", is_flag=True, help="Tell what would become of the rows, and change nothing.")
@json_option
@click.pass_context
def import_(ctx: click.Context, /, file: str, as_json: bool, **rules: Any) -> None:  # noqa: FBT001
    """
    Put the readers of FILE on the list: CSV, JSON Lines, or another service's export; - reads standard input.

    The first row of a CSV names the columns: email, name, the fields that digest.toml declares, and tags. Whoever is
    on the list already is brought up to date; whoever left is not brought back.

    \b
    Examples:
      digest subscribers import readers.csv --dry-run
      export-from-elsewhere | digest subscribers import - --ignore-extra
    """
    report = import_file(open_settings(), file, **rules)
    if as_json:
        print_json(report.facts())
    else:
        _show_report(report)
    if report.refused:
        _show_refused(report)
        ctx.exit(ContentError.exit_code)


def import_file(settings: Settings, file: str, *, dry_run: bool = False, **rules: Any) -> ImportReport:
    """Import a file, or standard input for ``-``."""
    from digest.subscribing.importing import ImportRules, import_readers
    from digest.subscribing.leaving import seal_of

    source = "standard input" if file == "-" else file
    how = ImportRules(fields=settings.fields, **rules)
    with click.open_file(file, "rb") as stream, open_list(settings) as store:
        return import_readers(store, stream, how, source=source, seal=seal_of(settings.environ), rehearse=dry_run)


def _show_report(report: ImportReport) -> None:
    click.echo(" · ".join(f"{outcome.label} {count:,}" for outcome, count in report.counts.items()))
    if report.service:
        click.echo(f"Read as an export of {report.service}.")
    if report.passed_over:
        click.echo(f"Passed over: {', '.join(report.passed_over)}.")
    if pairs := report.lookalikes.pairs:
        shown = ", ".join(f"{first} and {later}" for first, later in pairs[:_MOST_ROWS_SHOWN])
        rest = ", …" if len(pairs) > _MOST_ROWS_SHOWN else ""
        look = "address looks" if len(pairs) == 1 else "addresses look"
        click.echo(f"{len(pairs):,} {look} like another one, but for dots or a plus: lines {shown}{rest}.")
    if report.rehearsed:
        click.echo("This was a rehearsal; nothing was changed.")


def _show_refused(report: ImportReport) -> None:
    for refusal in report.refused[:_MOST_ROWS_SHOWN]:
        click.echo(f"{report.source}:{refusal.line}: {refusal.reason}", err=True)
    click.echo(f"{many(len(report.refused), 'row')} not taken; mend them and import again.", err=True)


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
    from digest.subscribing.listing import list_readers

    settings = open_settings()
    with open_list(settings) as store:
        readers = list_readers(store, fields=settings.fields, standing=standing, tag=tag, without=without)
        if as_json:
            print_json_stream({}, "subscribers", map(_facts, readers))
        else:
            print_table(map(_cells, readers), (36, 24, 10, 0))


def _cells(listed: tuple[Subscriber, datetime | None]) -> tuple[str, ...]:
    reader, pause = listed
    return reader.email, reader.name, "paused" if pause else reader.standing.value, ", ".join(reader.tags)


def _facts(listed: tuple[Subscriber, datetime | None]) -> dict[str, object]:
    reader, paused_until = listed
    return {
        "email": reader.email,
        "name": reader.name,
        "standing": reader.standing.value,
        "paused_until": paused_until.isoformat() if paused_until else None,
        "tags": list(reader.tags),
        "fields": dict(reader.fields),
    }


@subscribers.command(short_help="Count readers by standing and by segment.")
@click.option("--segment", metavar="NAME|EXPRESSION", help="Only those of this segment who may be written to.")
@json_option
def count(segment: str | None, as_json: bool) -> None:  # noqa: FBT001
    """
    Count the readers by their standing, and those of each segment that has a name who may be written to.

    \b
    Examples:
      digest subscribers count
      digest subscribers count --segment "tag:pro and joined >= 2026-01-01"
    """
    from digest.subscribing.listing import count_paused, count_readers, count_segment, count_segments

    settings = open_settings()
    with open_list(settings) as store:
        if segment:
            counts: dict[str, int | None] = {segment: count_segment(store, settings, segment)}
            facts: dict[str, object] = {"segments": counts}
        else:
            standings, paused, segments = count_readers(store), count_paused(store), count_segments(store, settings)
            counts = {**standings, "paused": paused, **segments}
            facts = {"standings": standings, "paused": paused, "segments": segments}
    if as_json:
        print_json(facts)
    else:
        rows = ((name, "-" if number is None else f"{number:,}") for name, number in counts.items())
        print_table(((name, number.rjust(11)) for name, number in rows), (20, 11))


@subscribers.command(short_help="Show all that is known of one reader.")
@click.argument("address")
@json_option
def show(address: str, as_json: bool) -> None:  # noqa: FBT001
    """
    Show all that is known of the reader of ADDRESS: their consent, how they stood and stand, what they were sent.

    What names no address, such as digest check, calls readers by their number, which stands here as well as ADDRESS.

    \b
    Examples:
      digest subscribers show ada@example.org
      digest subscribers show 12
    """
    from digest.subscribing.telling import portray

    with open_list(open_settings()) as store:
        portrait = portray(store, address)
        if as_json:
            print_json(portrait.facts())
        else:
            show_portrait(portrait)


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
    from digest.subscribing.importing import add_reader, read_fields
    from digest.subscribing.leaving import seal_of

    settings = open_settings()
    values = read_fields(fields, settings.fields)
    with open_list(settings) as store:
        seal = seal_of(settings.environ)
        outcome = add_reader(store, email=address, name=name, fields=values, tags=tags, seal=seal)
    click.echo(outcome.label)


@subscribers.command(short_help="Take one reader off the list.")
@click.argument("address")
@click.option(
    "--standing",
    type=click.Choice(("left", "bounced", "complained")),
    default="left",
    show_default=True,
    help="Why they are not written to any more.",
)
@click.option("--reason", default="", metavar="TEXT", help="What their history is to say.")
def remove(address: str, standing: str, reason: str) -> None:
    """
    Take the reader of ADDRESS off the list, and print how they stand now.

    The address is remembered, so that no import brings it back; to have it forgotten, see digest subscribers forget.

    \b
    Examples:
      digest subscribers remove ada@example.org
      digest subscribers remove ada@example.org --standing complained --reason "wrote to us"
    """
    from digest.subscribing.leaving import remove_reader

    with open_list(open_settings()) as store:
        click.echo(remove_reader(store, address, standing=standing, reason=reason).value)


@subscribers.command(short_help="Erase all that is known of an address.")
@click.argument("address")
@click.option("-y", "--yes", is_flag=True, help="Forget without asking.")
def forget(address: str, yes: bool) -> None:  # noqa: FBT001
    """
    Erase all that is known of ADDRESS, for good.

    A hash is kept, made with DIGEST_SECRET: it recognises the address, so that no import brings it back, and nobody
    can read it. The address need not be on the list.

    \b
    Example:
      digest subscribers forget ada@example.org --yes
    """
    from digest.subscribing.leaving import forget_reader, seal_of

    settings = open_settings()
    _confirm_forgetting(yes=yes)
    with open_list(settings) as store:
        was_there = forget_reader(store, address, seal=seal_of(settings.environ))
    click.echo("forgotten" if was_there else "it was not on the list; no import will put it there")
    for line in _REMAINS:
        click.echo(line, err=True)


def _confirm_forgetting(*, yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        msg = "nobody is here to confirm"
        raise UsageError(msg, hint="Add --yes to forget without asking.")
    if not yes:
        click.confirm("Forget this reader? That cannot be undone.", abort=True, err=True)


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
    type=click.Choice((*_STANDINGS, "all")),
    default="active",
    show_default=True,
    help="Only those of this standing.",
)
@click.option("--raw", is_flag=True, help="Leave cells as they are, even those that spreadsheets take for formulas.")
@click.option("--tokens", is_flag=True, help="Tell, too, what readers are called in links; for [subscribers] source.")
def export(output: str, standing: str, raw: bool, tokens: bool) -> None:  # noqa: FBT001
    """
    Write the list as a CSV that import takes.

    \b
    Examples:
      digest subscribers export --output readers.csv
      digest subscribers export --tokens --output list-for-ci.csv
      digest subscribers export --standing all --output everyone.csv
    """
    from digest.subscribing.listing import export_readers

    settings = open_settings()
    wanted = None if standing == "all" else standing
    with open_list(settings) as store, click.open_file(output, "w", encoding="utf-8", atomic=True) as stream:
        export_readers(store, stream, fields=tuple(settings.fields), standing=wanted, raw=raw, tokens=tokens)
