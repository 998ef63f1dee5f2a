"""The use cases around the list of readers: put them on it, take them off it, show it, write it out."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from digest.addressing import nobody
from digest.errors import ContentError, Place, UsageError, did_you_mean, raise_all
from digest.model import Newcomer, Standing
from digest.store import Put

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import IO, TextIO

    from digest.model import Subscriber
    from digest.store import Store

_LONGEST_TEXT = 200
_TAGS_APART = re.compile(r"[,;]")
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control signs, halves of signs, and ends of lines and paragraphs, which could forge a header field."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what follows, which can make one address look like another."""
# These are what email-validator passes unchanged; asking it takes 60 microseconds, which a million readers feel.
_PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@.{1,63}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+([a-z]{2,})"
)
_SPECIAL_ENDINGS = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


@dataclass(kw_only=True)
class ImportReport:
    """What became of the rows of an import."""

    counts: Counter[Put] = field(default_factory=lambda: Counter(dict.fromkeys(Put, 0)))
    refused: list[ContentError] = field(default_factory=list)
    """The rows that were not taken, each with its line and the reason."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        refused = [{"line": fault.place.line if fault.place else 0, "reason": fault.sentence} for fault in self.refused]
        return {**{outcome.value: count for outcome, count in self.counts.items()}, "refused": refused}


def import_readers(
    store: Store, file: IO[bytes], *, source: str, fields: Collection[str], ignore_extra: bool = False
) -> ImportReport:
    """
    Put the rows of a CSV on the list; a row that cannot be taken is reported, and the others are taken.

    Args:
        store: where the list is.
        file: the CSV, in UTF-8; its first row names the columns: email, name, declared fields, tags.
        source: what it is called, in reports and in the readers' consent record.
        fields: the declared fields of a reader.
        ignore_extra: whether other columns are passed over, rather than refused.

    Raises:
        ContentError: it is no such CSV; nothing is taken then.
    """
    report = ImportReport()
    stream = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # csv does the line ends itself
    try:
        rows = _read_rows(stream, source, fields, ignore_extra=ignore_extra)
        newcomers = _newcomers(rows, source, fields, report.refused)
        report.counts.update(store.subscribers.put(newcomers, now=datetime.now(UTC)))
    except UnicodeDecodeError as error:
        msg = "this is not UTF-8 text; nothing was taken"
        raise ContentError(msg, hint="Save the file as UTF-8.", place=Place(source)) from error
    finally:
        stream.detach()  # the file is its opener's to close
    return report


def _read_rows(
    stream: TextIO, source: str, fields: Collection[str], *, ignore_extra: bool
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Return each row as the line on which it begins, the columns, and the cells."""
    head = stream.readline()
    reader = csv.reader(chain([head], stream), delimiter=max(",;\t", key=head.count), strict=True)
    line = 1
    try:
        columns = [name.strip() for name in next(reader, [])]
        _check_columns(columns, source, fields, ignore_extra=ignore_extra)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield line, columns, cells
            line = reader.line_num + 1
    except csv.Error as error:
        msg = f"this is not CSV: {error}; nothing was taken"
        raise ContentError(msg, place=Place(source, line)) from error


def _check_columns(columns: Sequence[str], source: str, fields: Collection[str], *, ignore_extra: bool) -> None:
    known = ["email", "name", *fields, "tags"]
    faults = []
    if "email" not in columns:
        faults.append(('there is no column "email"', "The first row names the columns; one of them is email."))
    for column, count in Counter(columns).items():
        if column not in known and not ignore_extra:
            way_out = "Declare it under [fields] in digest.toml, or pass --ignore-extra."
            hint = did_you_mean(column, known, then=way_out)
            faults.append((f'unknown column "{column}"', hint))
        elif column in known and count > 1:
            faults.append((f'the column "{column}" stands there {count} times', "Keep one of them."))
    raise_all([ContentError(msg, hint=hint, place=Place(source, 1)) for msg, hint in faults])


def _newcomers(
    rows: Iterator[tuple[int, list[str], list[str]]], source: str, fields: Collection[str], refused: list[ContentError]
) -> Iterator[Newcomer]:
    for line, columns, cells in rows:
        try:
            values = _by_column(columns, cells)
            yield make_newcomer(
                email=values["email"],
                name=values.get("name", ""),
                fields={name: values[name] for name in fields if name in values},
                tags=(values.get("tags", ""),),
                source=source,
            )
        except ValueError as error:
            refused.append(ContentError(str(error), place=Place(source, line)))


def _by_column(columns: list[str], cells: list[str]) -> dict[str, str]:
    """Programs that write CSV may leave out blank cells at the end; one too many has no column to belong to."""
    if any(cells[len(columns) :]):
        msg = f"the row has {len(cells)} cells, and there are {len(columns)} columns"
        raise ValueError(msg)
    return {**dict.fromkeys(columns, ""), **dict(zip(columns, cells, strict=False))}


def make_newcomer(
    *, email: str, name: str = "", fields: Mapping[str, str] | None = None, tags: Sequence[str] = (), source: str
) -> Newcomer:
    """
    Return a newcomer in normal form; each of the `tags` may hold several, with commas or semicolons between them.

    Raises:
        ValueError: no mail can be sent to the address, or a text holds what could break a message.
    """
    return Newcomer(
        email=_normal_email(email.strip()),
        name=_safe_line(name, "name"),
        fields={field: _safe_line(value, field) for field, value in (fields or {}).items()},
        tags=_split_tags(tags),
        source=source,
    )


def _split_tags(texts: Sequence[str]) -> tuple[str, ...]:
    tags = {_safe_line(tag, "tags") for text in texts if text for tag in _TAGS_APART.split(text)}
    return tuple(sorted(tags - {""}))


def _normal_email(email: str) -> str:
    match = _PLAIN_EMAIL.fullmatch(email)
    if match and match[1] not in _SPECIAL_ENDINGS:
        return email
    try:
        # .test is for examples such as ours, so it is let through.
        return validate_email(email, check_deliverability=False, test_environment=True, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        msg = f"no email address: {str(error)[:1].lower()}{str(error)[1:]}"
        raise ValueError(msg) from error


def _safe_line(value: str, name: str) -> str:
    text = value.strip()
    if len(text) > _LONGEST_TEXT:
        msg = f"the {name} is longer than {_LONGEST_TEXT} signs"
        raise ValueError(msg)
    if text.isascii() and text.isprintable():
        return text
    for position, sign in enumerate(text, 1):
        if unicodedata.category(sign) in _UNSAFE or sign in _TURNING:
            msg = f"the {name} holds an invisible sign (U+{ord(sign):04X}) at position {position}"
            raise ValueError(msg)
    return unicodedata.normalize("NFC", text)


def read_fields(pairs: Sequence[str], declared: Collection[str]) -> dict[str, str]:
    """
    Read ``name=value`` pairs.

    Raises:
        UsageError: one is no such pair, or its field is not declared.
    """
    fields = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            msg = f'"{name}" says no value'
            raise UsageError(msg, hint="Write --field name=value")
        _check_declared(name, declared)
        fields[name] = value
    return fields


def _check_declared(name: str, declared: Collection[str]) -> None:
    if name not in declared:
        msg = f'no field "{name}" is declared'
        raise UsageError(msg, hint=f"Under [fields] in digest.toml, {did_you_mean(name, declared)}")


def add_reader(store: Store, *, email: str, name: str, fields: Mapping[str, str], tags: Sequence[str]) -> Put:
    """
    Put one reader on the list.

    Raises:
        UsageError: no mail can be sent to the address, or a text holds what could break a message.
    """
    try:
        newcomer = make_newcomer(email=email, name=name, fields=fields, tags=tags, source="added by hand")
    except ValueError as error:
        raise UsageError(str(error)) from error
    (outcome,) = store.subscribers.put([newcomer], now=datetime.now(UTC))
    return outcome


def remove_reader(store: Store, email: str) -> None:
    """
    Take a reader off the list; the address is kept, so that no import brings it back.

    Raises:
        UsageError: nobody of that address is on the list.
    """
    if not store.subscribers.leave(email, now=datetime.now(UTC)):
        raise nobody()


def list_readers(
    store: Store,
    *,
    fields: Collection[str],
    standing: str | None = None,
    tag: str | None = None,
    without: str | None = None,
) -> Iterator[Subscriber]:
    """
    Return readers in the order in which they joined; `without` names a field that they have no value for.

    Raises:
        UsageError: no such field is declared.
    """
    if without:
        _check_declared(without, ["name", *fields])
    readers = store.subscribers.walk(standing=Standing(standing) if standing else None, tag=tag)
    return (reader for reader in readers if without is None or not reader.values.get(without))


def export_readers(readers: Iterator[Subscriber], stream: IO[str], fields: Sequence[str]) -> int:
    """Write readers as a CSV that `import_readers` takes, and return how many."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["email", "name", *fields, "tags"])
    count = 0
    while block := list(islice(readers, 1000)):
        count += len(block)
        writer.writerows(
            [reader.email, reader.name, *(reader.fields.get(name, "") for name in fields), ";".join(reader.tags)]
            for reader in block
        )
    return count
