"""What holds a list, drawn from where it lies: all of it, or an error."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import zlib
from base64 import b64decode
from contextlib import suppress
from ipaddress import ip_address
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import httpx

from digest.errors import SettingsError, SourceError
from digest.wire.introducing import open_client
from digest.wire.patience import Patience
from digest.wire.words import clean, status_of

if TYPE_CHECKING:
    from digest.config import Settings

LARGEST = 4_000_000_000
"""Bytes that a list may have: some forty million readers."""
_LARGEST_VARIABLE = 100_000_000
_LONGEST = 600.0
"""Seconds that it may take to come."""
_STEP = 30
_HOPS = 5
_GZIP = 31  # zlib.decompressobj, wbits: 16 + 15
_PACKED = "H4sI"
"""What all begins with that gzip has packed, in base64."""
_TAIL = 400
_ENDLESS = "it does not come to its end"
_LOOK = "Nothing was sent. Look at [subscribers] source and DIGEST_SUBSCRIBERS_TOKEN, or try again later."
_TRY = "Nothing was sent. Try the command of [subscribers] source by hand, in the folder of digest.toml."


def unpack(text: str) -> bytes:
    """
    Return what a variable holds: a text as it is, or what gzip made of it, in base64.

    Raises:
        ValueError: its end is missing, it is damaged, or it is too much; the reason quotes nothing of it.
    """
    if not text.startswith(_PACKED):
        return text.encode("utf-8", "surrogateescape")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        content = unpacker.decompress(b64decode("".join(text.split()), validate=True), _LARGEST_VARIABLE)
    except (ValueError, zlib.error):
        msg = "it is damaged"
        raise ValueError(msg) from None  # the cause may quote what it is about
    if not unpacker.eof:
        msg = "it is too large" if unpacker.unconsumed_tail else "its end is missing"
        raise ValueError(msg)
    return content


def download(url: str, token: str, *, into: IO[bytes]) -> None:
    """
    Fetch a list from the web; the token goes to the host that is named, and to no other one.

    Raises:
        SettingsError: it would go over the network for everyone to read.
        SourceError: it cannot be had, or not whole, or takes too long.
    """
    patience = Patience(_LONGEST)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with patience, open_client(timeout=httpx.Timeout(_STEP)) as client:
            _follow(client, client.build_request("GET", url, headers=headers), patience, into)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        why = clean(str(error)) or type(error).__name__
        raise _fault(_ENDLESS if patience.is_at_its_end else why) from error
    if patience.is_at_its_end:
        raise _fault(_ENDLESS)


def _fault(why: str) -> SourceError:
    msg = f"the list cannot be had: {why}"
    return SourceError(msg, hint=_LOOK)


def _follow(client: httpx.Client, request: httpx.Request, patience: Patience, into: IO[bytes]) -> None:
    """Go from redirect to redirect; httpx gives the token to no other host."""
    for _ in range(_HOPS + 1):
        _require_private(request.url)
        request.extensions["trace"] = patience.watch
        response = client.send(request, stream=True)
        try:
            if response.next_request is None:
                _read(response, into)
                return
            request = response.next_request
        finally:
            response.close()
    why = f"it is redirected more than {_HOPS} times"
    raise _fault(why)


def _require_private(url: httpx.URL) -> None:
    if url.scheme != "https" and not _is_loopback(url.host):
        msg = f"the list would come from {url.host} unencrypted"
        raise SettingsError(msg, hint="Let [subscribers] source begin with https://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: httpx.Response, into: IO[bytes]) -> None:
    if not response.is_success:
        why = f"{response.url.host} answers {status_of(response)}"
        raise _fault(why)
    if response.http_version < "HTTP/2" and not {"content-length", "transfer-encoding"} & response.headers.keys():
        why = f"{response.url.host} does not say where its answer ends, so a part could pass for all of it"
        raise _fault(why)
    for chunk in response.iter_bytes():
        into.write(chunk)
        if into.tell() > LARGEST:
            return


def run(command: str, settings: Settings, *, into: IO[bytes]) -> None:
    """
    Have a program write a list; no shell reads the command, and nobody is asked anything.

    Raises:
        SettingsError: there is no such program.
        SourceError: it failed, or takes too long.
    """
    with TemporaryFile() as errors:
        process = _start(_words(command), settings, into, errors)
        try:
            code = process.wait(_LONGEST)
        except subprocess.TimeoutExpired as error:
            msg = f"the command of [subscribers] source takes longer than {_LONGEST:.0f} seconds"
            raise SourceError(msg, hint=_TRY) from error
        finally:
            if process.returncode is None:  # too late, or somebody pressed Ctrl-C: with all that it has started
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code:
            ended = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
            said = _tail_of(errors)
            msg = f"the command of [subscribers] source {ended}{f': {said}' if said else ''}"
            raise SourceError(msg, hint=_TRY)
    into.seek(0, os.SEEK_END)


def _words(command: str) -> list[str]:
    with suppress(ValueError):
        words = shlex.split(command)
        if words:
            return words
    msg = "the command of [subscribers] source cannot be read"
    raise SettingsError(msg, hint="Write it as command: ssh list.example.org digest subscribers export --tokens")


def _start(words: list[str], settings: Settings, output: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # it is the newsletter's own
            words,
            cwd=settings.root,
            env=dict(settings.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        msg = f"the command of [subscribers] source cannot be run ({error.strerror})"
        raise SettingsError(msg, hint=_TRY) from error


def _tail_of(errors: IO[bytes]) -> str:
    """Return the last of what a program complained of, without addresses."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL))
    return clean(errors.read().decode("utf-8", "replace"))
