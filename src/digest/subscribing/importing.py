"""Readers come to the list: many from a file, or one by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, NamedTuple

from digest.errors import UsageError, did_you_mean
from digest.model import Consent
from digest.store import Put
from digest.subscribing.addresses import Lookalikes
from digest.subscribing.columns import Columns, understand
from digest.subscribing.newcomers import make_newcomer, read_line
from digest.subscribing.rows import Rows, as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from digest.model import Newcomer
    from digest.store import Store
    from digest.store.erasing import Seal

_MOST_PAIRS_TOLD = 20


class Refusal(NamedTuple):
    """A row that was not taken."""

    line: int
    reason: str


@dataclass(kw_only=True)
class ImportReport:
    """What became of the rows of an import."""

    source: str
    counts: Counter[Put] = field(default_factory=lambda: Counter(dict.fromkeys(Put, 0)))
    refused: list[Refusal] = field(default_factory=list)
    service: str = ""
    """Whose export it was."""
    passed_over: Sequence[str] = ()
    """Columns that nobody knows."""
    lookalikes: Lookalikes = field(default_factory=Lookalikes)
    lists: set[str] = field(default_factory=set)
    """The names of the lists whose tokens readers came with."""
    rehearsed: bool = False
    """Whether nothing was changed in the end."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        pairs = self.lookalikes.pairs
        return {
            **{outcome.value: count for outcome, count in self.counts.items()},
            "refused": [refusal._asdict() for refusal in self.refused],
            "lookalikes": {"count": len(pairs), "lines": pairs[:_MOST_PAIRS_TOLD]},
            "service": self.service,
            "passed_over": [*self.passed_over],
            "dry_run": self.rehearsed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRules:
    """How a list is to be read."""

    fields: Collection[str]
    """The declared fields."""
    ignore_extra: bool = False
    """Whether unknown columns are passed over, rather than refused."""
    tags: Sequence[str] = ()
    """Tags for everyone."""
    consent: str = ""
    """How everyone gave their consent, where the list does not say it."""


def import_readers(
    store: Store,
    file: IO[bytes],
    rules: ImportRules,
    *,
    source: str,
    seal: Seal | None = None,
    rehearse: bool = False,
) -> ImportReport:
    """
    Put the rows of a list on ours; a row that cannot be taken is reported, and the others are taken.

    It is one transaction: an import that fails, or is killed, has done nothing.

    Args:
        store: where our list is.
        file: CSV, whose first row names the columns, or JSON Lines; or another service's export.
        rules: how to read it.
        source: the path that it has, for reports; its name is kept in the readers' consent.
        seal: recognises those who were erased.
        rehearse: undo everything in the end.

    Raises:
        ContentError: the file as a whole cannot be read.
        SettingsError: readers were erased, and not with this seal.
        UsageError: a tag, or how consent was given, cannot be kept.
    """
    report = ImportReport(source=source, rehearsed=rehearse)
    name = PurePath(source).name  # in which folder a file lay tells nothing of a reader
    consent = _default_consent(rules, name)
    stream = as_text(file)
    try:
        rows = Rows(stream, source)
        columns, report.passed_over = understand(rows.columns, source, rules.fields, ignore_extra=rules.ignore_extra)
        report.service = columns.service.name if columns.service else ""
        newcomers = _newcomers(rows, columns, rules, consent, report)
        outcomes = store.subscribers.put(
            newcomers, now=datetime.now(UTC), reason=f"import {name}", seal=seal, rehearse=rehearse
        )
        report.counts.update(outcomes)
    finally:
        stream.detach()  # the file is its opener's to close
    return report


def _default_consent(rules: ImportRules, source: str) -> Consent:
    try:
        for tag in rules.tags:
            read_line(tag, "tag")
        return Consent(how=read_line(rules.consent, "consent"), source=source)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _newcomers(
    rows: Rows, columns: Columns, rules: ImportRules, consent: Consent, report: ImportReport
) -> Iterator[Newcomer]:
    is_json = rows.columns is None
    for line, cells in rows:
        try:
            if isinstance(cells, ValueError):
                raise cells
            if is_json:
                columns.refuse_unknown(cells)
            newcomer = make_newcomer(columns.read(cells), fields=rules.fields, consent=consent, tags=rules.tags)
        except ValueError as error:
            report.refused.append(Refusal(line, str(error)))
        else:
            report.lookalikes.note(line, newcomer.email)
            if newcomer.called:
                report.lists.add(newcomer.called.partition(".")[0])
            yield newcomer


def add_reader(
    store: Store,
    *,
    email: str,
    name: str,
    fields: Mapping[str, str],
    tags: Sequence[str],
    seal: Seal | None = None,
) -> Put:
    """
    Put one reader on the list.

    Raises:
        UsageError: no mail can be sent to the address, or a text holds what could break a message.
        SettingsError: readers were erased, and not with this seal.
    """
    consent = Consent(source="added by hand")
    try:
        newcomer = make_newcomer({**fields, "email": email, "name": name}, fields=fields, consent=consent, tags=tags)
    except ValueError as error:
        raise UsageError(str(error)) from error
    (outcome,) = store.subscribers.put([newcomer], now=datetime.now(UTC), seal=seal)
    return outcome


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
        check_declared(name, declared)
        fields[name] = value
    return fields


def check_declared(name: str, declared: Collection[str]) -> None:
    """
    See to it that a field is declared.

    Raises:
        UsageError: it is not.
    """
    if name not in declared:
        msg = f'no field "{name}" is declared'
        raise UsageError(msg, hint=f"Under [fields] in digest.toml, {did_you_mean(name, declared)}")
