"""What `digest ci` writes for a newsletter, and what it leaves to people."""

from __future__ import annotations

import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import UsageError
from digest.publishing.automating import HOSTS, automate, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from digest.publishing.automating import Written

BRANCH = "git:origin/digest-ledger"


def ask_for(
    letter: Path, more: str = "", *, host: str = "github", force: bool = False, environ: Mapping[str, str] = {}
) -> Written:
    """Write the files for a newsletter whose settings say something more."""
    file = letter / "digest.toml"
    file.write_text(file.read_text("utf-8").replace('[provider]\nname = "outbox"\n', "") + more, encoding="utf-8")
    return automate(load_settings(letter, environ), HOSTS[host], force=force)


def test_ledger_is_put_where_runners_reach_it(letter: Path) -> None:
    """The line is added to the settings, whose own words stay as they are; done again, nothing is left to write."""
    before = (letter / "digest.toml").read_text("utf-8")
    written = automate(load_settings(letter, {}), HOSTS["github"])
    after = (letter / "digest.toml").read_text("utf-8")
    assert after.startswith(before.rstrip())
    assert tomllib.loads(after)["ledger"] == {"url": BRANCH}
    assert [file.name for file in written.files] == [
        "digest-check.yml",
        "digest-send.yml",
        "requirements.txt",
        "digest.toml",
    ]
    assert automate(load_settings(letter, {}), HOSTS["github"]).files == []


@pytest.mark.parametrize(
    "section", ['[ledger]\nwindow = "30 seconds"\n', '[ledger] # mine\nwindow = "30 seconds"\n\n[check]\n', "[ledger]"]
)
def test_section_that_is_there(letter: Path, section: str) -> None:
    """The line is put into it."""
    ask_for(letter, f"\n{section}")
    told = tomllib.loads((letter / "digest.toml").read_text("utf-8"))
    assert told["ledger"] == {**tomllib.loads(section)["ledger"], "url": BRANCH}


@pytest.mark.parametrize(
    ("settings", "environ"),
    [
        ('\n[ledger]\nurl = "git:origin/another"\n', {}),
        ('\n[store]\nurl = "postgresql://db.example.org/letters"\n', {}),
        ("", {"DIGEST_STORE_URL": "postgresql://db.example.org/letters"}),
        ("", {"DIGEST_LEDGER_URL": BRANCH}),
    ],
)
def test_ledger_that_runners_reach(letter: Path, settings: str, environ: dict[str, str]) -> None:
    """The settings are left alone."""
    written = ask_for(letter, settings, environ=environ)
    assert letter / "digest.toml" not in written.files


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ("", ["DIGEST_SUBSCRIBERS_SOURCE", "DIGEST_SUBSCRIBERS_TOKEN"]),
        (
            '[provider]\nname = "resend"\n[subscribers]\nsource = "https://list.example.org/all.csv"\n',
            ["RESEND_API_KEY", "DIGEST_SUBSCRIBERS_TOKEN"],
        ),
        ('[provider]\nname = "smtp"\n[subscribers]\nsource = "env:READERS"\n', ["SMTP_PASSWORD", "DKIM", "READERS"]),
        ('[provider]\nname = "ses"\n[subscribers]\nsource = "readers.csv"\n', ["AWS_ACCESS", "AWS_SECRET"]),
        (
            '[provider]\nname = "mailjet"\n[store]\nurl = "postgresql://db.example.org/letters"\n',
            ["MAILJET_API_KEY", "MAILJET_SECRET_KEY", "DIGEST_STORE_URL"],
        ),
        ('[provider]\nname = "buttondown"\n', ["BUTTONDOWN_API_KEY"]),
    ],
)
def test_secrets_are_named(letter: Path, settings: str, names: list[str]) -> None:
    """They are those of the provider and of where the list is, handed to the one step that sends, and to no other."""
    written = ask_for(letter, f"\n{settings}")
    found = [*written.secrets]
    assert [name.startswith(start) for name, start in zip(found, ["DIGEST_SECRET", *names], strict=True)] == [
        True
    ] * len(found)
    sending = (letter / ".github" / "workflows" / "digest-send.yml").read_text("utf-8")
    handed = [line.strip() for line in sending.splitlines() if "secrets." in line]
    assert handed == [f"{name}: ${{{{ secrets.{name} }}}}" for name in found]


@pytest.mark.parametrize(
    ("settings", "extras"),
    [
        ("", "shots"),
        ('[provider]\nname = "smtp"\n', "shots,smtp"),
        ('[subscribers]\nsource = "postgresql://db.example.org/letters"\n', "postgres,shots"),
    ],
)
def test_requirements(letter: Path, settings: str, extras: str) -> None:
    """What is installed has the extras that the newsletter needs; where it is unknown whence, people are to say it."""
    written = ask_for(letter, f"\n{settings}")
    text = (letter / "requirements.txt").read_text("utf-8")
    assert f"digest[{extras}] @ git+https://" in text
    assert any("requirements.txt" in step for step in written.steps)
    (letter / "requirements.txt").write_text("./packages/digest-1.0.whl\n", encoding="utf-8")
    assert not any("requirements.txt" in step for step in ask_for(letter).steps)


@pytest.mark.parametrize(
    ("noted", "origin"),
    [
        ({}, ""),
        ({"url": "file:///home/ada/digest", "dir_info": {"editable": True}}, ""),
        ({"url": "https://git.example.org/digest.git", "vcs_info": {"vcs": "git", "commit_id": "c" * 40}}, "git+"),
        ({"url": "https://ada:word@git.example.org/digest.git", "vcs_info": {"vcs": "git", "commit_id": "c" * 40}}, ""),
        ({"url": "https://files.example.org/digest-1.0.whl", "archive_info": {}}, "https://files"),
    ],
)
def test_where_digest_came_from(noted: dict[str, Any], origin: str) -> None:
    """A repository is named at its commit; a folder of this machine, or an address with a password, is not told."""
    found = origin_of(noted)
    assert found.startswith(origin)
    assert bool(found) == bool(origin)
    assert found.endswith("@" + "c" * 40) == found.startswith("git+")


def test_remote_that_is_missing(letter: Path) -> None:
    """Who has no remote yet is told that the ledger needs one; who has it, or needs none, is not."""
    told = "Push the newsletter to a git remote called origin"
    assert any(step.startswith(told) for step in ask_for(letter).steps)
    for command in (["init", "--quiet"], ["remote", "add", "origin", "../remote.git"]):
        subprocess.run(["git", *command], cwd=letter, check=True)
    assert not any(step.startswith(told) for step in ask_for(letter).steps)


def test_nothing_is_written_over(letter: Path) -> None:
    """A file that people have changed is named, and nothing is written, unless they say so."""
    ask_for(letter)
    sending = letter / ".github" / "workflows" / "digest-send.yml"
    ours = sending.read_text("utf-8")
    sending.write_text("mine", encoding="utf-8")
    (letter / "requirements.txt").unlink()
    with pytest.raises(UsageError, match=r"^digest-send\.yml is there already") as caught:
        ask_for(letter)
    assert "--force" in caught.value.hint
    assert not (letter / "requirements.txt").exists()
    ask_for(letter, force=True)
    assert sending.read_text("utf-8") == ours


def test_gitlab_with_a_pipeline(letter: Path) -> None:
    """A pipeline that is there is left alone, and it is said what joins it to ours, until it is."""
    (letter / ".gitlab-ci.yml").write_text("stages: [test]\n", encoding="utf-8")
    steps = ask_for(letter, host="gitlab").steps
    assert "Add to .gitlab-ci.yml:\ninclude:\n  - local: .gitlab/digest.yml" in steps
    assert (letter / ".gitlab-ci.yml").read_text("utf-8") == "stages: [test]\n"
    (letter / ".gitlab-ci.yml").write_text("stages: [test]\ninclude:\n  - local: .gitlab/digest.yml\n", "utf-8")
    assert not any("Add to" in step for step in ask_for(letter, host="gitlab").steps)


def test_each_newsletter_has_its_minute(letter: Path) -> None:
    """Jobs do not all begin at once, nor at the full hour; the same newsletter has the same minute each time."""
    (cron,) = (
        line
        for line in (ask_for(letter), (letter / ".github/workflows/digest-send.yml").read_text("utf-8"))[1].splitlines()
        if "cron:" in line
    )
    assert cron.strip() == '- cron: "38 * * * *"'
    assert "38 * * * *" in ask_for(letter, host="gitlab").steps[1]
