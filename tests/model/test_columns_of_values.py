"""Slots filled for many readers at once: the same as for one after the other."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.model import Context, Readers, Slot, Subscriber

VALUES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["", "a-b_c.d~9"]))


@pytest.mark.parametrize("context", Context)
@given(values=VALUES)
@example(values=[])
@example(values=[""])
@example(values=["a\nb"])
@example(values=["a\n", "b"])
@example(values=["", ""])
def test_escaped_all_at_once(context: Context, values: list[str]) -> None:
    """To escape many values comes to the same as to escape each of them, line ends included."""
    assert [*context.escape_all(values)] == [context.escape(value) for value in values]


@pytest.mark.parametrize("context", Context)
@given(values=VALUES, fallback=st.none() | st.sampled_from(["", "you", "<&>"]))
def test_column_of_a_slot(context: Context, values: list[str], fallback: str | None) -> None:
    """What stands in a slot for many readers is what stands there for each; a blank value has the fallback."""
    slot = Slot(name="name", fallback=fallback, context=context)
    assert [*slot.column(values)] == [context.escape(slot.value({"name": value})) for value in values]


TEXT = st.text(max_size=5)
UNIQUE = "Qm3x"
SUBSCRIBERS = st.lists(
    st.builds(
        Subscriber,
        id=st.integers(1, 99),
        email=TEXT,
        name=TEXT,
        token=TEXT,
        fields=st.dictionaries(st.sampled_from(["city", "size"]), TEXT),
    ),
    min_size=1,
    unique_by=lambda reader: reader.id,
)


@given(SUBSCRIBERS)
def test_readers_by_columns(subscribers: list[Subscriber]) -> None:
    """Whoever is put in columns comes out with all their values, in their order; who lacks a field has it blank."""
    readers = Readers.of(subscribers)
    assert len(readers) == len(subscribers)
    assert [reader.id for reader in readers] == [*readers.ids] == [reader.id for reader in subscribers]
    names = {name for reader in subscribers for name in reader.values}
    blank = dict.fromkeys(names, "")
    assert [reader.values for reader in readers] == [{**blank, **reader.values} for reader in subscribers]


def test_addresses() -> None:
    """The addresses are a column like any other."""
    readers = Readers.of([Subscriber(id=7, email="ann@example.org", token=UNIQUE)])
    assert [*readers.emails] == ["ann@example.org"]
