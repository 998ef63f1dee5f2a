"""How fast to ask, and how long to wait: pure functions of headers, moments and chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, nextafter

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sending.pace import Bucket, backoff, retry_after

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SOON = int(NOW.timestamp()) + 30
DAY = 86_400.0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "Tue, 24 Nov 2026 09:00:30 GMT"}, 30.0),
        ({"Retry-After": "Tuesday, 24-Nov-26 09:00:30 GMT"}, 30.0),
        ({"Retry-After": "Tue Nov 24 09:00:30 2026"}, 30.0),
        ({"Retry-After": "Tue, 24 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "90000"}, DAY),
        ({"Retry-After": "9" * 5000}, DAY),
        ({"Retry-After": "Thu, 24 Nov 2033 09:00:00 GMT"}, DAY),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "120 s"}, None),
        ({"Retry-After": "1e3"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Tue, 31 Nov 2026 09:00:00 GMT"}, None),
        ({"Retry-After": f"Tue, 24 Nov {'9' * 40} 09:00:00 GMT"}, None),
        ({"RateLimit": '"default";r=0;t=30'}, 30.0),
        ({"RateLimit": '"burst";r=0;t=3, "day;r=0;t=99, \\"x\\"";r=0;t=30, "hour";r=5;t=900'}, 30.0),
        ({"RateLimit": '"default";r=50;t=30'}, None),
        ({"RateLimit": '"default";r=0'}, None),
        ({"RateLimit": "limit=100, remaining=0, reset=7"}, 7.0),
        ({"RateLimit": "limit=100, remaining=1, reset=7"}, None),
        ({"RateLimit": "nonsense, ;;=, r=0"}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "5"}, 5.0),
        ({"RateLimit-Remaining": "1", "RateLimit-Reset": "5"}, None),
        ({"RateLimit-Remaining": "0"}, None),
        ({"RateLimit-Reset": "5"}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "-5"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}, 5.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(SOON)}, 30.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{SOON}.5"}, 30.5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(SOON - 60)}, 0.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(SOON + 90_000)}, DAY),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2592000"}, DAY),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(SOON * 1000)}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-24T09:00:30Z"}, None),
        ({"X-Sib-RateLimit-Remaining": "0", "X-Sib-RateLimit-Reset": "12"}, 12.0),
    ],
)
def test_what_services_say(headers: dict[str, str], wait: float | None) -> None:
    """A wait is read in every form that services use; nonsense is no wait, and none is longer than a day."""
    assert retry_after(httpx.Headers(headers), NOW) == wait


def test_which_goes_first() -> None:
    """Retry-After goes before the rate limit headers, as their drafts say, unless it is nonsense."""
    limits = {"RateLimit": '"a";r=0;t=30', "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}
    assert retry_after(httpx.Headers({**limits, "Retry-After": "3"}), NOW) == 3.0
    assert retry_after(httpx.Headers({**limits, "Retry-After": "soon"}), NOW) == 30.0


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "Tue, 24 Nov 2026 09:00:30 GMT"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(SOON)},
    ],
)
def test_whose_clock_counts(headers: dict[str, str]) -> None:
    """Moments are measured against the service's own date, so that a clock of ours that is wrong does no harm."""
    said = httpx.Headers({**headers, "Date": "Tue, 24 Nov 2026 09:00:00 GMT"})
    for wrong in (timedelta(hours=-3), timedelta(0), timedelta(days=400)):
        assert retry_after(said, NOW + wrong) == 30.0


NAMES = ["Retry-After", "Date", "RateLimit"] + [
    f"{family}-{part}" for family in ("RateLimit", "X-RateLimit") for part in ("Remaining", "Reset")
]
VALUES = st.one_of(
    st.binary(),
    st.integers().map(lambda number: str(number).encode()),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S +9900").encode()),
    st.text('";=rt0123456789, -+:GMTnov', max_size=40).map(str.encode),
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_nothing_a_service_says_breaks_us(headers: dict[str, bytes]) -> None:
    """Whatever stands in the headers, the wait is none, or something from nothing to a day."""
    wait = retry_after(httpx.Headers([(name.encode(), value) for name, value in headers.items()]), NOW)
    assert wait is None or 0 <= wait <= DAY


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (10**9, 60)],
)
def test_bounds_of_waiting(attempt: int, longest: float) -> None:
    """Waits are spread from half a second to a bound that doubles, up to a minute."""
    assert backoff(attempt, 0) == 0.5
    assert backoff(attempt, 0.5) == (0.5 + longest) / 2
    assert longest * 0.99 < backoff(attempt, nextafter(1, 0)) <= longest


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_waiting_grows(attempt: int, chance: float) -> None:
    """With the same luck, a later wait is never shorter."""
    assert 0.5 <= backoff(attempt, chance) <= backoff(attempt + 1, chance) <= 60


def leavings(bucket: Bucket, moments: list[float]) -> list[float]:
    """Return when requests that ask at these moments may leave."""
    return [moment + bucket.reserve(moment) for moment in moments]


def test_an_even_pace() -> None:
    """Without bursts, requests that ask together leave at even distances, the first at once."""
    assert leavings(Bucket(4), [100.0] * 4) == [100.0, 100.25, 100.5, 100.75]


def test_a_burst() -> None:
    """As many as a burst has leave at once, then the pace holds; what was not used comes back with time."""
    bucket = Bucket(4, burst=3)
    assert leavings(bucket, [100.0] * 5) == [100.0, 100.0, 100.0, 100.25, 100.5]
    assert leavings(bucket, [200.0] * 4) == [200.0, 200.0, 200.0, 200.25]


def test_no_pace() -> None:
    """Without a rate, everything leaves at once; a hold counts all the same."""
    bucket = Bucket(None)
    assert leavings(bucket, [100.0] * 3) == [100.0] * 3
    bucket.hold_until(130.0)
    assert leavings(bucket, [100.0, 129.0, 131.0]) == [130.0, 130.0, 131.0]


def test_a_hold_is_for_all() -> None:
    """What a service asked of one request holds for all that follow, and a shorter hold does not lift it."""
    bucket = Bucket(4, burst=2)
    bucket.hold_until(130.0)
    bucket.hold_until(110.0)
    assert leavings(bucket, [100.0] * 4) == [130.0, 130.0, 130.25, 130.5]


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0), (None, 0)])
def test_a_bucket_that_lets_nothing_through(rate: float | None, burst: int) -> None:
    """A rate or a burst that would keep everything back for ever is a mistake."""
    with pytest.raises(ValueError, match="lets something through"):
        Bucket(rate, burst)


RATES = st.floats(0.01, 10_000)
STEPS = st.lists(st.floats(0, 10), min_size=1, max_size=60)


def rising(steps: list[float]) -> list[float]:
    """Return moments that are apart by `steps`."""
    moments = [1000.0]
    for step in steps:
        moments.append(moments[-1] + step)
    return moments


@given(RATES, st.integers(1, 10), STEPS)
def test_never_too_many(rate: float, burst: int, steps: list[float]) -> None:
    """In no window, from any request to any later one, leave more than the rate and the burst allow."""
    left = leavings(Bucket(rate, burst), rising(steps))
    for first, start in enumerate(left):
        for count, end in enumerate(left[first:], start=1):
            assert count <= rate * (end - start) * (1 + 1e-9) + burst + 1e-6 * rate


@given(RATES, st.integers(1, 10), STEPS)
def test_in_the_order_of_asking(rate: float, burst: int, steps: list[float]) -> None:
    """Who asks later never leaves earlier, and nobody leaves before asking."""
    moments = rising(steps)
    left = leavings(Bucket(rate, burst), moments)
    assert all(earlier <= later + 1e-9 for earlier, later in pairwise(left))
    assert all(moment <= leaving for moment, leaving in zip(moments, left, strict=True))


@given(RATES, st.integers(1, 10), STEPS)
def test_no_longer_than_needed(rate: float, burst: int, steps: list[float]) -> None:
    """Nobody waits longer than until the burst before them has been paid for."""
    left = leavings(Bucket(rate, burst), moments := rising(steps))
    for place, (moment, leaving) in enumerate(zip(moments, left, strict=True)):
        before = left[place - burst] if place >= burst else -inf
        due = max(moment, left[place - 1] + 1 / rate if place else moment, before + burst / rate)
        assert leaving <= due + 1e-6 * (1 + 1 / rate)


@given(st.none() | RATES, st.integers(1, 10), STEPS, st.lists(st.floats(0, 700), max_size=60))
def test_a_hold_is_obeyed(rate: float | None, burst: int, steps: list[float], holds: list[float]) -> None:
    """Whatever was asked for before, nobody who asks during a hold leaves before its end."""
    bucket = Bucket(rate, burst)
    held = 0.0
    for moment, hold in zip(rising(steps), [*holds, *[0.0] * 61], strict=False):
        bucket.hold_until(moment + hold)
        held = max(held, moment + hold)
        assert moment + bucket.reserve(moment) >= held - 1e-9
