"""What is due at a moment, and what is not: with a frozen clock, however late, early or often somebody asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from digest.config import Send
from digest.errors import CombinedError, ContentError, DigestError, IncompleteError, Place, ProviderError
from digest.model import Issue, Prose
from digest.publishing.scheduling.due import Agenda, arrange, gravest_first
from digest.publishing.scheduling.schedule import Appointment, Begun, Phase, is_shown, phase_of_issue, phase_of_mailing
from digest.reading.values import moment
from digest.store import Course

LIMITS = Send()
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BEFORE, AFTER = timedelta(seconds=-1), timedelta(seconds=1)


def issue(slug: str, send_at: datetime | None, *, ready: bool = True) -> Issue:
    """Return the front matter of an issue."""
    return Issue(
        path=Path(f"issues/{slug}.md"),
        slug=slug,
        subject=slug,
        title=slug,
        preheader="",
        date=None,
        number=None,
        contents=None,
        send_at=send_at,
        ready=ready,
        read_more=None,
        introduction=Prose(),
        parts=(),
    )


def entry(slug: str, phase: Phase, at: datetime | None = NOW) -> Appointment:
    """Return an issue that stands so."""
    begun = Begun(at=NOW, phase=phase, provider="buttondown")
    return Appointment(slug=slug, phase=phase, at=at, issue=issue(slug, at), begun=begun)


def slugs(agenda: Agenda) -> list[str]:
    """Return what is to be sent."""
    return [one.slug for one in agenda.to_send]


@pytest.mark.parametrize(
    ("ready", "since", "phase"),
    [
        (True, BEFORE, Phase.COMING),
        (True, timedelta(), Phase.DUE),
        (True, timedelta(hours=12), Phase.DUE),
        (True, timedelta(hours=12) + AFTER, Phase.LATE),
        (True, timedelta(days=30), Phase.LATE),
        (True, timedelta(days=30) + AFTER, Phase.OUTDATED),
        (True, None, Phase.UNDATED),
        (False, AFTER, Phase.DRAFT),
        (False, None, Phase.DRAFT),
    ],
)
def test_issue_that_nobody_has_begun(*, ready: bool, since: timedelta | None, phase: Phase) -> None:
    """It is due from its very second on, for as long as the settings say; a cron that was late still sends it."""
    send_at = None if since is None else NOW - since
    assert phase_of_issue(send_at, LIMITS, NOW, ready=ready) is phase


def test_long_patience_is_longer_than_the_end() -> None:
    """An issue that the settings still let leave is due, however old."""
    assert phase_of_issue(NOW - timedelta(days=60), replace(LIMITS, max_lateness=10_000), NOW, ready=True) is Phase.DUE


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        # The clocks go forward: what they skip is refused when it is read; beside it, the offset changes.
        ("2027-03-28 01:59", "Europe/Berlin", "2027-03-28T00:59"),
        ("2027-03-28 03:00", "Europe/Berlin", "2027-03-28T01:00"),
        # They go back: of the hour that comes twice, the first is meant, or the one whose offset is written.
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30"),
        ("2026-10-25 02:30+01:00", "Europe/Berlin", "2026-10-25T01:30"),
        ("2026-10-25 03:00", "Europe/Berlin", "2026-10-25T02:00"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01T05:30"),
        # Half an hour of summer time; no summer time at all; a day that was left out.
        ("2027-04-04 01:45", "Australia/Lord_Howe", "2027-04-03T14:45"),
        ("2026-10-04 02:30", "Australia/Lord_Howe", "2026-10-03T15:30"),
        ("2026-11-24 09:00", "Asia/Kolkata", "2026-11-24T03:30"),
        ("2011-12-29 23:59", "Pacific/Apia", "2011-12-30T09:59"),
        ("2011-12-31 00:00", "Pacific/Apia", "2011-12-30T10:00"),
    ],
)
def test_due_to_the_second_in_any_zone(written: str, zone: str, utc: str) -> None:
    """A local time is one moment, before which nothing leaves and from which on it is due."""
    at, there = datetime.fromisoformat(f"{utc}+00:00"), moment(written, ZoneInfo(zone))
    phases = [phase_of_issue(there, LIMITS, at + step, ready=True) for step in (BEFORE, timedelta(), AFTER)]
    assert phases == [Phase.COMING, Phase.DUE, Phase.DUE]
    assert phase_of_issue(there, LIMITS, at + timedelta(hours=12), ready=True) is Phase.DUE
    assert phase_of_issue(there, LIMITS, at + timedelta(hours=12) + AFTER, ready=True) is Phase.LATE


@pytest.mark.parametrize(
    ("written", "zone"), [("2027-03-28 02:30", "Europe/Berlin"), ("2011-12-30 12:00", "Pacific/Apia")]
)
def test_time_that_the_clocks_skip(written: str, zone: str) -> None:
    """It is refused, and not guessed at."""
    with pytest.raises(ValueError, match="does not exist"):
        moment(written, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("course", "unfinished", "doubtful", "ahead", "phase"),
    [
        (Course.OPEN, True, True, True, Phase.BEGUN),
        (Course.PAUSED, True, False, False, Phase.PAUSED),
        (Course.CANCELLED, True, True, True, Phase.CANCELLED),
        (Course.OPEN, False, True, True, Phase.DOUBTED),
        (Course.OPEN, False, False, True, Phase.AHEAD),
        (Course.OPEN, False, False, False, Phase.SENT),
        (Course.PAUSED, False, False, False, Phase.SENT),
    ],
)
def test_issue_that_was_begun(course: Course, *, unfinished: bool, doubtful: bool, ahead: bool, phase: Phase) -> None:
    """What is left to be sent counts before what is in doubt; what a person has ended is over."""
    assert phase_of_mailing(course, unfinished=unfinished, doubtful=doubtful, ahead=ahead) is phase


def test_cron_early_late_doubled_and_skipped() -> None:
    """Whenever it comes, each issue is to be sent once it is due, and no other; two that come at once see the same."""
    times = [NOW + timedelta(days=day) for day in range(3)]
    calls = [NOW + timedelta(hours=hour) for hour in (-1, 0, 0, 3, 30, 30, 49)]
    seen = []
    for now in calls:
        phases = [phase_of_issue(at, LIMITS, now, ready=True) for at in times]
        entries = [entry(str(number), phase, at) for number, (phase, at) in enumerate(zip(phases, times, strict=True))]
        seen.append(slugs(arrange(entries, LIMITS, now)))
    assert seen == [[], ["0"], ["0"], ["0"], ["1"], ["1"], ["2"]]


def test_what_is_sent_and_what_is_not() -> None:
    """What was begun goes on and what is due is sent, the oldest first; the others are faults, notes, or nothing."""
    entries = [entry(phase.name.lower(), phase, NOW + timedelta(minutes=n)) for n, phase in enumerate(Phase)]
    agenda = arrange(entries, LIMITS, NOW + timedelta(days=1))
    assert slugs(agenda) == ["due", "begun"]
    assert agenda.next is not None
    assert agenda.next.slug == "coming"
    assert {(one.slug, fault.exit_code) for one, fault in agenda.faults} == {("late", 4), ("paused", 6), ("doubted", 6)}
    assert [note.split()[0] for note in agenda.notes] == ["draft", "undated", "stopped"]


@pytest.mark.parametrize(
    ("held", "sentence"),
    [("", "somebody has paused weekly"), ("no money is left", "weekly is held: no money is left")],
    ids=["by somebody", "by workers"],
)
def test_paused_issue_says_by_whom(held: str, sentence: str) -> None:
    """Where workers hold an issue, the reason is said, and no person is blamed."""
    one = entry("weekly", Phase.PAUSED)
    held_one = replace(one, begun=Begun(at=NOW, phase=Phase.PAUSED, provider="outbox", held=held))
    ((_, fault),) = arrange([held_one], LIMITS, NOW).faults
    assert fault.sentence == sentence
    assert "digest send weekly" in fault.hint


def test_late_issue_leaves_when_a_person_says_so() -> None:
    """With --late it is sent; nobody asks any more about one whose time was a month ago."""
    entries = [entry("late", Phase.LATE), entry("outdated", Phase.OUTDATED)]
    agenda = arrange(entries, LIMITS, NOW, late=True)
    assert (slugs(agenda), agenda.faults) == (["late"], [])


@pytest.mark.parametrize(
    ("ahead", "is_sent"),
    [
        (timedelta(minutes=14), False),
        (timedelta(minutes=15), True),
        (timedelta(hours=72), True),
        (timedelta(hours=73), False),
    ],
)
def test_handed_over_ahead(ahead: timedelta, *, is_sent: bool) -> None:
    """What is within the provider's horizon is handed over now; what is too near waits for its time."""
    coming = entry("first-snow", Phase.COMING, NOW + ahead)
    agenda = arrange([coming], LIMITS, NOW, horizon=timedelta(hours=72))
    assert bool(agenda.to_send) is is_sent
    assert (agenda.next is None) is is_sent
    assert slugs(arrange([coming], LIMITS, NOW)) == []


@pytest.mark.parametrize(
    ("says", "moved"),
    [("2026-10-25 02:30", False), ("2026-10-25 02:30+01:00", True), ("2026-10-25 02:31", True)],
)
def test_handed_over_within_an_hour_that_comes_twice(says: str, *, moved: bool) -> None:
    """A file that has not changed says what the provider was told; one that has is named, since that has no effect."""
    zone = ZoneInfo("Europe/Berlin")
    told = datetime.fromisoformat(moment("2026-10-25 02:30", zone).isoformat())  # as it is kept
    begun = Begun(at=told, phase=Phase.AHEAD, provider="sendgrid", deliver_at=told)
    one = Appointment(slug="it", phase=Phase.AHEAD, at=told, issue=issue("it", moment(says, zone)), begun=begun)
    assert one.moved is moved
    assert bool(arrange([one], LIMITS, told).notes) is moved


def test_what_a_service_has_taken_whole_is_over_at_its_time() -> None:
    """Nobody asks the service whether it has left, and it is not shown for ever; before, it is."""
    one = entry("it", Phase.AHEAD)
    shown = [is_shown(one, NOW + timedelta(days=days)) for days in (-300, -1, 6, 8)]
    assert shown == [True, True, True, False]


def test_broken_issue_is_a_fault() -> None:
    """Nobody knows whether it is due, so it is told, and the others leave."""
    fault = ContentError("no such status", place=Place("issues/a.md", 2))
    broken = Appointment(slug="a", phase=Phase.BROKEN, fault=fault)
    agenda = arrange([broken, entry("due", Phase.DUE)], LIMITS, NOW)
    assert agenda.faults == [(broken, fault)]
    assert slugs(agenda) == ["due"]


def test_gravest_fault_is_the_exit_code() -> None:
    """An issue that some readers have weighs most; each sentence names its issue."""
    faults: list[tuple[str, DigestError]] = [
        ("a", ContentError("too late", hint="Say --late.")),
        ("b", IncompleteError("somebody has paused b")),
        ("c", ProviderError("nobody is there")),
    ]
    gravest = gravest_first(faults)
    assert isinstance(gravest, CombinedError)
    assert gravest.exit_code == 6
    assert gravest.lines() == ["somebody has paused b", "c: nobody is there", "a: too late", "  Say --late."]
    assert gravest_first([]) is None
