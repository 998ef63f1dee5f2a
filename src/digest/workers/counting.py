"""What is counted for machines that watch a worker; never anything of one reader."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from digest.errors import DigestError
from digest.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from digest.sending import Step
    from digest.sending.posting import Answer

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
_REQUESTS = Counter("digest_worker_requests", "Requests, by what came of them.", ["fate"], registry=REGISTRY)
_READERS = Counter("digest_worker_readers", "Readers, by what became of them.", ["outcome"], registry=REGISTRY)
_WAITS = Counter("digest_worker_pace_waits", "Places at the shared pace that had to be waited for.", registry=REGISTRY)
_WAITED = Counter("digest_worker_pace_wait_seconds", "Seconds that such places were ahead.", registry=REGISTRY)


def count_answer(answer: Answer) -> None:
    """Count a request."""
    _REQUESTS.labels(fate=answer.fate.name.lower()).inc()


def count_step(step: Step) -> None:
    """Count readers of whom the ledger now has what became of them."""
    for state, count in ((State.SENT, step.sent), (State.REFUSED, step.refused), (State.IN_DOUBT, step.in_doubt)):
        _READERS.labels(outcome=state.value).inc(count)


def count_wait(seconds: float) -> None:
    """Count a place at the shared pace."""
    if seconds:
        _WAITS.inc()
        _WAITED.inc(seconds)


class Gauges(Collector):
    """What the store says at the moment at which it is asked; nothing while it does not answer."""

    def __init__(self, look: Callable[[], Mapping[str, tuple[str, float]]]) -> None:
        self._look = look

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return it as Prometheus reads it."""
        with suppress(DigestError):
            for name, (what, value) in self._look().items():
                yield GaugeMetricFamily(name, what, value=value)
