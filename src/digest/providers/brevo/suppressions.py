"""
Whom Brevo no longer writes to by its transactional interface, the newest first.

https://developers.brevo.com/reference/get-transac-blocked-contacts, read on 2026-11-23. It is asked by days, of a zone
that nobody tells us; so we read from the newest on, and stop at what is old.
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

_STANDINGS = {"contactFlaggedAsSpam": Standing.COMPLAINED, "hardBounce": Standing.BOUNCED}
_MOST = 100


class _Reason(msgspec.Struct):
    code: str = ""


class _Entry(msgspec.Struct, rename="camel"):
    email: str
    reason: _Reason = msgspec.field(default_factory=_Reason)
    blocked_at: str = ""


class _Listed(msgspec.Struct):
    contacts: list[_Entry] = []


def page_of(ask: Ask, since: datetime | None, mark: str) -> Page:
    """Return the page behind so many entries; behind one that is older than `since`, there is none."""
    asked = {"limit": str(_MOST), "offset": mark or "0", "sort": "desc"}
    found = [
        Suppression(
            email=entry.email,
            standing=_STANDINGS.get(entry.reason.code, Standing.LEFT),
            reason=entry.reason.code,
            at=told_at(entry.blocked_at),
        )
        for entry in listed(ask(urlencode(asked)), _Listed).contacts
    ]
    is_old = bool(since and found and found[-1].at and found[-1].at < since)
    return Page(suppressions=found, following="" if is_old else next_offset(mark, len(found)))
