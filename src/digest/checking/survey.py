"""All readers of an audience, looked at before anyone is written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from digest.model import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some readers who have something in common."""

    count: int
    first: Sequence[int]
    """The numbers of the first few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found out about the readers."""

    readers: int
    longest: Subscriber | None
    """The reader whose values make the message longest; None where there is nobody."""
    blank: Mapping[str, Group]
    """By field that stands in the edition without a fallback: who has no value for it."""
    unsafe: Mapping[str, Group]
    """By field, ``name`` among them: whose value has a sign that no header and no text may have."""
    without_consent: Group
    """Of whom nobody knows when or how they agreed."""
