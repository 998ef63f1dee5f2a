"""
Whom SendGrid no longer writes to, in the whole account: four lists.

Facts are of https://www.twilio.com/docs/sendgrid/api-reference, "Suppressions", read on 2026-11-23. Its blocks are left
out, as it goes on writing to those; and so are its groups, as our messages belong to none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from digest.model import Standing
from digest.wire.suppressions import Page, Suppression, listed, next_offset, told_at

if TYPE_CHECKING:
    from datetime import datetime

    from digest.wire.suppressions import Ask

LISTS = {
    "spam_reports": Standing.COMPLAINED,
    "unsubscribes": Standing.LEFT,
    "bounces": Standing.BOUNCED,
    "invalid_emails": Standing.BOUNCED,
}
_MOST = 500


class _Entry(msgspec.Struct):
    email: str
    created: int = 0
    reason: str | None = None


def page_of(ask: Ask, since: datetime | None, name: str, mark: str) -> Page:
    """Return the page of the list `name` behind so many entries."""
    asked = {"limit": str(_MOST), "offset": mark or "0"}
    if since:
        asked["start_time"] = f"{since.timestamp():.0f}"
    found = listed(ask(f"suppression/{name}?{urlencode(asked)}"), list[_Entry])
    return Page(
        suppressions=[
            Suppression(
                email=entry.email,
                standing=LISTS[name],
                reason=f"{name} {entry.reason or ''}".strip(),
                at=told_at(entry.created or None),
            )
            for entry in found
        ],
        following=next_offset(mark, len(found)),
    )
