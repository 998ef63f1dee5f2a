"""What Mailtrap tells of messages by webhooks: https://docs.mailtrap.io, read on 2026-11-23."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # msgspec reads it when the program runs
from typing import TYPE_CHECKING

import msgspec

from digest.errors import ProviderError
from digest.model import Event, EventKind
from digest.wire.webhooks import EventId, moment_of, read_body

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = {
    "delivery": EventKind.DELIVERED,
    "soft bounce": EventKind.DEFERRED,  # it tries ten times more
    "suspension": EventKind.DEFERRED,  # the domain is not verified; it looks again ten times
    "reject": EventKind.REFUSED,
    "bounce": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "unsubscribe": EventKind.LEFT,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}


class Names(msgspec.Struct, frozen=True):
    """What came along with a message."""

    correlation_id: str = ""
    batch: str = ""


class _News(msgspec.Struct):
    event: str
    event_id: EventId
    timestamp: datetime  # in seconds since 1970
    message_id: str = ""
    email: str = ""
    custom_variables: Names = Names()
    reason: str = ""
    response: str = ""
    url: str = ""


class _Call(msgspec.Struct):
    events: list[_News]


def events_of(body: bytes) -> Sequence[Event]:
    """Return the events that a call tells of."""
    return [*map(_event, _news(body))]


def _news(body: bytes) -> Sequence[_News]:
    """Read an object with all events, or an object a line with an event each, as the webhook was set up."""
    try:
        return [read_body(line, _News) for line in body.splitlines() if line.strip()]
    except ProviderError:
        return read_body(body, _Call).events


def _event(news: _News) -> Event:
    return Event(
        id=news.event_id,
        kind=_KINDS.get(news.event.replace("_", " "), EventKind.OTHER),
        at=moment_of(news.timestamp),
        original=news.event,
        reason=news.reason or news.response,
        correlation_id=news.custom_variables.correlation_id,
        message_id=news.message_id,
        email=news.email,
        url=news.url,
    )
