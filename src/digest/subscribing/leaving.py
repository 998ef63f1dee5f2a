"""Readers leave the list: their address is kept so that nobody writes to them again, or forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from digest.addressing import nobody
from digest.errors import SettingsError, UsageError
from digest.model import Standing
from digest.store.erasing import Seal
from digest.subscribing.addresses import normal_email, wanted_email
from digest.subscribing.newcomers import read_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.store import Store

_SHORTEST_SECRET = 32


def remove_reader(store: Store, email: str, *, standing: str = "left", reason: str = "") -> Standing:
    """
    Never write to a reader again, and return how they stand now; the address is kept, so that no import brings it back.

    Whoever stands already in a way that says more, such as after a complaint, goes on standing so.

    Raises:
        UsageError: nobody of that address is on the list, or the reason cannot be kept.
    """
    try:
        words = read_line(reason, "reason") or "removed by hand"
    except ValueError as error:
        raise UsageError(str(error)) from error
    wanted = wanted_email(email)
    reader = store.subscribers.find(wanted)
    if reader is None:
        raise nobody()
    news = store.subscribers.stand(reader.id, Standing(standing), reason=words, now=datetime.now(UTC))
    return Standing(standing) if news else reader.standing


def seal_of(environ: Mapping[str, str]) -> Seal | None:
    """Return what recognises those who were erased, when the environment has the secret for it."""
    secret = environ.get("DIGEST_SECRET", "")
    return Seal(secret.encode("utf-8", "surrogateescape")) if secret else None


def forget_reader(store: Store, email: str, *, seal: Seal | None) -> bool:
    """
    Erase all that is known of an address, so that no import takes it again, and say whether it was on the list.

    Raises:
        UsageError: it is no address that could ever be on the list.
        SettingsError: there is no secret to recognise it by later, or not the one that others were erased with.
    """
    try:
        wanted = normal_email(email.strip())
    except ValueError as error:
        raise UsageError(str(error)) from error
    if seal is None or len(seal.secret) < _SHORTEST_SECRET:
        msg = f"to forget an address for good takes a DIGEST_SECRET of {_SHORTEST_SECRET} characters or more"
        raise SettingsError(msg, hint=_how_to_get_one())
    return store.subscribers.erase(wanted, seal=seal, now=datetime.now(UTC))


def _how_to_get_one() -> str:
    return (
        "With it a hash is kept that recognises the address, so that no import brings it back, and from which nobody"
        " can read it. Keep this line, a new secret, in .env beside digest.toml, and wherever else digest runs:\n"
        f"  DIGEST_SECRET={token_urlsafe(32)}"
    )
