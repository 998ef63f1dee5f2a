"""Somebody asks for the newsletter, and what follows from it, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from digest.model import Consent, Newcomer, Standing
from digest.store.erasing import Seal
from digest.subscribing.joining import Rules, ask, confirm, decide, make_wish
from digest.tokens import Tokens

if TYPE_CHECKING:
    from digest.store import Store
    from digest.store.signups import Stage

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN, BOB = "ann@example.org", "bob@example.org"
RULES = Rules(most_an_hour=100, within=timedelta(hours=72))
SEAL = Seal(b"a secret that is long enough for a test")
TOKENS = Tokens(["a secret that is long enough for a test"])
WORDS = "Yes, write to me."


def ask_for(
    store: Store, email: str = ANN, *, at: datetime = NOW, tags: tuple[str, ...] = (), address: str = ""
) -> bool:
    """Have somebody ask for the newsletter."""
    wish = make_wish(email, tags=tags, offered=("news", "tips"), form="the footer", asked_from=address)
    return ask(store, wish=wish, now=at)


def decide_now(store: Store, at: datetime = NOW, rules: Rules = RULES) -> dict[Stage, int]:
    """Decide what became of all who asked, and return how many came to what."""
    return dict(decide(store, rules, now=at))


def mails_of(store: Store) -> list[tuple[str, str]]:
    """Return what mails wait, and to whom they go."""
    return [*store._database.fetch_all("select kind, email from notices where state = 'queued' order by id")]


def put_reader(store: Store, email: str, standing: Standing = Standing.ACTIVE) -> None:
    """Put a reader on the list."""
    newcomer = Newcomer(email=email, standing=standing, consent=Consent(source="list.csv"))
    list(store.subscribers.put([newcomer], now=NOW, seal=SEAL))


def confirm_now(store: Store, number: int = 1, at: datetime = NOW) -> Standing | None:
    """Follow the link of a sign-up, and return how its reader stands then."""
    reader = confirm(store, number=number, words=WORDS, confirmed_from="198.51.100.8", seal=SEAL, now=at)
    return reader.standing if reader else None
