"""Commits on top of what others write, over a remote that may be out of reach, refuse, or keep its answers back."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from branch_room import Remote, git, remote, untouched_room

from digest.branch.journal import Journal
from digest.branch.repository import RemoteError, RewrittenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.branch.journal import Changes

__all__ = ["remote", "untouched_room"]


@pytest.fixture
def journal(remote: Remote) -> Journal:
    """Return the branch as a machine without patience writes it."""
    opened = Journal(remote.machine("one").repository, waits=())
    assert opened.open() == {}
    return opened


def write(journal: Journal, changes: Changes, meet: Callable[[set[str], str], None] | None = None) -> None:
    """Push changes; whatever others have changed is fine."""
    journal.write(lambda: changes, words="a test", meet=meet or (lambda _paths, _tip: None))


def test_others_are_taken_in(remote: Remote, journal: Journal) -> None:
    """Whoever was faster is told of, and what is pushed then stands beside theirs."""
    other = Journal(remote.machine("two").repository)
    other.open()
    write(other, {"theirs": b"1"})
    told: list[set[str]] = []
    write(journal, {"ours": b"2"}, lambda paths, tip: told.append(paths | {tip}))
    assert told == [{"theirs", other.tip}]
    assert remote.files() == {"ours": "2", "theirs": "1"}
    assert journal.tip == remote.tip()


def test_whoever_is_met_may_end_it(remote: Remote, journal: Journal) -> None:
    """Nothing is pushed any more when what others did forbids it."""
    other = Journal(remote.machine("two").repository)
    other.open()
    write(other, {"file": b"theirs"})

    def end(_paths: set[str], _tip: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        write(journal, {"file": b"ours"}, end)
    assert remote.files() == {"file": "theirs"}


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_refusal(remote: Remote, journal: Journal, name: str) -> None:
    """A branch that is protected is told at once, in the remote's words, with the way out."""
    remote.hook(name, "echo only editors may >&2; exit 1")
    with pytest.raises(RemoteError, match=r"takes nothing from here: .*hook declined.*only editors may") as raised:
        write(journal, {"file": b"1"})
    assert "contents: write" in raised.value.hint
    assert remote.pushes() == 0


def test_out_of_reach(remote: Remote, journal: Journal) -> None:
    """A remote that cannot be reached is said to be so, and a later attempt goes on from there."""
    write(journal, {"file": b"1"})
    with remote.away(), pytest.raises(RemoteError, match="cannot be fetched"):
        write(journal, {"file": b"2"})
    write(journal, {"file": b"3"})
    assert remote.files() == {"file": "3"}


def test_out_of_reach_for_a_moment(remote: Remote) -> None:
    """Who has patience gets through when the remote is back."""
    journal = Journal(remote.machine("one").repository, waits=(0.05,) * 400)
    journal.open()
    with ExitStack() as stack:
        stack.enter_context(remote.away())
        back = Timer(0.3, stack.close)
        back.start()
        write(journal, {"file": b"1"})
        back.join()
    assert remote.pushes() == 1


def test_answer_that_is_lost(remote: Remote, journal: Journal) -> None:
    """A push that arrived counts, though nobody has said so; it is not pushed again."""
    remote.hook("post-receive", 'rm "$0"; kill -9 $PPID')
    write(journal, {"file": b"1"})
    assert remote.pushes() == 1
    assert journal.tip == remote.tip()


def test_answer_that_is_lost_for_long(remote: Remote, journal: Journal) -> None:
    """That a push arrived is noticed by the next one, and what others put on top of it is theirs alone."""
    away = remote.folder.with_name("elsewhere")
    remote.hook("post-receive", f'rm "$0"; mv "{remote.folder}" "{away}"; kill -9 $PPID')
    with pytest.raises(RemoteError):
        write(journal, {"ours": b"1"})
    away.rename(remote.folder)
    other = Journal(remote.machine("two").repository)
    other.open()
    write(other, {"theirs": b"1"})
    told: list[set[str]] = []
    write(journal, {"ours": b"2"}, lambda paths, _tip: told.append(paths))
    assert told == [{"theirs"}]
    assert remote.files() == {"ours": "2", "theirs": "1"}
    assert remote.pushes() == 3


def test_force_push_in_between(remote: Remote, journal: Journal) -> None:
    """Whoever writes the branch anew in the middle ends what others are at, and nothing is pushed over it."""
    write(journal, {"file": b"1"})
    two = remote.machine("two")
    anew = two.repository.commit({"file": b"anew"}, parent=None, words="a force-push")
    git(two.folder, "push", "--quiet", "--force", "origin", f"{anew}:refs/heads/digest-ledger")
    with pytest.raises(RewrittenError, match="written anew"):
        write(journal, {"file": b"2"})
    assert remote.files() == {"file": "anew"}


def test_from_a_shallow_clone(remote: Remote, journal: Journal) -> None:
    """Whoever has only the tip writes on, also behind others."""
    write(journal, {"file": b"1"})
    shallow = Journal(remote.clone("shallow", "--depth=1").repository, waits=())
    assert shallow.open() == {"file": b"1"}
    write(journal, {"other": b"2"})
    told: list[set[str]] = []
    write(shallow, {"file": b"3"}, lambda paths, _tip: told.append(paths))
    assert told == [{"other"}]
    assert remote.files() == {"file": "3", "other": "2"}
    assert remote.pushes() == 3
