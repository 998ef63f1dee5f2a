"""What `digest send` and `digest status` do: the plan, the freeze, the engine, and how everyone stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.addressing import example_reader, refuse_blanks, survey
from digest.errors import ProviderError, UsageError
from digest.model import Plan, Tally
from digest.providers.finding import load_provider
from digest.sending import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from digest.config import Settings
    from digest.model import Delivery, Edition
    from digest.providers import Provider
    from digest.publishing.newsroom import Newsroom
    from digest.store import Frozen, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How an issue stands with its readers."""

    slug: str
    fingerprint: str
    tally: Tally
    begun_at: datetime

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {"issue": self.slug, "edition": self.fingerprint, **asdict(self.tally)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What sending an issue comes to: a plan for one that is new, the progress of one that was begun."""

    slug: str
    subject: str
    plan: Plan | None
    progress: Progress | None
    changed: bool = False
    """Whether the issue reads otherwise now than what was frozen when it was begun."""

    @property
    def readers(self) -> int:
        """How many readers are still to be written to."""
        if self.progress:
            return self.progress.tally.queued
        return self.plan.audience.readers if self.plan else 0

    def facts(self) -> dict[str, object]:
        """Return what ``--dry-run --json`` prints."""
        if self.progress or not self.plan:
            return self.progress.facts() if self.progress else {}
        audience = self.plan.audience
        return {
            "issue": self.slug,
            "edition": self.plan.edition.fingerprint,
            "plan": self.plan.key,
            "provider": self.plan.provider,
            "readers": audience.readers,
            "excluded": dict(audience.excluded),
            "batches": self.plan.batches,
        }


def provider_of(settings: Settings) -> Provider:
    """
    Return the provider that the settings name.

    Raises:
        SettingsError: it does not exist, or its settings are wrong.
    """
    choice = settings.provider
    return load_provider(
        choice.name,
        root=settings.root,
        api_url=choice.api_url,
        options=choice.options,
        environ=settings.environ,
    )


def next_issue(newsroom: Newsroom, store: Store) -> Path | None:
    """
    Return the one issue that is ready and not yet sent; None when every ready one has been.

    Raises:
        UsageError: there are several, and a person has to say which.
    """
    settled = store.ledger.settled_slugs()
    ready = [path for path in newsroom.paths() if (issue := newsroom.read(path)).ready and issue.slug not in settled]
    if len(ready) > 1:
        msg = f"{len(ready)} issues are ready to be sent"
        raise UsageError(msg, hint=f"Say which: {', '.join(path.stem for path in ready)}")
    return ready[0] if ready else None


def prepare(newsroom: Newsroom, store: Store, provider: Provider, path: Path) -> Dispatch:
    """
    Return what sending an issue would do; nothing is changed.

    Raises:
        ContentError: the issue or a template has something to mend, or some reader would get a blank.
        ProviderError: the provider cannot carry the edition.
        UsageError: there is nobody to write to, or the issue was begun with another provider.
    """
    edition = newsroom.render(newsroom.read(path))
    subject = edition.subject.fill(example_reader(edition, newsroom.settings.fields).values)
    progress = progress_of(store, edition.slug)
    if progress is None:
        return Dispatch(slug=edition.slug, subject=subject, plan=_plan(edition, store, provider), progress=None)
    changed = progress.fingerprint != edition.fingerprint
    return Dispatch(slug=edition.slug, subject=subject, plan=None, progress=progress, changed=changed)


def _plan(edition: Edition, store: Store, provider: Provider) -> Plan:
    if edition.images and not provider.limits.inline_images:
        msg = f"{provider.name} cannot carry images inside a message"
        raise ProviderError(msg, hint="Under [assets] in digest.toml, set `url` to where the images are published.")
    audience = survey(store.subscribers)
    if not audience.readers:
        msg = "there is nobody to write to"
        raise UsageError(msg, hint="Put readers on the list: digest subscribers import FILE")
    refuse_blanks(edition, store.subscribers)
    return Plan(edition=edition, provider=provider.name, audience=audience, batch_size=provider.limits.messages)


def carry_out(dispatch: Dispatch, store: Store, provider: Provider, report: Callable[[Tally], None]) -> Progress:
    """
    Send an issue: freeze it for its audience, unless it was begun, and deliver what is left.

    The caller holds the store for sending. What was begun is finished as it was frozen, for those for whom it was.

    Raises:
        ProviderError: nothing could be sent.
        IncompleteError: some readers are left.
        UsageError: it was begun with another provider.
    """
    frozen = store.ledger.freeze(dispatch.plan, now=_now()) if dispatch.plan else store.ledger.find(dispatch.slug)
    if frozen is None:
        msg = f'nobody has begun to send "{dispatch.slug}"'
        raise UsageError(msg)
    if frozen.provider != provider.name:
        msg = f"the issue was begun with the provider {frozen.provider}, and now {provider.name} is set"
        raise UsageError(msg, hint=f"Finish it first: DIGEST_PROVIDER={frozen.provider} digest send {frozen.slug}")
    Engine(ledger=store.ledger, provider=provider, now=_now, report=report).deliver(frozen)
    return _progress(store, frozen)


def progress_of(store: Store, slug: str) -> Progress | None:
    """Return how an issue stands; None when nobody has begun to send it."""
    frozen = store.ledger.find(slug)
    return _progress(store, frozen) if frozen else None


def _progress(store: Store, frozen: Frozen) -> Progress:
    tally = store.ledger.tally(frozen)
    return Progress(slug=frozen.slug, fingerprint=frozen.fingerprint, tally=tally, begun_at=frozen.frozen_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one issue of the newsletter stands."""

    slug: str
    ready: bool
    send_at: datetime | None
    progress: Progress | None

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints; an issue that nobody has begun to send has counts of 0 and no edition."""
        nothing = {"issue": self.slug, "edition": None, **asdict(Tally())}
        return self.progress.facts() if self.progress else nothing


def overview(newsroom: Newsroom, store: Store, paths: Sequence[Path]) -> list[Standing]:
    """
    Return how issues stand.

    Raises:
        ContentError: an issue cannot be read.
    """
    issues = [newsroom.read(path) for path in paths]
    return [
        Standing(slug=issue.slug, ready=issue.ready, send_at=issue.send_at, progress=progress_of(store, issue.slug))
        for issue in issues
    ]


def deliveries_of(store: Store, slug: str) -> Iterator[Delivery]:
    """Return what became of each reader of an issue, in the order in which they joined."""
    frozen = store.ledger.find(slug)
    return store.ledger.deliveries(frozen) if frozen else iter(())


def _now() -> datetime:
    return datetime.now(UTC)
