"""Hand-overs: issues that a service took whole, which owns its list. Who its readers are is not known here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from digest.store.database import from_json, to_json, to_stamp
from digest.store.mailings import BegunError

if TYPE_CHECKING:
    from digest.store.database import Database


class Stage(Enum):
    """How far a hand-over has come; it is written down before the next step is taken."""

    BEGUN = "begun"
    """A draft is asked for, or is about to be."""
    DRAFT = "draft"
    PUBLISHING = "publishing"
    """The draft is being published, or is about to be: it may have been."""
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"
    """Somebody has paused or cancelled it over there."""

    @property
    def is_done(self) -> bool:
        """Whether the service has it to send, so that nothing is left to do here."""
        return self in {Stage.SCHEDULED, Stage.SENDING, Stage.SENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An issue that is being handed over, or was."""

    slug: str
    provider: str
    fingerprint: str = ""
    """That of the edition that was handed over last; blank where it was not handed over from here."""
    attempt: int = 1
    """How often a draft was begun, since one may be deleted over there."""
    stage: Stage = Stage.BEGUN
    campaign: str = ""
    """The service's id for it; blank while it is not known."""
    url: str = ""
    """Where a person can look at it; blank where that is not known."""
    begun_at: datetime
    changed_at: datetime
    allowed: tuple[str, ...] = ()
    """The rules that were let pass in that edition."""


class Handovers:
    """The hand-overs in a store, one a slug."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("handovers.sql")

    def find(self, slug: str) -> Handed | None:
        """Return the hand-over of a slug, if it was begun."""
        row = self._database.fetch_one(self._sql["find"], slug=slug)
        return _handed(row) if row else None

    def all(self) -> list[Handed]:
        """Return all hand-overs, oldest first."""
        return [*map(_handed, self._database.fetch_all(self._sql["all"]))]

    def begin(self, slug: str, *, provider: str, now: datetime) -> Handed:
        """
        Return the hand-over of a slug, which is begun where it was not.

        Raises:
            BegunError: the issue is on its way as messages of ours.
        """
        self._database.change(self._sql["begin"], slug=slug, provider=provider, now=to_stamp(now))
        handed = self.find(slug)
        if handed is None:
            msg = f"the sending of {slug} has already begun, reader by reader"
            raise BegunError(msg, hint=f"How it stands: digest status {slug}")
        return handed

    def keep(self, handed: Handed, *, now: datetime) -> Handed:
        """Write down how far a hand-over has come."""
        self._database.change(
            self._sql["keep"],
            slug=handed.slug,
            fingerprint=handed.fingerprint,
            attempt=handed.attempt,
            stage=handed.stage.value,
            campaign=handed.campaign,
            url=handed.url,
            now=to_stamp(now),
            allowed=to_json(handed.allowed),
        )
        return replace(handed, changed_at=now.astimezone(UTC))


def _handed(row: tuple[Any, ...]) -> Handed:
    slug, provider, fingerprint, attempt, stage, campaign, url, begun_at, changed_at, allowed = row
    return Handed(
        slug=slug,
        provider=provider,
        fingerprint=fingerprint,
        attempt=attempt,
        stage=Stage(stage),
        campaign=campaign,
        url=url,
        begun_at=datetime.fromisoformat(begun_at),
        changed_at=datetime.fromisoformat(changed_at),
        allowed=tuple(from_json(allowed)),
    )
