"""
The sender's domain as receivers look at it: what the DNS says of answers, SPF, DMARC and DKIM, and what to do about it.

Each module reads one kind of record with pure functions; `lookup` alone asks name servers. `examination` puts
questions and answers in the order in which a person reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Grade(Enum):
    """How something stands."""

    GOOD = "good"
    ADVICE = "advice"
    """It does no harm as it is, and could be better."""
    BAD = "bad"
    """It keeps mail from its readers."""
    UNKNOWN = "unknown"
    """It could not be found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something that was looked at."""

    about: str
    """What it is about, in one word."""
    grade: Grade
    sentence: str
    hint: str = ""
    """What to do about it; blank where nothing is to be done."""
