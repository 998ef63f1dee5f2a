"""Lists as rows: CSV, or JSON Lines, in UTF-8; read line by line, so that a list may be of any length."""

from __future__ import annotations

import csv
import io
import re
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, TextIO

import msgspec

from digest.errors import ContentError, Place
from digest.subscribing.newcomers import CONSENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LONGEST_LINE = 1_000_000
"""In signs. A file whose lines are longer is no list, and need not fit into memory."""

# A cell that a spreadsheet would take for a formula is written with a quote before it; see OWASP, "CSV injection".
# Quotes that were there already are kept by one more of them, so that taking one off gives back what was written.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


def guard(cell: str) -> str:
    """Write a cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """Read a cell that was guarded."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


class Rows:
    """
    The rows of a list, each with the number of its first line and its cells.

    Cells are texts by the names of columns. A row that cannot be understood comes as the ValueError that says why; what
    makes the whole file doubtful raises ContentError while it is read.
    """

    def __init__(self, stream: TextIO, source: str) -> None:
        self._lines = _Lines(stream, source)
        self._source = source
        self._is_json = self._lines.head.lstrip().startswith("{")
        self._delimiter = max(",;\t", key=self._lines.head.count)
        self._reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        self.columns: Sequence[str] | None = None
        """The columns that the first row of a CSV names; None for JSON Lines."""
        if not self._is_json:
            with self._faults(1):
                self.columns = [unguard(name.strip()) for name in next(self._reader, [])]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str] | ValueError]]:
        return self._objects() if self.columns is None else self._cells(self.columns)

    def _cells(self, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str] | ValueError]]:
        width = len(columns)
        reader = self._reader
        line = reader.line_num + 1
        try:
            for cells in reader:
                if cells:
                    if "'" in "".join(cells):
                        cells = [*map(unguard, cells)]  # noqa: PLW2901  # the row as it was meant
                    # Programs that write CSV may leave out blank cells at the end; one too many belongs to no column.
                    if len(cells) > width and any(cells[width:]):
                        yield line, ValueError(f"the row has {len(cells)} cells, and there are {width} columns")
                    else:
                        yield line, dict(zip(columns, cells, strict=False))
                line = reader.line_num + 1
        except csv.Error as error:
            raise self._no_csv(error, line) from error

    @contextmanager
    def _faults(self, line: int) -> Iterator[None]:
        try:
            yield
        except csv.Error as error:
            raise self._no_csv(error, line) from error

    def _no_csv(self, error: csv.Error, line: int) -> ContentError:
        return ContentError(f"this is not CSV: {error}; nothing was taken", place=Place(self._source, line))

    def _objects(self) -> Iterator[tuple[int, dict[str, str] | ValueError]]:
        for number, line in enumerate(self._lines, 1):
            if line.strip():
                try:
                    yield number, _flatten(_read_object(line))
                except ValueError as error:
                    yield number, error


class _Lines:
    """The lines of a stream, counted so that a fault has its place."""

    def __init__(self, stream: TextIO, source: str) -> None:
        self._source = source
        self._count = 0
        self._stream = stream
        with self._faults():
            self.head = stream.readline(_LONGEST_LINE)

    def __iter__(self) -> Iterator[str]:
        with self._faults():
            for line in chain([self.head], iter(partial(self._stream.readline, _LONGEST_LINE), "")):
                if len(line) == _LONGEST_LINE:
                    msg = f"this line is longer than {_LONGEST_LINE:,} signs; nothing was taken"
                    raise ContentError(msg, place=Place(self._source, self._count + 1))
                self._count += 1
                yield line

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            line = self._count + 1 + error.object.count(b"\n", 0, error.start)
            msg = "this line is not written in UTF-8; nothing was taken"
            raise ContentError(msg, hint="Save the file as UTF-8.", place=Place(self._source, line)) from error


def _read_object(line: str) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        msg = "this line is not JSON"
        raise ValueError(msg) from error
    if not isinstance(value, dict):
        msg = "this line is no JSON object"
        raise ValueError(msg)  # noqa: TRY004  # a fault of the file, not of a caller
    return value


def _flatten(value: Mapping[str, Any]) -> dict[str, str]:
    """Bring an object into the form of a row: fields and consent may stand in objects of their own, tags in a list."""
    cells = {**value}
    for name, fact in _inner(cells, "consent").items():
        if f"consent_{name}" not in CONSENT:
            msg = f'unknown key "{name}" in consent'
            raise ValueError(msg)
        cells[f"consent_{name}"] = fact
    for name, fact in _inner(cells, "fields").items():
        if name in cells:
            msg = f'the field "{name}" stands there twice'
            raise ValueError(msg)
        cells[name] = fact
    tags = cells.get("tags")
    if isinstance(tags, list):
        cells["tags"] = ";".join(_text(tag, "tags") for tag in tags)
    return {name: _text(fact, name) for name, fact in cells.items()}


def _inner(cells: dict[str, Any], name: str) -> Mapping[str, Any]:
    if not isinstance(cells.get(name), dict):
        return {}
    inner: Mapping[str, Any] = cells.pop(name)
    return inner


def _text(value: object, name: str) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case int() | float() if not isinstance(value, bool):
            return str(value)
    msg = f'"{name}" is no text'
    raise ValueError(msg)


def as_text(file: IO[bytes]) -> io.TextIOWrapper:
    """Return a file as text; csv does the line ends itself. Whoever opened the file closes it: detach it before."""
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
