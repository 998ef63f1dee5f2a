"""The preview as a program: its address, its end, its network."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from open_preview import Preview, opened_preview

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Program, Run


@pytest.fixture
def preview(letter: Path) -> Iterator[Preview]:
    """Return the preview of the newsletter."""
    with opened_preview(letter) as opened:
        yield opened


@contextmanager
def started(program: Program, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the program's preview, and return it with the first line that it prints."""
    with program.start("preview", "--no-open", *arguments) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


def test_ctrl_c_ends_it_with_open_pages(program: Program) -> None:
    """The program tells its address and its time, and ends in good order although a page still listens."""
    with started(program, "--port", "0") as (process, line):
        found = re.fullmatch(r"My newsletter: (http://127\.0\.0\.1:\d+/) \(\d+ ms\)\. Ctrl-C ends it\.\n", line)
        assert found, line
        with httpx.stream("GET", f"{found[1]}api/events", timeout=20) as response:
            lines = response.iter_lines()
            next(lines)
            process.send_signal(signal.SIGINT)
            rest = [*lines]
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert rest == [""]


@pytest.mark.parametrize(
    "arguments", [("--port", "65536"), ("--port", "-1"), ("--host", "203.0.113.9"), ("--host", "nowhere")]
)
def test_address_that_cannot_be(run: Run, arguments: tuple[str, str]) -> None:
    """An address that is none of this machine, or no address, is wrong usage."""
    result = run("preview", "--no-open", *arguments)
    assert result.exit_code == 2
    assert "--host" in result.output


def test_others_in_the_network_may_look(program: Program) -> None:
    """With --host, a code to scan leads there, and what that means is said."""
    with started(program, "--host", "::", "--port", "0") as (process, line):
        assert "http://" in line
        assert "[::]" not in line
        process.terminate()
        out, _ = process.communicate(timeout=20)
    assert "\N{FULL BLOCK}" in out
    assert "Anyone in this network can now read your issues" in out


def test_busy_port_leads_to_the_next(program: Program, preview: Preview) -> None:
    """Two previews work side by side."""
    port = int(preview.url.rstrip("/").rpartition(":")[2])
    with started(program, "--port", str(port)) as (process, line):
        process.terminate()
        assert process.wait(20) == 0
    assert f":{port}/" not in line
    assert "http://127.0.0.1:" in line
    assert preview.issue()["edition"]
