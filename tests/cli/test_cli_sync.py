"""`digest sync` against a service on loopback, and what `digest send` makes of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from list_owners import Accident, Answer, Asked, Host, host

from digest.config import find_root, load_settings
from digest.store import Sync, open_store
from digest.store.syncs import account_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from conftest import Run

    from digest.store import Store

SLUG = "2026-11-24-hello"
KEY = "re_a_key_made_up_for_tests"
LISTMONK = 'api_url = "http://lists.test"\nlists = [3]\ntemplate_id = 7'
PAGE = 2


@dataclass(kw_only=True)
class ResendTeam:
    """Resend by its documentation, as far as it is asked: whom it suppresses, in pages of two, and who got mail."""

    suppressed: list[tuple[str, str]] = field(default_factory=list)
    """Addresses and origins."""
    sent: list[str] = field(default_factory=list)

    def serve(self, asked: Asked) -> Answer:
        """Return a status and what is answered in JSON."""
        if asked.headers["Authorization"] != f"Bearer {KEY}":
            return 401, {"name": "missing_api_key", "message": "Missing API Key"}
        if (asked.method, asked.path) == ("GET", "/suppressions"):
            return 200, self._page(asked.query.get("after", [""])[0])
        assert (asked.method, asked.path) == ("POST", "/emails/batch")
        taken = [parseaddr(mailbox)[1] for message in asked.body for mailbox in message["to"]]
        self.sent += taken
        return 200, {"data": [{"id": f"m-{email}"} for email in taken]}

    def _page(self, after: str) -> dict[str, Any]:
        start = [email for email, _ in self.suppressed].index(after) + 1 if after else 0
        shown = self.suppressed[start : start + PAGE]
        return {
            "object": "list",
            "has_more": start + PAGE < len(self.suppressed),
            "data": [
                {"id": email, "email": email, "origin": origin, "created_at": "2026-11-20T08:30:00.000Z"}
                for email, origin in shown
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A newsletter that is sent by Resend."""

    letter: Path
    team: ResendTeam
    host: Host

    def configure(self, *, name: str = "resend", url: str = "", age: int | None = None, options: str = "") -> None:
        """Choose the provider, and how old a sync may be."""
        text = (self.letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
        address = f'api_url = "{url or self.host.url}"\n' if name == "resend" else ""
        sending = f"[send]\nstop_after = 1\n{f'max_suppression_age = {age}' if age else ''}\n"
        settings = f'{text}[provider]\nname = "{name}"\n{address}{options}\n{sending}'
        (self.letter / "digest.toml").write_text(settings, encoding="utf-8")

    def keep_sync(self, *, hours_ago: float) -> None:
        """Write down a sync that was so long ago."""
        with _open() as store:
            at = datetime.now(UTC) - timedelta(hours=hours_ago)
            account = account_of(load_settings(self.letter, os.environ))
            store.syncs.keep(Sync(provider="resend", account=account, at=at, read=0, taken_off=0))


def _open() -> AbstractContextManager[Store]:
    return open_store(os.environ.get("DIGEST_STORE_URL", "sqlite:///.digest/digest.db"))


def _last_sync() -> Sync | None:
    account = account_of(load_settings(find_root(Path()), os.environ))
    with _open() as store:
        return store.syncs.last("resend", account)


def _standings(*names: str) -> dict[str, str]:
    with _open() as store:
        found = {name: store.subscribers.find(f"{name}@example.org") for name in names}
    return {name: reader.standing.value for name, reader in found.items() if reader}


@pytest.fixture
def scene(letter: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Return the newsletter, with three readers, whose service suppresses two of them and two others."""
    for variable in ("RESEND_API_KEY", "LISTMONK_API_USER", "LISTMONK_API_TOKEN"):
        monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv("DIGEST_SECRET", "correct-horse-battery-staple-once-more")
    team = ResendTeam(
        suppressed=[
            ("ann@example.org", "complaint"),
            ("Bob <Bob@Example.org>", "bounce"),
            ("stranger@example.org", "manual"),
            ("no address@", "bounce"),
        ]
    )
    with host(team) as hosted:
        readers = letter / "readers.csv"
        readers.write_text("email,name\nann@example.org,Ann\nbob@example.org,Bob\ncyd@example.org,Cyd\n", "utf-8")
        scene = Scene(letter=letter, team=team, host=hosted)
        scene.configure()
        assert run("subscribers", "import", str(readers)).exit_code == 0
        yield scene


@pytest.mark.usefixtures("any_store")
def test_who_complained_over_there_gets_nothing_more(run: Run, scene: Scene) -> None:
    """Without a sync nothing is sent; with one, all get it but those whom the service tells, and history says why."""
    scene.configure(age=24)
    for wish in (["--dry-run"], ["--yes"]):
        refused = run("send", SLUG, *wish)
        assert (refused.exit_code, scene.team.sent) == (5, [])
        assert refused.stderr.splitlines() == [
            "the suppressions of resend were not yet taken over with these settings; [send] max_suppression_age is 24",
            "  Nothing was sent. Take them over, then run this again: digest sync",
        ]
    synced = run("sync")
    assert (synced.exit_code, synced.stderr) == (0, "")
    assert synced.stdout.splitlines() == [
        "resend: 4 suppressions",
        "  taken off 2 · kept away 1 · passed over 1",
    ]
    sent = run("send", SLUG, "--yes")
    assert (sent.exit_code, sent.stderr) == (0, "")
    assert sorted(scene.team.sent) == ["ada@example.org", "cyd@example.org", "noor@example.org"]
    portrait = json.loads(run("subscribers", "show", "ann@example.org", "--json").stdout)
    assert (portrait["standing"], portrait["history"][-1]["reason"]) == (
        "complained",
        "resend (2026-11-20): complaint",
    )
    assert _standings("ann", "bob", "cyd") == {"ann": "complained", "bob": "bounced", "cyd": "active"}


def test_second_sync_finds_nothing_new(run: Run, scene: Scene) -> None:
    """What is known already changes nothing, and only news are asked for, unless the settings lead to other lists."""
    first = json.loads(run("sync", "--json").stdout)
    assert first == {
        "provider": "resend",
        "since": None,
        "read": 4,
        "taken_off": 2,
        "kept_away": 1,
        "passed_over": 1,
        "dry_run": False,
    }
    last = _last_sync()
    assert last
    second = json.loads(run("sync", "--json").stdout)
    assert (second["taken_off"], second["kept_away"]) == (0, 3)
    assert second["since"] == (last.at - timedelta(days=2)).isoformat()
    with host(ResendTeam()) as elsewhere:
        scene.configure(url=elsewhere.url)
        assert json.loads(run("sync", "--json").stdout)["since"] is None


def test_stranger_is_kept_in_mind(run: Run, scene: Scene) -> None:
    """Who is suppressed and not on the list is not written to either when an import brings them later."""
    assert run("sync").exit_code == 0
    (scene.letter / "more.csv").write_text("email\nSTRANGER@example.org\n", "utf-8")
    imported = json.loads(run("subscribers", "import", "more.csv", "--json").stdout)
    assert (imported["added"], imported["kept_away"]) == (0, 1)


def test_rehearsal_changes_nothing(run: Run, scene: Scene) -> None:
    """With --dry-run, it is told what would become of the list; nobody is taken off, and it is no sync."""
    del scene
    rehearsed = run("sync", "--dry-run")
    assert (rehearsed.exit_code, rehearsed.stdout.splitlines()[1:]) == (
        0,
        ["  taken off 2 · kept away 1 · passed over 1", "This was a rehearsal; nothing was changed."],
    )
    assert _standings("ann", "bob") == {"ann": "active", "bob": "active"}
    assert _last_sync() is None


@pytest.mark.parametrize("accident", [Accident.LOST, Accident.CUT, Accident.BROKEN])
def test_sync_that_fails_in_the_middle(run: Run, scene: Scene, accident: Accident) -> None:
    """A page that does not come makes it no sync, and the next one makes up for it."""
    scene.host.accidents[2] = accident
    failed = run("sync")
    assert failed.exit_code == 5
    assert "Nothing was changed." in failed.stderr
    assert _last_sync() is None
    assert run("sync").exit_code == 0
    assert _standings("ann", "bob") == {"ann": "complained", "bob": "bounced"}


def test_service_that_wants_to_be_left_alone(run: Run, scene: Scene) -> None:
    """It is waited for as long as the service asks, and the page is asked for again."""
    scene.host.accidents[2] = Accident.BUSY
    synced = run("sync")
    assert (synced.exit_code, "left alone for 0 s" in synced.stderr) == (0, True)
    assert scene.host.lines == ["GET /suppressions"] * 3


def test_key_that_may_not_look(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's words are told, and not the key."""
    del scene
    monkeypatch.setenv("RESEND_API_KEY", "re_another_key_of_tests")
    refused = run("sync")
    assert refused.exit_code == 5
    assert refused.stderr.startswith("the service does not show its suppressions to this key: 401 Unauthorized")
    assert "re_another" not in refused.stderr


def test_old_sync_is_told_with_its_moment(run: Run, scene: Scene) -> None:
    """A sync that is younger than the settings want lets a send pass; one that is older does not."""
    scene.keep_sync(hours_ago=30)
    scene.configure(age=31)
    assert run("send", SLUG, "--dry-run").exit_code == 0
    scene.configure(age=29)
    refused = run("send", SLUG, "--dry-run")
    assert refused.exit_code == 5
    assert "were last taken over at 20" in refused.stderr
    scene.configure()
    assert run("send", SLUG, "--dry-run").exit_code == 0


def test_sync_with_other_lists_is_none(run: Run, scene: Scene) -> None:
    """Once the settings lead to other lists, or another domain sends, these are to be taken over first."""
    scene.configure(age=24)
    assert (run("sync").exit_code, run("send", SLUG, "--dry-run").exit_code) == (0, 0)
    settings = scene.letter / "digest.toml"
    text = settings.read_text("utf-8")
    assert "@example.org>" in text
    settings.write_text(text.replace("@example.org>", "@example.net>", 1), "utf-8")
    assert run("send", SLUG, "--dry-run").exit_code == 5
    settings.write_text(text.replace(scene.host.url, "http://127.0.0.1:9"), "utf-8")
    assert run("send", SLUG, "--dry-run").exit_code == 5


def test_issue_that_was_begun_waits_for_a_sync(run: Run, scene: Scene) -> None:
    """Its other readers wait as well, since somebody may have complained meanwhile; then it goes on, each once."""
    scene.host.accidents[1] = Accident.BUSY
    assert run("send", SLUG, "--yes").exit_code == 5
    scene.configure(age=1)
    assert run("send", SLUG, "--yes").exit_code == 5  # nobody has it, although it was frozen
    scene.configure()
    assert run("send", SLUG, "--yes").exit_code == 0
    assert run("subscribers", "add", "fay@example.org").exit_code == 0
    scene.configure(age=1)
    sent = len(scene.team.sent)
    waiting = run("send", SLUG, "--to-new", "--yes")
    assert (waiting.exit_code, len(scene.team.sent)) == (6, sent)
    assert "which goes on from here: digest sync" in waiting.stderr
    assert run("send", SLUG, "--yes").exit_code == 0  # nobody is left to be written to
    assert run("sync").exit_code == 0
    assert run("send", SLUG, "--to-new", "--yes").exit_code == 0
    assert scene.team.sent[sent:] == ["fay@example.org"]


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("outbox", "", "outbox keeps no list of those to whom it no longer writes"),
        ("smtp", 'host = "mail.test"', "smtp keeps no list of those to whom it no longer writes"),
        ("listmonk", LISTMONK, "listmonk owns its list, and writes to nobody who left it"),
    ],
)
def test_provider_without_lists(run: Run, scene: Scene, name: str, options: str, sentence: str) -> None:
    """It is said in a sentence that there is nothing to take over."""
    scene.configure(name=name, options=options)
    refused = run("sync")
    assert (refused.exit_code, sentence in refused.stderr) == (5, True)
    assert scene.host.lines == []


def test_settings_that_contradict_each_other(run: Run, scene: Scene) -> None:
    """A provider that can never be asked is not asked for; the outbox reaches nobody, so it needs no sync."""
    scene.configure(name="smtp", options='host = "mail.test"', age=24)
    refused = run("send", SLUG, "--dry-run")
    assert (refused.exit_code, "smtp has no suppressions to take over" in refused.stderr) == (3, True)
    scene.configure(name="outbox", age=24)
    assert run("send", SLUG, "--dry-run").exit_code == 0
