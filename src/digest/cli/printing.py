"""How commands print: one JSON object for machines, plain lines for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")


def print_json(facts: Mapping[str, object]) -> None:
    """Print one object on standard output."""
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2))


def print_json_stream(facts: Mapping[str, object], name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Print one object whose last key holds any number of rows, without ever holding them all."""
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
