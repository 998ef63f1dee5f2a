"""What is chosen for a send: by a person, who delivers, and which issue is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from digest.errors import SettingsError, UsageError
from digest.providers import OwnsList, Setup
from digest.providers.finding import load_provider, provider_class

if TYPE_CHECKING:
    from digest.config import Settings
    from digest.providers import Provider
    from digest.publishing.newsroom import Newsroom
    from digest.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a send besides the issue."""

    segment: str = ""
    """A segment's name or expression; blank for everyone."""
    plan: str = ""
    """The key of the plan that they have seen; blank for whatever it is now."""
    late: bool = False
    """Whether an issue may leave long after its time."""
    amend: bool = False
    """Whether those who are still queued get the issue as it reads now."""
    to_new: bool = False
    """Whether those get it, too, who joined since it was begun."""
    ahead: bool = False
    """Whether it is handed over now, for the provider to deliver at its time."""
    take_over: bool = False
    """Whether it goes on even if another machine has it in hand, since that one is dead."""
    allow: tuple[str, ...] = ()
    """The rules that it is not held to, sorted."""


def service_of(settings: Settings, *, sandbox: bool = False) -> Provider | OwnsList:
    """
    Return the service that the settings choose, be it one that delivers messages or one that owns its list.

    Args:
        settings: the newsletter's.
        sandbox: whether it is to check everything and deliver nothing.

    Raises:
        SettingsError: there is none of that name, or its settings are wrong.
        UsageError: it has no sandbox.
    """
    choice = settings.provider
    if sandbox and not provider_class(choice.name).limits.sandbox:
        msg = f"{choice.name} has no sandbox"
        raise UsageError(msg, hint="To see the real thing, send a test to yourself: --to ADDRESS")
    if choice.api_url:
        _refuse_malformed(choice.api_url)
    asked = settings.tracking.through == "provider"
    setup = Setup(
        root=settings.root,
        api_url=choice.api_url,
        options=choice.options,
        environ=settings.environ,
        track_opens=asked and settings.tracking.opens,
        track_clicks=asked and settings.tracking.clicks,
        sandbox=sandbox,
    )
    return load_provider(choice.name, setup)


def _refuse_malformed(address: str) -> None:
    try:
        httpx.URL(address)
    except httpx.InvalidURL as fault:
        msg = "api_url under [provider] is no address of the web"
        raise SettingsError(msg, hint="Write it like https://api.example.org/v3 or http://[::1]:8080") from fault


def provider_of(settings: Settings, *, sandbox: bool = False) -> Provider:
    """
    Return the provider that the settings choose.

    Raises:
        SettingsError: there is none of that name, or its settings are wrong.
        UsageError: it takes issues whole, for a list of its own; or it has no sandbox.
    """
    service = service_of(settings, sandbox=sandbox)
    if isinstance(service, OwnsList):
        msg = f"{service.name} writes to a list of its own, so there is nothing here to be done reader by reader"
        raise UsageError(msg, hint=f"Look at {service.destination}.")
    return service


def slug_of(newsroom: Newsroom, store: Store, name: str) -> str:
    """Return the slug of an issue; what was begun goes on even where its file is gone or broken."""
    return name if store.mailings.find(name) or store.handovers.find(name) else newsroom.slug_of(newsroom.find(name))


def next_issue(newsroom: Newsroom, *, begun: set[str], unfinished: list[str]) -> str | None:
    """
    Return the slug of the one issue that waits to be sent: it is ready, or unfinished. None if none does.

    Raises:
        UsageError: several do.
    """
    ready = [slug for slug, path in newsroom.by_slug().items() if slug not in begun and newsroom.read(path).ready]
    waiting = [*unfinished, *ready]
    if len(waiting) > 1:
        msg = f"{len(waiting)} issues are waiting to be sent"
        raise UsageError(msg, hint=f"Say which: {', '.join(waiting)}")
    return waiting[0] if waiting else None
