"""
Each provider for a full request of a 60 KB issue: requests built and answers read a second, and bytes sent a reader.

What services answer comes from the stand-ins of the contract suite. Where a service merges, a request for one reader
is as large as a whole message, so the two tell how much is saved.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.messages import AT, edition, readers
from digest.model import Batch, Readers

sys.path.append(str(Path(__file__).parents[1] / "tests" / "providers"))  # where the stand-ins are
from registered import Registered, names, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from digest.providers import Provider

MERGING = frozenset({"mailgun", "sendgrid", "ses", "sparkpost"})
ROUNDS = 5


def measure() -> list[tuple[str, float, str]]:
    """Return rows for each provider of messages."""
    return [row for name in names() for row in _rows(Registered.of(name))]


def _rows(registered: Registered) -> Iterator[tuple[str, float, str]]:
    provider = registered.provider()
    batch = _full(provider)
    count = len(batch.readers)
    request = read(provider.build_request(batch))
    response = registered.stand_in.accept(request)
    title = f"{registered.name}, {count:,} readers a request"
    yield f"{title}: built", 1 / _seconds(lambda: _give_out(provider.build_request(batch))), "for comparison, in /s"
    yield f"{title}: read", 1 / _seconds(lambda: provider.read_response(batch, response)), "for comparison, in /s"
    sent = len(request.content) / count
    yield f"{title}: sent a reader", sent, "for comparison, in bytes"
    if registered.name in MERGING:
        whole = len(read(provider.build_request(_batch(1))).content)
        yield f"{title}: whole : merged", whole / sent, "at least 20 x"


def _full(provider: Provider) -> Batch:
    """Return a batch of as many readers as the provider takes, in messages and in bytes."""
    most = provider.limits.messages
    if provider.limits.bytes:
        two, one = (len(read(provider.build_request(_batch(count))).content) for count in (2, 1))
        most = min(most, (provider.limits.bytes - one) // (two - one)) if provider.limits.messages > 1 else 1
    return _batch(most)


def _batch(count: int) -> Batch:
    key = "00000000-0000-0000-0000-000000000000"
    return Batch(edition=edition(), number=1, key=key, readers=Readers.of([*readers(count)]), at=AT)


def _give_out(request: httpx.Request) -> None:
    for _ in request.stream:  # type: ignore[union-attr]  # ours are synchronous
        pass


def _seconds(work: Callable[[], object]) -> float:
    return median(_once(work) for _ in range(ROUNDS))


def _once(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


if __name__ == "__main__":
    for row, measured, bar in measure():
        print(f"{row:60} {measured:12,.1f}   {bar}")
