"""
Whom Amazon SES no longer writes to: the suppression list of the account, which each region has for itself.

Facts are of botocore 1.44.5, its model of the SES API v2, read on 2026-11-23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from digest.model import Standing
from digest.wire.sigv4 import query_of
from digest.wire.suppressions import Page, Suppression, listed, told_at

if TYPE_CHECKING:
    from datetime import datetime

    from digest.wire.suppressions import Ask

_STANDINGS = {"COMPLAINT": Standing.COMPLAINED, "BOUNCE": Standing.BOUNCED}


class _Entry(msgspec.Struct, rename="pascal"):
    email_address: str
    reason: str = ""
    last_update_time: float | str = 0


class _Listed(msgspec.Struct, rename="pascal"):
    suppressed_destination_summaries: list[_Entry] = []
    next_token: str | None = None


def page_of(ask: Ask, since: datetime | None, mark: str) -> Page:
    """Return the page of a token; asking for a thousand entries at once is as much as it takes."""
    asked = {"PageSize": "1000"}
    if since:
        asked["StartDate"] = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    if mark:
        asked["NextToken"] = mark
    found = listed(ask(f"suppression/addresses?{query_of(asked)}"), _Listed)
    return Page(
        suppressions=[
            Suppression(
                email=entry.email_address,
                standing=_STANDINGS.get(entry.reason, Standing.LEFT),
                reason=entry.reason,
                at=told_at(entry.last_update_time or None),
            )
            for entry in found.suppressed_destination_summaries
        ],
        following=found.next_token or "",
    )
