"""What a person decides about a mailing that was begun: to pause it, to end it, and what becomes of its readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from digest.errors import UsageError
from digest.model import Receipt, State, Tally
from digest.publishing.choosing import provider_of, slug_of
from digest.publishing.recalling import provider_that_has, retract, take_back
from digest.sending.asking import ask
from digest.store import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Batch
    from digest.publishing.newsroom import Newsroom
    from digest.store import Claims, Frozen, Handed, Store


class Ruling(Enum):
    """How those in doubt are to be settled."""

    SENT = "sent"
    """They got it."""
    RESEND = "resend"
    """They are to get it, be it for the second time."""
    ASK = "ask"
    """The provider's log knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision that was carried out, and how the mailing stands now."""

    slug: str
    changed: int
    """How many readers it was about; 0 when there was nothing to decide."""
    tally: Tally
    deliver_at: datetime | None = None
    """When the provider delivers what it was handed over ahead, which it does not give back; None if there is none."""
    draft_at: str = ""
    """The service that owns its list, where the issue is a draft again; blank where it was sent reader by reader."""


def pause(newsroom: Newsroom, store: Store, name: str) -> Decision:
    """
    Let nothing more of a mailing leave until it is sent by its name again; what is in flight is finished.

    Raises:
        UsageError: it was never begun, or was cancelled.
    """
    frozen = _begun(newsroom, store, name)
    queued = store.deliveries.tally(frozen).queued
    store.mailings.turn(frozen, Course.PAUSED)
    return _decided(store, frozen, queued)


def cancel(newsroom: Newsroom, store: Store, name: str) -> Decision:
    """
    End a mailing: what is not yet sent never will be, and what a provider has for later is taken back where it can be.

    Raises:
        UsageError: it was never begun, or was cancelled before and nothing is left to be taken back.
        IncompleteError: it was ended here, and the provider has not given back what it has, or nobody knows.
    """
    handed = store.handovers.find(slug_of(newsroom, store, name))
    if handed:
        return _decided_over_there(handed, retract(newsroom, store, handed))
    frozen = _begun(newsroom, store, name, ended=True)
    edition = store.mailings.edition(frozen.edition_id)
    ahead = edition.deliver_at is not None and edition.deliver_at > _now() and _is_with_provider(store, frozen)
    if not ahead:
        _refuse_ended(frozen)
    provider = provider_that_has(newsroom, frozen) if ahead else None
    skipped = store.deliveries.tally(frozen).skipped
    store.ledger.cancel(frozen, now=_now())
    taken_back = provider is not None and take_back(provider, store, frozen, edition)
    decision = _decided(store, frozen, store.deliveries.tally(frozen).skipped - skipped)
    return replace(decision, deliver_at=edition.deliver_at) if ahead and not taken_back else decision


def _is_with_provider(store: Store, frozen: Frozen) -> bool:
    tally = store.deliveries.tally(frozen)
    return bool(tally.sent or tally.in_doubt)


def retry(newsroom: Newsroom, store: Store, name: str) -> Decision:
    """
    Queue those again whom the provider refused.

    Raises:
        UsageError: the mailing was never begun, or was cancelled.
    """
    frozen = _begun(newsroom, store, name)
    return _decided(store, frozen, store.ledger.retry(frozen))


def resolve(newsroom: Newsroom, store: Store, name: str, ruling: Ruling) -> Decision:
    """
    Settle those in doubt, batch by batch; of a mailing that was cancelled, nobody is written to again.

    Raises:
        UsageError: the mailing was never begun.
        ProviderError: the provider cannot be asked.
        IncompleteError: it is too early to ask; what was settled before stays so.
    """
    frozen = _begun(newsroom, store, name, ended=True)
    changed = 0
    with store.claims(frozen) as claims:
        for batch, since in claims.reopen():
            settle = _receipts(newsroom, batch, since, ruling, claims)
            _apply(claims, batch, settle)
            changed += sum(receipt.state is not State.IN_DOUBT for receipt in settle)
    if frozen.course is Course.CANCELLED:
        store.ledger.cancel(frozen, now=_now())  # those who are to get it never will
    return _decided(store, frozen, changed)


def _receipts(newsroom: Newsroom, batch: Batch, since: datetime, ruling: Ruling, claims: Claims) -> Sequence[Receipt]:
    if ruling is Ruling.ASK:
        try:
            return ask(batch, provider_of(newsroom.settings), since=since, now=_now())
        except BaseException:
            claims.doubt(batch, reason="", now=_now())
            raise
    state = State.SENT if ruling is Ruling.SENT else State.QUEUED
    return [Receipt(state=state)] * len(batch.readers)


def _apply(claims: Claims, batch: Batch, receipts: Sequence[Receipt]) -> None:
    if all(receipt.state is State.QUEUED for receipt in receipts):
        claims.release(batch)
    else:
        claims.settle(batch, receipts, now=_now())


def _begun(newsroom: Newsroom, store: Store, name: str, *, ended: bool = False) -> Frozen:
    frozen = store.mailings.find(slug_of(newsroom, store, name))
    if frozen is None:
        msg = f'nobody has begun to send "{name}"'
        raise UsageError(
            msg,
            hint="How all stand: digest status. To hold one back before it begins, write status: draft in its file.",
        )
    if not ended:
        _refuse_ended(frozen)
    return frozen


def _refuse_ended(frozen: Frozen) -> None:
    if frozen.course is Course.CANCELLED:
        msg = f"{frozen.slug} was cancelled"
        raise UsageError(msg, hint=f"Who got it: digest status {frozen.slug} --recipients")


def _decided_over_there(handed: Handed, service: str) -> Decision:
    return Decision(slug=handed.slug, changed=0, tally=Tally(), draft_at=service)


def _decided(store: Store, frozen: Frozen, changed: int) -> Decision:
    return Decision(slug=frozen.slug, changed=changed, tally=store.deliveries.tally(frozen))


def _now() -> datetime:
    return datetime.now(UTC)
