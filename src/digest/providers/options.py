"""
A provider's part of ``digest.toml``, and its secrets.

A provider declares its options as the settings do: a class whose attributes are annotated with rules of
`digest.config.settings`, each with a docstring. No fault quotes a value: it could be a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar, dataclass_transform

from digest.config.kinds import read_value, wanted_by
from digest.config.settings import keys_of
from digest.errors import SettingsError, did_you_mean, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from digest.providers import Setup

_Options = TypeVar("_Options")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options(kind: type[_Options]) -> type[_Options]:
    """Make a frozen dataclass of a class that declares a provider's options."""
    return dataclass(frozen=True, slots=True, kw_only=True)(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that stands in the environment alone, under the name that the service itself uses for it."""

    meaning: str
    """What it is, in a few words: "the API key"."""
    required: bool = True
    """Whether nothing can be sent without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What every message of a newsletter asks of a service that can be told by the message."""

    opens: bool
    """Whether it is told who opens a message."""
    clicks: bool
    """Whether it is told who follows a link."""
    sandbox: bool
    """Whether it checks everything and delivers nothing."""

    @classmethod
    def of(cls, setup: Setup) -> Self:
        """Return those of a newsletter."""
        return cls(opens=setup.track_opens, clicks=setup.track_clicks, sandbox=setup.sandbox)


def read_options(
    setup: Setup, name: str, kind: type[_Options], secrets: Mapping[str, Secret]
) -> tuple[_Options, dict[str, str]]:
    """
    Return the options of the provider `name`, and its secrets; one that is not required and not set is blank.

    Raises:
        SettingsError: options are unknown or wrong, or secrets are missing; all of them at once.
    """
    faults = [*_faults(setup, name, kind), *_missing(setup, name, secrets)]
    raise_all(faults)
    keys = keys_of(kind)
    values = {keys[option].attribute: read_value(keys[option].rule, value) for option, value in setup.options.items()}
    return kind(**values), {secret: setup.environ.get(secret, "").strip() for secret in secrets}


def _faults(setup: Setup, name: str, kind: type) -> Iterator[SettingsError]:
    keys = keys_of(kind)
    for option, value in setup.options.items():
        if option not in keys:
            msg = f'the provider "{name}" has no option "{option}"'
            yield SettingsError(msg, hint=did_you_mean(option, keys))
            continue
        try:
            read_value(keys[option].rule, value)
        except ValueError:
            msg = f'the option "{option}" of the provider "{name}" must be {wanted_by(keys[option].rule)}'
            yield SettingsError(msg, hint="Mend it under [provider] in digest.toml.")
    for option, key in keys.items():
        if key.required and option not in setup.options:
            msg = f'the provider "{name}" needs the option "{option}"'
            yield SettingsError(msg, hint=f"Under [provider] in digest.toml, give it {wanted_by(key.rule)}.")


def _missing(setup: Setup, name: str, secrets: Mapping[str, Secret]) -> Iterator[SettingsError]:
    for variable, secret in secrets.items():
        value = setup.environ.get(variable, "").strip()
        if secret.required and not value:
            msg = f'the provider "{name}" needs {secret.meaning}, and {variable} is not set'
            hint = "Set it in the environment, or on your own machine in the file .env beside digest.toml."
            yield SettingsError(msg, hint=hint)
        elif secret.required and not (value.isascii() and value.isprintable()):  # it goes into a header field
            msg = f"{variable} holds a line break or a letter beyond ASCII, so it is not {secret.meaning}"
            yield SettingsError(msg, hint="Copy it once more, alone and on one line.")


def refuse_tracking(setup: Setup, name: str) -> None:
    """
    See to it that nobody is asked for tracking who cannot be asked for it, message by message.

    Raises:
        SettingsError: the settings ask for it.
    """
    if setup.track_opens or setup.track_clicks:
        msg = f'the provider "{name}" cannot be told message by message to track opens or clicks'
        raise SettingsError(msg, hint="Switch it on over there if you must, and remove it from [tracking].")
