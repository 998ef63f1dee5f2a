"""What commands open before they do anything: the settings, the newsroom, the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from digest.config import Settings
    from digest.publishing.newsroom import Newsroom
    from digest.store import Store


def open_settings(folder: Path | None = None) -> Settings:
    """Return the settings of the newsletter that `folder`, or the working folder, lies in."""
    from digest.config import find_root, load_settings

    return load_settings(find_root(folder or Path.cwd()), os.environ)


def open_newsroom() -> Newsroom:
    """Return the newsletter that the working folder lies in."""
    from digest.publishing.newsroom import Newsroom

    return Newsroom(settings=open_settings())


def open_list(settings: Settings) -> AbstractContextManager[Store]:
    """Open the store of a newsletter; it is made where it is missing."""
    from digest.store import open_store
    from digest.tokens import tokens_of

    return open_store(settings.store.url, tokens=tokens_of(settings.environ))
