"""What `digest sync` does: whoever complained, left or bounced at the provider is not written to any more."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from itertools import islice
from typing import TYPE_CHECKING

import httpx

from digest.errors import ProviderError
from digest.model import Consent, Newcomer
from digest.providers import KeepsSuppressions, OwnsList
from digest.sending.talking import Line
from digest.store import Put, Sync
from digest.store.subscribers import BLOCK
from digest.store.syncs import account_of
from digest.subscribing.addresses import normal_email
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from digest.config import Settings
    from digest.providers import Provider
    from digest.store import Store
    from digest.store.erasing import Seal
    from digest.wire.suppressions import Suppression

_OVERLAP = timedelta(days=2)
"""How far before the last sync another one begins: services count in days of other zones, and write down late."""
_UNCHANGED = "Nothing was changed. Mend what it names, then run again: digest sync"
_AGAIN = "What was taken over so far stays, but it counts once all is. Mend what it names, then run again: digest sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What became of whom the provider no longer writes to."""

    provider: str
    since: datetime | None
    """What is older was not asked for, where it can be left out; None for all that there is."""
    read: int
    """How many addresses stood on its lists; some of them on several."""
    taken_off: int
    """How many of them were written to so far."""
    kept_away: int
    """How many were not, and never will be."""
    passed_over: int
    """How many are none to which mail can be sent."""
    rehearsed: bool = False
    """Whether nothing was changed in the end."""

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {
            "provider": self.provider,
            "since": self.since.isoformat() if self.since else None,
            "read": self.read,
            "taken_off": self.taken_off,
            "kept_away": self.kept_away,
            "passed_over": self.passed_over,
            "dry_run": self.rehearsed,
        }


def sync(
    store: Store,
    service: Provider | OwnsList,
    settings: Settings,
    *,
    report: Callable[[str], None],
    seal: Seal | None = None,
    whole: bool = False,
    rehearse: bool = False,
) -> Synced:
    """
    Take over whom the provider no longer writes to, and write down that it was done.

    What it tells is applied block by block, so that nobody else waits for the store while the service is asked. Who is
    not on the list is kept in mind as well, as an import keeps those who left, so that no later import writes to them.

    Args:
        store: the newsletter's readers.
        service: the provider that is asked.
        settings: the newsletter's.
        report: is told why it takes longer.
        seal: recognises those who were erased.
        whole: ask for all that there is, however lately that was done: this store does not remember what it was told.
        rehearse: change nothing; whoever stands on two lists then counts twice.

    Raises:
        ProviderError: the provider has no such lists, or does not show them as it should; then it does not count.
        SettingsError: readers were erased, and not with this seal.
    """
    keeper = _keeper_of(service)
    begun, account = _now(), account_of(settings)
    last = store.syncs.last(service.name, account)
    since = last.at - _OVERLAP if last and not whole else None
    counts: Counter[Put | None] = Counter()
    with Line(report, time.sleep) as fetch:
        told = keeper.suppressions(fetch, sender=settings.newsletter.from_, since=since, clock=_now)
        for block in _blocks(told):
            newcomers = [*_newcomers(block, service.name)]
            counts[None] += len(block) - len(newcomers)
            counts.update(store.subscribers.put(newcomers, now=_now(), seal=seal, rehearse=rehearse))
    synced = Synced(
        provider=service.name,
        since=since,
        read=counts.total(),
        taken_off=counts[Put.TAKEN_OFF],
        kept_away=counts[Put.KEPT_AWAY],
        passed_over=counts[None],
        rehearsed=rehearse,
    )
    if not rehearse:
        ended = Sync(provider=service.name, account=account, at=begun, read=synced.read, taken_off=synced.taken_off)
        store.syncs.keep(ended)
    return synced


def _keeper_of(service: Provider | OwnsList) -> KeepsSuppressions:
    if isinstance(service, KeepsSuppressions):
        return service
    if isinstance(service, OwnsList):
        msg = f"{service.name} owns its list, and writes to nobody who left it, so there is nothing to take over"
        raise ProviderError(msg, hint=f"Who is on it, and who is not: {service.destination}")
    msg = f"{service.name} keeps no list of those to whom it no longer writes"
    raise ProviderError(msg, hint="Take readers off who bounce or complain: digest subscribers remove ADDRESS")


def _blocks(told: Iterator[Suppression]) -> Iterator[list[Suppression]]:
    begun = False
    try:
        while block := [*islice(told, BLOCK)]:
            begun = True
            yield block
    except httpx.InvalidURL as error:
        msg = "the service leads from one page of its suppressions to none that there can be"
        raise ProviderError(msg, hint=_AGAIN if begun else _UNCHANGED) from error
    except ProviderError as error:
        raise ProviderError(error.sentence, hint=_AGAIN if begun else error.hint or _UNCHANGED) from error


def _newcomers(block: Iterable[Suppression], provider: str) -> Iterator[Newcomer]:
    """Put them in our words, but for those whose address is none: they can be on no list of ours."""
    consent = Consent(source=f"suppressions of {provider}")
    for suppression in block:
        try:
            email = normal_email(parseaddr(suppression.email)[1])  # some stand there with their names
        except ValueError:
            continue
        reason = _reason(suppression, provider)
        yield Newcomer(email=email, standing=suppression.standing, reason=reason, consent=consent)


def _reason(suppression: Suppression, provider: str) -> str:
    """Return why they stand so, for their history: without addresses, since others' could stand there."""
    since = f" ({suppression.at:%Y-%m-%d})" if suppression.at else ""
    return f"{provider}{since}: {clean(suppression.reason)}"


def _now() -> datetime:
    return datetime.now(UTC)
