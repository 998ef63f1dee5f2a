"""The mails that follow from what people do on the web: what they say, and how they leave."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pytest
from counting_provider import LOG, Counting
from signing_up import ANN, BOB, DAY, HOUR, NOW, TOKENS, ask_for, decide_now, put_reader

from digest.config import load_settings
from digest.errors import ProviderError
from digest.providers import Setup
from digest.store import Store, open_store
from digest.store.notices import MAILING
from digest.subscribing.notices import Writer, deliver, tidy
from digest.tokens import Purpose
from digest.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@contextmanager
def _post(folder: Path, **options: object) -> Iterator[partial[None]]:
    """Return what delivers the mails of a store by a provider that answers as `options` say."""
    provider = Counting.from_settings(Setup(root=folder, options=options))
    writer, kinds = _writer(folder), list[str]()
    yield partial(
        deliver,
        writer=writer,
        provider=provider,
        now=lambda: NOW,
        report=lambda _: None,
        tell=lambda kind, outcome: kinds.append(f"{kind} {outcome}"),
        stopping=Event(),
    )


def _writer(folder: Path, settings: str = "") -> Writer:
    text = (
        '[newsletter]\nname = "The {Odd} <Letter>"\nfrom = "The Letter <editor@example.org>"\n'
        'url = "https://letter.example.org"\npostal_address = "1 Street\\nTown"\n'
    )
    (folder / "digest.toml").write_text(f"{text}{settings}", encoding="utf-8")
    loaded = load_settings(folder, {})
    return Writer(loaded, Wording.of(loaded), TOKENS)


def _sent(folder: Path) -> int:
    log = folder / LOG
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def _states(store: Store) -> list[str]:
    return [state for (state,) in store._database.fetch_all("select state from notices order by id")]


def test_mails_leave_once(store: Store, tmp_path: Path) -> None:
    """Each mail leaves, to whom it is for; a second look finds nothing to do."""
    put_reader(store, BOB)
    for email in (ANN, BOB):
        ask_for(store, email)
    decide_now(store)
    with _post(tmp_path) as post:
        for _ in range(2):
            post(store)
    assert _states(store) == ["sent", "sent"]
    assert _sent(tmp_path) == 2


@pytest.mark.parametrize(
    ("answer", "idempotent", "states", "sent"),
    [
        ("refused", True, ["failed"], 1),
        ("in_doubt", True, ["failed"], 1),
        ("dislikes ann", True, ["failed"], 0),
        ("lost then sent", True, ["sent"], 1),
        ("lost", False, ["failed"], 1),
    ],
)
def test_what_becomes_of_a_mail(
    sqlite_store: Store, tmp_path: Path, *, answer: str, idempotent: bool, states: list[str], sent: int
) -> None:
    """It is never posted twice where that could be two mails, and tried again under its key where it could not."""
    ask_for(sqlite_store)
    decide_now(sqlite_store)
    with _post(tmp_path, answer=answer, idempotent=idempotent) as post:
        post(sqlite_store)
    assert (_states(sqlite_store), _sent(tmp_path)) == (states, sent)


def test_provider_that_takes_none(sqlite_store: Store, tmp_path: Path) -> None:
    """The mail waits, leaves when it can, and is given up after a day, so that a new one may be asked for."""
    ask_for(sqlite_store)
    decide_now(sqlite_store)
    with _post(tmp_path, answer="barred") as post, pytest.raises(ProviderError):
        post(sqlite_store)
    assert _states(sqlite_store) == ["queued"]
    assert tidy(sqlite_store, _writer(tmp_path), now=NOW + DAY) == 0
    assert tidy(sqlite_store, _writer(tmp_path), now=NOW + DAY + HOUR) == 1
    assert sqlite_store.notices.latest(ANN, "confirm") is None


def test_wish_that_nobody_came_to(sqlite_store: Store, tmp_path: Path) -> None:
    """Who asked amid so many that they could not be asked to confirm within a day is forgotten, and told of."""
    ask_for(sqlite_store)
    assert tidy(sqlite_store, _writer(tmp_path), now=NOW + DAY) == 0
    assert tidy(sqlite_store, _writer(tmp_path), now=NOW + DAY + HOUR) == 1
    assert sqlite_store.sign_ups.new(1) == []


@pytest.mark.parametrize(("idempotent", "states"), [(True, ["sent"]), (False, ["failed"])])
def test_mail_that_a_dead_process_had_claimed(
    sqlite_store: Store, tmp_path: Path, *, idempotent: bool, states: list[str]
) -> None:
    """It may have left: it is posted again under its key alone, with which a provider takes both for one."""
    ask_for(sqlite_store)
    decide_now(sqlite_store)
    sqlite_store.notices.claim(now=NOW)
    with sqlite_store.hold(MAILING), _post(tmp_path, idempotent=idempotent) as post:
        post(sqlite_store)
    assert _states(sqlite_store) == states
    assert _sent(tmp_path) == idempotent


def test_mail_to_a_reader_who_is_gone(sqlite_store: Store, tmp_path: Path) -> None:
    """Without a reader there is no link, so no mail."""
    sqlite_store.notices.put("already", ANN, [99], now=NOW)
    with _post(tmp_path) as post:
        post(sqlite_store)
    assert (_states(sqlite_store), _sent(tmp_path)) == (["failed"], 0)


@pytest.mark.parametrize("kind", ["confirm", "move", "own"])
def test_what_a_mail_says(sqlite_store: Store, tmp_path: Path, kind: str) -> None:
    """It holds its link, signed for this alone, and no name, no address and no way to leave a list that it is not."""
    ask_for(sqlite_store)
    sqlite_store._database.change(
        "insert into notices (kind, key, email, facts, put_at) values (:kind, 'k', :email, '[1]', :now)",
        kind=kind, email=ANN, now=NOW.isoformat(),
    )  # fmt: skip
    notice = sqlite_store.notices.claim(now=NOW)
    assert notice
    batch = _writer(tmp_path).write(notice, sqlite_store)
    assert batch
    (message,) = batch.messages()
    assert message.headers == {"Auto-Submitted": "auto-generated"}
    assert "The {Odd} <Letter>" in message.subject
    assert "The {Odd} &lt;Letter&gt;" in message.html
    token = batch.readers.columns["link"][0]
    for text in (message.text, message.html):
        assert f"https://letter.example.org/{kind}/{token}" in text
        assert "ann" not in text.replace(token, "")
        assert "nsubscribe" not in text
    assert TOKENS.read_until(Purpose(kind), token, now=NOW) == [sqlite_store.name, 1]
    assert str(message.to) == ANN


@pytest.mark.parametrize(
    ("language", "said", "marked"),
    [
        ("de", "Mein Abonnement bestätigen", 'lang="de" dir="ltr"'),
        ("ar", "Confirm my subscription", 'lang="en" dir="ltr"'),
    ],
)
def test_words_run_as_their_language_does(
    sqlite_store: Store, tmp_path: Path, language: str, said: str, marked: str
) -> None:
    """English words of an Arabic newsletter run from the left; programs that drop the page's own tags are told, too."""
    ask_for(sqlite_store)
    decide_now(sqlite_store)
    notice = sqlite_store.notices.claim(now=NOW)
    assert notice
    batch = _writer(tmp_path, f'language = "{language}"\n').write(notice, sqlite_store)
    assert batch
    (message,) = batch.messages()
    assert said in message.html
    assert message.html.count(marked) == 2
    assert "text-align: right" not in message.html
