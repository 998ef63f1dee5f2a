"""How an issue is held to the rules: for whom it is filled, what cannot be read, and what stops a send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from digest.addressing import EXAMPLE_EMAIL, EXAMPLE_TOKEN
from digest.checking.proof import Answer
from digest.config import load_settings
from digest.errors import CombinedError, ContentError, Place, SettingsError, UsageError
from digest.model import Consent, Finding, Newcomer, Plan, Severity, Subscriber
from digest.publishing.newsroom import Newsroom
from digest.publishing.proofing import (
    allowed_rules,
    check,
    count,
    disguised,
    findings_of,
    in_order,
    make_proof_for_all,
    read_past,
    vet,
)
from digest.store import open_store
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.checking.proof import Proof
    from digest.store import Store

SLUG = "2026-11-24-hello"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FRONT = (
    "---\nsubject: Nine lamps that outlived their streets\npreheader: What a night watchman counted in the rain\n---\n"
)
SOUND = f"{FRONT}Good evening, the lamps are lit at five.\n"
LOCAL = (
    f"{FRONT}[the plan](https://localhost/plan) of the streets, and [ours](http://lamps.example.net) in the clear.\n"
)


@pytest.fixture
def newsroom(letter: Path) -> Newsroom:
    """Return the newsletter."""
    return Newsroom(settings=load_settings(letter, {}))


@pytest.fixture
def store(letter: Path) -> Iterator[Store]:
    """Return the newsletter's store, with its two readers."""
    with open_store(f"sqlite:///{letter}/.digest/digest.db") as opened:
        yield opened


def write(newsroom: Newsroom, text: str, slug: str = SLUG) -> Path:
    """Write an issue, and return its file."""
    path = newsroom.settings.root / "issues" / f"{slug}.md"
    path.write_text(text, encoding="utf-8")
    return path


def proof_of(newsroom: Newsroom, store: Store, text: str) -> Proof:
    """Return the proof of an issue of this text."""
    return make_proof_for_all(newsroom, newsroom.read(write(newsroom, text)), store, now=NOW)


def finding(rule: str, place: Place | None = None, severity: Severity = Severity.ERROR) -> Finding:
    """Return a finding."""
    return Finding(rule=rule, severity=severity, sentence="it is so", fix="", place=place)


# For whom it is filled


def test_longest_values_are_shown(newsroom: Newsroom, store: Store) -> None:
    """The sizes are those of the reader whose values make the message longest; who that is cannot be seen."""
    long = Newcomer(
        email="wilhelmina@example.org",
        name="Wilhelmína <W>",
        fields={"first_name": "Wilhelmína & 淑芬 𠜎 3"},
        consent=Consent(at=NOW, how="form", source="test", words=""),
    )
    list(store.subscribers.put([long], now=NOW))
    proof = proof_of(newsroom, store, f'{FRONT}Good evening {{{{ first_name or "you" }}}}.\n')
    assert "Good evening nnnnnnnñnn & 名名 𠮷 n." in proof.text
    assert b"nnnnnnnnnn@nnnnnnn.nnn" in proof.raw
    assert proof.message.reader.name == "nnnnnnnñnn <n>"
    assert proof.message.reader.token.startswith(EXAMPLE_TOKEN)
    real = store.subscribers.find("wilhelmina@example.org")
    assert real
    unmasked = replace(proof.message, reader=replace(real, token=proof.message.reader.token))
    assert len(MimeWriter.of(proof.edition).write(unmasked)) == len(proof.raw)
    assert proof.survey
    assert proof.survey.readers == 3


def test_reader_whose_address_is_of_another_script() -> None:
    """Their domain is no real one, and as long."""
    reader = Subscriber(id=1, email="łukasz@bücher.example", name="", fields={}, token="")
    assert disguised(reader).email == EXAMPLE_EMAIL.rjust(len(reader.email), "n")


def test_list_without_readers(newsroom: Newsroom) -> None:
    """It is shown to a reader who does not exist."""
    with open_store("sqlite://") as empty:
        proof = proof_of(newsroom, empty, SOUND)
    assert proof.message.reader.email == EXAMPLE_EMAIL
    assert proof.message.at == NOW


def test_earlier_issues_are_at_hand(newsroom: Newsroom, store: Store) -> None:
    """Those that were sent stand in the proof, the latest first, and never the issue itself."""
    slugs = ["2026-11-03-one", "2026-11-10-two", SLUG]
    for slug in slugs:
        edition = newsroom.render(newsroom.read(write(newsroom, SOUND, slug)))
        plan = Plan(edition=edition, provider="outbox", audience=store.audiences.measure(None), batch_size=10)
        store.ledger.freeze(plan, now=NOW)
    assert [past.slug for past in read_past(store, SLUG)] == ["2026-11-10-two", "2026-11-03-one"]
    assert [past.slug for past in proof_of(newsroom, store, SOUND).past] == ["2026-11-10-two", "2026-11-03-one"]


# What is found


def test_findings_stand_at_their_places(newsroom: Newsroom, store: Store) -> None:
    """An issue is named by its slug and its file; each finding by its line."""
    checked = check(newsroom, write(newsroom, LOCAL), store, now=NOW)
    assert (checked.slug, checked.path) == (SLUG, f"issues/{SLUG}.md")
    places = {found.rule: found.place for found in checked.findings}
    for rule in ("link-localhost", "link-insecure"):
        place = places[rule]
        assert place
        assert (place.path, place.line) == (f"issues/{SLUG}.md", 5)


def test_folder_is_named_by_its_index(newsroom: Newsroom, store: Store) -> None:
    """Of an issue that is a folder, the file is the one that holds its introduction."""
    folder = newsroom.settings.root / "issues" / "2026-12-01-snow"
    folder.mkdir()
    (folder / "index.md").write_text(SOUND, encoding="utf-8")
    checked = check(newsroom, folder, store, now=NOW)
    assert (checked.slug, checked.path) == ("2026-12-01-snow", "issues/2026-12-01-snow/index.md")


def test_unreadable_issue(newsroom: Newsroom, store: Store) -> None:
    """What reading refuses is found, with every place, and nothing else can be."""
    path = write(newsroom, f"{FRONT}## Half a story\n\n<!-- more -->\n\n<!-- more -->\n")
    (found,) = check(newsroom, path, store, now=NOW).findings
    assert (found.rule, found.severity) == ("source", Severity.ERROR)
    assert found.place
    assert found.place.path == f"issues/{SLUG}.md"
    assert found.fix


@pytest.mark.parametrize("where", ["issue", "template"])
def test_unknown_field(newsroom: Newsroom, store: Store, where: str) -> None:
    """A field that nobody declared is listed under the rule's name, be it asked for by an issue or by a template."""
    path = write(newsroom, f"{FRONT}Good evening {{{{ frist_name }}}}.\n" if where == "issue" else SOUND)
    if where == "template":
        parts = newsroom.settings.root / "templates" / "parts"
        parts.mkdir(parents=True)
        (parts / "footer.mjml").write_text("<mj-text>{{ reader.frist_name }}</mj-text>\n", encoding="utf-8")
    (found,) = check(newsroom, path, store, now=NOW).findings
    assert (found.rule, found.severity) == ("undefined-variable", Severity.ERROR)
    assert "first_name" in found.fix
    shown = {"issue": Place(f"issues/{SLUG}.md", 5), "template": Place("templates/parts/footer.mjml", 1)}
    assert found.place == shown[where]


def test_several_faults_at_once() -> None:
    """Faults that were raised together are told one by one, in their words."""
    places = Place("a.md", 3), Place("b.md", 7)
    faults = [ContentError("one", hint="Mend it.", place=places[0]), ContentError("two", place=places[1])]
    assert [(found.sentence, found.fix, found.place) for found in findings_of(CombinedError(faults))] == [
        ("one", "Mend it.", places[0]),
        ("two", "", places[1]),
    ]


def test_faults_of_the_settings_are_none_of_an_issue() -> None:
    """They are raised on, for their own exit code."""
    faults = CombinedError([SettingsError("one"), SettingsError("two")])
    with pytest.raises(CombinedError) as raised:
        list(findings_of(faults))
    assert raised.value is faults
    assert raised.value.exit_code == SettingsError.exit_code


def test_rule_that_does_not_exist_in_the_settings(letter: Path, store: Store) -> None:
    """It is a fault of digest.toml, and not one of the issue."""
    with (letter / "digest.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[check.rules]\nlink-insceure = "off"\n')
    newsroom = Newsroom(settings=load_settings(letter, {}))
    with pytest.raises(SettingsError) as raised:
        check(newsroom, write(newsroom, SOUND), store, now=NOW)
    assert "link-insecure" in "\n".join(raised.value.lines())


def test_links_are_asked_only_where_that_is_wanted(newsroom: Newsroom, store: Store) -> None:
    """What they answer is then before the rules; without that, no link is dead."""
    asked: list[str] = []

    def ask(proof: Proof) -> dict[str, Answer]:
        asked.append(proof.edition.slug)
        return {"https://lamps.example.net/plan": Answer(status=404)}

    path = write(newsroom, f"{FRONT}[The plan](https://lamps.example.net/plan) of the streets.\n")
    assert "link-dead" not in {found.rule for found in check(newsroom, path, store, now=NOW).findings}
    found = check(newsroom, path, store, now=NOW, ask=ask).findings
    assert asked == [SLUG]
    assert "link-dead" in {one.rule for one in found}


def test_order() -> None:
    """Findings are read as files are: by path, line and column; what weighs most comes first where these are equal."""
    last = finding("z", Place("issues/b.md", 2, 9))
    first = finding("e", Place("issues/a.md", 10))
    nowhere = finding("n")
    warning = finding("w", Place("issues/b.md", 2, 1), Severity.WARNING)
    error = finding("x", Place("issues/b.md", 2, 1))
    assert in_order([last, warning, error, first, nowhere]) == [nowhere, first, error, warning, last]


# What stops a send


def test_errors_stop_a_send(newsroom: Newsroom, store: Store) -> None:
    """All are told at their places with what to do, and at the end how to send all the same; warnings stop nothing."""
    with pytest.raises(CombinedError) as raised:
        vet(proof_of(newsroom, store, LOCAL), ())
    assert raised.value.exit_code == ContentError.exit_code
    lines = raised.value.lines()
    assert lines[0].startswith(f"issues/{SLUG}.md:5")
    assert lines[0].endswith("(link-localhost)")
    assert lines[-2] == f"{SLUG} is not sent, since it has an error"
    assert lines[-1].endswith(f"digest check {SLUG}; or send it all the same: --allow link-localhost")
    assert "link-insecure" not in "\n".join(lines)


def test_allowed_errors_stop_nothing(newsroom: Newsroom, store: Store) -> None:
    """They are found all the same; a rule that is allowed and finds nothing is no fault."""
    proof = proof_of(newsroom, store, LOCAL)
    findings = vet(proof, ("link-localhost", "subject-missing"))
    assert {found.rule for found in findings} >= {"link-localhost", "link-insecure"}
    assert count(findings, Severity.ERROR) == 1


def test_names_of_allowed_rules() -> None:
    """They are sorted, each once, so that one wish has one spelling; a slip of the pen is told with what was meant."""
    assert allowed_rules(["link-insecure", "gmail-clip", "link-insecure"]) == ("gmail-clip", "link-insecure")
    with pytest.raises(UsageError) as raised:
        allowed_rules(["gmail-clop"])
    assert raised.value.hint == 'did you mean "gmail-clip"?'
