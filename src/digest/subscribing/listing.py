"""The list as it is shown and written out."""

from __future__ import annotations

import csv
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import IO, TYPE_CHECKING

from digest.addressing import find_segment
from digest.errors import UsageError
from digest.model import Standing
from digest.subscribing.importing import check_declared
from digest.subscribing.newcomers import CONSENT
from digest.subscribing.rows import guard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from digest.config import Settings
    from digest.model import Subscriber
    from digest.store import Store
    from digest.store.subscribers import Record


def list_readers(
    store: Store,
    *,
    fields: Collection[str],
    standing: str | None = None,
    tag: str | None = None,
    without: str | None = None,
) -> Iterator[tuple[Subscriber, datetime | None]]:
    """
    Return readers in the order in which they were added, each with the end of the pause that they are in.

    `without` names a field that they have no value for.

    Raises:
        UsageError: no such field is declared.
    """
    if without:
        check_declared(without, ["name", *fields])
    readers = store.subscribers.walk(standing=Standing(standing) if standing else None, tag=tag)
    wanted = (reader for reader in readers if without is None or not reader.values.get(without))
    return store.pauses.beside(wanted, datetime.now(UTC))


def count_readers(store: Store) -> dict[str, int]:
    """Return how many readers there are of every standing."""
    return {standing.value: count for standing, count in store.subscribers.count().items()}


def count_paused(store: Store) -> int:
    """Return how many of the active are in a pause."""
    return store.pauses.count(datetime.now(UTC))


def count_segment(store: Store, settings: Settings, text: str) -> int:
    """
    Return how many of a segment, by its name or its expression, may be written to.

    Raises:
        UsageError: it cannot be read, or names a tag or an issue that does not exist.
    """
    return store.audiences.measure(find_segment(text, settings, store)).readers


def count_segments(store: Store, settings: Settings) -> dict[str, int | None]:
    """Return how many of each segment that has a name may be written to; None where it names what does not exist."""
    counts: dict[str, int | None] = dict.fromkeys(settings.segments)
    for name in counts:
        with suppress(UsageError):
            counts[name] = count_segment(store, settings, name)
    return counts


def export_readers(
    store: Store,
    stream: IO[str],
    *,
    fields: Sequence[str],
    standing: str | None = None,
    raw: bool = False,
    tokens: bool = False,
) -> int:
    """
    Write readers as a CSV that `import_readers` takes, and return how many; no standing means all.

    Cells that a spreadsheet would take for formulas are guarded with a quote, unless `raw` is asked for. With `tokens`
    it has what readers are called in public addresses, too, so that these stay the same from wherever it is sent.
    """
    writer = csv.writer(stream, lineterminator="\n")
    named = ["token"] if tokens else []
    writer.writerow(["email", "name", *fields, "tags", "standing", "joined", "paused_until", *CONSENT, *named])
    records = store.subscribers.records(standing=Standing(standing) if standing else None)
    count = 0
    while block := [*islice(records, 1000)]:
        count += len(block)
        rows = (_cells(record, fields) + [f"{store.name}.{record.name}"] * tokens for record in block)
        writer.writerows(rows if raw else (map(guard, row) for row in rows))
    return count


def _cells(record: Record, fields: Sequence[str]) -> list[str]:
    reader, consent = record.subscriber, record.consent
    return [
        reader.email,
        reader.name,
        *(reader.fields.get(name, "") for name in fields),
        ";".join(reader.tags),
        reader.standing.value,
        _stamp(record.joined_at),
        _stamp(record.paused_until),
        _stamp(consent.at),
        consent.how,
        consent.source,
        consent.words,
    ]


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
