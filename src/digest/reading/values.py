"""What values of front matter mean: each function reads one as written, or says by a ValueError what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from digest.errors import did_you_mean
from digest.links import slugify
from digest.model import MARKER

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_STATUSES = {"ready": True, "draft": False}
_LONGEST_NUMBER = 9


def whole_number(value: str) -> int:
    """Read a number from 1 up."""
    if not (value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER and int(value)):
        msg = f'"{value}" is no whole number from 1 up'
        raise ValueError(msg)
    return int(value)


def day(value: str) -> date:
    """Read a day, as 2026-11-24."""
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        msg = f'"{value}" is no day that exists; write it as 2026-11-24'
        raise ValueError(msg) from error


def moment(value: str, zone: ZoneInfo) -> datetime:
    """Read a day and a time, in `zone` unless it has an offset; of an hour that comes twice, the first is meant."""
    try:
        written = datetime.fromisoformat(value)
        there = (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)
    except (ValueError, OverflowError) as error:
        msg = f'"{value}" is no time that exists; write it as 2026-11-24 09:00'
        raise ValueError(msg) from error
    if _is_day(value):
        msg = f'"{value}" says no time of the day; write it as {written:%Y-%m-%d} 09:00'
        raise ValueError(msg)
    if not written.tzinfo and there.replace(tzinfo=None) != written:
        msg = f'"{value}" does not exist in {zone}, where the clocks skip it; {there:%H:%M} does'
        raise ValueError(msg)
    return there


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def readiness(value: str) -> bool:
    """Read a status: whether the issue is ready."""
    if value not in _STATUSES:
        msg = f'"{value}" is no status; {did_you_mean(value, _STATUSES)}'
        raise ValueError(msg)
    return _STATUSES[value]


def switch(value: str) -> bool:
    """Read what is true or false."""
    if value.lower() not in _SWITCHES:
        msg = f'"{value}" is neither true nor false'
        raise ValueError(msg)
    return _SWITCHES[value.lower()]


def former_names(value: str) -> tuple[str, ...]:
    """Read what a page was called before: names with commas between, or a story's behind its issue's and a slash."""
    parts = [[slugify(part) for part in name.split("/")] for name in value.split(",") if name.strip()]
    return tuple("/".join(names) for names in parts)


def web_address(value: str) -> str:
    """Read an address that a story can lead to; the fields in it are markers."""
    if not value.startswith(("https://", "http://")) or len(value.split()) != 1:
        msg = f'"{MARKER.sub("…", value)}" is no web address; it begins with https://'
        raise ValueError(msg)
    return value
