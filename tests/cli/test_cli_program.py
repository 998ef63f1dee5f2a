"""The program as a process: the way from nothing to a sent issue, streams, exit codes, help and completion."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROGRAM, Program

from digest import __version__
from digest.cli import digest as commands

if TYPE_CHECKING:
    from conftest import Counted, Run

SLUG = "2026-11-24-hello"


def test_from_nothing_to_a_sent_issue(tmp_path: Path) -> None:
    """A new user is told of the preview, finds nothing to mend in what was made for them, and has it in the outbox."""
    outside = Program(folder=tmp_path, variables={"PATH": os.environ["PATH"], "PYTHONPATH": _python_path()})
    first = outside.run("init", "my letter")
    assert first.stdout.splitlines()[-1] == "Your newsletter is there. Next: cd 'my letter' && digest preview"
    inside = Program(folder=tmp_path / "my letter", variables=outside.variables)
    built = inside.run("build")
    paths = [line.strip() for line in built.stdout.splitlines() if line.startswith("  ")]
    assert [path.rpartition("/")[2] for path in paths] == ["email.html", "email.txt", "message.eml", "edition.json"]
    assert all((inside.folder / path).is_file() for path in paths)
    checked = inside.run("check")
    assert checked.stdout.startswith("Nothing to mend")
    sent = inside.run("send", "--yes")
    assert "sent 2" in sent.stdout
    again = inside.run("send", "--yes")
    assert "Nothing to send" in again.stdout
    stands = inside.run("status")
    assert "sent 2" in stands.stdout
    for done in (first, built, checked, sent, again, stands):
        assert (done.returncode, done.stderr) == (0, "")


def _python_path() -> str:
    return os.environ.get("PYTHONPATH", "")


def test_files_of_a_beginning(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file that a newsletter begins with is told once, by its path from here."""
    monkeypatch.chdir(tmp_path)
    lines = run("init", "my letter", "--ci", "github").stdout.splitlines()
    told = [Path(line.strip()) for line in lines[: lines.index(next(line for line in lines if "Left for you" in line))]]
    there = {path for path in Path("my letter").rglob("*") if path.is_file() and ".digest" not in path.parts}
    assert len(told) == len(there)
    assert {*told} == there


def test_works_from_a_folder_inside(run: Run, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newsletter is found from any folder in it, and paths are those from there."""
    monkeypatch.chdir(letter / "issues")
    assert run("build", f"{SLUG}.md").exit_code == 0
    assert f"/.digest/build/{SLUG}/email.html" in run("build").stdout
    assert run("new", "Past the plateau").stdout.strip().endswith("-past-the-plateau.md")
    assert "/" not in run("new", "Another title").stdout


REPORTING = [
    ("build",),
    ("build", SLUG, "--as", "ada@example.org"),
    ("send", "--dry-run"),
    ("send", "--yes"),
    ("send", SLUG, "--yes"),
    ("status",),
    ("status", SLUG),
    ("status", SLUG, "--recipients"),
    ("providers",),
    ("providers", "outbox"),
    ("doctor",),
    ("subscribers", "import", "subscribers.csv"),
    ("subscribers", "list"),
    ("subscribers", "list", "--tag", "nobody-has-it"),
]


@pytest.mark.parametrize("arguments", REPORTING)
def test_json_is_one_object(run: Run, arguments: tuple[str, ...]) -> None:
    """With --json, standard output is one object and nothing else."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout), dict)
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 2, "Usage: digest"),
        (("sned",), 2, "No such command"),
        (("build", "nothing"), 2, "there is no issue"),
        (("build", "--output", "x"), 2, "--output takes one issue"),
        (("build", "--as", "zoe@example.org"), 2, "nobody of that address"),
        (("send", "--as", "x"), 2, "No such option"),
        (("schedule", "--ics", "-", "--json"), 2, "are two answers"),
        (("pause", "2026-11-24-hello"), 2, "write status: draft in its file"),
        (("init",), 2, "is there already"),
        (("new", ""), 2, "needs a title"),
        (("subscribers", "import", "nothing.csv"), 2, "does not exist"),
        (("subscribers", "import", "issues"), 2, "is a directory"),
        (("subscribers", "add", "nonsense"), 2, "no email address"),
        (("subscribers", "remove", "zoe@example.org"), 2, "nobody of that address"),
        (("subscribers", "list", "--standing", "gone"), 2, "'gone' is not one of"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    """Each mistake has its sentence on standard error, and an exit code that tells it from other failures."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert "zoe" not in result.stderr


def test_folder_that_is_no_newsletter(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without digest.toml, all commands but init and providers say how to begin."""
    monkeypatch.chdir(tmp_path)
    for arguments in (("build",), ("send",), ("status",), ("new", "x"), ("subscribers", "list")):
        result = run(*arguments)
        assert result.exit_code == 3
        assert "there is no digest.toml" in result.stderr
        assert "digest init" in result.stderr
    assert run("providers").exit_code == 0


def test_faults_of_the_settings(run: Run, letter: Path) -> None:
    """All of them are told at once, each with its line."""
    (letter / "digest.toml").write_text("[newsletter]\nnmae = 'x'\n[provder]\n", "utf-8")
    result = run("status")
    assert result.exit_code == 3
    assert "digest.toml:2:" in result.stderr
    assert "digest.toml:3:" in result.stderr


def test_provider_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may name another provider; one that nobody brings is a fault of the settings."""
    monkeypatch.setenv("DIGEST_PROVIDER", "oubtox")
    result = run("send", "--yes")
    assert result.exit_code == 3
    assert 'did you mean "outbox"?' in result.stderr


def test_database_elsewhere(run: Run, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may name another store; a file that is no database is a fault of the settings."""
    monkeypatch.setenv("DIGEST_STORE_URL", "sqlite:///other.db")
    assert run("subscribers", "list").stdout == ""
    assert (letter / "other.db").exists()
    monkeypatch.setenv("DIGEST_STORE_URL", "sqlite:///digest.toml")
    result = run("subscribers", "list")
    assert result.exit_code == 3
    assert "no SQLite database" in result.stderr


def test_content_that_cannot_be_sent(run: Run, letter: Path) -> None:
    """A broken issue is named at its line; the others are built and told."""
    (letter / "issues" / "2026-12-01-snow.md").write_text("---\nsubjct: x\n---\nWords.\n", "utf-8")
    result = run("build")
    assert result.exit_code == 4
    assert f"{SLUG}: Hello" in result.stdout
    assert "issues/2026-12-01-snow.md:2: " in result.stderr
    facts = json.loads(run("build", "--json").stdout)
    assert [one["issue"] for one in facts["issues"]] == [SLUG]
    assert run("send", "2026-12-01-snow", "--yes").exit_code == 4


def test_file_in_the_way(run: Run, letter: Path) -> None:
    """Where a folder cannot be made, the sentence says which, and there is no traceback."""
    (letter / "out").write_text("in the way", "utf-8")
    result = run("build", SLUG, "-o", "out/below")
    assert result.exit_code == 2
    assert "out/below: Not a directory" in result.stderr


def test_outbox_that_cannot_be_written(run: Run, letter: Path) -> None:
    """The provider took nothing; when that is mended, the same command sends."""
    (letter / ".digest" / "outbox").write_text("in the way", "utf-8")
    result = run("send", "--yes")
    assert result.exit_code == 5
    assert "the outbox cannot be written: " in result.stderr
    assert "ada" not in result.stderr
    (letter / ".digest" / "outbox").unlink()
    assert run("send", "--yes").exit_code == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")  # noqa: PTH110
def test_disk_is_full(letter: Path) -> None:
    """What cannot be printed is a failure, and never passes for success."""
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([PROGRAM, "subscribers", "list"], cwd=letter, stdout=full, check=False, timeout=30)
    assert done.returncode != 0


def test_bug_of_a_provider(program: Program, counted: Counted) -> None:
    """What nobody foresaw keeps its traceback and the code 1; the batch is neither lost nor blindly repeated."""
    counted.configure(answer="bug")
    result = program.run("send", "--yes")
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    counted.configure(answer="sent")
    assert program.run("send", "--yes").returncode == 0
    assert set(counted.accepted().values()) == {1}


def test_reader_that_has_enough(program: Program, run: Run, letter: Path) -> None:
    """A pipe that closes early is no failure to talk about."""
    rows = "".join(f"reader{number}@example.org\n" for number in range(5000))
    (letter / "more.csv").write_text(f"email\n{rows}", "utf-8")
    run("subscribers", "import", "more.csv")
    for arguments in (("subscribers", "list"), ("subscribers", "list", "--json"), ("subscribers", "export")):
        with program.start(*arguments) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == ""


def at_a_terminal(letter: Path, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run the program at a terminal; answer when it has asked; return its exit code and what is on the screen."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([PROGRAM, *arguments], cwd=letter, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        screen = b""
        with contextlib.suppress(OSError):  # Linux says so when the last program has left the terminal
            while block := os.read(ours, 4096):
                if b"[y/N]" not in screen and b"[y/N]" in screen + block:
                    os.write(ours, answer)
                screen += block
        os.close(ours)
    return process.returncode, screen.decode()


def test_person_who_says_no(run: Run, letter: Path) -> None:
    """The plan is shown and the question asked; after a no, nothing has begun, and that is no failure."""
    code, screen = at_a_terminal(letter, b"n\n", "send")
    assert code == 0
    assert "to       2 readers" in screen
    assert "Send it to 2 readers? [y/N]" in screen
    assert "Nothing was sent." in screen
    assert json.loads(run("status", SLUG, "--json").stdout)["edition"] is None


def test_person_who_says_yes(run: Run, letter: Path) -> None:
    """A bar shows how far it is."""
    code, screen = at_a_terminal(letter, b"y\n", "send")
    assert code == 0
    assert "Sending" in screen
    assert "2/2" in screen
    assert json.loads(run("status", SLUG, "--json").stdout)["sent"] == 2


def test_person_who_closes_the_question(letter: Path) -> None:
    """Ctrl-D at the question is an interruption, and nothing has begun."""
    code, screen = at_a_terminal(letter, b"\x04", "send")
    assert code == 130
    assert "Interrupted" in screen


def test_list_through_a_pipe(letter: Path) -> None:
    """Import reads standard input, export writes standard output, and what one wrote the other takes."""
    exported = subprocess.run([PROGRAM, "subscribers", "export"], cwd=letter, capture_output=True, check=True)
    done = subprocess.run(
        [PROGRAM, "subscribers", "import", "-"], cwd=letter, input=exported.stdout, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "added 0 · updated 0 · taken off 0 · unchanged 2 · kept away 0"


def test_version(run: Run) -> None:
    """It is the package's."""
    assert run("--version").stdout == f"digest {__version__}\n"


def test_help_is_read_at_a_glance(run: Run) -> None:
    """No command's line is cut, and all stand in it."""
    for arguments in (("--help",), ("subscribers", "--help")):
        lines = run(*arguments).stdout.partition("Commands:\n")[2].splitlines()
        assert lines
        assert all(line.endswith(".") and not line.endswith("...") for line in lines)
    making = {"init", "new", "add", "pull", "build", "preview", "check", "shots", "ci"}
    sending = {"send", "schedule", "worker", "status", "pause", "cancel", "resolve", "retry", "sync"}
    public = {"serve", "site"}
    assert {*commands.commands} == making | sending | public | {"subscribers", "store", "providers", "doctor"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(letter: Path, shell: str) -> None:
    """Each shell gets the script that completes this program."""
    variables = {**os.environ, "_DIGEST_COMPLETE": f"{shell}_source"}
    done = subprocess.run([PROGRAM], cwd=letter, env=variables, capture_output=True, text=True, check=True)
    assert "_DIGEST_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("digest se", ["send", "serve"]),
        ("digest build 20", [SLUG]),
        ("digest status x", []),
        ("digest send --dr", ["--dry-run"]),
        ("digest providers outb", ["outbox"]),
    ],
)
def test_completion(letter: Path, words: str, expected: list[str]) -> None:
    """Commands, options and the names of issues are completed."""
    variables = {
        **os.environ,
        "_DIGEST_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run([PROGRAM], cwd=letter, env=variables, capture_output=True, text=True, check=False)
    assert [line.partition(",")[2] for line in done.stdout.split()] == expected


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(letter: Path) -> None:
    """What could not be written is said in a sentence, and is no success."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, "providers"], cwd=letter, stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("a file could not be written: ")
    assert "Free some space" in done.stderr
