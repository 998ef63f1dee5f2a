"""Whatever a stranger writes: our reader takes it for text, and for that very text."""

from __future__ import annotations

import html
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.gathering.clipping import Clipping, Image
from digest.gathering.decoding import decode
from digest.gathering.fetching import Fetcher
from digest.gathering.prose import blocks_of, soup_of, teaser_of
from digest.gathering.texts import escaped, for_front_matter, markdown_tokens, squeezed, tidy
from digest.gathering.writing import file_of, section_of
from digest.model import Story
from digest.reading import IssueReader
from digest.reading.cutting import words_in
from digest.reading.markdown import plain_text

if TYPE_CHECKING:
    from pathlib import Path

BASE = "https://blog.example.org/post/"
_SIGNS = st.sampled_from(
    [
        *"\\`*_{}[]()#+-.!<>|~^:=&'\"/@%$;,? \n\t1aZ",
        *("{{ ", " }}", "zslot1", "zbraces0", "---", "~~", "](", "![", "<!--", "<!-- more -->"),
        *("www.a.org", "https://a.org/", "&amp;", "&#123;", "\xad", "\u200b", "\u2028", "\ud800", "\0", "é", "💡"),
    ]
)
_TEXTS = st.lists(_SIGNS | st.text(max_size=3), max_size=12).map("".join)


def _read(folder: Path, *, text: str) -> Story:
    path = folder / "2026-11-23-issue.md"
    path.write_text(f"---\nsubject: Hello\n---\n{text}", "utf-8")
    (story,) = IssueReader(root=folder, fields={}, timezone=ZoneInfo("UTC")).read(path).parts
    assert isinstance(story, Story)
    return story


@settings(max_examples=50)
@given(title=_TEXTS, alt=_TEXTS, author=_TEXTS, body=_TEXTS)
def test_any_text_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, title: str, alt: str, author: str, body: str
) -> None:
    """In a file and in a folder, each text of a story reads as it did over there."""
    folder = tmp_path_factory.mktemp("issue")
    paragraph = f"<p>{html.escape(body.replace(chr(0), ''))}</p>"
    teaser = teaser_of(blocks_of(soup_of(paragraph, BASE)), most=1000)
    clipping = Clipping(
        title=tidy(title) or "A title",
        link="https://blog.example.org/a",
        teaser=teaser,
        image=Image(url="https://blog.example.org/a.png", alt=tidy(alt)),
        author=tidy(author),
    )
    story = _read(folder, text=section_of(clipping))
    assert squeezed(story.title) == squeezed(clipping.title)
    assert story.picture
    assert squeezed(story.picture.alt) == squeezed(clipping.image.alt if clipping.image else "")
    assert squeezed(plain_text(story.teaser.tokens)) == squeezed(plain_text(markdown_tokens(teaser)) + clipping.author)
    assert squeezed(plain_text(markdown_tokens(teaser))) == squeezed(tidy(body))
    (folder / "issue").mkdir()
    (folder / "issue" / "index.md").write_text("---\nsubject: Hello\n---\n", "utf-8")
    (folder / "issue" / "10-a.md").write_text(file_of(clipping), "utf-8")
    (part,) = IssueReader(root=folder, fields={}, timezone=ZoneInfo("UTC")).read(folder / "issue").stories
    assert squeezed(part.title) == squeezed(for_front_matter(clipping.title).replace(r"\{{", "{{"))


@settings(max_examples=50)
@given(text=_TEXTS.map(tidy))
def test_any_text_is_escaped(text: str) -> None:
    """A line reads as itself, and nothing in it is more than text."""
    tokens = markdown_tokens(escaped(text))
    assert squeezed(plain_text(tokens)) == squeezed(text)
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}


_TAGS = ["p", "b", "em", "a", "ul", "li", "ol", "h2", "pre", "code", "blockquote", "div", "br", "img", "table", "span"]
_HTML = st.recursive(
    st.sampled_from(["word", " ", "A sentence. ", "* ", "# x", "1. ", "`", "{{ x }}", "&lt;b&gt;", "<br>", "\n"]),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag} href='/x y' class='language-c'>{''.join(parts)}</{tag}>",
        st.sampled_from(_TAGS),
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)


@settings(max_examples=50)
@given(source=_HTML, most=st.integers(1, 30))
def test_any_html_becomes_a_teaser(source: str, most: int) -> None:
    """It is readable, holds no HTML, no image and no heading, ends no line with a space, and is as short as asked."""
    teaser = teaser_of(blocks_of(soup_of(source, BASE)), most=most)
    tokens = markdown_tokens(teaser)
    assert bool(teaser) == bool(tokens)
    kinds = {child.type for token in tokens for child in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline", "image", "heading_open", "table_open", "hr"}
    assert not any(line.endswith(" ") for line in teaser.splitlines())
    assert words_in(plain_text(tokens)) <= most + 1  # an ellipsis may stand alone


def test_emphasis_of_nothing_is_no_rule() -> None:
    """Two pairs of asterisks with nothing between them are a line across the page, if they stand alone."""
    assert teaser_of(blocks_of(soup_of("<b><b><br><br>one</b> two</b>", BASE))) == "one two"


def test_deep_html_is_no_abyss() -> None:
    """Elements within elements, thousands of times, cost neither an error nor the text."""
    for tag in ("div", "em", "blockquote", "ul><li", "b><div"):
        assert teaser_of(blocks_of(soup_of(f"<{tag}>" * 3000 + "deep", BASE))) == "deep"


@given(
    body=st.binary(max_size=60),
    content_type=st.sampled_from(["", "text/html; charset=utf-16", "a; charset=\0", "x; charset=idna"]),
)
def test_any_bytes_are_text(body: bytes, content_type: str) -> None:
    """Nothing that is sent is no text at all."""
    assert isinstance(decode(body, content_type), str)
    assert isinstance(decode(b'<?xml encoding="punycode"?>' + body, content_type), str)


def test_a_server_says_nothing_to_the_terminal() -> None:
    """Control characters in its words would be heeded where they are shown."""
    answer = httpx.Response(500, extensions={"reason_phrase": b"\x1b[31mRed"})
    fetcher = Fetcher(transport=lambda _: httpx.MockTransport(lambda _: answer))
    with pytest.raises(SourceError, match=r"^blog\.example\.org/: it answers 500 \[31mRed$"):
        fetcher.fetch("https://blog.example.org/")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"], ids=["head", "body"])
def test_who_never_comes_to_an_end(head: bytes) -> None:
    """A server that says a byte now and then is not listened to for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server, head))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/slow?token=secret"
        fetcher = Fetcher(transport=lambda _: httpx.HTTPTransport(), longest=0.3)
        with pytest.raises(SourceError, match="it does not come to the end of its answer") as caught:
            fetcher.fetch(url)
        assert "secret" not in str(caught.value)
        thread.join()


def _drip(server: socket.socket, head: bytes) -> None:
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.settimeout(0.02)
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                if not connection.recv(65536):
                    return
