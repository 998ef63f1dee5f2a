"""How commands print: one JSON object for machines, plain lines for people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from digest.model import Tally

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")


def print_json(facts: Mapping[str, object] | Sequence[object]) -> None:
    """Print one object, or one array, on standard output."""
    import json

    text = json.dumps(facts, ensure_ascii=False, indent=2)
    # Half a pair, as Python holds bytes of a file name that are not UTF-8, is no character of a file; escaped, it is.
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def print_json_stream(facts: Mapping[str, object], name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Print one object whose last key holds any number of rows, without ever holding them all."""
    import json

    head = json.dumps(facts, ensure_ascii=False)[:-1]
    click.echo(f'{head}{", " if facts else ""}"{name}": [', nl=False)
    for number, row in enumerate(rows):
        click.echo(f"{',' if number else ''}\n  {json.dumps(row, ensure_ascii=False)}", nl=False)
    click.echo("\n]}")


def print_table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    """Print rows in columns at least so wide."""
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def many(count: int, one: str) -> str:
    """Return a count with its noun: ``1 reader``, ``4,120 readers``."""
    return f"{count:,} {one if count == 1 else f'{one}s'}"


def near(path: Path) -> Path:
    """Return a path as it is shortest from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def size(count: int) -> str:
    """Return a number of bytes as people say it: ``640 KB``, ``1.2 GB``."""
    number = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004  # the units' own step
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} TB"


def duration(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``7 min``, ``2.5 h``."""
    if seconds < 90:  # noqa: PLR2004  # up to there, seconds are easier
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004  # so are minutes


def moment(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a time zone, to the minute."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def summary(tally: Tally) -> str:
    """Return how many readers stand how."""
    states = {"sent": tally.sent, "refused": tally.refused, "skipped": tally.skipped}
    states |= {"queued": tally.queued, "in doubt": tally.in_doubt}
    return " · ".join(f"{name} {count:,}" for name, count in states.items() if count or name == "sent")


def rules_in_words(slug: str, warnings: int, allowed: Sequence[str]) -> dict[str, str]:
    """Return what a plan tells of the rules, where there is something to tell."""
    rows = {
        "rules": f"{many(warnings, 'warning')}, shown by: digest check {slug}" if warnings else "",
        "let pass": ", ".join(allowed),
    }
    return {name: value for name, value in rows.items() if value}


def print_csv(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Print CSV that a spreadsheet does not take for formulas."""
    import csv

    from digest.subscribing.rows import guard

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guard(str(cell or "")) for cell in row] for row in rows)
