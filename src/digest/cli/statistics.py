"""The command that shows how the list grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from digest.cli.opening import open_list, open_settings
from digest.cli.printing import json_option, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.store.growth import Growth, Length

_MOST_PERIODS_OF_SOURCES = 6


@click.command(short_help="Show how the list grows.")
@click.option(
    "--by",
    "length",
    type=click.Choice(("month", "week", "day")),
    default="month",
    show_default=True,
    help="How long a period is.",
)
@click.option(
    "--html", "page", type=click.Path(dir_okay=False), metavar="FILE", help="Write a page with plots into this file."
)
@json_option
def stats(length: Length, page: str | None, as_json: bool) -> None:  # noqa: FBT001  # Click passes options by name
    """
    Show how the list grows: who joined, confirmed and left, how many were active, and where readers came from.

    Periods are in UTC, and the latest is not over. The page is one file, and holds nobody's address.

    \b
    Examples:
      digest subscribers stats --by week
      digest subscribers stats --html growth.html
    """
    from datetime import UTC, datetime

    settings = open_settings()
    with open_list(settings) as store:
        growth = store.growth(length=length, now=datetime.now(UTC))
    if page:
        _write_page(page, growth, settings.newsletter.name)
    if as_json:
        print_json(growth.facts())
    elif not page:
        _print_growth(growth)


def _write_page(page: str, growth: Growth, name: str) -> None:
    from digest.statistics.page import render_page

    text = render_page(growth, name=name)
    with click.open_file(page, "w", encoding="utf-8", atomic=True) as stream:
        stream.write(text)


def _print_growth(growth: Growth) -> None:
    if not growth.periods:
        click.echo("nobody is on the list yet")
        return
    columns = ("joined", "confirmed", "left", "bounced", "complained", "active")
    counts = [[getattr(period, column) for column in columns] for period in growth.periods]
    _print_counts((growth.length, *columns), [period.start for period in growth.periods], counts)
    standings = (f"{standing.value} {count:,}" for standing, count in growth.standings.items())
    click.echo(f"\n{' · '.join(standings)}\n")
    latest = [period.start for period in growth.periods[-_MOST_PERIODS_OF_SOURCES:]]
    counts = [[*source.joined[-len(latest) :], source.readers] for source in growth.sources]
    _print_counts(("source", *latest, "in all"), [source.name for source in growth.sources], counts)


def _print_counts(head: Sequence[str], names: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    """Print a table of numbers, which stand at the right of their columns."""
    rows = [head, *([name, *(f"{count:,}" for count in row)] for name, row in zip(names, counts, strict=True))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = ([name.ljust(widths[0]), *map(str.rjust, row, widths[1:])] for name, *row in rows)
    print_table(cells, widths)
