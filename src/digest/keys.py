"""The newsletter's own keys, from the environment: tokens are signed with them, and erased addresses recognised by."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import TYPE_CHECKING

from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "DIGEST_SECRET"
SHORTEST_KEY = 32
"""Characters that a key has at least."""


def keys_of(environ: Mapping[str, str]) -> list[str]:
    """
    Return the keys in ``DIGEST_SECRET``, the newest first; there may be several, with commas between them.

    Raises:
        SettingsError: one is too short to be safe.
    """
    keys = [key for part in environ.get(VARIABLE, "").split(",") if (key := part.strip())]
    if any(len(key) < SHORTEST_KEY for key in keys):
        msg = f"a key in {VARIABLE} is shorter than {SHORTEST_KEY} characters"
        raise SettingsError(msg, hint=how_to_get_one("A key that is too short can be guessed."))
    return keys


def new_key() -> str:
    """Return a key that nobody can guess."""
    return token_urlsafe(32)


def how_to_get_one(why: str) -> str:
    """Return a hint with a new key, after a sentence that says what for."""
    return (
        f"{why} Keep this line, a new key, in .env beside digest.toml, and wherever else digest runs:\n"
        f"  {VARIABLE}={new_key()}"
    )
