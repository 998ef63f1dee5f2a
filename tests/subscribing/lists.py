"""Lists as tests write them, and what became of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from digest.subscribing.importing import ImportReport, ImportRules, import_readers

if TYPE_CHECKING:
    from digest.store import Store

FIELDS = ("first_name", "city")


def take(store: Store, text: str | bytes, *, seal: Any = None, rehearse: bool = False, **rules: Any) -> ImportReport:
    """Import a list."""
    content = text.encode() if isinstance(text, str) else text
    how = ImportRules(**{"fields": FIELDS, **rules})
    return import_readers(store, io.BytesIO(content), how, source="readers.csv", seal=seal, rehearse=rehearse)


def counts(report: ImportReport) -> dict[str, int]:
    """Return what was counted, without zeros."""
    return {outcome.value: count for outcome, count in report.counts.items() if count}


def emails(store: Store) -> list[str]:
    """Return who is on the list."""
    return [reader.email for reader in store.subscribers.walk()]


def refused_lines(report: ImportReport) -> list[int]:
    """Return the lines that were not taken."""
    return [refusal.line for refusal in report.refused]


def reasons(report: ImportReport) -> str:
    """Return why, one reason a line."""
    return "\n".join(refusal.reason for refusal in report.refused)
