"""Exports of other services: recognised by their columns, and whoever may not be written to there, may not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lists import counts, reasons, refused_lines, take

from digest.errors import CombinedError, ContentError
from digest.model import Standing
from digest.store import Store, open_store
from digest.subscribing.services import SERVICES, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator

MAILCHIMP = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TIMEZONE"


@pytest.fixture
def store() -> Iterator[Store]:
    """Return an empty store."""
    with open_store("sqlite://") as opened:
        yield opened


def standings(store: Store) -> dict[str, str]:
    """Return how everyone stands."""
    return {reader.email: reader.standing.value for reader in store.subscribers.walk()}


def test_mailchimp(store: Store) -> None:
    """Three files: who subscribed, who left, whose address is dead; names, tags, consent and days of joining come."""
    report = take(
        store,
        f"{MAILCHIMP},LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
        "ann@example.org, Ann , Fictional ,2,2018-02-05 19:28:23,192.0.2.1,2018-02-06 19:28:23,192.0.2.1,,,1,e,,"
        '"""Editors"",""Long Readers"""\n'
        "bob@example.org,,,2,,,2018-02-06 19:28:23,,,,1,e,,\n",
    )
    assert (report.service, counts(report), report.refused) == ("Mailchimp: subscribed", {"added": 2}, [])
    ann, bob = store.subscribers.records()
    reader = ann.subscriber
    assert (reader.name, reader.fields, reader.tags) == (
        "Ann Fictional",
        {"first_name": "Ann"},
        ("Editors", "Long Readers"),
    )
    assert ann.joined_at.isoformat() == "2018-02-05T19:28:23+00:00"
    assert ann.consent.at
    assert ann.consent.at.isoformat() == bob.joined_at.isoformat() == "2018-02-06T19:28:23+00:00"
    left = take(store, f"{MAILCHIMP},UNSUB_TIME,UNSUB_REASON,LEID,EUID,NOTES,TAGS\nann@example.org,,,,,,,,,,,,,,\n")
    assert (left.service, counts(left)) == ("Mailchimp: unsubscribed", {"taken_off": 1})
    row = "cyd@example.org,,,,,,,,,2020-03-23 17:30:05,,,,,\n"
    cleaned = take(store, f"{MAILCHIMP},CLEAN_TIME,CLEAN_CAMPAIGN_ID,LEID,EUID,NOTES,TAGS\n{row}")
    assert (cleaned.service, counts(cleaned)) == ("Mailchimp: cleaned", {"kept_away": 1})
    assert standings(store) == {"ann@example.org": "left", "bob@example.org": "active", "cyd@example.org": "bounced"}
    assert "192.0.2.1" not in repr([*store.subscribers.records()])


def test_mailchimp_of_old(store: Store) -> None:
    """A file of subscribers may have a column of departures; whoever has a date in it has left."""
    head = f"{MAILCHIMP},UNSUB_TIME,LAST_CHANGED,LEID,EUID\n"
    rows = "ann@example.org,,,,,,,,,2018-07-23 12:19:27,,1,e\nbob@example.org,,,,,,,,,,,1,e\n"
    assert take(store, head + rows).service == "Mailchimp: subscribed"
    assert standings(store) == {"ann@example.org": "left", "bob@example.org": "active"}


@pytest.mark.parametrize(
    ("service", "text", "expected", "refused"),
    [
        (
            "Substack",
            (
                "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
                "ann@example.org,false,,other,false,2018-08-27T15:06:27.713Z,\n"
                "bob@example.org,true,2027-07-01T00:00:00.000Z,yearly,true,2018-08-27T15:06:27.713Z,\n"
                "cyd@example.org,true,,,,2018-08-27T15:06:27.713Z,\n"
            ),
            ["active", "left"],
            [4],
        ),
        (
            "Buttondown",
            (
                "id,email_address,notes,metadata,tags,creation_date,type\n"
                '1,ann@example.org,,"{""first_name"": ""Ann"", ""n"": 1}","a,b",2018-08-27T15:06:27.713Z,regular\n'
                "2,bob@example.org,,,,2018-08-27T15:06:27.713Z,unactivated\n"
                "3,cyd@example.org,,,,2018-08-27T15:06:27.713Z,undeliverable\n"
                "4,dan@example.org,,,,2018-08-27T15:06:27.713Z,complained\n"
                "5,eve@example.org,,,,2018-08-27T15:06:27.713Z,unsubscribed\n"
                "6,fay@example.org,,,,2018-08-27T15:06:27.713Z,upcoming\n"
                "7,gus@example.org,,{,,2018-08-27T15:06:27.713Z,regular\n"
            ),
            ["active", "pending", "bounced", "complained", "left"],
            [7, 8],
        ),
        (
            "Buttondown",
            "email,subscriber_type,creation_date\nann@example.org,regular,2018-08-27T15:06:27.713Z\n",
            ["active"],
            [],
        ),
        (
            "Ghost",
            (
                "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,"
                "tiers,gift_id\r\n"
                'm1,ann@example.org,Ann Fictional,a note,true,,,2018-08-27T15:06:27.713Z,,"a,b",Bronze,\r\n'
                "m2,bob@example.org,,,false,,,2018-08-27T15:06:27.713Z,,,,\r\n"
                "m3,cyd@example.org,,,true,,,2018-08-27T15:06:27.713Z,2020-08-27T15:06:27.713Z,,,\r\n"
            ),
            ["active", "left", "left"],
            [],
        ),
        (
            "listmonk",
            (
                "uuid,email,name,attributes,status,created_at,updated_at\n"
                'u1,ann@example.org,Ann,"{""first_name"": ""Ann"", ""n"": {}}",enabled,2018-08-27 15:06:27.713+00,x\n'
                "u2,bob@example.org,Bob,{},disabled,2018-08-27 15:06:27.713+00,x\n"
                "u3,cyd@example.org,Cyd,{},blocklisted,2018-08-27 15:06:27.713+00,x\n"
            ),
            ["active", "left", "left"],
            [],
        ),
        (
            "Beehiiv",
            (
                "email,First Name,Last Name,status,tier,created_at,stripe_customer_id,Free Tier,"
                "unsubscribed_at\n"
                "ann@example.org, Ann  ,,active,free,2018-08-27 15:06:27 UTC,,Yes,\n"
                "bob@example.org,,,inactive,free,2018-08-27 15:06:27 UTC,,Yes,\n"
                "cyd@example.org,,,pending,free,2018-08-27 15:06:27 UTC,,Yes,\n"
                "dan@example.org,,,active,free,2018-08-27 15:06:27 UTC,,Yes,2024-03-13 11:33:53 UTC\n"
                "eve@example.org,,,mystery,free,2018-08-27 15:06:27 UTC,,Yes,\n"
            ),
            ["active", "left", "pending", "left"],
            [6],
        ),
    ],
)
def test_export(store: Store, service: str, text: str, expected: list[str], refused: list[int]) -> None:
    """How readers stand is taken from its words, and a word that we do not know is refused with its row."""
    report = take(store, text)
    assert (report.service, refused_lines(report)) == (service, refused)
    assert [*standings(store).values()] == expected
    ann = next(store.subscribers.records())
    assert f"{ann.joined_at:%Y-%m-%dT%H:%M:%S}" == "2018-08-27T15:06:27"
    assert "example.org" not in reasons(report)
    again = take(store, text)
    assert {*counts(again)} <= {"unchanged", "kept_away"}


def test_heads_may_be_spelled_otherwise(store: Store) -> None:
    """Case and spaces do not matter in the columns of a service; in ours they do."""
    text = " EMAIL , Active_Subscription,email_disabled,Created_At,plan\nann@example.org,,false,,\n"
    assert take(store, text).service == "Substack"
    with pytest.raises(CombinedError, match='no column "email"'):
        take(store, "EMAIL\nann@example.org\n")


def test_columns_that_a_service_lets_people_add(store: Store) -> None:
    """They are a declared field's, or unknown as any other; those passed over are named."""
    head = "email,active_subscription,email_disabled,created_at,City,Shoe Size\n"
    with pytest.raises(ContentError, match='unknown column "shoe size"'):
        take(store, f"{head}ann@example.org,,false,,Ulm,41\n")
    report = take(store, f"{head}ann@example.org,,false,,Ulm,41\n", ignore_extra=True)
    assert report.passed_over == ["Shoe Size"]
    assert next(store.subscribers.walk()).fields == {"city": "Ulm"}


def test_export_never_brings_anyone_back(store: Store) -> None:
    """Who left here stays away, though another service still calls them active."""
    take(store, "email,standing\nann@example.org,left\n")
    text = "email,active_subscription,email_disabled,created_at\nann@example.org,,false,\n"
    assert counts(take(store, text)) == {"kept_away": 1}
    assert standings(store) == {"ann@example.org": "left"}


def test_tables_are_told_apart() -> None:
    """Each table's columns are recognised as its own, and our own columns as nobody's."""
    for service in SERVICES:
        assert recognise(sorted(service.marks)) is service
    assert recognise(["email", "name", "tags", "standing", "joined"]) is None
    assert all(isinstance(standing, Standing) for service in SERVICES for standing in service.words.values())
