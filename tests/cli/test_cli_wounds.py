"""How other programs failed their users, and that this one does not; each docstring names where it was told."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from long_send import BATCH, EVERYONE_SENT, READERS, SLUG, LongSend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Counted, Program, Run


@pytest.fixture
def sending(run: Run, program: Program, counted: Counted, write_readers: Callable[[int], Path]) -> LongSend:
    """Return an issue of many requests, through a service where whatever is sent twice arrives twice."""
    return LongSend.prepare(run=run, program=program, counted=counted, write_readers=write_readers)


def try_to_send(sending: LongSend, answer: str) -> int:
    """Run it once, until the first trouble with a service that answers so; return the exit code."""
    sending.counted.configure(messages=BATCH, idempotent=False, answer=answer)
    return sending.run("send", SLUG, "--yes").exit_code


def states(run: Run) -> Counter[str]:
    """Return how many readers stand how."""
    rows = json.loads(run("status", SLUG, "--recipients", "--json").stdout)["recipients"]
    return Counter(row["state"] for row in rows)


@pytest.mark.parametrize("trouble", ["unreachable", "queued"], ids=["no connection", "throttled"])
def test_error_in_the_middle_restarts_from_the_top_or_loses_the_rest(sending: LongSend, trouble: str) -> None:
    """
    Whoever had it before the error does not get it again, and whoever was not reached is not given up.

    knadh/listmonk#2313: from the top after an error. #2273, #1802, #913, #69: throttled, and "finished" at half.
    go-gitea/gitea#35556: a job that failed is run again, and mails again.
    """
    for _ in range(3):
        assert try_to_send(sending, f"sent then {trouble}") == 6
        assert states(sending.run) == {"sent": BATCH, "queued": READERS - BATCH}
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_resumed_it_writes_again_or_ends_early(sending: LongSend) -> None:
    """
    However often it is paused and resumed, nobody gets it again, and it is not over before everyone has it.

    knadh/listmonk#2070: resumed, it wrote to them again. #2168: resumed, it was finished at 5,258 of 5,601.
    """
    for _ in range(2):
        before = sending.counted.accepted().total()
        with sending.program.start("send", SLUG, "--yes") as process:
            sending.reach(before + BATCH, process)
            sending.run("pause", SLUG)
            process.communicate()
        assert process.returncode == 6
        assert states(sending.run)["queued"] > 0
    assert sending.go_on().exit_code == 0
    assert sending.standing() == EVERYONE_SENT


def test_success_is_told_of_what_nobody_knows(sending: LongSend) -> None:
    """
    Connections that break are neither success nor repeated: it ends as incomplete as long as anyone is in doubt.

    Mailtrain-org/mailtrain#995: "success" after a third of the list. knadh/listmonk#1762: an EOF, and "finished".
    SinergiaTIC/SinergiaCRM#438: a timeout, so it was started again, and all got it twice.
    """
    for _ in range(READERS // BATCH + 2):
        assert try_to_send(sending, "sent then lost") == 6
    assert sending.standing() == {"sent": BATCH, "in_doubt": READERS - BATCH}


def test_answer_that_cannot_be_read_is_taken_for_a_failure(sending: LongSend) -> None:
    """
    A service that delivers and then answers nonsense is not asked to deliver again.

    exlab-code/ghost-cms-amazon-ses-adapter#5: delivered five times and more, since the answer could not be parsed.
    """
    for _ in range(READERS // BATCH + 2):
        assert try_to_send(sending, "one too many") == 6
    assert sending.standing() == {"in_doubt": READERS}


def test_nobody_can_tell_who_got_it(sending: LongSend) -> None:
    """
    Those who did not get it are a list with reasons, and it is they alone who are tried again.

    knadh/listmonk#2221, #1442, #164: who got it, who did not, and send it to those. awdeorio/mailmerge#96, #118: one
    bad address ended the run, and the failures were wanted as CSV.
    """
    assert try_to_send(sending, "one refused") == 0
    rows = [*csv.DictReader(sending.run("status", SLUG, "--csv").stdout.splitlines())]
    without = {row["email"] for row in rows if row["state"] != "sent"}
    assert (len(rows), len(without)) == (READERS, READERS // BATCH)
    assert {row["reason"] for row in rows if row["email"] in without} == {"no such mailbox"}
    before = sending.counted.accepted()
    assert sending.run("retry", SLUG).exit_code == 0
    assert sending.go_on().exit_code == 0
    assert sending.counted.accepted() - before == Counter(without)
    assert states(sending.run) == EVERYONE_SENT


def test_stuck_at_nothing_with_no_way_out(sending: LongSend) -> None:
    """
    Where not a single one could be sent, it can be gone on with, and it can be ended for good.

    pentacent/keila#464, #467: stuck at 0 of 500, and no way to cancel. #165, #273: stuck, and no way to resume.
    """
    assert try_to_send(sending, "unreachable") == 5
    assert states(sending.run) == {"queued": READERS}
    assert sending.run("cancel", SLUG, "--yes").exit_code == 0
    assert sending.go_on().exit_code == 0
    assert sending.standing() == {"skipped": READERS}


def test_later_news_of_a_letter_makes_it_unsent(sending: LongSend, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whoever got it and then bounced, left, complained, changed their name or was erased is not written to again.

    paperfoot/mailing-list-cli, docs/plans/2026-07-19, 2(a): it resumed to those who had moved on from "sent".
    """
    monkeypatch.setenv("DIGEST_SECRET", "correct-horse-battery-staple-once-more")
    run = sending.run
    assert try_to_send(sending, "sent then queued") == 6
    got_it = [*sending.counted.accepted()]
    assert len(got_it) == BATCH
    news = [
        ("remove", got_it[0], "--standing", "bounced"),
        ("remove", got_it[1], "--standing", "complained"),
        ("remove", got_it[2]),
        ("forget", got_it[3], "--yes"),
        ("add", got_it[4], "--name", "Another Name"),
    ]
    for words in news:
        result = run("subscribers", *words)
        assert result.exit_code == 0, result.output
    assert sending.go_on().exit_code == 0
    assert set(sending.counted.accepted().values()) == {1}
    assert states(run) == EVERYONE_SENT


def test_one_person_under_two_spellings(run: Run, counted: Counted) -> None:
    """
    A reader who comes from two lists, in capitals and without, gets one letter.

    TryGhost/Ghost#18940, #12259: the same member was written to twice.
    """
    rows = b"email\nann@example.org\nANN@EXAMPLE.ORG\nann@Example.org\n"
    for _ in range(2):
        run("subscribers", "import", "-", stdin=rows)
    assert run("send", SLUG, "--yes").exit_code == 0
    assert counted.accepted().total() == 3


def test_subject_stands_for_the_issue(run: Run, counted: Counted, letter: Path) -> None:
    """
    A mended subject makes no new issue, and two issues may have the same one.

    geolens-io/geolens#1697: what had been sent was found by its exact subject.
    """
    file = letter / "issues" / f"{SLUG}.md"
    assert run("send", "--yes").exit_code == 0
    file.write_text(file.read_text("utf-8").replace("subject: ", "subject: Mended ", 1), encoding="utf-8")
    assert "Nothing to send" in run("send", "--yes").stdout
    assert run("send", SLUG, "--yes").exit_code == 0
    assert set(counted.accepted().values()) == {1}
    (letter / "issues" / "2026-12-01-again.md").write_text(file.read_text("utf-8"), encoding="utf-8")
    assert run("send", "--yes").exit_code == 0
    assert set(counted.accepted().values()) == {2}


def test_mistyped_field_is_found_by_the_readers(run: Run, counted: Counted, letter: Path) -> None:
    """
    A field that nobody declared stops it before anyone is written to, with its line and what may have been meant.

    decidim/decidim#6539: a mistyped name, found after it had been sent to hundreds.
    """
    (letter / "issues" / f"{SLUG}.md").write_text("Some words.\n\nGood bye, {{ frist_name }}\n", encoding="utf-8")
    stopped = run("send", SLUG, "--yes")
    assert stopped.exit_code == 4
    assert f"issues/{SLUG}.md:3: " in stopped.stderr
    assert 'did you mean "first_name"?' in stopped.stderr
    assert not counted.accepted()


@pytest.mark.parametrize("option", ["--to-new", "--amend"])
def test_blank_for_whoever_comes_later(run: Run, counted: Counted, letter: Path, option: str) -> None:
    """
    What is asked of the first readers is asked of those who joined since, and of what the issue is amended to.

    wherebyus/general-tasks#1219, mautic/mautic#2506, knadh/listmonk#912: "Hello ,". knowledgefutures/pubplatform#1299:
    without a fallback it should fail.
    """
    file = letter / "issues" / f"{SLUG}.md"
    if option == "--to-new":
        run("subscribers", "add", "noor@example.org", "--field", "first_name=Noor")
        file.write_text("Hello {{ first_name }}\n", encoding="utf-8")
        assert run("send", SLUG, "--yes").exit_code == 0
        run("subscribers", "add", "late@example.org")
    else:
        counted.configure(messages=1, answer="sent then queued")
        assert run("send", SLUG, "--yes").exit_code == 6
        file.write_text("Hello {{ first_name }}\n", encoding="utf-8")
    before = counted.accepted()
    counted.configure(messages=1)
    stopped = run("send", SLUG, "--yes", option)
    assert stopped.exit_code == 4
    assert "1 reader has no value for `first_name`" in stopped.stderr
    assert counted.accepted() == before


def test_job_that_runs_more_often_than_meant(run: Run, counted: Counted) -> None:
    """
    However often a schedule fires, an issue is sent once, and the other runs say that there is nothing to do.

    onkartalekar/fpl-intelligence#288: hourly jobs fired six times a day. hizzle-co/noptin#665: twice a day.
    gratipay/gratipay.com#3352: 140 duplicates.
    """
    results = [run("send", "--yes") for _ in range(6)]
    assert {result.exit_code for result in results} == {0}
    assert ["Nothing to send" in result.stdout for result in results] == [False, *[True] * 5]
    assert set(counted.accepted().values()) == {1}
