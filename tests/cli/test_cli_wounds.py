"""How other programs failed their users, and that this one does not; each docstring names where it was told."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Run

SLUG = "2026-11-24-hello"
READERS = 30
BATCH = 5


@pytest.fixture
def service(run: Run, counted: Counted, write_readers: Callable[[int], Path]) -> Counted:
    """Return a service that heeds no keys, so that whatever is sent twice arrives twice; the list has its readers."""
    assert run("subscribers", "import", str(write_readers(READERS - 2))).exit_code == 0
    tell(counted)
    return counted


def tell(service: Counted, answer: str = "sent") -> None:
    """Tell the service what to answer."""
    service.configure(messages=BATCH, idempotent=False, answer=answer)


def lines(run: Run, slug: str = SLUG) -> list[dict[str, str]]:
    """Return what became of each reader."""
    rows: list[dict[str, str]] = json.loads(run("status", slug, "--recipients", "--json").stdout)["recipients"]
    return rows


def states(run: Run, slug: str = SLUG) -> Counter[str]:
    """Return how many readers stand how."""
    return Counter(line["state"] for line in lines(run, slug))


def each_once(service: Counted, readers: int = READERS) -> bool:
    """Return whether so many readers got it, and each of them once."""
    accepted = service.accepted()
    return len(accepted) == accepted.total() == readers


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param("unreachable", id="no connection"),
        pytest.param("queued", id="throttled"),
    ],
)
def test_error_in_the_middle_loses_half_or_restarts_from_the_top(run: Run, service: Counted, trouble: str) -> None:
    """
    After an error whoever had it does not get it again, and whoever was not reached is not given up.

    knadh/listmonk#2313, #2273, #1802, #913, #69: from the top after an error; or finished, though half was throttled.
    """
    tell(service, f"sent then {trouble}")
    for _ in range(3):
        assert run("send", SLUG, "--yes").exit_code == 6
        assert states(run) == {"sent": BATCH, "queued": READERS - BATCH}
    tell(service)
    assert run("send", SLUG, "--yes").exit_code == 0
    assert states(run) == {"sent": READERS}
    assert each_once(service)


def test_paused_again_and_again(run: Run, service: Counted) -> None:
    """
    However often it is paused and resumed, nobody gets it again, and it is not over before everyone has it.

    knadh/listmonk#2070, #2168: resumed, it wrote to people again; resumed, it was finished at 5,258 of 5,601.
    """
    told = []
    for _ in range(READERS // BATCH):
        service.configure(messages=BATCH, idempotent=False, answer="sent then queued")
        told.append(run("send", SLUG, "--yes").exit_code)
        assert run("pause", SLUG).exit_code == 0
        with (service.folder / "accepted.jsonl").open("r+", encoding="utf-8") as log:
            kept = log.read()
        (service.folder / "kept.jsonl").open("a", encoding="utf-8").write(kept)
