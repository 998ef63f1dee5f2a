"""
Finding a provider among the packages that are installed.

It stands apart from the protocol because `importlib.metadata` takes some 20 ms to import, which a build need not pay.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from digest.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from digest.providers import OwnsList, Provider, ProviderClass, Setup

GROUP = "digest.providers"
"""The entry-point group in which our providers and anyone's are found; each entry names a `ProviderClass`."""


def provider_names() -> list[str]:
    """Return the names of all installed providers, sorted."""
    return sorted(_entries())


def provider_class(name: str) -> ProviderClass:
    """
    Return the class of the provider called `name`.

    Raises:
        SettingsError: nobody provides it, or it cannot be imported.
    """
    entries = _entries()
    if name not in entries:
        msg = f'there is no provider "{name}"'
        raise SettingsError(msg, hint=did_you_mean(name, entries))
    return _load(entries[name])


def load_provider(name: str, setup: Setup) -> Provider | OwnsList:
    """
    Return the provider called `name`, made from its settings.

    Raises:
        SettingsError: nobody provides it, it cannot be imported, or its settings are wrong.
    """
    return cast("Provider | OwnsList", provider_class(name).from_settings(setup))


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint) -> ProviderClass:
    try:
        found: ProviderClass = entry.load()
    except Exception as error:
        msg = f'the provider "{entry.name}" ({entry.value}) cannot be loaded: {error}'
        raise SettingsError(
            msg, hint="Install the package that brings it again, or choose another provider."
        ) from error
    return found
