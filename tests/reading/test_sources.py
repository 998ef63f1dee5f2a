"""Files as editors' programs write them: encodings, line ends, and what is no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from editors_desk import Desk, html_of

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "---\nsubject: Grüße\nnumber: 3\n---\nHello.\n\n## [One](https://example.org/)\n\nTwo\nlines.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a newsletter without issues."""
    return Desk(root=tmp_path)


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends_of_windows_and_old_macs_are_accepted(desk: Desk, line_end: str) -> None:
    """They make no difference."""
    other = desk.read(TEXT.replace("\n", line_end))
    issue = desk.read(TEXT)
    assert (other.subject, other.number) == (issue.subject, issue.number)
    assert html_of(other.introduction.tokens) == html_of(issue.introduction.tokens)
    assert [part.place for part in other.parts] == [part.place for part in issue.parts]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_faults_keep_their_lines_with_any_line_end(desk: Desk, line_end: str) -> None:
    """A line is a line, whoever ended it."""
    text = "---\nsubject: x\n---\nOne\n\nTwo {{ x }}\n".replace("\n", line_end)
    assert desk.faults(text)[0].startswith("2026-11-24-hello.md:6: ")
    broken = f"One{line_end}Two".encode() + b" \xe9"
    assert desk.faults(broken)[0] == "2026-11-24-hello.md:2: this is not UTF-8 text"


def test_a_byte_order_mark_is_accepted(desk: Desk) -> None:
    """Front matter behind one is read as such."""
    assert desk.read("\N{BYTE ORDER MARK}" + TEXT).subject == "Grüße"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_another_encoding_is_refused(desk: Desk, encoding: str) -> None:
    """The fault stands at the first line that is not UTF-8."""
    line = 1 if encoding == "utf-16" else 2
    assert desk.faults(TEXT.encode(encoding)) == [
        f"2026-11-24-hello.md:{line}: this is not UTF-8 text",
        "Save the file as UTF-8 in your editor.",
    ]


def test_utf_16_without_its_mark_is_refused(desk: Desk) -> None:
    """Its bytes are UTF-8 by accident, with a NUL behind each letter."""
    assert desk.faults(b"H\x00i\x00") == [
        "2026-11-24-hello.md:1: an invisible control character stands here, U+0000",
        "Delete it; if the file is full of them, save it as UTF-8 in your editor.",
    ]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9b", "\uffff"])
@pytest.mark.parametrize("text", ["Hello\n\nwo{}rld", "---\nsubject: x\npreheader: a{}b\n---\nHello"])
def test_control_characters_are_refused(desk: Desk, sign: str, text: str) -> None:
    """None of them is text; some would cut a message, others speak to a terminal."""
    assert desk.faults(text.format(sign))[0] == (
        f"2026-11-24-hello.md:3: an invisible control character stands here, U+{ord(sign):04X}"
    )


def test_tabs_are_text(desk: Desk) -> None:
    """A tab in code stays one."""
    assert html_of(desk.introduction("```\na\tb\n```").tokens) == "<pre><code>a\tb\n</code></pre>\n"


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "---\nsubject: x\n---\n", "# A title\n", "<!-- a note\n\nand more -->\n", "[a]: https://a.test"],
)
def test_an_empty_issue(desk: Desk, text: str) -> None:
    """An issue without a word for its readers is a fault, whatever else stands in the file."""
    assert desk.faults(text) == [
        "2026-11-24-hello.md:1: the issue is empty",
        "Write below the front matter what your readers shall get.",
    ]
