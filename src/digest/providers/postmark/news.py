"""
What Postmark tells of messages by webhooks.

Facts are of their guide in ActiveCampaign/postmark-skills@1d8f368, read on 2026-11-23.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # msgspec reads it when the program runs

import msgspec

from digest.errors import ProviderError
from digest.model import Event, EventKind
from digest.wire.webhooks import moment_of, read_body
from digest.wire.words import clean

# Records, types of bounces (https://postmarkapp.com/developer/api/bounce-api#bounce-types), reasons to suppress.
_SOFT = ("SoftBounce", "DnsError", "SpamNotification", "VirusNotification", "Blocked", "DMARCPolicy")
_KINDS = {
    "Delivery": EventKind.DELIVERED,
    "Transient": EventKind.DEFERRED,
    **dict.fromkeys(("HardBounce", "BadEmailAddress"), EventKind.BOUNCED),
    **dict.fromkeys(_SOFT, EventKind.SOFT_BOUNCED),
    **dict.fromkeys(("ManuallyDeactivated", "Unconfirmed", "SMTPApiError"), EventKind.REFUSED),
    "SpamComplaint": EventKind.COMPLAINED,
    **dict.fromkeys(("Unsubscribe", "ManualSuppression"), EventKind.LEFT),
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
}


class Metadata(msgspec.Struct):
    """What came along with a message."""

    correlation_id: str = ""


class _Call(msgspec.Struct, rename="pascal"):
    record_type: str
    type: str = ""
    message_id: str | None = msgspec.field(default=None, name="MessageID")
    metadata: Metadata | None = None
    recipient: str = ""
    email: str = ""
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None
    received_at: datetime | None = None
    changed_at: datetime | None = None
    details: str | None = None
    description: str | None = None
    original_link: str = ""
    suppress_sending: bool = False
    suppression_reason: str | None = None


def event_of(event_id: str, body: bytes) -> Event:
    """Return the event that a call tells of, under an id that the call gave it."""
    call = read_body(body, _Call)
    moment = call.delivered_at or call.bounced_at or call.received_at or call.changed_at
    if moment is None:
        msg = f'the call tells of "{clean(call.record_type)}", and not when it happened'
        raise ProviderError(msg)
    return Event(
        id=event_id,
        kind=_kind(call),
        at=moment_of(moment),
        original=call.type or call.record_type,
        reason=call.details or call.description or call.suppression_reason or "",
        correlation_id=call.metadata.correlation_id if call.metadata else "",
        message_id=call.message_id or "",
        email=call.recipient or call.email,
        url=call.original_link,
    )


def _kind(call: _Call) -> EventKind:
    # A subscription also changes when an address may be written to again.
    suppressed_for = call.suppression_reason if call.suppress_sending else None
    return _KINDS.get(call.type or suppressed_for or call.record_type, EventKind.OTHER)
