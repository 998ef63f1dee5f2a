"""Lists are taken in: what of them, what is refused at which line, and never half of one."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from lists import FIELDS, counts, emails, reasons, refused_lines, take

from digest.errors import CombinedError, ContentError, UsageError
from digest.store import Put, Store, open_store
from digest.subscribing.importing import add_reader, read_fields
from digest.subscribing.leaving import remove_reader

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store."""
    with open_store(url) as opened:
        yield opened


def test_new_updated_unchanged_and_kept_away(store: Store) -> None:
    """Each row is counted by what it came to, and whoever left is not brought back."""
    assert counts(take(store, "email,name\nann@example.org,Ann\nbob@example.org,\ncyd@example.org,\n")) == {"added": 3}
    remove_reader(store, "CYD@example.org")
    again = take(store, "email,name\nAnn@example.org,Ann\nbob@example.org,Bob\ncyd@example.org,\ndan@example.org,\n")
    assert counts(again) == {"added": 1, "updated": 1, "unchanged": 1, "kept_away": 1}
    assert again.facts() == {
        "added": 1,
        "updated": 1,
        "taken_off": 0,
        "unchanged": 1,
        "kept_away": 1,
        "refused": [],
        "lookalikes": {"count": 0, "lines": []},
        "service": "",
        "passed_over": [],
        "dry_run": False,
    }


def test_pauses_come_along_and_tokens_do_not(store: Store) -> None:
    """A pause is a newcomer's alone, since whoever is here may have ended theirs; and a list names people itself."""
    token = f"0a1b2c3d.{'n' * 22}"
    rows = f"ann@example.org,2099-01-01,{token}\nbob@example.org,,\ncyd@example.org,2099-01-01,Jane\n"
    assert refused_lines(take(store, f"email,paused_until,token\n{rows}")) == [4]
    assert store.pauses.count(datetime.now(UTC)) == 1
    assert store.subscribers.find_name("n" * 22) is None
    take(store, "email,paused_until\nbob@example.org,2099-01-01\n")
    assert store.pauses.count(datetime.now(UTC)) == 1


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
    why = reasons(report)
    assert "nonsense" not in why
    assert "example.org" not in why
    assert "the row has 4 cells, and there are 3 columns" in why
    assert "U+202E" in why
    assert "U+000A" in why
    assert "longer than 200" in why


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


def test_fields_by_hand() -> None:
    """A field is declared, and has a value; the value may hold equals signs."""
    assert read_fields(("city=Ulm=Neu",), FIELDS) == {"city": "Ulm=Neu"}
    with pytest.raises(UsageError, match="says no value"):
        read_fields(("city",), FIELDS)
    with pytest.raises(UsageError, match='no field "town"'):
        read_fields(("town=Ulm",), FIELDS)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("Ann <b>Fictional</b>,", "the name holds markup"),
        ("a > b,", "the name holds markup"),
        ("Win at https://example.test,", "the name holds a link"),
        ("HTTP://example.test,", "the name holds a link"),
        ("go to www.example.test,", "the name holds a link"),
        ("Ann\x00,", "the name holds an invisible sign (U+0000) at position 4"),
        ("Ann\u2028Bob,", "the name holds an invisible sign (U+2028) at position 4"),
        ("Ann\x7fBob,", "the name holds an invisible sign (U+007F) at position 4"),
        (",<GmbH>", "the city holds markup"),
        (",see https://example.test", "the city holds a link"),
    ],
)
def test_words_that_could_mislead(store: Store, cells: str, reason: str) -> None:
    """What others will read as a reader's name holds no markup, no link, and nothing that cannot be seen."""
    report = take(store, f"email,name,city\nann@example.org,{cells}\nbob@example.org,Bob,\n")
    assert (refused_lines(report), emails(store)) == ([2], ["bob@example.org"])
    assert reason in reasons(report)


@pytest.mark.parametrize(
    "name", ["Node.js Fan", "Awww. Cute", "Dr. O'Dell, Jr.", "R&D @ Home", "{{ first_name }}", "=1+1"]
)
def test_names_that_look_odd(store: Store, name: str) -> None:
    """People and companies have such names, and nothing in them can mislead."""
    take(store, f'email,name\nann@example.org,"{name}"\n')
    assert [reader.name for reader in store.subscribers.walk()] == [name]


def test_field_that_is_a_link(store: Store) -> None:
    """A reader's homepage is data like any other, as long as nothing is written around it."""
    take(store, "email,city\nann@example.org,https://example.org/~ann\n")
    assert [reader.fields["city"] for reader in store.subscribers.walk()] == ["https://example.org/~ann"]


def test_json_lines(store: Store) -> None:
    """Each line is an object; fields and consent may stand in objects of their own, tags in a list."""
    report = take(
        store,
        '{"email": "ann@example.org", "name": "Ann", "fields": {"city": "Ulm"}, "tags": ["a", "b;c"], "joined":'
        ' "2020-01-02", "consent": {"at": "2020-01-01T10:00:00+02:00", "how": "a form", "words": "Yes.\\nDo."}}\n'
        "\n"
        '{"email": "bob@example.org", "city": "Ulm", "standing": "left", "name": null, "first_name": 7}\r\n',
    )
    assert counts(report) == {"added": 1, "kept_away": 1}
    ann, bob = store.subscribers.records()
    assert (ann.subscriber.fields, ann.subscriber.tags) == ({"city": "Ulm"}, ("a", "b", "c"))
    assert ann.joined_at.isoformat() == "2020-01-02T00:00:00+00:00"
    assert ann.consent.at
    assert ann.consent.at.isoformat() == "2020-01-01T08:00:00+00:00"
    assert (ann.consent.how, ann.consent.source, ann.consent.words) == ("a form", "readers.csv", "Yes. Do.")
    assert (bob.subscriber.standing.value, bob.subscriber.fields) == ("left", {"city": "Ulm", "first_name": "7"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"email": "ann@example.org"', "not JSON"),
        ('["ann@example.org"]', "no JSON object"),
        ('{"email": ["ann@example.org"]}', '"email" is no text'),
        ('{"email": "ann@example.org", "name": true}', '"name" is no text'),
        ('{"email": "ann@example.org", "frist_name": "x"}', 'did you mean "first_name"?'),
        ('{"email": "ann@example.org", "fields": {"town": "x"}}', 'unknown key "town"'),
        ('{"email": "ann@example.org", "city": "x", "fields": {"city": "y"}}', "twice"),
        ('{"email": "ann@example.org", "consent": {"ip": "192.0.2.1"}}', 'unknown key "ip" in consent'),
        ('{"name": "Ann"}', 'there is no key "email"'),
        ('{"a":' * 50_000, "not JSON"),
        ("ann@example.org,Ann", "not JSON"),
    ],
)
def test_json_that_cannot_be_taken(store: Store, line: str, reason: str) -> None:
    """The line is refused with its reason, and the others are taken."""
    report = take(store, f'{{"email": "bob@example.org"}}\n{line}\n{{"email": "cyd@example.org"}}')
    assert (refused_lines(report), emails(store)) == ([2], ["bob@example.org", "cyd@example.org"])
    assert reason in reasons(report)


def test_json_keys_passed_over(store: Store) -> None:
    """With --ignore-extra they are."""
    assert counts(take(store, '{"email": "ann@example.org", "x": "y"}', ignore_extra=True)) == {"added": 1}


@pytest.mark.parametrize("text", ["email,name\nann@example.org,", '{"email": "ann@example.org", "name": "'])
def test_line_of_ten_megabytes(store: Store, text: str) -> None:
    """It is no list; it is refused before it fills the memory, and nothing is taken."""
    with pytest.raises(ContentError, match="longer than 1,000,000 signs"):
        take(store, text + "x" * 10_000_000)
    assert emails(store) == []


def test_line_of_wrong_letters(store: Store) -> None:
    """The line is named, however far down it stands."""
    rows = "".join(f"reader{number}@example.org,Jürgen\n" for number in range(5_000))
    with pytest.raises(ContentError, match="not written in UTF-8") as caught:
        take(store, f"email,name\n{rows}".encode() + b"bob@example.org,J\xfcrgen\n" + rows.encode())
    assert str(caught.value.place) == "readers.csv:5002"
    assert emails(store) == []


def test_columns_of_our_own(store: Store) -> None:
    """Standing, the day of joining and consent are taken; a word or a date that is none is refused with its row."""
    report = take(
        store,
        "email,standing,joined,consent_at,consent_how\n"
        "ann@example.org,pending,2020-01-02T03:04:05Z,2020-01-02,a form\n"
        "bob@example.org,complained,,,\n"
        "cyd@example.org,gone,,,\n"
        "dan@example.org,,yesterday,,\n"
        "eve@example.org,,,2020-13-01,\n"
        "fay@example.org,,0001-01-01T00:00:00+14:00,,\n",
    )
    assert counts(report) == {"added": 1, "kept_away": 1}
    assert refused_lines(report) == [4, 5, 6, 7]
    ann, bob = store.subscribers.records()
    assert ann.joined_at.isoformat() == "2020-01-02T03:04:05+00:00"
    assert (ann.subscriber.standing.value, bob.subscriber.standing.value) == ("pending", "complained")
    assert ann.consent.how == "a form"


def test_tag_and_consent_for_all(store: Store) -> None:
    """They are added to what a row says of itself; its own consent comes first."""
    text = "email,tags,consent_how\nann@example.org,a,\nbob@example.org,,by mail\n"
    take(store, text, tags=("fair", "b;c"), consent="signed up at the fair")
    ann, bob = store.subscribers.records()
    assert (ann.subscriber.tags, bob.subscriber.tags) == (("a", "b", "c", "fair"), ("b", "c", "fair"))
    assert (ann.consent.how, bob.consent.how) == ("signed up at the fair", "by mail")
    with pytest.raises(UsageError, match="invisible"):
        take(store, text, tags=("a\nb",))


def test_rehearsal(store: Store) -> None:
    """It reports what would become of each row, and changes nothing."""
    take(store, "email\nann@example.org\n")
    text = "email,standing\nann@example.org,left\nbob@example.org,\nnonsense,\n"
    tried = take(store, text, rehearse=True)
    assert emails(store) == ["ann@example.org"]
    real = take(store, text)
    assert (counts(tried), tried.refused) == (counts(real), real.refused)
    assert (tried.facts()["dry_run"], real.facts()["dry_run"]) == (True, False)


def test_twins(store: Store) -> None:
    """Addresses that differ in dots or behind a plus are taken, and told by their lines; the same one twice is not."""
    report = take(
        store, "email\na.nn@example.org\nbob@example.org\nann+x@example.org\nA.NN@example.org\na.nn@example.test\n"
    )
    assert counts(report) == {"added": 4, "unchanged": 1}
    assert report.facts()["lookalikes"] == {"count": 1, "lines": [(2, 4)]}
