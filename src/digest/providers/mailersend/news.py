"""What MailerSend tells later, https://developers.mailersend.com/api/v1/webhooks, read on 2026-11-23."""

from __future__ import annotations

import re
from datetime import datetime  # noqa: TC003  # msgspec reads it when the program runs
from typing import TYPE_CHECKING

import msgspec

from digest.model import Event, EventKind
from digest.wire.webhooks import EventId, moment_of, read_body

if TYPE_CHECKING:
    from collections.abc import Sequence

# It keeps no data beside a message but tags, and ours is told from the by its form.
_CORRELATION_ID = re.compile(r"[0-9a-f]{16}-[0-9]+")
_KINDS = {
    "activity.sent": EventKind.ACCEPTED,
    "activity.delivered": EventKind.DELIVERED,
    "activity.deferred": EventKind.DEFERRED,
    "activity.suppressed": EventKind.REFUSED,
    "activity.soft_bounced": EventKind.SOFT_BOUNCED,
    "activity.hard_bounced": EventKind.BOUNCED,
    "activity.spam_complaint": EventKind.COMPLAINED,
    "activity.unsubscribed": EventKind.LEFT,
    "activity.opened": EventKind.OPENED,
    "activity.opened_unique": EventKind.OPENED,
    "activity.clicked": EventKind.CLICKED,
    "activity.clicked_unique": EventKind.CLICKED,
}


class _Recipient(msgspec.Struct, frozen=True):
    email: str = ""


class _Message(msgspec.Struct, frozen=True):
    id: str = ""


class _Email(msgspec.Struct, frozen=True):
    message: _Message = _Message()
    recipient: _Recipient = _Recipient()
    tags: list[str] | None = None


class _Morph(msgspec.Struct):
    reason: str | None = None
    readable_reason: str | None = None
    url: str | None = None


class _Activity(msgspec.Struct):
    id: EventId
    created_at: datetime
    email: _Email = _Email()
    morph: _Morph | None = None


class _Call(msgspec.Struct):
    type: str = ""
    data: msgspec.Raw = msgspec.Raw()


def events_of(body: bytes) -> Sequence[Event]:
    """
    Return the event that a call tells of; test pings and news of whole requests are none of a message.

    Raises:
        ProviderError: it cannot be read.
    """
    call = read_body(body, _Call)
    if not call.type.startswith("activity."):
        return []
    activity = read_body(bytes(call.data), _Activity)
    morph, tags = activity.morph or _Morph(), activity.email.tags or []
    return [
        Event(
            id=activity.id,
            kind=_KINDS.get(call.type, EventKind.OTHER),
            at=moment_of(activity.created_at),
            original=call.type,
            reason=morph.readable_reason or morph.reason or "",
            correlation_id=next(filter(_CORRELATION_ID.fullmatch, tags), ""),
            message_id=activity.email.message.id,
            email=activity.email.recipient.email,
            url=morph.url or "",
        )
    ]
