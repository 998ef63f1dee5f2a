"""A newsletter that can be joined, by a clock of the test's own; its mails leave when the test says so."""

from __future__ import annotations

import re
import shutil
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from serving_stage import SECRET, Served, serving

from digest.model import Consent, Newcomer, Standing
from digest.store.erasing import Seal
from digest.web.mailer import Mailer, make_mailer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANN = "ann@example.org"
SEAL = Seal(SECRET.encode())
SETTINGS = """
[web]
proxies = 1

[web.tags]
tips = "Tips & tricks"
news = "News"
"""
TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass(kw_only=True)
class Clock:
    """A clock that stands still until it is put forward."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def pass_(self, **time: float) -> None:
        """Put it forward."""
        self.now += timedelta(**time)


@dataclass(frozen=True, kw_only=True)
class Club:
    """A newsletter that can be joined; its mails leave when a test says so."""

    served: Served
    clock: Clock
    mailer: Mailer
    addresses: Iterator[str] = field(default_factory=lambda: (f"8.8.{number}.1" for number in range(256)))

    def post(self, **how: Any) -> httpx.Response:
        """Ask for the newsletter, from an address of the internet of one's own."""
        headers = {"X-Forwarded-For": next(self.addresses), **how.pop("headers", {})}
        return self.served.client.post("/subscribe", headers=headers, **how)

    def form(self) -> str:
        """Return the token of a form that was just shown."""
        found = TOKEN.search(self.served.client.get("/subscribe").text)
        assert found
        return found[1]

    def put(self, email: str, standing: Standing = Standing.ACTIVE) -> None:
        """Put a reader on the list."""
        newcomer = Newcomer(email=email, standing=standing, consent=Consent(source="list.csv"))
        list(self.served.store.subscribers.put([newcomer], now=NOW, seal=SEAL))

    def link(self, email: str = ANN) -> str:
        """Let the mails leave, and return the path of the link that an address was sent."""
        self.mailer.work(self.served.store)
        mail = message_from_bytes(self.file(email).read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        assert body
        found = re.search(r"https://[^/]+(/confirm/\S+)", body.get_content())
        assert found
        return found[1]

    def file(self, email: str) -> Path:
        """Return where the outbox puts what asks an address to confirm."""
        return self.served.folder / ".digest" / "outbox" / "confirm" / f"{email}.eml"

    def standing(self, email: str = ANN) -> Standing | None:
        """Return how a reader stands."""
        reader = self.served.store.subscribers.find(email)
        return reader.standing if reader else None

    def wishes(self) -> list[tuple[Any, ...]]:
        """Return what was written down of those who asked."""
        query = "select email, tags, source, asked_from from sign_ups order by id"
        return [*self.served.store._database.fetch_all(query)]

    def empty(self) -> None:
        """Let nobody be there, nor have been."""
        for table in ("subscribers", "history", "erased", "sign_ups", "notices"):
            self.served.store._database.change(f"delete from {table}")  # noqa: S608  # names of ours
        shutil.rmtree(self.served.folder / ".digest" / "outbox", ignore_errors=True)
        self.clock.now = NOW


@pytest.fixture(scope="module")
def opened(untouched_letter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    """Return a newsletter that can be joined, for all tests of this module."""
    folder = tmp_path_factory.mktemp("club") / "letter"
    shutil.copytree(untouched_letter, folder)
    with (folder / "digest.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGEST_SECRET", SECRET)
        clock = Clock()
        with serving(folder, mailer=None, now=clock) as served:
            desk = served.desk
            mailer = make_mailer(desk.settings, desk.wording, desk.tokens, lambda: nullcontext(served.store), clock)
            assert mailer
            yield Club(served=served, clock=clock, mailer=mailer)


@pytest.fixture
def club(opened: Club) -> Club:
    """Return it without readers."""
    opened.empty()
    return opened
