"""The personal touch: whether an edition can be filled for each of its readers, and whom it is shown for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.errors import ContentError, UsageError, raise_all
from digest.model import RESERVED_FIELDS, Subscriber

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import Edition
    from digest.store import Subscribers

EXAMPLE_EMAIL = "reader@example.org"
EXAMPLE_TOKEN = "example"  # noqa: S105  # opens nothing: what is shown must never carry a reader's real token


def refuse_blanks(edition: Edition, subscribers: Subscribers) -> None:
    """
    See to it that no reader gets a blank where the edition needs a value.

    Raises:
        ContentError: some reader has no value for a field that stands there without a fallback.
    """
    faults = []
    for name in sorted(name for name, has_fallback in edition.slots if not has_fallback and name != "token"):
        count = subscribers.without_value(name)
        if count:
            who = "1 reader has" if count == 1 else f"{count:,} readers have"
            msg = f"{who} no value for `{name}`, which the issue uses without a fallback"
            hint = f'Write {{{{ {name} or "…" }}}}, or complete the list: digest subscribers list --without {name}'
            faults.append(ContentError(msg, hint=hint))
    raise_all(faults)


def find_reader(subscribers: Subscribers, email: str) -> Subscriber:
    """
    Return the reader of that address.

    Raises:
        UsageError: nobody of that address is on the list.
    """
    reader = subscribers.find(email)
    if reader is None:
        raise nobody()
    return reader


def nobody() -> UsageError:
    """Say, without repeating the address, that it is no reader's."""
    return UsageError("nobody of that address is on the list", hint="digest subscribers list shows who is.")


def example_reader(edition: Edition, fields: Mapping[str, str]) -> Subscriber:
    """Return a reader who does not exist, with a value where the edition needs one."""
    needed = {name for name, has_fallback in edition.slots if not has_fallback} - RESERVED_FIELDS
    values = {
        name: default or (name.replace("_", " ").capitalize() if name in needed else "")
        for name, default in fields.items()
    }
    return Subscriber(id=1, email=EXAMPLE_EMAIL, name="Example Reader", fields=values, token=EXAMPLE_TOKEN)
