"""The list is shown and written out, and what was written out can be taken in again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lists import FIELDS, counts, take

from digest.errors import UsageError
from digest.store import Store, open_store
from digest.subscribing.leaving import remove_reader
from digest.subscribing.listing import count_readers, export_readers, list_readers
from digest.subscribing.rows import guard, unguard


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store."""
    with open_store(url) as opened:
        yield opened


if TYPE_CHECKING:
    from collections.abc import Iterator


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs", "M", "Cf"]), max_size=20)
READERS = st.lists(
    st.tuples(st.emails(), TEXT, TEXT, TEXT, st.lists(TEXT, max_size=2).map(";".join)),
    max_size=5,
)


@settings(max_examples=100)
@given(READERS)
def test_export_is_what_import_takes(rows: list[tuple[str, ...]]) -> None:
    """Whatever was taken in comes out so that taking it in again changes nothing."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("email", "name", *FIELDS, "tags"), *rows])
    with open_store("sqlite://") as store:
        take(store, text.getvalue())
        exported = io.StringIO()
        count = export_readers(store, exported, fields=FIELDS)
        again = take(store, exported.getvalue())
        assert counts(again) == ({"unchanged": count} if count else {})
        assert again.refused == []
    with open_store("sqlite://") as other:
        assert counts(take(other, exported.getvalue())) == ({"added": count} if count else {})


def test_list_of_those_without_a_value(store: Store) -> None:
    """A field that nobody declared is refused, since everyone lacks it."""
    take(store, "email,city\nann@example.org,Ulm\nbob@example.org,\n")
    assert [reader.email for reader, _ in list_readers(store, fields=FIELDS, without="city")] == ["bob@example.org"]
    with pytest.raises(UsageError, match='no field "ctiy"') as caught:
        list_readers(store, fields=FIELDS, without="ctiy")
    assert 'did you mean "city"?' in caught.value.hint


def test_export_of_everyone(store: Store) -> None:
    """Taken in elsewhere, it loses nobody's refusal, nor when and why anyone came."""
    take(
        store,
        "email,name,tags,standing,joined,consent_at,consent_how,consent_source,consent_words\n"
        'ann@example.org,Ann,a;b,left,2020-01-02,2020-01-01,a form,https://example.org/join,"Yes, do."\n'
        "bob@example.org,,,pending,2021-01-02T03:04:05.678901+00:00,,,,\n"
        "cyd@example.org,,,complained,,,,,\n"
        "dan@example.org,,,,,,,,\n",
    )
    remove_reader(store, "dan@example.org", standing="bounced")
    text = io.StringIO()
    assert export_readers(store, text, fields=FIELDS) == 4
    with open_store("sqlite://") as other:
        assert counts(take(other, text.getvalue())) == {"added": 1, "kept_away": 3}
        again = io.StringIO()
        export_readers(other, again, fields=FIELDS)
    assert again.getvalue() == text.getvalue()
    assert export_readers(store, io.StringIO(), fields=FIELDS, standing="left") == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    """A quote before it makes it text for a spreadsheet; a word with such a sign further on needs none."""
    assert guard(f"{start}1+1") == f"'{start}1+1"
    assert guard(f"a{start}b") == f"a{start}b"
    assert unguard("'tis") == "'tis"


@given(st.text(st.sampled_from("'=+-@\t\ra"), max_size=6))
@example("'=1")
@example("''=1")
def test_guard_comes_off_again(cell: str) -> None:
    """Whatever was guarded is read as it was, quotes of its own included, and no guarded cell is a formula."""
    assert unguard(guard(cell)) == cell
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_formulas_in_a_list(store: Store) -> None:
    """They are written with their guard unless someone asks for them raw, and both are read as they were."""
    take(store, 'email,name,city,tags\n=cmd@example.org,"=HYPERLINK(1)",-2+3,@x\n')
    guarded, raw = io.StringIO(), io.StringIO()
    export_readers(store, guarded, fields=FIELDS)
    export_readers(store, raw, fields=FIELDS, raw=True)
    (_, row), (_, raw_row) = (list(csv.reader(io.StringIO(text.getvalue()))) for text in (guarded, raw))
    assert row[:5] == ["'=cmd@example.org", "'=HYPERLINK(1)", "", "'-2+3", "'@x"]
    assert raw_row[:5] == ["=cmd@example.org", "=HYPERLINK(1)", "", "-2+3", "@x"]
    for text in (guarded, raw):
        assert counts(take(store, text.getvalue())) == {"unchanged": 1}


def test_counts(store: Store) -> None:
    """Every standing is counted, those of nobody included."""
    take(store, "email,standing\nann@example.org,\nbob@example.org,left\n")
    assert count_readers(store) == {"pending": 0, "active": 1, "left": 1, "bounced": 0, "complained": 0}
