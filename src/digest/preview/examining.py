"""The rules at work on an issue that is looked at: what `digest check` says of it, as soon as a rule says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.checking.examination import examine
from digest.checking.survey import survey
from digest.errors import CombinedError, DigestError
from digest.model import Finding, Severity
from digest.preview.register import opened, stamp_of
from digest.publishing.proofing import findings_of, proof_of, read_past

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from digest.checking.proof import Past
    from digest.checking.survey import Survey
    from digest.config import Settings
    from digest.model import Edition, Subscriber
    from digest.preview.desk import Sheet

    Background = tuple[Sequence[Past], Survey | None]


class Examiner:
    """Holds issues to the rules; what the database says is kept as long as it would say the same."""

    def __init__(self) -> None:
        self._known: tuple[object, Background] = (None, ((), None))

    def examine(self, sheet: Sheet, reader: Subscriber | None, now: datetime) -> Iterator[Finding]:
        """
        Yield what is to be said of an issue, rule by rule; of one that cannot be read or rendered, why.

        Args:
            sheet: the issue.
            reader: who looks at it; None for the one whose message is the longest.
            now: the present moment.
        """
        try:
            yield from self._examine(sheet, reader, now)
        except DigestError as fault:  # it is none of the issue, but keeps us from saying more
            yield from _told(fault)

    def _examine(self, sheet: Sheet, reader: Subscriber | None, now: datetime) -> Iterator[Finding]:
        for fault in sheet.faults:
            yield from findings_of(fault)
        if sheet.issue is None or sheet.traced is None or sheet.faults:
            return
        past: Sequence[Past] = ()
        readers: Survey | None = None
        try:
            past, readers = self._background(sheet.newsroom.settings, sheet.traced.edition)
        except DigestError as fault:  # most rules ask nothing of the database
            yield from _told(fault)
        yield from examine(
            proof_of(sheet.newsroom, sheet.issue, sheet.traced, now=now, reader=reader, past=past, survey=readers)
        )

    def _background(self, settings: Settings, edition: Edition) -> Background:
        """Return the issues that were sent before, and what is known of all readers."""
        stamp = stamp_of(settings)
        key = (settings.store.url, stamp, edition.slug, *(pattern.slots for pattern in edition.patterns))
        if not stamp or self._known[0] != key:
            self._known = (key, _ask(settings, edition))
        return self._known[1]


def _ask(settings: Settings, edition: Edition) -> Background:
    with opened(settings) as store:
        if store is None:
            return (), None
        return read_past(store, edition.slug), survey(edition, store.audiences, None)


def _told(fault: DigestError) -> Iterator[Finding]:
    """Yield, as findings, what stands in the way of looking any closer."""
    for one in fault.faults if isinstance(fault, CombinedError) else (fault,):
        yield Finding(rule="newsletter", severity=Severity.ERROR, sentence=one.sentence, fix=one.hint, place=one.place)
