"""What is counted for machines that watch the server; never anything of one reader."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
_COUNTERS = {
    "requests": Counter(
        "digest_requests", "Answers, by the address's pattern.", ["method", "route", "status"], registry=REGISTRY
    ),
    "sign_ups": Counter("digest_sign_ups", "Sign-ups, by what they came to.", ["outcome"], registry=REGISTRY),
    "mails": Counter("digest_mails", "Mails from the pages, by kind.", ["kind", "outcome"], registry=REGISTRY),
    "events": Counter("digest_events", "News of providers.", ["provider", "kind"], registry=REGISTRY),
    "refused_calls": Counter("digest_refused_calls", "Calls that were not believed.", ["provider"], registry=REGISTRY),
}
_SECONDS = Histogram("digest_request_seconds", "Time until an answer, by pattern.", ["route"], registry=REGISTRY)
READERS = Gauge("digest_readers", "Readers by standing, counted now and then.", ["standing"], registry=REGISTRY)
WAITING = Gauge("digest_mails_waiting", "Mails from the pages that wait to leave.", registry=REGISTRY)


def count(name: str, amount: int = 1, **labels: str) -> None:
    """Count something that happened; labels never hold anything of a reader."""
    _COUNTERS[name].labels(**labels).inc(amount)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer."""
    count("requests", method=method, route=route, status=str(status))
    _SECONDS.labels(route=route).observe(seconds)
