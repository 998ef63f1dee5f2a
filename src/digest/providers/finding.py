"""
Finding a provider among the packages that are installed.

It stands apart from the protocol because `importlib.metadata` takes some 20 ms to import, which a build need not pay.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from digest.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from digest.providers import Factory, Provider

GROUP = "digest.providers"
"""The entry-point group in which our providers and anyone's are found; each entry names a `Factory`."""


def provider_names() -> list[str]:
    """Return the names of all installed providers, sorted."""
    return sorted(_entries())


def load_provider(
    name: str, *, root: Path, api_url: str | None, options: Mapping[str, object], environ: Mapping[str, str]
) -> Provider:
    """
    Return the provider called `name`, made from its settings.

    Raises:
        SettingsError: nobody provides it, it cannot be imported, or its settings are wrong.
    """
    entries = _entries()
    if name not in entries:
        msg = f'there is no provider "{name}"'
        raise SettingsError(msg, hint=did_you_mean(name, entries))
    return _factory(entries[name])(root=root, api_url=api_url, options=options, environ=environ)


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _factory(entry: EntryPoint) -> Factory:
    try:
        factory: Factory = entry.load()
    except Exception as error:
        msg = f'the provider "{entry.name}" ({entry.value}) cannot be loaded: {error}'
        raise SettingsError(
            msg, hint="Install the package that brings it again, or choose another provider."
        ) from error
    return factory
