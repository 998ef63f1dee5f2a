"""What many tests need: a newsletter of their own, and the program to run in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import counting_provider
import pytest
from click.testing import CliRunner
from hypothesis import settings

from digest.checking.rules import RULES
from digest.cli import digest as commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from click.testing import Result

pytest_plugins = ["postgresql", "mailing_room", "preview_at_work", "serving_stage", "joining_stage", "archive_stage"]

settings.register_profile("digest", deadline=None)  # a machine that is busy is no fault
settings.load_profile("digest")

PROGRAM = Path(sys.executable).with_name("digest")
NO_RULES = "\n[check.rules]\n" + "".join(f'{name} = "off"\n' for name in RULES)
"""Settings for tests of what comes after the check of an issue, which takes half of the time of a small mailing."""
_LONGEST_ID = 200


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long cases by their argument: pytest tells the name to all programs that tests start, in the environment."""
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None


class Run(Protocol):
    """Runs a command in the working folder."""

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Result:
        """Return what it printed, and its exit code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The real program, as a process in a newsletter's folder."""

    folder: Path
    variables: Mapping[str, str] | None = None
    """Its environment, where that is not ours."""

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it without a keyboard; the caller waits for it."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture(scope="session", autouse=True)
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust no authority of the world: tests talk to this machine alone, and to read them all takes 40 ms a client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("authorities")))
        yield


@pytest.fixture(scope="session")
def untouched_letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a newsletter as `digest init` makes it, for copying only."""
    folder = tmp_path_factory.mktemp("untouched") / "letter"
    with pytest.MonkeyPatch.context() as patch:
        _forget_settings(patch)
        result = CliRunner().invoke(commands, ["init", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (issue,) = (folder / "issues").iterdir()
    issue.rename(folder / "issues" / "2026-11-24-hello.md")  # whatever day it is today
    return folder


def _forget_settings(patch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name == "CI" or name.startswith(("DIGEST_", "_DIGEST_")):
            patch.delenv(name)


@pytest.fixture
def letter(untouched_letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a newsletter with two readers and the one issue 2026-11-24-hello; it is the working folder."""
    folder = tmp_path / "letter"
    shutil.copytree(untouched_letter, folder)
    monkeypatch.chdir(folder)
    _forget_settings(monkeypatch)
    return folder


@pytest.fixture
def run(letter: Path) -> Run:
    """Return what runs a command in the newsletter, inside this process, which is quick."""
    del letter  # it is the working folder

    def invoke(*arguments: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(commands, arguments, input=stdin, prog_name="digest", catch_exceptions=False)

    return invoke


@pytest.fixture(params=["sqlite", "postgres"])
def any_store(request: pytest.FixtureRequest, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the newsletter's readers and ledger in a database of each kind in turn."""
    if request.param == "postgres":
        monkeypatch.setenv("DIGEST_STORE_URL", request.getfixturevalue("postgres_url"))
        assert run("subscribers", "import", "subscribers.csv").exit_code == 0


@pytest.fixture
def program(letter: Path) -> Program:
    """Return the real program, for what only a process can show."""
    return Program(folder=letter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the counting provider of a newsletter is told to do, and what it has accepted."""

    folder: Path

    def configure(self, *, name: str = "counting", stop_after: int = 1, **options: object) -> None:
        """Make it the provider of the newsletter, whose sends end at the first trouble, which is quick."""
        settings = (self.folder / "digest.toml").read_text("utf-8").partition("[provider]")[0]
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in options.items())
        text = f'{settings}[provider]\nname = "{name}"\n{lines}\n\n[send]\nstop_after = {stop_after}\n'
        (self.folder / "digest.toml").write_text(text, encoding="utf-8")

    def accepted(self) -> Counter[str]:
        """Return how often each reader was accepted."""
        log = self.folder / counting_provider.LOG
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return Counter(email for line in lines for email in json.loads(line)["emails"])


@pytest.fixture
def counted(letter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Return the counting provider, found as any other, in this process and in those that are started."""
    packages = tmp_path / "packages"
    counting_provider.install(packages)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(packages), os.environ.get("PYTHONPATH", "")]).strip(":"))
    provider = Counted(folder=letter)
    provider.configure()
    return provider


@pytest.fixture
def write_readers(letter: Path) -> Callable[[int], Path]:
    """Return a function that writes a CSV of so many further readers."""

    def write(count: int) -> Path:
        path = letter / "more.csv"
        rows = "".join(f"reader{number}@example.org,Reader {number}\n" for number in range(count))
        path.write_text(f"email,name\n{rows}", encoding="utf-8")
        return path

    return write
