"""What the rules have to say of an issue before it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.errors import Place


class Severity(Enum):
    """How much a finding weighs."""

    ERROR = "error"
    """It must not leave so."""
    WARNING = "warning"
    """It had better not leave so."""
    NOTE = "note"
    """Worth knowing."""

    @property
    def rank(self) -> int:
        """Its place among all, from 0 for the heaviest."""
        return [*Severity].index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found in an issue, and what to do about it."""

    rule: str
    """The rule's name, such as ``link-insecure``."""
    severity: Severity
    sentence: str
    fix: str
    place: Place | None = None
    """Where in an issue, a template or ``digest.toml`` it can be mended, as far as that is known."""

    def facts(self) -> dict[str, object]:
        """Return it as JSON has it; what is not known of the place is None."""
        place = self.place
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "sentence": self.sentence,
            "fix": self.fix,
            "path": place.path if place else None,
            "line": (place.line or None) if place else None,
            "column": (place.column or None) if place else None,
        }
