"""How calls of webhooks are proved to be a service's own: over the raw bytes, in constant time, and not too late."""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta

from digest.errors import ProviderError, SettingsError
from digest.wire import UNREADABLE

if TYPE_CHECKING:
    import httpx

TOLERANCE = 300
"""Seconds by which a signed moment may differ from ours."""
EventId = Annotated[str, Meta(min_length=1)]
"""What a service tells an event from others by: a blank one would make all events the same."""
_Body = TypeVar("_Body")


class ForgedError(ProviderError):
    """A call of a webhook does not come from the service, or comes too late to be believed."""


def secret_for(variable: str, secret: str) -> bytes:
    """
    Return the secret that calls are checked with. An empty one would let anyone in.

    Raises:
        SettingsError: it is not set.
    """
    if not secret:
        msg = f"a call of a webhook cannot be checked, as {variable} is not set"
        raise SettingsError(msg, hint="Set it to the secret that the service shows where its webhooks are set up.")
    return secret.encode()


def header_of(headers: httpx.Headers, name: str) -> str:
    """
    Return a header field that a call of the service always has.

    Raises:
        ForgedError: it is not there, or blank.
    """
    if not headers.get(name):
        msg = f"the call has no {name}, so it is not the service's"
        raise ForgedError(msg)
    return headers[name]


def check_signature(expected: str | bytes, *given: str | bytes) -> None:
    """
    See to it that one of the signatures that were given is the expected one.

    Raises:
        ForgedError: none is.
    """
    if not any([hmac.compare_digest(_bytes(expected), _bytes(one)) for one in given]):  # noqa: C419  # in constant time
        msg = "the signature of the call is not the service's"
        raise ForgedError(msg, hint="If the service does call here, compare the secret with the one over there.")


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def check_moment(stamp: str, now: datetime, *, retried_for: int = TOLERANCE) -> datetime:
    """
    Return the moment that a call was signed at, given in seconds since 1970.

    `retried_for` is for how many seconds a service may tell again what it signed once.

    Raises:
        ForgedError: it is not from now, so that somebody may have kept it to send it again.
    """
    try:
        moment = datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise no_moment() from error
    check_age(moment, now, retried_for=retried_for)
    return moment


def no_moment() -> ForgedError:
    """Return the error for a call whose moment is none."""
    return ForgedError("the moment of the call cannot be read")


def check_age(moment: datetime, now: datetime, *, retried_for: int) -> None:
    """
    See to it that a call is from now, or from as long ago as a service tells again what it signed once.

    Raises:
        ForgedError: it is older, or from the future.
    """
    if not -TOLERANCE <= (now - moment).total_seconds() <= retried_for:
        msg = "the call was signed too long ago, or in the future"
        raise ForgedError(msg, hint="If the service does call here, compare this machine's clock with the time.")


def check_basic(headers: httpx.Headers, variable: str, expected: str) -> None:
    """
    See to it that a call has the name and password, ``name:password``, that the webhook's address was given.

    Raises:
        ForgedError: it has others, or none.
        SettingsError: nothing is expected.
    """
    wanted = secret_for(variable, expected)
    scheme, _, given = header_of(headers, "Authorization").partition(" ")
    try:
        check_signature(wanted, b64decode(given, validate=True) if scheme.lower() == "basic" else b"")
    except (Error, ValueError) as error:
        msg = "the name and password of the call cannot be read"
        raise ForgedError(msg) from error


def read_body(body: bytes, kind: type[_Body]) -> _Body:
    """
    Return what a call says, which is JSON. Where something is null that never was, it is as if it were not there.

    Raises:
        ProviderError: it cannot be read.
    """
    try:
        with suppress(msgspec.ValidationError):
            return msgspec.json.decode(body, type=kind, strict=False)
        return msgspec.convert(_without_nulls(msgspec.json.decode(body)), kind, strict=False)
    except UNREADABLE as error:
        msg = f"the call cannot be read: {error}"
        raise ProviderError(msg) from error


def _without_nulls(told: object) -> object:
    if isinstance(told, dict):
        return {name: _without_nulls(fact) for name, fact in told.items() if fact is not None}
    return [*map(_without_nulls, told)] if isinstance(told, list) else told


def event_id(*facts: str) -> str:
    """Return a name for an event of a service that gives it none: the same whenever the same is told."""
    return sha256("\n".join(facts).encode()).hexdigest()[:32]


def moment_of(told: float | datetime) -> datetime:
    """
    Return the moment of an event in UTC, given in seconds since 1970 or as date and time.

    Raises:
        ProviderError: there is no such moment, or it is in nobody knows which zone.
    """
    try:
        if not isinstance(told, datetime):
            return datetime.fromtimestamp(told, UTC)
        if told.tzinfo:
            return told.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        msg = "the call tells of a moment that cannot be"
        raise ProviderError(msg) from error
    msg = "the call tells of a moment without its zone"
    raise ProviderError(msg)
