"""Providers are found by their entry points, ours and anyone's alike."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from digest.errors import SettingsError
from digest.providers import Setup
from digest.providers.finding import load_provider, provider_class, provider_names
from digest.providers.outbox import Outbox

if TYPE_CHECKING:
    from pathlib import Path

    from digest.providers import OwnsList, Provider

PIGEON = """
from digest.providers import Limits

class Pigeon:
    name = "pigeon"
    limits = Limits(messages=1, inline_images=False)
    destination = "a roof"
    transport = None

    def __init__(self, secret):
        self.secret = secret

    @classmethod
    def from_settings(cls, setup):
        return cls(setup.environ["PIGEON_KEY"])
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of installed packages: one that brings two providers, of which one is broken."""
    (tmp_path / "pigeon_post_for_tests.py").write_text(PIGEON)
    info = tmp_path / "pigeon_post-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[digest.providers]\npigeon = pigeon_post_for_tests:Pigeon\nbroken = pigeon_post_absent:Pigeon\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def load(name: str, root: Path) -> Provider | OwnsList:
    """Load a provider without options."""
    return load_provider(name, Setup(root=root, environ={"PIGEON_KEY": "coo"}))


def test_the_outbox_is_always_there(tmp_path: Path) -> None:
    """Our own provider is found the same way as any other."""
    assert "outbox" in provider_names()
    assert isinstance(load("outbox", tmp_path), Outbox)


def test_a_package_of_anyone_brings_a_provider(site: Path) -> None:
    """A package that names a class in the group brings a provider, made of settings and environment."""
    assert {"broken", "outbox", "pigeon"} <= set(provider_names())
    assert provider_names() == sorted(provider_names())
    assert provider_class("pigeon").limits.messages == 1
    pigeon = load("pigeon", site)
    assert pigeon.name == "pigeon"
    assert vars(pigeon) == {"secret": "coo"}


def test_an_unknown_name_is_answered_with_a_near_one(tmp_path: Path) -> None:
    """A mistyped provider is a fault of the settings with a suggestion."""
    with pytest.raises(SettingsError, match='no provider "outbx"') as caught:
        load("outbx", tmp_path)
    assert caught.value.hint == 'did you mean "outbox"?'


def test_a_provider_that_cannot_be_imported_is_named(site: Path) -> None:
    """A broken package is a fault of the settings that keeps its cause."""
    with pytest.raises(SettingsError, match=r'"broken".*cannot be loaded') as caught:
        load("broken", site)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_importing_the_protocol_is_cheap() -> None:
    """Neither httpx nor importlib.metadata is imported with the protocol."""
    program = (
        "import sys, digest.providers, digest.wire.mime; print({'httpx', 'importlib.metadata'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
