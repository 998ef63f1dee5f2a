"""The schedule as a calendar that other programs read: iCalendar, RFC 5545."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import icalendar

from digest.links import archive_url
from digest.publishing.scheduling.schedule import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.config import Newsletter
    from digest.publishing.scheduling.schedule import Appointment

_PRODUCT = "-//digest//newsletter//EN"
_STATUSES = {
    Phase.DRAFT: "TENTATIVE",
    Phase.LATE: "TENTATIVE",
    Phase.PAUSED: "TENTATIVE",
    Phase.STOPPED: "CANCELLED",
    Phase.CANCELLED: "CANCELLED",
}
"""Of all others, the time is certain."""


def to_ics(entries: Iterable[Appointment], newsletter: Newsletter) -> bytes:
    """
    Return the issues that have a time as events: the same bytes whenever nothing has changed.

    Moments are in UTC, so that no program needs to know our time zone; it shows them in its reader's.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    name = icalendar.vText(newsletter.name)  # said, since icalendar escapes only what it knows to be text
    calendar.add("name", name)  # RFC 7986, 5.1
    calendar.add("x-wr-calname", name)  # what programs read that came before it
    for one in entries:
        if one.at and one.phase is not Phase.OUTDATED:
            calendar.add_component(_event(one, newsletter))
    return bytes(calendar.to_ical())


def _event(one: Appointment, newsletter: Newsletter) -> icalendar.Event:
    event = icalendar.Event()
    moment = one.at.astimezone(UTC) if one.at else None
    event.add("uid", f"{one.slug}@{urlsplit(newsletter.url).hostname}")
    event.add("dtstamp", moment)  # not that of this run, by which each would be another file
    event.add("dtstart", moment)
    event.add("summary", f"{newsletter.name}: {one.title}")
    event.add("description", one.phase.value)
    event.add("url", archive_url(newsletter.url, one.slug))
    event.add("status", _STATUSES.get(one.phase, "CONFIRMED"))
    event.add("transp", "TRANSPARENT")  # nobody is busy then
    return event
