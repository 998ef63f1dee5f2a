"""What Mailjet tells of messages by webhooks: https://dev.mailjet.com, read on 2026-11-23."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from digest.model import Event, EventKind
from digest.wire.webhooks import event_id, moment_of, read_body

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = {
    "sent": EventKind.DELIVERED,  # "the destination SMTP server has accepted the message"
    "blocked": EventKind.REFUSED,
    "spam": EventKind.COMPLAINED,
    "unsub": EventKind.LEFT,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}


class _News(msgspec.Struct):
    event: str
    time: int
    email: str = ""
    message_id: int | str = msgspec.field(name="MessageID", default="")
    custom_id: str = msgspec.field(name="CustomID", default="")
    hard_bounce: bool = False
    error_related_to: str = ""
    error: str = ""
    smtp_reply: str = ""
    url: str = ""


def events_of(body: bytes) -> Sequence[Event]:
    """Return the events that a call tells of: one, or many where they are grouped."""
    news = read_body(body, list[_News] | _News)  # type: ignore[arg-type]  # msgspec takes unions
    return [*map(_event, news if isinstance(news, list) else [news])]


def _event(news: _News) -> Event:
    reason = ": ".join(part for part in (news.error_related_to, news.error) if part)
    return Event(
        id=event_id(news.event, str(news.message_id), news.email, str(news.time), news.url),
        kind=_kind(news),
        at=moment_of(news.time),
        original=news.event,
        reason=reason or news.smtp_reply,
        correlation_id=news.custom_id,
        message_id=str(news.message_id),
        email=news.email,
        url=news.url,
    )


def _kind(news: _News) -> EventKind:
    if news.event != "bounce":
        return _KINDS.get(news.event, EventKind.OTHER)
    if news.hard_bounce:
        return EventKind.BOUNCED
    return EventKind.DEFERRED if news.error == "greylisted" else EventKind.SOFT_BOUNCED  # it tries those again
