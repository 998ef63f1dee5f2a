"""The commands `add` and `pull`: what they print, what they leave behind, and their exit codes."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from newsstand import Newsstand, page

from digest.cli import digest as commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from click.testing import Result
    from conftest import Run

SLUG = "2026-11-24-hello"
PAGE = page("<title>A lamp</title><meta name=description content='It is lit at five, every evening.'>")
FEED = page(
    '<rss version="2.0"><channel><item><title>News of lamps</title><link>https://b.example.org/news</link>'
    "<description>They are lit at four now.</description></item></channel></rss>",
    "application/rss+xml",
)


@pytest.fixture
def stand(letter: Path) -> Newsstand:
    """Return a web with a page and a feed, which is one of the newsletter's."""
    with (letter / "digest.toml").open("a", encoding="utf-8") as file:
        file.write('\n[feeds]\nlamps = "https://b.example.org/feed"\n')
    return Newsstand(lying={"https://a.example.org/lamp": PAGE, "https://b.example.org/feed": FEED})


def _run(stand: Newsstand, *arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments, prog_name="digest", catch_exceptions=False, obj=stand.fetcher())


def test_add(stand: Newsstand, run: Run) -> None:
    """The story is told with its host; the second time there is nothing to do, and the issue builds."""
    first = _run(stand, "add", SLUG, "a.example.org/lamp")
    assert (first.exit_code, first.stdout) == (0, f"issues/{SLUG}.md\n  A lamp (a.example.org)\n")
    second = _run(stand, "add", SLUG, "http://www.a.example.org/lamp/?utm_source=x", "https://a.example.org/lamp")
    assert "It is in the issue already: a.example.org/lamp\n" in second.stdout
    assert run("build", SLUG).exit_code == 0


def test_add_in_part(stand: Newsstand, letter: Path) -> None:
    """What can be had is written, what cannot is told without its query, and the exit code says to try again."""
    result = _run(stand, "add", SLUG, "https://a.example.org/lamp", "https://a.example.org/gone?token=secret")
    assert result.exit_code == 6
    assert "A lamp (a.example.org)" in result.stdout
    assert "a.example.org/gone: it answers 404 Not Found" in result.stderr
    assert "secret" not in result.output
    assert "[A lamp](https://a.example.org/lamp)" in (letter / "issues" / f"{SLUG}.md").read_text("utf-8")


def test_add_nothing_at_all(stand: Newsstand) -> None:
    """Where nothing can be had, the exit code is 5; what is no address is wrong usage."""
    assert _run(stand, "add", SLUG, "https://a.example.org/gone").exit_code == 5
    assert _run(stand, "add", SLUG, "ftp://a.example.org/gone").exit_code == 2


def test_pull(stand: Newsstand, letter: Path, run: Run) -> None:
    """An issue is started, passes the rules, and the second time there is nothing new."""
    first = _run(stand, "pull")
    assert first.exit_code == 0
    path = letter / first.stdout.splitlines()[0]
    assert path.name.endswith("-news-of-lamps.md")
    assert "  News of lamps (b.example.org)\n" in first.stdout
    assert not run("check", str(path)).stdout.count("error")
    second = _run(stand, "pull", "lamps", "--since", "2020-01-01")
    assert (second.exit_code, second.stdout) == (0, "Nothing new. `--since DATE` looks further back.\n")


def test_pull_in_part(stand: Newsstand) -> None:
    """A feed that fails is told, with the command that tries it again."""
    result = _run(stand, "pull", "lamps", "https://gone.example.org/feed", "--issue", SLUG)
    assert result.exit_code == 6
    assert "gone.example.org/feed: it answers 404" in result.stderr
    assert f"--issue issues/{SLUG}.md" in result.stderr
    assert _run(stand, "pull", "https://gone.example.org/feed").exit_code == 5


def test_pull_of_nothing(run: Run) -> None:
    """A feed has to be named, here or in the settings; one that is not known is told from those that are."""
    assert run("pull").exit_code == 2
    unknown = run("pull", "lamp").stderr
    assert unknown.splitlines() == ['there is no feed "lamp"', "  A feed is a name of [feeds], or a URL."]


def test_the_private_network_is_not_asked(run: Run) -> None:
    """The program itself looks where an address leads."""
    result = run("add", SLUG, "http://169.254.169.254/latest/meta-data/")
    assert result.exit_code == 5
    assert "private network" in result.stderr


def test_feed_of_ones_own_network(run: Run, letter: Path) -> None:
    """A feed whose address says by itself that it lies here is pulled; where it redirects to elsewhere is not."""
    feed = (Path(__file__).parent / "feeds" / "hugo.xml").read_bytes()
    with served({"/feed.xml": feed}) as inside, served({"/moved": f"{inside}/feed.xml"}) as elsewhere:
        result = run("pull", f"{elsewhere}/moved", "--since", "2000-01-01")
        assert (result.exit_code, "private network" in result.stderr) == (5, True)
        result = run("pull", f"{inside}/feed.xml", "--since", "2000-01-01")
        assert result.exit_code == 0
    assert len(list((letter / "issues").iterdir())) == 2


@contextmanager
def served(answers: Mapping[str, bytes | str]) -> Iterator[str]:
    """Serve bodies, and redirects to other addresses, by their paths."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers[self.path]
            self.send_response(200 if isinstance(answer, bytes) else 302)
            if isinstance(answer, str):
                self.send_header("Location", answer)
            self.end_headers()
            if isinstance(answer, bytes):
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
