"""SQL stands in ``.sql`` files, each query under its name and a sentence; this reads them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADING = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def read_queries(filename: str, dialect: str) -> Mapping[str, str]:
    """
    Return the queries of a file of this package by name.

    They are in SQLite's words, but for those that a file beside it, such as ``subscribers.postgres.sql``, puts in the
    words of that dialect.
    """
    own = files(__package__).joinpath(f"{filename.removesuffix('.sql')}.{dialect}.sql")
    shared = split_queries(files(__package__).joinpath(filename).read_text(encoding="utf-8"))
    return shared | (split_queries(own.read_text(encoding="utf-8")) if own.is_file() else {})


def split_queries(text: str) -> dict[str, str]:
    """
    Cut a text at its ``-- name: x`` lines; what stands before the first is for people.

    Raises:
        ValueError: two queries bear one name.
    """
    _, *parts = _HEADING.split(text)
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) < len(names):
        msg = f"two queries bear one name: {sorted(names)}"
        raise ValueError(msg)
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}
