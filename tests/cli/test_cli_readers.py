"""`digest subscribers`, as a person and a script meet it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run


def test_import_tells_what_became_of_the_rows(run: Run, letter: Path) -> None:
    """Counts on standard output; rows that were not taken on standard error, by line, with exit code 4."""
    (letter / "more.csv").write_text("email,name\nann@example.org,Ann\nnonsense,Bob\nada@example.org,Ada F\n", "utf-8")
    result = run("subscribers", "import", "more.csv")
    assert result.exit_code == 4
    assert result.stdout == "added 1 · updated 1 · unchanged 0 · kept away 0\n"
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
        "tags": ["friends"],
        "fields": {"first_name": "Ann"},
    }
    assert run("subscribers", "remove", "ANN@example.org").stdout == "removed\n"
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
    assert (letter / "out.csv").read_text("utf-8") == (
        "email,name,first_name,tags\nada@example.org,Ada Fictional,Ada,friends\nnoor@example.org,,,\n"
    )
    assert json.loads(run("subscribers", "import", "out.csv", "--json").stdout)["unchanged"] == 2
    result = run("subscribers", "export", "-o", "nowhere/out.csv")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
