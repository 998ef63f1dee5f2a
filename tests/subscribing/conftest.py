"""A store for lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> Iterator[Store]:
    """Return an empty store."""
    with open_store("sqlite://") as opened:
        yield opened
