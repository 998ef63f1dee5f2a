"""Readers leave the list: their address is kept so that nobody writes to them again, or forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from digest.addressing import nobody
from digest.errors import SettingsError, UsageError
from digest.keys import SHORTEST_KEY, VARIABLE, how_to_get_one, keys_of
from digest.model import Standing
from digest.store.erasing import Seal
from digest.store.standing import may_follow
from digest.subscribing.addresses import normal_email, wanted_email
from digest.subscribing.newcomers import read_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.store import Store

_WHY = (
    "With it a hash is kept that recognises the address, so that no import brings it back, and from which nobody can"
    " read it."
)


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


def let_leave(store: Store, name: str, *, reason: str, now: datetime) -> None:
    """
    Never write again to a reader who wishes so, by their name in public addresses.

    Whoever is no longer known gets no mail either, and whoever left has left; so it may be wished again and again.
    """
    reader = store.subscribers.find_name(name)
    if reader:
        store.subscribers.stand(reader.id, Standing.LEFT, reason=reason, now=now)


def is_strange(store: Store, name: str) -> bool:
    """
    Say whether a name in public addresses was never this list's: then nobody here can let its owner leave.

    Names that the list gave are its own, be their readers erased since. Others follow from the address of whom they
    are for, and mean somebody here only if that is on the list.
    """
    return "." in name and store.subscribers.find_name(name) is None


def has_left(store: Store, name: str) -> bool:
    """Say whether a reader, by their name in public addresses, has no more to ask for."""
    reader = store.subscribers.find_name(name)
    return reader is None or not may_follow(reader.standing, Standing.LEFT)


def seal_of(environ: Mapping[str, str]) -> Seal | None:
    """
    Return what recognises those who were erased, when the environment has the secret for it.

    Raises:
        SettingsError: it is too short.
    """
    secrets = [key.encode("utf-8", "surrogateescape") for key in keys_of(environ)]
    return Seal(secrets[0], tuple(secrets[1:])) if secrets else None


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
    if seal is None:
        msg = f"to forget an address for good takes a {VARIABLE} of {SHORTEST_KEY} characters or more"
        raise SettingsError(msg, hint=how_to_get_one(_WHY))
    return store.subscribers.erase(wanted, seal=seal, now=datetime.now(UTC))
