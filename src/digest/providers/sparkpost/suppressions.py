"""
Whom SparkPost no longer writes to, in the whole account.

Facts are of its API documents (SparkPost/developers.sparkpost.com@043ee0a, ``suppression-list.apib``), read on
2026-11-23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import msgspec

from digest.model import Standing
from digest.wire.suppressions import Page, Suppression, listed, told_at

if TYPE_CHECKING:
    from datetime import datetime

    from digest.wire.suppressions import Ask

_STANDINGS = {"Spam Complaint": Standing.COMPLAINED, "Bounce Rule": Standing.BOUNCED}


class _Entry(msgspec.Struct):
    recipient: str
    source: str = ""
    description: str | None = None
    updated: str = ""


class _Link(msgspec.Struct):
    href: str = ""
    rel: str = ""


class _Listed(msgspec.Struct):
    results: list[_Entry]
    links: list[_Link] = []


def page_of(ask: Ask, since: datetime | None, mark: str) -> Page:
    """Return the page that a query leads to; with a cursor, there may be any number of pages."""
    first = {"cursor": "initial", "per_page": "1000"}
    if since:
        first["from"] = f"{since:%Y-%m-%dT%H:%M:%S%z}"
    found = listed(ask(mark or urlencode(first)), _Listed)
    following = next((link.href for link in found.links if link.rel == "next"), "")
    return Page(
        suppressions=[
            Suppression(
                email=entry.recipient,
                standing=_STANDINGS.get(entry.source, Standing.LEFT),
                reason=f"{entry.source} {entry.description or ''}".strip(),
                at=told_at(entry.updated),
            )
            for entry in found.results
        ],
        following=httpx.URL(following).query.decode() if found.results else "",
    )
