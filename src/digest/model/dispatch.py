"""What becomes of an edition on its way: whom it is planned for, and how each of its messages stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from digest.model.edition import Edition


class State(Enum):
    """What became of one message."""

    QUEUED = "queued"
    SENT = "sent"
    """The provider has accepted it."""
    REFUSED = "refused"
    """The provider will not take it, for good."""
    SKIPPED = "skipped"
    """We did not write: the reader left, or may not be written to."""
    IN_DOUBT = "in_doubt"
    """It may have been accepted; nobody has said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a provider says of one message. QUEUED asks to try again."""

    state: State
    message_id: str = ""
    """The provider's own name for the message."""
    reason: str = ""


class EventKind(Enum):
    """What a provider can tell of a message later."""

    ACCEPTED = "accepted"
    """It has taken the message in."""
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    """The reader's server put it off; the provider tries again."""
    REFUSED = "refused"
    """The provider itself has dropped the message after it had accepted it."""
    SOFT_BOUNCED = "soft_bounced"
    """The reader's server refused it this time."""
    BOUNCED = "bounced"
    """The reader's server refused it, and would refuse the next one."""
    COMPLAINED = "complained"
    LEFT = "left"
    OPENED = "opened"
    CLICKED = "clicked"
    OTHER = "other"
    """Something that we have no word for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Later news of a delivery, in our words; it stands beside the delivery and never changes it."""

    id: str
    """What the provider tells this event from others by, so that one that is told twice is heard once."""
    kind: EventKind
    at: datetime
    original: str
    """The provider's own word for it."""
    reason: str = ""
    """The provider's own explanation."""
    correlation_id: str = ""
    """Our name of the message, as `Batch.correlation_ids` gives it; blank where the provider keeps none."""
    message_id: str = ""
    """The provider's name of the message."""
    email: str = field(default="", repr=False)
    """The reader's address, where the provider tells it."""
    url: str = ""
    """What was clicked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A line of the ledger: one reader, one edition, and how it stands."""

    email: str
    state: State
    reason: str = ""
    message_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many readers of an edition stand how."""

    sent: int = 0
    refused: int = 0
    skipped: int = 0
    queued: int = 0
    in_doubt: int = 0

    @property
    def total(self) -> int:
        """Everyone whom the edition was frozen for."""
        return self.sent + self.refused + self.skipped + self.queued + self.in_doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who would get an edition."""

    readers: int
    excluded: Mapping[str, int]
    """How many are left out, by reason: a standing's value, or that they are outside the segment."""
    digest: str
    """SHA-256, in hexadecimal, of exactly who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a send would do, as it is shown before anything happens."""

    edition: Edition
    provider: str
    segment: str = ""
    """The expression that chose the readers; empty for everyone who may be written to."""
    audience: Audience
    batch_size: int
    request_bytes: int = 0
    """How large a full request is."""
    pace: float | None = None
    """Requests a second that the provider allows. None: it names no number."""
    last: int | None = None
    """How many readers the last issue had. None: there was none."""
    findings: tuple[str, ...] = ()
    """What a person should know before they agree, in sentences."""
    warnings: int = 0
    """Of how much the rules warn."""
    allowed: tuple[str, ...] = ()
    """The rules whose errors somebody lets pass, by name."""

    @property
    def batches(self) -> int:
        """How many requests it takes."""
        return -(-self.audience.readers // self.batch_size)

    @property
    def bytes(self) -> int:
        """About how many bytes leave."""
        return round(self.request_bytes * self.audience.readers / min(self.batch_size, max(self.audience.readers, 1)))

    @property
    def seconds(self) -> float | None:
        """About how long it takes at the provider's pace; None where it names none."""
        return self.batches / self.pace if self.pace else None

    @property
    def growth(self) -> float | None:
        """How many more readers than last time, as a fraction: 0.03 is 3 % more. None: there was no last time."""
        return self.audience.readers / self.last - 1 if self.last else None

    @property
    def key(self) -> str:
        """Binds a confirmation to exactly this edition, provider and audience, and to what is let pass."""
        facts = [self.edition.fingerprint, self.provider, self.segment, self.audience.digest, *self.allowed]
        return sha256("\n".join(facts).encode()).hexdigest()[:12]
