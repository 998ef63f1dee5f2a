"""`digest send` with a service that owns its list: the issue is handed over whole, and once, whatever happens."""

from __future__ import annotations

import html
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NO_RULES
from list_owners import (
    BUTTONDOWN_KEY,
    LISTMONK_TOKEN,
    LISTMONK_USER,
    Accident,
    ButtondownOwner,
    Host,
    ListmonkOwner,
    Reader,
    expected,
    host,
)

from digest.config import load_settings
from digest.publishing.handing_over import HANDING_OVER
from digest.publishing.newsroom import Newsroom
from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import Popen

    from conftest import Program, Run
    from list_owners import Asked

SLUG = "2026-11-24-hello"
NAME = f"{SLUG} (editor.example.org)"
HOME = "https://news.example.org"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A newsletter whose list is elsewhere."""

    name: str
    letter: Path
    owner: ButtondownOwner | ListmonkOwner
    host: Host

    @property
    def held(self) -> list[dict[str, Any]]:
        """All that the service has."""
        return self.owner.held

    def add(self, status: str) -> str:
        """Let the service have the issue in another way than by this run, and return its id."""
        ours = {"metadata": {"digest": NAME}} if isinstance(self.owner, ButtondownOwner) else {"name": NAME}
        return str(self.owner.add(status=status, **ours)["id"])

    def rewrite(self, old: str, new: str) -> None:
        """Change the issue's file."""
        path = self.letter / "issues" / f"{SLUG}.md"
        path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")

    @property
    def writes(self) -> list[str]:
        """The requests that change something."""
        return [line for line in self.host.lines if not line.startswith("GET")]


OPTIONS = {"buttondown": "", "listmonk": "lists = [3]\ntemplate_id = 7\n"}


@pytest.fixture(params=["buttondown", "listmonk"])
def service(request: pytest.FixtureRequest) -> str:
    """Return the name of each service in turn."""
    name: str = request.param
    return name


@pytest.fixture
def scene(service: str, letter: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Return the newsletter, whose service is on loopback."""
    owner = ButtondownOwner() if service == "buttondown" else ListmonkOwner()
    secrets = {"BUTTONDOWN_API_KEY": BUTTONDOWN_KEY, "LISTMONK_API_USER": LISTMONK_USER}
    for variable, value in {**secrets, "LISTMONK_API_TOKEN": LISTMONK_TOKEN}.items():
        monkeypatch.setenv(variable, value)
    with host(owner) as hosted:
        settings = (letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
        provider = f'[provider]\nname = "{service}"\napi_url = "{hosted.url}"\n{OPTIONS[service]}'
        (letter / "digest.toml").write_text(settings + provider + NO_RULES, encoding="utf-8")
        yield Scene(name=service, letter=letter, owner=owner, host=hosted)


@pytest.mark.usefixtures("any_store")
def test_issue_is_handed_over_once(run: Run, scene: Scene) -> None:
    """A person reads where it goes and how it ended; a second run, named or not, sends nothing."""
    result = run("send", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        f"{SLUG}: Hello from a text file",
        f"  to       its own list, through {scene.name} (127.0.0.1)",
    ]
    (campaign,) = scene.held
    assert lines[-1].startswith(f"  sending, {campaign['id']}, http")
    again, unnamed = run("send", SLUG, "--yes"), run("send", "--yes")
    assert (again.exit_code, unnamed.exit_code) == (0, 0)
    assert f"  there    sending, {campaign['id']}" in again.stdout
    assert "Nothing to send" in unnamed.stdout
    assert json.loads(run("send", "--yes", "--json").stdout) == {"issue": None}
    assert scene.owner.published == [campaign["id"]]
    assert "Nothing to build" in run("build").stdout


def test_issue_arrives_as_it_was_rendered(run: Run, scene: Scene) -> None:
    """What readers get is what was previewed: braces in code, their names, and the service's own way out."""
    assert run("send", "--yes").exit_code == 0
    newsroom = Newsroom(settings=load_settings(scene.letter, {}))
    edition = newsroom.render(newsroom.read(newsroom.find(SLUG)))
    for reader in (Reader(), Reader(fields={"first_name": "Zoë & <Ada>"})):
        got = html.unescape(scene.owner.mail(reader)["html"])
        assert got == html.unescape(expected(edition.html, reader, scene.owner, HOME))
        assert '{{ first_name or "there" }}' in got
        assert "Zoë" in got or not reader.fields
        assert f"{HOME}/unsubscribe" not in got


def test_plan_changes_nothing(run: Run, scene: Scene) -> None:
    """It is looked up what is there, and said what does not reach the reader as it is."""
    result = run("send", "--dry-run")
    assert result.exit_code == 0
    assert "there  " not in result.stdout
    assert "Its unsubscribe and preferences addresses stand in place of ours" in result.stdout
    draft = scene.add("draft")
    assert f"  there    draft, {draft}" in run("send", "--dry-run").stdout
    facts = json.loads(run("send", "--dry-run", "--json").stdout)
    assert (facts["campaign"], facts["progress"], facts["edition"]) == (draft, "draft", None)
    assert scene.writes == []
    assert "handed_over" not in json.loads(run("status", SLUG, "--json").stdout)


@pytest.mark.usefixtures("any_store")
def test_what_scripts_read(run: Run, scene: Scene) -> None:
    """One object says which campaign it became, and the status has it too."""
    facts = json.loads(run("send", "--yes", "--json").stdout)
    (campaign,) = scene.held
    assert len(facts.pop("edition")) == 64
    assert facts.pop("url").startswith("http")
    assert facts == {
        "issue": SLUG,
        "provider": scene.name,
        "campaign": str(campaign["id"]),
        "progress": "sending",
        "others": [],
    }
    status = json.loads(run("status", SLUG, "--json").stdout)
    assert (status["sent"], status["edition"]) == (0, None)
    assert (status["handed_over"]["campaign"], status["handed_over"]["progress"]) == (str(campaign["id"]), "sending")
    assert f"with {scene.name}: sending, 20" in run("status").stdout


def test_nobody_confirms(run: Run, scene: Scene) -> None:
    """Without a person or --yes, nothing leaves."""
    assert run("send").exit_code == 2
    assert scene.writes == []


def test_issue_that_leaves_later(run: Run, scene: Scene) -> None:
    """With --ahead the service delivers at the issue's time; once it did, that is what is said."""
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)
    scene.rewrite("status: ready", f"status: ready\nsend_at: {at:%Y-%m-%d %H:%M}")
    result = run("send", "--yes", "--ahead")
    assert result.exit_code == 0
    assert f"  at       {at:%Y-%m-%d %H:%M} UTC" in result.stdout
    (campaign,) = scene.held
    assert campaign["status"] == "scheduled"
    assert f"{at:%Y-%m-%dT%H:%M:%SZ}" in {campaign.get("publish_date"), campaign.get("send_at")}
    again = run("send", SLUG, "--yes")
    assert "scheduled" in again.stdout
    assert "has changed" not in again.stdout
    campaign["status"] = {"buttondown": "sent", "listmonk": "finished"}[scene.name]
    assert "  there    sent" in run("send", SLUG, "--yes").stdout
    assert "sent" in run("status").stdout
    asked = len(scene.host.asked)
    assert json.loads(run("send", SLUG, "--json").stdout)["progress"] == "sent"
    assert len(scene.host.asked) == asked  # what was sent stays sent


def schedule_it(run: Run, scene: Scene) -> dict[str, Any]:
    """Hand the issue over for the day after tomorrow, and return what the service has of it."""
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)
    scene.rewrite("status: ready", f"status: ready\nsend_at: {at:%Y-%m-%d %H:%M}")
    assert run("send", "--due", "--ahead").exit_code == 0
    (campaign,) = scene.held
    assert campaign["status"] == "scheduled"
    return campaign


def test_taken_back(run: Run, scene: Scene) -> None:
    """What was scheduled is a draft again; a schedule leaves it alone, and a person can send it after all."""
    campaign = schedule_it(run, scene)
    assert f"handed over to {scene.name}" in run("schedule").stdout
    cancelled = run("cancel", SLUG, "--yes")
    assert (cancelled.exit_code, cancelled.stderr) == (0, "")
    assert f"{SLUG} is a draft at {scene.name}." in cancelled.stdout
    assert campaign["status"] == "draft"
    due = run("send", "--due", "--ahead")
    assert due.exit_code == 0
    assert f"{SLUG} was stopped at {scene.name}, and is left alone." in due.stdout
    assert campaign["status"] == "draft"
    assert run("send", SLUG, "--yes", "--ahead").exit_code == 0
    assert campaign["status"] == "scheduled"


def test_too_late_to_be_taken_back(run: Run, scene: Scene) -> None:
    """What is on its way is not called back, and nothing is said that is not so."""
    campaign = schedule_it(run, scene)
    campaign["status"] = {"buttondown": "in_flight", "listmonk": "running"}[scene.name]
    cancelled = run("cancel", SLUG, "--yes")
    assert cancelled.exit_code == 2
    assert "is on its way already" in cancelled.stderr
    scene.host.accidents[len(scene.host.asked) + 1] = Accident.BROKEN
    assert run("cancel", SLUG, "--yes").exit_code == 6


def test_file_that_is_gone_is_no_campaign_taken_back(run: Run, scene: Scene) -> None:
    """It is found over there by its file; without that, whoever wants it back is told where."""
    campaign = schedule_it(run, scene)
    (scene.letter / "issues" / f"{SLUG}.md").unlink()
    cancelled = run("cancel", SLUG, "--yes")
    assert cancelled.exit_code == 2
    assert "take it back over there: http" in cancelled.stderr
    assert campaign["status"] == "scheduled"


def test_draft_is_brought_up_to_date(run: Run, scene: Scene) -> None:
    """A draft that is there is not made again; it is published as the issue reads now."""
    draft = scene.add("draft")
    scene.rewrite("Hello from a text file", "Hello again")
    assert run("send", "--yes").exit_code == 0
    (campaign,) = scene.held
    assert (str(campaign["id"]), campaign["subject"]) == (draft, "Hello again")
    assert "POST" not in "".join(scene.writes)


def test_issue_that_was_sent_from_elsewhere(run: Run, scene: Scene) -> None:
    """What another machine or a person has sent is done; drafts beside it are named, and left alone."""
    draft = scene.add("draft")
    sent = scene.add({"buttondown": "sent", "listmonk": "finished"}[scene.name])
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 0
    assert f"  sent, {sent}" in result.stdout
    assert f"There is another one of it, which is left alone: draft, {draft}" in result.stdout
    assert scene.writes == []
    assert json.loads(run("status", SLUG, "--json").stdout)["handed_over"]["progress"] == "sent"


def test_changed_issue_is_named(run: Run, scene: Scene) -> None:
    """What is over there stays as it was, and that is said."""
    run("send", "--yes")
    scene.rewrite("Hello from a text file", "Hello again")
    assert "has changed since it was handed over" in run("send", SLUG, "--yes").stdout
    (campaign,) = scene.held
    assert campaign["subject"] == "Hello from a text file"


def test_lost_file_loses_nothing(run: Run, scene: Scene) -> None:
    """An issue whose file is gone is still known to have been handed over."""
    run("send", "--yes")
    (scene.letter / "issues" / f"{SLUG}.md").unlink()
    result = run("send", SLUG, "--yes")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, SLUG)
    assert "sending" in run("status").stdout


def test_campaign_that_was_stopped(run: Run, scene: Scene) -> None:
    """What somebody has stopped over there is theirs to decide."""
    scene.add({"buttondown": "errored", "listmonk": "cancelled"}[scene.name])
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 6
    assert "was paused or cancelled over there" in result.stderr
    assert scene.writes == []
    assert "Nothing to send" in run("send", "--yes").stdout


def test_deleted_draft_is_made_again(run: Run, scene: Scene) -> None:
    """A draft that somebody deleted before it was published is no reason to send nothing."""
    scene.host.accidents = {4: Accident.UNHEARD, 5: Accident.UNHEARD}
    assert run("send", "--yes").exit_code != 0
    scene.host.accidents = {}
    assert [campaign["status"] for campaign in scene.held] == ["draft"]
    scene.owner.forget()
    assert run("send", "--yes").exit_code == 0
    assert len(scene.held) == len(scene.owner.published) == 1


@pytest.mark.parametrize("accident", [None, Accident.LOST])
def test_campaign_that_vanished_is_not_sent_again(run: Run, scene: Scene, accident: Accident | None) -> None:
    """What was sent, or may have been, before somebody deleted it is nothing that a program decides."""
    publishing = {"buttondown": 5, "listmonk": 6}[scene.name]  # and then it is looked whether it was done
    scene.host.accidents = {publishing: accident, publishing + 1: Accident.UNHEARD} if accident else {}
    assert run("send", "--yes").exit_code == (6 if accident else 0)
    scene.owner.forget()
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 6
    assert "has nothing of 2026-11-24-hello any more, and may have sent it" in result.stderr
    assert scene.held == []


def test_other_draft_is_no_stand_in(run: Run, scene: Scene) -> None:
    """When what was sent is deleted over there, a draft that is left of the issue is not sent in its place."""
    run("send", "--yes")
    scene.owner.forget()
    scene.add("draft")
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 6
    assert "may have sent it" in result.stderr
    assert len(scene.owner.published) == 1


def test_stopped_campaign_that_vanished(run: Run, scene: Scene) -> None:
    """What was stopped may have reached half of the list, so it is not sent again when it is gone."""
    scene.add({"buttondown": "paused", "listmonk": "cancelled"}[scene.name])
    assert run("send", SLUG, "--yes").exit_code == 6
    scene.owner.forget()
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 6
    assert "give its file another name" in result.stderr
    assert scene.held == []


def test_sent_campaign_goes_before_a_stopped_one(run: Run, scene: Scene) -> None:
    """An issue is sent when one campaign of it is, whatever became of another."""
    scene.add({"buttondown": "errored", "listmonk": "cancelled"}[scene.name])
    sent = scene.add({"buttondown": "sent", "listmonk": "finished"}[scene.name])
    facts = json.loads(run("send", SLUG, "--yes", "--json").stdout)
    assert (facts["campaign"], facts["progress"]) == (sent, "sent")


def test_issue_that_was_taken_back(run: Run, scene: Scene) -> None:
    """A scheduled campaign that somebody made a draft again is scheduled anew with --ahead, and does not leave now."""
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)
    scene.rewrite("status: ready", f"status: ready\nsend_at: {at:%Y-%m-%d %H:%M}")
    assert run("send", "--yes", "--ahead").exit_code == 0
    (campaign,) = scene.held
    campaign["status"] = "draft"
    later = at + timedelta(days=1)
    scene.rewrite(f"{at:%Y-%m-%d %H:%M}", f"{later:%Y-%m-%d %H:%M}")
    assert "Nothing to send" in run("send", "--yes").stdout
    assert campaign["status"] == "draft"
    result = run("send", SLUG, "--yes", "--ahead")
    assert result.exit_code == 0
    assert f"  at       {later:%Y-%m-%d %H:%M} UTC" in result.stdout
    assert campaign["status"] == "scheduled"
    assert f"{later:%Y-%m-%dT%H:%M:%SZ}" in {campaign.get("publish_date"), campaign.get("send_at")}


def test_draft_that_is_not_listed_yet(run: Run, scene: Scene) -> None:
    """A service whose search is behind still has one campaign, which is published once."""
    scene.owner.slow = True
    assert run("send", "--yes").exit_code == 0
    (campaign,) = scene.held
    assert scene.owner.published == [campaign["id"]]


@pytest.mark.parametrize("service", ["listmonk"])
def test_refused_draft_may_be_deleted(run: Run, scene: Scene) -> None:
    """What was refused has surely reached nobody: once it is mended, it is sent, also when its draft is gone."""
    settings = scene.letter / "digest.toml"
    right = settings.read_text("utf-8")
    settings.write_text(right.replace("[3]", "[3, 33]"), encoding="utf-8")
    result = run("send", "--yes")
    assert result.exit_code == 5
    assert "leave out the lists 33" in result.stderr
    scene.owner.forget()
    settings.write_text(right, encoding="utf-8")
    assert run("send", "--yes").exit_code == 0
    assert len(scene.owner.published) == 1


ACCIDENTS = [
    *((accident, number) for accident in (Accident.UNHEARD, Accident.LOST) for number in range(1, 7)),
    *((accident, number) for accident in (Accident.CUT, Accident.BROKEN) for number in (3, 5)),
]
"""They look twice, draft, look again, and publish, for which listmonk wants two requests."""


@pytest.mark.parametrize(("accident", "number"), ACCIDENTS)
def test_accident_at_each_request(run: Run, scene: Scene, accident: Accident, number: int) -> None:
    """However a request ends, after the next run there is one campaign, and it was published once."""
    scene.host.accidents = {number: accident}
    first = run("send", "--yes")
    asked = scene.host.asked
    if scene.owner.published:  # without accident, or with one that is seen through by another look
        assert first.exit_code == 0
    else:  # a look changes nothing; of a change, nobody knows
        assert first.exit_code == (5 if asked[number - 1].method == "GET" else 6)
    scene.host.accidents = {}
    assert run("send", SLUG, "--yes").exit_code == 0
    (campaign,) = scene.held
    assert scene.owner.published == [campaign["id"]]


def test_service_that_wants_to_be_left_alone(run: Run, scene: Scene) -> None:
    """It is waited for, and then goes on."""
    scene.host.accidents = {1: Accident.BUSY, 3: Accident.BUSY, 5: Accident.BUSY, 7: Accident.BUSY}
    result = run("send", "--yes")
    assert result.exit_code == 0
    assert "it asks to be left alone" in result.stderr
    assert len(scene.held) == len(scene.owner.published) == 1


KILLS = [
    (service, step, done)
    for service, steps in (("buttondown", 2), ("listmonk", 3))
    for step in range(steps)
    for done in (False, True)
]
"""At which of its requests that change something, and whether the service has done it."""


@pytest.mark.parametrize(("service", "step", "done"), KILLS)
def test_program_that_is_killed(program: Program, scene: Scene, step: int, done: bool) -> None:  # noqa: FBT001
    """Killed at any change over there, be it before or after, the next run leaves one campaign, published once."""
    started: list[Popen[str]] = []

    def kill(asked: Asked) -> None:
        if asked.method != "GET" and len(scene.writes) == step + 1 and started:
            process = started.pop()
            process.kill()
            process.wait()
            scene.host.accidents = {} if done else {len(scene.host.asked): Accident.UNHEARD}

    scene.host.before = kill
    with program.start("send", "--yes") as process:
        started.append(process)
        process.communicate()
    assert process.returncode < 0
    result = program.run("send", SLUG, "--yes")
    assert result.returncode == 0, result.stderr
    (campaign,) = scene.held
    assert scene.owner.published == [campaign["id"]]


def test_other_program_is_faster(run: Run, scene: Scene) -> None:
    """Two that share no ledger: the older draft counts, for both, and the other one goes."""
    older: list[str] = []

    def race(asked: Asked) -> None:
        if asked.method == "POST" and not older:
            older.append(scene.add("draft"))

    scene.host.before = race
    assert run("send", "--yes").exit_code == 0
    (campaign,) = scene.held
    assert [str(number) for number in scene.owner.published] == [str(campaign["id"])] == older


def test_other_draft_vanishes(run: Run, scene: Scene) -> None:
    """When the older draft is gone after ours was taken back, it may have been sent, and that is said."""

    def race(asked: Asked) -> None:
        if asked.method == "POST":
            scene.add("draft")
        if asked.method == "DELETE":
            for campaign in scene.held[:-1]:
                campaign.update(name="gone", metadata={})

    scene.host.before = race
    result = run("send", "--yes")
    assert result.exit_code == 6
    assert "may have sent it" in result.stderr
    assert scene.owner.published == []


@pytest.mark.parametrize("service", ["listmonk"])
def test_other_program_publishes_first(run: Run, scene: Scene) -> None:
    """What somebody else has started in the same moment is on its way, and no failure."""

    def race(asked: Asked) -> None:
        if asked.method == "PUT":
            scene.held[0]["status"] = "running"

    scene.host.before = race
    result = run("send", "--yes", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["progress"] == "sending"
    assert scene.owner.published == []


@pytest.mark.usefixtures("any_store")
def test_one_program_at_a_time(run: Run, scene: Scene) -> None:
    """Two that share a ledger do not do it at once."""
    with (
        open_store(os.environ.get("DIGEST_STORE_URL", "sqlite:///.digest/digest.db")) as store,
        store.hold(HANDING_OVER),
    ):
        result = run("send", "--yes")
    assert result.exit_code == 6
    assert "another digest is handing over an issue right now" in result.stderr
    assert scene.writes == []


def test_refusal_ends_it(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key is told by the service's own words, and nothing is begun."""
    monkeypatch.setenv("BUTTONDOWN_API_KEY", "bd-wrong-0123456789")
    monkeypatch.setenv("LISTMONK_API_TOKEN", "lm-wrong-0123456789")
    result = run("send", "--yes")
    assert result.exit_code == 5
    assert "invalid api" in result.stderr.lower()
    assert "wrong-0123456789" not in result.stderr
    assert "handed_over" not in json.loads(run("status", SLUG, "--json").stdout)
    assert scene.held == []


def test_service_out_of_reach(run: Run, scene: Scene) -> None:
    """Nothing was begun, and it says so."""
    settings = scene.letter / "digest.toml"
    settings.write_text(settings.read_text("utf-8").replace(scene.host.url, "http://127.0.0.1:9"), encoding="utf-8")
    result = run("send", "--yes")
    assert result.exit_code == 5
    assert "127.0.0.1 cannot be reached" in result.stderr


def test_readers_are_not_ours_to_choose(run: Run, scene: Scene) -> None:
    """Wishes about readers are refused, as their list is elsewhere."""
    for wish in (["--segment", "pros"], ["--plan", "abc"], ["--amend"], ["--to-new"]):
        result = run("send", SLUG, "--yes", *wish)
        assert result.exit_code == 2
        assert f"{scene.name} writes to a list of its own" in result.stderr
    assert scene.host.asked == []


def test_what_cannot_be_carried(run: Run, scene: Scene) -> None:
    """A field without a fallback could be a blank for readers whom we do not know."""
    scene.rewrite('Hello {{ first_name or "there" }},', "Hello {{ first_name }},")
    result = run("send", "--yes")
    assert result.exit_code == 4
    assert "the field first_name has no fallback" in result.stderr
    assert scene.host.asked == []


def test_two_issues_are_ready(run: Run, scene: Scene) -> None:
    """A person says which; one that was handed over is none of them."""
    (scene.letter / "issues" / "2026-12-01-snow.md").write_text("---\nstatus: ready\n---\nSnow.\n", encoding="utf-8")
    result = run("send", "--yes")
    assert result.exit_code == 2
    assert f"{SLUG}, 2026-12-01-snow" in result.stderr
    assert run("send", SLUG, "--yes").exit_code == 0
    assert run("send", "--yes").stdout.startswith("2026-12-01-snow: ")
    assert len(scene.owner.published) == 2


@pytest.mark.usefixtures("any_store")
def test_one_way_is_not_changed_for_another(run: Run, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was handed over is not sent reader by reader besides, nor the other way round."""
    run("send", "--yes")
    monkeypatch.setenv("DIGEST_PROVIDER", "outbox")
    settings = (scene.letter / "digest.toml").read_text("utf-8")
    (scene.letter / "digest.toml").write_text(settings.partition("[provider]")[0], encoding="utf-8")
    result = run("send", SLUG, "--yes")
    assert result.exit_code == 2
    assert f"begun with the provider {scene.name}, and now outbox is set" in result.stderr
    assert "Nothing to send" in run("send", "--yes").stdout
    (scene.letter / "issues" / "2026-12-01-snow.md").write_text("---\nstatus: ready\n---\nSnow.\n", encoding="utf-8")
    assert run("send", "2026-12-01-snow", "--yes").exit_code == 0
    (scene.letter / "digest.toml").write_text(settings, encoding="utf-8")
    monkeypatch.delenv("DIGEST_PROVIDER")
    result = run("send", "2026-12-01-snow", "--yes")
    assert result.exit_code == 2
    assert f"begun with the provider outbox, and now {scene.name} is set" in result.stderr
    assert len(scene.held) == 1
