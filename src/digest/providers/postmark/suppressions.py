"""
Whom Postmark no longer writes to: a list a stream, told in one answer.

https://postmarkapp.com/developer/api/suppressions-api, read on 2026-11-23.
"""

from __future__ import annotations

import msgspec

from digest.model import Standing
from digest.wire.suppressions import Suppression, told_at

_STANDINGS = {"SpamComplaint": Standing.COMPLAINED, "HardBounce": Standing.BOUNCED}


class _Entry(msgspec.Struct, rename="pascal"):
    email_address: str
    suppression_reason: str = ""
    origin: str = ""
    created_at: str = ""

    def told(self) -> Suppression:
        """Return it in our words; what somebody did by hand has the reason ManualSuppression."""
        return Suppression(
            email=self.email_address,
            standing=_STANDINGS.get(self.suppression_reason, Standing.LEFT),
            reason=f"{self.suppression_reason} by {self.origin}" if self.origin else self.suppression_reason,
            at=told_at(self.created_at),
        )


class Dump(msgspec.Struct, rename="pascal"):
    """All that stands on the list of a stream."""

    suppressions: list[_Entry]
