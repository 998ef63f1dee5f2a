"""The personal touch: whether an edition can be filled for each of its readers, and whom it is shown for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.errors import ContentError, UsageError, did_you_mean, raise_all
from digest.model import RESERVED_FIELDS, Subscriber
from digest.segments import parse_segment, resolve_issues

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.config import Settings
    from digest.model import Edition
    from digest.segments import Segment
    from digest.store import Audiences, Store, Subscribers

_NAME = re.compile(r"[\w-]+")
"""What can be the name of a segment, and is no expression."""

EXAMPLE_EMAIL = "reader@example.org"
EXAMPLE_TOKEN = "example"  # noqa: S105  # opens nothing: what is shown must never carry a reader's real token


def find_segment(text: str, settings: Settings, store: Store) -> Segment | None:
    """
    Return the segment of that name in ``digest.toml``, or of that expression; None, which is everyone, for a blank one.

    Raises:
        UsageError: it cannot be read, or names a tag or an issue that does not exist; or it asks what readers did, and
            the list is one that is made anew for each run.
    """
    if not text:
        return None
    timezone = ZoneInfo(settings.newsletter.timezone)
    segment = settings.segments.get(text) or _parse(text, settings, timezone)
    for tag in segment.tags:
        if not store.audiences.has_tag(tag):
            msg = f'nobody has the tag "{tag}"'
            raise UsageError(msg, hint=did_you_mean(tag, store.audiences.tags()))
    if segment.issues and store.numbering:
        msg = "the segment is about what readers were delivered, opened or clicked, which this list does not hold"
        raise UsageError(msg, hint="Give these readers a tag where the list is kept, and send to the tag.")
    return resolve_issues(segment, [frozen.slug for frozen in store.mailings.all()]) if segment.issues else segment


def _parse(text: str, settings: Settings, timezone: ZoneInfo) -> Segment:
    try:
        return parse_segment(text, fields=settings.fields, timezone=timezone)
    except UsageError as error:
        if not _NAME.fullmatch(text):
            raise
        msg = f'there is no segment "{text}"'
        raise UsageError(
            msg, hint=f"Under [segments] in digest.toml, {did_you_mean(text, settings.segments)}"
        ) from error


def refuse_blanks(edition: Edition, audiences: Audiences, segment: Segment | None = None) -> None:
    """
    See to it that no reader of a segment gets a blank where the edition needs a value; None is everyone.

    Raises:
        ContentError: some reader has no value for a field that stands there without a fallback.
    """
    faults = []
    for name in sorted(name for name, has_fallback in edition.slots if not has_fallback and name != "token"):
        count = audiences.without_value(name, segment)
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


def disarmed(reader: Subscriber) -> Subscriber:
    """Return a reader with a token that opens nothing, and is as long as theirs: sizes are those of what leaves."""
    return replace(reader, token=EXAMPLE_TOKEN.ljust(len(reader.token), "0"))


def example_reader(edition: Edition, fields: Mapping[str, str]) -> Subscriber:
    """Return a reader who does not exist, with a value where the edition needs one."""
    needed = {name for name, has_fallback in edition.slots if not has_fallback} - RESERVED_FIELDS
    values = {
        name: default or (name.replace("_", " ").capitalize() if name in needed else "")
        for name, default in fields.items()
    }
    return Subscriber(id=1, email=EXAMPLE_EMAIL, name="Example Reader", fields=values, token=EXAMPLE_TOKEN)
