"""Rules about the bytes of a message: cases beyond their examples in the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, stage

from digest.checking.rules import RULES

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """\
From: The Lamplighter <editor@lamplighter.example.org>
To: reader@example.org
Date: Tue, 24 Nov 2026 08:00:00 +0000
Message-ID: <1f3870be274f6c49@lamplighter.example.org>
Subject: Nine lamps
MIME-Version: 1.0
"""
TWO_PARTS = """\
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/{}; charset={}

Lamps
--b
Content-Type: text/{}; charset={}

Lamps
--b--
"""


def sentences(rule: str, folder: Path, kind: str = "eml", text: str = "") -> list[str]:
    """Return what a rule says of an issue with one block in place of its own part."""
    return [remark.sentence for remark in RULES[rule].find(stage([Block(kind=kind, text=text)], folder))]


def test_a_line_that_no_server_takes(tmp_path: Path) -> None:
    """One of 998 bytes is taken, one of 999 is not."""
    assert not sentences("line-length", tmp_path / "a", text=f"{HEADER}\n{'x' * 998}\n")
    (found,) = sentences("line-length", tmp_path / "b", text=f"{HEADER}\n{'x' * 999}\n")
    assert "999 bytes" in found


def test_encoded_words_on_a_long_line(tmp_path: Path) -> None:
    """A line with encoded words has 76 characters at most; an address may make a line longer."""
    header = f"{HEADER}X-Place: =?utf-8?q?{'x' * 70}?=\nList-Unsubscribe: <https://example.org/{'x' * 90}>\n"
    assert sentences("line-length", tmp_path, text=f"{header}\nLamps\n") == [
        "the header field X-Place has a line of encoded words with more than 76 characters"
    ]


def test_order_and_charset_of_parts(tmp_path: Path) -> None:
    """Plain text comes first, and both parts are UTF-8."""
    good = HEADER + TWO_PARTS.format("plain", "utf-8", "html", "UTF-8")
    bad = HEADER + TWO_PARTS.format("html", "utf-8", "plain", "iso-8859-1")
    assert not sentences("charset-and-order", tmp_path / "a", text=good)
    assert sentences("charset-and-order", tmp_path / "b", text=bad) == [
        "the HTML part stands before the plain text, so mail programs show the plain text",
        "the text/plain part is iso-8859-1",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The lamps of ZÃ¼rich", '"ZÃ¼rich"'),
        ("Itâ€™s five", '"Itâ€™s"'),
        ("Â£5 a lamp", '"Â£5"'),
        ("ðŸ˜€ at last", '"ðŸ˜€"'),
        ("Gr\ufffdn", '"Gr"'),
        ("\ufffd", '"nothing"'),
        ("Fish &amp;nbsp; chips", '"&nbsp;"'),
        ("Fish \u202egnp", "U+202E"),
    ],
)
def test_signs_that_nobody_meant(text: str, said: str, tmp_path: Path) -> None:
    """What went wrong on the way into the file is told with the word that it stands in."""
    (found,) = sentences("charset-and-order", tmp_path, "markdown", f"{text} and so on.")
    assert said in found


@pytest.mark.parametrize(
    "text",
    [
        "“CAFÉ”, «IRMÃ», “AMANHÃ”, ÂNCORA, ZÜRICH, SÃO PAULO, Ångström",
        "In code, `Ã¼` and `&nbsp;` are what they are",
        "AT&T; R&D, this & that, a\u00adlong\u00adword, 👩\u200d💻, שלום\u200f!",
        "ليلى حدّاد · 山田 花子 · नमस्ते · Ελληνικά",
    ],
)
def test_signs_that_are_meant(text: str, tmp_path: Path) -> None:
    """Accents beside quotation marks, code, other scripts and characters that join or hyphenate are let be."""
    assert not sentences("charset-and-order", tmp_path, "markdown", text)


def test_what_a_reader_wrote_is_not_the_issues(tmp_path: Path) -> None:
    """A reader's garbled name is a matter of the list, and never quoted."""
    blocks = [
        Block(kind="markdown", text='Hello {{ first_name or "there" }}, it is five.'),
        Block(kind="csv", text="email,first_name\nada@example.org,JÃ¼rgen\n"),
    ]
    assert not list(RULES["charset-and-order"].find(stage(blocks, tmp_path)))


def test_the_same_fault_is_told_once(tmp_path: Path) -> None:
    """A word that stands there ten times is one finding."""
    assert len(sentences("charset-and-order", tmp_path, "markdown", "ZÃ¼rich\n\n" * 10)) == 1


@pytest.mark.parametrize(
    ("field", "instead", "said"),
    [
        ("Date: Tue, 24 Nov 2026 08:00:00 +0000", "Date: soon", "the header field Date is no date"),
        ("Date: Tue, 24 Nov 2026 08:00:00 +0000", "X: y", "the message has no Date"),
        ("08:00:00", "07:49:59", "10 minutes from now"),
        ("24 Nov 2026", "30 Nov 2026", "6 days from now"),
        ("24 Nov 2026 08:00:00 +0000", "24 Nov 99999999 08:00:00 +99999999", "is no date"),
        ("08:00:00 +0000", "05:00:00 -0000", "3 hours from now"),
        ("<1f3870be274f6c49@lamplighter.example.org>", "1f38", "the Message-ID does not look like"),
        ("Message-ID: <1f3870be274f6c49@lamplighter.example.org>", "X: y", "the message has no Message-ID"),
        ("@lamplighter.example.org>\nSubject", "@mail.service.test>\nSubject", "of mail.service.test"),
    ],
)
def test_date_and_message_id(field: str, instead: str, said: str, tmp_path: Path) -> None:
    """The message tells its moment, and a name under the sender's domain."""
    (found,) = sentences("date-and-message-id", tmp_path, text=f"{HEADER.replace(field, instead)}\nLamps\n")
    assert said in found
