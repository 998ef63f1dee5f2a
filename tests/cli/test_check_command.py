"""`digest check`: what it prints for people and for machines, and what its exit code says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest import __version__
from digest.checking.rules import RULES

if TYPE_CHECKING:
    from click.testing import Result
    from conftest import Run

MANUAL = (Path(__file__).parents[2] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
SLUG = "2026-11-24-hello"
FILE = f"issues/{SLUG}.md"
FRONT = (
    "---\nsubject: Nine lamps that outlived their streets\npreheader: What a night watchman counted in the rain\n---\n"
)
SOUND = f'{FRONT}Good evening {{{{ first_name or "there" }}}}, the lamps are lit at five.\n'
INSECURE = f"{SOUND}\nThe [list of lamps](http://lamps.example.net/list) in the clear.\n"
LOCAL = f"{INSECURE}\nThe [plan](https://localhost/plan) of the streets.\n"


@pytest.fixture(autouse=True)
def consent(run: Run, letter: Path) -> None:
    """Let it be known that the readers agreed."""
    (letter / "readers.csv").write_text("email\nada@example.org\nnoor@example.org\n", encoding="utf-8")
    run("subscribers", "import", "readers.csv", "--consent", "on the form, 2026-01-03")


def write(letter: Path, text: str, slug: str = SLUG) -> None:
    """Write an issue."""
    (letter / "issues" / f"{slug}.md").write_text(text, encoding="utf-8")


def facts(result: Result) -> dict[str, Any]:
    """Return the JSON that was printed."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_nothing_to_mend(run: Run, letter: Path) -> None:
    """One line says so, with what was looked at and how long it took."""
    write(letter, SOUND)
    result = run("check", "--strict")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Nothing to mend. 1 issue, ")
    assert result.stdout.endswith(" s\n")
    assert result.stdout.count("\n") == 1


def test_warnings_let_it_pass_unless_asked_to_be_strict(run: Run, letter: Path) -> None:
    """The exit code is 0, and 4 with --strict; each finding has a line that editors can open, and below it the fix."""
    write(letter, INSECURE)
    result = run("check", FILE)
    assert (result.exit_code, result.stderr) == (0, "")
    first, fix, last = result.stdout.splitlines()
    assert first.startswith(f"{FILE}:7:")
    assert ": warning link-insecure: " in first
    assert fix.startswith("  ")
    assert last.startswith("1 warning in 1 issue, ")
    strict = run("check", FILE, "--strict")
    assert strict.exit_code == 4
    assert strict.stdout.splitlines()[:2] == [first, fix]


def test_errors_fail(run: Run, letter: Path) -> None:
    """The exit code is 4, and all is told on standard output, in the order of the lines."""
    write(letter, LOCAL)
    result = run("check", SLUG)
    assert (result.exit_code, result.stderr) == (4, "")
    shown = [line for line in result.stdout.splitlines() if line.startswith(FILE)]
    assert [line.partition(": ")[2].partition(": ")[0] for line in shown] == [
        "warning link-insecure",
        "error link-localhost",
    ]
    assert "\n1 error, 1 warning in 1 issue, " in result.stdout


def test_every_unsent_issue(run: Run, letter: Path) -> None:
    """Without a name, all that are not yet sent are checked; with several, each stands under its slug."""
    write(letter, INSECURE)
    write(letter, LOCAL.replace("Nine", "Ten"), "2026-12-01-snow")
    result = run("check")
    assert [line for line in result.stdout.splitlines() if not line.startswith((" ", "issues/"))][:-1] == [
        SLUG,
        "2026-12-01-snow",
    ]
    assert "in 2 issues, " in result.stdout
    assert run("send", SLUG, "--yes").exit_code == 0
    rest = facts(run("check", "--format", "json"))
    assert [issue["issue"] for issue in rest["issues"]] == ["2026-12-01-snow"]


def test_everything_is_sent(run: Run) -> None:
    """There is nothing to check then, and that is said."""
    assert run("send", "--yes").exit_code == 0
    result = run("check", "--strict")
    assert (result.exit_code, result.stdout) == (
        0,
        "Nothing to check: there is no issue that was not sent yet. Name one to check it again.\n",
    )


def test_unreadable_issue(run: Run, letter: Path) -> None:
    """It is a finding like others, so that the rest is checked as well."""
    write(letter, "---\nsubjekt: x\n---\n")
    write(letter, LOCAL, "2026-12-01-snow")
    result = run("check")
    assert result.exit_code == 4
    assert f"{FILE}:2: error source: " in result.stdout
    assert "error link-localhost" in result.stdout


def test_unknown_rule_in_the_settings(run: Run, letter: Path) -> None:
    """The exit code is that of the settings, and nothing is said of the issue."""
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[check.rules]\nlink-insceure = "off"\n')
    result = run("check")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "link-insecure" in result.stderr


def test_rule_that_is_graded_otherwise(run: Run, letter: Path) -> None:
    """The settings decide how much its findings weigh."""
    write(letter, INSECURE)
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[check.rules]\nlink-insecure = "error"\n')
    result = run("check")
    assert result.exit_code == 4
    assert ": error link-insecure: " in result.stdout


def test_segment(run: Run, letter: Path) -> None:
    """It is held to the rules as it is for the readers of a segment."""
    write(letter, SOUND.replace(' or "there"', ""))
    run("subscribers", "add", "ada@example.org", "--field", "first_name=Ada", "--tag", "friends")
    assert run("check").exit_code == 4
    assert run("check", "--segment", "tag:friends").exit_code == 0
    assert run("check", "--segment", "tag:fiends").exit_code == 2


def test_json(run: Run, letter: Path) -> None:
    """One object has the issues with their findings, and the sums: the keys that the manual shows."""
    write(letter, LOCAL)
    result = run("check", "--format", "json")
    found = facts(result)
    assert result.exit_code == 4
    shown = json.loads(MANUAL.partition("## `digest check`")[2].partition("```json")[2].partition("```")[0])
    assert [*found] == [*shown]
    assert (found["errors"], found["warnings"], found["notes"]) == (1, 1, 0)
    (issue,) = found["issues"]
    assert (issue["issue"], issue["path"]) == (SLUG, FILE)
    first, second = issue["findings"]
    assert [*issue] == [*shown["issues"][0]]
    assert [*first] == [*shown["issues"][0]["findings"][0]]
    assert (first["rule"], first["severity"], first["path"], first["line"]) == ("link-insecure", "warning", FILE, 7)
    assert second["severity"] == "error"


def test_json_of_nothing(run: Run) -> None:
    """It is an object all the same."""
    run("send", "--yes")
    found = facts(run("check", "--format", "json"))
    assert (found["issues"], found["errors"]) == ([], 0)


@pytest.mark.skipif(sys.platform == "darwin", reason="APFS takes no name that is not UTF-8")
def test_file_whose_name_is_not_utf8(run: Run, letter: Path) -> None:
    """Machines get JSON all the same, with a name in it by which they find the file."""
    name = b"2026-12-01-sn\xf6w.md"
    (letter / FILE).unlink(missing_ok=True)
    Path(os.fsdecode(bytes(letter / "issues") + b"/" + name)).write_text(LOCAL, encoding="utf-8")
    found = json.loads(run("check", "--format", "json").stdout_bytes.decode())
    assert [os.fsencode(issue["path"]) for issue in found["issues"]] == [b"issues/" + name]
    log = json.loads(run("check", "--format", "sarif").stdout_bytes.decode())
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"issues/2026-12-01-sn%F6w.md"}


def test_issue_that_is_named_twice(run: Run, letter: Path) -> None:
    """It is checked once, by whichever of its names."""
    write(letter, SOUND)
    found = facts(run("check", SLUG, FILE, str(letter / FILE), SLUG, "--format", "json"))
    assert [issue["issue"] for issue in found["issues"]] == [SLUG]


def test_github(run: Run, letter: Path) -> None:
    """Each finding is a workflow command, errors first, as GitHub shows ten of a kind; line ends are escaped."""
    write(letter, LOCAL)
    result = run("check", "--format", "github")
    assert result.exit_code == 4
    error, warning, last = result.stdout.splitlines()
    assert error.startswith(f"::error file={FILE},line=9,")
    assert ",title=link-localhost::" in error
    assert "%0A" in error
    assert warning.startswith(f"::warning file={FILE},line=7,")
    assert last.startswith("1 error, 1 warning in 1 issue, ")


def test_github_escapes(run: Run, letter: Path) -> None:
    """A sign that would end a property or a command does not, be it in a file's name or in a sentence."""
    slug = "2026-12-01-snow, 100%: more"
    write(letter, INSECURE.replace("list of lamps", "100%25 :: lamps"), slug)
    result = run("check", f"issues/{slug}.md", "--format", "github")
    assert result.stdout.startswith("::warning file=issues/2026-12-01-snow%2C 100%25%3A more.md,line=7,")
    assert "100%25%2525 :: lamps" in result.stdout or "100%2525 :: lamps" in result.stdout


@pytest.mark.parametrize("command", ["check", "build", "send", "status"])
def test_quoted_text_begins_no_line(run: Run, letter: Path, command: str) -> None:
    """Code hosts obey lines that begin with two colons, so that what a file says or is called is never one."""
    write(letter, "---\nstatus: |\n  ready\n  ::error::boo\n---\nSome words.\n", "2026-12-01-odd\n::add-mask::the")
    result = run(command, *(["--due"] if command == "send" else []))
    assert "::add-mask::the.md:2: " in result.output
    assert not [line for line in result.output.splitlines() if line.lstrip().startswith("::")]


def test_newsletter_in_a_folder_of_a_repository(run: Run, letter: Path) -> None:
    """Machines are told files as the repository names them; people as the newsletter does."""
    write(letter, LOCAL)
    subprocess.run(["git", "init", "--quiet", letter.parent], check=True)
    assert run("check").stdout.startswith(f"{FILE}:")
    assert run("check", "--format", "github").stdout.startswith(f"::error file=letter/{FILE},")
    log = facts(run("check", "--format", "sarif"))
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {f"letter/{FILE}"}


def test_sarif(run: Run, letter: Path) -> None:
    """The log has what SARIF 2.1.0 requires, and what code hosts need to show and to recognise a finding."""
    write(letter, LOCAL)
    write(letter, "---\nsubjekt: x\n---\n", "2026-12-01-snow")
    result = run("check", "--format", "sarif")
    log = facts(result)
    assert result.exit_code == 4
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (told,) = log["runs"]
    driver = told["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("digest", __version__)
    described = {rule["id"]: rule for rule in driver["rules"]}
    assert len(described) == len(driver["rules"])
    assert described.keys() == {*RULES, "source"}
    for rule in RULES.values():
        texts = described[rule.id]
        assert texts["shortDescription"]["text"] == rule.summary
        assert texts["help"]["text"]
        assert texts["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    assert {result["ruleId"]: result["level"] for result in told["results"]} == {
        "link-insecure": "warning",
        "link-localhost": "error",
        "source": "error",
    }
    for found in told["results"]:
        assert found["message"]["text"]
        (location,) = found["locations"]
        assert location["physicalLocation"]["region"]["startLine"] > 0
    assert len({found["partialFingerprints"]["digest/v1"] for found in told["results"]}) == len(told["results"])


def test_fingerprints_outlive_a_change_above(run: Run, letter: Path) -> None:
    """A finding is known by the same name when its line has moved."""
    write(letter, LOCAL)
    before = facts(run("check", "--format", "sarif"))["runs"][0]["results"]
    write(letter, LOCAL.replace("Good evening", "It rains.\n\nGood evening"))
    after = facts(run("check", "--format", "sarif"))["runs"][0]["results"]
    assert [found["partialFingerprints"] for found in after] == [found["partialFingerprints"] for found in before]
    assert [found["locations"] for found in after] != [found["locations"] for found in before]


def test_what_has_no_place_stands_at_the_issue(run: Run, letter: Path) -> None:
    """A finding that is of no line is put down to the issue's file, so that no annotation is lost."""
    write(letter, SOUND.replace(' or "there"', ""))
    line = next(line for line in run("check", "--format", "github").stdout.splitlines() if "blank-field" in line)
    assert line.startswith(f"::error file={FILE}")


def test_what_stands_in_a_template_is_told_once_to_machines(run: Run, letter: Path) -> None:
    """Two issues that share a faulty template give one annotation, at the template."""
    write(letter, SOUND)
    write(letter, SOUND.replace("Nine", "Ten"), "2026-12-01-snow")
    parts = letter / "templates" / "parts"
    parts.mkdir(parents=True)
    (parts / "footer.mjml").write_text("<mj-text>{{ reader.frist_name }}</mj-text>\n", encoding="utf-8")
    result = run("check", "--format", "github")
    assert result.stdout.count("\n::error") + result.stdout.startswith("::error") == 1
    assert result.stdout.startswith("::error file=templates/parts/footer.mjml,line=1,title=undefined-variable::")
    assert run("check").stdout.count("undefined-variable") == 2


def test_online(run: Run, letter: Path) -> None:
    """A link into one's own network is not asked, but told; what answers is kept for a day, the rest is not."""
    write(letter, SOUND + "\n[The plan](https://127.0.0.1/plan) of the streets.\n")
    result = run("check", "--online")
    assert result.exit_code == 4
    assert "link-localhost" in result.stdout
    assert not (letter / ".digest" / "links.json").exists()


def test_colours(run: Run, letter: Path) -> None:
    """What is no terminal gets none."""
    write(letter, LOCAL)
    assert "\x1b" not in run("check").stdout
