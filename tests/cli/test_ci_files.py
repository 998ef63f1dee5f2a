"""The files for continuous integration: valid by the services' schemas, and their steps done for real."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from check_jsonschema import main as check_jsonschema  # type: ignore[import-untyped]  # it carries no types
from ci_runner import Done, Runner, applies, commit_all, git, load
from click.testing import CliRunner

if TYPE_CHECKING:
    from conftest import Run

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    "github": ("vendor.github-workflows", [".github/workflows/digest-check.yml", ".github/workflows/digest-send.yml"]),
    "forgejo": (
        "vendor.github-workflows",
        [".forgejo/workflows/digest-check.yml", ".forgejo/workflows/digest-send.yml"],
    ),
    "gitlab": ("vendor.gitlab-ci", [".gitlab/digest.yml", ".gitlab-ci.yml"]),
}
FRONT = "---\nsubject: Nine lamps that outlived their streets\npreheader: What a watchman counted in the rain\n---\n"
SOUND = f"{FRONT}Good evening, the lamps are lit at five.\n"
UNREADABLE = f"---\nsubjekt: x\n{SOUND.removeprefix('---')}"
BROKEN = f"{SOUND}\nThe [plan](https://localhost/plan) of the streets.\n"
PICTURES = {"375-dark.png", "375-light.png", "640-dark-images-off.png", "640-dark.png"} | {
    "640-light-images-off.png",
    "640-light.png",
}
INSTALLED = "digest[shots]\n"
"""What is installed already, so that ``pip`` has nothing to fetch."""


@pytest.fixture
def bare(letter: Path, tmp_path: Path) -> Path:
    """Return a bare repository that holds nothing yet; the newsletter's folder is a clone of it."""
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(letter, "init", "--quiet")
    git(letter, "remote", "add", "origin", str(tmp_path / "remote.git"))
    (letter / "requirements.txt").write_text(INSTALLED, encoding="utf-8")
    return tmp_path / "remote.git"


def propose(letter: Path, **issues: str) -> str:
    """Push what is there as main, and issues as a branch of their own; return the commit that it left main at."""
    commit_all(letter, "main")
    for slug, text in issues.items():
        (letter / "issues" / f"{slug}.md").write_text(text, encoding="utf-8")
    if issues:
        commit_all(letter, "change")
    else:
        git(letter, "push", "--quiet", "origin", "HEAD:change")
    return git(letter, "merge-base", "origin/main", "HEAD")


def names(folder: Path) -> set[str]:
    """Return the names of what is in a folder."""
    return {path.name for path in folder.iterdir()}


def check_on(host: str, runner: Runner, *, without: tuple[str, ...] = ()) -> Done:
    """Do the job that looks at a pull request."""
    workflow = load(runner.clone / f".{host}" / "workflows" / "digest-check.yml")
    (job,) = workflow["jobs"].values()
    return runner.do_steps(job["steps"], {"github.base_ref": "main"}, job, without=without)


@pytest.mark.parametrize("host", SCHEMAS)
def test_files_are_valid(run: Run, bare: Path, letter: Path, host: str) -> None:
    """They satisfy the schemas that the services publish; for Forgejo, that of GitHub, whose words it takes."""
    del bare
    assert run("ci", host).exit_code == 0
    schema, files = SCHEMAS[host]
    assert [file for file in files if not (letter / file).is_file()] == []
    assert validate(schema, *(letter / file for file in files)) == ""


def test_action_is_valid() -> None:
    """So does the action at the root of this repository."""
    assert validate("vendor.github-actions", ROOT / "action.yml") == ""


def validate(schema: str, *files: Path) -> str:
    """Return what the validator has to say against files."""
    words = ["--builtin-schema", schema, *(["--data-transform", "gitlab-ci"] if "gitlab" in schema else [])]
    done = CliRunner().invoke(check_jsonschema, [*words, *map(str, files)])
    return done.output if done.exit_code else ""


def uses(file: Path) -> list[str]:
    """Return the lines of a file that name an action of others."""
    return [line.strip() for line in file.read_text("utf-8").splitlines() if "uses:" in line]


def test_actions_are_pinned() -> None:
    """Each action of others is named by a commit, whose version stands beside it."""
    files = [ROOT / "action.yml", *(ROOT / "src" / "digest" / "starter" / "ci").glob("*-*.yml")]
    named = [line.partition("@")[2].split(" # v") for file in files for line in uses(file)]
    assert len(named) > 9
    assert [one for one in named if len(one[0]) != 40 or len(one) != 2] == []


def test_least_permissions(run: Run, bare: Path, letter: Path) -> None:
    """On GitHub, a pull request can read, and the one job that sends can write; no secret is given to any other."""
    del bare
    run("ci", "github")
    check, send = (load(letter / file) for file in SCHEMAS["github"][1])
    assert check[True] == "pull_request"
    assert (check["permissions"], send["permissions"]) == ({"contents": "read"}, {"contents": "read"})
    assert send["jobs"]["send"]["permissions"] == {"contents": "write"}
    assert "secrets." not in (letter / SCHEMAS["github"][1][0]).read_text("utf-8")
    assert send["concurrency"] == {"group": "digest-send", "cancel-in-progress": False, "queue": "max"}


@pytest.mark.parametrize("host", ["github", "forgejo"])
def test_only_what_is_merged_is_sent(run: Run, bare: Path, letter: Path, host: str) -> None:
    """Whoever starts the job by hand on another branch sends nothing."""
    del bare
    run("ci", host)
    condition = load(letter / f".{host}" / "workflows" / "digest-send.yml")["jobs"]["send"]["if"]
    for event, branch, sends in (
        ("schedule", "main", True),
        ("workflow_dispatch", "main", True),
        ("workflow_dispatch", "draft", False),
    ):
        values = {"github.event_name": event, "github.ref_name": branch}
        assert applies(condition, {**values, "github.event.repository.default_branch": "main"}) is sends


def test_pull_request(run: Run, bare: Path, letter: Path, tmp_path: Path) -> None:
    """
    It is red where an issue is broken, the fault stands at its line in the diff, and what can be seen is kept.

    The newsletter lies in a folder of the repository here: the files stand at the root, and places are told from there.
    """
    home = bury(letter, bare)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert run("ci", "github").exit_code == 0
    propose(home, broken=BROKEN, unreadable=UNREADABLE)
    runner = Runner.at(bare, tmp_path, "change")
    done = check_on("github", runner)
    assert done.codes == [0, 4, 4, 4], done.output
    assert "::error file=letter/issues/broken.md,line=7,col=12,title=link-localhost::readers cannot" in done.output
    assert "::error file=letter/issues/unreadable.md,line=2,title=source::" in done.output
    assert "hello" not in done.output
    assert done.kept == ["letter/.digest/build", "letter/.digest/shots"]
    assert names(runner.clone / "letter/.digest/build") == names(runner.clone / "letter/.digest/shots") == {"broken"}
    assert names(runner.clone / "letter/.digest/build" / "broken") >= {"email.html", "email.txt", "message.eml"}
    assert names(runner.clone / "letter/.digest/shots" / "broken") == PICTURES


def bury(letter: Path, bare: Path) -> Path:
    """Move a newsletter into a folder of its repository, and return where it is."""
    repository = letter.parent / "repository"
    git(letter.parent, "clone", "--quiet", str(bare), str(repository))
    (letter / ".git").rename(letter.parent / "unused")
    letter.rename(repository / "letter")
    return repository / "letter"


def test_forgejo_does_what_github_does(run: Run, bare: Path, letter: Path) -> None:
    """Its jobs run the same commands, but for how the programs are installed, and for what only GitHub shows."""
    del bare
    for host in ("github", "forgejo"):
        run("ci", host)
    for file in ("digest-check.yml", "digest-send.yml"):
        github, forgejo = (commands(load(letter / f".{host}" / "workflows" / file)) for host in ("github", "forgejo"))
        assert forgejo == [command.replace(" --format github", "") for command in github]


def commands(workflow: dict[Any, Any]) -> list[str]:
    """Return what a workflow runs once all is installed, but for what is told at the end."""
    (job,) = workflow["jobs"].values()
    runs = [step.get("run", "") for step in job["steps"]]
    return [run for run in runs if "digest " in run and not re.search(r"\b(pip|status)\b", run)]


def test_action_does_what_the_files_do(run: Run, bare: Path, letter: Path) -> None:
    """Its steps run the same commands."""
    del bare
    run("ci", "github")
    scripts = [step["run"] for step in load(ROOT / "action.yml")["runs"]["steps"] if "run" in step]
    check, send = (commands(load(letter / file)) for file in SCHEMAS["github"][1])
    for command in check:
        assert f"{command} || failed=$?\n" in scripts[1]
    assert scripts[2] == send[0].replace("--within 65m", '--within "$WITHIN"')


def gitlab_job(clone: Path, name: str) -> dict[str, Any]:
    """Return a job of GitLab with what it extends."""
    file = load(clone / ".gitlab" / "digest.yml")
    job, above = file[name], file[file[name]["extends"]]
    defaults = {key: "" if value["value"] == "" else value["value"] for key, value in file["variables"].items()}
    return {**above, **job, "variables": {**defaults, **above["variables"], **job.get("variables", {})}}


def test_merge_request(run: Run, bare: Path, letter: Path, tmp_path: Path) -> None:
    """At GitLab it is red where an issue is broken, with a report for the diff beside the log."""
    assert run("ci", "gitlab").exit_code == 0
    base = propose(letter, unreadable=UNREADABLE)
    runner = Runner.at(bare, tmp_path, "change", without=("pip",))
    job = gitlab_job(runner.clone, "digest-check")
    done = runner.do_script(job, {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base})
    assert done.codes == [4]
    assert "issues/unreadable.md:2: error source: " in done.output
    assert done.kept == [".digest/build", ".digest/shots"]
    (told,) = json.loads((runner.clone / job["artifacts"]["reports"]["codequality"]).read_text("utf-8"))
    assert told["location"] == {"path": "issues/unreadable.md", "lines": {"begin": 2}}
    assert told["severity"] == "critical"


def test_what_is_due_is_sent_once(run: Run, bare: Path, letter: Path, tmp_path: Path) -> None:
    """
    Two jobs on machines that know nothing of each other, even of two hosts: each reader gets the issue once.

    The newsletter lies in a folder of the repository here, where git tells paths from that folder on, if one lets it.
    """
    home = bury(letter, bare)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        for host in ("github", "gitlab"):
            assert run("ci", host).exit_code == 0
    due = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    lamps = SOUND.replace("---\nsubject", f"---\nstatus: ready\nsend_at: {due}\nsubject")
    (home / "issues" / "2026-11-24-hello.md").unlink()
    (home / "issues" / "lamps.md").write_text(lamps, encoding="utf-8")
    commit_all(home, "main")
    secrets = {"DIGEST_SECRET": "s" * 40, "DIGEST_SUBSCRIBERS_SOURCE": "subscribers.csv"}

    first = Runner.at(bare, tmp_path / "first", without=("pip",))
    job = load(first.clone / SCHEMAS["github"][1][1])["jobs"]["send"]
    given = {f"inputs.{name}": "" for name in ("issue", "late", "dry_run")}
    given |= {f"secrets.{name}": value for name, value in ({"DIGEST_SUBSCRIBERS_TOKEN": ""} | secrets).items()}
    done = first.do_steps(job["steps"], given, job, without=())
    assert done.is_green, done.output
    assert names(first.clone / "letter" / ".digest" / "outbox" / "lamps") == {
        "ada@example.org.eml",
        "noor@example.org.eml",
    }
    assert "lamps" in done.summary
    assert "sent 2" in done.summary

    second = Runner.at(bare, tmp_path / "second", without=("pip",))
    variables = {"CI_REPOSITORY_URL": str(bare), "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main", **secrets}
    done = second.do_script(gitlab_job(second.clone, "digest-send"), variables)
    assert done.is_green, done.output
    assert "Nothing is due." in done.output
    assert "sent 2" in done.output
    assert not (second.clone / "letter" / ".digest" / "outbox").exists()
