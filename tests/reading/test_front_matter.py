"""Front matter: each key, each fault at its line with the way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from editors_desk import Desk, filled

from digest.errors import ContentError
from digest.reading import ISSUE_KEYS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a newsletter without issues."""
    return Desk(root=tmp_path)


def with_keys(*lines: str) -> str:
    """Return an issue with these lines as its front matter."""
    return "\n".join(["---", *lines, "---", "Hello."])


# The block


def test_every_key_is_read(desk: Desk) -> None:
    """What stands in the front matter stands in the issue."""
    issue = desk.read(
        with_keys(
            "subject: A subject",
            "title: A title",
            "preheader: A preheader",
            "slug: Ünusual slug",
            "number: 042",
            "date: 2026-11-25",
            "send_at: 2026-11-26 09:00",
            "status: ready",
            "read_more: Go on",
            "teaser_words: 40",
            "contents: yes",
        )
    )
    assert (issue.subject, issue.title, issue.preheader) == ("A subject", "A title", "A preheader")
    assert (issue.slug, issue.number, issue.date) == ("unusual-slug", 42, date(2026, 11, 25))
    assert issue.send_at == datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
    assert (issue.ready, issue.read_more, issue.contents) == (True, "Go on", True)


def test_no_key_is_needed(desk: Desk) -> None:
    """The smallest issue has no front matter: its name says the rest."""
    issue = desk.read("Hello.", "2026-11-24-past-the-plateau.md")
    assert (issue.subject, issue.title, issue.slug) == (
        "Past the plateau",
        "Past the plateau",
        "2026-11-24-past-the-plateau",
    )
    assert (issue.date, issue.send_at, issue.number, issue.contents) == (date(2026, 11, 24), None, None, None)
    assert not issue.ready


@pytest.mark.parametrize("key", [key for key in ISSUE_KEYS if key != "subject"])
@pytest.mark.parametrize("blank", ["", "~", "null", '""', "# later"])
def test_a_blank_key_counts_as_absent(desk: Desk, key: str, blank: str) -> None:
    """A key that still waits for its value is no fault."""
    waiting, none = (desk.read(text) for text in (with_keys(f"{key}: {blank}"), "Hello."))
    assert replace(waiting, introduction=none.introduction) == none


def test_former_names(desk: Desk) -> None:
    """They are read as slugs are, with commas between, those of stories behind a slash."""
    issue = desk.read(with_keys("formerly: First Snow, 2026-x/A story ,"))
    assert issue.formerly == ("first-snow", "2026-x/a-story")


@pytest.mark.parametrize("blank", ["", "~", '"  "'])
def test_a_blank_subject_is_a_fault(desk: Desk, blank: str) -> None:
    """A subject that was begun and not written must not silently become another one."""
    assert desk.faults(with_keys("number: 1", f"subject: {blank}")) == [
        "2026-11-24-hello.md:3: `subject` has no value",
        "Write one, or delete the line: the subject is then the title, or the name of the file.",
    ]


def test_front_matter_that_never_ends(desk: Desk) -> None:
    """The fault stands where the block begins."""
    assert desk.faults("---\nsubject: Hello\n\nText.\n") == [
        "2026-11-24-hello.md:1: the front matter that begins here never ends",
        "Put a line of three hyphens, ---, below its last key.",
    ]


def test_empty_lines_may_stand_above_it(desk: Desk) -> None:
    """Front matter that an empty line precedes is still none of the text, and its lines are counted rightly."""
    assert desk.read("\n\n---\nsubject: Hello\n---\nText.").subject == "Hello"
    assert desk.faults("\n\n---\nnumber: x\n---\nText.")[0].startswith("2026-11-24-hello.md:4: ")


def test_a_key_that_stands_twice(desk: Desk) -> None:
    """The second one is named, and where the first one is."""
    assert desk.faults(with_keys("subject: One", "number: 1", "subject: Two")) == [
        '2026-11-24-hello.md:4: the key "subject" stands here a second time',
        "It stands in line 2 already; keep one of them.",
    ]


def test_an_unknown_key(desk: Desk) -> None:
    """A slip of the pen is answered by the key that was meant."""
    assert desk.faults(with_keys("subject: One", "preheadr: Two")) == [
        '2026-11-24-hello.md:3: unknown key "preheadr"',
        'did you mean "preheader"?',
    ]


def test_an_unknown_key_that_resembles_none(desk: Desk) -> None:
    """Where nothing is near, all keys are listed."""
    assert desk.faults(with_keys("zzz: One"))[1] == "known: " + ", ".join(sorted(ISSUE_KEYS))


def test_all_faults_of_front_matter_come_together(desk: Desk) -> None:
    """They come in the order of their lines, with those of the Markdown, so that they are mended in one go."""
    text = "---\nsubject:\nsubjct: x\nnumber: none\nstatus: redy\n---\nHello {{ frst_name }}."
    assert [line.partition(" ")[0] for line in desk.faults(text) if line.startswith("2026")] == [
        f"2026-11-24-hello.md:{line}:" for line in (2, 3, 4, 5, 7)
    ]


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("- one\n- two", 2, "the front matter is no list of keys and values"),
        ("\n\nonly words", 4, "the front matter is no list of keys and values"),
        ("number: 1\nsubject: Hello: world", 3, "the front matter is not YAML: mapping values are not allowed"),
        ("number: 1\nsubject: @you", 3, "the front matter is not YAML: found character that cannot start any token"),
        ("number: 1\nsubject: {{ first_name }}", 3, "`subject` is no plain text"),
        ("subject: {{ first_name }}, hello", 2, "the front matter is not YAML"),
        ("subject: [a, b]", 2, "`subject` is no plain text"),
        ("? [a, b]\n: c", 2, "unknown key"),
        ("number: 1\n...\nsubject: x", 4, "the front matter is not YAML"),
        ("subject: *nowhere", 2, "the front matter is not YAML"),
    ],
)
def test_front_matter_that_is_none(desk: Desk, text: str, line: int, fault: str) -> None:
    """What is no list of keys and plain values is refused at its line."""
    assert desk.faults(f"---\n{text}\n---\nHello.")[0].startswith(f"2026-11-24-hello.md:{line}: {fault}")


def test_a_field_without_quotes_is_told_to_take_some(desk: Desk) -> None:
    """Braces mean something else to YAML; the way out is shown."""
    assert desk.faults(with_keys("subject: {{ first_name }}"))[1] == 'Put the value in quotes: subject: "…"'


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'Hello: world'", "Hello: world"),
        ('"Hello: world"', "Hello: world"),
        ("Time 12:30", "Time 12:30"),
        ("no", "no"),
        ("2026-02-30", "2026-02-30"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("'null'", "null"),
        ("C# and F#", "C# and F#"),
        (">\n  two\n  lines", "two lines"),
        ("|\n  two\n  lines", "two lines"),
        ("100% for $5 *|FNAME|*", "100% for $5 *|FNAME|*"),
        ("李さん 👩‍💻 שלום", "李さん 👩‍💻 שלום"),
    ],
)
def test_a_value_stays_what_was_written(desk: Desk, written: str, read: str) -> None:
    """YAML's ideas of numbers, days and yes change no text."""
    assert desk.read(with_keys(f"subject: {written}")).subject == read


# Fields in it


@pytest.mark.parametrize("key", ["subject", "title", "preheader", "read_more"])
def test_texts_may_hold_fields(desk: Desk, key: str) -> None:
    """Each text that a reader sees may have fields, with and without a fallback."""
    issue = desk.read(with_keys(f'{key}: Hi {{{{ first_name or "you" }}}} at {{{{company}}}}'))
    assert filled(getattr(issue, key)) == "Hi [first_name|you] at [company|your company]"


def test_braces_behind_a_backslash_are_text(desk: Desk) -> None:
    """The backslash goes, and nothing is filled in."""
    assert desk.read(with_keys(r"subject: We miss you, \{{ first_name }}")).subject == "We miss you, {{ first_name }}"


@pytest.mark.parametrize(
    ("written", "fault", "way_out"),
    [
        ("Hi {{ frist_name }}", 'no field "frist_name" is declared', 'did you mean "first_name"?'),
        ("Hi {{ token }}", 'no field "token" is declared', "known: company, email, first_name, name."),
        ("Hi {{ user.name }}", "`{{ user.name }}` is no field of the reader", "Two forms exist: {{ name }}"),
        ("Hi {{ name", "`{{` is no field of the reader", "Two forms exist: {{ name }}"),
    ],
)
def test_a_field_that_is_none(desk: Desk, written: str, fault: str, way_out: str) -> None:
    """It is named at its line."""
    first, second = desk.faults(with_keys("number: 1", f"subject: {written}"))
    assert first == f"2026-11-24-hello.md:3: {fault}"
    assert second.startswith(way_out)


# Numbers and switches


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "one", "٣", "²", "9999999999"])
def test_a_number_counts_from_one(desk: Desk, number: str) -> None:
    """Issues, minutes and words are counted from 1 up."""
    assert desk.faults(with_keys(f"number: {number}")) == [
        f'2026-11-24-hello.md:2: `number`: "{number}" is no whole number from 1 up'
    ]


@pytest.mark.parametrize(("written", "ready"), [("ready", True), ("draft", False)])
def test_the_status_is_ready_or_draft(desk: Desk, written: str, ready: bool) -> None:  # noqa: FBT001  # a parameter
    """Only an issue that says so is ready."""
    assert desk.read(with_keys(f"status: {written}")).ready is ready


def test_another_status(desk: Desk) -> None:
    """A near miss is answered by the word that was meant."""
    assert desk.faults(with_keys("status: Ready")) == [
        '2026-11-24-hello.md:2: `status`: "Ready" is no status; did you mean "ready"?'
    ]


def test_a_switch_that_is_neither(desk: Desk) -> None:
    """Contents are there or not."""
    assert desk.read(with_keys("contents: False")).contents is False
    assert desk.faults(with_keys("contents: maybe")) == [
        '2026-11-24-hello.md:2: `contents`: "maybe" is neither true nor false'
    ]


# Days and times


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-24 09:00", datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
        ("2026-11-24T09:00:30", datetime(2026, 11, 24, 8, 0, 30, tzinfo=UTC)),
        ("2026-11-24 09:00+00:00", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("2026-11-24T09:00Z", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("2026-07-01 09:00", datetime(2026, 7, 1, 7, 0, tzinfo=UTC)),
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_meant_in_the_newsletters_zone(desk: Desk, written: str, moment: datetime) -> None:
    """Unless it has an offset; of an hour that comes twice in autumn, the first is meant."""
    send_at = desk.read(with_keys(f"send_at: {written}")).send_at
    assert send_at
    assert send_at.astimezone(UTC) == moment  # Python calls times of a doubled hour unequal across zones
    assert send_at.utcoffset() in {timedelta(hours=1), timedelta(hours=2)}


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("2026-11-31 09:00", '"2026-11-31 09:00" is no time that exists; write it as 2026-11-24 09:00'),
        ("2026-11-24 25:00", '"2026-11-24 25:00" is no time that exists; write it as 2026-11-24 09:00'),
        ("tomorrow", '"tomorrow" is no time that exists; write it as 2026-11-24 09:00'),
        ("0001-01-01 00:00+14:00", '"0001-01-01 00:00+14:00" is no time that exists; write it as 2026-11-24 09:00'),
        ("2026-11-24", '"2026-11-24" says no time of the day; write it as 2026-11-24 09:00'),
        (
            "2026-03-29 02:30",
            '"2026-03-29 02:30" does not exist in Europe/Berlin, where the clocks skip it; 03:30 does',
        ),
    ],
)
def test_a_time_that_does_not_exist(desk: Desk, written: str, fault: str) -> None:
    """Nor is a day without a time one at which something can be sent."""
    assert desk.faults(with_keys("number: 1", f"send_at: {written}")) == [f"2026-11-24-hello.md:3: `send_at`: {fault}"]


def test_a_day_that_does_not_exist(desk: Desk) -> None:
    """The fault shows how a day is written."""
    assert desk.faults(with_keys("date: 2026-02-30")) == [
        '2026-11-24-hello.md:2: `date`: "2026-02-30" is no day that exists; write it as 2026-11-24'
    ]


def test_the_day_comes_from_the_key_then_the_name_then_the_time(desk: Desk) -> None:
    """The first of them that is there counts."""
    key, time = "date: 2026-01-01", "send_at: 2026-01-03 23:30"
    assert desk.read(with_keys(key, time), "2026-01-02-x.md").date == date(2026, 1, 1)
    assert desk.read(with_keys(time), "2026-01-02-x.md").date == date(2026, 1, 2)
    assert desk.read(with_keys(time), "x.md").date == date(2026, 1, 3)
    assert desk.read("Hello.", "2026-01-023-x.md").date is None


def test_a_name_with_a_day_that_does_not_exist(desk: Desk) -> None:
    """The name of the file is a place for a fault as well; a date of its own overrules it."""
    with pytest.raises(ContentError) as caught:
        desk.read("Hello.", "2026-02-30-x.md")
    first, second = caught.value.lines()
    assert first.startswith("issues/2026-02-30-x.md:1: the name of the issue begins with a day that does not exist")
    assert second.strip() == "Rename it, or say `date: …`."
    assert desk.read(with_keys("date: 2026-03-01"), "2026-02-30-x.md").date == date(2026, 3, 1)


# Subject, title, slug


@pytest.mark.parametrize(
    ("text", "name", "subject", "title"),
    [
        ("---\nsubject: S\n---\n# Heading\n\nText.", "2026-11-24-x.md", "S", "Heading"),
        ("---\ntitle: T\n---\n# Heading\n\nText.", "2026-11-24-x.md", "T", "T"),
        ("# Heading *one*\n\nText.", "2026-11-24-x.md", "Heading one", "Heading one"),
        ("Text.\n\n## Second", "2026-11-24-from_the-name.md", "From the name", "From the name"),
        ("Text.\n\n## [Second `x`](https://example.org/)", "2026-11-24.md", "Second x", "Second x"),
    ],
)
def test_subject_and_title_stand_in_for_each_other(desk: Desk, text: str, name: str, subject: str, title: str) -> None:
    """Both come from the front matter, the title of the page, the name of the file, or its first heading."""
    issue = desk.read(text, name)
    assert (issue.subject, issue.title) == (subject, title)


def test_nothing_to_take_a_subject_from(desk: Desk) -> None:
    """An issue without a subject, a title, a name or a heading is a fault."""
    with pytest.raises(ContentError) as caught:
        desk.read("Only text.", "2026-11-24.md")
    assert caught.value.lines() == [
        "issues/2026-11-24.md:1: the issue has no subject",
        "  Add `subject: …` to its front matter.",
    ]


def test_a_folder_keeps_the_dots_in_its_name(desk: Desk) -> None:
    """What follows a dot in the name of a folder is no ending."""
    issue = desk.read_folder({"2026-11-24-v1.5 is out/index.md": "Hello."}, "2026-11-24-v1.5 is out")
    assert (issue.subject, issue.slug) == ("V1.5 is out", "2026-11-24-v1-5-is-out")
