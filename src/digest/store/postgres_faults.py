"""What can happen to a database of PostgreSQL, put into words that keep passwords and people to themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.errors import DigestError, IncompleteError, SettingsError

if TYPE_CHECKING:
    import psycopg


def unreachable(words: str, name: str) -> DigestError:
    """Say why there is no connection; the server gives no code for it, only words."""
    for pattern, error, what, hint in _OUT_OF_REACH:
        if re.search(pattern, words, re.IGNORECASE):
            return error(f"{name} {what}", hint=hint)
    return SettingsError(
        f"{name} cannot be opened", hint="digest -v shows what was said; [store] url says where it is."
    )


def translate(fault: psycopg.Error, name: str, *, lost: bool) -> DigestError | None:
    """Put what can happen to a database into words; anything else is a bug of ours, and stays as it is."""
    code = fault.sqlstate or ""
    for beginning, (error, what, hint) in _FAULTS.items():
        if code.startswith(beginning):
            return error(f"{name} {what}", hint=hint)
    if "(0x00)" in str(fault):
        return SettingsError(f"{name} keeps no text with a NUL in it", hint="Take the NUL out of what was to be kept.")
    return IncompleteError(f"{name} {_GONE[0]}", hint=_GONE[1]) if lost else None


def without_details(fault: psycopg.Error) -> psycopg.Error:
    """Return a fault that no longer quotes the row that it is about: that is a reader."""
    return type(fault)(fault.diag.message_primary or str(fault)).with_traceback(fault.__traceback__)


_DAMAGED = "Bring it back from a backup, or let [store] url name another."
_AGAIN = "Run it again; it goes on from there."
_GONE = ("broke off the connection", "Run it again when its server answers; it goes on from there.")
_OUT_OF_REACH = (
    (
        "authentication|no password|pg_hba|not permitted to log in|permission denied|role .* does not exist",
        SettingsError,
        "does not let us in",
        "See to the user and the password in [store] url, or set PGPASSWORD.",
    ),
    (
        'database ".*" does not exist',
        SettingsError,
        "does not exist",
        "Make it with createdb, or let [store] url name another.",
    ),
    (
        "resolve|translate host name",
        SettingsError,
        "cannot be found: nobody knows its host",
        "See to the name of the host in [store] url.",
    ),
    (
        "refused|No such file|no route|unreachable",
        SettingsError,
        "cannot be reached: no server answers there",
        "Start the server, or see to the host and the port in [store] url.",
    ),
    (
        "SSL|TLS|certificate",
        SettingsError,
        "cannot be reached: its encryption is not what [store] url asks for",
        "See to sslmode and sslrootcert in [store] url.",
    ),
    ("time(d )?out", IncompleteError, "does not answer", "Run it again when its server answers."),
    ("too many|connection slots", IncompleteError, "has no connection left", "Run it again when others have finished."),
    (
        "starting up|shutting down|recovery|not yet accepting",
        IncompleteError,
        "is not ready",
        "Run it again in a while.",
    ),
)
_FAULTS: dict[str, tuple[type[DigestError], str, str]] = {
    "08": (IncompleteError, *_GONE),
    "57P": (IncompleteError, *_GONE),
    "25P03": (IncompleteError, *_GONE),  # idle_in_transaction_session_timeout
    "25006": (
        SettingsError,
        "may only be read",
        "It is a standby, or set to default_transaction_read_only; let [store] url name one that may be written to.",
    ),
    "3D000": (SettingsError, "does not exist", "Make it with createdb, or let [store] url name another."),
    "40": (IncompleteError, "was written to by another program at the same instant, and let it go first", _AGAIN),
    "42501": (
        SettingsError,
        "may not be used so by its user",
        "Let the owner say: grant usage, create on schema public to that user; or make that user the owner.",
    ),
    "53100": (SettingsError, "has no room to grow", "Free some space on its server's disk, then run it again."),
    "53": (IncompleteError, "has run out of memory or connections", "Run it again when its server has some."),
    "55P03": (
        IncompleteError,
        "has been written to by another program for too long",
        "Run it again when that is over.",
    ),
    "57014": (
        IncompleteError,
        "stopped what took too long",
        "Raise its statement_timeout for this user, then run it again; it goes on from there.",
    ),
    "58": (SettingsError, "could not be read or written", "Look after its server's disk, then run it again."),
    "XX001": (SettingsError, "is damaged", _DAMAGED),
    "XX002": (SettingsError, "is damaged", _DAMAGED),
}
"""What the codes of PostgreSQL's faults mean, by their beginnings (PostgreSQL 15, appendix A)."""
