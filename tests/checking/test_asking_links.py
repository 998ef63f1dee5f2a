"""Links that are asked: a real server says what it was asked, how often, and how many at a time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
from proof_stage import Block, stage

from digest.checking.asking import ask_links, links_to_ask
from digest.checking.proof import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
_STATUSES = {
    ("HEAD", "/good"): 200,
    ("HEAD", "/gone"): 404,
    ("GET", "/gone"): 404,
    ("HEAD", "/no-head"): 405,
    ("GET", "/no-head"): 200,
    ("HEAD", "/moved"): 301,
    ("HEAD", "/elsewhere"): 302,
    ("HEAD", "/ring"): 302,
    ("GET", "/ring"): 302,
}
_LOCATIONS = {"/moved": "/good", "/elsewhere": "/good", "/ring": "/ring"}


@dataclass(kw_only=True)
class Site:
    """A site on loopback."""

    url: str = ""
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    enough: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a site whose paths say what they answer."""
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            with found.lock:
                found.asked[self.command, self.path] += 1
                found.now += 1
                found.most = max(found.most, found.now)
            time.sleep(0.02 if self.path.startswith("/many") else 0)
            with found.lock:
                found.now -= 1
            if self.path == "/hangs-up" and self.command == "HEAD":
                self.close_connection = True
                return
            if self.path == "/drips":
                self._drip()
                return
            self.send_response(_STATUSES.get((self.command, self.path), 200))
            if self.path in _LOCATIONS:
                self.send_header("Location", _LOCATIONS[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _drip(self) -> None:
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            with suppress(OSError):  # they have enough
                while not found.enough.wait(0.01):
                    self.wfile.write(b"X-More: to come\r\n")
            self.close_connection = True

        do_HEAD = do_GET = _answer  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.enough.set()
        server.shutdown()
        thread.join()


def _ask(site: Site, tmp_path: Path, *paths: str, now: datetime = NOW, longest: float = 30) -> dict[str, Answer]:
    urls = [f"{site.url}{path}" for path in paths]
    answers = ask_links(urls, tmp_path / "links.json", now=now, transport=httpx.HTTPTransport(), longest=longest)
    return {url.removeprefix(site.url): answer for url, answer in answers.items()}


def test_good_and_dead_links_are_told_apart(site: Site, tmp_path: Path) -> None:
    """A head is enough for a good one; what the head says badly is asked for whole."""
    answers = _ask(site, tmp_path, "/good", "/gone", "/no-head")
    assert {path: answer.status for path, answer in answers.items()} == {"/good": 200, "/gone": 404, "/no-head": 200}
    assert site.asked[("GET", "/good")] == 0


def test_a_link_that_moved_for_good_tells_where(site: Site, tmp_path: Path) -> None:
    """A permanent redirect names the new address, one for now does not."""
    answers = _ask(site, tmp_path, "/moved", "/elsewhere")
    assert answers["/moved"].location == f"{site.url}/good"
    assert answers["/elsewhere"] == Answer(status=200, size=0)


def test_a_ring_of_redirects_is_trouble(site: Site, tmp_path: Path) -> None:
    """Nobody follows for ever."""
    assert _ask(site, tmp_path, "/ring")["/ring"].trouble == "it is redirected more than 5 times"


def test_a_server_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    """A refused connection is told in words."""
    url = "http://127.0.0.1:1/"
    answer = ask_links([url], tmp_path / "links.json", now=NOW, transport=httpx.HTTPTransport())[url]
    assert answer.status is None
    assert answer.trouble


def test_a_server_that_hangs_up_on_heads_is_asked_for_the_whole(site: Site, tmp_path: Path) -> None:
    """Some do so to programs, and the page is there."""
    assert _ask(site, tmp_path, "/hangs-up")["/hangs-up"].is_good
    assert site.asked == {("HEAD", "/hangs-up"): 1, ("GET", "/hangs-up"): 1}


def test_a_server_that_never_ends_is_trouble(site: Site, tmp_path: Path) -> None:
    """One that says a little now and then runs into no timeout, but nobody waits for it for ever."""
    assert _ask(site, tmp_path, "/drips", longest=0.2)["/drips"].trouble == "it does not come to the end of its answer"


def test_the_private_network_is_not_asked(site: Site, tmp_path: Path) -> None:
    """Without another transport, loopback is refused before a byte leaves."""
    (answer,) = ask_links([f"{site.url}/good"], tmp_path / "links.json", now=NOW).values()
    assert "private network" in answer.trouble
    assert not site.asked


def test_at_most_two_at_a_time_of_one_host(site: Site, tmp_path: Path) -> None:
    """Twenty links of one site are asked two by two, each once."""
    answers = _ask(site, tmp_path, *(f"/many-{number}" for number in range(20)))
    assert len(answers) == sum(site.asked.values()) == 20
    assert site.most == 2


def test_good_answers_are_remembered_for_a_day(site: Site, tmp_path: Path) -> None:
    """Within a day only what was not good is asked again; after it, everything."""
    _ask(site, tmp_path, "/good", "/gone")
    _ask(site, tmp_path, "/good", "/gone", now=NOW + timedelta(hours=23))
    assert site.asked[("HEAD", "/good")] == 1
    assert site.asked[("HEAD", "/gone")] == 2
    _ask(site, tmp_path, "/good", now=NOW + timedelta(hours=25))
    assert site.asked[("HEAD", "/good")] == 2


@pytest.mark.parametrize(
    "memory",
    [
        '{"half":',
        '{"URL": {"at": "2026-11-24T08:00:00", "answer": {"status": 404}}}',
        '{"URL": {"at": "2099-11-24T08:00:00Z", "answer": {"status": 404}}}',
    ],
    ids=["half of it", "a time without a zone", "a time to come"],
)
def test_a_broken_memory_is_no_memory(site: Site, tmp_path: Path, memory: str) -> None:
    """What cannot be read is asked anew."""
    (tmp_path / "links.json").write_text(memory.replace("URL", f"{site.url}/good"), encoding="utf-8")
    assert _ask(site, tmp_path, "/good")["/good"].is_good


def test_a_memory_that_cannot_be_written_costs_no_answer(site: Site, tmp_path: Path) -> None:
    """Where the folder takes no file, each link is asked again the next time."""
    (tmp_path / "links.json").mkdir()
    assert _ask(site, tmp_path, "/good")["/good"].is_good


def test_no_link_of_the_reader_is_asked(tmp_path: Path) -> None:
    """Whoever would ask an unsubscribe link may unsubscribe somebody; the issue's own page is not there yet."""
    proof = stage(
        [Block(kind="markdown", text="[A](https://blog.example.org/a) ![B](https://img.example.org/b.png)\n")], tmp_path
    )
    reader = replace(proof.message.reader, token="q1w2e3")  # noqa: S106  # nobody's
    proof = replace(proof, message=replace(proof.message, reader=reader))
    assert links_to_ask(proof) == ["https://blog.example.org/a", "https://img.example.org/b.png"]
