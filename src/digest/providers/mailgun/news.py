"""What Mailgun tells of messages, in its log and by webhooks: https://documentation.mailgun.com, read on 2026-11-23."""

from __future__ import annotations

import msgspec

from digest.model import Event, EventKind
from digest.wire.webhooks import EventId, moment_of

_KINDS = {
    "accepted": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "rejected": EventKind.REFUSED,
    "complained": EventKind.COMPLAINED,
    "unsubscribed": EventKind.LEFT,
    "opened": EventKind.OPENED,
    "clicked": EventKind.CLICKED,
}


class _Headers(msgspec.Struct, rename="kebab"):
    message_id: str = ""


class _Message(msgspec.Struct):
    headers: _Headers = msgspec.field(default_factory=_Headers)


class _Answer(msgspec.Struct):
    description: str | None = None
    message: str | None = None


class _Reject(msgspec.Struct):
    reason: str = ""


class News(msgspec.Struct, rename="kebab"):
    """An event, of one reader."""

    event: str
    timestamp: float
    recipient: str = ""
    severity: str = ""
    reason: str = ""
    url: str = ""
    user_variables: dict[str, object] = {}
    message: _Message = msgspec.field(default_factory=_Message)
    delivery_status: _Answer | None = None
    reject: _Reject | None = None

    @property
    def message_id(self) -> str:
        """Mailgun's name of the request, without angle brackets."""
        return self.message.headers.message_id.strip("<>")

    @property
    def kind(self) -> EventKind:
        """Our word for it."""
        if self.event != "failed":
            return _KINDS.get(self.event, EventKind.OTHER)
        # Given up after eight hours of trying, whatever its severity:
        # https://help.mailgun.com/hc/en-us/articles/28956111811355-Will-Mailgun-retry-my-failed-messages, 2026-11-23.
        if self.reason == "old":
            return EventKind.SOFT_BOUNCED
        if self.severity != "permanent":
            return EventKind.DEFERRED  # Mailgun itself tries again
        # An address that bounced, complained or left before is not written to at all.
        return EventKind.REFUSED if self.reason.startswith("suppress-") else EventKind.BOUNCED

    @property
    def explanation(self) -> str:
        """Why, in the words of the reader's server, or of Mailgun."""
        answer = self.delivery_status or _Answer()
        rejected = self.reject.reason if self.reject else ""
        return answer.message or answer.description or rejected or self.reason

    def told_as(self, name: str) -> Event:
        """
        Return the event in our words, by the name `name`.

        Raises:
            ProviderError: it has no moment.
        """
        return Event(
            id=name,
            kind=self.kind,
            at=moment_of(self.timestamp),
            original=f"{self.event} ({self.severity})" if self.severity else self.event,
            reason=self.explanation,
            correlation_id=str(self.user_variables.get("correlation_id", "")),
            message_id=self.message_id,
            email=self.recipient,
            url=self.url,
        )


class _Signature(msgspec.Struct, rename="kebab"):
    timestamp: str | int
    token: EventId
    signature: str
    parent_signature: str = ""
    """By the key of the account that a subaccount belongs to."""


class Call(msgspec.Struct, rename="kebab"):
    """A call of a webhook."""

    signature: _Signature | None = None
    event_data: News | None = None


class _Paging(msgspec.Struct):
    next: str


class Page(msgspec.Struct):
    """A page of the log; the first empty one is the last."""

    items: list[News]
    paging: _Paging
