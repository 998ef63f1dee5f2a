"""What mail programs support of HTML and CSS, and what share of the readers uses which."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What readers of some newsletter used; nobody knows yours. Litmus counted 1.1 billion opens in July 2020, the last
# figures before Apple's privacy protection made machines open mail: Gmail 38 %, iPhone and iPad 30, Apple Mail 10,
# Outlook 9, Yahoo 4, Samsung 1 (emailninja.com/blog/email-client-market-share, read 2026-11). How the shares of Gmail,
# Outlook and Yahoo part among devices is our guess.
USUAL_SHARES: Mapping[str, int] = {
    "gmail-web": 16,
    "gmail-android": 14,
    "gmail-ios": 8,
    "apple-mail-ios": 30,
    "apple-mail-macos": 10,
    "outlook-windows": 5,
    "outlook-com": 2,
    "outlook-ios": 1,
    "outlook-macos": 1,
    "yahoo-web": 2,
    "yahoo-android": 1,
    "yahoo-ios": 1,
    "samsung-email": 1,
}
"""By mail program: how many parts of an audience are taken to use it, where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The table: what each mail program makes of each feature."""

    source: str
    date: str
    clients: Mapping[str, str]
    """By name: what a mail program is called in a sentence."""
    features: Mapping[str, str]
    """By feature, as `usage` names it: a letter for each program; y, p (partly), n, u (unknown)."""

    def without(self, feature: str) -> list[str]:
        """Return the names of the mail programs that ignore a feature."""
        letters = self.features.get(feature, "")
        return [name for name, letter in zip(self.clients, letters, strict=False) if letter == "n"]


@lru_cache(maxsize=1)
def load_support() -> Support:
    """Return the table, as ``scripts/update_support.py`` wrote it."""
    return Support(**json.loads(files("digest.checking.clients").joinpath("support.json").read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Who does without a feature."""

    clients: Sequence[str]
    """What their mail programs are called, the most used first."""
    share: float
    """In per cent of the readers."""

    def __str__(self) -> str:
        most = 3
        named = ", ".join(self.clients[:most])
        further = f" and {len(self.clients) - most} more" if len(self.clients) > most else ""
        return f"{named}{further} ({_per_cent(self.share)} of the readers)"


def _per_cent(share: float) -> str:
    return f"some {share:.0f} %" if share >= 1 else "less than 1 %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readership:
    """How many readers use which mail program."""

    shares: Mapping[str, float]
    """By mail program, in per cent; together 100."""

    def loss(self, feature: str, spared: frozenset[str] = frozenset()) -> Loss:
        """Return who does without a feature; the mail programs in `spared` never get to see it."""
        lacking = [name for name in load_support().without(feature) if name in self.shares and name not in spared]
        lacking.sort(key=lambda name: -self.shares[name])
        return Loss(
            clients=[load_support().clients[name] for name in lacking],
            share=sum(self.shares[name] for name in lacking),
        )


def readership(clients: Mapping[str, int]) -> Readership:
    """Return who reads with what: the shares by mail program, in any unit; without any, the usual ones hold."""
    given = {name: share for name, share in clients.items() if share} or USUAL_SHARES
    total = sum(given.values())
    return Readership(shares={name: 100 * share / total for name, share in given.items()})
