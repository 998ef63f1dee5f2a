"""Readers of a newsletter that is served, and the links that they get."""

from __future__ import annotations

import re
import shutil
import time
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from serving_stage import SECRET, serving

from digest.model import Consent, Newcomer, Standing
from digest.store.copying import TABLES
from digest.subscribing.leaving import seal_of
from digest.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from serving_stage import Served

    from digest.model import Subscriber

TAGS = '\n[web.tags]\nweekly = "The long read, each week"\nevents = "Meetings & talks"\n'
SEAL = seal_of({"DIGEST_SECRET": SECRET})
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def served(untouched_letter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a newsletter whose readers may choose, for all tests here; each brings readers of its own."""
    folder = tmp_path_factory.mktemp("choosing") / "letter"
    shutil.copytree(untouched_letter, folder)
    with (folder / "digest.toml").open("a", encoding="utf-8") as file:
        file.write(TAGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGEST_SECRET", SECRET)
        with serving(folder) as opened:
            yield opened


def join(served: Served, name: str, *tags: str, standing: Standing = Standing.ACTIVE) -> Subscriber:
    """Put a reader on the list, and return them."""
    email = f"{name}@example.org"
    newcomer = Newcomer(email=email, name="Zoë", tags=tags, consent=Consent(source="test"))
    assert len([*served.store.subscribers.put([newcomer], now=datetime.now(UTC), seal=SEAL)]) == 1
    reader = served.store.subscribers.find(email)
    assert reader
    if standing is not Standing.ACTIVE:
        assert served.store.subscribers.stand(reader.id, standing, reason="test", now=datetime.now(UTC))
    return reader


def again(served: Served, reader: Subscriber) -> Subscriber:
    """Return what is known of a reader now."""
    found = served.store.subscribers.find_id(reader.id)
    assert found
    return found


def act(served: Served, reader: Subscriber, action: str, **form: str) -> httpx.Response:
    """Press a button on a reader's page."""
    return served.client.post(f"/preferences/{reader.token}/{action}", data=form)


def link_to(served: Served, purpose: Purpose, *facts: str | int, life: timedelta = HOUR) -> str:
    """Return the path that a link in a mail has."""
    return f"/{purpose.value}/" + served.desk.tokens.sign_until(purpose, datetime.now(UTC) + life, *facts)


def own_page(served: Served, reader: Subscriber) -> str:
    """Return the path of a reader's own page, as if it had been mailed to them."""
    number = served.store.proofs.ask(reader.id, "own", reader.email, now=datetime.now(UTC))
    assert number
    return link_to(served, Purpose.OWN, served.store.name, number)


def mailed_link(served: Served, kind: str, email: str) -> str:
    """Wait for a mail, and return the path that its link leads to."""
    file = served.folder / ".digest" / "outbox" / kind / f"{email}.eml"
    end = time.monotonic() + 20
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    body = message.get_body(("plain",))
    assert body
    found = re.search(rf"https://\S+/{kind}/\S+", body.get_content())
    assert found
    return urlsplit(found[0]).path


def stored_rows(served: Served) -> dict[str, list[object]]:
    """Return all that is stored, but for mails, which leave meanwhile; of these, which there are."""
    database = served.store._database
    selects = {table: f"select * from {table}" for table in TABLES if table != "notices"}  # noqa: S608  # names of ours
    return {table: database.fetch_all(sql) for table, sql in {**selects, "notices": "select id from notices"}.items()}


def stored_bytes(served: Served) -> bytes:
    """Return all that stands in the files of the store, free pages and the log included."""
    files = [*(served.folder / ".digest").glob("digest.db*")]
    assert files
    return b"".join(file.read_bytes() for file in files)


def own_page_again(served: Served, reader: Subscriber) -> str:
    """Return the path of the page that was mailed to a reader just now."""
    ((number,),) = served.store._database.fetch_all(
        "select max(id) from proofs where subscriber_id = :id", id=reader.id
    )
    return link_to(served, Purpose.OWN, served.store.name, number)
