"""The example of ADDING_A_PROVIDER.md: a package of anyone's, built, installed, put through the contract, and used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from pkgutil import resolve_name
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent.parent
PACKAGE = TESTS / "example_provider"
PAGE = (TESTS.parent / "ADDING_A_PROVIDER.md").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).with_name("digest")


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An environment in which the example package is installed."""

    variables: dict[str, str]

    def run(self, *command: str | Path, folder: Path, **variables: str) -> str:
        """Run a program in it to its good end."""
        done = subprocess.run(
            command,
            cwd=folder,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build its wheel and install that into a folder, without the network."""
    folder = tmp_path_factory.mktemp("example")
    python = Installed(variables=dict(os.environ))
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(PACKAGE))
    python.run(*build, folder=folder)
    (wheel,) = folder.glob("*.whl")
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", "site")
    python.run(*install, str(wheel), folder=folder)
    path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "DIGEST_", "PYTEST_"))}
    return Installed(variables={**kept, "PYTHONPATH": path})


@contextmanager
def pigeon_post(kept: list[dict[str, Any]]) -> Iterator[str]:
    """Be Pigeon Post on loopback: keep each message that is taken."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.extend(body["messages"])
            answer = json.dumps({"results": [{"id": f"flight-{number}"} for number, _ in enumerate(body["messages"])]})
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_it_is_found_by_its_entry_point(installed: Installed, letter: Path) -> None:
    """Once it is installed, it stands in the matrix beside ours, with its options and variables."""
    facts = json.loads(installed.run(PROGRAM, "providers", "pigeon", "--json", folder=letter))
    assert (facts["name"], facts["readers"], facts["signature"]) == ("pigeon", 50, "HMAC-SHA256")
    assert (facts["options"], facts["variables"]) == (["loft"], ["PIGEON_API_KEY", "PIGEON_WEBHOOK_SECRET"])
    names = [
        entry["name"] for entry in json.loads(installed.run(PROGRAM, "providers", "--json", folder=letter))["providers"]
    ]
    assert {"outbox", "pigeon"} <= {*names}


def test_it_keeps_the_contract(installed: Installed) -> None:
    """The contract suite takes it as it takes ours, by a stand-in on the path."""
    path = os.pathsep.join([installed.variables["PYTHONPATH"], str(PACKAGE)])
    suite = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/providers/test_contract.py")
    shown = installed.run(*suite, "-k", "pigeon", folder=TESTS.parent, PYTHONPATH=path)
    passed = re.search(r"(\d+) passed", shown)
    assert passed, shown
    assert int(passed[1]) > 30


def test_it_sends(installed: Installed, letter: Path) -> None:
    """An issue goes out through it, to each reader once."""
    kept: list[dict[str, Any]] = []
    with pigeon_post(kept) as url:
        settings = (letter / "digest.toml").read_text("utf-8").partition("[provider]")[0]
        settings += f'[provider]\nname = "pigeon"\napi_url = "{url}"\nloft = "tower"\n'
        (letter / "digest.toml").write_text(settings, encoding="utf-8")
        command = (PROGRAM, "send", "--yes", "--late", "--json")
        facts = json.loads(installed.run(*command, folder=letter, PIGEON_API_KEY="a-key-made-up-for-tests"))
    assert facts["sent"] == len(kept) == len({message["to"] for message in kept}) > 0
    assert all("List-Unsubscribe" in message["headers"] for message in kept)


def test_the_page_shows_the_package() -> None:
    """The code of the page is the package's, to the letter."""
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)[::-1])
    assert blocks["python"] == (PACKAGE / "src" / "digest_pigeon" / "__init__.py").read_text("utf-8")
    assert blocks["toml"] == (PACKAGE / "pyproject.toml").read_text("utf-8")


def test_the_page_names_what_is_there() -> None:
    """Whoever looks up a file, a module or a class that the page names, finds it."""
    files = re.findall(r"(?:`|\()(tests/[\w/.-]+\.\w+)", PAGE)
    names = re.findall(r"`(digest\.[\w.]+\w)`", PAGE)
    assert files
    assert names
    assert [file for file in files if not (TESTS.parent / file).exists()] == []
    assert all(resolve_name(name) for name in names if not name.endswith(".toml"))
