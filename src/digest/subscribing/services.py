"""
The exports of other services, recognised by their columns: a table a service says what its columns mean to us.

What a table names, we have seen in the source that stands above it. Any other column is one of a reader's fields where
such a field is declared, and unknown where none is. IP addresses are not taken: nothing here needs them, and they are
personal data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from digest.model import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    A kind of export. Its columns are written in lower case; a file may write them otherwise.

    Where several columns can tell one thing, the first that is not blank does.
    """

    name: str
    marks: frozenset[str]
    """The columns by which it is recognised: all of them are there."""
    absent: frozenset[str] = frozenset()
    """Columns that another kind of export of this service has, and this one has not."""
    columns: Mapping[str, tuple[str, ...]]
    """Our columns, and theirs that tell the same."""
    name_parts: tuple[str, ...] = ()
    """Columns that make up a name together."""
    standing: Standing | None = None
    """How everyone in the file stands."""
    word: str = ""
    """The column that says how a reader stands, in one of `words`."""
    words: Mapping[str, Standing] = field(default_factory=dict)
    signs: Mapping[str, Standing] = field(default_factory=dict)
    """Columns that say, when they are not blank, that a reader stands so; whatever else says that they are active."""
    object: str = ""
    """A column that holds further fields as a JSON object."""
    unused: frozenset[str] = frozenset()
    """Columns that tell nothing that is of use here."""

    def recognises(self, columns: Iterable[str]) -> bool:
        """Tell whether a file with these columns is such an export."""
        there = {fold(column) for column in columns}
        return self.marks <= there and not self.absent & there

    @property
    def known(self) -> frozenset[str]:
        """All columns that the table tells of."""
        meant = {column for columns in self.columns.values() for column in columns}
        return frozenset({*meant, *self.name_parts, self.word, *self.signs, self.object, *self.unused}) - {""}

    def translate(self, cells: Mapping[str, str]) -> dict[str, str]:
        """
        Return a row, given by its folded columns, under the names of ours.

        Raises:
            ValueError: it says how the reader stands in a word that we do not know.
        """
        row = {}
        for ours, theirs in self.columns.items():
            row[ours] = next((cell for column in theirs if (cell := cells.get(column, "").strip())), "")
        if self.name_parts and not row.get("name"):
            parts = (cells.get(part, "").strip() for part in self.name_parts)
            row["name"] = " ".join(part for part in parts if part)
        row["tags"] = row.get("tags", "").replace('"', "")
        row["standing"] = self._standing(cells).value
        return row

    def further(self, cells: Mapping[str, str]) -> Mapping[str, str]:
        """
        Return what the row's JSON object holds, by folded names.

        Raises:
            ValueError: it is none.
        """
        return _read_object(cells.get(self.object, ""), self.object) if self.object else {}

    def _standing(self, cells: Mapping[str, str]) -> Standing:
        for column, standing in self.signs.items():
            if cells.get(column, "").strip():
                return standing
        if not self.word:
            return self.standing or Standing.ACTIVE
        try:
            return self.words[cells.get(self.word, "").strip().lower()]
        except KeyError as error:
            known = ", ".join(filter(None, self.words))
            msg = f'the "{self.word}" is none of {known}: nobody knows whether to write to them'
            raise ValueError(msg) from error


@lru_cache
def fold(column: str) -> str:
    """Return the name of a column without regard to case and spaces."""
    return " ".join(column.split()).casefold()


def recognise(columns: Iterable[str]) -> Service | None:
    """Return the service whose export has these columns."""
    there = [*columns]
    return next((service for service in SERVICES if service.recognises(there)), None)


def _read_object(text: str, column: str) -> dict[str, str]:
    try:
        value = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        msg = f'the "{column}" are no JSON object'
        raise ValueError(msg) from error
    inner = value if isinstance(value, dict) else {}
    return {fold(name): fact for name, fact in inner.items() if isinstance(fact, str)}


# Three files: subscribed, unsubscribed and cleaned. As in the fixtures of TryGhost/migrate, mg-mailchimp-members, and
# in several importers on GitHub (2026-11). Old files of subscribers have UNSUB_TIME too, so what a row says comes
# before what its file is.
_MAILCHIMP = Service(
    name="Mailchimp: subscribed",
    marks=frozenset({"email address", "optin_time", "confirm_time", "leid", "euid", "last_changed"}),
    columns={
        "email": ("email address",),
        "name": ("name",),
        "tags": ("tags",),
        "joined": ("optin_time", "confirm_time"),
        "consent_at": ("confirm_time", "optin_time"),
    },
    name_parts=("first name", "last name"),
    signs={"unsub_time": Standing.LEFT, "clean_time": Standing.BOUNCED},
    unused=frozenset(
        {
            *("member_rating", "optin_ip", "confirm_ip", "latitude", "longitude", "gmtoff", "dstoff", "timezone", "cc"),
            *("region", "last_changed", "leid", "euid", "notes"),
            *("unsub_campaign_title", "unsub_campaign_id", "unsub_reason", "unsub_reason_other"),
            *("clean_campaign_title", "clean_campaign_id"),
        }
    ),
)
_MAILCHIMP_FILE = _MAILCHIMP.marks - {"last_changed"}
_MAILCHIMP_LEFT = replace(
    _MAILCHIMP,
    name="Mailchimp: unsubscribed",
    marks=_MAILCHIMP_FILE | {"unsub_time"},
    absent=frozenset({"last_changed"}),
    standing=Standing.LEFT,
)
_MAILCHIMP_CLEANED = replace(
    _MAILCHIMP,
    name="Mailchimp: cleaned",
    marks=_MAILCHIMP_FILE | {"clean_time"},
    absent=frozenset({"last_changed"}),
    standing=Standing.BOUNCED,
)

# As in many exports on GitHub (2026-11) and in TryGhost/migrate, packages/mg-substack-members-csv (2023).
_SUBSTACK = Service(
    name="Substack",
    marks=frozenset({"email", "active_subscription", "email_disabled", "created_at"}),
    columns={"email": ("email",), "joined": ("created_at",)},
    word="email_disabled",
    words={"false": Standing.ACTIVE, "true": Standing.LEFT},
    unused=frozenset({"active_subscription", "expiry", "plan", "first_payment_at"}),
)

# docs.buttondown.com/api-subscribers-introduction and /api-subscribers-type (2026-11), whose names the files bear;
# before 2024 they were called `email` and `subscriber_type`. No file of theirs was at hand: what it has besides is
# unknown to us, and so are words that their table of types does not explain.
_BUTTONDOWN_WORDS = {
    **dict.fromkeys(("regular", "premium", "gifted", "trialed", "churning"), Standing.ACTIVE),
    "unactivated": Standing.PENDING,
    **dict.fromkeys(("unsubscribed", "removed", "blocked"), Standing.LEFT),
    "undeliverable": Standing.BOUNCED,
    "complained": Standing.COMPLAINED,
}
_BUTTONDOWN = Service(
    name="Buttondown",
    marks=frozenset({"email_address", "type", "creation_date"}),
    columns={"email": ("email_address",), "tags": ("tags",), "joined": ("creation_date",)},
    word="type",
    words=_BUTTONDOWN_WORDS,
    object="metadata",
    unused=frozenset({"id", "notes", "ip_address", "referrer_url", "secondary_id", "undeliverability_reason"}),
)
_BUTTONDOWN_BEFORE = replace(
    _BUTTONDOWN,
    marks=frozenset({"email", "subscriber_type", "creation_date"}),
    columns={**_BUTTONDOWN.columns, "email": ("email",)},
    word="subscriber_type",
)

# TryGhost/Ghost, ghost/core, the members' CSV and its tests (2026-11). They write true for whoever gets any newsletter.
_GHOST = Service(
    name="Ghost",
    marks=frozenset({"email", "subscribed_to_emails", "complimentary_plan", "created_at"}),
    columns={"email": ("email",), "name": ("name",), "tags": ("labels",), "joined": ("created_at",)},
    word="subscribed_to_emails",
    words={"true": Standing.ACTIVE, "false": Standing.LEFT, "": Standing.LEFT},
    signs={"deleted_at": Standing.LEFT},
    unused=frozenset(
        {"id", "note", "complimentary_plan", "stripe_customer_id", "tiers", "products", "gift_id", "expiry_at"}
    ),
)

# knadh/listmonk, cmd/subscribers.go, ExportSubscribers (2026-11). Who left one of its lists is still called enabled.
_LISTMONK = Service(
    name="listmonk",
    marks=frozenset({"uuid", "email", "attributes", "status"}),
    columns={"email": ("email",), "name": ("name",), "joined": ("created_at",)},
    word="status",
    words={"enabled": Standing.ACTIVE, "disabled": Standing.LEFT, "blocklisted": Standing.LEFT},
    object="attributes",
    unused=frozenset({"uuid", "updated_at"}),
)

# TryGhost/migrate, packages/mg-beehiiv-members, its fixture and reader (2024).
_BEEHIIV = Service(
    name="Beehiiv",
    marks=frozenset({"email", "status", "tier", "created_at"}),
    columns={"email": ("email",), "joined": ("created_at",)},
    name_parts=("first name", "last name"),
    word="status",
    words={"active": Standing.ACTIVE, "inactive": Standing.LEFT, "pending": Standing.PENDING},
    signs={"unsubscribed_at": Standing.LEFT},
    unused=frozenset({"tier", "stripe_customer_id", "free tier", "premium tier"}),
)

SERVICES = (
    _MAILCHIMP,
    _MAILCHIMP_LEFT,
    _MAILCHIMP_CLEANED,
    _SUBSTACK,
    _BUTTONDOWN,
    _BUTTONDOWN_BEFORE,
    _GHOST,
    _LISTMONK,
    _BEEHIIV,
)
"""The kinds of export that are recognised."""
