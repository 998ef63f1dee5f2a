"""
Who has complained of Mailjet's messages, left by them, or cannot be reached: it keeps no list, but its log tells.

https://dev.mailjet.com/reference/email/messages/, and the numbers as its package ``node-mailjet`` has them; read on
2026-11-23.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from digest.model import Standing
from digest.wire.suppressions import Page, Suppression, listed, next_offset

if TYPE_CHECKING:
    from digest.wire.suppressions import Ask

# What is asked for, and what it means: statuses of messages, and why one did not leave.
KINDS = {
    "MessageStatus=6": (Standing.COMPLAINED, "spam"),
    "MessageState=21": (Standing.COMPLAINED, "blocked, as they reported spam before"),
    "MessageStatus=7": (Standing.LEFT, "unsub"),
    "MessageStatus=10": (Standing.BOUNCED, "hardbounced"),
}
_MOST = 1000
_TALKED_ABOUT = timedelta(days=30)
"""How old a message may be of which there is something new: it is found by when it was sent, and not by the news."""
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
"""Before the service began."""


class _Message(msgspec.Struct, rename="pascal"):
    contact_alt: str = ""


class _Found(msgspec.Struct, rename="pascal"):
    data: list[_Message]


def page_of(ask: Ask, since: datetime | None, kind: str, mark: str) -> Page:
    """Return the page behind so many messages of a kind."""
    standing, reason = KINDS[kind]
    asked = {
        "ShowContactAlt": "true",  # else it does not tell the address
        "FromTS": f"{(since - _TALKED_ABOUT if since else _EARLIEST).timestamp():.0f}",
        "Limit": str(_MOST),
        "Offset": mark or "0",
    }
    found = listed(ask(f"{kind}&{urlencode(asked)}"), _Found).data
    return Page(
        suppressions=[
            Suppression(email=message.contact_alt, standing=standing, reason=reason)
            for message in found
            if message.contact_alt
        ],
        following=next_offset(mark, len(found)),
    )
