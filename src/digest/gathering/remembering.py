"""
What feeds said the last time, so that they need not say it again when nothing has changed.

This is a cache and nothing more: an answer "not modified" stands for the very bytes that are kept. What is new is
decided by the issues alone, so nothing is lost where the file is, as on a machine that builds, missing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from digest.files import write_whole
from digest.gathering.fetching import Fetched
from digest.wire import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Memory:
    """The answers that are kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _recall(path)

    def headers(self, url: str) -> Mapping[str, str]:
        """Return what makes a request for a feed conditional; nothing where none of it is known."""
        known = self._known.get(url)
        if not known:
            return {}
        fields = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        return {name: value for name, value in fields.items() if value}

    def complete(self, url: str, fetched: Fetched) -> Fetched:
        """Return an answer with its body, be it that of the last time, and keep it."""
        if fetched.is_unchanged and url in self._known:
            return self._known[url]
        if not fetched.is_unchanged and (fetched.etag or fetched.last_modified):
            self._known[url] = fetched
        return fetched

    def keep(self) -> None:
        """Write the file; where that cannot be, the next answers come whole."""
        with suppress(OSError):
            write_whole(self._path, msgspec.json.encode(self._known))


def _recall(path: Path) -> dict[str, Fetched]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Fetched])
    except (OSError, *UNREADABLE):
        return {}
