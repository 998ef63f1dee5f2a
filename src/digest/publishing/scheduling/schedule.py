"""When each issue leaves or left, and how it stands, by its front matter and the ledger; nothing is rendered for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.model import MARKER
from digest.publishing.issues import FAULTS
from digest.publishing.scheduling.timing import is_late
from digest.store import Course, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from digest.config import Send
    from digest.errors import DigestError
    from digest.model import Issue
    from digest.publishing.issues import Issues
    from digest.store import Frozen, Handed, Store

RECENT = timedelta(days=7)
"""For how long what has left is of interest; no provider that writes reader by reader keeps messages for longer."""
_OUTDATED = timedelta(days=30)
"""After that, an issue that never left was sent before this ledger began, or nobody means it any more."""
_LAST = datetime.max.replace(tzinfo=UTC)


class Phase(Enum):
    """How an issue stands at a moment."""

    DRAFT = "draft"
    UNDATED = "without a time"
    """It is ready, and nobody has said when it is to leave."""
    COMING = "ready"
    DUE = "due"
    LATE = "too late"
    """Its time was longer ago than the settings allow."""
    OUTDATED = "outdated"
    """Its time was so long ago that it is no longer asked about."""
    BEGUN = "begun"
    """Something is left to be sent."""
    PAUSED = "paused"
    DOUBTED = "in doubt"
    """Everyone was settled but those of whom nobody knows."""
    AHEAD = "handed over"
    """The provider delivers it at its time."""
    STOPPED = "stopped over there"
    """It was paused or cancelled at a service that took it whole, be it from here."""
    SENT = "sent"
    CANCELLED = "cancelled"
    BROKEN = "cannot be read"


OVER = frozenset({Phase.SENT, Phase.CANCELLED, Phase.OUTDATED})
"""Nothing is to come of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the ledger knows of an issue that was begun."""

    at: datetime
    phase: Phase
    provider: str
    deliver_at: datetime | None = None
    """When the provider delivers it, as far as that was looked up."""
    held: str = ""
    """Why it is paused, where no person has paused it."""
    unpublished: bool = False
    """Whether a service that takes it whole was not yet told surely to send it, so that its own time still counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An issue and its time."""

    slug: str
    phase: Phase
    at: datetime | None = None
    """When it leaves or left: the provider's moment, else that of its file, else when it was begun."""
    issue: Issue | None = None
    """Its front matter; None where there is none, or none that can be read."""
    fault: DigestError | None = None
    begun: Begun | None = None

    @property
    def path(self) -> Path | None:
        """Its file or folder, where it can be read."""
        return self.issue.path if self.issue else None

    @property
    def title(self) -> str:
        """Its subject, as far as the front matter has one, with a sign where readers differ; else its name."""
        subject = (self.issue.subject or self.issue.title) if self.issue else ""
        return MARKER.sub("…", subject) or self.slug

    @property
    def moved(self) -> bool:
        """Whether its file has another moment now than the provider was told."""
        told = self.begun.deliver_at if self.begun and self.phase is Phase.AHEAD else None
        if told is None or self.issue is None:
            return False
        # In UTC, since a moment of an hour that comes twice is never equal to the same one in another zone (PEP 495).
        says = self.issue.send_at.astimezone(UTC) if self.issue.send_at else None
        return says != told.astimezone(UTC) or not self.issue.ready

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints of it everywhere."""
        return {"issue": self.slug, "send_at": self.at.isoformat() if self.at else None}


def is_shown(one: Appointment, now: datetime) -> bool:
    """Tell whether an issue is of interest: it is to come, or has just left."""
    # A service that took it whole is not asked whether it has left at its time.
    has_left = one.phase is Phase.AHEAD and one.issue is not None and one.at is not None and one.at <= now
    left_at = one.at if has_left else one.begun.at if one.begun else None
    is_over = has_left or one.phase in OVER
    return not is_over or (left_at is not None and now - left_at < RECENT)


def appointments(issues: Issues, store: Store, now: datetime) -> list[Appointment]:
    """Return all issues, by their time; those without one come last."""
    begun = _begun(store, now)
    limits = issues.settings.send
    found = {one.slug: one for one in _in_files(issues, begun, limits, now)}
    for slug, known in begun.items():
        found.setdefault(slug, Appointment(slug=slug, phase=known.phase, at=known.deliver_at or known.at, begun=known))
    return sorted(found.values(), key=lambda one: (one.at.astimezone(UTC) if one.at else _LAST, one.slug))


def _begun(store: Store, now: datetime) -> Mapping[str, Begun]:
    unfinished = {frozen.id for frozen in store.mailings.unfinished()}
    doubtful = store.mailings.doubtful()
    sent = {
        frozen.slug: _of_mailing(store, frozen, now, unfinished=frozen.id in unfinished, doubtful=frozen.id in doubtful)
        for frozen in store.mailings.all()
    }
    return sent | {handed.slug: _of_hand_over(handed) for handed in store.handovers.all()}


def _of_mailing(store: Store, frozen: Frozen, now: datetime, *, unfinished: bool, doubtful: bool) -> Begun:
    # An edition is large, so it is read only where it can still be with the provider.
    recent = now - frozen.frozen_at < RECENT
    deliver_at = store.mailings.edition(frozen.edition_id).deliver_at if recent else None
    ahead = bool(deliver_at and deliver_at > now)
    phase = phase_of_mailing(frozen.course, unfinished=unfinished, doubtful=doubtful, ahead=ahead)
    if phase is Phase.CANCELLED and ahead and store.deliveries.tally(frozen).sent:
        phase = Phase.AHEAD  # it was ended here, and the provider has not given it back
    return Begun(
        at=frozen.frozen_at,
        phase=phase,
        provider=frozen.provider,
        deliver_at=deliver_at,
        held=store.mailings.why_held(frozen) if frozen.course is Course.PAUSED else "",
    )


def phase_of_mailing(course: Course, *, unfinished: bool, doubtful: bool, ahead: bool) -> Phase:
    """Return how a mailing stands of which something is left to post, or in doubt, or with the provider."""
    if course is Course.CANCELLED:
        return Phase.CANCELLED
    if unfinished:
        return Phase.PAUSED if course is Course.PAUSED else Phase.BEGUN
    if doubtful:
        return Phase.DOUBTED
    return Phase.AHEAD if ahead else Phase.SENT


_STAGES = {
    Stage.BEGUN: Phase.BEGUN,
    Stage.DRAFT: Phase.BEGUN,
    Stage.PUBLISHING: Phase.BEGUN,
    Stage.SCHEDULED: Phase.AHEAD,
    Stage.SENDING: Phase.SENT,
    Stage.SENT: Phase.SENT,
    Stage.STOPPED: Phase.STOPPED,
}


def _of_hand_over(handed: Handed) -> Begun:
    phase = _STAGES[handed.stage]
    return Begun(at=handed.begun_at, phase=phase, provider=handed.provider, unpublished=phase is Phase.BEGUN)


def _in_files(issues: Issues, begun: Mapping[str, Begun], limits: Send, now: datetime) -> Iterator[Appointment]:
    seen: dict[str, Path] = {}
    for path in issues.paths():
        try:
            issue = issues.read_front(path)
        except FAULTS as fault:
            slug = issues.slug_of(path)
            if slug not in begun:  # else what it says no longer matters
                yield Appointment(slug=slug, phase=Phase.BROKEN, fault=fault)
            continue
        other = seen.setdefault(issue.slug, path)
        if other != path and issue.slug not in begun:
            msg = f'{other.name} and {path.name} are both called "{issue.slug}"'
            hint = "Rename one, or give it a `slug` of its own in its front matter."
            yield Appointment(slug=issue.slug, phase=Phase.BROKEN, at=issue.send_at, fault=UsageError(msg, hint=hint))
        else:
            yield _of_issue(issue, begun.get(issue.slug), limits, now)


def _of_issue(issue: Issue, begun: Begun | None, limits: Send, now: datetime) -> Appointment:
    phase = begun.phase if begun else phase_of_issue(issue.send_at, limits, now, ready=issue.ready)
    if begun and begun.unpublished and issue.send_at and issue.send_at > now:
        phase = Phase.COMING
    return Appointment(slug=issue.slug, phase=phase, at=_moment(issue, begun, phase), issue=issue, begun=begun)


def _moment(issue: Issue, begun: Begun | None, phase: Phase) -> datetime | None:
    if begun is None:
        return issue.send_at
    return begun.deliver_at or (begun.at if phase is Phase.SENT else issue.send_at or begun.at)


def phase_of_issue(send_at: datetime | None, limits: Send, now: datetime, *, ready: bool) -> Phase:
    """Return how an issue stands that nobody has begun to send."""
    if not ready:
        return Phase.DRAFT
    if send_at is None:
        return Phase.UNDATED
    if send_at > now:
        return Phase.COMING
    if now - send_at > _OUTDATED and is_late(send_at, limits, now):
        return Phase.OUTDATED
    return Phase.LATE if is_late(send_at, limits, now) else Phase.DUE
