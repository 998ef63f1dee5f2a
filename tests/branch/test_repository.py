"""The branch of a git remote, by git's plumbing and against real bare repositories."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from branch_room import BRANCH, URL, Remote, git, remote, untouched_room

from digest.branch.repository import RemoteError, Repository, RewrittenError
from digest.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from branch_room import Clone

__all__ = ["remote", "untouched_room"]


@pytest.fixture
def clone(remote: Remote) -> Clone:
    """Return a machine."""
    return remote.machine("one")


def write(repository: Repository, parent: str | None = None, **files: bytes) -> str:
    """Push a commit with these files, which must get through."""
    commit = repository.commit(dict(files), parent=parent, words="a test")
    assert repository.push(commit).accepted
    return commit


def test_no_branch_yet(clone: Clone) -> None:
    """A repository without the branch has an empty ledger."""
    assert clone.repository.fetch() is None


def test_files_come_back(remote: Remote, clone: Clone) -> None:
    """What is pushed from one clone is what another one reads, to the byte; what is taken away is gone."""
    contents = {"a/b c": b"\x00\xff\n", "a/%C3%A4": b"", "z": b"last"}
    first = clone.repository.commit({**contents, "old": b"x"}, parent=None, words="first")
    second = clone.repository.commit({"old": None, "never/was": None}, parent=first, words="second")
    assert clone.repository.push(second).accepted
    other = remote.machine("two").repository
    assert other.fetch() == second
    assert other.read(second) == contents
    assert other.read_file(second, "z") == b"last"
    assert other.read_file(second, "old") is None
    assert other.difference(first, second) == {"old"}
    assert other.difference(None, second) == {*contents}
    assert other.contains(second, first)
    assert not other.contains(first, second)


def test_one_push_gets_through(remote: Remote) -> None:
    """Of two commits on one parent, the remote takes the first one, and tells the other pusher so."""
    one, two = remote.machine("one").repository, remote.machine("two").repository
    parent = write(one, file=b"1")
    assert two.fetch() == parent
    commits = [repository.commit({"file": b"2"}, parent=parent, words="same") for repository in (one, two)]
    assert commits[0] != commits[1], "or git would tell the second one that its commit is there"
    assert [one.push(commits[0]).accepted, two.push(commits[1]).accepted] == [True, False]
    assert remote.tip() == commits[0]


def test_nothing_else_is_touched(remote: Remote, clone: Clone) -> None:
    """Neither head, index, files nor branches of the clone change, and its hooks do not run."""
    (clone.folder / "0.md").write_text("Not yet committed.\n", encoding="utf-8")
    for name in ("pre-push", "reference-transaction"):
        hook = clone.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n", encoding="utf-8")
        hook.chmod(0o755)
    before = [git(clone.folder, *command) for command in _STATE]
    write(clone.repository, file=b"1")
    clone.repository.fetch()
    assert [git(clone.folder, *command) for command in _STATE] == before
    assert not [*clone.folder.glob("**/hook-ran")]
    assert (
        git(clone.folder, "for-each-ref", "--format=%(refname)", "refs/digest") == f"refs/digest/tips/origin/{BRANCH}"
    )
    assert remote.pushes() == 1


_STATE = (("status", "--porcelain"), ("rev-parse", "HEAD"), ("for-each-ref", "refs/heads"), ("stash", "list"))


@pytest.mark.parametrize("happens", ["anew", "back", "gone"])
def test_rewritten_branch_is_refused(remote: Remote, clone: Clone, happens: str) -> None:
    """Whoever takes away what a clone has seen on the branch is found out; the hint brings it back."""
    first = write(clone.repository, file=b"1")
    second = write(clone.repository, first, file=b"2")
    clone.repository.fetch()
    with_other_words = remote.machine("two").repository.commit({"file": b"3"}, parent=None, words="a force-push")
    target = {"anew": f"+{with_other_words}", "back": f"+{first}", "gone": ""}[happens]
    git(remote.folder.with_name("two"), "fetch", "--quiet", "origin")
    git(remote.folder.with_name("two"), "push", "--quiet", "origin", f"{target}:refs/heads/{BRANCH}")
    with pytest.raises(RewrittenError, match="gone" if happens == "gone" else "anew") as raised:
        clone.repository.fetch()
    bring_back, accept = (line.split(": ", 1)[1].split() for line in raised.value.hint.splitlines())
    if happens == "gone":
        git(clone.folder, *bring_back[1:])
        assert clone.repository.fetch() == second
    else:
        git(clone.folder, *accept[1:])
        assert clone.repository.fetch() == remote.tip() != second


def test_shallow_clone(remote: Remote) -> None:
    """A shallow clone takes only the tip, writes on top of it, and knows later tips for what follows."""
    full = remote.clone("full").repository
    first = write(full, write(full, file=b"0"), file=b"1")
    shallow = remote.clone("shallow", "--depth=1")
    repository = shallow.repository
    assert repository.shallow
    assert repository.fetch() == first
    assert git(shallow.folder, "rev-list", "--count", first) == "1"
    second = write(repository, first, file=b"2")
    assert full.fetch() == second
    third = write(full, second, file=b"3")
    assert shallow.repository.fetch() == third


def test_history_that_was_cut_later(remote: Remote) -> None:
    """Where a runner that keeps its clone cuts the history, the branch is not taken for rewritten."""
    full = remote.clone("full").repository
    tip = write(full, file=b"0")
    shallow = remote.clone("shallow", "--depth=1")
    assert shallow.repository.fetch() == tip
    for content in (b"1", b"2", b"3"):
        tip = write(full, tip, file=content)
    git(shallow.folder, "fetch", "--quiet", "--depth=1", "origin", f"+refs/heads/{BRANCH}:refs/remotes/origin/{BRANCH}")
    assert shallow.repository.fetch() == tip


def test_hook_of_another_repository(remote: Remote, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by a hook, whose variables lead to its own repository, it works with the clone all the same."""
    with monkeypatch.context() as patched:
        patched.setenv("GIT_DIR", ".")
        patched.setenv("GIT_QUARANTINE_PATH", str(remote.folder / "objects"))
        commit = write(clone.repository, a=b"1")
    assert remote.tip() == commit


def test_names_of_64_digits(tmp_path: Path) -> None:
    """A repository whose objects have names by SHA-256 keeps a ledger as well."""
    bare, folder = tmp_path / "bare.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--template=", "--object-format=sha256", "--bare", bare)
    git(tmp_path, "init", "--quiet", "--template=", "--object-format=sha256", folder)
    git(folder, "remote", "add", "origin", bare)
    repository = Repository.find(folder, URL)
    commit = write(repository, write(repository, a=b"1"), b=b"2")
    assert repository.read(commit) == {"a": b"1", "b": b"2"}


def test_partial_clone(remote: Remote, clone: Clone) -> None:
    """A clone that fetches files when they are wanted gets those of the ledger at once, and not one by one."""
    git(remote.folder, "config", "uploadpack.allowFilter", "true")
    commit = write(clone.repository, a=b"1", b=b"2")
    partial = remote.clone("partial", "--filter=blob:none", "--single-branch")
    assert partial.repository.fetch() == commit
    with remote.away():
        assert partial.repository.read(commit) == {"a": b"1", "b": b"2"}


def test_rehearsal(remote: Remote, clone: Clone) -> None:
    """Whether a push would be let in is asked without one, be the branch there or not."""
    assert clone.repository.rehearse().accepted
    assert not remote.tip()
    commit = write(clone.repository, a=b"1")
    git(clone.folder, "config", "remote.origin.receivepack", "false")
    assert not clone.repository.rehearse().accepted
    assert remote.tip() == commit


def test_no_clone(tmp_path: Path) -> None:
    """A folder that is no clone is a fault of the settings."""
    with pytest.raises(SettingsError, match="is in no clone"):
        Repository.find(tmp_path, URL)


def test_no_such_remote(clone: Clone) -> None:
    """So is a remote that the clone does not have."""
    with pytest.raises(SettingsError, match="remote upstream"):
        Repository.find(clone.folder, "git:upstream/digest-ledger")


def test_no_git(clone: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without git, the sentence says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="needs git"):
        Repository.find(clone.folder, URL)


def test_password_in_the_address_is_not_shown(clone: Clone) -> None:
    """What git says of a remote that is out of reach is shown without the user and the password."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    git(clone.folder, "remote", "set-url", "origin", f"https://editor:pa55word@127.0.0.1:{port}/letters.git")
    with pytest.raises(RemoteError, match="cannot be fetched") as raised:
        clone.repository.fetch()
    assert "127.0.0.1" in raised.value.sentence
    assert "pa55word" not in raised.value.sentence
    assert "editor" not in raised.value.sentence


def test_read_only_remote(remote: Remote, clone: Clone) -> None:
    """A remote that may be read and not be written to says so; a fetch works there."""
    with subprocess.Popen(
        ["git", "-c", "daemon.receivepack=false", "daemon", "--listen=127.0.0.1", f"--port={(port := _free_port())}",
         "--export-all", f"--base-path={remote.folder.parent}", "--reuseaddr", "--verbose"],
        stderr=subprocess.PIPE,
    ) as daemon:  # fmt: skip
        try:
            assert daemon.stderr
            assert b"Ready" in daemon.stderr.readline()
            git(clone.folder, "remote", "set-url", "origin", f"git://127.0.0.1:{port}/remote.git")
            repository = clone.repository
            assert repository.fetch() is None
            pushed = repository.push(repository.commit({"file": b"1"}, parent=None, words="a test"))
            assert not pushed.accepted
            assert "access denied" in pushed.words
        finally:
            daemon.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
