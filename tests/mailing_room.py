"""A small newsletter in a store, for the tests of its ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.model import Address, Consent, Edition, InlineImage, Newcomer, Pattern, Plan, Receipt, Slot, Standing, State
from digest.store import open_store
from digest.store.subscribers import Seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import Batch
    from digest.segments import Segment
    from digest.store import Claims, Frozen, Store

NOW = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SLUG = "past-the-plateau"
SENT = Receipt(state=State.SENT)
AGAIN = Receipt(state=State.QUEUED, reason="too many requests")
REFUSED = Receipt(state=State.REFUSED, reason="mailbox is gone")
SKIPPED = Receipt(state=State.SKIPPED, reason="suppressed")
IN_DOUBT = Receipt(state=State.IN_DOUBT, reason="no answer")


def edition(slug: str = SLUG, subject: str = "Stop closing tickets") -> Edition:
    """Return an edition that greets its readers by name and names their city."""
    name, city = Slot(name="name", fallback="there").marker, Slot(name="city", fallback="your town").marker
    picture = InlineImage(cid="a", filename="a.png", media_type="image/png", content=b"\x89PNG" + bytes(range(256)))
    return Edition(
        slug=slug,
        sender=Address(email="editor@example.org", name="Past the Plateau"),
        reply_to=None,
        subject=Pattern.of_text(subject),
        html=Pattern.of_html(f"<p>Hello {name} in {city}</p>"),
        text=Pattern.of_text(f"Hello {name} in {city}"),
        headers={"List-Id": Pattern.of_text("<plateau.example.org>")},
        images=(picture,),
    )


def plan(store: Store, batch_size: int = 2, slug: str = SLUG, segment: Segment | None = None) -> Plan:
    """Return the plan for everyone on the list now, or those of a segment."""
    audience = store.audiences.measure(segment)
    return Plan(edition=edition(slug), provider="outbox", audience=audience, batch_size=batch_size)


def freeze(store: Store, batch_size: int = 2, slug: str = SLUG) -> Frozen:
    """Freeze an edition for everyone on the list now."""
    return store.ledger.freeze(plan(store, batch_size, slug), now=NOW)


def put(store: Store, *names: str, name: str = "", city: str = "", tags: tuple[str, ...] = ()) -> None:
    """Put readers of these names at example.org on the list, or change what is known of them."""
    consent, fields = Consent(source="test"), {"city": city}
    newcomers = [Newcomer(email=_email(one), name=name, fields=fields, tags=tags, consent=consent) for one in names]
    list(store.subscribers.put(newcomers, now=NOW))


def leave(store: Store, *names: str, standing: Standing = Standing.LEFT) -> None:
    """Let readers stand so that they may not be written to any more."""
    for name in names:
        assert store.subscribers.stand(_email(name), standing, reason="test", now=NOW)


def erase(store: Store, *names: str) -> None:
    """Forget readers."""
    for name in names:
        assert store.subscribers.erase(_email(name), seal=Seal(b"secret"), now=NOW)


def _email(name: str) -> str:
    return f"{name}@example.org"


def claim(claims: Claims) -> Batch:
    """Claim the next batch, which there must be."""
    batch = claims.claim(now=NOW)
    assert batch
    return batch


def claim_all(claims: Claims) -> list[Batch]:
    """Claim all that is queued."""
    return [*iter(lambda: claims.claim(now=NOW), None)]


def names(batch: Batch) -> list[str]:
    """Return the names of a batch's readers."""
    return [email.partition("@")[0] for email in batch.readers.emails]


def fates(store: Store, frozen: Frozen) -> dict[str, State]:
    """Return how each reader of a mailing stands, by name, in the order of the lines."""
    return {line.email.partition("@")[0]: line.state for line in store.deliveries.lines(frozen)}


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store with five readers."""
    with open_store(url) as opened:
        put(opened, "ann", "bob", "cyd", "dan", "eve")
        yield opened


@pytest.fixture
def frozen(store: Store) -> Frozen:
    """Return a mailing that was frozen for the five, in batches of two."""
    return freeze(store)
