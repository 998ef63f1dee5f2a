"""People ask for the newsletter, and become readers by the link that they are mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from signing_up import (
    ANN,
    BOB,
    DAY,
    HOUR,
    NOW,
    RULES,
    SEAL,
    TOKENS,
    WORDS,
    ask_for,
    confirm_now,
    decide_now,
    mails_of,
    put_reader,
)

from digest.model import Consent, Standing
from digest.store import Store, open_store
from digest.store.signups import Stage
from digest.subscribing.joining import MOST_OF_NETWORK, Rules, make_wish, network_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store, on either kind of database."""
    with open_store(url, tokens=TOKENS) as store:
        yield store


@pytest.fixture
def sqlite_store() -> Iterator[Store]:
    """Return an empty store, where the kind of database makes no difference."""
    with open_store("sqlite://", tokens=TOKENS) as store:
        yield store


@pytest.mark.parametrize(
    ("standing", "stage", "mails"),
    [
        (None, Stage.ASKED, [("confirm", ANN)]),
        (Standing.PENDING, Stage.ASKED, [("confirm", ANN)]),
        (Standing.LEFT, Stage.ASKED, [("confirm", ANN)]),
        (Standing.ACTIVE, Stage.TOLD, [("already", ANN)]),
        (Standing.BOUNCED, Stage.SILENT, []),
        (Standing.COMPLAINED, Stage.SILENT, []),
    ],
)
def test_mail_by_standing(store: Store, standing: Standing | None, stage: Stage, mails: list[tuple[str, str]]) -> None:
    """Who can become a reader is asked to confirm, who is one is told so, and who must not be written to is not."""
    if standing:
        put_reader(store, ANN, standing)
    assert ask_for(store)
    assert decide_now(store) == {stage: 1}
    assert mails_of(store) == mails


def test_mail_to_who_was_erased(sqlite_store: Store) -> None:
    """They are asked as if they had never been there; confirming is their way back."""
    sqlite_store.subscribers.erase(ANN, seal=SEAL, now=NOW)
    ask_for(sqlite_store)
    assert decide_now(sqlite_store) == {Stage.ASKED: 1}
    assert confirm_now(sqlite_store) is Standing.ACTIVE


@pytest.mark.parametrize("standing", [None, Standing.ACTIVE, Standing.LEFT])
def test_one_mail_a_day(sqlite_store: Store, standing: Standing | None) -> None:
    """However often and by whomever an address is written into the form, it gets one mail a day."""
    if standing:
        put_reader(sqlite_store, ANN, standing)
    for number in range(300):
        assert ask_for(sqlite_store, ANN.upper() if number % 2 else ANN, address=f"198.{number % 200}.0.1")
    assert sum(decide_now(sqlite_store).values()) == 300
    ask_for(sqlite_store, at=NOW + DAY - HOUR)
    assert decide_now(sqlite_store, NOW + DAY - HOUR) == {Stage.SILENT: 1}
    assert len(mails_of(sqlite_store)) == 1
    ask_for(sqlite_store, at=NOW + DAY)
    decide_now(sqlite_store, NOW + DAY)
    assert len(mails_of(sqlite_store)) == 2


def test_many_addresses_from_one_network(sqlite_store: Store) -> None:
    """After some an hour it is told to come later; others are not, nor who stands behind a proxy of ours."""
    asked = [ask_for(sqlite_store, f"reader{number}@example.org", address="8.8.8.8") for number in range(20)]
    assert asked == [True] * MOST_OF_NETWORK + [False] * (20 - MOST_OF_NETWORK)
    assert ask_for(sqlite_store, address="8.8.8.9")
    assert all(ask_for(sqlite_store, address="10.0.0.1") for _ in range(20))
    assert ask_for(sqlite_store, address="8.8.8.8", at=NOW + HOUR)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("2606:4700:1:2:3:4:5:6", "2606:4700:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:10.0.0.1", ""),
        ("fe80::1%eth0", ""),
        ("", ""),
        ("testclient", ""),
        ("8.8.8.8, 1.2.3.4", ""),
    ],
)
def test_network(address: str, network: str) -> None:
    """An IPv4 address is counted by itself, an IPv6 one by its /64, and what is not of the internet not at all."""
    assert network_of(address) == network


def test_more_than_an_hour_may_bring(sqlite_store: Store) -> None:
    """Those on top wait for the next hour; nobody is dropped, and who is not written to takes nobody's place."""
    rules = Rules(most_an_hour=3, within=RULES.within)
    put_reader(sqlite_store, "dead@example.org", Standing.BOUNCED)
    for name in ("dead", *"abcde"):
        ask_for(sqlite_store, f"{name}@example.org")
    assert decide_now(sqlite_store, rules=rules) == {Stage.SILENT: 1, Stage.ASKED: 3}
    assert decide_now(sqlite_store, NOW + HOUR / 2, rules) == {}
    assert decide_now(sqlite_store, NOW + HOUR, rules) == {Stage.ASKED: 2}
    assert [email for _, email in mails_of(sqlite_store)] == [f"{name}@example.org" for name in "abcde"]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "ann@",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann@example.org\nX: y",
        "Ann <ann@example.org>",
        "ann@example.org,bob@example.org",
        "ann\x00@example.org",
        "ann@exam\u2028ple.org",
        '"a b"@example.org',
        "\u0430nn@example.org",
        "ann@example.org?subject=x",
        "ann@[127.0.0.1]",
    ],
)
def test_address_that_is_none(email: str) -> None:
    """Nothing gets in that no mail can be sent to, or that would become more than an address in a header field."""
    with pytest.raises(ValueError, match="address") as caught:
        make_wish(email, tags=(), offered=(), form="", asked_from="")
    assert "ann@example" not in str(caught.value)


def test_wish_holds_nothing_that_is_not_offered() -> None:
    """Tags of the editor's own cannot be had by asking, and a form's name that could forge something is none."""
    wish = make_wish(f" {ANN} ", tags=["news", "staff"], offered=["news"], form="a\r\nb", asked_from="8.8.8.8")
    assert (wish.email, wish.tags, wish.source) == (ANN, ("news",), "a form without a name")


def test_confirming(store: Store) -> None:
    """Who confirms is a reader, with what they chose and with all that proves their consent; twice is once."""
    ask_for(store, tags=("news",), address="198.51.100.7")
    decide_now(store)
    assert confirm_now(store, at=NOW + HOUR) is Standing.ACTIVE
    assert confirm_now(store, at=NOW + 2 * HOUR) is Standing.ACTIVE
    record = store.subscribers.record(ANN)
    assert record
    assert record.subscriber.tags == ("news",)
    assert record.consent == Consent(
        at=NOW + HOUR,
        how="confirmed by mail",
        source="the footer",
        words=WORDS,
        asked_at=NOW,
        asked_from="198.51.100.7",
        confirmed_from="198.51.100.8",
    )


def test_old_link_brings_nobody_back(sqlite_store: Store) -> None:
    """Who left after they had confirmed stays away, though the link is still good; to ask anew is the way back."""
    ask_for(sqlite_store)
    decide_now(sqlite_store)
    notice = sqlite_store.notices.claim(now=NOW)
    assert notice
    sqlite_store.notices.settle(notice.number, "sent")
    confirm_now(sqlite_store)
    sqlite_store.subscribers.leave(ANN, now=NOW)
    assert confirm_now(sqlite_store) is Standing.LEFT
    ask_for(sqlite_store)
    assert decide_now(sqlite_store) == {Stage.ASKED: 1}, "the day's one mail has been answered"
    assert confirm_now(sqlite_store, number=2) is Standing.ACTIVE


def test_confirming_what_is_over(sqlite_store: Store) -> None:
    """A wish that expired, was erased, is not decided or never was makes nobody a reader."""
    assert confirm_now(sqlite_store) is None
    ask_for(sqlite_store)
    assert confirm_now(sqlite_store) is None, "nobody was mailed that link"
    decide_now(sqlite_store)
    sqlite_store.sign_ups.forget_old(now=NOW + RULES.within)
    assert confirm_now(sqlite_store) is None
    ask_for(sqlite_store, BOB)
    decide_now(sqlite_store)
    sqlite_store.subscribers.erase(BOB, seal=SEAL, now=NOW)
    assert confirm_now(sqlite_store, number=2) is None
    assert sum(sqlite_store.subscribers.count().values()) == 0


def test_confirming_after_a_complaint(sqlite_store: Store) -> None:
    """Who reported the mail as unwanted meanwhile is not written to, whoever opens the link."""
    ask_for(sqlite_store)
    decide_now(sqlite_store)
    put_reader(sqlite_store, ANN, Standing.COMPLAINED)
    assert confirm_now(sqlite_store) is Standing.COMPLAINED


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.LEFT])
def test_mail_goes_to_the_address_of_the_list(sqlite_store: Store, standing: Standing) -> None:
    """Whoever owns an address that is the same to us, and not to mail servers, gets no link to another's page."""
    put_reader(sqlite_store, "Ann@example.org", standing)
    ask_for(sqlite_store, "ann@example.org")
    decide_now(sqlite_store)
    assert [email for _, email in mails_of(sqlite_store)] == ["Ann@example.org"]


def test_domains_that_look_alike_are_two(sqlite_store: Store) -> None:
    """Who owns straße.example is nobody at strasse.example: each confirms for themselves alone."""
    ask_for(sqlite_store, "ann@straße.example")
    ask_for(sqlite_store, "ann@strasse.example")
    assert decide_now(sqlite_store) == {Stage.ASKED: 2}
    assert confirm_now(sqlite_store, number=2) is Standing.ACTIVE
    assert sqlite_store.subscribers.find("ann@straße.example") is None
    assert confirm_now(sqlite_store, number=1) is Standing.ACTIVE
    assert sqlite_store.subscribers.count()[Standing.ACTIVE] == 2
