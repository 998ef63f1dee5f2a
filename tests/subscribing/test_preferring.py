"""What readers change of themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from lists import counts, emails, take

from digest.model import Standing
from digest.store import Store, open_store
from digest.subscribing.leaving import forget_reader, seal_of
from digest.subscribing.preferring import (
    Outcome,
    ask_for_own,
    ask_to_move,
    choose_tags,
    find_move,
    find_owner,
    find_preferences,
    months_ahead,
    move,
    pause,
)
from digest.subscribing.telling import portray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.model import Subscriber

SEAL = seal_of({"DIGEST_SECRET": "a secret that is long enough for a test"})
OTHER_SEAL = seal_of({"DIGEST_SECRET": "another secret that is as long as the first"})
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ANN, BOB, NEW = "ann@example.org", "bob@example.org", "new@example.org"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store with two readers."""
    with open_store(url) as opened:
        take(opened, "email,name,city,tags\nann@example.org,Ann,Ulm,weekly;staff\nbob@example.org,,,\n")
        yield opened


def reader(store: Store, email: str = ANN) -> Subscriber:
    """Return a reader."""
    found = store.subscribers.find(email)
    assert found
    return found


def begin_to_move(store: Store, email: str, to: str, now: datetime = NOW) -> int:
    """Let a reader ask for another address, and return the number that their link holds."""
    assert ask_to_move(store, reader(store, email), email=to, now=now) is Outcome.MAILED
    ((number,),) = store._database.fetch_all("select max(id) from proofs")
    return int(number)


def mails(store: Store) -> list[tuple[str, str]]:
    """Return the mails that are to leave."""
    return store._database.fetch_all("select kind, email from notices order by id")


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        ("2026-11-24T09:00", 1, "2026-12-24"),
        ("2026-11-30T23:59", 3, "2027-02-28"),
        ("2027-11-30T00:00", 3, "2028-02-29"),
        ("2026-12-31T12:00", 6, "2027-06-30"),
        ("2026-07-01T12:00", 6, "2027-01-01"),
    ],
)
def test_months_ahead(now: str, months: int, then: str) -> None:
    """It is the day of the same number, or the last one of a shorter month, from its beginning where people live."""
    moment = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    ahead = months_ahead(moment, months)
    assert ahead.isoformat()[:16] == f"{then}T00:00"
    assert ahead.tzinfo == moment.tzinfo


def test_pause_ends_in_the_morning(store: Store) -> None:
    """The last day of a pause ends where the newsletter lives, not in Greenwich."""
    assert pause(store, reader(store), months=1, timezone=ZoneInfo("Pacific/Auckland"), now=NOW) is Outcome.PAUSED
    found = find_preferences(store, reader(store).token, now=NOW)
    assert found
    assert found.paused_until == datetime(2026, 12, 23, 11, tzinfo=UTC)
    over = find_preferences(store, reader(store).token, now=found.paused_until)
    assert over
    assert over.paused_until is None


def test_pause_ends_with_leaving(store: Store) -> None:
    """Whoever leaves and comes back is written to: they have just asked for it."""
    pause(store, reader(store), months=6, timezone=UTC, now=NOW)
    store.subscribers.stand(ANN, Standing.LEFT, reason="page", now=NOW + DAY)
    record = store.subscribers.record(ANN)
    found = store.pauses.find(reader(store).id)
    assert record
    assert found
    assert found.until == NOW + DAY


def test_choosing(store: Store) -> None:
    """Tags that are not offered stay; what is chosen is theirs, what is not is not; the same again changes nothing."""
    offered = ["daily", "weekly"]
    assert choose_tags(store, reader(store), chosen={"daily", "admin"}, offered=offered, now=NOW) is Outcome.SAVED
    assert reader(store).tags == ("staff", "daily")
    choose_tags(store, reader(store), chosen={"weekly", "daily"}, offered=offered, now=NOW)
    assert reader(store).tags == ("staff", "daily", "weekly")


def test_own_page(store: Store) -> None:
    """Its link is mailed to the address on the list, once a day; it opens nothing but that reader's page."""
    assert ask_for_own(store, reader(store), now=NOW) is Outcome.MAILED
    assert ask_for_own(store, reader(store), now=NOW + DAY / 2) is Outcome.TOO_OFTEN
    assert ask_for_own(store, reader(store), now=NOW + DAY) is Outcome.MAILED
    assert mails(store) == [("own", ANN)] * 2
    assert find_owner(store, 1) == reader(store)
    assert find_move(store, 1) is None
    assert find_owner(store, 99) is None


def test_moving(store: Store) -> None:
    """The reader stays who they are; a list with the old address does not bring it back, and they may move back."""
    before = portray(store, ANN).facts()
    ask_for_own(store, reader(store), now=NOW)
    number = begin_to_move(store, ANN, "New@Example.org")
    assert SEAL
    assert move(store, number, seal=SEAL, now=NOW)
    after = portray(store, NEW).facts()
    history = after.pop("history")
    assert {**after, "history": []} == {**before, "email": "New@example.org"}
    assert isinstance(history, list)
    assert [change["reason"] for change in history] == ["moved to another address"]
    assert find_owner(store, 1) is None
    assert not move(store, number, seal=SEAL, now=NOW)
    report = take(store, "email\nann@example.org\n", seal=SEAL)
    assert counts(report) == {"kept_away": 1}
    assert move(store, begin_to_move(store, NEW, ANN, now=NOW + DAY), seal=SEAL, now=NOW + DAY)
    assert emails(store) == [ANN, BOB]
    assert counts(take(store, "email\nann@example.org\nnew@example.org\n", seal=SEAL)) == {
        "unchanged": 1,
        "kept_away": 1,
    }


def test_moving_to_another_spelling(store: Store) -> None:
    """The same address in other letters is no other one, and stays on the list."""
    assert SEAL
    assert move(store, begin_to_move(store, ANN, "ANN@example.org"), seal=SEAL, now=NOW)
    assert emails(store) == ["ANN@example.org", BOB]
    assert counts(take(store, "email\nann@example.org\n", seal=SEAL)) == {"unchanged": 1}


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.LEFT])
def test_moving_to_where_one_was_a_reader(store: Store, standing: Standing) -> None:
    """Both addresses are one person's: one reader remains, with what both chose, and nothing was told before."""
    if standing is not Standing.ACTIVE:
        store.subscribers.stand(BOB, standing, reason="page", now=NOW)
    number = begin_to_move(store, ANN, BOB)
    assert mails(store) == [("move", BOB)]
    assert SEAL
    assert move(store, number, seal=SEAL, now=NOW)
    assert reader(store).standing is Standing.LEFT
    assert (reader(store, BOB).standing, reader(store, BOB).name) == (Standing.ACTIVE, "Ann")
    assert {*reader(store, BOB).tags} == {"weekly", "staff"}
    assert store.audiences.measure(None).readers == 1
    assert not move(store, number, seal=SEAL, now=NOW)


@pytest.mark.parametrize("standing", [Standing.BOUNCED, Standing.COMPLAINED])
def test_moving_to_where_nobody_is_written_to(store: Store, standing: Standing) -> None:
    """The answer is the same, and no mail leaves; should there be a link from before, it changes nothing."""
    early = begin_to_move(store, ANN, BOB)
    store.subscribers.stand(BOB, standing, reason="test", now=NOW)
    assert ask_to_move(store, reader(store), email=BOB, now=NOW + DAY) is Outcome.MAILED
    assert mails(store) == [("move", BOB)]
    assert SEAL
    assert not move(store, early, seal=SEAL, now=NOW)
    assert (reader(store).standing, reader(store, BOB).standing) == (Standing.ACTIVE, standing)


def test_address_is_mailed_once_a_day(store: Store) -> None:
    """Several readers cannot have the same stranger written to again and again; each gets the same answer."""
    answers = [ask_to_move(store, reader(store, email), email=NEW, now=NOW) for email in (ANN, BOB)]
    assert answers == [Outcome.MAILED] * 2
    assert mails(store) == [("move", NEW)]


def test_moving_after_leaving(store: Store) -> None:
    """A link to another address is over once its reader has left, and nobody who left can ask for one."""
    number = begin_to_move(store, ANN, NEW)
    store.subscribers.stand(ANN, Standing.LEFT, reason="page", now=NOW)
    assert SEAL
    assert not move(store, number, seal=SEAL, now=NOW)
    assert ask_to_move(store, reader(store), email=NEW, now=NOW + DAY) is Outcome.UNAVAILABLE
    assert emails(store) == [ANN, BOB]


def test_moving_to_an_erased_address(store: Store) -> None:
    """Whoever was erased there takes it back into use themselves, whichever of the secrets it was erased with."""
    forget_reader(store, NEW, seal=OTHER_SEAL)
    rotated = seal_of(
        {"DIGEST_SECRET": "a secret that is long enough for a test,another secret that is as long as the first"}
    )
    assert rotated
    assert move(store, begin_to_move(store, ANN, NEW), seal=rotated, now=NOW)
    assert counts(take(store, f"email\n{NEW}\n{ANN}\n", seal=rotated)) == {"unchanged": 1, "kept_away": 1}


def test_erasing_in_the_middle_of_a_move(store: Store) -> None:
    """The address that a reader wanted to have is forgotten with them, and the link that was mailed there is over."""
    number = begin_to_move(store, ANN, NEW)
    pause(store, reader(store), months=1, timezone=UTC, now=NOW)
    assert forget_reader(store, ANN, seal=SEAL)
    assert mails(store) == []
    assert find_move(store, number) is None
    for table in ("proofs", "pauses"):
        assert store._database.fetch_all(f"select * from {table}") == []  # noqa: S608  # names of ours


def test_old_links_are_forgotten(store: Store) -> None:
    """With their time, what they hold is over."""
    number = begin_to_move(store, ANN, NEW)
    store.proofs.forget_old(before=NOW)
    assert find_move(store, number)
    store.proofs.forget_old(before=NOW + DAY)
    assert find_move(store, number) is None
