"""What is found out about all readers of an audience before anyone is written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.checking.survey import Survey, survey
from digest.model import Address, Consent, Edition, Message, Newcomer, Pattern, Slot
from digest.segments import parse_segment
from digest.store import Store, open_store
from digest.subscribing.importing import ImportRules, import_readers
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from digest.segments import Segment

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FIRST_NAME, TOKEN = Slot(name="first_name", fallback="there"), Slot(name="token")


def edition(*slots: Slot) -> Edition:
    """Return an edition with these slots."""
    return Edition(
        slug="lamps",
        sender=Address(email="editor@example.org"),
        reply_to=None,
        subject=Pattern.of_text("Nine lamps"),
        html=Pattern.of_html("".join(f"<p>{slot.marker}</p>" for slot in slots)),
        text=Pattern.of_text(""),
        headers={},
    )


def put(store: Store, email: str, *, name: str = "", how: str = "", **fields: str) -> None:
    """Put a reader on the list, whatever their values are."""
    consent = Consent(source="test", how=how)
    list(store.subscribers.put([Newcomer(email=email, name=name, fields=fields, consent=consent)], now=NOW))


def surveyed(readers: Iterable[dict[str, str]], *slots: Slot, segment: Segment | None = None) -> Survey:
    """Return what is found out about these readers."""
    with open_store("sqlite://") as store:
        for number, values in enumerate(readers, 1):
            put(store, **{"email": f"reader.{number}@example.org", **values})
        return survey(edition(*slots), store.audiences, segment)


def test_nobody() -> None:
    """Of an empty list there is nothing to say."""
    found = surveyed([], FIRST_NAME)
    assert (found.readers, found.longest, found.blank, found.unsafe) == (0, None, {}, {})
    assert (found.without_consent.count, found.without_token.count) == (0, 0)


def test_who_would_get_a_blank() -> None:
    """They are counted by field, and the first few are told by their numbers; white space is no value."""
    readers = [{"city": "Ulm"}, {"city": " "}, *[{}] * 8]
    found = surveyed(readers, Slot(name="city"), FIRST_NAME, TOKEN, Slot(name="email"))
    assert found.blank.keys() == {"city"}
    assert (found.blank["city"].count, found.blank["city"].first) == (9, (2, 3, 4, 5, 6))


def test_the_segment_alone_is_looked_at() -> None:
    """Whoever does not get the issue needs no value for it."""
    segment = parse_segment("city = Ulm", fields={"city": ""}, timezone=UTC)
    found = surveyed([{"city": "Ulm"}, {}], Slot(name="city"), segment=segment)
    assert (found.readers, found.blank) == (1, {})


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\x0b", "\x00", "\u202e", "\u2066"])
def test_characters_that_break_or_turn_lines(character: str) -> None:
    """They are found in names and in the fields that the issue uses, and in no others."""
    readers = [{"name": f"Ada{character}Fictional"}, {"first_name": f"A{character}", "city": character}]
    found = surveyed(readers, FIRST_NAME)
    assert {name: group.first for name, group in found.unsafe.items()} == {"name": (1,), "first_name": (2,)}


def test_addresses_that_no_server_takes() -> None:
    """Who cannot be written to at all is found before the others are."""
    found = surveyed([{"email": "ada@example.org"}, {"email": "no body@example.org"}, {"email": "o'dell@bücher.test"}])
    assert {name: group.first for name, group in found.unsafe.items()} == {"email": (2,)}


def test_garbled_values() -> None:
    """What was decoded with the wrong charset is told from words with accents."""
    names = ["JÃ¼rgen", "Bj\ufffdrn", "Jürgen", "João «IRMÃ»", "ليلى", "花子", "Siobhán O'Reilly", "“É”"]
    found = surveyed([{"first_name": name} for name in names], FIRST_NAME)
    assert found.garbled["first_name"].first == (1, 2)


def test_names_that_are_none() -> None:
    """An address, a link or a whole advertisement in the place of a name is found, and a name with marks is not."""
    names = ["ada@example.org", "win at casino.example/now", "www.casino.example", "x" * 101, "Visit xyz.biz!"]
    sound = ["Dr. Percival O'Dell, Jr.", "Ada / Bea", "Booking.com", "Ada Conrad", "@ada", "Anne-Marie v.d.Berg"]
    found = surveyed([{"name": name, "company": name} for name in [*names, *sound]], Slot(name="company", fallback="-"))
    assert {name: group.first for name, group in found.misused.items()} == {"name": (1, 2, 3, 4, 5)}


def test_words_of_programs_for_nothing() -> None:
    """They are found in each field that the edition shows; people are called Null and None, too."""
    words = ["null", "NULL", "undefined", "N/A", "Null", "None", "Ada", ""]
    found = surveyed([{"name": "Ada", "company": word} for word in words], Slot(name="company", fallback="-"))
    assert {name: (group.count, group.first) for name, group in found.void.items()} == {"company": (4, (1, 2, 3, 4))}


def test_consent() -> None:
    """When, how or what for is a record; where an address was found is none."""
    lines = b"email,consent_at,consent_how,consent_words\na@example.org,2026-01-02,,\nb@example.org,,at the fair,\n"
    with open_store("sqlite://") as store:
        file = BytesIO(lines + b"c@example.org,,,Send me the letter\nd@example.org,,,\n")
        import_readers(store, file, ImportRules(fields=()), source='"words":.csv')
        found = survey(edition(), store.audiences, None)
    assert (found.without_consent.count, found.without_consent.first) == (1, (4,))


def test_tokens(tmp_path: Path) -> None:
    """Who shares a token with another one, or has none that is worth the name, is found."""
    path = tmp_path / "list.db"
    with open_store(f"sqlite:///{path}") as store:
        for number in range(4):
            put(store, f"reader.{number}@example.org")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("update subscribers set token = 'not-a-secret-of-mine' where id < 3")
        database.execute("update subscribers set token = '' where id = 4")
    with open_store(f"sqlite:///{path}") as store:
        assert survey(edition(), store.audiences, None).without_token.first == (1, 2, 4)


VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=90)


@given(names=st.lists(st.fixed_dictionaries({"first_name": VALUES, "name": VALUES}), min_size=1, max_size=6))
def test_the_longest_message(names: list[dict[str, str]]) -> None:
    """No other reader's HTML part has more bytes as it is encoded, whatever their values."""
    slots = [FIRST_NAME, Slot(name="name", fallback="a reader"), FIRST_NAME, TOKEN, Slot(name="email")]
    with open_store("sqlite://") as store:
        for number, values in enumerate(names, 1):
            put(store, f"{'r' * number}@example.org", **values)
        issue = edition(*slots)
        longest = survey(issue, store.audiences, None).longest
        readers = [*store.subscribers.walk()]
    html = MimeWriter.of(issue).html
    sizes = {one.id: len(html.fill(one.values)) for one in readers}
    assert longest is not None
    assert sizes[longest.id] == max(sizes.values())
    assert Message(edition=issue, reader=longest, at=NOW).html


def test_more_readers_than_fit_into_a_block() -> None:
    """Nobody is passed over between two blocks, and the longest one may be in any."""
    readers = 10_001
    newcomers = (
        Newcomer(email=f"r{number}@example.org", name="x" * (number == readers - 1), consent=Consent(source="test"))
        for number in range(readers)
    )
    with open_store("sqlite://") as store:
        list(store.subscribers.put(newcomers, now=NOW))
        found = survey(edition(Slot(name="name")), store.audiences, None)
    assert (found.readers, found.blank["name"].count, found.without_consent.count) == (readers, readers - 1, readers)
    assert found.longest is not None
    assert found.longest.id == readers


def test_what_a_finding_says_of_them() -> None:
    """Numbers, never an address; and that there are more."""
    found = surveyed([{}] * 7, Slot(name="city"))
    assert found.blank["city"].told(found.readers) == "7 of 7 readers (numbers 1, 2, 3, 4, 5, …)"
    one = surveyed([{}, {"city": "Ulm"}], Slot(name="city"))
    assert one.blank["city"].told(one.readers) == "1 of 2 readers (number 1)"
