"""What SparkPost tells of messages: by webhooks, and in its search of events."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from digest.errors import ProviderError
from digest.model import Event, EventKind, Receipt, State
from digest.wire.answers import decoded
from digest.wire.columns import issue_tag
from digest.wire.webhooks import moment_of, read_body
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import httpx

    from digest.model import Batch, Edition

LOG_DELAY = timedelta(hours=1)
"""By then, an event can surely be found: it says "generally available within 1 minute"."""
_LOG_KEPT = timedelta(days=9)  # of 10
_FIRST_EVENTS = "injection,generation_failure,generation_rejection,policy_rejection"
"""For each message that it accepted, it has an event of one of these types: support-docs, messages-attempted.md."""
_LONGEST_QUERY = 3000  # of the 4096 signs that an address may have
_MOST_EVENTS = 10_000  # that an answer can have

# https://support.sparkpost.com/docs/deliverability/bounce-classification-codes, read on 2026-11-23; others are soft.
_BOUNCES = {
    **dict.fromkeys(("10", "30"), EventKind.BOUNCED),
    "25": EventKind.REFUSED,  # "failed by SparkPost's configured policies"
    **dict.fromkeys(("60", "80", "100"), EventKind.OTHER),  # answers to what arrived: a vacation, a question
    "90": EventKind.LEFT,  # "the message is an unsubscribe request"
}
_CANCELLED = "[internal] Campaign cancelled"
"""What a bounce says of a message that was taken back: transmissions.apib, "By Campaign ID", read on 2026-11-23."""
_KINDS = {
    "injection": EventKind.ACCEPTED,
    "delivery": EventKind.DELIVERED,
    "delay": EventKind.DEFERRED,
    "policy_rejection": EventKind.REFUSED,
    "generation_failure": EventKind.REFUSED,
    "generation_rejection": EventKind.REFUSED,
    "spam_complaint": EventKind.COMPLAINED,
    "list_unsubscribe": EventKind.LEFT,
    "link_unsubscribe": EventKind.LEFT,
    "open": EventKind.OPENED,
    "initial_open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}


class _News(msgspec.Struct):
    type: str = ""
    event_id: str = ""
    rcpt_meta: dict[str, object] = {}
    rcpt_to: str = ""
    raw_rcpt_to: str = ""
    transmission_id: str = ""
    message_id: str = ""
    bounce_class: str = ""
    reason: str = ""
    raw_reason: str = ""
    target_link_url: str = ""

    @property
    def correlation_id(self) -> str:
        """Our name of the message."""
        return str(self.rcpt_meta.get("correlation_id", ""))


class _Told(_News):
    timestamp: int = 0


class _Call(msgspec.Struct):
    msys: dict[str, _Told]


def events_of(body: bytes) -> Sequence[Event]:
    """
    Return the events that the body of a call tells of.

    Raises:
        ProviderError: it cannot be read.
    """
    told = [news for call in read_body(body, list[_Call]) for news in call.msys.values()]
    return [_event(news) for news in told if news.event_id]  # what has none is no news of a message


def _event(news: _Told) -> Event:
    return Event(
        id=news.event_id,
        kind=_kind(news),
        at=moment_of(news.timestamp),
        original=f"{news.type} {news.bounce_class}".rstrip(),
        reason=news.raw_reason or news.reason,
        correlation_id=news.correlation_id,
        message_id=news.message_id or news.transmission_id,
        email=news.raw_rcpt_to or news.rcpt_to,
        url=news.target_link_url,
    )


def _kind(news: _News) -> EventKind:
    if _CANCELLED in (news.raw_reason or news.reason):
        return EventKind.REFUSED
    if news.type in {"bounce", "out_of_band"}:
        return _BOUNCES.get(news.bounce_class, EventKind.SOFT_BOUNCED)
    return _KINDS.get(news.type, EventKind.OTHER)


def campaign_of(edition: Edition) -> str:
    """Return the name of the campaign that an edition is; one that no other has, where it may be cancelled."""
    return f"{issue_tag(edition, 47)}-{edition.recall[:16]}" if edition.recall else issue_tag(edition, 64)


def queries(batch: Batch, addresses: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Return the queries by which a batch's events are found: as many addresses at a time as there is room for."""
    known = {
        "campaigns": campaign_of(batch.edition),
        "events": _FIRST_EVENTS,
        "from": (batch.at.astimezone(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),  # clocks differ
        "per_page": str(_MOST_EVENTS),
    }
    recipients: list[str] = []
    size = 0
    for address in map(str.lower, addresses):
        size += len(quote(f",{address}", safe=""))
        if size > _LONGEST_QUERY:
            yield {**known, "recipients": ",".join(recipients)}
            recipients, size = [], 0
        recipients.append(address)
    yield {**known, "recipients": ",".join(recipients)}


def receipts_of(batch: Batch, addresses: Sequence[str], answers: Sequence[httpx.Response]) -> Sequence[Receipt]:
    """
    Return what the answers to `queries` say of each reader.

    Who is not in them is QUEUED only where that proves that nothing was accepted. That takes the log of a moment at
    which it has all events and still keeps them, and an address in small letters, as it has them so.

    Raises:
        ProviderError: SparkPost does not answer as it should.
    """
    told = [news for answer in answers for news in _page(answer)]
    told.sort(key=lambda news: news.type == "injection")  # an injection goes before failures of earlier attempts
    found = {news.correlation_id: _receipt(news) for news in told}
    complete = all(_is_complete(batch, answer) for answer in answers)
    doubt = Receipt(state=State.IN_DOUBT, reason="SparkPost's events do not tell of it")
    return [
        found.get(name) or (Receipt(state=State.QUEUED) if complete and address == address.lower() else doubt)
        for name, address in zip(batch.correlation_ids, addresses, strict=True)
    ]


class _Page(msgspec.Struct):
    results: list[_News]
    total_count: int


def _page(answer: httpx.Response) -> Sequence[_News]:
    if not answer.is_success:
        msg = f"SparkPost answered {said(answer)}, asked for its events"
        raise ProviderError(msg, hint="See that the key may search events, or ask again later.")
    page = decoded(answer, _Page)
    if page.total_count > len(page.results):
        msg = "SparkPost has more events of these readers than it tells at once"
        raise ProviderError(msg)
    return page.results


def _receipt(news: _News) -> Receipt:
    if news.type == "injection":
        return Receipt(state=State.SENT, message_id=news.transmission_id)
    return Receipt(state=State.REFUSED, reason=news.raw_reason or news.reason)


def _is_complete(batch: Batch, answer: httpx.Response) -> bool:
    """Tell whether all of a batch's events are in the log, by SparkPost's own clock."""
    try:
        asked = parsedate_to_datetime(answer.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return False
    begun = max(batch.at, batch.edition.deliver_at or batch.at)
    return begun + LOG_DELAY <= asked <= batch.at + _LOG_KEPT
