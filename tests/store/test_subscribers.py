"""The list of readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SettingsError
from digest.model import Change, Consent, Newcomer, Standing
from digest.store import Put, Store, open_store
from digest.store.database import Dialect
from digest.store.erasing import Seal
from digest.store.standing import AWAY, may_follow

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


LATER = NOW + timedelta(days=1)
CONSENT = Consent(source="list.csv")
SEAL = Seal(b"a secret that is long enough for a test")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store, on either kind of database."""
    with open_store(url) as store:
        yield store


def _newcomer(
    email: str, name: str = "", tags: tuple[str, ...] = (), fields: dict[str, str] | None = None, **more: str
) -> Newcomer:
    return Newcomer(email=email, name=name, fields={**(fields or {}), **more}, tags=tags, consent=CONSENT)


def _who(email: str, standing: Standing, consent: Consent = CONSENT) -> Newcomer:
    return Newcomer(email=email, standing=standing, consent=consent)


def _put(store: Store, *newcomers: Newcomer, seal: Seal | None = None) -> list[Put]:
    return list(store.subscribers.put(newcomers, now=NOW, reason="import list.csv", seal=seal))


def _stand(store: Store, email: str, standing: Standing) -> None:
    assert store.subscribers.stand(email, standing, reason="test", now=NOW)


def _standing(store: Store, email: str) -> Standing:
    reader = store.subscribers.find(email)
    assert reader
    return reader.standing


def test_newcomer_becomes_a_reader(store: Store) -> None:
    """All that was said of a newcomer is kept; they are active and have a name for public addresses."""
    assert _put(store, _newcomer("Zoë@example.org", "Zoë 🦊", ("staff", "b"), city="Köln", blank="")) == [Put.ADDED]
    reader = store.subscribers.find("zoË@example.org")
    assert reader
    assert (reader.email, reader.name, reader.tags) == ("Zoë@example.org", "Zoë 🦊", ("staff", "b"))
    assert reader.fields == {"city": "Köln"}
    assert reader.standing is Standing.ACTIVE
    assert len(reader.token) == 22


def test_case_makes_no_second_reader(store: Store) -> None:
    """Two spellings of an address are one reader, within a list and later; the first spelling stays."""
    assert _put(store, _newcomer("Ann@Example.org"), _newcomer("ann@example.ORG")) == [Put.ADDED, Put.UNCHANGED]
    assert _put(store, _newcomer("ANN@EXAMPLE.ORG")) == [Put.UNCHANGED]
    assert [reader.email for reader in store.subscribers.walk()] == ["Ann@Example.org"]


def test_update_adds_and_never_wipes(store: Store) -> None:
    """A blank name or field leaves what is known, another value replaces it, and tags are united."""
    _put(store, _newcomer("ann@example.org", "Ann", ("a", "b"), city="Ulm", level="staff"))
    before = store.subscribers.find("ann@example.org")
    assert _put(store, _newcomer("ann@example.org", "", ("b", "c"), city="", level="senior")) == [Put.UPDATED]
    after = store.subscribers.find("ann@example.org")
    assert before
    assert after
    assert (after.name, after.fields, after.tags) == ("Ann", {"city": "Ulm", "level": "senior"}, ("a", "b", "c"))
    assert (after.id, after.token) == (before.id, before.token)


def test_second_line_of_a_list_updates_the_first(store: Store) -> None:
    """An address that stands twice in one list is merged as if it had come in two."""
    outcomes = _put(
        store, _newcomer("ann@example.org", "Ann", city="Ulm"), _newcomer("Ann@example.org", "Anna", ("x",))
    )
    reader = store.subscribers.find("ann@example.org")
    assert outcomes == [Put.ADDED, Put.UPDATED]
    assert reader
    assert (reader.name, reader.fields, reader.tags) == ("Anna", {"city": "Ulm"}, ("x",))


@pytest.mark.parametrize("standing", [Standing.LEFT, Standing.BOUNCED, Standing.COMPLAINED])
def test_import_never_brings_anyone_back(store: Store, standing: Standing) -> None:
    """Who left, bounced or complained stays so, and nothing of them is changed."""
    _put(store, _newcomer("ann@example.org", "Ann"))
    _stand(store, "ann@example.org", standing)
    before = store.subscribers.find("ann@example.org")
    assert _put(store, _newcomer("ANN@example.org", "Another", ("new",), city="Ulm")) == [Put.KEPT_AWAY]
    assert store.subscribers.find("ann@example.org") == before


def test_pending_reader_waits_on(store: Store) -> None:
    """An import does not confirm for anyone."""
    _put(store, _who("ann@example.org", Standing.PENDING))
    assert _put(store, _newcomer("ann@example.org", "Ann")) == [Put.UPDATED]
    reader = store.subscribers.find("ann@example.org")
    assert reader
    assert reader.standing is Standing.PENDING


def test_list_with_a_fault_puts_nobody(store: Store) -> None:
    """A fault in the middle of a list undoes what came before it, and so does stopping early."""

    def faulty() -> Iterator[Newcomer]:
        yield from (_newcomer(f"reader{number}@example.org") for number in range(2_500))
        msg = "line 2501"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="line 2501"):
        list(store.subscribers.put(faulty(), now=NOW))
    next(store.subscribers.put([_newcomer("ann@example.org"), _newcomer("bob@example.org")], now=NOW))
    assert sum(store.subscribers.count().values()) == 0


def test_long_list_is_put_in_blocks(store: Store) -> None:
    """Outcomes come in the order of the list, across the blocks in which it is written."""
    many = [_newcomer(f"reader{number % 1_500}@example.org") for number in range(3_500)]
    assert _put(store, *many) == [Put.ADDED] * 1_500 + [Put.UNCHANGED] * 2_000
    assert [reader.id for reader in store.subscribers.walk()] == [*range(1, 1_501)]


def test_leaving(store: Store) -> None:
    """Leaving is news once; the row stays, and whoever complained has said more than that."""
    _put(store, _newcomer("ann@example.org"), _newcomer("bob@example.org"), _newcomer("cyd@example.org"))
    _stand(store, "bob@example.org", Standing.COMPLAINED)
    _stand(store, "cyd@example.org", Standing.BOUNCED)
    leave = store.subscribers.leave
    assert leave("ANN@example.org", now=NOW)
    assert leave("cyd@example.org", now=NOW)
    assert not leave("ann@example.org", now=NOW)
    assert not leave("bob@example.org", now=NOW)
    assert not leave("nobody@example.org", now=NOW)
    expected = {Standing.PENDING: 0, Standing.ACTIVE: 0, Standing.LEFT: 2, Standing.BOUNCED: 0, Standing.COMPLAINED: 1}
    assert store.subscribers.count() == expected


def test_walk_may_be_interrupted_by_changes(store: Store) -> None:
    """Readers may leave while the list is walked, and each is met at most once."""
    _put(store, *(_newcomer(f"reader{number}@example.org") for number in range(2_100)))
    met = []
    for reader in store.subscribers.walk(standing=Standing.ACTIVE):
        met.append(reader.id)
        store.subscribers.leave(reader.email, now=NOW)
    assert met == [*range(1, 2_101)]


def test_walk_by_standing_and_tag(store: Store) -> None:
    """A walk meets those of one standing, of one tag, or of both; part of a tag is no tag."""
    _put(store, _newcomer("ann@example.org", tags=("staff",)), _newcomer("bob@example.org", tags=("staffing", "x")))
    _put(store, _newcomer("cyd@example.org", tags=("x", "staff")), _newcomer("dan@example.org"))
    store.subscribers.leave("cyd@example.org", now=NOW)

    def names(standing: Standing | None = None, tag: str | None = None) -> list[str]:
        return [reader.email[:3] for reader in store.subscribers.walk(standing=standing, tag=tag)]

    assert names() == ["ann", "bob", "cyd", "dan"]
    assert names(tag="staff") == ["ann", "cyd"]
    assert names(Standing.ACTIVE, "staff") == ["ann"]
    assert names(Standing.LEFT) == ["cyd"]


@pytest.mark.parametrize("before", Standing)
def test_protective_news_wins(before: Standing) -> None:
    """What a person said outweighs what an address did; a complaint is never softened; nobody comes back this way."""
    order = [Standing.PENDING, Standing.ACTIVE, Standing.BOUNCED, Standing.LEFT, Standing.COMPLAINED]
    assert [news for news in order if may_follow(before, news)] == order[order.index(before) + 1 :]


@pytest.mark.parametrize("before", Standing)
@pytest.mark.parametrize("news", Standing)
def test_standing_has_a_history(store: Store, before: Standing, news: Standing) -> None:
    """A change is news, stays on record with its moment and reason, and is found by address and by id; nothing else."""
    _put(store, _who("ann@example.org", before))
    reader = store.subscribers.find("ann@example.org")
    assert reader
    changed = store.subscribers.stand("ANN@example.org", news, reason="a reason", now=LATER)
    assert changed is may_follow(before, news)
    assert _standing(store, "ann@example.org") is (news if changed else before)
    expected = [Change(at=LATER, before=before, standing=news, reason="a reason")] if changed else []
    assert store.subscribers.history(reader.id) == expected
    assert not store.subscribers.stand(reader.id, news, reason="again", now=LATER)
    assert not store.subscribers.stand(reader.id + 1, news, reason="nobody", now=LATER)
    assert not store.subscribers.stand("bob@example.org", news, reason="nobody", now=LATER)


@pytest.mark.parametrize("standing", sorted(AWAY, key=str))
def test_list_that_says_who_left(store: Store, standing: Standing) -> None:
    """Who left elsewhere is put on record here and never written to; who was written to is taken off, with a reason."""
    _put(store, _newcomer("ann@example.org", "Ann"), _who("bob@example.org", Standing.PENDING))
    rows = [_who(email, standing) for email in ("ann@example.org", "bob@example.org", "cyd@example.org")]
    assert _put(store, *rows) == [Put.TAKEN_OFF, Put.TAKEN_OFF, Put.KEPT_AWAY]
    assert _put(store, *rows) == [Put.KEPT_AWAY] * 3
    readers = [*store.subscribers.walk()]
    assert [reader.standing for reader in readers] == [standing] * 3
    assert [reader.name for reader in readers] == ["Ann", "", ""]
    assert [[change.before for change in store.subscribers.history(reader.id)] for reader in readers] == [
        [Standing.ACTIVE],
        [Standing.PENDING],
        [],
    ]
    assert store.subscribers.history(readers[0].id)[0].reason == "import list.csv"
    assert _put(store, *(_newcomer(reader.email) for reader in readers)) == [Put.KEPT_AWAY] * 3


def test_complaint_elsewhere_outweighs_leaving_here(store: Store) -> None:
    """It is put on record, though they are not written to either way."""
    _put(store, _newcomer("ann@example.org"))
    _stand(store, "ann@example.org", Standing.LEFT)
    assert _put(store, _who("ann@example.org", Standing.COMPLAINED)) == [Put.KEPT_AWAY]
    assert _standing(store, "ann@example.org") is Standing.COMPLAINED
    assert _put(store, _who("ann@example.org", Standing.LEFT)) == [Put.KEPT_AWAY]
    assert _standing(store, "ann@example.org") is Standing.COMPLAINED


def test_one_list_may_contradict_itself(store: Store) -> None:
    """Whoever left by any row of a list has left, in whichever order the rows stand."""
    left, active = Standing.LEFT, Standing.ACTIVE
    rows = [_who("ann@example.org", left), _who("ann@example.org", active), _who("bob@example.org", active)]
    assert _put(store, *rows, _who("bob@example.org", left)) == [
        Put.KEPT_AWAY,
        Put.KEPT_AWAY,
        Put.ADDED,
        Put.TAKEN_OFF,
    ]
    assert {reader.standing for reader in store.subscribers.walk()} == {left}


def test_record_of_a_reader(store: Store) -> None:
    """When they joined and their consent are kept; the first consent that says something stays."""
    given = Consent(at=LATER, how="a form", source="https://example.org/join", words="Yes, write to me.")
    _put(store, Newcomer(email="ann@example.org", joined_at=LATER, consent=given), _newcomer("bob@example.org"))
    again = Consent(at=NOW, how="by mail", source="other.csv")
    outcomes = _put(
        store, _who("ann@example.org", Standing.ACTIVE, again), _who("bob@example.org", Standing.ACTIVE, again)
    )
    assert outcomes == [Put.UNCHANGED, Put.UPDATED]
    ann, bob = store.subscribers.records()
    assert (ann.joined_at, ann.consent) == (LATER, given)
    assert (bob.joined_at, bob.consent) == (NOW, again)
    assert store.subscribers.record("ANN@example.org") == ann
    assert store.subscribers.record("cyd@example.org") is None
    assert [*store.subscribers.records(standing=Standing.LEFT)] == []


def test_rehearsal(store: Store) -> None:
    """It tells the same as the real thing, and changes nothing."""
    _put(store, _newcomer("ann@example.org"))
    rows = [_who("ann@example.org", Standing.LEFT), _newcomer("bob@example.org")]
    tried = list(store.subscribers.put(rows, now=NOW, rehearse=True))
    assert store.subscribers.count()[Standing.ACTIVE] == 1
    assert _standing(store, "ann@example.org") is Standing.ACTIVE
    assert _put(store, *rows) == tried == [Put.TAKEN_OFF, Put.ADDED]


def test_erasing(store: Store) -> None:
    """Nothing that could name the reader stays, but a hash that only the secret can make; no list brings them back."""
    _put(store, _newcomer("Ann@example.org", "Ann"), _newcomer("bob@example.org"))
    reader = store.subscribers.find("ann@example.org")
    assert reader
    _stand(store, "ann@example.org", Standing.LEFT)
    _send_something(store, reader.id, reader.email)
    assert store.subscribers.erase("ann@EXAMPLE.org", seal=SEAL, now=NOW)
    assert not store.subscribers.erase("ann@example.org", seal=SEAL, now=LATER)
    assert store.subscribers.find("ann@example.org") is None
    assert store.subscribers.history(reader.id) == []
    everything = _everything(store)
    assert "ann" not in everything.casefold()
    assert SEAL.hash("ann@example.org") in everything
    assert _put(store, _newcomer("ANN@example.org"), _newcomer("cyd@example.org"), seal=SEAL) == [
        Put.KEPT_AWAY,
        Put.ADDED,
    ]
    assert [one.email for one in store.subscribers.walk()] == ["bob@example.org", "cyd@example.org"]


def _send_something(store: Store, number: int, email: str) -> None:
    """Leave the traces that sending leaves."""
    database = store.subscribers._database
    for table, values in {
        "mailings": {"id": 1, "slug": "x", "provider": "p", "segment": "", "batch_size": 1, "state": "open"},
        "outcomes": {"subscriber_id": number, "state": "refused", "reason": f"no mailbox {email}", "at": "x"},
        "news": {"subscriber_id": number, "kind": "bounced", "at": "x", "original": email, "reason": email},
        "batches": {
            "number": 1,
            "state": "queued",
            "count": 1,
            "first": 1,
            "last": 1,
            "reason": f"not {email.lower()}!",
        },
    }.items():
        row = _complete(store, table, values)
        names = ", ".join(row)
        query = f"insert into {table} ({names}) values ({', '.join(f':{name}' for name in row)})"  # noqa: S608  # ours
        database.change(query, **row)


def _complete(store: Store, table: str, values: dict[str, object]) -> dict[str, object]:
    """Add what a table must have, and is of no interest here."""
    further: dict[str, dict[str, object]] = {
        "mailings": {"frozen_at": "x", "ceiling": 1},
        "outcomes": {"mailing_id": 1, "origin": 1},
        "news": {"event": f"{values.get('subscriber_id')}", "provider": "resend", "mailing_id": 1, "heard_at": "x"},
        "batches": {"mailing_id": 1, "readers": b"", "origin": 1},
    }
    row = {**values, **further[table]}
    return {name: value for name, value in row.items() if name in _columns(store, table)}


def _columns(store: Store, table: str) -> set[str]:
    database = store.subscribers._database
    if database.dialect is Dialect.SQLITE:
        return {row[1] for row in database.fetch_all(f"pragma table_info({table})")}
    query = "select column_name from information_schema.columns where table_name = :name"
    return {name for (name,) in database.fetch_all(query, name=table)}


def _everything(store: Store) -> str:
    """Return all that a store holds, as text."""
    tables = ("subscribers", "history", "erased", "outcomes", "news", "batches", "mailings")
    database = store.subscribers._database
    return "\n".join(repr(row) for table in tables for row in database.fetch_all(f"select * from {table}"))  # noqa: S608  # ours


@pytest.mark.parametrize("seal", [None, Seal(b"another secret, as long as the first was")])
def test_other_secret_than_that_of_the_erased(store: Store, seal: Seal | None) -> None:
    """Nobody is put on a list from which erased readers could not be recognised, nor erased in two ways."""
    store.subscribers.erase("ann@example.org", seal=SEAL, now=NOW)
    with pytest.raises(SettingsError, match="DIGEST_SECRET"):
        _put(store, _newcomer("bob@example.org"), seal=seal)
    if seal:
        with pytest.raises(SettingsError, match="another DIGEST_SECRET"):
            store.subscribers.erase("cyd@example.org", seal=seal, now=NOW)
    assert _put(store, _newcomer("bob@example.org"), seal=SEAL) == [Put.ADDED]


def test_secret_is_not_needed_before_anyone_is_erased(store: Store) -> None:
    """With it or without, with this one or another: it is all the same until then."""
    assert _put(store, _newcomer("ann@example.org")) == [Put.ADDED]
    assert _put(store, _newcomer("bob@example.org"), seal=SEAL) == [Put.ADDED]
    assert "long enough" not in repr(SEAL)


TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=8)
NEWCOMERS = st.builds(
    Newcomer,
    email=st.sampled_from(["ann@example.org", "ANN@example.org", "bob@example.org", "straße@example.org"]),
    name=TEXTS,
    fields=st.dictionaries(st.sampled_from(["city", "level"]), TEXTS),
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    standing=st.sampled_from(Standing),
    consent=st.builds(Consent, how=st.sampled_from(["", "a form"]), source=st.just("list.csv")),
)


@settings(max_examples=60)
@given(st.lists(NEWCOMERS, max_size=8), st.sets(st.sampled_from(["ann@example.org", "bob@example.org"])))
def test_putting_twice_is_putting_once(newcomers: list[Newcomer], leaving: set[str]) -> None:
    """The same list put again leaves every reader as they were, and never brings back those who left."""
    with open_store("sqlite://") as store:
        _put(store, *newcomers)
        for email in leaving:
            store.subscribers.leave(email, now=NOW)
        away = {reader.email.casefold() for reader in store.subscribers.walk() if reader.standing in AWAY}
        before = [*store.subscribers.walk()]
        outcomes = _put(store, *newcomers)
        assert [*store.subscribers.walk()] == before
        assert not {Put.ADDED, Put.TAKEN_OFF} & {*outcomes}
        kept = {n.email.casefold() for n, o in zip(newcomers, outcomes, strict=True) if o is Put.KEPT_AWAY}
        assert kept == away & {n.email.casefold() for n in newcomers}
