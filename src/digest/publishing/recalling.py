"""What a provider was handed over ahead of its time: how it is named, so that it can be taken back, and taken back."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from digest.errors import IncompleteError, ProviderError, UsageError
from digest.providers import OwnsList, Progress, Reserves, Retracts, TakesBack
from digest.publishing.campaigning import find_campaigns
from digest.publishing.choosing import provider_of, service_of
from digest.publishing.handing_over import HANDING_OVER
from digest.publishing.issues import FAULTS
from digest.sending.talking import Line
from digest.store import Stage
from digest.wire.answers import UnclearError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Edition
    from digest.providers import Campaign, Provider
    from digest.publishing.newsroom import Newsroom
    from digest.store import Frozen, Handed, Store
    from digest.wire import Fetch


def with_recall(edition: Edition, provider: Provider) -> Edition:
    """
    Return an edition with a name under which it can be taken back, where the provider gives anything back.

    Raises:
        ProviderError: it gives none.
    """
    if edition.deliver_at is None or not isinstance(provider, TakesBack):
        return edition
    if not isinstance(provider, Reserves):
        return replace(edition, recall=edition.fingerprint[:32])
    with Line(_say_nothing, time.sleep, provider.transport) as fetch:
        return replace(edition, recall=provider.reserve(fetch))


def provider_that_has(newsroom: Newsroom, frozen: Frozen) -> Provider:
    """
    Return the provider that a mailing was handed over to.

    Raises:
        UsageError: the settings choose another one by now.
    """
    provider = provider_of(newsroom.settings)
    if provider.name != frozen.provider:
        msg = f"{frozen.slug} is with {frozen.provider}, and now {provider.name} is set"
        raise UsageError(msg, hint=f"To take it back: DIGEST_PROVIDER={frozen.provider} digest cancel {frozen.slug}")
    return provider


def take_back(provider: Provider, store: Store, frozen: Frozen, edition: Edition) -> bool:
    """
    Have a provider deliver nothing of a mailing that was ended, and say whether it can do that.

    Raises:
        IncompleteError: it does not, or nobody knows; or another process is handing it over at this moment.
    """
    if not isinstance(provider, TakesBack) or not edition.recall:
        return False
    left = edition.deliver_at - _now() if edition.deliver_at else provider.notice
    if left < provider.notice:
        minutes = provider.notice / timedelta(minutes=1)
        msg = f"{provider.name} gives nothing back within {minutes:.0f} minutes of its time"
        raise IncompleteError(msg, hint="What was not yet handed over stays here.")
    store.admit(frozen)
    try:
        with Line(_say_nothing, time.sleep, provider.transport) as fetch:
            provider.take_back(edition, fetch)
    except ProviderError as error:
        raise _not_given_back(frozen.slug, provider.name, error) from error
    store.ledger.take_back(frozen, now=_now())
    return True


def _not_given_back(slug: str, service: str, error: ProviderError) -> IncompleteError:
    does = "may deliver it all the same" if isinstance(error, UnclearError) else "delivers it all the same"
    msg = f"{service} {does}: {error.sentence}"
    return IncompleteError(msg, hint=f"Try it again, or look over there: digest cancel {slug}")


def retract(newsroom: Newsroom, store: Store, handed: Handed) -> str:
    """
    Make an issue a draft again that a service has scheduled, and return the name of the service.

    Raises:
        UsageError: it is on its way already, is none of the service's, or the service makes no drafts of it.
        IncompleteError: it is still scheduled, or nobody knows; or another process is at it.
    """
    service = service_of(newsroom.settings)
    if not isinstance(service, OwnsList) or service.name != handed.provider:
        msg = f"{handed.slug} is with {handed.provider}, and now {service.name} is set"
        raise UsageError(msg, hint=f"To take it back: DIGEST_PROVIDER={handed.provider} digest cancel {handed.slug}")
    if not isinstance(service, Retracts):
        msg = f"{service.name} makes no draft of what it has"
        raise UsageError(msg, hint=f"Take it back over there: {handed.url or service.destination}")
    try:
        edition = newsroom.render(newsroom.read(newsroom.find(handed.slug)))
    except (*FAULTS, UsageError) as fault:
        msg = f"{handed.slug} can only be found at {service.name} by its file: {fault}"
        raise UsageError(
            msg, hint=f"Mend that, or take it back over there: {handed.url or service.destination}"
        ) from fault
    with store.hold(HANDING_OVER), Line(_say_nothing, time.sleep) as fetch:
        try:
            _make_draft(service, handed, find_campaigns(service, edition, handed, fetch), fetch)
        except ProviderError as error:
            raise _not_given_back(handed.slug, service.name, error) from error
        store.handovers.keep(replace(handed, stage=Stage.STOPPED), now=_now())
    return service.name


def _make_draft(service: Retracts, handed: Handed, campaigns: Sequence[Campaign], fetch: Fetch) -> None:
    campaign = campaigns[0] if campaigns else None
    if campaign and campaign.progress in {Progress.SENDING, Progress.SENT}:
        msg = f"{handed.slug} is on its way already"
        raise UsageError(msg, hint=f"Look at it over there: {campaign.url or campaign.id}")
    if campaign and campaign.progress is Progress.SCHEDULED:
        service.retract(campaign, fetch)


def _say_nothing(_words: str) -> None:
    """Have nobody told that a service was waited for."""


def _now() -> datetime:
    return datetime.now(UTC)
