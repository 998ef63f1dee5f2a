"""A machine that has never seen the newsletter: it clones a bare repository and does the steps of a job, one by one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_AUTHOR = ("-c", "user.name=Ada Fictional", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as somebody who does not exist."""
    words = ("git", *_AUTHOR, *words)
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(folder: Path, branch: str) -> None:
    """Commit all that is in a clone, and push it as a branch."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A change")
    git(folder, "push", "--quiet", "origin", f"HEAD:{branch}")


def load(file: Path) -> dict[Any, Any]:
    """Read a file of YAML; to its older version, which is what PyYAML reads, the key ``on`` is true."""
    read: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a job."""

    codes: list[int]
    """The exit codes of the steps that were done."""
    output: str
    """What all of them printed."""
    kept: list[str] = field(default_factory=list)
    """The paths of artifacts."""
    summary: str = ""

    @property
    def is_green(self) -> bool:
        """Whether nothing failed."""
        return not any(self.codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A fresh clone, an empty home, and no variable that is not given."""

    home: Path
    clone: Path

    @classmethod
    def at(cls, bare: Path, folder: Path, branch: str = "main", *, without: Collection[str] = ()) -> Runner:
        """
        Clone a repository, all of its branches, and check one of them out as services do: by its commit.

        Args:
            bare: the repository.
            folder: for the clone and the home.
            branch: which one.
            without: programs that do nothing, beside the system's own installer.
        """
        home, clone, programs = folder / "home", folder / "clone", folder / "home" / "programs"
        programs.mkdir(parents=True)
        for name in ("apt-get", *without):
            (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        git(folder, "clone", "--quiet", str(bare), str(clone))
        git(clone, "checkout", "--quiet", "--detach", f"origin/{branch}")
        return cls(home=home, clone=clone)

    def do_steps(
        self, steps: list[dict[str, Any]], given: Mapping[str, str], job: Mapping[str, Any], *, without: Collection[str]
    ) -> Done:
        """
        Do the steps of a job as GitHub and Forgejo do.

        Args:
            steps: of the job, or of a composite action.
            given: what expressions are worth; one that is not among them is an error.
            job: where ``env`` and ``defaults`` are.
            without: the ids of steps that are taken for done, and well.
        """
        outcomes = dict.fromkeys(without, "success")
        codes, outputs, kept, failed = [], [], [], False
        for step in steps:
            values = {**given, **{f"steps.{name}.outcome": outcome for name, outcome in outcomes.items()}}
            if step.get("id") in without or not applies(str(step.get("if", "success()")), values, failed=failed):
                continue
            if "uses" in step:
                kept += _fill(step.get("with", {}).get("path", ""), values).split()
                continue
            done = self._do(step, values, job)
            outcomes[step.get("id", "")] = "failure" if done.returncode else "success"
            failed = failed or done.returncode != 0
            codes.append(done.returncode)
            outputs.append(done.stdout)
        summary = self.home / "summary"
        text = summary.read_text("utf-8") if summary.exists() else ""
        return Done(codes=codes, output="".join(outputs), kept=kept, summary=text)

    def do_script(self, job: Mapping[str, Any], variables: Mapping[str, str]) -> Done:
        """Do the script of a job as GitLab does: its lines in one shell, and the last part in another."""
        given = {"CI_PROJECT_DIR": str(self.clone), **variables}
        own = {name: Template(str(value)).safe_substitute(given) for name, value in job.get("variables", {}).items()}
        shell, environment = "bash", self._environment({**given, **own})
        first = "\n".join(["set -eo pipefail", *job.get("before_script", []), *job["script"]])
        parts = [self._run([shell, "-c", first], self.clone, environment)]
        if job.get("after_script"):
            parts.append(self._run([shell, "-c", "\n".join(job["after_script"])], self.clone, environment))
        kept = [*job.get("artifacts", {}).get("paths", [])]
        return Done(codes=[parts[0].returncode], output="".join(part.stdout for part in parts), kept=kept)

    def _do(
        self, step: Mapping[str, Any], values: Mapping[str, str], job: Mapping[str, Any]
    ) -> subprocess.CompletedProcess[str]:
        own = {**job.get("env", {}), **step.get("env", {})}
        environment = self._environment({name: _fill(str(value), values) for name, value in own.items()})
        defaults = job.get("defaults", {}).get("run", {})
        folder = _fill(str(step.get("working-directory", defaults.get("working-directory", "."))), values)
        flags = ["-eo", "pipefail"] if "bash" in (step.get("shell"), defaults.get("shell")) else ["-e"]
        assert "${{" not in step["run"], "what others write must not become a part of a script"
        return self._run(["bash", *flags, "-c", step["run"]], self.clone / folder, environment)

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        path = os.pathsep.join([str(self.home / "programs"), str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        files = {f"GITHUB_{name}": str(self.home / name.lower()) for name in ("OUTPUT", "PATH", "ENV")}
        summary = {"GITHUB_STEP_SUMMARY": str(self.home / "summary")}
        return {"PATH": path, "HOME": str(self.home), "CI": "true", "PIP_NO_INDEX": "1", **files, **summary, **own}

    @staticmethod
    def _run(words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def applies(condition: str, values: Mapping[str, str], *, failed: bool = False) -> bool:
    """Say whether a condition holds; without a word on earlier steps, it does only where none has failed."""
    condition = condition.removeprefix("${{").removesuffix("}}").strip()
    told = {"success()": not failed, "!cancelled()": True}
    if not any(name in condition for name in told):
        condition = " || ".join(f"{part} && success()" for part in condition.split(" || "))
    return any(all(_holds(clause, values, told) for clause in part.split(" && ")) for part in condition.split(" || "))


def _holds(clause: str, values: Mapping[str, str], told: Mapping[str, bool]) -> bool:
    if clause in told:
        return told[clause]
    left, sign, right = clause.split()
    equal = values[left] == (right.strip("'") if right.startswith("'") else values[right])
    return equal if sign == "==" else not equal


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: values[found[1]], text)
