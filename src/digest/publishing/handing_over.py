"""What `digest send` does where a service owns its list: the issue is handed over whole, once, as a draft first."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.addressing import example_reader
from digest.errors import IncompleteError, ProviderError, UsageError
from digest.model import Severity
from digest.publishing.campaigning import Steps, find_campaigns
from digest.publishing.choosing import next_issue
from digest.publishing.issues import FAULTS
from digest.publishing.planning import refuse_what_cannot_be_carried
from digest.publishing.proofing import count, make_proof, read_past, vet
from digest.publishing.scheduling.timing import moment_ahead, refuse_lateness
from digest.sending.talking import Line
from digest.store import Stage
from digest.wire.answers import UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from digest.checking.proof import Proof
    from digest.errors import DigestError
    from digest.model import Edition
    from digest.providers import Campaign, OwnsList
    from digest.publishing.choosing import Wishes
    from digest.publishing.newsroom import Newsroom
    from digest.store import Handed, Store

HANDING_OVER = "handing over an issue"
"""The name that one process holds while it does."""
_GO_ON = "Run it again: it looks first at what is there, and nothing is sent twice."
_NEITHER = "Leave out --segment, --plan, --amend and --to-new."


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """An issue that a service takes whole: how it stands there, and what there is to do."""

    slug: str
    subject: str
    service: OwnsList
    edition: Edition | None = None
    """What it says; None where its file cannot be read any more, after it was handed over."""
    campaigns: Sequence[Campaign] = ()
    """What the service has of it, the one that counts first."""
    handed: Handed | None = None
    """What is written down of it; None as long as nothing was begun."""
    changed: bool = False
    """Whether the issue reads otherwise now than what was handed over."""
    allowed: tuple[str, ...] = ()
    """The rules that are let pass in it."""
    warnings: int = 0
    """Of how much the rules warn."""
    stop: DigestError | None = None
    """What ended it in the middle."""

    @property
    def campaign(self) -> Campaign | None:
        """The issue, as the service has it."""
        return self.campaigns[0] if self.campaigns else None

    @property
    def others(self) -> Sequence[Campaign]:
        """What else the service has of the issue: drafts that two programs made at once, or a person's copies."""
        return self.campaigns[1:]

    @property
    def stage(self) -> Stage | None:
        """How far it is, as the service says, or else as it was written down."""
        if self.campaign:
            return Stage(self.campaign.progress.value)
        return self.handed.stage if self.handed else None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do here."""
        return self.stage in {Stage.SCHEDULED, Stage.SENDING, Stage.SENT, Stage.STOPPED}

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        url = self.campaign.url if self.campaign else self.handed.url if self.handed else ""
        known = self.campaign.id if self.campaign else self.handed.campaign if self.handed else ""
        return {
            "issue": self.slug,
            "edition": (self.handed.fingerprint if self.handed else "") or None,
            "provider": self.service.name,
            "campaign": known or None,
            "url": url or None,
            "progress": self.stage.value if self.stage else None,
            "others": [other.id for other in self.others],
        }

    def raise_unless_complete(self) -> None:
        """
        Raise what ended it, or say that it was stopped over there.

        Raises:
            ProviderError: the service refused or cannot be reached; nothing was published.
            IncompleteError: it may have been published, or somebody has stopped it over there.
        """
        if self.stop:
            raise self.stop
        if self.stage is Stage.STOPPED:
            msg = f"{self.slug} was paused or cancelled over there"
            place = self.campaign.url if self.campaign and self.campaign.url else self.service.destination
            raise IncompleteError(msg, hint=f"Decide over there what becomes of it: {place}")


def prepare(newsroom: Newsroom, store: Store, service: OwnsList, name: str | None, wishes: Wishes) -> HandOver | None:
    """
    Return how an issue stands, and so what handing it over would do; nothing is changed, here or there.

    Args:
        newsroom: the newsletter.
        store: what is written down of it.
        service: that of the settings.
        name: the issue's path or slug; without it, the one that is ready or was begun, or None if there is none.
        wishes: what else is asked for.

    Raises:
        ContentError: the issue has something to mend, the rules find an error, or it is too late.
        ProviderError: the service cannot carry it, or cannot be asked.
        UsageError: there is no such issue, or it is on its way otherwise.
    """
    if wishes.segment or wishes.plan or wishes.amend or wishes.to_new:
        msg = f"{service.name} writes to a list of its own, so readers are chosen there"
        raise UsageError(msg, hint=_NEITHER)
    slug = _slug_of(newsroom, store, name) if name else _next(newsroom, store)
    if slug is None:
        return None
    handed = store.handovers.find(slug)
    _refuse_another_way(store, service, slug, handed)
    if handed and handed.stage.is_done:
        there = _look_again(newsroom, service, handed)
        if there.is_done or there.stage is Stage.STOPPED:
            return there  # else somebody has made it a draft again, which is to be sent, or not, as any other
    issue = newsroom.read(newsroom.find(name or slug))
    proof = make_proof(newsroom, issue, now=_now(), past=read_past(store, slug))
    edition = _edition(proof, service, wishes)
    begun = handed if handed and handed.fingerprint == edition.fingerprint else None  # held to the rules then
    findings = [] if begun else vet(proof, wishes.allow)
    return HandOver(
        slug=slug,
        subject=_subject(newsroom, edition),
        service=service,
        edition=edition,
        campaigns=_ask(service, edition, handed),
        handed=handed,
        allowed=begun.allowed if begun else wishes.allow,
        warnings=count(findings, Severity.WARNING),
    )


def _slug_of(newsroom: Newsroom, store: Store, name: str) -> str:
    return name if store.handovers.find(name) else newsroom.slug_of(newsroom.find(name))


def _next(newsroom: Newsroom, store: Store) -> str | None:
    handed = store.handovers.all()
    begun = {one.slug for one in handed} | {frozen.slug for frozen in store.mailings.all()}
    unfinished = [one.slug for one in handed if not one.stage.is_done and one.stage is not Stage.STOPPED]
    return next_issue(newsroom, begun=begun, unfinished=unfinished)


def _refuse_another_way(store: Store, service: OwnsList, slug: str, handed: Handed | None) -> None:
    frozen = store.mailings.find(slug)
    before = handed.provider if handed else frozen.provider if frozen else service.name
    if frozen or before != service.name:
        _refuse_begun(slug, before, service.name)


def refuse_handed_over(store: Store, slug: str, provider: str) -> None:
    """
    See to it that nothing is sent reader by reader that a service has taken whole: everyone would get it twice.

    Raises:
        UsageError: it was handed over.
    """
    handed = store.handovers.find(slug)
    if handed:
        _refuse_begun(slug, handed.provider, provider)


def _refuse_begun(slug: str, before: str, now: str) -> None:
    msg = f"the issue was begun with the provider {before}, and now {now} is set"
    raise UsageError(msg, hint=f"How it stands: digest status {slug}")


def _edition(proof: Proof, service: OwnsList, wishes: Wishes) -> Edition:
    issue, edition = proof.issue, proof.edition
    if not wishes.late:
        refuse_lateness(issue, proof.settings.send, _now())
    if wishes.ahead:
        edition = replace(edition, deliver_at=moment_ahead(issue, service, _now()))
    refuse_what_cannot_be_carried(edition, service)
    service.check(edition)
    return edition


def _look_again(newsroom: Newsroom, service: OwnsList, handed: Handed) -> HandOver:
    """Return how an issue stands that the service has; what was sent is not asked for any more."""
    try:
        issue = newsroom.read(newsroom.find(handed.slug))
        edition = newsroom.render(issue)
    except (*FAULTS, UsageError):  # it is broken, or gone
        return HandOver(slug=handed.slug, subject="", service=service, handed=handed)
    words = {edition.fingerprint, replace(edition, deliver_at=issue.send_at).fingerprint, ""}
    return HandOver(
        slug=handed.slug,
        subject=_subject(newsroom, edition),
        service=service,
        edition=edition,
        campaigns=() if handed.stage is Stage.SENT else _ask(service, edition, handed),
        handed=handed,
        changed=handed.fingerprint not in words,
        allowed=handed.allowed,
    )


def _subject(newsroom: Newsroom, edition: Edition) -> str:
    return edition.subject.fill(example_reader(edition, newsroom.settings.fields).values)


def _ask(service: OwnsList, edition: Edition, handed: Handed | None) -> Sequence[Campaign]:
    with Line(lambda _words: None, time.sleep) as fetch:
        return find_campaigns(service, edition, handed, fetch)


def carry_out(
    handover: HandOver, store: Store, *, report: Callable[[str], None], wait: Callable[[float], None] = time.sleep
) -> HandOver:
    """
    Hand an issue over: find it or draft it, publish it, and say how it stands.

    What was done when it was prepared is only looked at again, and written down.

    Args:
        handover: what `prepare` returned.
        store: where each step is written down.
        report: is told, in a few words, why it takes longer.
        wait: waits so many seconds.

    Raises:
        IncompleteError: another process is at it.
        UsageError: it was begun otherwise meanwhile.
    """
    if handover.edition is None or (handover.handed and handover.handed.stage is Stage.SENT):
        return handover
    with store.hold(HANDING_OVER):
        _refuse_another_way(store, handover.service, handover.slug, store.handovers.find(handover.slug))
        handed = store.handovers.begin(handover.slug, provider=handover.service.name, now=_now())
        steps = Steps(
            handover.service,
            handover.edition,
            store,
            Line(report, wait),
            handed=replace(handed, allowed=handover.allowed),
            campaigns=handover.campaigns,
        )
        try:
            steps.take(done=handover.is_done)
        except UnclearError as error:
            stop: DigestError = IncompleteError(error.sentence, hint=_GO_ON)
            stop.__cause__ = error
        except (ProviderError, IncompleteError) as error:
            stop = error
        else:
            return replace(handover, campaigns=steps.campaigns, handed=steps.handed)
    return replace(handover, campaigns=steps.campaigns, handed=steps.handed, stop=stop)


def _now() -> datetime:
    return datetime.now(UTC)
