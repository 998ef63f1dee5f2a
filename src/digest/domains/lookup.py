"""Questions to name servers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self, TypeAlias

import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

if TYPE_CHECKING:
    from dns.rdata import Rdata

_ADDRESS = re.compile(r"(?:\[(?P<bracketed>.*)\]|(?P<host>[^:]*))(?::(?P<port>\d{1,5}))?")


class LookupFailedError(Exception):
    """A question was not answered, so nothing is known; `str()` says why."""


class SilentError(LookupFailedError):
    """No name server answers at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the DNS has under a name."""

    values: tuple[str, ...] = ()
    """The records: a TXT record's strings joined, the host of an MX record, an address. The most preferred MX first."""
    name: str
    """Where the records are: what the name leads to when it is an alias, else the name itself."""
    exists: bool = True
    """Whether that name is there at all."""


Ask: TypeAlias = Callable[[str, str], Found]
"""Returns what is under a name, by the type of the records: ``ask("example.org", "MX")``."""


@dataclass(frozen=True, kw_only=True)
class NameServers:
    """The name servers of this machine, or one that was named. Call it as an `Ask`."""

    host: str = ""
    port: int = 53
    seconds: float = 5
    """How long a question may go without an answer."""

    @classmethod
    def of(cls, text: str) -> Self:
        """
        Read the address of a name server: ``192.0.2.53``, ``192.0.2.53:5353``, ``[2001:db8::53]:5353``.

        Raises:
            ValueError: it is none.
        """
        match = _ADDRESS.fullmatch(text)
        host = (match["bracketed"] or match["host"]) if match else text
        return cls(host=str(ip_address(host)), port=int(match["port"]) if match and match["port"] else 53)

    @cached_property
    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self.host)
        resolver.lifetime = self.seconds
        if self.host:
            resolver.nameservers, resolver.port = [self.host], self.port
        return resolver

    def __call__(self, name: str, kind: str) -> Found:
        """
        Return the records of a kind under a name, and follow aliases.

        Raises:
            SilentError: no name server answers.
            LookupFailedError: they answer, but not that.
        """
        try:
            asked = dns.name.from_text(name)
        except dns.exception.DNSException:  # a part of it is blank or too long: such a name cannot be
            return Found(name=name, exists=False)
        try:
            answer = self._resolver.resolve(asked, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as missing:
            return Found(name=_plain(missing.canonical_name), exists=False)
        except dns.resolver.NoResolverConfiguration as error:
            msg = "this machine knows no name server"
            raise SilentError(msg) from error
        except dns.resolver.LifetimeTimeout as error:
            msg = f"no name server answered within {self.seconds:g} seconds"
            raise SilentError(msg) from error
        except (dns.exception.DNSException, OSError) as error:
            msg = f"the name servers have no answer for {name}"
            raise LookupFailedError(msg) from error
        rows = sorted(answer.rrset or (), key=_preference)
        return Found(values=tuple(map(_value, rows)), name=_plain(answer.canonical_name))


def _preference(row: Rdata) -> int:
    return row.preference if isinstance(row, MX) else 0


def _value(row: Rdata) -> str:
    match row:
        case TXT():  # one record may come in several strings: RFC 7208 section 3.3, RFC 6376 section 3.6.2.2
            return b"".join(row.strings).decode("utf-8", "backslashreplace")
        case MX():
            return _plain(row.exchange)
    return row.to_text()


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)
