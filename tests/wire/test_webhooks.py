"""How calls of webhooks are proved: what is missing, wrong, late or unreadable is told apart."""

from __future__ import annotations

from base64 import b64encode
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ProviderError, SettingsError
from digest.wire.webhooks import (
    ForgedError,
    check_basic,
    check_moment,
    check_signature,
    header_of,
    read_body,
    secret_for,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_a_secret_is_needed() -> None:
    """An empty secret would prove anything, so it is a fault of the settings."""
    assert secret_for("PIGEON_WEBHOOK", "söcret") == "söcret".encode()
    with pytest.raises(SettingsError, match="PIGEON_WEBHOOK is not set"):
        secret_for("PIGEON_WEBHOOK", "")


def test_a_header_field_is_needed() -> None:
    """A call without what the service always sends is somebody else's."""
    assert header_of(httpx.Headers({"X-Signature": "abc"}), "x-signature") == "abc"
    with pytest.raises(ForgedError, match="no x-signature"):
        header_of(httpx.Headers({}), "x-signature")


@pytest.mark.parametrize("given", [("abc",), (b"abc",), ("x", "abc"), ("abc", "ü", "\udcff")])
def test_one_right_signature_is_enough(given: tuple[str | bytes, ...]) -> None:
    """A service that changes its key signs with both; text and bytes are the same."""
    check_signature("abc", *given)
    check_signature(b"abc", *given)


@pytest.mark.parametrize("given", [(), ("",), ("ab",), ("abcd",), ("ABC",), ("ü", "\udcff")])
def test_another_signature_is_none(given: tuple[str, ...]) -> None:
    """No signature, a part of one, or letters that no signature has are all refused alike."""
    with pytest.raises(ForgedError, match="the signature"):
        check_signature("abc", *given)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_moment_near_ours_is_now(seconds: int) -> None:
    """Clocks differ by up to five minutes."""
    moment = NOW + timedelta(seconds=seconds)
    assert check_moment(str(int(moment.timestamp())), NOW) == moment


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_another_moment_is_not(seconds: int) -> None:
    """What is older may have been kept by somebody, and what is from the future was not signed now."""
    stamp = str(int((NOW + timedelta(seconds=seconds)).timestamp()))
    with pytest.raises(ForgedError, match="too long ago, or in the future"):
        check_moment(stamp, NOW)


def test_what_a_service_tells_again_is_older() -> None:
    """Where a call is signed once and made again for hours, it is believed for so long, and no sooner than others."""
    for seconds, late in ((-3600, False), (-3601, True), (300, False), (301, True)):
        stamp = str(int((NOW + timedelta(seconds=seconds)).timestamp()))
        with pytest.raises(ForgedError) if late else nullcontext():
            check_moment(stamp, NOW, retried_for=3600)


@pytest.mark.parametrize("stamp", ["", "x", "1e9", "-" + "9" * 30, "9" * 30, "9" * 5000, "1.5", "0x1"])
def test_a_moment_that_is_none_is_refused(stamp: str) -> None:
    """Whatever is no number of seconds is no moment."""
    with pytest.raises(ForgedError):
        check_moment(stamp, NOW)


def basic(text: bytes, scheme: str = "Basic") -> httpx.Headers:
    """Return header fields with a name and password."""
    return httpx.Headers({"Authorization": f"{scheme} {b64encode(text).decode()}"})


def test_name_and_password_are_compared() -> None:
    """The right ones pass, in whatever case the scheme is written."""
    check_basic(basic("digest:geheim ü".encode()), "PIGEON_AUTH", "digest:geheim ü")
    check_basic(basic(b"digest:secret", "bAsIc"), "PIGEON_AUTH", "digest:secret")


@pytest.mark.parametrize(
    "headers",
    [
        httpx.Headers({}),
        httpx.Headers({"Authorization": ""}),
        httpx.Headers({"Authorization": "Basic"}),
        httpx.Headers({"Authorization": "Basic !"}),
        httpx.Headers({"Authorization": "Basic digest:secret"}),
        httpx.Headers([(b"Authorization", b"Basic \xe9")]),
        basic(b"digest:other"),
        basic(b"digest:secret ", "Basic"),
        basic(b"digest:secret", "Bearer"),
        basic(b""),
    ],
)
def test_anything_else_is_refused(headers: httpx.Headers) -> None:
    """Others, none, or what cannot be read, are a forgery."""
    with pytest.raises(ForgedError):
        check_basic(headers, "PIGEON_AUTH", "digest:secret")


def test_a_password_is_needed() -> None:
    """Without one, nobody is let in."""
    with pytest.raises(SettingsError, match="PIGEON_AUTH is not set"):
        check_basic(basic(b""), "PIGEON_AUTH", "")


class _Call(msgspec.Struct):
    id: int
    at: datetime = NOW


def test_a_body_is_read() -> None:
    """JSON becomes what it says, numbers in quotes too."""
    assert read_body(b'{"id": "7", "more": []}', _Call) == _Call(id=7)


def test_what_is_null_is_not_there() -> None:
    """A null where a service never had one loses nothing else that it tells; what must be there is still missed."""
    told = b'[{"id": 1, "at": null, "more": [null, {"id": null}]}, {"id": "2", "at": 1795510800}]'
    assert read_body(told, list[_Call]) == [_Call(id=1), _Call(id=2)]
    with pytest.raises(ProviderError, match="missing required field `id`"):
        read_body(b'{"id": null}', _Call)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b'{"id": "x"}', b'{"id": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000),
        b'{"id": 1, "at": 253402300800}',
    ],
)
def test_nonsense_is_told(body: bytes) -> None:
    """A body that cannot be read is one sentence, of whatever kind the trouble is."""
    with pytest.raises(ProviderError, match="the call cannot be read"):
        read_body(body, _Call)


@given(st.binary())
def test_no_body_is_a_bug(body: bytes) -> None:
    """Whatever bytes come, they are read or told."""
    try:
        assert isinstance(read_body(body, _Call), _Call)
    except ProviderError as error:
        assert "cannot be read" in str(error)  # noqa: PT017  # either may happen
