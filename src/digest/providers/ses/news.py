"""
What Amazon SES tells later: events of a configuration set, or the older notifications of an identity.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html, read on 2026-11-23.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  # msgspec reads it when the program runs
from typing import TYPE_CHECKING

import msgspec

from digest.model import Event, EventKind
from digest.wire.webhooks import moment_of, read_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.wire.sns import Notification

_KINDS = {
    "Send": EventKind.ACCEPTED,
    "Delivery": EventKind.DELIVERED,
    "DeliveryDelay": EventKind.DEFERRED,
    "Reject": EventKind.REFUSED,
    "Rendering Failure": EventKind.REFUSED,
    "Complaint": EventKind.COMPLAINED,
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
}


class _Recipient(msgspec.Struct, rename="camel"):
    email_address: str = ""
    diagnostic_code: str | None = None


class _Detail(msgspec.Struct, rename="camel"):
    """What is told of the event itself; each kind has some of it."""

    timestamp: datetime | None = None
    bounce_type: str = ""
    bounce_sub_type: str = ""
    bounced_recipients: list[_Recipient] = []
    complained_recipients: list[_Recipient] = []
    delayed_recipients: list[_Recipient] = []
    complaint_feedback_type: str | None = None
    delay_type: str | None = None
    reason: str | None = None
    error_message: str | None = None
    link: str = ""

    @property
    def explanation(self) -> str:
        """Why it happened, in a word or two of the service's."""
        bounce = ": ".join(filter(None, (self.bounce_type, self.bounce_sub_type)))
        words = (bounce, self.complaint_feedback_type, self.delay_type, self.reason, self.error_message)
        return next(filter(None, words), "")


class _Mail(msgspec.Struct, rename="camel"):
    message_id: str = ""
    destination: list[str] = []
    tags: dict[str, list[str]] = {}


class _News(msgspec.Struct, rename="camel"):
    mail: _Mail
    event_type: str = ""
    notification_type: str = ""
    bounce: _Detail | None = None
    complaint: _Detail | None = None
    delivery_delay: _Detail | None = None
    delivery: _Detail | None = None
    reject: _Detail | None = None
    failure: _Detail | None = None
    open: _Detail | None = None
    click: _Detail | None = None

    @property
    def detail(self) -> _Detail:
        """What is told besides the message; it has a name of its own for each kind."""
        told = (self.bounce, self.complaint, self.delivery_delay, self.delivery)
        return next(filter(None, (*told, self.reject, self.failure, self.open, self.click)), _Detail())


def events_of(notification: Notification) -> Sequence[Event]:
    """
    Return an event for each reader that a notification tells of.

    Raises:
        ProviderError: it cannot be read.
    """
    if not notification.message.startswith("{"):  # a sentence, by which SES says that it may publish to the topic
        return []
    news = read_body(notification.message.encode(), _News)
    detail, word = news.detail, news.event_type or news.notification_type
    named = detail.bounced_recipients or detail.complained_recipients or detail.delayed_recipients
    return [
        Event(
            id=f"{notification.id}/{number}" if number else notification.id,
            kind=_kind(word, detail),
            at=moment_of(detail.timestamp or notification.at),
            original=word,
            reason=recipient.diagnostic_code or detail.explanation,
            correlation_id=next(iter(news.mail.tags.get("correlation_id", ())), ""),
            message_id=news.mail.message_id,
            email=recipient.email_address,
            url=detail.link,
        )
        for number, recipient in enumerate(named or [_Recipient(email) for email in news.mail.destination])
    ]


def _kind(word: str, detail: _Detail) -> EventKind:
    if word == "Bounce":
        return EventKind.BOUNCED if detail.bounce_type == "Permanent" else EventKind.SOFT_BOUNCED
    return _KINDS.get(word, EventKind.OTHER)
