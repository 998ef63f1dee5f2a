"""Whether an edition can be filled for each of its readers, and whom it is shown for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.addressing import EXAMPLE_TOKEN, example_reader, refuse_blanks
from digest.errors import CombinedError, ContentError
from digest.model import Address, Consent, Edition, Newcomer, Pattern, Slot
from digest.store import Store, open_store

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def edition(*slots: Slot) -> Edition:
    """Return an edition that needs these values."""
    return Edition(
        slug="first-snow",
        sender=Address(email="editor@example.org"),
        reply_to=None,
        subject=Pattern.of_text("First snow"),
        html=Pattern.of_html("".join(f"<p>{slot.marker}</p>" for slot in slots)),
        text=Pattern.of_text(""),
        headers={},
    )


def put(store: Store, email: str, **fields: str) -> None:
    """Put a reader on the list."""
    list(store.subscribers.put([Newcomer(email=email, fields=fields, consent=Consent(source="test"))], now=NOW))


def test_nobody_gets_a_blank() -> None:
    """A field without a fallback needs a value for everyone; the fault counts who lacks it and names nobody."""
    with open_store("sqlite://") as store:
        put(store, "ann@example.org", city="Ulm")
        put(store, "bob@example.org")
        put(store, "cyd@example.org")
        with pytest.raises(ContentError, match="2 readers have no value for `city`") as caught:
            refuse_blanks(edition(Slot(name="city")), store.audiences)
        assert "--without city" in caught.value.hint
        assert "example.org" not in "".join(caught.value.lines())


def test_all_missing_fields_are_named_at_once() -> None:
    """Each field is a fault of its own."""
    with open_store("sqlite://") as store:
        put(store, "ann@example.org")
        with pytest.raises(CombinedError) as caught:
            refuse_blanks(edition(Slot(name="city"), Slot(name="name")), store.audiences)
    assert [fault.sentence[:35] for fault in caught.value.faults] == [
        "1 reader has no value for `city`, w",
        "1 reader has no value for `name`, w",
    ]


def test_fallbacks_and_tokens_are_never_blank() -> None:
    """A fallback stands in, every reader has a token and an address, and who left is not asked."""
    with open_store("sqlite://") as store:
        put(store, "ann@example.org", company="Nordlicht")
        put(store, "bob@example.org")
        store.subscribers.leave("bob@example.org", now=NOW)
        slots = [Slot(name="city", fallback="there"), Slot(name="token"), Slot(name="email"), Slot(name="company")]
        refuse_blanks(edition(*slots), store.audiences)


def test_example_reader() -> None:
    """They have a value for what the edition needs, the declared default where there is one, and no real token."""
    needs = edition(Slot(name="first_name"), Slot(name="city", fallback="there"))
    reader = example_reader(needs, {"first_name": "", "city": "", "company": "your company"})
    assert dict(reader.fields) == {"first_name": "First name", "city": "", "company": "your company"}
    assert reader.token == EXAMPLE_TOKEN
