"""What a list and its readers are called in public addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailing_room import freeze, put

from digest.store import open_store
from digest.store.copying import copy_store
from digest.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = Tokens(["k" * 32])


def test_readers_have_signed_tokens(url: str) -> None:
    """However a reader is read, their token is the same, and leads back to them and to this list alone."""
    with open_store(url, tokens=TOKENS) as store:
        put(store, "ann", "bob")
        frozen = freeze(store, batch_size=2)
        with store.claims(frozen) as claims:
            batch = claims.claim(now=frozen.frozen_at)
        assert batch
        readers = [*store.subscribers.walk()]
        assert [reader.token for reader in readers] == [*batch.readers.columns["token"]]
        for reader in readers:
            list_name, name = TOKENS.read_reader(reader.token)
            assert (list_name, store.subscribers.find_name(name)) == (store.name, reader)
        assert store.subscribers.find_name("nobody") is None
        assert len({reader.token for reader in readers}) == 2


def test_without_a_key_tokens_open_nothing(url: str) -> None:
    """They are there all the same, so that an issue can be looked at."""
    with open_store(url) as store:
        put(store, "ann")
        (reader,) = store.subscribers.walk()
        assert len(reader.token) == 22


def test_lists_have_names_of_their_own(tmp_path: Path) -> None:
    """Two lists are called differently; a copy is called as the list that it was made of, so links lead there."""
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("first", "second", "copy")]
    names = []
    for url in urls[:2]:
        with open_store(url, tokens=TOKENS) as store:
            put(store, "ann")
            names.append(store.name)
    assert names[0] != names[1]
    copy_store(urls[0], urls[2])
    with open_store(urls[0], tokens=TOKENS) as store, open_store(urls[2], tokens=TOKENS) as copy:
        assert [reader.token for reader in copy.subscribers.walk()] == [r.token for r in store.subscribers.walk()]
