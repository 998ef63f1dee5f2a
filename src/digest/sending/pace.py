"""
How fast to ask, and how long to wait before asking again.

Moments of a `Bucket` are seconds of a monotonic clock; what services say is measured against the date of their answer.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_DAY = 86_400.0
_EPOCH = 1e9  # No wait is as long; as a moment it is in 2001.
_MILLISECONDS = 1e11  # As seconds, it is a moment in 5138.
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0

_NUMBER = re.compile(r"\d+(?:\.\d*)?", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PARAMETER = re.compile(r"([a-z]+)=(\d+)", re.ASCII)
# The drafts of draft-ietf-httpapi-ratelimit-headers up to 06, the custom before them, and Brevo's.
_FAMILIES = ("RateLimit", "X-RateLimit", "X-Sib-RateLimit")
_WORDS = frozenset({"retry-after", "ratelimit", *(f"{family}-Reset".lower() for family in _FAMILIES)})


def retry_after(headers: httpx.Headers, now: datetime) -> float | None:
    """
    Return how many seconds a service asks to be left alone, by the headers of any of its answers.

    ``Retry-After`` goes first, as the rate limit drafts say; then ``RateLimit``, and then pairs like
    ``RateLimit-Remaining`` and ``-Reset``, which count only when nothing remains. A moment that is past means 0; a
    wait of more than a day, a day. None means that it asks nothing, or nothing that makes sense: a negative number,
    a word, a date that does not exist, milliseconds where seconds belong.
    """
    if _WORDS.isdisjoint(headers):  # as nearly always
        return None
    now = _date(headers.get("Date", "")) or now  # by its own clock, as ours may be wrong
    for wait in (_asked(headers, now), _drained(headers), *(_reset(headers, family, now) for family in _FAMILIES)):
        if wait is not None:
            return min(wait, _DAY)
    return None


def _asked(headers: httpx.Headers, now: datetime) -> float | None:
    """Read a number of seconds or a date: RFC 9110 section 10.2.3."""
    value = headers.get("Retry-After", "")
    moment = _date(value)
    return max(0.0, (moment - now).total_seconds()) if moment else _number(value)


def _drained(headers: httpx.Headers) -> float | None:
    """Read ``"burst";r=0;t=30, "day";r=900``, or ``limit=5, remaining=0, reset=30`` as draft 07 had it."""
    value = _QUOTED.sub("", headers.get("RateLimit", ""))
    waits = []
    for part in value.split(",") if ";" in value else [value]:
        policy = dict(_PARAMETER.findall(part))
        wait = policy.get("t") or policy.get("reset")
        if wait and "0" in {policy.get("r"), policy.get("remaining")}:
            waits.append(float(wait))
    return max(waits, default=None)


def _reset(headers: httpx.Headers, family: str, now: datetime) -> float | None:
    """Read when a quota that is used up is filled again: in seconds, or seconds since 1970 when it is that many."""
    reset = _number(headers.get(f"{family}-Reset", ""))
    if reset is None or reset > _MILLISECONDS or _number(headers.get(f"{family}-Remaining", "")) != 0:
        return None
    return reset if reset < _EPOCH else max(0.0, reset - now.timestamp())


def _number(value: str) -> float | None:
    return float(value) if _NUMBER.fullmatch(value.strip()) else None


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment  # One form has no zone: RFC 9110 5.6.7.


def backoff(attempt: int, chance: float) -> float:
    """
    Return how many seconds to wait after a failure that says nothing of it.

    Anything from half a second up to a bound that doubles from 1 s to 60 s, so that those who failed together do
    not come back together.

    Args:
        attempt: how many have failed in a row, from 1.
        chance: at random from 0 up to 1, without 1.
    """
    bound = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt, 10))  # from the seventh on it is the longest
    return _FIRST_WAIT + chance * (bound - _FIRST_WAIT)


class Bucket:
    """
    Gives each request its place in time: in any t seconds, no more than ``rate * t + burst`` may leave.

    The generic cell rate algorithm, ITU-T I.371, in its virtual scheduling form: a request has its due moment, and
    may leave before it by what a burst may gain. One thread uses it.

    Args:
        rate: requests a second, above 0; None sets no bounds.
        burst: how many may leave at once, 1 or more.
    """

    def __init__(self, rate: float | None, burst: int = 1) -> None:
        if burst < 1 or (rate is not None and rate <= 0):
            msg = "a bucket lets something through"
            raise ValueError(msg)
        self._interval = 1 / rate if rate else 0.0
        self._gain = (burst - 1) * self._interval
        self._due = self._held = float("-inf")

    def reserve(self, now: float) -> float:
        """Take the next place; return how many seconds after `now` it is."""
        moment = max(now, self._due - self._gain, self._held)
        self._due = max(moment, self._due) + self._interval
        return moment - now

    def stands(self) -> bool:
        """Return that the place that was taken last counts: whoever takes places here is told of holds anyhow."""
        return True

    def hold_until(self, moment: float) -> None:
        """Give no place before `moment`, as a service may ask. Places that were given stay."""
        self._held = max(self._held, moment)
