"""What `digest send --due` has to do: which issues are to leave now, which are not and why, and which comes next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import CombinedError, ContentError, IncompleteError
from digest.publishing.scheduling.schedule import Phase, appointments
from digest.publishing.scheduling.timing import SOONEST, refuse_lateness
from digest.publishing.status import paused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from digest.config import Send
    from digest.errors import DigestError
    from digest.publishing.issues import Issues
    from digest.publishing.scheduling.schedule import Appointment
    from digest.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is to be done at a moment."""

    to_send: Sequence[Appointment]
    """Oldest first: what was begun and is not finished, and what is due; what is to come is handed over ahead."""
    faults: Sequence[tuple[Appointment, DigestError]]
    """What is due, or may be, and is not sent; it stays so until a person does something about it."""
    notes: Sequence[str]
    """What somebody may take for due that is not, in sentences."""
    next: Appointment | None
    """What is due next."""


def agenda_of(
    issues: Issues, store: Store, now: datetime, *, late: bool = False, horizon: timedelta | None = None
) -> Agenda:
    """
    Return what is to be done now; nothing is changed.

    Args:
        issues: those of the newsletter.
        store: knows which were begun.
        now: the present moment.
        late: whether those are to leave, too, whose time was long ago.
        horizon: how far ahead the provider can be told when to deliver, where it is to be; None is not at all.
    """
    return arrange(appointments(issues, store, now), issues.settings.send, now, late=late, horizon=horizon)


def arrange(
    entries: Sequence[Appointment],
    limits: Send,
    now: datetime,
    *,
    late: bool = False,
    horizon: timedelta | None = None,
) -> Agenda:
    """Tell apart what is to leave now and what is not; the issues are given by their time."""
    wanted = {Phase.BEGUN, Phase.DUE} | ({Phase.LATE} if late else set())
    to_send = [one for one in entries if one.phase in wanted or _can_go_ahead(one, now, horizon)]
    faults = [(one, fault) for one in entries if one not in to_send and (fault := _fault(one, limits, now))]
    coming = [one for one in entries if one.phase is Phase.COMING and one not in to_send]
    return Agenda(
        to_send=to_send,
        faults=faults,
        notes=[note for one in entries if (note := _note(one, now))],
        next=coming[0] if coming else None,
    )


def _can_go_ahead(one: Appointment, now: datetime, horizon: timedelta | None) -> bool:
    if horizon is None or one.phase is not Phase.COMING or one.at is None:
        return False
    return SOONEST <= one.at - now <= horizon


def _fault(one: Appointment, limits: Send, now: datetime) -> DigestError | None:
    if one.phase is Phase.LATE and one.issue:
        try:
            refuse_lateness(one.issue, limits, now)
        except ContentError as error:
            return error
    if one.phase is Phase.PAUSED:
        return paused(one.slug, one.begun.held if one.begun else "")
    if one.phase is Phase.DOUBTED:
        msg = f"nobody knows whether the readers of {one.slug} who are in doubt got it"
        return IncompleteError(msg, hint=f"Who they are, and what to do: digest resolve {one.slug}")
    return one.fault


def _note(one: Appointment, now: datetime) -> str:
    if one.phase is Phase.UNDATED:
        return f"{one.slug} is ready and has no send_at, so it is never due."
    if one.phase is Phase.DRAFT and one.at and one.at <= now:
        return f"{one.slug} was meant for {one.at:%Y-%m-%d %H:%M %Z}, and is a draft."
    if one.phase is Phase.STOPPED and one.begun:
        return f"{one.slug} was stopped at {one.begun.provider}, and is left alone."
    if one.moved and one.begun:
        there = f"{one.slug} was handed over to {one.begun.provider}, and its file says otherwise since."
        return f"{there} To take it back: digest cancel {one.slug}"
    return ""


def gravest_first(faults: Iterable[tuple[str, DigestError]]) -> DigestError | None:
    """
    Return what went wrong with several issues as one error, which ends the program as the gravest of them would.

    An issue that some readers have weighs more than one that nobody has, and so do the exit codes.
    """
    named = [_with_name(slug, fault) for slug, fault in faults]
    named.sort(key=lambda fault: -fault.exit_code)
    if len(named) > 1:
        return CombinedError(named)
    return named[0] if named else None


def _with_name(slug: str, fault: DigestError) -> DigestError:
    """Name the issue in a sentence that leaves it open which is meant."""
    named_already = re.search(rf"(?<![\w-]){re.escape(slug)}(?![\w-])", fault.sentence)
    if isinstance(fault, CombinedError) or fault.place or named_already:
        return fault
    named = type(fault)(f"{slug}: {fault.sentence}", hint=fault.hint)
    named.__cause__ = fault.__cause__
    return named
