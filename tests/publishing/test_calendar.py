"""The calendar: what other programs make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import icalendar
import pytest

from digest.config import load_settings
from digest.publishing.scheduling.calendar import to_ics
from digest.publishing.scheduling.schedule import Appointment, Phase

if TYPE_CHECKING:
    from pathlib import Path

    from digest.config import Newsletter

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def newsletter(letter: Path) -> Newsletter:
    """Return who writes."""
    return load_settings(letter, {}).newsletter


def events(entries: list[Appointment], newsletter: Newsletter) -> list[icalendar.Event]:
    """Return what another program reads."""
    return [*icalendar.Calendar.from_ical(to_ics(entries, newsletter)).events]


@pytest.mark.parametrize(
    ("at", "utc"),
    [
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (datetime(2027, 3, 28, 3, 0, tzinfo=BERLIN), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    ],
)
def test_moment_is_exact(newsletter: Newsletter, at: datetime, utc: datetime) -> None:
    """Around the changes of the clocks, too, whoever subscribes sees the moment, in their own zone."""
    (event,) = events([Appointment(slug="first-snow", phase=Phase.COMING, at=at)], newsletter)
    assert utc == event.DTSTART
    assert utc == event.DTSTAMP


def test_name_of_the_newsletter(newsletter: Newsletter) -> None:
    """Its signs are escaped as RFC 5545 wants it of text, 3.3.11, and its lines are folded at 75 octets."""
    content = to_ics([], replace(newsletter, name=f"Ideas, \\ and; {'odd 😀' * 30}"))
    assert max(map(len, content.split(b"\r\n"))) <= 75  # RFC 5545, 3.1
    unfolded = content.replace(b"\r\n ", b"")
    assert b"\r\nNAME:Ideas\\, \\\\ and\\; odd" in unfolded
    assert b"\r\nX-WR-CALNAME:Ideas\\, \\\\ and\\; odd" in unfolded


def test_odd_names_and_states(newsletter: Newsletter) -> None:
    """Commas, semicolons and long lines arrive as they were; what has no time, or is long past, has no event."""
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    slug = "schnee-von-gestern-und-was-wir-sonst-noch-zu-erzählen-haben-wenn-der-tag-lang-ist"
    entries = [
        Appointment(slug=slug, phase=Phase.CANCELLED, at=at),
        Appointment(slug="undated", phase=Phase.UNDATED),
        Appointment(slug="outdated", phase=Phase.OUTDATED, at=at),
    ]
    (event,) = events(entries, newsletter)
    assert str(event["summary"]) == f"{newsletter.name}: {slug}"
    assert (str(event["status"]), str(event["description"])) == ("CANCELLED", "cancelled")
    assert all(len(line) <= 75 for line in to_ics(entries, newsletter).splitlines())
