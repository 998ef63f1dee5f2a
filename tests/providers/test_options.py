"""A provider's part of the settings: declared as a class, read at once, and told without quoting values."""

# No `from __future__ import annotations` here: the types of the options are read while the program runs.
from pathlib import Path

import pytest

from digest.config.kinds import Line, Switch, Word
from digest.errors import DigestError, SettingsError
from digest.providers import Setup
from digest.providers.options import Secret, options, read_options, refuse_tracking

SECRETS = {"PIGEON_KEY": Secret(meaning="the key"), "PIGEON_WEBHOOK": Secret(meaning="the secret", required=False)}
ENVIRON = {"PIGEON_KEY": " coo \n", "OTHER": "x"}


@options
class Options:
    """What the pigeon can be told."""

    loft: Word
    """Where it lives."""
    song: Line = "coo"
    """What it says."""
    fast: Switch = False
    """Whether it hurries."""


def setup(environ: dict[str, str] = ENVIRON, **chosen: object) -> Setup:
    """Return a newsletter's arrangement."""
    return Setup(root=Path(), options=chosen, environ=environ)


def test_options_and_secrets_are_read() -> None:
    """What is given is read, what is not has its default, and a secret that is not needed may be blank."""
    read, secrets = read_options(setup(loft="north", fast=True), "pigeon", Options, SECRETS)
    assert read == Options(loft="north", song="coo", fast=True)
    assert secrets == {"PIGEON_KEY": "coo", "PIGEON_WEBHOOK": ""}


def test_all_faults_are_told_at_once() -> None:
    """Whatever is unknown, wrong or missing is told in one go, and no value is quoted, as it could be a secret."""
    with pytest.raises(DigestError) as caught:
        read_options(setup({"PIGEON_KEY": " "}, lofft="s3cret", fast="s3cret"), "pigeon", Options, SECRETS)
    assert caught.value.exit_code == SettingsError.exit_code
    assert caught.value.lines() == [
        'the provider "pigeon" has no option "lofft"',
        '  did you mean "loft"?',
        'the option "fast" of the provider "pigeon" must be `true` or `false`',
        "  Mend it under [provider] in digest.toml.",
        'the provider "pigeon" needs the option "loft"',
        "  Under [provider] in digest.toml, give it a single word.",
        'the provider "pigeon" needs the key, and PIGEON_KEY is not set',
        "  Set it in the environment, or on your own machine in the file .env beside digest.toml.",
    ]


@pytest.mark.parametrize("key", ["s3cret\r\nX-Header: s3cret", "s3crét", "s3cret\x00"])
def test_key_that_no_request_can_carry(key: str) -> None:
    """A key with a line break or a letter beyond ASCII is told by its variable, and not quoted."""
    with pytest.raises(SettingsError, match=r"^PIGEON_KEY holds a line break or a letter beyond ASCII") as caught:
        read_options(setup({"PIGEON_KEY": key}, loft="north"), "pigeon", Options, SECRETS)
    assert "s3cr" not in "".join(caught.value.lines())


def test_options_do_not_change() -> None:
    """They are values as all settings are."""
    chosen = Options(loft="north")
    with pytest.raises(AttributeError):
        chosen.loft = "south"  # type: ignore[misc]


@pytest.mark.parametrize("wish", ["track_opens", "track_clicks"])
def test_tracking_can_be_refused(wish: str) -> None:
    """Where nobody can be asked for tracking, whoever wants it is told; who does not is left alone."""
    refuse_tracking(setup(), "pigeon")
    with pytest.raises(SettingsError, match='"pigeon" cannot be told'):
        refuse_tracking(Setup(root=Path(), **{wish: True}), "pigeon")  # type: ignore[arg-type]


def test_secrets_are_not_shown() -> None:
    """A newsletter's arrangement can be printed."""
    assert "coo" not in repr(setup())
