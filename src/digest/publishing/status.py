"""How issues stand with their readers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from digest.errors import IncompleteError
from digest.model import Tally
from digest.publishing.issues import FAULTS
from digest.store import Course

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.errors import DigestError
    from digest.model import Delivery, EventKind, Issue
    from digest.publishing.issues import Issues
    from digest.store import Frozen, Handed, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the sending of an issue has come."""

    slug: str
    fingerprint: str
    tally: Tally
    begun_at: datetime
    course: Course
    segment: str
    """The expression that chose its readers; empty for everyone."""
    allowed: tuple[str, ...] = ()
    """The rules that were let pass in it."""
    held: str = ""
    """Why it is paused, where no person has paused it."""
    held_by: str = ""
    """Who alone may send it now; blank where nobody has that right."""
    news: Mapping[EventKind, int] = field(default_factory=dict)
    """Of how many readers the provider has told what since."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        held = {name: words for name, words in (("held", self.held), ("held_by", self.held_by)) if words}
        events = {"events": {kind.value: count for kind, count in self.news.items()}} if self.news else {}
        known = {"issue": self.slug, "edition": self.fingerprint, **asdict(self.tally)}
        return known | held | events | _allowed(self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueStatus:
    """How one issue stands: as its editor left it, and with its readers."""

    slug: str
    issue: Issue | None = None
    """None when its file is gone, or cannot be read."""
    fault: DigestError | None = None
    """Why its file cannot be read."""
    progress: Progress | None = None
    """None when nobody has begun to send it."""
    handed: Handed | None = None
    """How far it is with a service that took it whole; None when none did."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints; an issue that nobody has begun to send has counts of 0 and no edition."""
        nothing = {"issue": self.slug, "edition": None, **asdict(Tally())}
        facts = self.progress.facts() if self.progress else nothing
        return facts | {"handed_over": _facts(self.handed)} if self.handed else facts


def _facts(handed: Handed) -> dict[str, object]:
    return {
        "provider": handed.provider,
        "campaign": handed.campaign or None,
        "url": handed.url or None,
        "progress": handed.stage.value,
        "edition": handed.fingerprint or None,
        "at": handed.changed_at.isoformat(),
        **_allowed(handed.allowed),
    }


def _allowed(rules: Sequence[str]) -> dict[str, object]:
    return {"allowed": list(rules)} if rules else {}


def progress_of(store: Store, frozen: Frozen) -> Progress:
    """Return how far the sending of an edition has come."""
    return Progress(
        slug=frozen.slug,
        fingerprint=frozen.fingerprint,
        tally=store.deliveries.tally(frozen),
        begun_at=frozen.frozen_at,
        course=frozen.course,
        segment=frozen.segment,
        allowed=frozen.allowed,
        held=store.mailings.why_held(frozen) if frozen.course is Course.PAUSED else "",
        held_by=store.held_by(frozen),
        news=store.news.counts(frozen),
    )


def paused(slug: str, held: str) -> IncompleteError:
    """Return what to say of a mailing that is paused: by somebody, unless it is `held` for a reason."""
    msg = f"{slug} is held: {held}" if held else f"somebody has paused {slug}"
    return IncompleteError(msg, hint=f"To go on: digest send {slug}. To end it: digest cancel {slug}")


def status_of(issues: Issues, store: Store, name: str) -> IssueStatus:
    """
    Return how one issue stands, called by its path or slug.

    Raises:
        UsageError: there is no such issue, and none was ever sent.
    """
    if store.mailings.find(name) or store.handovers.find(name):
        return _without_file(store, name)
    return _with_file(issues, store, issues.find(name))


def overview(issues: Issues, store: Store) -> list[IssueStatus]:
    """Return how all issues stand, those included whose file is gone since they were sent."""
    there = [_with_file(issues, store, path) for path in issues.paths()]
    begun = {frozen.slug for frozen in store.mailings.all()} | {handed.slug for handed in store.handovers.all()}
    gone = begun - {status.slug for status in there}
    return sorted([*there, *(_without_file(store, slug) for slug in gone)], key=lambda status: status.slug)


def _with_file(issues: Issues, store: Store, path: Path) -> IssueStatus:
    try:
        issue = issues.read(path)
    except FAULTS as fault:
        slug = issues.slug_of(path)
        return _status(store, slug, fault=fault)
    return _status(store, issue.slug, issue=issue)


def _without_file(store: Store, slug: str) -> IssueStatus:
    return _status(store, slug)


def _status(store: Store, slug: str, *, issue: Issue | None = None, fault: DigestError | None = None) -> IssueStatus:
    frozen = store.mailings.find(slug)
    return IssueStatus(
        slug=slug,
        issue=issue,
        fault=fault,
        progress=progress_of(store, frozen) if frozen else None,
        handed=store.handovers.find(slug),
    )


def deliveries_of(store: Store, slug: str) -> Iterator[Delivery]:
    """Return what became of each reader of an issue, in the order in which they joined."""
    frozen = store.mailings.find(slug)
    return store.deliveries.lines(frozen) if frozen else iter(())
