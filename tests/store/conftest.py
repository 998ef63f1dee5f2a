"""A store on each kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mailing_room import freeze, put
from postgresql import postgres_server, postgres_url, url

from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store import Frozen, Store

__all__ = ["postgres_server", "postgres_url", "url"]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store with five readers."""
    with open_store(url) as opened:
        put(opened, "ann", "bob", "cyd", "dan", "eve")
        yield opened


@pytest.fixture
def frozen(store: Store) -> Frozen:
    """Return a mailing that was frozen for the five, in batches of two."""
    return freeze(store)
