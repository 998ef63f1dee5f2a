"""The moment of an issue: until when it may leave, and how far ahead a provider can be told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from digest.errors import ContentError, ProviderError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from digest.config import Send
    from digest.model import Issue
    from digest.providers import OwnsList, Provider

SOONEST = timedelta(minutes=15)
"""How far ahead a moment must be that a provider is told, since handing over takes time."""


def is_late(send_at: datetime, limits: Send, now: datetime) -> bool:
    """Tell whether an issue may no longer begin to leave, unless a person says so."""
    return now - send_at > timedelta(hours=limits.max_lateness)


def refuse_lateness(issue: Issue, limits: Send, now: datetime) -> None:
    """
    See to it that an issue does not leave long after its time, as from a machine that was brought back.

    Raises:
        ContentError: it is later than the settings allow.
    """
    if issue.send_at and is_late(issue.send_at, limits, now):
        msg = f"the issue was meant for {issue.send_at:%Y-%m-%d %H:%M %Z}, more than {limits.max_lateness} hours ago"
        raise ContentError(msg, hint="If it is still to leave, add --late, or give it another send_at.")


def horizon_of(provider: Provider | OwnsList) -> timedelta:
    """
    Return how far ahead a provider can be told when to deliver.

    Raises:
        ProviderError: it cannot be told.
    """
    if provider.limits.horizon is None:
        msg = f"{provider.name} delivers at once and keeps nothing for later"
        raise ProviderError(msg, hint="Send it at its time, without --ahead.")
    return provider.limits.horizon


def moment_ahead(issue: Issue, provider: Provider | OwnsList, now: datetime) -> datetime:
    """
    Return when the provider is to deliver an issue that is handed over now.

    Raises:
        UsageError: it has no time, or one that is too near.
        ProviderError: the provider cannot be told a time, or none so far ahead.
    """
    horizon = horizon_of(provider)
    if issue.send_at is None or issue.send_at - now < SOONEST:
        msg = "the issue has no send_at in the future" if issue.send_at is None else "the issue's send_at is too near"
        raise UsageError(msg, hint="Give it one that is at least a quarter of an hour ahead, or leave out --ahead.")
    if issue.send_at - now > horizon:
        msg = f"{provider.name} keeps messages for {horizon / timedelta(hours=1):.0f} hours at most"
        raise ProviderError(msg, hint=f"The issue is for {issue.send_at:%Y-%m-%d %H:%M %Z}; hand it over later.")
    return issue.send_at
