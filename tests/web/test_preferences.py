"""Readers see and change what is known of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from choosing_readers import (
    HOUR,
    act,
    again,
    join,
    link_to,
    mailed_link,
    own_page,
    own_page_again,
    served,
    stored_bytes,
    stored_rows,
)

from digest.model import Standing
from digest.tokens import Purpose

if TYPE_CHECKING:
    from serving_stage import Serve, Served

__all__ = ["served"]


def test_page(served: Served) -> None:
    """It shows what is to be chosen from and what is chosen, in few bytes, and nothing that a stranger could use."""
    reader = join(served, "first.reader", "weekly", "staff")
    answer = served.client.get(f"/preferences/{reader.token}")
    assert answer.status_code == 200
    assert len(answer.content) < 15_000
    assert "f…@example.org" in answer.text
    assert "Meetings &amp; talks" in answer.text
    assert re.findall(r'name="tag-(\w+)" value="1"( checked)?', answer.text) == [("weekly", " checked"), ("events", "")]
    for secret in ("first.reader", "Zoë", "staff", "<script"):
        assert secret not in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(served: Served, method: str) -> None:
    """A scanner that follows every link, and all that they lead to, leaves the store as it was."""
    reader = join(served, f"scanned.{method.lower()}", "weekly")
    own = own_page(served, reader)
    number = served.store.proofs.ask(reader.id, "move", f"moved.{method}@example.org", now=datetime.now(UTC))
    assert number
    moving = link_to(served, Purpose.MOVE, served.store.name, number)
    before = stored_rows(served)
    paths = [f"/preferences/{reader.token}{rest}" for rest in ("", "/", "/tags", "/pause", "/resume", "/own", ">")]
    paths += [own, f"{own}/data", f"{own}/erasure", f"{own}/address", moving, f"{moving}/"]
    for path in paths:
        assert served.client.request(method, path).status_code == 200, path
    assert stored_rows(served) == before


def test_tags(served: Served) -> None:
    """What is chosen follows at once; tags that are not offered are neither shown, nor given, nor taken."""
    reader = join(served, "tags", "weekly", "staff")
    answer = act(served, reader, "tags", **{"tag-events": "1", "tag-admin": "1"})
    assert answer.status_code == 200
    assert '<p class="note" role="status">Saved.</p>' in answer.text
    assert re.findall(r'name="tag-(\w+)" value="1" checked', answer.text) == ["events"]
    assert again(served, reader).tags == ("staff", "events")
    act(served, reader, "tags")
    assert again(served, reader).tags == ("staff",)


def test_pause(served: Served) -> None:
    """A reader is left out until the day, which the page tells; they can end it, and there is no other length."""
    reader = join(served, "pause")
    answer = act(served, reader, "pause", months="3")
    found = served.store.pauses.find(reader.id)
    assert found
    assert timedelta(days=88) < found.until - found.since < timedelta(days=93)
    assert f"until {found.until.day} {found.until:%B %Y}" in answer.text
    assert reader.id not in chain.from_iterable(served.store.audiences.blocks(None))
    assert "pause is over" in act(served, reader, "resume").text
    for months in ("2", "999999999999", "-1", "x", ""):
        assert act(served, reader, "pause", months=months).status_code == 409
    assert reader.id in chain.from_iterable(served.store.audiences.blocks(None))


@pytest.mark.parametrize("action", ["admin", "tags/x", ""])
def test_other_actions(served: Served, action: str) -> None:
    """There are no others."""
    reader = join(served, "other.actions")
    assert act(served, reader, action).status_code in {404, 405}


def test_strange_links(served: Served) -> None:
    """A forged, a cut, a foreign and a forgotten one all lead to the same page, which tells nothing."""
    reader, gone = join(served, "strange"), join(served, "gone")
    gone_token = gone.token
    number = served.store.proofs.ask(reader.id, "own", reader.email, now=datetime.now(UTC))
    assert number
    foreign = served.desk.tokens.name_reader("another", "name")
    assert served.client.post(f"{own_page(served, gone)}/erasure").status_code == 200
    paths = [f"/preferences/{token}" for token in ("x", reader.token[:-2], reader.token + "xx", foreign, gone_token)]
    paths += [
        link_to(served, Purpose.OWN, "another list", number),
        link_to(served, Purpose.OWN, served.store.name),
        link_to(served, Purpose.MOVE, served.store.name, number).replace("move", "own"),
        f"/own/{reader.token}",
        "/move/x",
    ]
    answers = [served.client.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert act(served, gone, "tags").status_code == 404


@pytest.mark.parametrize("standing", [Standing.LEFT, Standing.BOUNCED, Standing.COMPLAINED])
def test_readers_who_get_nothing(served: Served, standing: Standing) -> None:
    """They are told so and why; who left may subscribe again; nobody writes to a dead address, or after a complaint."""
    reader = join(served, f"silent.{standing.value}", standing=standing)
    answer = served.client.get(f"/preferences/{reader.token}")
    assert "nothing is sent to you" in answer.text
    assert ('href="/subscribe"' in answer.text) == (standing is Standing.LEFT)
    assert act(served, reader, "tags", **{"tag-weekly": "1"}).status_code == 409
    assert act(served, reader, "pause", months="1").status_code == 409
    assert act(served, reader, "own").status_code == (200 if standing is Standing.LEFT else 409)
    assert again(served, reader).tags == ()


def test_whole_way_to_another_address(served: Served) -> None:
    """Both addresses are proven by mail; the reader stays the same one, and the old address is known nowhere."""
    reader = join(served, "before", "weekly")
    assert "link is on its way" in act(served, reader, "own").text
    own = mailed_link(served, "own", "before@example.org")
    page = served.client.get(own)
    assert "before@example.org" in page.text
    answer = served.client.post(f"{own}/address", data={"email": " after@example.org "})
    assert (answer.status_code, "link is on its way" in answer.text) == (200, True)
    moving = mailed_link(served, "move", "after@example.org")
    assert again(served, reader).email == "before@example.org"
    assert "after@example.org" in served.client.get(moving).text
    assert served.client.post(moving).status_code == 200
    now = again(served, reader)
    assert (now.email, now.token, now.tags) == ("after@example.org", reader.token, ("weekly",))
    assert [change.reason for change in served.store.subscribers.history(reader.id)] == ["moved to another address"]
    assert [served.client.post(path).status_code for path in (moving, f"{own}/erasure")] == [410, 410]
    assert b"before@example.org" not in stored_bytes(served)


def test_mails_are_seldom(served: Served) -> None:
    """A day passes until the same reader can have us mail the same again, whatever becomes of the first one."""
    reader = join(served, "seldom")
    assert [act(served, reader, "own").status_code for _ in range(3)] == [200, 429, 429]
    other = join(served, "seldom.too")
    own = own_page(served, other)
    moves = [served.client.post(f"{own}/address", data={"email": f"x{number}@example.org"}) for number in range(2)]
    assert [answer.status_code for answer in moves] == [200, 429]
    assert [served.store.notices.latest(f"x{number}@example.org", "move") is None for number in range(2)] == [
        False,
        True,
    ]


def test_addresses_that_are_none(served: Served) -> None:
    """They are shown again to be mended, as text; nobody is mailed, and the reader may try again."""
    own = own_page(served, join(served, "mistyped"))
    for written in ("nonsense", '"><b>@example.org', "a@b\r\nBcc: c@example.org", ""):
        answer = served.client.post(f"{own}/address", data={"email": written})
        assert answer.status_code == 422
        assert "<b>" not in answer.text
        assert 'aria-describedby="note"' in answer.text
    assert served.client.post(f"{own}/address", data={"email": "right@example.org"}).status_code == 200


def test_copy_of_data(served: Served) -> None:
    """All that is known comes as a file; with an older link, or none, nothing comes."""
    reader = join(served, "copied", "weekly", "staff")
    act(served, reader, "pause", months="1")
    own = own_page(served, reader)
    answer = served.client.get(f"{own}/data")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["cache-control"] == "no-store"
    facts = json.loads(answer.content)
    assert (facts["email"], facts["name"], facts["tags"]) == ("copied@example.org", "Zoë", ["weekly", "staff"])
    assert facts["pause"]["since"] < facts["pause"]["until"]
    number = served.store.proofs.ask(reader.id, "move", "elsewhere@example.org", now=datetime.now(UTC))
    assert number
    for old in (
        link_to(served, Purpose.OWN, served.store.name, 1, life=-HOUR),
        link_to(served, Purpose.OWN, served.store.name, number),
        link_to(served, Purpose.OWN, served.store.name, 999_999),
    ):
        for rest in ("", "/data", "/erasure"):
            assert served.client.get(old + rest).status_code == 410
        assert "copied" not in served.client.get(old).text


def test_erasure(served: Served) -> None:
    """A page says what it means; then nothing of the address is left in any file, and no import brings it back."""
    reader = join(served, "vanishing", "weekly")
    assert act(served, reader, "own").status_code == 200
    mailed_link(served, "own", "vanishing@example.org")
    own = own_page_again(served, reader)
    served.client.post(f"{own}/address", data={"email": "vanishing.elsewhere@example.org"})
    assert "vanishing@example.org" in served.client.get(f"{own}/erasure").text
    assert b"vanishing" in stored_bytes(served)
    assert served.client.post(f"{own}/erasure").status_code == 200
    assert b"vanishing" not in stored_bytes(served)
    assert served.client.get(f"/preferences/{reader.token}").status_code == 404
    assert served.client.get(own).status_code == 410


def test_without_choices(serve: Serve) -> None:
    """Where nothing is offered, nothing is asked, and what somebody sends all the same changes nothing."""
    served = serve()
    reader = join(served, "plain", "staff")
    assert "<fieldset" not in served.client.get(f"/preferences/{reader.token}").text
    act(served, reader, "tags", **{"tag-staff": "1"})
    assert again(served, reader).tags == ("staff",)
