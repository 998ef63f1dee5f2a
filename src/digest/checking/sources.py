"""The files that an issue was made of: where in them something stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digest.config import Settings
    from digest.errors import Place
    from digest.model import Issue


class Sources:
    """The texts of an issue's files, of the newsletter's templates, and of ``digest.toml``; read when asked."""

    def __init__(self, issue: Issue, settings: Settings) -> None:
        self._issue = issue
        self._settings = settings

    def locate(self, needle: str, near: Place | None = None) -> Place | None:
        """Return the place, with its column, where `needle` stands: at or soon below `near`, or else anywhere."""
        del needle
        return near

    def key(self, name: str) -> Place | None:
        """Return where the front matter gives a key."""
        del name
        return None

    def setting(self, section: str, name: str) -> Place | None:
        """Return where ``digest.toml`` gives a key."""
        del section, name
        return None
