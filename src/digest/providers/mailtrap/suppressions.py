"""
Whom Mailtrap no longer writes to: a list an account, whose entries are each about a domain.

Facts are of the references of its API and its command line, and of its Python SDK 2.11, read on 2026-11-23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from digest.model import Standing
from digest.wire.suppressions import Page, Suppression, listed, told_at

if TYPE_CHECKING:
    from datetime import datetime

    from digest.wire.suppressions import Ask

_STANDINGS = {"spam complaint": Standing.COMPLAINED, "hard bounce": Standing.BOUNCED}


class _Entry(msgspec.Struct):
    id: str
    email: str
    type: str = ""
    created_at: str = ""
    domain_name: str | None = None
    message_esp_response: str | None = None


def page_of(ask: Ask, since: datetime | None, domain: str, mark: str) -> Page:
    """Return what a page has about a domain; the next one begins behind its last entry."""
    asked = {**({"start_time": since.isoformat()} if since else {}), **({"last_id": mark} if mark else {})}
    found = listed(ask(urlencode(asked)), list[_Entry])
    return Page(
        suppressions=[
            Suppression(
                email=entry.email,
                standing=_STANDINGS.get(entry.type, Standing.LEFT),
                reason=f"{entry.type} {entry.message_esp_response or ''}".strip(),
                at=told_at(entry.created_at),
            )
            for entry in found
            if entry.domain_name in {None, domain}
        ],
        following=found[-1].id if found else "",
    )
