"""What `digest send` does: the plan of a mailing, its freeze, and the engine at work on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.addressing import example_reader, refuse_blanks
from digest.errors import IncompleteError, ProviderError, UsageError
from digest.model import Plan
from digest.providers.finding import load_provider
from digest.publishing.newsroom import FAULTS
from digest.publishing.status import progress_of
from digest.sending import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.config import Settings
    from digest.errors import DigestError
    from digest.model import Edition
    from digest.providers import Provider
    from digest.publishing.newsroom import Newsroom
    from digest.publishing.status import Progress
    from digest.store import Frozen, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """The sending of an issue: a plan while it is new, its progress once it was begun."""

    slug: str
    subject: str
    provider: Provider
    plan: Plan | None = None
    progress: Progress | None = None
    draft: bool = False
    """Whether its editor has not yet called it ready."""
    changed: bool = False
    """Whether the issue reads otherwise now than what was frozen when it was begun."""
    stop: DigestError | None = None
    """What ended the sending before everyone was settled."""

    @property
    def readers(self) -> int:
        """How many readers are still to be written to."""
        if self.progress:
            return self.progress.tally.queued
        return self.plan.audience.readers if self.plan else 0

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints: the progress, or the plan where nothing was begun."""
        if self.progress or not self.plan:
            return self.progress.facts() if self.progress else {}
        audience = self.plan.audience
        return {
            "issue": self.slug,
            "draft": self.draft,
            "edition": self.plan.edition.fingerprint,
            "plan": self.plan.key,
            "provider": self.plan.provider,
            "readers": audience.readers,
            "excluded": dict(audience.excluded),
            "batches": self.plan.batches,
        }

    def raise_unless_complete(self) -> None:
        """
        Raise what stopped the sending, or say that some readers are left.

        Raises:
            ProviderError: the provider cannot be reached or takes nothing, and nothing was sent.
            IncompleteError: some readers are queued or in doubt.
        """
        if self.stop:
            raise self.stop
        if self.progress and self.progress.tally.queued:
            msg = f"{self.provider.name} did not take all messages"
            raise IncompleteError(msg, hint="Run it again: it goes on from here, and nobody gets it twice.")
        if self.progress and self.progress.tally.in_doubt:
            msg = "nobody knows whether the readers in doubt got it, so it is not sent to them again"
            raise IncompleteError(msg, hint=f"They are named by: digest status {self.slug} --recipients")


def prepare(newsroom: Newsroom, store: Store, name: str | None) -> Mailing | None:
    """
    Return what sending an issue would do; nothing is changed.

    Args:
        newsroom: the newsletter.
        store: its readers and its ledger.
        name: the issue's path or slug; without it, the one that is ready or was begun, or None if there is none.

    Raises:
        ContentError: the issue or a template has something to mend, or some reader would get a blank.
        ProviderError: the provider cannot carry the edition.
        SettingsError: there is no such provider, or its settings are wrong.
        UsageError: there is no such issue, nobody to write to, or it was begun with another provider.
    """
    slug = _slug_of(newsroom, store, name) if name else _next(newsroom, store)
    if slug is None:
        return None
    provider = _provider(newsroom.settings)
    frozen = store.ledger.find(slug)
    return _resume(newsroom, store, provider, frozen) if frozen else _begin(newsroom, store, provider, name or slug)


def _slug_of(newsroom: Newsroom, store: Store, name: str) -> str:
    """What was begun goes on even where its file is gone or broken: its readers wait for it."""
    return name if store.ledger.find(name) else newsroom.slug_of(newsroom.find(name))


def _next(newsroom: Newsroom, store: Store) -> str | None:
    begun = store.ledger.begun()
    waiting = [slug for slug, unfinished in begun.items() if unfinished]
    waiting += [slug for slug, path in newsroom.by_slug().items() if slug not in begun and newsroom.read(path).ready]
    if len(waiting) > 1:
        msg = f"{len(waiting)} issues are waiting to be sent"
        raise UsageError(msg, hint=f"Say which: {', '.join(waiting)}")
    return waiting[0] if waiting else None


def _provider(settings: Settings) -> Provider:
    choice = settings.provider
    return load_provider(
        choice.name,
        root=settings.root,
        api_url=choice.api_url,
        options=choice.options,
        environ=settings.environ,
    )


def _begin(newsroom: Newsroom, store: Store, provider: Provider, name: str) -> Mailing:
    issue = newsroom.read(newsroom.find(name))
    edition = newsroom.render(issue)
    return Mailing(
        slug=edition.slug,
        subject=_subject(edition, newsroom.settings),
        provider=provider,
        plan=_plan(edition, store, provider),
        draft=not issue.ready,
    )


def _resume(newsroom: Newsroom, store: Store, provider: Provider, frozen: Frozen) -> Mailing:
    progress = progress_of(store, frozen)
    if progress.tally.queued and frozen.provider != provider.name:
        msg = f"the issue was begun with the provider {frozen.provider}, and now {provider.name} is set"
        raise UsageError(msg, hint=f"Finish it first: DIGEST_PROVIDER={frozen.provider} digest send {frozen.slug}")
    return Mailing(
        slug=frozen.slug,
        subject=_subject(store.ledger.edition(frozen), newsroom.settings),
        provider=provider,
        progress=progress,
        changed=_has_changed(newsroom, frozen),
    )


def _has_changed(newsroom: Newsroom, frozen: Frozen) -> bool:
    try:
        edition = newsroom.render(newsroom.read(newsroom.find(frozen.slug)))
    except (*FAULTS, UsageError):  # it is broken, or gone
        return True
    return edition.fingerprint != frozen.fingerprint


def _subject(edition: Edition, settings: Settings) -> str:
    return edition.subject.fill(example_reader(edition, settings.fields).values)


def _plan(edition: Edition, store: Store, provider: Provider) -> Plan:
    if edition.images and not provider.limits.inline_images:
        msg = f"{provider.name} cannot carry images inside a message"
        raise ProviderError(msg, hint="Under [assets] in digest.toml, set `url` to where the images are published.")
    audience = store.subscribers.audience()
    if not audience.readers:
        msg = "there is nobody to write to"
        raise UsageError(msg, hint="Put readers on the list: digest subscribers import FILE")
    refuse_blanks(edition, store.subscribers)
    return Plan(edition=edition, provider=provider.name, audience=audience, batch_size=provider.limits.messages)


def carry_out(mailing: Mailing, store: Store, report: Callable[[int], None]) -> Mailing:
    """
    Send an issue: freeze it for its audience, unless it was begun, deliver what is left, and say how it stands.

    The caller holds the store for sending. What was begun is finished as it was frozen, for those for whom it was.

    Args:
        mailing: what `prepare` returned.
        store: the newsletter's readers and its ledger.
        report: is told after each batch how many readers were in it.

    Raises:
        IncompleteError: the list has changed since the plan was made; nothing was begun.
    """
    frozen = store.ledger.freeze(mailing.plan, now=_now()) if mailing.plan else store.ledger.get(mailing.slug)
    engine = Engine(ledger=store.ledger, provider=mailing.provider, frozen=frozen, now=_now, report=report)
    stop = None
    try:
        engine.deliver()
    except (ProviderError, IncompleteError) as error:
        stop = error
    return replace(mailing, progress=progress_of(store, frozen), stop=stop)


def _now() -> datetime:
    return datetime.now(UTC)
