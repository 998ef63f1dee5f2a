"""
What a value of ``digest.toml`` may be.

Each kind is a type, its bounds and its name in sentences ("must be ..."), then functions that finish it and raise
ValueError for what a pattern cannot see. No value is ever quoted in a fault, since it could be a secret.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import idna
import msgspec
from msgspec import Meta

from digest.model.people import Address


def _mailbox(text: str) -> Address:
    """Read a sender, its domain as mail servers know it, so that names made of it are the same everywhere."""
    address = Address.parse(text)
    if address.email.isascii():
        return address
    local_part = address.email.rpartition("@")[0]
    return replace(address, email=f"{local_part}@{idna.encode(address.domain, uts46=True).decode()}")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError) as error:  # no such zone; a folder of the zone database, such as "Europe"
        msg = "no time zone"
        raise ValueError(msg) from error


def between(low: int, high: int) -> Meta:
    """Return what a whole number from `low` to `high` is."""
    return Meta(ge=low, le=high, description=f"a whole number from {low} to {high}")


_ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
Line = Annotated[str, Meta(pattern=rf"\A(?=.*\S){_ONE_LINE}+\Z", description="a text on one line")]
LineOrNothing = Annotated[str, Meta(pattern=rf"\A{_ONE_LINE}*\Z", description='a text on one line, or `""` for none')]
Lines = Annotated[str, Meta(pattern=r"\S", description="a text of one line or more"), str.strip]
Mailbox = Annotated[
    Address,
    Meta(pattern=rf"\A{_ONE_LINE}+\Z", description="an address such as `Past the Plateau <editor@example.org>`"),
    _mailbox,
]
Url = Annotated[
    str,
    Meta(pattern=r"\Ahttps://[^\s/?#@\"<>]+(/[^\s?#\"<>]*)?\Z", description="an `https://` address"),
    _without_slash,
]
ApiUrl = Annotated[
    str,
    Meta(pattern=r"\Ahttps?://[^\s/?#@]+(/[^\s?#]*)?\Z", description="an `https://` or `http://` address"),
    _without_slash,
]
FeedUrl = Annotated[
    str,
    Meta(pattern=r"\Ahttps?://[^\s/?#@\"<>]+(/[^\s#\"<>]*)?\Z", description="an `https://` or `http://` address"),
]
StoreUrl = Annotated[
    str,
    Meta(
        pattern=rf"\A[a-z][a-z0-9+]*://{_ONE_LINE}*\Z", description="an address such as `sqlite:///.digest/digest.db`"
    ),
]
LedgerUrl = Annotated[
    str,
    Meta(
        pattern=r"\Agit:[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w./-]*\Z",
        description="a branch of a git remote, such as `git:origin/digest-ledger`",
    ),
]
Window = Annotated[
    str,
    Meta(pattern=r"\A[1-9]\d{0,3} (batches|seconds)\Z", description="such as `20 batches` or `30 seconds`"),
]
Source = Annotated[
    str,
    Meta(
        pattern=rf"\A(?=.*\S){_ONE_LINE}+\Z",
        description="a path, `env:NAME`, an `https://` address, `command: …`, or a database's address",
    ),
]
Language = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*\Z", description="a language tag such as `en` or `pt-BR`"),
]
Zone = Annotated[str, Meta(description="the name of a time zone, such as `Europe/Berlin`"), _known_zone]
Colour = Annotated[str, Meta(pattern=r"\A#[0-9a-fA-F]{6}\Z", description="a colour, written `#rrggbb`")]
Fonts = Annotated[
    str,
    Meta(pattern=r"\A[\w ,'-]+\Z", description="a list of font names, with single quotes around those with spaces"),
]
Word = Annotated[str, Meta(pattern=r"\A[\w-]+\Z", description="a single word")]
Picture = Annotated[
    str,
    Meta(
        pattern=r"\A(https://[^\s\"<>]+|(?!/)[^:\"<>\x00-\x1f]*)\Z",
        description='an `https://` address, a path beside `digest.toml`, or `""` for none',
    ),
]
Switch = Annotated[bool, Meta(description="`true` or `false`")]
Grade = Annotated[Literal["off", "note", "warning", "error"], Meta(description="`off`, `note`, `warning` or `error`")]
Watcher = Annotated[Literal["provider", "server"], Meta(description="`provider` or `server`")]
Share = Annotated[int, between(0, 100)]
FieldDefault = Annotated[str, Meta(pattern=rf"\A{_ONE_LINE}*\Z", description='a text on one line, `""` for no default')]


def wanted_by(rule: Any) -> str:
    """Return what a value must be, in words."""
    return str(get_args(rule)[1].description)


def read_value(rule: Any, value: object) -> Any:
    """
    Return a value of the file in its final form.

    Raises:
        ValueError: it is not what the rule wants.
    """
    kind, meta, *steps = get_args(rule)
    in_file: Any = Annotated[str, meta] if kind is Address else rule
    try:
        result = msgspec.convert(value, in_file)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    for step in steps:
        result = step(result)
    return result
