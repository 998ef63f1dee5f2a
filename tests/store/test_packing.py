"""Ids and texts, packed and unpacked."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.store.packing import pack, pack_texts, unpack, unpack_texts

STEPS = st.one_of(st.integers(1, 255), st.integers(1, 70_000), st.integers(1, 2**33), st.integers(1, 2**56))


@given(st.integers(0, 2**40), st.lists(STEPS, max_size=50))
def test_ids_come_back(first: int, steps: list[int]) -> None:
    """Whatever rising ids are packed come out as they were."""
    ids = [*accumulate(steps, initial=first)]
    assert unpack(pack(ids)) == ids


def test_nobody_is_nothing() -> None:
    """No ids need no bytes."""
    assert pack([]) == b""
    assert unpack(b"") == []


@pytest.mark.parametrize("ids", [[2, 1], [1, 1], [1, 300, 299]])
def test_only_rising_ids_are_packed(ids: list[int]) -> None:
    """Ids that stand still or fall are a mistake of the caller, not something to be lost silently."""
    with pytest.raises(ValueError, match="do not rise"):
        pack(ids)


def test_neighbours_take_little_room() -> None:
    """A thousand neighbours fit in some twenty bytes, a thousand with gaps in less than a byte each."""
    assert len(pack(range(5_000_000, 5_001_000))) < 40
    assert len(pack([number * 7 + number % 3 for number in range(1, 1_001)])) < 1_000


@given(st.lists(st.text(max_size=8), max_size=5))
def test_texts_come_back(texts: list[str]) -> None:
    """Whatever texts are packed come out as they were, unless all of them are blank: those are nothing."""
    assert unpack_texts(pack_texts(texts)) == (texts if any(texts) else [])


def test_blank_texts_are_nothing() -> None:
    """A provider that names no message costs no bytes."""
    assert pack_texts(["", ""]) is None
    assert pack_texts([]) is None
    assert unpack_texts(None) == []
