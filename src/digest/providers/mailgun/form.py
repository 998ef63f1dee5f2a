"""
What Mailgun is asked: a form, RFC 7578, with the edition, each reader's mailbox, and a table of their values.

``%recipient.name%`` stands for a value wherever it is. Whether values are looked through for variables, too, is not
documented, so the names of ours are such as no reader can guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from digest.errors import ContentError
from digest.model import Spelling, merge
from digest.wire.answers import RejectedError
from digest.wire.bodies import Body
from digest.wire.columns import Columns, further_headers, issue_tag, mailbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.model import Address, Batch, Edition, Merge
    from digest.providers.options import Switches

# A word between two signs could be taken for a variable, be one of the signs a part of our own. So it goes with them,
# and a word that fills the text between two slots, or stands between a slot and a sign, is one of that kind, too.
_WORD = r"[\w.:-]+"
_SPECIAL = re.compile(rf"(?:\A{_WORD})?%+(?:{_WORD}%+)*(?:{_WORD}\Z)?|\A{_WORD}\Z")
_SPELLING = Spelling(variable="%recipient.{}%".format, special=_SPECIAL, guarded=True)
_SETTINGS = ("o:", "h:", "v:")
_LONGEST_SETTINGS = 16_000
"""Bytes of what all batches share of it, names included: "limited to 16KB total", and a batch's key comes on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of a batch."""

    boundary: str
    body: Body

    @classmethod
    def of(cls, batch: Batch, switches: Switches) -> Form:
        """
        Write a batch down.

        Raises:
            ContentError: the header fields are too long, or hold what would be filled in.
            RejectedError: two readers have the same address.
        """
        columns = Columns(batch)
        boundary = _boundary(batch.edition)
        pieces = [
            _shared(batch.edition, switches),
            *(_field(boundary, "to", mailbox) for mailbox in columns["@mailbox"]),
            _field(boundary, "v:batch", batch.key),
            _field(boundary, "recipient-variables", _table(batch, columns)),
            f"--{boundary}--\r\n".encode(),
        ]
        return cls(boundary=boundary, body=Body(pieces))


def _boundary(edition: Edition) -> str:
    """Return what cannot stand in the edition, whose hash it is, nor in readers' values, which have no line breaks."""
    return f"digest-{edition.fingerprint[32:]}"


@lru_cache(maxsize=2)
def _shared(edition: Edition, switches: Switches) -> bytes:
    """Write down what all batches of an edition have in common."""
    merged, boundary = _merged(edition), _boundary(edition)
    reply_to = {"h:Reply-To": _mailbox(edition.reply_to)} if edition.reply_to else {}
    fields = {
        "from": _mailbox(edition.sender),
        "subject": merged.subject,
        "text": merged.text,
        "html": merged.html,
        **reply_to,
        **{f"h:{name}": value for name, value in merged.headers.items()},
        **_options(edition, switches),
        "v:correlation_id": _SPELLING.variable(_correlated(edition)),
    }
    _refuse_length({name: value for name, value in fields.items() if name.startswith(_SETTINGS)})
    images = [
        _field(boundary, "inline", image.content, f'; filename="{image.cid}"\r\nContent-Type: {image.media_type}')
        for image in edition.images  # the name of the file is what the HTML calls it behind "cid:"
    ]
    return b"".join([*(_field(boundary, name, value) for name, value in fields.items()), *images])


def _field(boundary: str, name: str, value: str | bytes, further: str = "") -> bytes:
    opening = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{further}\r\n\r\n'
    return b"".join((opening.encode(), value if isinstance(value, bytes) else value.encode(), b"\r\n"))


def _merged(edition: Edition) -> Merge:
    return merge(replace(edition, headers=further_headers(edition)), _SPELLING)


def _correlated(edition: Edition) -> str:
    """Return the name of the variable for our name of a message."""
    return f"d{edition.fingerprint[16:24]}id"


def _options(edition: Edition, switches: Switches) -> dict[str, str]:
    on = {
        "o:tracking": switches.opens or switches.clicks,
        "o:tracking-opens": switches.opens,
        "o:tracking-clicks": switches.clicks,
    }
    return {
        "o:tag": issue_tag(edition),
        **{name: "yes" if is_on else "no" for name, is_on in on.items()},
        **({"o:testmode": "yes"} if switches.sandbox else {}),
        **({"o:deliverytime": format_datetime(edition.deliver_at)} if edition.deliver_at else {}),
    }


def _refuse_length(settings: dict[str, str]) -> None:
    size = sum(len(name) + len(value.encode()) for name, value in settings.items())
    if size > _LONGEST_SETTINGS:
        msg = f"the header fields of a message have {size:,} bytes, and Mailgun takes {_LONGEST_SETTINGS:,}"
        raise ContentError(msg, hint="Shorten them.")


def _mailbox(address: Address) -> str:
    if "%recipient" in address.name:
        msg = '"%recipient" in the name of the sender, or of who gets the answers, would be filled in by Mailgun'
        raise ContentError(msg, hint="Change the name under [newsletter] in digest.toml.")
    return mailbox(address)


def _table(batch: Batch, columns: Columns) -> bytes:
    """Return ``{"address":{"variable":"value",…},…}``; everyone has every variable, since one that is missing stays."""
    values = {**_merged(batch.edition).columns(batch.readers), _correlated(batch.edition): columns["@correlation_id"]}
    return _json_table(columns["@address"], values)


def _json_table(addresses: Sequence[str], values: dict[str, Sequence[str]]) -> bytes:
    table = dict(zip(addresses, map(_row(tuple(values)), *values.values()), strict=True))
    if len(table) < len(addresses):
        msg = "two readers of the batch have the same address"
        raise RejectedError(msg)
    return msgspec.json.encode(table)


@lru_cache(maxsize=4)
def _row(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a class of rows, which are made and written down many times as fast as dictionaries."""
    return msgspec.defstruct("Row", [(name, str) for name in names], gc=False)
