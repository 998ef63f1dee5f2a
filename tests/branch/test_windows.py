"""A mailing on a branch: who may send it, what a push claims, and what another machine finds."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from branch_room import KEY, READERS, Clone, Remote, git, one, remote, two, untouched_room
from mailing_room import IN_DOUBT, NOW, REFUSED, SENT, SLUG, claim, claim_all, edition, fates, freeze, leave, names, put

from digest.branch import RemoteError
from digest.errors import IncompleteError, ProviderError, SettingsError
from digest.model import State
from digest.store import Course

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.branch import BranchStore
    from digest.model import Batch, Receipt
    from digest.store import Claims

__all__ = ["one", "remote", "two", "untouched_room"]

OTHER_KEY = "another key of the newsletter just as long"


def settle(claims: Claims, batch: Batch, *receipts: Receipt) -> None:
    """Settle a batch so; without receipts, everyone was sent."""
    claims.settle(batch, receipts or [SENT] * len(batch.readers), now=NOW)


def send(store: BranchStore) -> list[str]:
    """Send all that is left, and return to whom."""
    frozen = store.mailings.get(SLUG)
    sent: list[str] = []
    with store.claims(frozen) as claims:
        for batch, _ in claims.adopt():
            claims.doubt(batch, reason="cut off", now=NOW)
        for batch in iter(partial(claims.claim, now=NOW), None):
            sent += names(batch)
            settle(claims, batch)
    return sent


def begin_and_die(clone: Clone, *, posts: int = 1, window: int = 2, readers: Sequence[str] = READERS) -> list[str]:
    """Freeze a mailing, claim so many of its batches one after the other, and be gone; return who was in them."""
    begun: list[str] = []
    opened = clone.store(window=window, readers=readers)
    with suppress(KeyboardInterrupt), opened as store, store.claims(freeze(store)) as claims:
        for _ in range(posts):
            batch = claim(claims)
            begun += names(batch)
            settle(claims, batch)
        raise KeyboardInterrupt
    return begun


def states(clone: Clone, **options: object) -> dict[str, State]:
    """Return how readers stand, as another command on a machine sees it."""
    with clone.store(**options) as store:  # type: ignore[arg-type]  # passed on
        return fates(store, store.mailings.get(SLUG))


def test_another_machine_knows_everything(one: Clone, two: Clone) -> None:
    """Every fate, and what it was for, is the same on a machine that has only the branch and the list."""
    with one.store(window=3) as store:
        frozen = freeze(store)
        with store.claims(frozen) as claims:
            first, second, third = claim(claims), claim(claims), claim(claims)
            settle(claims, first, SENT, REFUSED)
            settle(claims, second, SENT, IN_DOUBT)
            claims.release(third)
            settle(claims, claim(claims))
        before, said = fates(store, frozen), [*store.deliveries.lines(frozen)]
    with two.store(readers=[*reversed(READERS)]) as store:
        again = store.mailings.get(SLUG)
        assert fates(store, again) == before
        assert [*store.deliveries.lines(again)] == said
        assert store.mailings.edition(again.edition_id) == edition()
        assert (again.fingerprint, again.frozen_at, again.batch_size) == (frozen.fingerprint, NOW, 2)
        assert store.deliveries.tally(again) == store.deliveries.tally(frozen)
    assert sorted(state.value for state in before.values()) == ["in_doubt", "refused", "sent", "sent", "sent"]


def test_windows_save_pushes(remote: Remote, one: Clone) -> None:
    """A window is one push, which settles the one before, and the last one gives the lease back."""
    with one.store(window=2) as store, store.claims(freeze(store)) as claims:
        assert remote.pushes() == 0
        first, second = claim(claims), claim(claims)
        assert remote.pushes() == 1
        assert '"claimed"' in remote.files()[f"mailings/{SLUG}/batches/0000.jsonl"]
        settle(claims, first)
        settle(claims, second)
        settle(claims, claim(claims))
        assert remote.pushes() == 2
        assert claims.claim(now=NOW) is None
    assert remote.pushes() == 3
    assert f"mailings/{SLUG}/lease.json" not in remote.files()
    assert remote.files()[f"mailings/{SLUG}/batches/0000.jsonl"].count('"settled"') == 3


def test_never_more_than_a_window_is_claimed(remote: Remote, one: Clone) -> None:
    """What is still in flight counts, so a crash leaves no more unknown than the settings say."""
    with one.store(window=2, readers=[*READERS, "fay", "gus"]) as store, store.claims(freeze(store)) as claims:
        claim(claims)
        settle(claims, claim(claims))
        claim(claims)
        assert remote.files()[f"mailings/{SLUG}/batches/0000.jsonl"].count('"claimed"') == 2


def test_what_was_not_needed_is_given_back(one: Clone, two: Clone) -> None:
    """Whoever stops in the middle of a window leaves the rest of it queued, for anybody at once."""
    with one.store(window=3) as store, store.claims(freeze(store)) as claims:
        settle(claims, claim(claims))
    sent = {name for name, state in states(one).items() if state is State.SENT}
    with two.store() as store:
        assert store.deliveries.tally(store.mailings.get(SLUG)).queued == 3
        assert {*send(store)} == {*READERS} - sent


def test_nothing_was_begun(remote: Remote, one: Clone) -> None:
    """To freeze alone is not pushed: whoever dies before the first window has done nothing."""
    with pytest.raises(KeyboardInterrupt), one.store() as store, store.claims(freeze(store)):
        raise KeyboardInterrupt
    assert remote.pushes() == 0


def test_second_one_is_told_who_holds_it(remote: Remote, one: Clone, two: Clone) -> None:
    """Another machine does nothing, and knows for whom and until when."""
    with one.store() as store, store.claims(freeze(store)) as claims:
        claim(claims)
        remote.clock.move(minutes=2)
        with two.store() as other, pytest.raises(IncompleteError, match=r"hands of process \d+ on .*") as raised:
            send(other)
    assert "since 09:00:00 and until 09:15:00 UTC" in raised.value.sentence
    assert "--take-over" in raised.value.hint


def test_one_of_two_begins(remote: Remote, one: Clone, two: Clone) -> None:
    """Who freezes the same issue and pushes later has sent nothing, and leaves nothing."""
    with one.store() as first, two.store() as second:
        frozen = freeze(first), freeze(second)
        with first.claims(frozen[0]) as claims:
            claim(claims)
            with pytest.raises(IncompleteError, match="taken over by"), second.claims(frozen[1]) as others:
                others.claim(now=NOW)
    assert remote.pushes() == 2


def test_dead_holder_of_this_clone(one: Clone) -> None:
    """On the machine where a process died, the next one goes on at once."""
    begun = begin_and_die(one)
    with one.store() as store:
        rest = send(store)
    assert sorted(rest) == sorted(
        {*READERS} - {*begun} - {name for name, at in states(one).items() if at is State.IN_DOUBT}
    )
    assert not [*(one.folder / ".git" / "digest").iterdir()]


def test_crash_leaves_a_window_in_doubt_at_most(remote: Remote, one: Clone, two: Clone) -> None:
    """When the lease is over, another machine takes on exactly what was claimed, and sends the rest."""
    begin_and_die(one, posts=2, window=1)
    with two.store() as store, pytest.raises(IncompleteError, match="in the hands of"):
        send(store)
    remote.clock.move(minutes=16)
    with two.store() as store:
        rest = send(store)
    found = states(one)
    doubted = {name for name, state in found.items() if state is State.IN_DOUBT}
    assert len(doubted) == 2
    assert doubted.isdisjoint(rest)
    assert {*found.values()} == {State.IN_DOUBT, State.SENT}
    assert len(rest) == 1


def test_adopted_batches_are_the_same(remote: Remote, one: Clone, two: Clone) -> None:
    """Another machine builds the very batch that was claimed: its key, its moment and its bytes."""
    with suppress(KeyboardInterrupt), one.store() as store, store.claims(freeze(store)) as claims:
        before = [claim(claims), claim(claims)]
        raise KeyboardInterrupt
    remote.clock.move(minutes=16)
    with two.store(readers=[*reversed(READERS)]) as store, store.claims(store.mailings.get(SLUG)) as claims:
        adopted = [*claims.adopt()]
        assert [same for _, same in adopted] == [True, True]
        assert [(batch.number, batch.key, batch.at) for batch, _ in adopted] == [
            (batch.number, batch.key, batch.at) for batch in before
        ]
        assert [batch.readers for batch, _ in adopted] == [batch.readers for batch in before]


def test_take_over(one: Clone, two: Clone) -> None:
    """A person who knows better need not wait."""
    begin_and_die(one)
    with two.store(take_over=True) as store:
        send(store)
    assert State.QUEUED not in states(two).values()


def test_hand_over_that_fails(one: Clone, two: Clone) -> None:
    """Whatever goes wrong with a service, the right to hand issues over is given back, so that others can go on."""

    def fail() -> None:
        msg = "the service is away"
        with one.store() as store, store.hold("handing over"):
            raise ProviderError(msg)

    with pytest.raises(ProviderError, match="away"):
        fail()
    with two.store() as store, store.hold("handing over"):
        assert store.handovers.begin("an-issue", provider="buttondown", now=NOW)


def test_holder_that_was_taken_for_dead(one: Clone, two: Clone) -> None:
    """Whoever was taken over stops at its next push, and writes nothing over what the other one did."""

    def be_taken_over() -> None:
        with one.store(window=1) as first, first.claims(freeze(first)) as claims:
            settle(claims, claim(claims))
            with two.store(take_over=True) as second:
                send(second)
            claims.claim(now=NOW)

    with pytest.raises(IncompleteError, match="somebody has changed"):
        be_taken_over()
    assert sorted(state.value for state in states(one).values()) == ["in_doubt", "in_doubt", "sent", "sent", "sent"]


def test_lease_that_ends_soon_is_renewed(remote: Remote, one: Clone) -> None:
    """Nothing is handed out in the last minutes of a lease; the push that renews it shows that it is still ours."""
    with one.store(window=2) as store, store.claims(freeze(store)) as claims:
        claim(claims)
        remote.clock.move(minutes=9)
        assert remote.pushes() == 1
        remote.clock.move(minutes=2)
        claim(claims)
        assert remote.pushes() == 2
        assert "T09:26" in remote.files()[f"mailings/{SLUG}/lease.json"]


@pytest.mark.parametrize(("course", "state"), [(Course.PAUSED, State.QUEUED), (Course.CANCELLED, State.SKIPPED)])
def test_course_is_turned_from_elsewhere(one: Clone, two: Clone, course: Course, state: State) -> None:
    """Whoever sends hears at the next window that somebody has paused or ended it, and what is left is as they said."""
    with one.store(window=1) as store, store.claims(freeze(store)) as claims:
        settle(claims, claim(claims))
        with two.store() as other:
            if course is Course.PAUSED:
                other.mailings.turn(other.mailings.get(SLUG), course)
            else:
                other.ledger.cancel(other.mailings.get(SLUG), now=NOW)
        assert claims.claim(now=NOW) is None
        assert store.mailings.get(SLUG).course is course
    assert sorted(found.value for found in states(two).values()) == sorted(["sent"] * 2 + [state.value] * 3)


def test_pause_without_anybody_at_it(remote: Remote, one: Clone, two: Clone) -> None:
    """A decision is pushed by the command that takes it; one that changes nothing pushes nothing."""
    begin_and_die(one)
    remote.clock.move(minutes=16)
    pushes = remote.pushes()
    for _ in range(2):
        with two.store() as store:
            store.mailings.turn(store.mailings.get(SLUG), Course.PAUSED)
    assert remote.pushes() == pushes + 1


def test_decisions_about_readers_wait(one: Clone, two: Clone) -> None:
    """Who sends must not find the readers changed, so a retry from elsewhere is refused meanwhile, and works later."""
    with one.store(window=1) as store, store.claims(freeze(store)) as claims:
        settle(claims, claim(claims), SENT, REFUSED)
        claim(claims)
        with pytest.raises(IncompleteError, match="in the hands of"), two.store() as other:
            other.ledger.retry(other.mailings.get(SLUG))
    with two.store() as other:
        assert other.ledger.retry(other.mailings.get(SLUG)) == 1
    assert State.REFUSED not in states(one).values()


def test_resolve_on_another_machine(one: Clone, two: Clone) -> None:
    """Those in doubt are settled from anywhere, and what is queued by that is sent from anywhere."""
    with one.store() as store, store.claims(freeze(store)) as claims:
        for batch in claim_all(claims):
            claims.doubt(batch, reason="no answer", now=NOW)
    with two.store() as store, store.claims(store.mailings.get(SLUG)) as claims:
        for number, (batch, _) in enumerate(claims.reopen()):
            if number:
                settle(claims, batch)
            else:
                claims.release(batch)
    assert sorted(state.value for state in states(one).values()) == ["queued", "queued", "sent", "sent", "sent"]


def test_amended_and_extended(one: Clone, two: Clone) -> None:
    """A later edition, with its readers who joined since, is on every machine what is sent from then on."""
    with one.store(window=1) as store, store.claims(freeze(store)) as claims:
        settle(claims, claim(claims))
    with two.store(readers=[*READERS, "fay"]) as store:
        frozen = store.mailings.amend(edition(subject="Mended"), now=NOW)
        assert store.ledger.extend(frozen, None) == 1
    with one.store(readers=[*READERS, "fay"]) as store, store.claims(store.mailings.get(SLUG)) as claims:
        batches = claim_all(claims)
        assert {batch.edition.subject.marked for batch in batches} == {"Mended"}
        assert len([name for batch in batches for name in names(batch)]) == 4


def test_list_that_changed(one: Clone, two: Clone) -> None:
    """Whoever left meanwhile is skipped, whoever joined is not in it, and the order of the list means nothing."""
    with one.store(window=1) as store, store.claims(freeze(store)) as claims:
        settle(claims, claim(claims))
    sent = {name for name, state in states(one).items() if state is State.SENT}
    gone, *stayed = sorted({*READERS} - sent)
    with two.store(readers=["zoe", *reversed(READERS)]) as store:
        leave(store, gone)
        assert sorted(send(store)) == stayed
        assert fates(store, store.mailings.get(SLUG))[gone] is State.SKIPPED


def test_other_mailings_do_not_disturb(remote: Remote, one: Clone, two: Clone) -> None:
    """What others push about another issue is taken in, and nobody stops."""
    with one.store(window=1) as store, store.claims(freeze(store)) as claims:
        settle(claims, claim(claims))
        with two.store() as other, other.claims(freeze(other, slug="another")) as others:
            for batch in claim_all(others):
                settle(others, batch)
        for batch in claim_all(claims):
            settle(claims, batch)
    assert {*states(two).values()} == {State.SENT}
    assert {path.split("/")[1] for path in remote.files() if path.startswith("mailings/")} == {SLUG, "another"}


def test_branch_that_is_written_anew_in_between(remote: Remote, one: Clone, two: Clone) -> None:
    """Nothing more leaves when somebody has taken the ledger away, and nothing is pushed over what they did."""
    anew = two.repository.commit({"file": b"anew"}, parent=None, words="a force-push")

    def be_disturbed() -> None:
        with one.store(window=1) as store, store.claims(freeze(store)) as claims:
            settle(claims, claim(claims))
            git(two.folder, "push", "--quiet", "--force", "origin", f"{anew}:refs/heads/digest-ledger")
            assert claims.claim(now=NOW) is None

    with pytest.raises(RemoteError, match="written anew"):
        be_disturbed()
    assert remote.files() == {"file": "anew"}


def test_remote_that_is_gone_in_between(remote: Remote, one: Clone, two: Clone) -> None:
    """What is in flight is finished, nothing more begins, and another machine has one window to doubt."""
    away = ExitStack()

    def be_cut_off() -> None:
        with one.store(window=1) as store, store.claims(freeze(store)) as claims:
            settle(claims, claim(claims))
            away.enter_context(remote.away())
            assert claims.claim(now=NOW) is None

    with away, pytest.raises(RemoteError, match="cannot be fetched"):
        be_cut_off()
    remote.clock.move(minutes=16)
    with two.store() as store:
        rest = send(store)
    found = states(two)
    assert len(rest) == 3
    assert sorted(state.value for state in found.values()) == ["in_doubt", "in_doubt", "sent", "sent", "sent"]


def test_remote_that_is_back_at_the_end(remote: Remote, one: Clone, two: Clone) -> None:
    """What was learned meanwhile is written down as soon as the remote is there again, and nobody is in doubt."""

    def be_cut_off() -> None:
        with one.store(window=1) as store, store.claims(freeze(store)) as claims:
            settle(claims, claim(claims))
            with remote.away():
                assert claims.claim(now=NOW) is None

    with pytest.raises(RemoteError, match="cannot be fetched"):
        be_cut_off()
    found = states(two)
    assert sorted(state.value for state in found.values()) == ["queued", "queued", "queued", "sent", "sent"]


def test_nothing_was_sent_where_nothing_can_be_pushed(remote: Remote, one: Clone, two: Clone) -> None:
    """A branch that takes nothing is noticed before anything leaves."""
    remote.hook("pre-receive", "exit 1")

    def be_refused() -> None:
        with one.store() as store, store.claims(freeze(store)) as claims:
            assert claims.claim(now=NOW) is None

    with pytest.raises(RemoteError, match="takes nothing from here"):
        be_refused()
    assert remote.pushes() == 0
    with two.store() as store:
        assert store.mailings.all() == []


def test_key_that_was_changed(one: Clone, two: Clone) -> None:
    """What was begun goes on with the key that it was begun with, and new issues take the newest."""
    begin_and_die(one)
    with two.store(secret=f"{OTHER_KEY},{KEY}", take_over=True) as store:
        rest = send(store)
    assert len(rest) >= 1
    with two.store(secret=f"{OTHER_KEY},{KEY}") as store:
        frozen = freeze(store, slug="another")
        with store.claims(frozen) as claims:
            for batch in claim_all(claims):
                settle(claims, batch)
        assert {*fates(store, frozen).values()} == {State.SENT}


def test_what_is_posted_again_has_the_links_that_it_had(one: Clone, two: Clone) -> None:
    """Tokens of what was begun are signed by its key, as they were, so that a request is the same to the byte."""
    with suppress(KeyboardInterrupt), one.store() as store, store.claims(freeze(store)) as claims:
        tokens = claim(claims).readers.columns["token"]
        raise KeyboardInterrupt
    secret = f"{OTHER_KEY},{KEY}"
    with two.store(secret=secret, take_over=True) as store, store.claims(store.mailings.get(SLUG)) as claims:
        batch, is_same = next(claims.adopt())
        assert is_same
        assert batch.readers.columns["token"] == tokens
        claims.release(batch)


def test_readers_of_an_older_key_are_known(one: Clone, two: Clone) -> None:
    """What became of each is told by address, be it numbered by a key that is no longer the newest."""
    with one.store() as store:
        freeze(store)
        send(store)
    found = states(two, secret=f"{OTHER_KEY},{KEY}")
    assert found == dict.fromkeys(READERS, State.SENT)


def test_another_newsletter(remote: Remote, one: Clone, two: Clone) -> None:
    """A branch is one newsletter's: of another one, an issue of the same name would count as sent."""
    with two.store(site="https://other.example.org") as late:
        frozen = freeze(late)
        with one.store() as store:
            freeze(store)
            send(store)
        before = remote.tip()
        with pytest.raises(SettingsError, match="keeps the ledger of https://plateau"), late.claims(frozen) as claims:
            claim(claims)
    with pytest.raises(SettingsError, match="and this newsletter is https://other"), ExitStack() as stack:
        stack.enter_context(two.store(site="https://other.example.org"))
    assert remote.tip() == before
    with two.store(site="https://plateau.example.org/") as store:
        assert store.mailings.find(SLUG)


def test_who_holds_it_is_told(one: Clone, two: Clone) -> None:
    """Whoever looks on is told who sends, and until when, and nothing more when they are done."""
    with one.store() as store, store.claims(freeze(store)) as claims:
        claim(claims)
        with two.store() as other:
            assert "until 09:15:00 UTC" in other.held_by(other.mailings.get(SLUG))
    with two.store() as other:
        assert not other.held_by(other.mailings.get(SLUG))


def test_key_that_is_gone(one: Clone, two: Clone) -> None:
    """Without the key, nobody could tell the readers of what was begun, so nothing of it is sent."""
    begin_and_die(one)
    with two.store(secret=OTHER_KEY, take_over=True) as store:
        with pytest.raises(SettingsError, match="another key in DIGEST_SECRET"):
            send(store)
        with pytest.raises(SettingsError, match="another key in DIGEST_SECRET"):
            store.ledger.newcomers(store.mailings.get(SLUG), None)


def test_no_reader_is_named_on_the_branch(remote: Remote, one: Clone) -> None:
    """Nothing that would tell who reads it stands in any object of the remote: no address, name, field or message."""
    with one.store(window=3, readers=()) as store:
        put(store, "telltale.ann", "telltale.bob", "telltale.cyd", name="Telltale Name", city="Telltale City")
        with store.claims(freeze(store)) as claims:
            first, second = claim(claims), claim(claims)
            settle(claims, first, SENT, REFUSED)
            claims.doubt(second, reason="no answer", now=NOW)
    git(remote.folder, "config", "core.bigFileThreshold", "1g")
    objects = git(remote.folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    text = "\n".join(
        git(remote.folder, "cat-file", "-p", name)
        for name, kind in (line.split() for line in objects.splitlines())
        if kind != "blob" or b"\0" not in _blob(remote, name)
    )
    assert "telltale" not in text.lower()
    assert KEY not in text
    assert SLUG in text


def _blob(remote: Remote, name: str) -> bytes:
    import subprocess  # noqa: PLC0415

    return subprocess.run(["git", "cat-file", "blob", name], cwd=remote.folder, check=True, capture_output=True).stdout


def test_newer_digest(one: Clone, remote: Remote) -> None:
    """What a newer version has written is left to it."""
    begin_and_die(one)
    path = f"mailings/{SLUG}/mailing.json"
    text = remote.files()[path].replace('"format": 1', '"format": 2')
    commit = one.repository.commit({path: text.encode()}, parent=remote.tip(), words="by hand")
    assert one.repository.push(commit).accepted
    with pytest.raises(SettingsError, match="newer digest"), one.store():
        pass


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("readers/0000.jsonl", None),
        ("editions/1.json", None),
        ("mailing.json", b"{}"),
        ("batches/0000.jsonl", b"<<<<<<< ours\n"),
        ("lease.json", b"[]"),
    ],
)
def test_branch_that_somebody_has_edited(one: Clone, remote: Remote, name: str, content: bytes | None) -> None:
    """A ledger that does not hold together is not gone by: the sentence names the place."""
    begin_and_die(one)
    change = {f"mailings/{SLUG}/{name}": content}
    commit = one.repository.commit(change, parent=remote.tip(), words="by hand")
    assert one.repository.push(commit).accepted
    with pytest.raises(SettingsError, match=f"mailings/{SLUG}.* cannot be read"), one.store():
        pass
