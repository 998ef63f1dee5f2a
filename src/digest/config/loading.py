"""
How settings are found and read.

An option of the command line comes before the environment, then ``.env``, then the file, then the default.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.config.document import FILE_NAME, Document
from digest.config.environment import read_environment
from digest.config.settings import (
    DARK,
    Assets,
    Check,
    LedgerChoice,
    ListChoice,
    Newsletter,
    ProviderChoice,
    Send,
    Settings,
    StoreChoice,
    Theme,
    Tracking,
    Web,
)
from digest.errors import Place, SettingsError
from digest.files import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLES = MappingProxyType(
    {
        "DIGEST_PROVIDER": "provider.name",
        "DIGEST_STORE_URL": "store.url",
        "DIGEST_LEDGER_URL": "ledger.url",
        "DIGEST_SUBSCRIBERS_SOURCE": "subscribers.source",
    }
)
"""The environment variables that override a key of the file, and the key."""

_SQLITE = "sqlite:///"
_GO_OR_MAKE = "Go to your newsletter's folder, or make a newsletter with: digest init FOLDER"


def find_root(start: Path) -> Path:
    """
    Return the nearest folder, from `start` upwards, that holds ``digest.toml``.

    Raises:
        SettingsError: there is none.
    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate
    msg = f"there is no {FILE_NAME} in this folder, nor in one above it"
    raise SettingsError(msg, hint=_GO_OR_MAKE)


def load_settings(root: Path, environ: Mapping[str, str], *, overrides: Mapping[str, str] = {}) -> Settings:
    """
    Read the settings of the newsletter in `root`.

    `overrides` are options of the command line under the names of what they override, such as ``provider.name``.

    Raises:
        SettingsError: a file cannot be read, or has one fault.
        CombinedError: the file has several faults.
    """
    root = root.resolve()
    environment = read_environment(_read_text(root / ".env", missing=""), environ)
    document = Document(_read_text(root / FILE_NAME))
    for variable, setting in VARIABLES.items():
        if environment.get(variable):  # continuous integration hands on a variable that nobody has set as ""
            document.override(setting, environment[variable], variable)
    for setting, value in overrides.items():
        document.override(setting, value, "command line")
    return _settings(root, document, environment)


def _settings(root: Path, document: Document, environ: Mapping[str, str]) -> Settings:
    newsletter = document.attributes("newsletter")
    provider = document.attributes("provider")
    store = document.attributes("store")
    ledger, subscribers = document.attributes("ledger"), document.attributes("subscribers")
    reader_fields = document.fields()
    segments = document.segments(reader_fields, ZoneInfo(newsletter.get("timezone") or "UTC"))
    send = document.attributes("send")
    check = document.attributes("check")
    grades, clients = document.grades(), document.clients()
    tracking = document.attributes("tracking")
    web, choices = document.attributes("web"), document.choices()
    feeds = document.feeds()
    theme = document.attributes("theme")
    dark = document.attributes("theme.dark")
    assets = document.attributes("assets")
    document.raise_faults()
    kept, listed = StoreChoice(**store), ListChoice(**subscribers)
    return Settings(
        root=root,
        newsletter=Newsletter(**newsletter),
        provider=ProviderChoice(**provider, options=document.options()),
        store=replace(kept, url=_resolve(kept.url, root)),
        ledger=LedgerChoice(**ledger),
        subscribers=replace(listed, source=listed.source and _resolve(listed.source, root)),
        fields=reader_fields,
        segments=segments,
        send=Send(**send),
        check=Check(**check, rules=grades, clients=clients),
        tracking=Tracking(**tracking),
        web=Web(**web, tags=choices),
        feeds=feeds,
        theme=Theme(**theme, dark=replace(DARK, **dark)),
        assets=Assets(**assets),
        environ=environ,
    )


def _resolve(url: str, root: Path) -> str:
    """Return where a database is, whatever the working folder."""
    path = url.removeprefix(_SQLITE)
    if path in {url, "", ":memory:"}:  # another scheme, or no file; the store knows what to say of these
        return url
    return f"{_SQLITE}{root / path}"


def _read_text(path: Path, *, missing: str | None = None) -> str:
    try:
        return read_text(path, path.name, SettingsError)
    except FileNotFoundError as error:
        if missing is not None:
            return missing
        msg = "this file does not exist"
        raise SettingsError(msg, hint=_GO_OR_MAKE, place=Place(path.name)) from error
