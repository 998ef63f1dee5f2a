"""Syncs: when it was last taken over to whom a provider no longer writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from digest.store.database import to_json, to_stamp

if TYPE_CHECKING:
    from digest.config import Settings
    from digest.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A sync that came to its end."""

    provider: str
    account: str
    """Which lists these were; see `account_of`."""
    at: datetime
    """When it began; what came onto the lists since may be missing."""
    read: int
    """How many addresses stood there."""
    taken_off: int
    """How many of them were written to so far."""


def account_of(settings: Settings) -> str:
    """Return a name for the lists that the settings lead to: another domain, region or stream has lists of its own."""
    chosen = settings.provider
    facts = [chosen.api_url, dict(chosen.options), settings.newsletter.from_.domain.lower()]
    return sha256(to_json(facts).encode()).hexdigest()[:16]


class Syncs:
    """The last sync with each provider."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.queries("syncs.sql")

    def last(self, provider: str, account: str) -> Sync | None:
        """Return the last sync with a provider that came to its end, if it was with this account."""
        row = self._database.fetch_one(self._sql["last"], provider=provider, account=account)
        if row is None:
            return None
        name, account, at, read, taken_off = row
        return Sync(provider=name, account=account, at=datetime.fromisoformat(at), read=read, taken_off=taken_off)

    def keep(self, sync: Sync) -> None:
        """Write down that a sync came to its end."""
        self._database.change(
            self._sql["keep"],
            provider=sync.provider,
            account=sync.account,
            at=to_stamp(sync.at),
            read=sync.read,
            taken_off=sync.taken_off,
        )
