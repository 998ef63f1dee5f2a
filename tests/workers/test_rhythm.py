"""How often workers look after each other."""

from __future__ import annotations

from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING

from procrastinate import PsycopgConnector

from digest.config import load_settings
from digest.workers.running import Rhythm, make_app
from digest.workers.station import Station, provider_of

if TYPE_CHECKING:
    from pathlib import Path


def test_batches_without_a_job_are_looked_for_every_ten_seconds(letter: Path) -> None:
    """What a dead worker has left waits for ten seconds, and not for the tenth minute."""
    settings = load_settings(letter, {})
    station = Station(settings, provider_of(settings), threads=1, stopping=Event())
    tasks = make_app(PsycopgConnector(), station, Rhythm()).periodic_registry.periodic_tasks.values()
    (clock,) = [one.croniter for one in tasks if one.task.name == "digest.fill"]
    moments = [clock.get_next(float) for _ in range(8)]
    station.close()
    assert {later - earlier for earlier, later in pairwise(moments)} == {10}
