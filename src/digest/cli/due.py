"""What `digest send --due` does: it sends all that is due, waits for what is due soon, and says what was not sent."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from digest.cli.opening import open_ledger, open_settings
from digest.cli.printing import moment, print_json
from digest.errors import DigestError
from digest.publishing.issues import Issues
from digest.publishing.scheduling.due import agenda_of, gravest_first
from digest.publishing.scheduling.schedule import Phase
from digest.publishing.scheduling.timing import horizon_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Event

    from digest.config import Settings
    from digest.providers import OwnsList, Provider
    from digest.publishing.newsroom import Newsroom
    from digest.publishing.scheduling.due import Agenda
    from digest.publishing.scheduling.schedule import Appointment
    from digest.store import Store

_LONGEST_NAP = 30.0
"""Seconds; then the clock is looked at again, since a machine may have slept, or its clock may have been set."""


def send_due(wishes: dict[str, Any], within: timedelta | None, *, dry_run: bool, as_json: bool) -> None:
    """Send what is due, wait for what is due soon, and say in the end what is wrong with what was not sent."""
    run = _Run(wishes, dry_run=dry_run, as_json=as_json)
    end = _now() + (within or timedelta())
    try:
        with _ending_at_once():
            while coming := run.work_off(end):
                _wait_until(coming)
    finally:  # whatever ends it, what was sent is said
        run.tell()
    run.raise_gravest()


class _Run:
    """One run of the command: what it has done, and what went wrong."""

    def __init__(self, wishes: dict[str, Any], *, dry_run: bool, as_json: bool) -> None:
        self._wishes = wishes
        self._dry_run = dry_run
        self._as_json = as_json
        self._tried: dict[str, dict[str, object]] = {}
        self._failed: dict[str, DigestError] = {}
        """What went wrong with what was tried; it stays so unless it is tried again, and well."""
        self._standing: Sequence[tuple[Appointment, DigestError]] = ()
        """What is not tried, as it was last looked at; it may be mended while we wait."""
        self._notes: dict[str, None] = {}

    def work_off(self, end: datetime) -> datetime | None:
        """
        Send what is due now, and return when there is more to do, if that is before the end.

        All is read anew: while we waited, files may have changed, and another program may have been here.
        """
        settings = open_settings()
        issues = Issues(settings=settings)
        service = self._service(settings) if self._wishes["ahead"] else None
        with open_ledger(settings, take_over=self._wishes["take_over"], needs_key=True) as store:
            agenda = self._look(issues, store, service)
            if agenda.to_send:
                agenda = self._send_all(issues, store, service, agenda)
        return self._next(agenda, issues, end)

    def _service(self, settings: Settings) -> Provider | OwnsList:
        from digest.publishing.choosing import service_of

        return service_of(settings)

    def _look(self, issues: Issues, store: Store, service: Provider | OwnsList | None) -> Agenda:
        horizon = horizon_of(service) if service else None
        agenda = agenda_of(issues, store, _now(), late=self._wishes["late"], horizon=horizon)
        for note in agenda.notes:
            if note not in self._notes and not self._as_json:
                click.echo(note)
            self._notes[note] = None
        self._standing = agenda.faults
        return agenda

    def _send_all(self, issues: Issues, store: Store, service: Provider | OwnsList | None, agenda: Agenda) -> Agenda:
        """Send what is due, and look again before each: while others left, somebody may have thought better of it."""
        from digest.cli.watching import stoppable
        from digest.publishing.newsroom import Newsroom

        newsroom, ahead = Newsroom(settings=issues.settings), service
        service = service or self._service(issues.settings)
        done: set[str] = set()
        with stoppable() as stopping:
            while left := [one for one in agenda.to_send if one.slug not in done and not stopping.is_set()]:
                self._send(newsroom, store, service, left[0], stopping=stopping)
                done.add(left[0].slug)
                agenda = self._look(issues, store, ahead)
        if stopping.is_set():
            raise KeyboardInterrupt
        return agenda

    def _send(
        self,
        newsroom: Newsroom,
        store: Store,
        service: Provider | OwnsList,
        one: Appointment,
        *,
        stopping: Event,
    ) -> None:
        """Send one issue; what goes wrong with it does not hold up the others."""
        from digest.cli.delivering import send_one
        from digest.publishing.choosing import Wishes

        wishes = Wishes(**{**self._wishes, "ahead": one.phase is Phase.COMING})
        self._tried[one.slug] = one.facts()
        self._failed.pop(one.slug, None)
        name = str(one.path) if one.path and not one.begun else one.slug
        try:
            sent = send_one(
                newsroom,
                store,
                service,
                name,
                wishes,
                stopping=stopping,
                yes=True,
                dry_run=self._dry_run,
                quiet=self._as_json,
            )
            if sent:
                self._tried[one.slug] |= sent.facts()
            if sent and not self._dry_run:
                sent.raise_unless_complete()
        except DigestError as fault:
            self._failed[one.slug] = fault

    def _next(self, agenda: Agenda, issues: Issues, end: datetime) -> datetime | None:
        """Return until when we wait, and say so; None is not at all."""
        coming = agenda.next
        if coming is None or coming.at is None or coming.at > end or self._dry_run:
            if not (self._tried or self._standing or self._as_json):
                what = (
                    f" Next is {coming.slug}, at {moment(coming.at, issues.timezone)}." if coming and coming.at else ""
                )
                click.echo(f"Nothing is due.{what}")
            return None
        if not self._as_json:
            click.echo(f"Waiting for {coming.slug}, until {moment(coming.at, issues.timezone)}.")
        return coming.at

    def tell(self) -> None:
        """Say how all stands, where a program asks."""
        if self._as_json:
            facts = {one.slug: one.facts() for one, _ in self._standing} | self._tried
            outcomes = [{**of_one, **_outcome(self._faults.get(slug))} for slug, of_one in facts.items()]
            print_json({"issues": outcomes, "notes": [*self._notes]})

    def raise_gravest(self) -> None:
        """Raise what went wrong, the gravest first."""
        fault = gravest_first(self._faults.items())
        if fault:
            raise fault

    @property
    def _faults(self) -> dict[str, DigestError]:
        return {one.slug: fault for one, fault in self._standing} | self._failed


def _outcome(fault: DigestError | None) -> dict[str, object]:
    code = fault.exit_code if fault else 0
    return {"exit_code": code, "error": "\n".join(fault.lines()) if fault else None}


def _now() -> datetime:
    return datetime.now(UTC)


def _wait_until(coming: datetime) -> None:
    while (left := (coming - _now()).total_seconds()) > 0:
        time.sleep(min(left, _LONGEST_NAP))


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C; where something is under way that has to be finished, `stoppable` sees to it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
