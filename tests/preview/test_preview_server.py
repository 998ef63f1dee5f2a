"""The preview's server: what it answers, what it refuses, and what it tells when something is saved."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import httpx
import pytest
from open_preview import SLUG, Preview, opened_preview

from digest.config import load_settings
from digest.preview.register import stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Run


@pytest.fixture
def preview(letter: Path) -> Iterator[Preview]:
    """Return the preview of the newsletter."""
    with opened_preview(letter) as opened:
        yield opened


@pytest.fixture
def issue(letter: Path) -> Path:
    """Return the file of the newsletter's issue."""
    return letter / "issues" / f"{SLUG}.md"


def test_newsletter_lists_its_issues(preview: Preview, letter: Path) -> None:
    """What is not sent stands first, then the newest; each with what the list shows of it."""
    (letter / "issues" / "2026-01-05-older.md").write_text("# Older\n\nSome text.\n", encoding="utf-8")
    facts = preview.json("/api/newsletter")
    assert [row["slug"] for row in facts["issues"]] == [SLUG, "2026-01-05-older"]
    older = facts["issues"][1]
    assert (older["title"], older["date"], older["status"], older["sent"]) == ("Older", "2026-01-05", "draft", False)
    assert facts["limit"] == 102_400
    assert {"client", "subject", "preheader"} == facts["cuts"][0].keys()


def test_sent_issues_stand_last(preview: Preview, letter: Path, run: Run) -> None:
    """An issue that everyone got is marked so."""
    (letter / "issues" / "2026-01-05-older.md").write_text("# Older\n\nSome text.\n", encoding="utf-8")
    assert run("send", SLUG, "--yes").exit_code == 0
    rows = preview.json("/api/newsletter")["issues"]
    assert [(row["slug"], row["sent"]) for row in rows] == [("2026-01-05-older", False), (SLUG, True)]


def test_two_issues_of_one_slug_are_a_fault(preview: Preview, letter: Path) -> None:
    """The second could not be looked at, so the page is told."""
    (letter / "issues" / "copy.md").write_text(f"---\nslug: {SLUG}\n---\nText.\n", encoding="utf-8")
    (fault,) = preview.json("/api/newsletter")["faults"]
    assert "both called" in fault["sentence"]
    assert fault["path"] == "issues/copy.md"


def test_issue_is_told_whole(preview: Preview) -> None:
    """Subject, parts, headers, sizes and the raw message are those that would leave, but for the reader's token."""
    edition = preview.issue()["edition"]
    parsed = message_from_bytes(edition["raw"].encode(), policy=policy.default)
    assert edition["subject"] == parsed["Subject"]
    assert edition["sizes"]["message"] == len(edition["raw"].encode())
    (html,) = (part for part in parsed.walk() if part.get_content_type() == "text/html")
    assert html.get_content().replace("\r\n", "\n").rstrip() == edition["html"].rstrip()
    assert edition["sizes"]["encoded"] == len(str(html.get_payload()).replace("\r\n", "\n").replace("\n", "\r\n"))
    assert dict(edition["headers"])["List-Unsubscribe"].endswith("/unsubscribe/example>")


def test_no_real_token_is_shown(preview: Preview, run: Run) -> None:
    """Whoever follows a link of the preview unsubscribes nobody."""
    run("subscribers", "add", "noor@example.org", "--field", "first_name=Noor")
    (row,) = preview.json("/api/readers?q=NOOR")["readers"]
    shown = preview.issue(query=f"?reader={row['id']}")["edition"]
    assert "Noor" in shown["text"]
    (token,) = set(re.findall(r"/unsubscribe/(\w+)", shown["html"] + shown["text"]))
    assert re.fullmatch("example0+", token)


def test_previewed_is_what_is_sent(preview: Preview, letter: Path, run: Run, issue: Path) -> None:
    """Parts, header and size of what a reader gets are those that were looked at, but for token, moment and name."""
    issue.write_text(_HOSTILE, encoding="utf-8")
    (letter / "issues" / "dot.png").write_bytes(_DOT)
    (row,) = preview.json("/api/readers?q=ada@")["readers"]
    shown = preview.issue(query=f"?reader={row['id']}")["edition"]
    assert run("send", SLUG, "--yes", "--allow", "link-personal-data").exit_code == 0
    raw = (letter / ".digest" / "outbox" / SLUG / "ada@example.org.eml").read_bytes()
    sent = message_from_bytes(raw, policy=policy.default)
    (token,) = re.findall(r"/unsubscribe/([^>]+)>", sent["List-Unsubscribe"])
    fake = "example".ljust(len(token), "0")
    for kind, part in (("html", sent.get_body(("html",))), ("text", sent.get_body(("plain",)))):
        assert part is not None
        content = part.get_content().replace("\r\n", "\n").replace(token, fake)
        assert content.rstrip("\n") == shown[kind].rstrip("\n")
    told = [[name, value] for name, value in shown["headers"] if name not in {"Date", "Message-ID"}]
    left = [[name, str(value)] for name, value in sent.items() if name not in {"Date", "Message-ID"}]
    assert told == [[name, value.replace(token, fake)] for name, value in left]
    assert shown["sizes"]["message"] == len(raw)


_HOSTILE = (
    """---
subject: "{{ first_name or 'You' }}: 100 % </script> é \U0001f600 %s"
preheader: "For {{ name or 'you' }} & <b>"
---
Hello {{ first_name or "there" }}, 1 < 2 & "3".

![A dot](dot.png)

## [A story](https://blog.example.org/a?b=1&c={{ first_name or "x" }})

`{{ first_name }}` """
    + "and so on " * 200
    + """

<!-- more -->

More.
"""
)


def test_values_are_edited_on_the_spot(preview: Preview) -> None:
    """A value in the address of the view stands in the message, and one that nobody declared is passed over."""
    shown = preview.issue(query="?field.first_name=Zo%C3%AB&field.nonsense=1")["edition"]
    assert "Zoë" in shown["text"]
    assert shown["fields"]["first_name"] == "Zoë"
    assert "there" in preview.issue(query="?field.first_name=")["edition"]["text"]


def test_readers_are_found_by_address_and_name(preview: Preview, run: Run) -> None:
    """Letters that databases take for wild cards are letters here."""
    run("subscribers", "add", "per_cent@example.org", "--name", "Ada 100%")
    assert [row["email"] for row in preview.json("/api/readers?q=100%25")["readers"]] == ["per_cent@example.org"]
    assert preview.json("/api/readers?q=%25")["total"] == 1
    assert preview.json("/api/readers?q=_")["total"] == 1
    assert preview.json("/api/readers")["total"] == 3
    assert len(preview.json("/api/readers?limit=1")["readers"]) == 1


def test_looking_makes_no_database(preview: Preview, letter: Path) -> None:
    """A newsletter without a list is shown for the example reader, and stays without one."""
    (letter / ".digest" / "digest.db").unlink()
    assert preview.json("/api/readers") == {"readers": [], "total": 0}
    assert preview.get("/api/readers/1").status_code == 404
    assert preview.issue()["edition"]
    assert not (letter / ".digest" / "digest.db").exists()


def test_frame_is_locked_up(preview: Preview) -> None:
    """The email comes with a policy of its own: nothing runs in it, and it is framed by our page alone."""
    response = preview.get(f"/frame/{SLUG}?scheme=dark")
    policy_of_frame = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy_of_frame
    assert "sandbox" in policy_of_frame
    assert "allow-scripts" not in policy_of_frame
    assert "frame-ancestors 'self'" in policy_of_frame
    assert response.headers["cache-control"] == "no-store"


def test_images_off_fetches_none(preview: Preview) -> None:
    """Without images, none is fetched however an email asks for it; with them, not by plain HTTP either."""
    policies = [
        preview.get(f"/frame/{SLUG}{query}").headers["content-security-policy"] for query in ("", "?images=off")
    ]
    assert "img-src 'self' https: data:" in policies[0]
    assert "img-src" not in policies[1]


def test_images_are_those_of_the_issue(preview: Preview, letter: Path, issue: Path) -> None:
    """An image beside the issue is shown from here, be it sent inside the message or published later."""
    source = letter.parent / "dot.png"
    source.write_bytes(_DOT)
    (letter / "issues" / "dot é.png").write_bytes(_DOT)
    issue.write_text("# Hello\n\n![A dot](<dot é.png>)\n", encoding="utf-8")
    html = preview.get(f"/frame/{SLUG}").text
    (src,) = re.findall(r'<img[^>]* src="([^"]+)"', html)
    assert preview.get(src).content == _DOT
    assert preview.get(src).headers["content-type"] == "image/png"
    settings = letter / "digest.toml"
    with preview.events() as events:
        settings.write_text(settings.read_text("utf-8") + '\n[assets]\nurl = "https://pictures.example.org"\n', "utf-8")
        assert next(events)[0] == "issue"
    assert src in preview.get(f"/frame/{SLUG}").text


def test_images_are_fetched_once(preview: Preview, letter: Path, issue: Path) -> None:
    """A browser may keep an image for good, since another content has another address."""
    image = letter / "issues" / "dot.png"
    image.write_bytes(_DOT)
    issue.write_text("# Hello\n\n![A dot](dot.png)\n", encoding="utf-8")
    (src,) = re.findall(r'<img[^>]* src="([^"]+)"', preview.get(f"/frame/{SLUG}").text)
    assert "immutable" in preview.get(src).headers["cache-control"]
    with preview.events() as events:
        image.write_bytes(_DOT + b"\0")
        assert next(events)[0] == "issue"
    assert src not in preview.get(f"/frame/{SLUG}").text
    assert preview.get(src).headers["cache-control"] == "no-store"


_DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301"
    "0100c9fe92ef0000000049454e44ae426082"
)


@pytest.mark.parametrize(
    "path",
    [
        "/page/../application.py",
        "/page/%2e%2e/application.py",
        "/page/..%2fapplication.py",
        "/page//etc/passwd",
        f"/frame/{SLUG}/..%2f..%2fdigest.toml",
        f"/frame/{SLUG}/digest.toml",
        "/frame/..%2f..%2fetc%2fpasswd",
        "/api/issues/..%2fdigest",
        "/api/issues/nothing",
        "/api/issues/nothing/findings",
        "/api/readers/99999",
    ],
)
def test_names_are_no_paths(preview: Preview, path: str) -> None:
    """Whatever is asked for is looked up in tables of what there is, never on the disk."""
    with httpx.Client() as client:
        response = client.send(httpx.Request("GET", httpx.URL(preview.url, raw_path=path.encode())))
    assert response.status_code == 404


def test_orders_are_small_and_json(preview: Preview) -> None:
    """What is too long or makes no sense is refused, and says so."""
    path = f"/api/issues/{SLUG}/test"
    assert preview.post(path, {"to": "x" * 5000}).status_code == 413
    assert preview.post(path, ["to"]).status_code == 400
    assert preview.post(path, {"to": 5}).status_code == 400
    nested = preview.client.post(path, content="[" * 4000, headers={"Origin": preview.url.rstrip("/")})
    assert nested.status_code == 400
    refused = preview.post(path, {"to": "nobody"})
    assert refused.status_code == 400
    assert "no email address" in refused.json()["fault"]["sentence"]


def test_findings_stream_to_their_end(preview: Preview, issue: Path) -> None:
    """Each finding is a line, and the last line says that it is the last; a broken issue's faults are findings."""
    lines = [json.loads(line) for line in preview.get(f"/api/issues/{SLUG}/findings").text.splitlines()]
    assert lines[-1]["done"] is True
    assert lines[-1]["rules"] > 0
    with preview.events() as events:
        issue.write_text("Hello {{ nonsense }}.\n", encoding="utf-8")
        next(events)
    found, _ = [json.loads(line) for line in preview.get(f"/api/issues/{SLUG}/findings").text.splitlines()]
    assert (found["severity"], found["path"], found["line"]) == ("error", f"issues/{SLUG}.md", 1)


@pytest.mark.parametrize("broken", ["store", "rule"])
def test_rules_that_cannot_look_closer_say_so(preview: Preview, letter: Path, broken: str) -> None:
    """A database that cannot be used, or a rule that does not exist, is told among the findings, and they end."""
    if broken == "store":
        (letter / ".digest" / "digest.db").write_text("nonsense", encoding="utf-8")
    else:
        settings = letter / "digest.toml"
        with preview.events() as events:
            settings.write_text(settings.read_text("utf-8") + '\n[check.rules]\nnonsense = "off"\n', encoding="utf-8")
            next(events)
    lines = [json.loads(line) for line in preview.get(f"/api/issues/{SLUG}/findings").text.splitlines()]
    assert [line["severity"] for line in lines if line.get("rule") == "newsletter"] == ["error"]
    assert lines[-1]["done"] is True
    assert preview.json("/api/newsletter")["issues"]


def test_test_send_lands_in_the_outbox(preview: Preview, letter: Path) -> None:
    """It is the real message with both parts, its subject marked, filled as looked at, for that address only."""
    answer = preview.post(f"/api/issues/{SLUG}/test?field.first_name=Noor", {"to": "me@example.org"})
    assert "me@example.org" in answer.json()["sentence"]
    (file,) = (letter / ".digest" / "outbox").rglob("*.eml")
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert message["To"] == "me@example.org"
    assert str(message["Subject"]).startswith("[Test] ")
    text = message.get_body(("plain",))
    assert text is not None
    assert "Noor" in text.get_content()
    assert message.get_body(("html",)) is not None


def test_editor_opens_the_newsletters_files_only(preview: Preview, letter: Path) -> None:
    """Without an editor the page gets a sentence; other files than the newsletter's are none."""
    answer = preview.post("/api/open", {"path": f"issues/{SLUG}.md", "line": 3})
    assert answer.status_code == 400
    assert "editor" in answer.json()["fault"]["sentence"]
    (letter.parent / "secret.txt").touch()
    for path in ("../secret.txt", str(letter.parent / "secret.txt"), "issues", "built-in email.mjml"):
        assert preview.post("/api/open", {"path": path}).status_code == 400


def test_pages_elsewhere_are_refused(preview: Preview) -> None:
    """No other site reads by a name that leads here, nor gives orders, nor embeds; a visit of the page is welcome."""
    assert preview.get("/api/readers", Host="evil.example.org").status_code == 403
    assert preview.get("/api/readers", Host="evil.example.org:8000").status_code == 403
    assert preview.get("/api/readers", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert preview.get("/", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200
    order = {"to": "me@example.org"}
    for origin in ("https://evil.example.org", "null", "http://127.0.0.1:1"):
        refused = preview.client.post(f"/api/issues/{SLUG}/test", json=order, headers={"Origin": origin})
        assert refused.status_code == 403
    assert preview.client.post(f"/api/issues/{SLUG}/test", json=order).status_code == 403


def test_page_comes_with_its_files(preview: Preview) -> None:
    """The page is there, under a policy without anything inline, and every file that it names."""
    page = preview.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="(/page/[^"]+)"', page.text)
    assert named
    assert {preview.get(path).status_code for path in named} == {200}


def test_saving_is_told_at_once(preview: Preview, issue: Path) -> None:
    """Whoever looks at an issue hears of each save that changes it, whether the editor writes or renames."""
    first = preview.issue()["revision"]
    with preview.events() as events:
        issue.write_text("# Hello\n\nOnce more.\n", encoding="utf-8")
        name, facts = next(events)
        assert (name, facts["slug"]) == ("issue", SLUG)
        assert facts["revision"] > first
        beside = issue.with_suffix(".tmp")
        beside.write_text("# Hello\n\nRenamed.\n", encoding="utf-8")
        beside.replace(issue)
        told = next(facts for name, facts in events if name == "issue")
    assert preview.issue()["revision"] == told["revision"]
    assert "Renamed." in preview.get(f"/frame/{SLUG}").text


def test_broken_issue_keeps_its_last_good_view(preview: Preview, issue: Path) -> None:
    """The fault is told with its line over what was there before, and goes when it is mended."""
    good = preview.issue()
    before = issue.read_text("utf-8")
    with preview.events() as events:
        issue.write_text(before + "\n{{ nonsense }}\n", encoding="utf-8")
        next(events)
        broken = preview.issue()
        assert broken["edition"]["fingerprint"] == good["edition"]["fingerprint"]
        assert broken["faults"][0]["line"] == len(before.splitlines()) + 2
        assert preview.json("/api/newsletter")["issues"][0]["fault"] is True
        issue.write_text(before, encoding="utf-8")
        assert any(name == "issue" for name, _ in events)
    assert preview.issue()["faults"] == []


def test_new_folders_are_watched(preview: Preview, letter: Path) -> None:
    """An issue's folder that is made while we watch is listed, and what is saved in it is told."""
    folder = letter / "issues" / "2026-12-08-folder"
    with preview.events() as events:
        folder.mkdir()
        (folder / "index.md").write_text("# In a folder\n\nText.\n", encoding="utf-8")
        assert next(events)[0] == "newsletter"
        assert preview.issue("2026-12-08-folder")["edition"]
        (folder / "index.md").write_text("# In a folder\n\nAnother text.\n", encoding="utf-8")
        assert any(name == "issue" and facts["slug"] == "2026-12-08-folder" for name, facts in events)


def test_changes_of_the_list_are_told(preview: Preview, run: Run) -> None:
    """A reader who comes is news for the page; that the page then looks at the list is none."""
    with preview.events() as events:
        assert run("subscribers", "add", "mina@example.org").exit_code == 0
        assert next(events)[0] == "newsletter"


def test_looking_at_the_list_is_no_news(preview: Preview, letter: Path) -> None:
    """To read the database leaves it as it was, in the eyes of the watcher, too."""
    settings = load_settings(letter, {})
    before = stamp_of(settings)
    preview.json("/api/readers")
    assert stamp_of(settings) == before
