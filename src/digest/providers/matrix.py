"""What each installed provider can do, as its own class says it: the table of `digest providers` and of the manual."""

from __future__ import annotations

import sys
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

from digest.config.kinds import wanted_by
from digest.config.settings import keys_of
from digest.errors import SettingsError
from digest.providers import CallsBack, Examines, KeepsLog, KeepsSuppressions, OwnsList, Retracts, TakesBack
from digest.providers.finding import provider_class, provider_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from digest.providers import Limits, ProviderClass
    from digest.providers.options import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A key that a provider takes under ``[provider]``."""

    name: str
    wanted: str
    """What it must be, in words."""
    default: object = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A provider, as it is before anyone has set it up."""

    name: str
    limits: Limits
    owns_list: bool
    calls_back: bool
    keeps_log: bool
    keeps_suppressions: bool
    examines: bool
    takes_back: bool
    options: tuple[Option, ...]
    secrets: Mapping[str, Secret]

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints; times are in seconds."""
        limits = self.limits
        return {
            "name": self.name,
            "readers": None if self.owns_list else limits.messages,
            "bytes": limits.bytes,
            "ids": limits.ids.name.lower(),
            "key_lifetime": _seconds(limits.key_lifetime),
            "one_click": limits.one_click.value,
            "horizon": _seconds(limits.horizon),
            "takes_back": self.takes_back,
            "sandbox": limits.sandbox,
            "webhooks": self.calls_back,
            "signature": limits.signature,
            "log": self.keeps_log,
            "log_delay": _seconds(limits.log_delay),
            "suppressions": self.keeps_suppressions,
            "owns_list": self.owns_list,
            "examines": self.examines,
            "inline_images": limits.inline_images,
            "concurrency": limits.concurrency,
            "pace": limits.pace,
            "options": [option.name for option in self.options],
            "variables": list(self.secrets),
            "caveats": list(limits.caveats),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A provider that is installed and cannot be loaded."""

    name: str
    fault: str

    def facts(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {"name": self.name, "fault": self.fault}


def entries() -> list[Entry | Broken]:
    """Return all installed providers, sorted by name; one that cannot be loaded does not hide the others."""
    return [*map(_entry_or_fault, provider_names())]


def entry_of(name: str) -> Entry:
    """
    Return one provider.

    Raises:
        SettingsError: nobody provides it, or it cannot be loaded.
    """
    found = provider_class(name)
    module = sys.modules[found.__module__]
    return Entry(
        name=name,
        limits=found.limits,
        owns_list=_has(found, OwnsList),
        calls_back=_has(found, CallsBack),
        keeps_log=_has(found, KeepsLog),
        keeps_suppressions=_has(found, KeepsSuppressions),
        examines=_has(found, Examines),
        takes_back=_has(found, TakesBack) or _has(found, Retracts),
        options=_options(getattr(module, "Options", None)),
        secrets=getattr(module, "SECRETS", {}),
    )


def _entry_or_fault(name: str) -> Entry | Broken:
    try:
        return entry_of(name)
    except SettingsError as error:
        return Broken(name=name, fault=error.sentence)


def _has(found: ProviderClass, protocol: type) -> bool:
    """Tell whether a class has all that a protocol asks for; `issubclass` refuses protocols with attributes."""
    return all(hasattr(found, name) for name in vars(protocol) if not name.startswith("_"))


def _options(declared: type[Any] | None) -> tuple[Option, ...]:
    if declared is None:
        return ()
    defaults = {field.name: field.default for field in fields(declared)}
    return tuple(
        Option(
            name=name,
            wanted=wanted_by(key.rule),
            default=None if defaults[key.attribute] is MISSING else defaults[key.attribute],
            required=key.required,
        )
        for name, key in keys_of(declared).items()
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())
