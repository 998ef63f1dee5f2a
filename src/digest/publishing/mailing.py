"""What `digest send` does: the plan of a mailing, its freeze, and the engine at work on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.addressing import example_reader, find_segment, refuse_blanks
from digest.errors import ContentError, IncompleteError, ProviderError, SettingsError, UsageError
from digest.publishing.choosing import Wishes, next_issue, slug_of
from digest.publishing.handing_over import refuse_handed_over
from digest.publishing.issues import FAULTS
from digest.publishing.planning import (
    make_plan,
    refuse_another_list,
    refuse_another_way,
    refuse_many_newcomers,
    refuse_repetition,
    refuse_short_list,
    refuse_stale_suppressions,
    refuse_what_cannot_be_carried,
    refuse_without_key,
)
from digest.publishing.proofing import make_proof_for_all, vet
from digest.publishing.recalling import with_recall
from digest.publishing.scheduling.timing import moment_ahead, refuse_lateness
from digest.publishing.status import paused, progress_of
from digest.sending import Engine
from digest.store import BegunError, Course
from digest.store.syncs import account_of

if TYPE_CHECKING:
    from threading import Event

    from digest.config import Settings
    from digest.errors import DigestError
    from digest.model import Edition, Plan
    from digest.providers import Provider
    from digest.publishing.newsroom import Newsroom
    from digest.publishing.status import Progress
    from digest.segments import Segment
    from digest.sending import Report
    from digest.store import Frozen, Store

_GOES_ON = "goes on from here, and nobody gets it twice."
_GO_ON = f"Run it again: it {_GOES_ON}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """The sending of an issue: a plan while it is new, its progress once it was begun."""

    slug: str
    subject: str
    provider: Provider
    account: str = ""
    """Whose pace it is that all keep who send through the same account; see `digest.store.syncs.account_of`."""
    segment: Segment | None = None
    plan: Plan | None = None
    progress: Progress | None = None
    changed: bool = False
    """Whether the issue reads otherwise now than what was frozen when it was begun."""
    amendment: Edition | None = None
    """What those who are still queued are to get from now on, where that was asked for."""
    allowed: tuple[str, ...] = ()
    """The rules that were let pass in the amendment."""
    overdue: bool = False
    """Whether it was to be delivered by the provider at a moment that has come, so that the rest leaves at once."""
    newcomers: int = 0
    """How many joined since it was begun, where they were asked for."""
    stop: DigestError | None = None
    """What ended the sending before everyone was settled."""

    @property
    def readers(self) -> int:
        """How many readers are still to be written to."""
        if self.progress:
            return self.progress.tally.queued + self.newcomers
        return self.plan.audience.readers if self.plan else 0

    @property
    def _is_settled(self) -> bool:
        """Whether nothing is left to be done, so that what ended the sending does not matter."""
        return self.progress is not None and not (self.progress.tally.queued or self.progress.tally.in_doubt)

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints: the progress, or the plan where nothing was begun."""
        if self.progress or not self.plan:
            return self.progress.facts() if self.progress else {}
        plan, audience = self.plan, self.plan.audience
        return {
            "issue": self.slug,
            "edition": plan.edition.fingerprint,
            "plan": plan.key,
            "provider": plan.provider,
            "segment": plan.segment,
            "readers": audience.readers,
            "excluded": dict(audience.excluded),
            "last": plan.last,
            "growth": plan.growth,
            "batches": plan.batches,
            "bytes": plan.bytes,
            "seconds": plan.seconds,
            "findings": list(plan.findings),
            "warnings": plan.warnings,
            "allowed": list(plan.allowed),
        }

    def raise_unless_complete(self) -> None:
        """
        Raise what stopped the sending, or say that some readers are left.

        Raises:
            ProviderError: the provider cannot be reached or takes nothing, and nothing was sent.
            IncompleteError: some readers are queued or in doubt.
        """
        if self.stop and not self._is_settled:
            raise self.stop
        if self.progress and self.progress.course is Course.PAUSED:
            raise paused(self.slug, self.progress.held)
        if self.progress and self.progress.tally.queued:
            msg = f"{self.progress.tally.queued:,} readers are still queued, or in the hands of another digest"
            raise IncompleteError(msg, hint=_GO_ON)
        if self.progress and self.progress.tally.refused and not self.progress.tally.sent:
            msg = f"{self.provider.name} refused every reader"
            raise ProviderError(
                msg, hint=f"Why: digest status {self.slug} --recipients; then: digest retry {self.slug}"
            )
        if self.progress and self.progress.tally.in_doubt:
            msg = "nobody knows whether the readers in doubt got it, so it is not sent to them again"
            raise IncompleteError(msg, hint=f"Who they are, and what to do: digest resolve {self.slug}")


def prepare(newsroom: Newsroom, store: Store, provider: Provider, name: str | None, wishes: Wishes) -> Mailing | None:
    """
    Return what sending an issue would do; nothing is changed.

    Args:
        newsroom: the newsletter.
        store: its readers and its ledger.
        provider: who delivers.
        name: the issue's path or slug; without it, the one that is ready or was begun, or None if there is none.
        wishes: what else is asked for.

    Raises:
        ContentError: the issue or a template has something to mend, the rules find an error, many more readers would
            get it than the last issue, or it is too late.
        ProviderError: the provider cannot carry the edition, or its suppressions are not taken over.
        IncompleteError: they are not, and the issue was begun.
        UsageError: there is no such issue or segment, nobody to write to, or it was begun otherwise.
    """
    slug = slug_of(newsroom, store, name) if name else _next(newsroom, store)
    if slug is None:
        return None
    refuse_handed_over(store, slug, provider.name)
    refuse_without_key(provider, newsroom.settings)
    frozen = store.mailings.find(slug)
    if frozen:
        mailing = _resume(newsroom, store, provider, frozen, wishes)
    else:
        mailing = _begin(newsroom, store, provider, name or slug, wishes)
    if mailing.readers:
        refuse_stale_suppressions(provider, store, frozen, newsroom.settings, _now())
    return replace(mailing, account=account_of(newsroom.settings))


def _next(newsroom: Newsroom, store: Store) -> str | None:
    begun = {frozen.slug for frozen in store.mailings.all()} | {handed.slug for handed in store.handovers.all()}
    unfinished = [frozen.slug for frozen in store.mailings.unfinished() if frozen.course is Course.OPEN]
    return next_issue(newsroom, begun=begun, unfinished=unfinished)


def _begin(newsroom: Newsroom, store: Store, provider: Provider, name: str, wishes: Wishes) -> Mailing:
    if wishes.amend or wishes.to_new:
        msg = "this issue has not been begun, so there is nothing to amend and nobody who came later"
        raise UsageError(msg, hint="Leave out --amend and --to-new.")
    now = _now()
    issue = newsroom.read(newsroom.find(name))
    segment = find_segment(wishes.segment, newsroom.settings, store)
    proof = make_proof_for_all(newsroom, issue, store, now=now, segment=segment)
    refuse_what_cannot_be_carried(proof.edition, provider)  # of which a rule would tell too, as of the issue's fault
    plan = make_plan(
        issue,
        replace(proof.edition, deliver_at=moment_ahead(issue, provider, now)) if wishes.ahead else proof.edition,
        store=store,
        provider=provider,
        segment=segment,
        now=now,
        findings=vet(proof, wishes.allow),
        allowed=wishes.allow,
    )
    limits = newsroom.settings.send
    if not wishes.late:
        refuse_lateness(issue, limits, now)
    if wishes.plan and wishes.plan != plan.key:
        msg = f"the plan is no longer {wishes.plan}: the issue, the readers or the provider have changed"
        raise UsageError(msg, hint=f"Look at the new one, {plan.key}: digest send {plan.edition.slug} --dry-run")
    if not wishes.plan:  # by its key, somebody vouches for the plan that they have seen
        refuse_another_list(plan, limits)
        refuse_repetition(plan, store)
    subject = _subject(plan.edition, newsroom.settings)
    return Mailing(slug=plan.edition.slug, subject=subject, provider=provider, segment=segment, plan=plan)


def _resume(newsroom: Newsroom, store: Store, provider: Provider, frozen: Frozen, wishes: Wishes) -> Mailing:
    progress = progress_of(store, frozen)
    refuse_another_way(provider, frozen, progress.tally, wishes)
    if newsroom.settings.ledger.url:  # so that the list is not what it was frozen by, but read anew
        refuse_short_list(frozen, progress.tally, store)
    if wishes.segment and str(find_segment(wishes.segment, newsroom.settings, store)) != frozen.segment:
        msg = f"{frozen.slug} was begun for {frozen.segment or 'everyone'}, and its readers were fixed then"
        raise UsageError(msg, hint="Leave out --segment; those who joined since are added by --to-new.")
    segment = find_segment(frozen.segment, newsroom.settings, store) if wishes.to_new else None
    begun = store.mailings.edition(frozen.edition_id)
    edition = _as_it_reads_now(newsroom, frozen, begun.deliver_at)
    changed = edition is None or edition.fingerprint != frozen.fingerprint
    amends = wishes.amend and changed
    amendment = None
    overdue = begun.deliver_at is not None and begun.deliver_at <= _now()
    if amends:
        now_says = _vetted(newsroom, store, frozen.slug, wishes)
        amendment = replace(now_says, deliver_at=begun.deliver_at, recall=begun.recall)
        refuse_what_cannot_be_carried(amendment, provider)
    if overdue:
        amendment = replace(amendment or begun, deliver_at=None, recall="")
    newcomers = len(store.ledger.newcomers(frozen, segment)) if wishes.to_new else 0
    refuse_many_newcomers(newcomers, progress.tally.total, newsroom.settings.send)
    if newcomers and not amends:  # who was there from the beginning had what it needs
        refuse_blanks(begun, store.audiences, segment)
    return Mailing(
        slug=frozen.slug,
        subject=_subject(begun, newsroom.settings),
        provider=provider,
        segment=segment,
        progress=progress,
        changed=changed and not wishes.amend,
        amendment=amendment,
        allowed=wishes.allow if amends else frozen.allowed,
        overdue=overdue,
        newcomers=newcomers,
    )


def _as_it_reads_now(newsroom: Newsroom, frozen: Frozen, deliver_at: datetime | None) -> Edition | None:
    try:
        edition = newsroom.render(newsroom.read(newsroom.find(frozen.slug)))
        return replace(edition, deliver_at=deliver_at)
    except (*FAULTS, UsageError):  # it is broken, or gone
        return None


def _vetted(newsroom: Newsroom, store: Store, slug: str, wishes: Wishes) -> Edition:
    """Return an issue as it reads now, held to the rules; for whoever is on the list, since segments may have moved."""
    proof = make_proof_for_all(newsroom, newsroom.read(newsroom.find(slug)), store, now=_now())
    vet(proof, wishes.allow)
    return proof.edition


def _subject(edition: Edition, settings: Settings) -> str:
    return edition.subject.fill(example_reader(edition, settings.fields).values)


def carry_out(mailing: Mailing, store: Store, *, stop_after: int, report: Report, stopping: Event) -> Mailing:
    """
    Send an issue: freeze it for its audience, unless it was begun, deliver what is left, and say how it stands.

    What was begun is finished as it was frozen, for those for whom it was, unless the mailing says otherwise. Several
    programs may be at it together: each batch is claimed by one of them.

    Args:
        mailing: what `prepare` returned.
        store: the newsletter's readers and its ledger.
        stop_after: so many requests in a row that were of no use end it.
        report: is told every step.
        stopping: once it is set, nothing new is begun.

    Raises:
        IncompleteError: the list has changed since the plan was made; nothing was begun.
    """
    frozen = begin(mailing, store)
    stop: DigestError | None = None
    try:
        with store.claims(frozen, abreast=mailing.provider.limits.concurrency) as claims:
            Engine(
                claims=claims,
                provider=mailing.provider,
                now=_now,
                report=report,
                stop_after=stop_after,
                stopping=stopping,
                pace=store.paces.shared(mailing.provider.name, mailing.account, mailing.provider.limits.pace),
            ).deliver()
    except SettingsError as error:  # the database, in the middle
        stop = IncompleteError(error.sentence, hint=error.hint)
        stop.__cause__ = error
    except (ProviderError, ContentError, IncompleteError) as error:
        stop = error
    frozen = store.mailings.get(mailing.slug)
    stop = _weigh(stop, begun=store.deliveries.has_begun(frozen))
    return replace(mailing, progress=progress_of(store, frozen), newcomers=0, stop=stop)


def begin(mailing: Mailing, store: Store) -> Frozen:
    """
    Begin a mailing, or change one that was begun as it was asked; nothing leaves by that.

    Raises:
        IncompleteError: the list has changed since the plan was made; nothing was begun.
        ProviderError: it is handed over ahead, and the provider gives it no name for taking it back.
    """
    if mailing.plan:
        plan = replace(mailing.plan, edition=with_recall(mailing.plan.edition, mailing.provider))
        return _begun_together(plan, mailing.segment, store)
    frozen = store.mailings.get(mailing.slug)
    if mailing.amendment:
        frozen = store.mailings.amend(mailing.amendment, now=_now(), allowed=mailing.allowed)
    if mailing.newcomers:
        store.ledger.extend(frozen, mailing.segment)
    store.mailings.turn(frozen, Course.OPEN)
    return store.mailings.get(mailing.slug)


def _begun_together(plan: Plan, segment: Segment | None, store: Store) -> Frozen:
    """Freeze a plan; where another program was faster with the same one, help it."""
    try:
        return store.ledger.freeze(plan, now=_now(), segment=segment)
    except BegunError:
        frozen = store.mailings.get(plan.edition.slug)
        if (frozen.fingerprint, frozen.segment) != (plan.edition.fingerprint, plan.segment):
            raise
        return frozen


def _weigh(stop: DigestError | None, *, begun: bool) -> DigestError | None:
    """Tell a provider that took nothing at all from one that stopped in the middle."""
    if not isinstance(stop, ProviderError):
        return stop
    weighed = (
        IncompleteError(stop.sentence, hint=f"{stop.hint} Run again, it {_GOES_ON}" if stop.hint else _GO_ON)
        if begun
        else ProviderError(stop.sentence, hint=stop.hint or "Nothing was sent. Run it again when that is mended.")
    )
    weighed.__cause__ = stop.__cause__ or stop
    return weighed


def _now() -> datetime:
    return datetime.now(UTC)
