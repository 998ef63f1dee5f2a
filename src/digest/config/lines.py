"""TOML files, and where their keys stand, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from digest.errors import Place, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_SYNTAX_ERROR = re.compile(r"(?P<reason>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)


def read_tables(text: str, name: str, *, hint: str) -> dict[str, Any]:
    """
    Return what a file called `name` says.

    Raises:
        SettingsError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _SYNTAX_ERROR.fullmatch(str(error))
        reason = match["reason"] if match else str(error)
        line = int(match["line"]) if match and match["line"] else text.count("\n") + 1
        msg = f"this is not TOML: {reason[:1].lower()}{reason[1:]}"
        raise SettingsError(msg, hint=hint, place=Place(name, line)) from error


def lines_of_keys(text: str) -> dict[tuple[str, ...], int]:
    """Return the line, from 1, on which each key and each section of a valid TOML text first stands."""
    lines: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for line, statement in _statements(text):
        paths = [path for path, _ in walk(tomllib.loads(statement))]
        is_header = statement.lstrip().startswith("[")
        for path in paths:
            lines.setdefault(path if is_header else section + path, line)
        section = paths[-1] if is_header else section
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """
    Yield the statements of a valid TOML text, and the blank lines and comments between them, with their lines.

    A statement ends with the first line at which it can be parsed by itself, so ``tomllib`` is asked line by line
    and no spelling of a key or a value needs to be known here.
    """
    statement, first = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        statement += line + "\n"
        if _is_whole(statement):
            yield first, statement
            statement, first = "", number + 1


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False  # a text or an array that goes on in the next line
    return True


def walk(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each key of a table and of the tables in it, as a path, with its value; outer keys come first."""
    for key, value in table.items():
        yield (key,), value
        for inner in _tables(value):
            for path, inner_value in walk(inner):
                yield (key, *path), inner_value


def _tables(value: Any) -> list[Mapping[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, dict)]
