"""Names that one living process holds."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from digest.errors import IncompleteError
from digest.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys, time
from digest.store import open_store
with open_store(sys.argv[1]) as store, store.hold("sending"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run another process that is sending."""
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_name_in_the_hands_of_another_process(url: str) -> None:
    """While another process lives, its name is refused at once, and others are free; killed, it holds nothing."""
    with open_store(url) as store:
        with holder(url) as process:
            assert store.is_held("sending")
            with pytest.raises(IncompleteError, match="another digest is sending"), store.hold("sending"):
                pass
            with store.hold("another/name"):
                assert not store.is_held("something else")
            process.kill()
            process.wait()
        assert _is_soon_free(store, "sending")
        with store.hold("sending"):
            pass
        with store.hold("sending"):
            pass


def _is_soon_free(store: Store, name: str) -> bool:
    """Give a server the moment that it needs to see that a connection has ended."""
    return any(not store.is_held(name) for _ in range(1_000))


def _hold_once(url: str) -> None:
    with open_store(url) as store:
        assert not store.is_held("sending")
        with store.hold("sending"):
            assert store.is_held("sending")
            with pytest.raises(IncompleteError), store.hold("sending"):
                pass
            assert store.is_held("sending")
        assert not store.is_held("sending")


def test_name_is_held_once(url: str) -> None:
    """A store does not take its own name twice, sees that it is held, and gives it back."""
    _hold_once(url)


def test_name_is_held_once_in_memory() -> None:
    """Where no other process can be, a name is held all the same."""
    _hold_once("sqlite://")


def test_lock_is_given_back_after_a_failure(url: str) -> None:
    """An exception keeps no name."""
    with open_store(url) as store, open_store(url) as other:
        with pytest.raises(ZeroDivisionError), store.hold("x"):
            _ = 1 // (not other.is_held("x"))
        assert not other.is_held("x")
        with other.hold("x"):
            pass


def test_lock_ends_with_its_store(url: str) -> None:
    """A store that is closed holds nothing, even where a name was never given back."""
    with open_store(url) as other:
        with open_store(url) as store:
            holding = store.hold("x")
            holding.__enter__()
            assert other.is_held("x")
        del holding, store
        assert _is_soon_free(other, "x")


def test_no_lock_file_stays(tmp_path: Path) -> None:
    """Files of names are gone when they are let go, and when their holder is found dead."""
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_store(url) as store:
        with store.hold("a/b c"):
            assert [path.name for path in tmp_path.glob("*.lock")] == ["digest.db.a%2Fb%20c.lock"]
        assert not [*tmp_path.glob("*.lock")]
        with holder(url) as process:
            process.kill()
            process.wait()
        assert [*tmp_path.glob("*.lock")]
        assert not store.is_held("sending")
        assert not [*tmp_path.glob("*.lock")]


def _take_turns(url: str) -> int:
    """Hold a name as often as it is to be had; return how often somebody else was inside meanwhile."""
    met = 0
    with open_store(url) as store:
        for _ in range(40):
            try:
                with store.hold("turn"):
                    met += not store.is_held("turn")
                    with store.hold("inside"):
                        pass
            except IncompleteError as error:
                met += "inside" in str(error)
    return met


def test_many_take_turns(url: str) -> None:
    """However often a name is taken, given back and asked for, no two ever hold it together."""
    with open_store(url):
        pass  # the tables are made once
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(_take_turns, [url] * 4)] == [0, 0, 0, 0]
