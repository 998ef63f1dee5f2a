"""`digest subscribers`, as a person and a script meet it."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from conftest import PROGRAM

from digest.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Program, Run


def test_import_tells_what_became_of_the_rows(run: Run, letter: Path) -> None:
    """Counts on standard output; rows that were not taken on standard error, by line, with exit code 4."""
    (letter / "more.csv").write_text("email,name\nann@example.org,Ann\nnonsense,Bob\nada@example.org,Ada F\n", "utf-8")
    result = run("subscribers", "import", "more.csv")
    assert result.exit_code == 4
    assert result.stdout == "added 1 · updated 1 · taken off 0 · unchanged 0 · kept away 0\n"
    lines = result.stderr.splitlines()
    assert lines[0].startswith("more.csv:3: no email address")
    assert lines[1] == "1 row not taken; mend them and import again."
    facts = json.loads(run("subscribers", "import", "more.csv", "--json").stdout)
    assert facts["unchanged"] == 2
    assert [row["line"] for row in facts["refused"]] == [3]


def test_many_refused_rows(run: Run, letter: Path) -> None:
    """The first twenty are shown, and all are counted."""
    (letter / "more.csv").write_text("email\n" + "nonsense\n" * 50, "utf-8")
    result = run("subscribers", "import", "more.csv")
    assert result.stderr.count("no email address") == 20
    assert "50 rows not taken" in result.stderr


def test_import_of_standard_input(run: Run) -> None:
    """A lone hyphen reads it, as the bytes that they are; faults say where they stand."""
    result = run("subscribers", "import", "-", stdin="\ufeffemail;name\r\nann@example.org;Jürgen\r\n".encode())
    assert result.stdout.startswith("added 1 ")
    assert "Jürgen" in run("subscribers", "list").stdout
    result = run("subscribers", "import", "-", stdin=b"email\nnonsense\n")
    assert result.stderr.startswith("standard input:2: ")


def test_wrong_file(run: Run, letter: Path) -> None:
    """A list without addresses is a fault of its content."""
    (letter / "more.csv").write_text("name\nAnn\n", "utf-8")
    result = run("subscribers", "import", "more.csv")
    assert result.exit_code == 4
    assert 'more.csv:1: there is no column "email"' in result.stderr


def test_life_of_a_reader(run: Run) -> None:
    """Added, shown, removed, and not brought back by any import."""
    arguments = ("--name", "Ann", "--field", "first_name=Ann", "--tag", "friends")
    assert run("subscribers", "add", "ann@example.org", *arguments).stdout == "added\n"
    assert run("subscribers", "add", "ann@example.org", *arguments).stdout == "unchanged\n"
    assert run("subscribers", "list", "--tag", "friends").stdout.count("\n") == 2
    (ann,) = (row for row in _list(run) if row["email"] == "ann@example.org")
    assert ann == {
        "email": "ann@example.org",
        "name": "Ann",
        "standing": "active",
        "paused_until": None,
        "tags": ["friends"],
        "fields": {"first_name": "Ann"},
    }
    assert run("subscribers", "remove", "ANN@example.org").stdout == "left\n"
    assert [row["email"] for row in _list(run, "--standing", "left")] == ["ann@example.org"]
    assert run("subscribers", "import", "-", stdin=b"email\nann@example.org\n").stdout.endswith("kept away 1\n")
    assert run("subscribers", "add", "ann@example.org").stdout == "kept away\n"
    assert "ann@" not in run("subscribers", "export").stdout
    assert "ann@" in run("subscribers", "export", "--standing", "left").stdout


def _list(run: Run, *options: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(run("subscribers", "list", *options, "--json").stdout)["subscribers"]
    return rows


def test_field_that_is_not_declared(run: Run) -> None:
    """It is refused, with what may have been meant."""
    result = run("subscribers", "add", "ann@example.org", "--field", "frist_name=Ann")
    assert result.exit_code == 2
    assert 'did you mean "first_name"?' in result.stderr


def test_export_into_a_file(run: Run, letter: Path) -> None:
    """The file is what import takes, and is written whole or not at all."""
    assert run("subscribers", "export", "-o", "out.csv").stdout == ""
    rows = list(csv.DictReader((letter / "out.csv").read_text("utf-8").splitlines()))
    assert [(row["email"], row["name"], row["first_name"], row["tags"], row["standing"]) for row in rows] == [
        ("ada@example.org", "Ada Fictional", "Ada", "friends", "active"),
        ("noor@example.org", "", "", "", "active"),
    ]
    assert json.loads(run("subscribers", "import", "out.csv", "--json").stdout)["unchanged"] == 2
    result = run("subscribers", "export", "-o", "nowhere/out.csv")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr


def test_export_of_everyone(run: Run) -> None:
    """With --standing all, those who left are in it too; --raw leaves formulas as they are."""
    run("subscribers", "add", "=x@example.org", "--name", "=1+1")
    run("subscribers", "remove", "noor@example.org")
    everyone = run("subscribers", "export", "--standing", "all").stdout
    assert "noor@example.org" in everyone
    assert "\n'=x@example.org,'=1+1," in everyone
    assert "\n=x@example.org,=1+1," in run("subscribers", "export", "--raw").stdout


def test_rehearsal_of_an_import(run: Run) -> None:
    """It says what would become of the rows, and that it was none."""
    result = run(
        "subscribers", "import", "-", "--dry-run", "--tag", "x", stdin=b"email\na.nn@example.org\nann@example.org\n"
    )
    assert result.stdout.splitlines() == [
        "added 2 · updated 0 · taken off 0 · unchanged 0 · kept away 0",
        "1 address looks like another one, but for dots or a plus: lines 2 and 3.",
        "This was a rehearsal; nothing was changed.",
    ]
    assert "ann@" not in run("subscribers", "list").stdout


def test_import_of_an_export(run: Run) -> None:
    """It is said whose export it was, and which columns were passed over."""
    text = b"email,active_subscription,email_disabled,created_at,shoe\nann@example.org,,true,,41\n"
    result = run("subscribers", "import", "-", "--ignore-extra", "--consent", "by mail", stdin=text)
    assert result.stdout.splitlines() == [
        "added 0 · updated 0 · taken off 0 · unchanged 0 · kept away 1",
        "Read as an export of Substack.",
        "Passed over: shoe.",
    ]


def test_story_of_a_reader(run: Run) -> None:
    """A person gets it in aligned lines, a script as an object."""
    run("subscribers", "remove", "ada@example.org", "--standing", "complained", "--reason", "wrote to us")
    lines = run("subscribers", "show", "ADA@example.org").stdout.splitlines()
    assert lines[0] == "address     ada@example.org"
    assert "standing    complained" in lines
    assert "first_name  Ada" in lines
    assert lines[-1].endswith("  active → complained: wrote to us")
    facts = json.loads(run("subscribers", "show", "ada@example.org", "--json").stdout)
    assert (facts["standing"], facts["consent"]["source"]) == ("complained", "subscribers.csv")
    assert run("subscribers", "show", "zoe@example.org").exit_code == 2


@pytest.mark.parametrize("number", ["1", "#1"])
def test_a_reader_by_number(run: Run, number: str) -> None:
    """A reader is shown by the number that check calls them by; a number that nobody has is no reader."""
    assert run("subscribers", "show", number).stdout == run("subscribers", "show", "ada@example.org").stdout
    for nobody in ("99", "9" * 30):
        assert run("subscribers", "show", nobody).exit_code == 2


def test_counts(run: Run) -> None:
    """Everyone is counted by how they stand."""
    run("subscribers", "remove", "ada@example.org")
    counts = {"pending": 0, "active": 1, "left": 1, "bounced": 0, "complained": 0}
    lines = run("subscribers", "count").stdout.splitlines()
    assert [line.split() for line in lines] == [[word, str(count)] for word, count in {**counts, "paused": 0}.items()]
    facts = json.loads(run("subscribers", "count", "--json").stdout)
    assert facts == {"standings": counts, "paused": 0, "segments": {}}


def test_forgetting(run: Run, letter: Path) -> None:
    """It takes a secret and a word of confirmation, erases for good, and says what it cannot reach."""
    (letter / ".env").unlink()
    result = run("subscribers", "forget", "ada@example.org", "--yes")
    assert (result.exit_code, "DIGEST_SECRET=" in result.stderr) == (3, True)
    line = next(line.strip() for line in result.stderr.splitlines() if line.startswith("  DIGEST_SECRET="))
    (letter / ".env").write_text(f"{line}\n", encoding="utf-8")
    result = run("subscribers", "forget", "ada@example.org")
    assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    result = run("subscribers", "forget", "ada@example.org", "--yes")
    assert result.stdout == "forgotten\n"
    assert "backups" in result.stderr
    assert run("subscribers", "import", "-", stdin=b"email\nada@example.org\n").stdout.endswith("kept away 1\n")
    assert run("subscribers", "add", "ada@example.org").stdout == "kept away\n"
    assert run("subscribers", "forget", "zoe@example.org", "--yes").stdout.startswith("it was not on the list")
    (letter / ".env").unlink()
    assert run("subscribers", "add", "bob@example.org").exit_code == 3


def _many(first: int, last: int) -> str:
    rows = "".join(f"reader{number}@example.org,Reader {number}\n" for number in range(first, last))
    return f"email,name\n{rows}"


def _count(letter: Path) -> int:
    with closing(sqlite3.connect(letter / ".digest" / "digest.db")) as connection:
        (count,) = connection.execute("select count(*) from subscribers").fetchone()
    return int(count)


def test_import_killed_in_the_middle(program: Program, letter: Path) -> None:
    """Nothing of it was done; run again, it does all of it."""
    text = _many(0, 5_000)
    process = subprocess.Popen(
        [PROGRAM, "subscribers", "import", "-"], cwd=letter, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    process.stdin.write(text.encode())  # some of it is in the transaction; its end never comes
    process.stdin.flush()
    _wait_for_a_writer(letter)
    process.kill()
    process.communicate()
    assert _count(letter) == 2
    (letter / "more.csv").write_text(text, encoding="utf-8")
    assert program.run("subscribers", "import", "more.csv").stdout.startswith("added 5,000 ")


def _wait_for_a_writer(letter: Path) -> None:
    """Return once another program is within a transaction that writes."""
    with closing(sqlite3.connect(letter / ".digest" / "digest.db", timeout=0, isolation_level=None)) as connection:
        for _ in range(1_000):
            try:
                connection.execute("begin immediate")
            except sqlite3.OperationalError:
                return
            connection.execute("rollback")
            time.sleep(0.01)
    pytest.fail("nobody began to write")


def test_two_imports_at_once(program: Program, letter: Path) -> None:
    """Both are done, one after the other, and each reader is on the list once."""
    (letter / "one.csv").write_text(_many(0, 3_000), encoding="utf-8")
    (letter / "two.csv").write_text(_many(1_000, 4_000), encoding="utf-8")
    processes = [program.start("subscribers", "import", name, "--json") for name in ("one.csv", "two.csv")]
    reports = [json.loads(process.communicate()[0]) for process in processes]
    assert sum(report["added"] for report in reports) == 4_000
    assert sum(report["unchanged"] for report in reports) == 2_000
    assert _count(letter) == 4_002


def test_segments_are_counted(run: Run, letter: Path) -> None:
    """Those with names are counted beside the standings, an expression alone; wrong names are told."""
    run("subscribers", "add", "pro@example.org", "--tag", "pro")
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[segments]\npros = "tag:pro"\nreaders-of-snow = "opened:2020-snow"\n')
    facts = json.loads(run("subscribers", "count", "--json").stdout)
    assert facts["standings"]["active"] == 3
    assert facts["segments"] == {"pros": 1, "readers-of-snow": None}
    assert run("subscribers", "count", "--segment", "not tag:pro").stdout.split() == ["not", "tag:pro", "2"]
    wrong = run("subscribers", "count", "--segment", "tag:prp")
    assert wrong.exit_code == 2
    assert 'did you mean "pro"?' in wrong.stderr


def test_reader_is_shown_with_what_they_were_sent(run: Run) -> None:
    """Whether somebody got an issue can be asked of the reader, too."""
    run("send", "--yes")
    facts = json.loads(run("subscribers", "show", "ada@example.org", "--json").stdout)
    assert [(row["issue"], row["state"]) for row in facts["issues"]] == [("2026-11-24-hello", "sent")]
    assert "2026-11-24-hello" in run("subscribers", "show", "ada@example.org").stdout


def test_reader_in_a_pause(run: Run, letter: Path) -> None:
    """The list, the counts, the plan and what is known of the reader say so."""
    begin, end = datetime(2026, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
    with open_store(f"sqlite:///{letter}/.digest/digest.db") as store:
        reader = store.subscribers.find("ada@example.org")
        assert reader
        store.pauses.put(reader.id, until=end, now=begin)
    assert "paused" in run("subscribers", "list").stdout.splitlines()[0]
    ada, noor = _list(run)
    assert (ada["standing"], ada["paused_until"], noor["paused_until"]) == ("active", end.isoformat(), None)
    assert json.loads(run("subscribers", "count", "--json").stdout)["paused"] == 1
    assert "2026-01-02 to 9999-01-01" in run("subscribers", "show", "ada@example.org").stdout
    assert json.loads(run("send", "--dry-run", "--json").stdout)["excluded"] == {"paused": 1}
