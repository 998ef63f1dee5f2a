"""
Whom MailerSend no longer writes to: three lists a domain, which tell all that they have.

https://developers.mailersend.com/api/v1/recipients, and its package ``mailersend`` 2.2.0, read on 2026-11-23. Left out
are its list "on hold", where soft bounces stand for three days, and its blocklist, which holds patterns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from digest.model import Standing
from digest.wire.suppressions import Page, Suppression, listed, told_at

if TYPE_CHECKING:
    from digest.wire.suppressions import Ask

LISTS = {
    "spam-complaints": Standing.COMPLAINED,
    "unsubscribes": Standing.LEFT,
    "hard-bounces": Standing.BOUNCED,
}
_MOST = 100


class _Recipient(msgspec.Struct):
    email: str


class _Entry(msgspec.Struct):
    recipient: _Recipient
    reason: str | None = None
    created_at: str | None = None


class _Listed(msgspec.Struct):
    data: list[_Entry]


def page_of(ask: Ask, name: str, mark: str) -> Page:
    """Return a page of the list `name` by its number; behind the last entry stands an empty one."""
    number = int(mark or 1)
    found = listed(ask(f"suppressions/{name}?limit={_MOST}&page={number}"), _Listed).data
    return Page(
        suppressions=[
            Suppression(
                email=entry.recipient.email,
                standing=LISTS[name],
                reason=f"{name} {entry.reason or ''}".strip(),
                at=told_at(entry.created_at),
            )
            for entry in found
        ],
        following=str(number + 1) if found else "",
    )
