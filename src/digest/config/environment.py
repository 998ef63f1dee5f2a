"""The environment, and the file ``.env`` that fills it on one's own machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.errors import Place, SettingsError, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ASSIGNMENT = re.compile(
    r"""
    (?:export\s+)? (?P<name>[A-Za-z_]\w*) \s*=\s*
    (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<bare>(?:[^\s"'\#]\S*(?:\s+[^\s\#]\S*)*)?) )
    \s*(?:(?<!\S)\#.*)?
    """,
    re.VERBOSE,
)


class Environment(dict[str, str]):
    """Environment variables by name. Its ``repr`` shows no value, for values may be secrets."""

    def __repr__(self) -> str:
        return f"Environment({len(self)} variables)"


def read_environment(dotenv: str, environ: Mapping[str, str]) -> Environment:
    """
    Return the environment with what only the text of ``.env`` has.

    Raises:
        SettingsError: a line of it is neither ``NAME=value`` nor a comment; all such lines at once.
    """
    faults: list[SettingsError] = []
    added = dict(_assignments(dotenv, faults))
    raise_all(faults)
    return Environment({**added, **environ})


def _assignments(dotenv: str, faults: list[SettingsError]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(dotenv.split("\n"), start=1):
        statement = line.strip()
        if not statement or statement.startswith("#"):
            continue
        match = _ASSIGNMENT.fullmatch(statement)
        if match:
            yield match["name"], match["double"] or match["single"] or match["bare"] or ""
        else:
            msg = "this line is neither NAME=value nor a comment"
            hint = "Put quotes around a value that holds quotes of the other kind, and close what you open."
            faults.append(SettingsError(msg, hint=hint, place=Place(".env", number)))
