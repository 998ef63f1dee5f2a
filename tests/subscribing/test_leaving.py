"""Readers leave, and readers are forgotten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from lists import counts, emails, take

from digest.errors import SettingsError, UsageError
from digest.model import Standing
from digest.store import Put, Store, open_store
from digest.subscribing.importing import add_reader
from digest.subscribing.leaving import forget_reader, remove_reader, seal_of
from digest.subscribing.telling import portray

if TYPE_CHECKING:
    from collections.abc import Iterator

SEAL = seal_of({"DIGEST_SECRET": "a secret that is long enough for a test"})


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store."""
    with open_store(url) as opened:
        yield opened


def test_leaving(store: Store) -> None:
    """A reader is taken off with a reason that stays; what says more is not softened by what says less."""
    take(store, "email\nann@example.org\n")
    assert remove_reader(store, "ANN@example.org") is Standing.LEFT
    assert remove_reader(store, "ann@example.org", standing="bounced") is Standing.LEFT
    assert remove_reader(store, "ann@example.org", standing="complained", reason="wrote to us") is Standing.COMPLAINED
    assert remove_reader(store, "ann@example.org") is Standing.COMPLAINED
    assert [change.reason for change in portray(store, "ann@example.org").history] == ["removed by hand", "wrote to us"]


def test_reader_who_is_not_there(store: Store) -> None:
    """Nobody can be removed who is not on the list; the address is not repeated, nor a reason kept that hides signs."""
    with pytest.raises(UsageError, match="nobody of that address") as caught:
        remove_reader(store, "bob@example.org")
    assert "bob" not in "".join(caught.value.lines())
    with pytest.raises(UsageError, match="invisible"):
        remove_reader(store, "bob@example.org", reason="a\x1b[2J")


def test_story_of_a_reader(store: Store) -> None:
    """Everything that is known is told, in the form that scripts read."""
    take(
        store,
        "email,name,city,tags,joined,consent_at,consent_how\nann@example.org,Ann,Ulm,a,2020-01-02,2020-01-01,form\n",
    )
    remove_reader(store, "ann@example.org", reason="asked by mail")
    facts = portray(store, "Ann@example.org").facts()
    history = facts.pop("history")
    assert isinstance(history, list)
    assert [(change["before"], change["standing"], change["reason"]) for change in history] == [
        ("active", "left", "asked by mail")
    ]
    assert facts == {
        "email": "ann@example.org",
        "name": "Ann",
        "standing": "left",
        "tags": ["a"],
        "fields": {"city": "Ulm"},
        "joined": "2020-01-02T00:00:00+00:00",
        "consent": {
            "at": "2020-01-01T00:00:00+00:00",
            "how": "form",
            "source": "readers.csv",
            "words": "",
            "asked_at": None,
            "asked_from": "",
            "confirmed_from": "",
        },
        "pause": None,
        "issues": [],
        "events": [],
    }
    with pytest.raises(UsageError, match="nobody of that address"):
        portray(store, "bob@example.org")


def test_forgetting(store: Store) -> None:
    """Whoever asks for it is forgotten, on the list or not, and no list, export or hand brings them back."""
    take(store, "email\nann@example.org\nbob@example.org\n")
    assert forget_reader(store, "ANN@example.org", seal=SEAL)
    assert not forget_reader(store, "cyd@example.org", seal=SEAL)
    report = take(store, "email\nann@example.org\nCyd@example.org\nbob@example.org\ndan@example.org\n", seal=SEAL)
    assert counts(report) == {"added": 1, "unchanged": 1, "kept_away": 2}
    assert emails(store) == ["bob@example.org", "dan@example.org"]
    outcome = add_reader(store, email="ann@example.org", name="", fields={}, tags=(), seal=SEAL)
    assert outcome is Put.KEPT_AWAY


@pytest.mark.parametrize("secret", ["", "short"])
def test_secret_for_forgetting(store: Store, secret: str) -> None:
    """Without a good one nobody is forgotten; the way out is a line that can be copied, with a new one each time."""
    take(store, "email\nann@example.org\n")
    lines = set()
    for _ in range(2):
        with pytest.raises(SettingsError, match="DIGEST_SECRET") as caught:
            forget_reader(store, "ann@example.org", seal=seal_of({"DIGEST_SECRET": secret}))
        lines |= {*re.findall(r"^  DIGEST_SECRET=([\w-]{43})$", caught.value.hint, flags=re.MULTILINE)}
    assert len(lines) == 2
    assert emails(store) == ["ann@example.org"]
    assert forget_reader(store, "ann@example.org", seal=seal_of({"DIGEST_SECRET": lines.pop()}))


def test_list_without_the_secret(store: Store) -> None:
    """Nobody can be taken in as long as those who were forgotten could not be recognised."""
    forget_reader(store, "ann@example.org", seal=SEAL)
    for seal in (None, seal_of({"DIGEST_SECRET": "another secret that is as long as the first"})):
        with pytest.raises(SettingsError, match="DIGEST_SECRET"):
            take(store, "email\nbob@example.org\n", seal=seal)
    assert emails(store) == []


def test_forgetting_what_is_no_address(store: Store) -> None:
    """It is said, rather than promised."""
    with pytest.raises(UsageError, match="no email address"):
        forget_reader(store, "nonsense", seal=SEAL)
