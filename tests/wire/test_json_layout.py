"""JSON that is written once for an edition says of each reader what `json.dumps` would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Pattern, Slot, one_line
from digest.wire.json_layout import Each, IfAny, Json, JsonLayout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READERS = {"email": ["ann@example.org", "ben@example.org"], "name": ['Ann "the" \\ Ode', "\u2028\x7f\x01李\n"]}


def filled(value: Json, columns: Mapping[str, Sequence[str]] = READERS) -> object:
    """Return what a service reads of it."""
    return json.loads(b"".join(JsonLayout.of(value).fill(columns)))


def test_each_reader_has_an_item() -> None:
    """What is around the readers stands once, and each of them has an item with their own values."""
    hello = Pattern.of_text(f'Say "{Slot(name="name").marker}"')
    layout: Json = {"from": "editor", "to": Each({"email": Pattern.of_field("email"), "text": hello}), "end": [1, True]}
    assert filled(layout) == {
        "from": "editor",
        "to": [
            {"email": email, "text": f'Say "{one_line(name)}"'}
            for email, name in zip(READERS["email"], READERS["name"], strict=True)
        ],
        "end": [1, True],
    }


def test_an_array_may_be_all_there_is() -> None:
    """A bare array of readers is JSON, too, and one reader has no comma."""
    layout = JsonLayout.of(Each(Pattern.of_field("email")))
    assert b"".join(layout.fill({"email": ["ann@example.org"]})) == b'["ann@example.org"]'


def test_what_all_share_is_the_first_readers() -> None:
    """Outside of the readers' items, a slot is filled once."""
    layout: Json = {"batch": Pattern.of_field("batch"), "to": Each(Pattern.of_field("email"))}
    assert filled(layout, {**READERS, "batch": ["key", "key"]}) == {"batch": "key", "to": READERS["email"]}


@pytest.mark.parametrize("value", [None, True, False, 0, -5, 2.5, "", "\x00\u2028é", [], {}, [[], {"a": {}}], {"": []}])
def test_values_are_written_as_json(value: Json) -> None:
    """Whatever JSON can hold arrives as it is."""
    assert filled({"value": value, "to": Each("x")}) == {"value": value, "to": ["x", "x"]}


@pytest.mark.parametrize(
    "value",
    [
        {"to": "ann@example.org"},
        [Each("a"), Each("b")],
        Each({"to": Each("a")}),
        Each({"name": IfAny("name")}),
        Each([IfAny("name")]),
        Each(IfAny("name")),
    ],
)
def test_what_no_layout_can_write_is_refused(value: Json) -> None:
    """An array of readers stands once, and what may be left out only behind something else of its object."""
    with pytest.raises(ValueError, match=r"Each|IfAny"):
        JsonLayout.of(value)


def test_a_blank_value_goes_with_its_key() -> None:
    """Where a reader has no value, their object has no such key; others have it, escaped."""
    columns = {"email": ["ann@example.org", "ben@example.org"], "name": ["", 'Ben "B"']}
    assert filled([Each({"email": Pattern.of_field("email"), "name": IfAny("name"), "end": 1})], columns) == [
        [{"email": "ann@example.org", "end": 1}, {"email": "ben@example.org", "name": 'Ben "B"', "end": 1}]
    ]


def test_values_are_safe_where_they_stand() -> None:
    """A slot in HTML or in an address is escaped for that before it is written as JSON."""
    name = Slot(name="name").marker
    page = Pattern.of_html(f'<p>{name}</p><a href="https://example.org/{name}">')
    columns = {"email": ["ann@example.org"], "name": ['<b> "x"']}
    assert filled([Each(page)], columns) == [
        ['<p>&lt;b&gt; &quot;x&quot;</p><a href="https://example.org/%3Cb%3E%20%22x%22">']
    ]


def test_letters_are_not_spelled_out() -> None:
    """Letters beyond ASCII travel as they are, which is half as long."""
    assert b"".join(JsonLayout.of(Each("Zürich 李")).fill(READERS)).decode() == '["Zürich 李","Zürich 李"]'


_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(texts=st.lists(_words, min_size=1, max_size=4), names=st.lists(_words, min_size=1, max_size=5), key=_words)
def test_it_is_what_the_standard_library_writes(texts: list[str], names: list[str], key: str) -> None:
    """For any words and values, a service reads exactly what they are, values on one line."""
    pattern = Pattern(texts=tuple(texts), slots=(Slot(name="name"),) * (len(texts) - 1))
    columns = {"email": [f"reader{number}@example.org" for number in range(len(names))], "name": names}
    wanted = [{key: one_line(name).join(texts), "text": texts[0]} for name in names]
    assert filled([Each({key: pattern, "text": texts[0]} if key != "text" else {})], columns) == (
        [wanted] if key != "text" else [[{}] * len(names)]
    )
