"""The one who sees to it that mails of the web leave: when, how often, and what is said of failures."""

from __future__ import annotations

import logging
import time
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from counting_provider import LOG, Counting
from joining_stage import ANN, Club

from digest.errors import IncompleteError
from digest.providers import Setup
from digest.store.notices import MAILING
from digest.subscribing.joining import Rules
from digest.subscribing.notices import Writer
from digest.web.mailer import Mailer, make_mailer

if TYPE_CHECKING:
    from pathlib import Path

    from digest.store import Store


def _mailer(club: Club, folder: Path, *, answer: str = "sent", most_an_hour: int = 100) -> Mailer:
    desk = club.served.desk
    return Mailer(
        lambda: nullcontext(club.served.store),
        Counting.from_settings(Setup(root=folder, options={"answer": answer})),
        Writer(desk.settings, desk.wording, desk.tokens),
        Rules(most_an_hour=most_an_hour, within=timedelta(hours=72)),
        club.clock,
    )


def _sent(folder: Path) -> int:
    log = folder / LOG
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def test_provider_that_takes_none_is_left_alone(club: Club, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is not asked again at once, and the log says why mails wait, without an address."""
    club.post(json={"email": ANN})
    mailer = _mailer(club, tmp_path, answer="barred")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            mailer.work(club.served.store)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "digest.web.mailer"]
    assert said == "mails wait for 5 seconds: no money is left"
    assert club.served.store.notices.count() == 1
    _mailer(club, tmp_path).work(club.served.store)
    assert (_sent(tmp_path), club.served.store.notices.count()) == (1, 0)


def test_only_one_delivers(club: Club, tmp_path: Path) -> None:
    """While another server delivers from the same store, this one leaves it to it."""
    club.post(json={"email": ANN})
    with club.served.store.hold(MAILING):
        _mailer(club, tmp_path).work(club.served.store)
        with pytest.raises(IncompleteError), club.served.store.hold(MAILING):
            pass
    assert _sent(tmp_path) == 0
    _mailer(club, tmp_path).work(club.served.store)
    assert _sent(tmp_path) == 1


def test_people_who_wait_are_told_of(club: Club, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log says that more came than may be written to; they are in the next hour."""
    for number in range(3):
        club.post(json={"email": f"reader{number}@example.org"})
    _mailer(club, tmp_path, most_an_hour=2).work(club.served.store)
    assert _sent(tmp_path) == 2
    with caplog.at_level(logging.WARNING):
        _mailer(club, tmp_path, most_an_hour=2).work(club.served.store)
    assert "max_sign_ups" in caplog.text
    club.clock.pass_(hours=1)
    _mailer(club, tmp_path, most_an_hour=2).work(club.served.store)
    assert _sent(tmp_path) == 3


class _Flaky:
    """A store that cannot be opened."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> nullcontext[Store]:
        """Try to."""
        self.asked += 1
        msg = f"{ANN} is in the way"
        raise RuntimeError(msg)


def test_store_that_fails(club: Club, caplog: pytest.LogCaptureFixture) -> None:
    """The mailer goes on trying until it is to end, and the log has no words of a database."""
    store, desk = _Flaky(), club.served.desk
    mailer = make_mailer(desk.settings, desk.wording, desk.tokens, store, club.clock)
    assert mailer
    with caplog.at_level(logging.ERROR):
        mailer.start()
        end = time.monotonic() + 10
        while not store.asked and time.monotonic() < end:
            time.sleep(0.01)
        mailer.stop()
    assert store.asked
    assert "RuntimeError" in caplog.text
    assert ANN not in caplog.text
