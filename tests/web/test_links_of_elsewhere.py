"""Links in mail that left from a machine without a store of its own open the pages of the server that has the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.model import Standing
from digest.store import numberings_of, open_store
from digest.subscribing.listing import export_readers
from digest.subscribing.sourcing import fill
from digest.tokens import Tokens

if TYPE_CHECKING:
    from serving_stage import Served

ADA, NOOR = "ada@example.org", "noor@example.org"


def token_elsewhere(served: Served, email: str, *, tokens: bool, keys: Tokens | None = None) -> str:
    """Return the token of a reader on a machine that was given the list, with the names in links or without."""
    with (served.folder / "list.csv").open("w", encoding="utf-8") as stream:
        export_readers(served.store, stream, fields=[], standing=None, tokens=tokens)
    toml = served.folder / "digest.toml"
    text = toml.read_text("utf-8").partition("[subscribers]")[0]
    toml.write_text(f'{text}[subscribers]\nsource = "list.csv"\n', encoding="utf-8")
    signs = keys or served.desk.tokens
    with open_store("sqlite://", tokens=signs, numbering=numberings_of(signs.keys)[0]) as store:
        fill(store, load_settings(served.folder, {}))
        reader = store.subscribers.find(email)
        assert reader
        return reader.token


@pytest.mark.parametrize("tokens", [True, False])
def test_reader_leaves_by_a_link_from_elsewhere(one_server: Served, *, tokens: bool) -> None:
    """Be it by the name that the list gave, or by one that follows from the address: one click, and they have left."""
    served = one_server
    served.store._database.change("update subscribers set standing = 'active'")
    token = token_elsewhere(served, ADA, tokens=tokens)
    assert (token == served.token(ADA)) is tokens
    assert served.client.get(f"/preferences/{token}").status_code == 200
    assert "noor" not in served.client.get(f"/preferences/{token}").text
    assert served.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    standings = {reader.email: reader.standing for reader in served.store.subscribers.walk()}
    assert standings == {ADA: Standing.LEFT, NOOR: Standing.ACTIVE}


def test_link_of_another_newsletter(one_server: Served) -> None:
    """What another key has signed opens nothing, for whomever it was."""
    token = token_elsewhere(one_server, ADA, tokens=False, keys=Tokens(["another newsletter's key of some length"]))
    assert one_server.client.get(f"/preferences/{token}").status_code == 404
    assert one_server.client.post(f"/unsubscribe/{token}").status_code == 404


def test_reader_whom_the_server_does_not_have(one_server: Served) -> None:
    """Whoever is on the other machine's list alone is not told that they have left: they would go on getting mail."""
    (numbering,) = numberings_of(one_server.desk.tokens.keys)
    name = numbering.name_of(numbering.number_of("stranger@example.org"))
    token = one_server.desk.tokens.sign_name(name)
    assert one_server.client.get(f"/unsubscribe/{token}").status_code == 404
    assert one_server.client.post(f"/unsubscribe/{token}").status_code == 404
