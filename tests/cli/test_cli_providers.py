"""`digest providers`: the matrix, and all that is known of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Counted, Run

FACTS = [
    *("name", "readers", "bytes", "ids", "key_lifetime", "one_click", "horizon", "takes_back", "sandbox"),
    *("webhooks", "signature"),
    *("log", "log_delay", "suppressions", "owns_list", "examines", "inline_images", "concurrency", "pace"),
    *("options", "variables", "caveats"),
]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a provider whose package is half gone."""
    info = tmp_path / "site" / "pigeon_post-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n", encoding="utf-8")
    entry = "[digest.providers]\nabroad = pigeon_post_that_is_absent:Pigeon\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_the_matrix_fits_a_terminal(run: Run, counted: Counted) -> None:
    """Each provider, ours and anyone's, has its row; a line has 80 signs at most."""
    result = run("providers")
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert counted.accepted() == {}
    assert {"provider", "outbox", "resend", "counting"} <= rows.keys()
    assert rows["outbox"].split() == ["outbox", "500", "-", "each", "always", "ours", "no", "yes", "no", "none"]
    assert rows["buttondown"].split()[1] == "whole"
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.usefixtures("broken")
def test_a_broken_provider_hides_no_other(run: Run) -> None:
    """A package that cannot be imported is listed with the reason, beside all that can."""
    result = run("providers")
    assert result.exit_code == 0
    assert "outbox" in result.stdout
    assert 'the provider "abroad"' in result.stdout
    assert "No module named 'pigeon_post_that_is_absent'" in result.stdout
    listed = json.loads(run("providers", "--json").stdout)["providers"]
    assert listed[0]["name"] == "abroad"
    assert "cannot be loaded" in listed[0]["fault"]
    assert run("providers", "abroad").exit_code == 3


def test_the_facts_for_scripts(run: Run) -> None:
    """Each provider has the same keys; times are in seconds, and what a service does not have is null."""
    listed = {facts["name"]: facts for facts in json.loads(run("providers", "--json").stdout)["providers"]}
    assert all(list(facts) == FACTS for facts in listed.values())
    assert listed["resend"]["readers"] == 100
    assert listed["resend"]["key_lifetime"] == 24 * 60 * 60
    assert listed["resend"]["horizon"] is None
    assert listed["buttondown"]["owns_list"]
    assert listed["buttondown"]["readers"] is None
    assert json.loads(run("providers", "resend", "--json").stdout) == listed["resend"]


def test_all_of_one_provider(run: Run) -> None:
    """With its name, its options, its variables and what does not reach the reader are told."""
    shown = run("providers", "outbox").stdout
    assert 'option            folder: a text on one line (else ".digest/outbox")\n' in shown
    assert "option            discard: true or false (else false)\n" in shown
    facts = json.loads(run("providers", "postmark", "--json").stdout)
    told = run("providers", "postmark").stdout
    assert facts["variables"]
    assert facts["caveats"]
    assert all(f"variable          {name}: " in told for name in facts["variables"])
    assert all(f"mind {caveat}" in " ".join(told.split()) for caveat in facts["caveats"])


def test_one_provider_fits_a_terminal(run: Run) -> None:
    """A line has 80 signs at most, and what is told of a webhook's proof is told whole."""
    told = run("providers", "mailgun").stdout
    assert max(map(len, told.splitlines())) <= 80
    assert "webhooks          HMAC-SHA256 of moment and token\n" in told
    assert "readers a request whole, to a list of its own\n" in run("providers", "listmonk").stdout
    assert "option            dkim_domain: a domain (may be left out)\n" in run("providers", "smtp").stdout


def test_a_provider_that_is_not_there(run: Run) -> None:
    """A name that nobody provides is answered with a near one."""
    result = run("providers", "postmrk")
    assert result.exit_code == 3
    assert 'did you mean "postmark"?' in result.stderr
