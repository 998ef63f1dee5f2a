"""
Sends that are written down nowhere: a test to a few addresses, and a rehearsal for everyone in a provider's sandbox.

Nobody's token is in them, so that no one unsubscribes by trying the link; and nobody's number, so that what a provider
tells of a test is never taken for news of a reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.addressing import EXAMPLE_TOKEN, example_reader, find_segment
from digest.checking.examination import examine
from digest.errors import ContentError, IncompleteError, ProviderError, UsageError
from digest.model import Address, Edition, Readers, Severity, Subscriber, Tally
from digest.publishing.choosing import provider_of
from digest.publishing.planning import make_plan, refuse_what_cannot_be_carried
from digest.publishing.proofing import count, make_proof_for_all, vet
from digest.sending import Engine, Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from threading import Event

    from digest.errors import DigestError
    from digest.providers import Provider
    from digest.publishing.choosing import Wishes
    from digest.publishing.newsroom import Newsroom
    from digest.sending import Report
    from digest.store import Store

_MARK = "[Test] "
_NOBODYS_ID = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A send for trying out."""

    edition: Edition
    subject: str
    provider: Provider
    kind: str
    """``test`` or ``sandbox``."""
    readers: int
    batches: Iterable[Readers] = field(repr=False)
    errors: int = 0
    """How many errors the rules find in it, for which it would not be sent to its readers."""
    tally: Tally = field(default_factory=Tally)
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why readers were refused or are in doubt, and how many."""
    stop: DigestError | None = None
    """What ended it before everyone was written to."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {
            "issue": self.edition.slug,
            "edition": self.edition.fingerprint,
            "trial": self.kind,
            "provider": self.provider.name,
            "sent": self.tally.sent,
            "refused": self.tally.refused,
            "skipped": self.tally.skipped,
            "queued": self.readers - self.tally.total,
            "in_doubt": self.tally.in_doubt,
            "reasons": dict(self.reasons),
            "errors": self.errors,
        }

    def raise_unless_complete(self) -> None:
        """
        Raise what stopped it, or say that not everything was taken.

        Raises:
            ProviderError: nothing was taken.
            IncompleteError: some of it was not.
        """
        if self.stop:
            raise self.stop
        missing = self.readers - self.tally.sent
        if missing:
            why = "; ".join(self.reasons) or "it was stopped"
            msg = f"{self.provider.name} did not take {missing:,} of {self.readers:,} messages: {why}"
            hint = "Nothing was written down, so mend it and try again."
            raise IncompleteError(msg, hint=hint) if self.tally.sent else ProviderError(msg, hint=hint)


def prepare_test(newsroom: Newsroom, store: Store, name: str, addresses: Sequence[str], *, sandbox: bool) -> Trial:
    """
    Return a send of an issue to a few addresses, with its subject marked; each is filled as its reader's would be.

    Raises:
        ContentError: the issue or a template has something to mend.
        ProviderError: the provider cannot carry it.
        SettingsError: there is no such provider, or its settings are wrong.
        UsageError: there is no such issue, or an address is none.
    """
    provider = provider_of(newsroom.settings, sandbox=sandbox)
    edition = newsroom.render(newsroom.read(newsroom.find(name)))
    first, *rest = edition.subject.texts
    edition = replace(edition, subject=replace(edition.subject, texts=(_MARK + first, *rest)))
    refuse_what_cannot_be_carried(edition, provider)
    example = example_reader(edition, newsroom.settings.fields)
    readers = [_reader(address, example, store) for address in dict.fromkeys(addresses)]
    size = provider.limits.messages
    return Trial(
        edition=edition,
        subject=edition.subject.fill(example.values),
        provider=provider,
        kind="sandbox" if sandbox else "test",
        readers=len(readers),
        batches=[Readers.of(readers[start : start + size]) for start in range(0, len(readers), size)],
    )


def count_errors(newsroom: Newsroom, store: Store, name: str) -> int:
    """
    Return how many errors the rules find in an issue, for whoever sends a test of it.

    Raises:
        ContentError: the issue or a template has something to mend.
        SettingsError: ``digest.toml`` names a rule that does not exist.
        UsageError: there is no such issue.
    """
    issue = newsroom.read(newsroom.find(name))
    return count(examine(make_proof_for_all(newsroom, issue, store, now=datetime.now(UTC))), Severity.ERROR)


def _reader(address: str, example: Subscriber, store: Store) -> Subscriber:
    try:
        email = Address.parse(address).email
    except ValueError as error:
        msg = "what stands behind --to is no email address"
        raise UsageError(msg, hint="Such as --to editor@example.org; it can be given more than once.") from error
    known = store.subscribers.find(email)
    given = {name: value for name, value in known.fields.items() if value} if known else {}
    return replace(
        example,
        id=_NOBODYS_ID,
        email=email,
        name=known.name if known else "",
        fields={**example.fields, **given},
        token=EXAMPLE_TOKEN,
    )


def prepare_sandbox(newsroom: Newsroom, store: Store, name: str, wishes: Wishes) -> Trial:
    """
    Return a send of an issue to everyone who would get it, in which the provider checks all and delivers nothing.

    Raises:
        ContentError: the issue or a template has something to mend, or the rules find an error.
        ProviderError: the provider cannot carry it.
        SettingsError: there is no such provider, or its settings are wrong.
        UsageError: there is no such issue or segment, nobody to write to, or the provider has no sandbox.
    """
    provider = provider_of(newsroom.settings, sandbox=True)
    now = datetime.now(UTC)
    issue = newsroom.read(newsroom.find(name))
    chosen = find_segment(wishes.segment, newsroom.settings, store)
    proof = make_proof_for_all(newsroom, issue, store, now=now, segment=chosen)
    edition = proof.edition
    refuse_what_cannot_be_carried(edition, provider)  # of which a rule would tell too, as of the issue's fault
    errors = count(vet(proof, wishes.allow), Severity.ERROR)
    plan = make_plan(issue, edition, store=store, provider=provider, segment=chosen, now=now)
    return Trial(
        edition=edition,
        subject=edition.subject.fill(example_reader(edition, newsroom.settings.fields).values),
        provider=provider,
        kind="sandbox",
        readers=plan.audience.readers,
        batches=map(_nobody, store.audiences.walk(chosen, plan.batch_size, edition.fields)),
        errors=errors,
    )


def _nobody(readers: Readers) -> Readers:
    """Return readers without what leads back to them."""
    count = len(readers)
    return Readers(ids=[_NOBODYS_ID] * count, columns={**readers.columns, "token": [EXAMPLE_TOKEN] * count})


def perform(trial: Trial, *, stop_after: int, report: Report, stopping: Event) -> Trial:
    """
    Carry a trial out, and return it with what came of it.

    Args:
        trial: what one of the functions above returned; it is used once.
        stop_after: so many requests in a row that were of no use end it.
        report: is told every step.
        stopping: once it is set, nothing new is begun.
    """
    rehearsal = Rehearsal(trial.edition, trial.batches)
    engine = Engine(
        claims=rehearsal,
        provider=trial.provider,
        now=lambda: datetime.now(UTC),
        report=report,
        stop_after=stop_after,
        stopping=stopping,
    )
    stop: DigestError | None = None
    try:
        engine.deliver()
    except (ProviderError, ContentError, IncompleteError) as error:
        stop = error
    return replace(trial, tally=rehearsal.tally, reasons=rehearsal.reasons, stop=stop)
