"""
Whom Mailgun no longer writes to: three lists a domain, by address, so that what is old cannot be left out.

Facts are of https://documentation.mailgun.com, "Suppressions", read on 2026-11-23: bounces are permanent ones alone.
Whoever unsubscribed from a tag, and not from everything, said no to one of our issues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import msgspec

from digest.model import Standing
from digest.wire.suppressions import Page, Suppression, listed, told_at

if TYPE_CHECKING:
    from digest.wire.suppressions import Ask

LISTS = {"complaints": Standing.COMPLAINED, "unsubscribes": Standing.LEFT, "bounces": Standing.BOUNCED}


class _Entry(msgspec.Struct):
    address: str
    created_at: str = ""
    code: int | str = ""
    error: str = ""


class _Paging(msgspec.Struct):
    next: str


class _Listed(msgspec.Struct):
    items: list[_Entry]
    paging: _Paging


def page_of(ask: Ask, domain: str, name: str, mark: str) -> Page:
    """Return the page of the list `name` that a path leads to; behind the last entry stands an empty one."""
    found = listed(ask(mark or f"/v3/{domain}/{name}?limit=1000"), _Listed)
    return Page(
        suppressions=[
            Suppression(
                email=entry.address,
                standing=LISTS[name],
                reason=" ".join(filter(None, (name, str(entry.code), entry.error))),
                at=told_at(entry.created_at),
            )
            for entry in found.items
        ],
        # On our host, as no other is to see the key.
        following=httpx.URL(found.paging.next).raw_path.decode() if found.items else "",
    )
