"""
A branch of a git remote, by git's plumbing: no checkout, no index, and nothing of the clone's own is touched.

It works in the newsletter's own clone, so that whatever lets git in there lets it in here. Besides objects, it writes
only what stands below ``refs/digest/``: the tip that it saw last, so that a branch that was written anew is noticed.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from digest.errors import ProviderError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DEADLINE = 120.0
"""Seconds that one call of git may take."""

_QUIET = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.hooksPath=/dev/null", "-c", "push.gpgSign=no")
_FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--refmap=",
    "--no-filter",
)
"""All at once, in a partial clone too, which would else go back for every single file."""
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
_WHOLE = "--depth=2147483647"
"""As deep as it goes (gitformat-shallow); only a shallow clone needs it."""
_UNATTENDED = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
"""Variables: nobody is asked for a password, and what git says is what we know its words for."""
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
"""Variables that a hook is started with: they lead to the repository of the hook, whatever the folder."""
_MISSING = "couldn't find remote ref"
_USER = re.compile(r"//[^/@\s]*@")
_NOISE = re.compile(r"^(?:remote:\s*)?(?:fatal|error|ERROR|warning|hint)?:?\s*")
_LONGEST = 300


class RemoteError(ProviderError):
    """The remote that keeps the ledger cannot be reached, or refuses."""


class RewrittenError(RemoteError):
    """Somebody has taken away what stood on the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What git says of a push."""

    accepted: bool
    words: str
    """Why it was not accepted; git's own words, and those of the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One branch of one remote, seen from a clone."""

    folder: Path
    """Any folder of the clone."""
    remote: str
    branch: str
    git_folder: Path
    """The clone's own, which linked work trees share."""
    shallow: bool
    """Whether the clone has not all of the history."""
    nothing: str
    """What stands for no object, as long as the names of objects are in this clone."""

    @classmethod
    def find(cls, folder: Path, url: str) -> Repository:
        """
        Return the branch that ``git:remote/branch`` names, seen from the clone that a folder lies in.

        Raises:
            SettingsError: there is no git, no clone, or no such remote.
        """
        remote, _, branch = url.removeprefix("git:").partition("/")
        asked = _run(folder, "rev-parse", "--is-shallow-repository", "--show-object-format", "--git-common-dir")
        if asked.returncode:
            msg = f"[ledger] url names a branch of a git remote, and {folder} is in no clone: {_words(asked)}"
            raise SettingsError(msg, hint="Run it in a clone of the newsletter's repository, or remove [ledger] url.")
        if _run(folder, "remote", "get-url", remote).returncode:
            msg = f"[ledger] url names the git remote {remote}, which this clone does not have"
            raise SettingsError(msg, hint="Which there are: git remote -v")
        shallow, names, git_folder = os.fsdecode(asked.stdout).splitlines()
        return cls(
            folder=folder,
            remote=remote,
            branch=branch,
            git_folder=(folder / git_folder).resolve(),
            shallow=shallow == "true",
            nothing="00" * hashlib.new(names).digest_size,
        )

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return f"the branch {self.branch} of {self.remote}"

    @property
    def memory(self) -> str:
        """The ref that keeps the tip that was seen last."""
        return f"refs/digest/tips/{self.remote}/{self.branch}"

    def fetch(self) -> str | None:
        """
        Return the commit at the branch's tip; None when there is no such branch.

        Raises:
            RemoteError: the remote cannot be reached, or the branch no longer holds what was seen there last.
        """
        seen = self._look_up(self.memory)  # before the fetch, as another process may remember a later one meanwhile
        tip = self._fetch(*(["--depth=1"] if self.shallow and not seen else []))
        if seen and tip != seen and not (tip and self._is_still_in(seen, tip)):
            self._refuse(seen, tip)
        if tip and tip != seen:
            self.remember(tip)
        return tip

    def _fetch(self, *depth: str) -> str | None:
        """Fetch into a ref of our own, since that of another process may be locked."""
        ref = f"refs/digest/fetched/{token_hex(8)}"
        done = self._run(*_FETCH, *depth, self.remote, f"+refs/heads/{self.branch}:{ref}")
        if done.returncode:
            words = _words(done)
            if _MISSING in words:
                return None
            msg = f"the ledger on {self.name} cannot be fetched: {words}"
            raise RemoteError(msg, hint="Nothing was sent. Is this machine online, and may it read the repository?")
        tip = self._look_up(ref)
        self._run("update-ref", "-d", ref)
        return tip

    def _is_still_in(self, seen: str, tip: str) -> bool:
        if self.contains(tip, seen):
            return True
        if not self.shallow:
            return False
        self._fetch(_WHOLE)  # somebody may have cut the history between the two
        return self.contains(tip, seen)

    def _refuse(self, seen: str, tip: str | None) -> None:
        happened = "was written anew by somebody" if tip else "is gone"
        msg = f"{self.name} {happened}, and no longer says all that it said of who got what"
        hint = (
            f"To bring back what it was: git push --force {self.remote} {seen}:refs/heads/{self.branch}\n"
            f"  If it is to be as it is now: git update-ref -d {self.memory}"
        )
        raise RewrittenError(msg, hint=hint)

    def contains(self, tip: str, commit: str) -> bool:
        """Return whether a commit is a tip, or stands before it."""
        return self._run("merge-base", "--is-ancestor", commit, tip).returncode == 0

    def remember(self, tip: str) -> None:
        """Keep the tip for the next fetch; where another process is about to do the same, one of the two is enough."""
        self._run("update-ref", self.memory, tip)

    def read(self, tip: str) -> dict[str, bytes]:
        """Return all files of a commit by their paths."""
        listed = self._ask("ls-tree", "-r", "-z", "--full-tree", tip)
        rows = [row.split(b"\t", 1) for row in listed.split(b"\0") if row]
        names = [facts.split()[2] for facts, _ in rows]
        contents = _contents(self._ask("cat-file", "--batch", stdin=b"\n".join([*names, b""])))
        return {path.decode(): content for (_, path), content in zip(rows, contents, strict=True)}

    def read_file(self, tip: str, path: str) -> bytes | None:
        """Return one file of a commit; None where it has no such file."""
        done = self._run("cat-file", "blob", f"{tip}:{path}")
        return None if done.returncode else done.stdout

    def difference(self, before: str | None, after: str) -> set[str]:
        """Return the paths of what was changed between two commits; None is before the first one."""
        if before is None:
            return {*self.read(after)}
        listed = self._ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)
        return {path.decode() for path in listed.split(b"\0") if path}

    def commit(self, changes: Mapping[str, bytes | None], *, parent: str | None, words: str) -> str:
        """
        Return a new commit on top of `parent` that differs from it by these files; None takes one away.

        Two commits are never the same: git takes the second of two that are for one that it has already, and tells
        whoever pushes it that all is well.
        """
        message = f"{words}\n\nNonce: {token_hex(16)}\n".encode()
        stream = b"".join(_stream(changes, parent, message, self.nothing))
        return self._ask("fast-import", "--quiet", "--date-format=now", stdin=stream).decode().strip()

    def push(self, commit: str, *options: str) -> Pushed:
        """Let the branch end with a commit, if it still ends with the commit's parent: the remote lets one in."""
        done = self._run(*_PUSH, *options, self.remote, f"{commit}:refs/heads/{self.branch}")
        reported = re.findall(r"^!\t\S+\t(.*)$", done.stdout.decode(errors="replace"), re.MULTILINE)
        words = "; ".join(filter(None, [*reported, _words(done)]))
        return Pushed(accepted=done.returncode == 0, words=words)

    def rehearse(self) -> Pushed:
        """
        Push a commit that changes nothing, up to where it would be taken; of rules for a branch git does not tell then.

        Raises:
            RemoteError: the branch cannot even be read.
        """
        return self.push(self.commit({}, parent=self.fetch(), words="a rehearsal"), "--dry-run")

    def _look_up(self, ref: str) -> str | None:
        return self._run("rev-parse", "--verify", "--quiet", ref).stdout.decode().strip() or None

    def _ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = self._run(*arguments, stdin=stdin)
        if done.returncode:
            msg = f"git {arguments[0]} does not work in this clone: {_words(done)}"
            raise SettingsError(msg, hint="Mend the clone, or make a new one: git fsck shows what is wrong with it.")
        return done.stdout

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return _run(self.folder, *arguments, stdin=stdin)


def _run(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """
    Run git, which asks nobody for a password.

    It has a session of its own: there it finds no terminal to ask at, and Ctrl-C does not reach it, as the first one
    is to let what was begun come to its end.
    """
    command = ["git", *_QUIET, *arguments]
    environ = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _UNATTENDED
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; the settings allow no remote or branch that begins with a hyphen
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as fault:
        msg = "a ledger on a branch needs git, which is not installed here"
        raise SettingsError(msg, hint="Install git, or remove [ledger] url.") from fault
    with process:
        try:
            out, err = process.communicate(stdin, timeout=DEADLINE)
        except BaseException as fault:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with whatever it has started to reach the remote
            if not isinstance(fault, subprocess.TimeoutExpired):
                raise
            out, err = b"", f"it took longer than {DEADLINE:.0f} seconds".encode()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what git and the other side say, on one line, without users and passwords in addresses."""
    lines = [_NOISE.sub("", line).strip() for line in done.stderr.decode(errors="replace").splitlines()]
    words = "; ".join(dict.fromkeys(filter(None, lines)))
    words = _USER.sub("//", "".join(sign for sign in words if sign.isprintable()))
    return words[:_LONGEST] or f"git ended with {done.returncode}"


def _contents(batch: bytes) -> Iterator[bytes]:
    """Take apart what ``git cat-file --batch`` says: a line that ends with a size, so many bytes, and a line end."""
    start = 0
    while start < len(batch):
        end = batch.index(b"\n", start)
        size = int(batch[start:end].split()[2])
        yield batch[end + 1 : end + 1 + size]
        start = end + size + 2


def _stream(changes: Mapping[str, bytes | None], parent: str | None, words: bytes, nothing: str) -> Iterator[bytes]:
    """Put a commit in the words of ``git fast-import``, which wants a ref for it; in the end, there is none."""
    yield b"feature done\n"
    yield b"commit refs/digest/made\nmark :1\ncommitter digest <digest@localhost> now\n"
    yield b"data %d\n%s\n" % (len(words), words)
    if parent:
        yield f"from {parent}\n".encode()
    for path, content in changes.items():
        if content is None:
            yield f"D {path}\n".encode()
        else:
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
    yield f"get-mark :1\nreset refs/digest/made\nfrom {nothing}\ndone\n".encode()
