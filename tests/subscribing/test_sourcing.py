"""The list of a machine that forgets comes from wherever it is kept, whole, the same each time; or nothing is sent."""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from list_owners import host

from digest.addressing import find_segment
from digest.config import load_settings
from digest.errors import (
    CombinedError,
    ContentError,
    DigestError,
    IncompleteError,
    ProviderError,
    SettingsError,
    SourceError,
    UsageError,
)
from digest.model import Standing
from digest.publishing.choosing import provider_of
from digest.store import Numbering, numberings_of, open_store
from digest.subscribing.importing import add_reader
from digest.subscribing.leaving import forget_reader, remove_reader, seal_of
from digest.subscribing.listing import export_readers
from digest.subscribing.sourcing import fill, fill_for_sending
from digest.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from list_owners import Answer, Asked

    from digest.config import Settings
    from digest.store import Store

SECRET = "a key of more than thirty-two characters"  # noqa: S105  # of nobody
LIST = "email,name,city\nann@example.org,Ann Fictional,Ulm\nbob@example.org,Bob Fictional,Bonn\n"
OPEN = {"DIGEST_SUBSCRIBERS_TOKEN": "sesame"}
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A machine that forgets, with a clone of a newsletter."""

    root: Path

    def settings(self, source: str = "", further: str = "", **environ: str) -> Settings:
        """Return the newsletter's, with the list from a source."""
        said = f"[subscribers]\nsource = '''{source}'''\n" if source else ""
        text = (
            '[newsletter]\nname = "Plateau"\nfrom = "editor@example.org"\nurl = "https://news.example.org"\n'
            f'postal_address = "1 Example Street"\n[fields]\ncity = ""\n{said}{further}'
        )
        (self.root / "digest.toml").write_text(text, encoding="utf-8")
        return load_settings(self.root, {"PATH": os.environ["PATH"], "DIGEST_SECRET": SECRET, **environ})

    def write(self, text: str, name: str = "readers.csv") -> None:
        """Write a file of its clone."""
        (self.root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a machine that forgets."""
    (tmp_path / "clone").mkdir()
    return Runner(root=tmp_path / "clone")


@contextmanager
def working_store(settings: Settings) -> Iterator[Store]:
    """Open an empty store as such a machine has one."""
    tokens = tokens_of(settings.environ)
    assert tokens
    with open_store("sqlite://", tokens=tokens, numbering=numberings_of(tokens.keys)[0], clock=lambda: NOW) as store:
        yield store


def readers_of(settings: Settings) -> Mapping[str, tuple[int, str, str]]:
    """Return the ids, tokens and cities of the list that the settings lead to, by address."""
    with working_store(settings) as store:
        count = fill(store, settings)
        found = {one.email: (one.id, one.token, one.fields.get("city", "")) for one in store.subscribers.walk()}
        assert len(found) == count
        return found


def fault_of(settings: Settings, kind: type[DigestError]) -> str:
    """Return the sentence that refuses a list, which nobody is taken of."""
    with working_store(settings) as store, pytest.raises(kind) as caught:
        fill(store, settings)
    said = "\n".join(caught.value.lines())
    assert "@example.org" not in said
    return said


def test_every_run_knows_the_same_people(runner: Runner) -> None:
    """Numbers and tokens follow from address and key alone: not from the order of rows, nor from who else is there."""
    runner.write(LIST)
    first = readers_of(runner.settings("readers.csv"))
    runner.write("name,email\n,carol@example.org\n,BOB@example.org\n,ann@example.org\n")
    again = readers_of(runner.settings("readers.csv"))
    assert again["ann@example.org"][:2] == first["ann@example.org"][:2]
    assert again["BOB@example.org"][:2] == first["bob@example.org"][:2]
    assert len({number for number, *_ in again.values()}) == 3
    assert all(0 < number < 1 << 62 for number, *_ in again.values())
    other = readers_of(runner.settings("readers.csv", DIGEST_SECRET=f"{SECRET} of another newsletter"))
    assert other["ann@example.org"][0] != first["ann@example.org"][0]


PACKED = b64encode(gzip.compress(LIST.encode(), mtime=0)).decode()


@pytest.mark.parametrize("held", [LIST, PACKED, f"{PACKED[:40]}\n{PACKED[40:]}\n"])
def test_list_in_a_variable(runner: Runner, held: str) -> None:
    """A secret holds the list as it is, or packed by gzip in base64, since GitHub's have room for 48 KB only."""
    assert {*readers_of(runner.settings("env:THE_LIST", THE_LIST=held))} == {"ann@example.org", "bob@example.org"}


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ("", "THE_LIST that [subscribers] source names is not set"),
        (PACKED[:-16], "its end is missing"),
        ("H4sI so it begins, and is no base64", "it is damaged"),
    ],
)
def test_variable_that_holds_no_list(runner: Runner, held: str, why: str) -> None:
    """A variable that the job did not hand on, or half of what was packed, is told by its name alone."""
    assert why in fault_of(runner.settings("env:THE_LIST", THE_LIST=held), SettingsError)


def test_every_fault_of_a_list_at_once(runner: Runner) -> None:
    """One row that cannot be taken refuses all of them, each at its line, without what stands there."""
    runner.write(f"{LIST}no address,,\ncarol@example.org,<b>Carol</b>,\n")
    settings = runner.settings("readers.csv")
    said = fault_of(settings, CombinedError)
    assert "readers.csv:4: " in said
    assert "readers.csv:5: the name holds markup" in said
    with working_store(settings) as store, pytest.raises(CombinedError) as caught:
        fill(store, settings)
    assert caught.value.exit_code == ContentError.exit_code


def test_many_faults_are_counted(runner: Runner) -> None:
    """Of a file that is something else altogether, twenty lines are enough."""
    runner.write("email\n" + "no address\n" * 100)
    said = fault_of(runner.settings("readers.csv"), CombinedError)
    assert "readers.csv:21: " in said
    assert "readers.csv:22: " not in said
    assert "readers.csv: 100 rows cannot be taken" in said


@pytest.mark.parametrize(
    ("source", "text", "kind", "why"),
    [
        ("readers.csv", "", ContentError, 'there is no column "email"'),
        ("readers.csv", "email,name\n", SourceError, "nobody is on the list"),
        ("readers.csv", "email,nam\n", ContentError, 'unknown column "nam"'),
        ("missing.csv", LIST, SettingsError, "the list missing.csv cannot be read (No such file or directory)"),
        ("ftp://list.example.org/readers.csv", "", SettingsError, "leads to no list by ftp://"),
        ("http://list.example.org/readers.csv", "", SettingsError, "would come from list.example.org unencrypted"),
        ("command: 'unfinished", "", SettingsError, "the command of [subscribers] source cannot be read"),
        ("command: there-is-no-such-program x", "", SettingsError, "cannot be run (No such file or directory)"),
        ("command: true", "", ContentError, 'there is no column "email"'),
        ("env:", "", SettingsError, "names no variable after env:"),
        ("sqlite:///missing.db", "", SettingsError, "there is no database"),
        ("", "", SettingsError, "there is no database"),
    ],
)
def test_what_is_no_list(runner: Runner, source: str, text: str, kind: type[DigestError], why: str) -> None:
    """What leads to no list, or to an empty one, is refused, and never taken for a list that everybody left."""
    runner.write(text)
    assert why in fault_of(runner.settings(source), kind)
    assert not (runner.root / "missing.db").exists()


def test_list_that_no_source_names(runner: Runner) -> None:
    """Where nothing says where the list is, and the machine has none, the way out is to say it."""
    for _ in range(2):  # without a store, and with an empty one
        said = fault_of(runner.settings(""), DigestError)
        assert "[store] url" in said
        assert "set DIGEST_SUBSCRIBERS_SOURCE" in said
        with open_store(runner.settings("").store.url):
            pass


def test_list_of_a_command(runner: Runner) -> None:
    """A program writes it, in the newsletter's folder and with its environment, and no shell reads the command."""
    runner.write(
        "import os, sys\nprint('email,city')\nprint(f'ann@example.org,{os.environ[\"TOWN\"]} {sys.argv[1]}')\n",
        "list.py",
    )
    settings = runner.settings(f'command: {sys.executable} list.py "$(whoami);"', TOWN="Ulm")
    assert readers_of(settings)["ann@example.org"][2] == "Ulm $(whoami);"


def test_command_that_fails(runner: Runner) -> None:
    """What it wrote before it failed is no list; it is told what it complained of, without addresses."""
    runner.write(f"import sys\nprint({LIST!r})\nsys.exit('no room for ann@example.org')\n", "list.py")
    said = fault_of(runner.settings(f"command: {sys.executable} list.py"), SourceError)
    assert "ended with 1: no room for …" in said


@dataclass(kw_only=True)
class Site:
    """A web server on loopback: by path its status, headers and body; and which tokens it was shown."""

    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    shown: list[tuple[str, str, str | None]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    """Run a web server for as long as the test takes."""
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.shown.append((self.headers["Host"].partition(":")[0], self.path, self.headers["Authorization"]))
            status, headers, body = found.pages[self.path]
            self.send_response(status)
            for name, value in {"Connection": "close", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_list_from_the_web(runner: Runner, site: Site) -> None:
    """The token opens the address that is named, and no other host is told it, wherever that leads."""
    sized = {"Content-Length": str(len(LIST))}
    site.pages["/list"] = (302, {"Location": f"http://localhost:{site.port}/elsewhere", "Content-Length": "0"}, b"")
    site.pages["/elsewhere"] = (200, sized, LIST.encode())
    settings = runner.settings(f"http://127.0.0.1:{site.port}/list", **OPEN)
    assert {*readers_of(settings)} == {"ann@example.org", "bob@example.org"}
    assert site.shown == [("127.0.0.1", "/list", "Bearer sesame"), ("localhost", "/elsewhere", None)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, {"Content-Length": "0"}, b""), "127.0.0.1 answers 403 Forbidden"),
        ((200, {"Content-Length": "999"}, LIST.encode()), "the list cannot be had"),
        ((200, {}, LIST.encode()), "does not say where its answer ends"),
        ((302, {"Location": "/secret-path", "Content-Length": "0"}, b""), "redirected more than 5 times"),
        ((302, {"Location": "http://list.example.org/", "Content-Length": "0"}, b""), "unencrypted"),
    ],
)
def test_web_that_gives_no_list(
    runner: Runner, site: Site, answer: tuple[int, dict[str, str], bytes], why: str
) -> None:
    """A refusal, half an answer and an endless chain of redirects are told apart, without path or token."""
    site.pages["/secret-path"] = answer
    url = f"http://127.0.0.1:{site.port}/secret-path"
    said = fault_of(runner.settings(url, **OPEN), DigestError)
    assert why in said
    assert "secret-path" not in said
    assert "sesame" not in said


def furnish(store: Store, settings: Settings) -> None:
    """Put people on a list who stand in every way."""
    for name in ("ann", "bob", "cyd", "dan"):
        add_reader(store, email=f"{name}@example.org", name="", fields={"city": "Ulm"}, tags=["pro"])
    remove_reader(store, "bob@example.org", standing="complained")
    forget_reader(store, "cyd@example.org", seal=seal_of(settings.environ))
    dan = store.subscribers.find("dan@example.org")
    assert dan
    store.pauses.put(dan.id, until=LATER, now=datetime(2026, 11, 1, tzinfo=UTC))


def test_list_of_another_store(runner: Runner, url: str) -> None:
    """Standings, tags, pauses, erasures and names in links come along; nothing there is written to."""
    settings = runner.settings(url)
    tokens = tokens_of(settings.environ)
    with open_store(url, tokens=tokens) as kept:
        furnish(kept, settings)
        links = {reader.email: reader.token for reader in kept.subscribers.walk()}
    with working_store(settings) as store:
        assert fill(store, settings) == 3
        assert {reader.email: reader.token for reader in store.subscribers.walk()} == links
        assert [reader.email for reader in store.audiences.sample(None, 9, ["city"])] == ["ann@example.org"]
        assert store.audiences.measure(None).excluded == {"paused": 1, "complained": 1}
        forgotten = add_reader(
            store, email="cyd@example.org", name="", fields={}, tags=[], seal=seal_of(settings.environ)
        )
        assert forgotten.value == "kept_away"


def test_store_of_an_older_digest_is_left_alone(runner: Runner, tmp_path: Path) -> None:
    """A store whose tables are not of this version is not brought up to date from here."""
    path = tmp_path / "old.db"
    with open_store(f"sqlite:///{path}") as store:
        furnish(store, runner.settings())
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("delete from migrations where number = (select max(number) from migrations)")
    connection.close()
    assert "was not brought up to date" in fault_of(runner.settings(f"sqlite:///{path}"), SettingsError)


def export(store: Store, **options: Any) -> str:
    """Return the list of a store as CSV."""
    stream = StringIO()
    export_readers(store, stream, fields=["city"], **options)
    return stream.getvalue()


def test_exported_tokens_and_pauses(runner: Runner, url: str) -> None:
    """The CSV that a list exports with tokens leads to the same links as the list's own, and keeps pauses."""
    settings = runner.settings("readers.csv")
    with open_store(url, tokens=tokens_of(settings.environ)) as kept:
        furnish(kept, settings)
        runner.write(export(kept, tokens=True, standing=None))
        links = {reader.email: reader.token for reader in kept.subscribers.walk()}
        assert "token" not in export(kept)
    with working_store(settings) as store:
        fill(store, settings)
        assert {reader.email: reader.token for reader in store.subscribers.walk()} == links
        bob, dan = (store.subscribers.find(f"{name}@example.org") for name in ("bob", "dan"))
        assert bob
        assert dan
        assert bob.standing is Standing.COMPLAINED
        pause = store.pauses.find(dan.id)
        assert pause
        assert pause.until == LATER
        assert store.audiences.measure(None).excluded == {"paused": 1, "complained": 1}


def test_pause_that_is_over_is_kept(runner: Runner) -> None:
    """Nothing follows later of what was sent in a pause, be its beginning unknown, so one that is over comes along."""
    runner.write("email,paused_until\nann@example.org,2026-11-01\n")
    settings = runner.settings("readers.csv")
    with working_store(settings) as store:
        fill(store, settings)
        (ann,) = store.subscribers.walk()
        pause = store.pauses.find(ann.id)
        assert pause
        assert pause.holds(datetime(2026, 10, 1, tzinfo=UTC))
        assert store.audiences.measure(None).readers == 1


def test_tokens_of_two_lists(runner: Runner) -> None:
    """Links of one of them would lead to nobody, so a file with rows of both is refused."""
    runner.write(f"email,token\nann@example.org,aaaaaaaa.{'n' * 22}\nbob@example.org,bbbbbbbb.{'n' * 22}\n")
    assert "the tokens are of several lists" in fault_of(runner.settings("readers.csv"), ContentError)


class _Alike(Numbering):
    """Gives everybody the same number."""

    def number_of(self, key: str) -> int:
        """Return seven."""
        return len(key) * 0 + 7


def test_two_addresses_with_one_number(runner: Runner) -> None:
    """A collision of hashes refuses, in a list of any form, since the ledger could not tell the two apart."""
    runner.write("email\nann@example.org\nbob@example.org\n")
    settings = runner.settings("readers.csv")
    with (
        open_store("sqlite://", numbering=_Alike(b"k" * 32)) as store,
        pytest.raises(SettingsError, match="same number"),
    ):
        fill(store, settings)
    with open_store(f"sqlite:///{runner.root}/kept.db") as kept:
        furnish(kept, settings)
    settings = runner.settings("sqlite:///kept.db")
    with (
        open_store("sqlite://", numbering=_Alike(b"k" * 32)) as store,
        pytest.raises(SettingsError, match="same number"),
    ):
        fill(store, settings)


def test_segment_of_what_readers_did(runner: Runner) -> None:
    """What happened to earlier issues is not known here, so a segment that asks for it is refused, not guessed."""
    runner.write(LIST)
    settings = runner.settings("readers.csv")
    with working_store(settings) as store:
        fill(store, settings)
        assert find_segment("city = Ulm", settings, store)
        with pytest.raises(UsageError, match="which this list does not hold"):
            find_segment("not opened:2026-11-24-hello", settings, store)


@dataclass(kw_only=True)
class Suppressing:
    """Resend by its documentation, as far as it is asked: one page of whom it suppresses."""

    status: int = 200

    def serve(self, asked: Asked) -> Answer:
        """Return a status and what is answered in JSON."""
        assert (asked.method, asked.path) == ("GET", "/suppressions")
        one = {"id": "1", "email": "BOB@example.org", "origin": "complaint", "created_at": "2020-01-01T00:00:00.000Z"}
        return self.status, {"object": "list", "has_more": False, "data": [one]}


@pytest.mark.parametrize("begun", [False, True])
def test_suppressions_come_first(runner: Runner, *, begun: bool) -> None:
    """Whom the provider no longer writes to is asked for whole each time; where that fails, nothing is sent."""
    runner.write(LIST)
    service = Suppressing()
    with host(service) as hosted:
        further = f'[provider]\nname = "resend"\napi_url = "{hosted.url}"\n'
        settings = runner.settings("readers.csv", further, RESEND_API_KEY="re_a_key_made_up_for_tests")
        provider, told = provider_of(settings), list[str]()
        for _ in range(2):
            with working_store(settings) as store:
                assert fill_for_sending(store, settings, provider, report=told.append, begun=begun) == 2
                assert [one.email for one in store.audiences.sample(None, 9, [])] == ["ann@example.org"]
        service.status = 401
        kind = IncompleteError if begun else ProviderError
        with working_store(settings) as store, pytest.raises(kind):
            fill_for_sending(store, settings, provider, report=told.append, begun=begun)
    assert len(hosted.asked) == 3
