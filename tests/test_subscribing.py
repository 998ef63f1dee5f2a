"""The list of readers: what is taken in, what is refused at which line, and that it comes out as it went in."""

from __future__ import annotations

import csv
import io
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.errors import CombinedError, ContentError, UsageError
from digest.store import Put, Store, open_store
from digest.subscribing import (
    _PLAIN_EMAIL,
    _SPECIAL_ENDINGS,
    ImportReport,
    add_reader,
    export_readers,
    import_readers,
    list_readers,
    make_newcomer,
    read_fields,
    remove_reader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("first_name", "city")


@pytest.fixture
def store() -> Iterator[Store]:
    """Return an empty store."""
    with open_store("sqlite://") as opened:
        yield opened


def take(store: Store, text: str | bytes, *, ignore_extra: bool = False) -> ImportReport:
    """Import a CSV."""
    content = text.encode() if isinstance(text, str) else text
    file = io.BytesIO(content)
    return import_readers(store, file, source="readers.csv", fields=FIELDS, ignore_extra=ignore_extra)


def counts(report: ImportReport) -> dict[str, int]:
    """Return what was counted, without zeros."""
    return {outcome.value: count for outcome, count in report.counts.items() if count}


def emails(store: Store) -> list[str]:
    """Return who is on the list."""
    return [reader.email for reader in store.subscribers.walk()]


def refused_lines(report: ImportReport) -> list[int]:
    """Return the lines that were not taken."""
    return [fault.place.line for fault in report.refused if fault.place]


def test_new_updated_unchanged_and_kept_away(store: Store) -> None:
    """Each row is counted by what it came to, and whoever left is not brought back."""
    assert counts(take(store, "email,name\nann@example.org,Ann\nbob@example.org,\ncyd@example.org,\n")) == {"added": 3}
    remove_reader(store, "CYD@example.org")
    again = take(store, "email,name\nAnn@example.org,Ann\nbob@example.org,Bob\ncyd@example.org,\ndan@example.org,\n")
    assert counts(again) == {"added": 1, "updated": 1, "unchanged": 1, "kept_away": 1}
    assert again.facts() == {"added": 1, "updated": 1, "unchanged": 1, "kept_away": 1, "refused": []}
    assert [reader.email for reader in list_readers(store, fields=FIELDS, standing="left")] == ["cyd@example.org"]


def test_all_that_is_known_of_a_reader(store: Store) -> None:
    """Names, fields and tags arrive, in whatever order the columns stand, without the blanks around them."""
    take(store, " tags , city,email,name\n friends; staff ;friends,Ulm, ann@example.org , Ann Fictional \n")
    (reader,) = store.subscribers.walk()
    assert (reader.email, reader.name, dict(reader.fields), reader.tags) == (
        "ann@example.org",
        "Ann Fictional",
        {"city": "Ulm"},
        ("friends", "staff"),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\N{ZERO WIDTH NO-BREAK SPACE}"])
def test_forms_that_programs_write(store: Store, delimiter: str, end: str, mark: str) -> None:
    """Commas, semicolons and tabs, either line end, with and without a mark of byte order: all are read."""
    rows = [["email", "name", "tags"], ["ann@example.org", 'Ann, "Bob"; and Cyd', "a,b"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    assert counts(take(store, mark + text.getvalue())) == {"added": 1}
    (reader,) = store.subscribers.walk()
    assert (reader.name, reader.tags) == ('Ann, "Bob"; and Cyd', ("a", "b"))


def test_rows_that_cannot_be_taken(store: Store) -> None:
    """Each is named by its line and a reason that repeats no address; the others are taken."""
    report = take(
        store,
        "email,name,city\n"
        "ann@example.org,Ann,Ulm\n"
        "nonsense,Bob,\n"
        "\n"
        '"cyd@example.org","Cyd","Line one\nline two"\n'
        "dan@localhost,Dan,\n"
        "eve@example.org,Eve,Ulm,too much\n"
        "fay@example.org,Fay \u202eyaf,\n"
        f"gus@example.org,{'x' * 201},\n"
        "hal@example.org\n"
        ",Nobody,\n"
        "ivy@example.org,Ivy,,\n",
    )
    assert refused_lines(report) == [3, 5, 7, 8, 9, 10, 12]
    assert emails(store) == ["ann@example.org", "hal@example.org", "ivy@example.org"]
    reasons = "\n".join(fault.sentence for fault in report.refused)
    assert "nonsense" not in reasons
    assert "example.org" not in reasons
    assert "the row has 4 cells, and there are 3 columns" in reasons
    assert "U+202E" in reasons
    assert "U+000A" in reasons
    assert "longer than 200" in reasons


def test_line_numbers_behind_a_quoted_heading(store: Store) -> None:
    """A line break in the first row moves what follows, and the lines are still right."""
    report = take(store, 'email,"extra\ncolumn"\nann@example.org,\nnonsense,\n', ignore_extra=True)
    assert refused_lines(report) == [4]


@pytest.mark.parametrize("text", ["", "\n", "name\nAnn\n", "\n\nann@example.org\n"])
def test_file_without_addresses(store: Store, text: str) -> None:
    """Without a column email there is nothing to take."""
    with pytest.raises((ContentError, CombinedError), match='there is no column "email"'):
        take(store, text)


@pytest.mark.parametrize("text", ["email", "email\n", "email,name\r\n", "email\n\n\n"])
def test_file_with_a_heading_only(store: Store, text: str) -> None:
    """A list of nobody is a list."""
    assert counts(take(store, text)) == {}


def test_columns_that_are_not_known(store: Store) -> None:
    """They are named, all at once, with what may have been meant; nothing is taken."""
    with pytest.raises(CombinedError) as caught:
        take(store, "email,frist_name,Phone,city,city\nann@example.org,,,,\n")
    lines = "\n".join(caught.value.lines())
    assert 'readers.csv:1: unknown column "frist_name"' in lines
    assert 'did you mean "first_name"?' in lines
    assert 'unknown column "Phone"' in lines
    assert 'the column "city" stands there 2 times' in lines
    assert caught.value.exit_code == 4
    assert emails(store) == []


def test_columns_passed_over(store: Store) -> None:
    """With --ignore-extra they are, even when they have no names, or the same one."""
    text = "email,Phone,Phone,,\nann@example.org,1,2,3,4\n"
    assert counts(take(store, text, ignore_extra=True)) == {"added": 1}


@pytest.mark.parametrize(
    "content",
    [
        "email,name\nann@example.org,Jürgen\n".encode("latin-1"),
        "email,name\nann@example.org,Ann\n".encode("utf-16"),
        "email,name\nann@example.org,Ann\n".encode("utf-16-le") + "ü".encode("utf-16-le"),
        b"email,name\nann@example.org,Ann\n" + b"bob@example.org,\xff\n",
    ],
)
def test_text_in_another_encoding(store: Store, content: bytes) -> None:
    """It is refused whole, rather than guessed at: a list of names with wrong letters is worse than none."""
    with pytest.raises(ContentError) as caught:
        take(store, content)
    assert caught.value.hint
    assert emails(store) == []


def test_quote_that_is_never_closed(store: Store) -> None:
    """The fault is named at the line where its row begins, and nothing is taken."""
    with pytest.raises(ContentError, match="this is not CSV") as caught:
        take(store, 'email,name\nann@example.org,Ann\nbob@example.org,"Bob\ncyd@example.org,Cyd\n')
    assert str(caught.value.place) == "readers.csv:3"
    assert emails(store) == []


def test_one_reader_twice_in_a_file(store: Store) -> None:
    """The second row adds to what the first one said."""
    report = take(store, "email,name,tags\nann@example.org,,a\nANN@example.org,Ann,b\n")
    assert counts(report) == {"added": 1, "updated": 1}
    (reader,) = store.subscribers.walk()
    assert (reader.email, reader.name, reader.tags) == ("ann@example.org", "Ann", ("a", "b"))


def test_import_is_quick(store: Store) -> None:
    """Ten thousand readers take less than a few seconds, even on a busy machine."""
    rows = "".join(f"reader{number}@example.org,Reader {number},tag\n" for number in range(10_000))
    start = perf_counter()
    assert counts(take(store, f"email,name,tags\n{rows}")) == {"added": 10_000}
    assert perf_counter() - start < 5


ATOM = st.text("aZ09_+-.", min_size=1, max_size=8)
LABEL = st.text("az09-", min_size=1, max_size=8)
ADDRESSES = st.builds("{}@{}".format, ATOM, st.lists(LABEL, min_size=1, max_size=3).map(".".join))
ENDINGS = st.sampled_from(["test", "local", "example", "invalid", "onion", "org", "com", "arpa", "localhost", "xn--a"])


def _as_the_library_says(email: str) -> str | None:
    try:
        return validate_email(email, check_deliverability=False, test_environment=True, allow_smtputf8=False).normalized
    except EmailNotValidError:
        return None


@settings(max_examples=500)
@given(st.one_of(ADDRESSES, st.emails(), st.builds("{}.{}".format, ADDRESSES, ENDINGS), st.text("a@.-_+", max_size=12)))
@example(f"{'a' * 64}@{'b' * 59}.com")
@example(f"{'a' * 64}@{'b' * 60}.com")
@example(f"{'a' * 65}@example.org")
@example("a@xn--bcher-kva.example.org")
@example("a@b--c.org")
@example("ann@example.test")
def test_short_cut_for_plain_addresses(email: str) -> None:
    """What is taken without asking email-validator is exactly what it would have returned unchanged."""
    match = _PLAIN_EMAIL.fullmatch(email)
    if match and match[1] not in _SPECIAL_ENDINGS:
        assert _as_the_library_says(email) == email


def _taken(email: str) -> tuple[str, str]:
    try:
        return make_newcomer(email=email, source="test").email, ""
    except ValueError as error:
        return "", str(error)


@settings(max_examples=200)
@given(st.one_of(ADDRESSES, st.emails(), st.text(max_size=20)))
def test_addresses_have_one_form(email: str) -> None:
    """An address that is taken is taken again as it is; one that is not is refused without being repeated."""
    taken, refusal = _taken(email)
    if taken:
        assert _taken(taken) == (taken, "")
    else:
        assert len(email.strip()) < 3 or email.strip() not in refusal


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs", "M", "Cf"]), max_size=20)
READERS = st.lists(
    st.tuples(st.emails(), TEXT, TEXT, TEXT, st.lists(TEXT, max_size=2).map(";".join)),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(READERS)
def test_export_is_what_import_takes(rows: list[tuple[str, ...]]) -> None:
    """Whatever was taken in comes out so that taking it in again changes nothing."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("email", "name", *FIELDS, "tags"), *rows])
    with open_store("sqlite://") as store:
        take(store, text.getvalue())
        exported = io.StringIO()
        count = export_readers(list_readers(store, fields=FIELDS), exported, FIELDS)
        again = take(store, exported.getvalue())
        assert counts(again) == ({"unchanged": count} if count else {})
        assert again.refused == []
    with open_store("sqlite://") as other:
        assert counts(take(other, exported.getvalue())) == ({"added": count} if count else {})


def test_one_reader_by_hand(store: Store) -> None:
    """A reader is added with fields and tags; several tags may stand in one text."""
    outcome = add_reader(store, email="Ann@EXAMPLE.org", name="Ann", fields={"city": "Ulm"}, tags=("a;b", "c"))
    assert outcome is Put.ADDED
    reader = store.subscribers.find("ann@example.org")
    assert reader
    assert (reader.email, reader.tags) == ("Ann@example.org", ("a", "b", "c"))


def test_reader_who_cannot_be_added(store: Store) -> None:
    """An address that no mail reaches is wrong usage."""
    with pytest.raises(UsageError, match="no email address"):
        add_reader(store, email="nonsense", name="", fields={}, tags=())


def test_reader_who_is_not_there(store: Store) -> None:
    """Nobody can be removed who is not on the list, or has left it."""
    add_reader(store, email="ann@example.org", name="", fields={}, tags=())
    remove_reader(store, "ann@example.org")
    for email in ("ann@example.org", "bob@example.org"):
        with pytest.raises(UsageError, match="nobody of that address") as caught:
            remove_reader(store, email)
        assert email not in "".join(caught.value.lines())


def test_fields_by_hand() -> None:
    """A field is declared, and has a value; the value may hold equals signs."""
    assert read_fields(("city=Ulm=Neu",), FIELDS) == {"city": "Ulm=Neu"}
    with pytest.raises(UsageError, match="says no value"):
        read_fields(("city",), FIELDS)
    with pytest.raises(UsageError, match='no field "town"'):
        read_fields(("town=Ulm",), FIELDS)


def test_list_of_those_without_a_value(store: Store) -> None:
    """A field that nobody declared is refused, since everyone lacks it."""
    take(store, "email,city\nann@example.org,Ulm\nbob@example.org,\n")
    assert [reader.email for reader in list_readers(store, fields=FIELDS, without="city")] == ["bob@example.org"]
    with pytest.raises(UsageError, match='no field "ctiy"') as caught:
        list_readers(store, fields=FIELDS, without="ctiy")
    assert 'did you mean "city"?' in caught.value.hint
