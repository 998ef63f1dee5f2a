"""
The providers that are registered, each with the stand-in of its service.

Run as a program, it prints what each makes of the same batches, so that two processes can be compared.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nasty import EDITIONS, batches

from digest.errors import SettingsError
from digest.providers import Setup
from digest.providers.finding import GROUP, provider_class

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx
    from stand_ins import Arrived, StandIn

    from digest.model import Batch, Edition, Subscriber
    from digest.providers import Provider, ProviderClass
    from digest.providers.options import Secret


@cache
def names() -> Sequence[str]:
    """Return the names of our providers of messages, and of anyone's that has a stand-in; to find them takes 0.3 s."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    known = [
        entry.name for entry in entries if entry.value.startswith("digest.") or find_spec(f"services.{entry.name}")
    ]
    return [name for name in known if not _owns_list(name)]


def _owns_list(name: str) -> bool:
    try:
        return hasattr(provider_class(name), "publish")
    except SettingsError:  # it cannot be loaded, which its own tests will tell
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A provider, and the stand-in of its service."""

    name: str
    kind: ProviderClass
    stand_in: StandIn

    @classmethod
    def of(cls, name: str) -> Registered:
        """Return the provider of a name; without a stand-in it cannot be told whether it keeps the contract."""
        return cls(name=name, kind=provider_class(name), stand_in=import_module(f"services.{name}").STAND_IN)

    @property
    def secrets(self) -> Mapping[str, Secret]:
        """What its module declares."""
        return cast("Mapping[str, Secret]", getattr(sys.modules[self.kind.__module__], "SECRETS", {}))

    def setup(self, **changes: object) -> Setup:
        """Return the settings of the stand-in, but for `changes`."""
        facts = {"root": Path(), "options": self.stand_in.options, "environ": self.stand_in.environ}
        return Setup(**{**facts, **changes})  # type: ignore[arg-type]  # whoever changes something gives what is wanted

    def provider(self, **changes: object) -> Provider:
        """Return it, made from the settings of the stand-in, but for `changes`."""
        return cast("Provider", self.kind.from_settings(self.setup(**changes)))

    def deliver(self, provider: Provider, edition: Edition, readers: Sequence[Subscriber]) -> list[Arrived]:
        """Return what reaches the readers' mailboxes, by address."""
        requests = [provider.build_request(batch) for batch in batches(edition, provider.limits.messages, readers)]
        return sorted(
            (arrived for request in requests for arrived in self.stand_in.deliver(read(request))),
            key=lambda arrived: arrived.email,
        )


def read(request: httpx.Request) -> httpx.Request:
    """Return a request whose body is at hand."""
    request.read()
    return request


def print_of(provider: Provider, batch: Batch) -> str:
    """Return a digest of all that a request says."""
    request = read(provider.build_request(batch))
    head = [f"{name}: {value}" for name, value in sorted(request.headers.multi_items())]
    return sha256("\n".join([request.method, str(request.url), *head, ""]).encode() + request.content).hexdigest()


def prints(name: str) -> list[str]:
    """Return what a provider makes of all nasty editions."""
    provider = Registered.of(name).provider()
    made = [batch for edition in EDITIONS.values() for batch in batches(edition, provider.limits.messages)]
    return [print_of(provider, batch) for batch in made]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: prints(name) for name in sys.argv[1:]}))
