"""The pace of a provider's account, kept by all processes that post through it: one row, by the server's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from digest.store.database import Dialect

if TYPE_CHECKING:
    from digest.store.database import Database

_STRETCH = 1.06
"""
How much longer than at the exact pace one place is after the other.

Requests do not arrive as evenly as they leave. With this, the eleventh of ten a second has to overtake the first one by
60 ms before there are eleven in any second, as the service counts; and 94 % of the pace is still used.
"""
_LEAD = 0.05
"""Seconds that a place is ahead at least, if places are not nearer to each other: whoever takes it is not ready yet."""
_PATIENCE = 1.0
"""Seconds for which it is good enough to know that nobody asks to be left alone."""
_FRESH = 0.05
"""Seconds after which a place is looked at once more before it is used."""


class Paces:
    """The paces of all accounts; with SQLite, each process keeps its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def shared(self, provider: str, account: str, rate: float | None) -> SharedPace | None:
        """Return the pace of an account in requests a second; None where no row is shared."""
        if self._database.dialect is not Dialect.POSTGRESQL:
            return None
        return SharedPace(self._database, provider=provider, account=account, rate=rate)


class SharedPace:
    """
    A pace that is shared with all other processes: the generic cell rate algorithm in one update of a row.

    Without a rate, a request costs no round trip: others' holds are then heard within a second.
    """

    def __init__(self, database: Database, *, provider: str, account: str, rate: float | None) -> None:
        self._database = database
        self._sql = database.queries("paces.sql")
        self._row = {"provider": provider, "account": account}
        self._interval = _STRETCH / rate if rate else None
        self._lead = min(_LEAD, self._interval / 2) if self._interval else 0.0
        self._held = 0.0
        """Until when it was held when we last looked, by the server's clock."""
        self._looked = float("-inf")
        self._rest = float("-inf")
        """The moment until which it is held, by our clock."""

    def reserve(self, now: float) -> float:
        """Take the next place; return how many seconds after `now` it is."""
        if self._interval is None:
            self._look()
            return max(0.0, self._rest - now)
        steps = {"interval": self._interval, "lead": self._lead}
        wait, self._held = self._database.fetch_all(self._sql["reserve"], **self._row, **steps)[0]
        self._looked = time.monotonic()
        return self._looked - now + float(wait)  # by the later of two clocks: to be early is to be too near

    def _look(self) -> None:
        """See whether the account is held, unless we have just looked."""
        if time.monotonic() - self._looked > _PATIENCE:
            _, wait = self._database.fetch_one(self._sql["held"], **self._row) or (0.0, 0.0)
            self._looked = time.monotonic()
            if wait > 0:
                self._rest = self._looked + wait

    def stands(self) -> bool:
        """Return whether the place that was taken last still counts; not if the account was held since."""
        if self._interval is None or time.monotonic() - self._looked < _FRESH:
            return True
        held, _ = self._database.fetch_one(self._sql["held"], **self._row) or (0.0, 0.0)
        return bool(held <= self._held)

    def hold_until(self, moment: float) -> None:
        """Give nobody a place before `moment` of our monotonic clock, as a service may ask."""
        seconds = moment - time.monotonic()
        if seconds > 0:
            self._rest = max(self._rest, moment)
            self._database.change(self._sql["hold"], **self._row, seconds=seconds)

    def lag(self) -> float:
        """Return in how many seconds a request may leave that asks for its place now."""
        (seconds,) = self._database.fetch_one(self._sql["lag"], **self._row) or (0.0,)
        return max(0.0, float(seconds))
