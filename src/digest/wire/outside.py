"""
Requests to addresses that strangers chose: the links of an issue, and what feeds refer to.

Nothing within our own network is asked, unless a person wrote an address that says by itself that it lies there. A name
is looked up once, every address that it has is looked at, and the connection goes to that very address, so that no
second look-up can lead elsewhere. Each step of a redirect is such a request.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, TypeAlias

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

IpAddress: TypeAlias = IPv4Address | IPv6Address

_PORTS = frozenset({80, 443})
_GIVEN_OUT = IPv6Network("2000::/3")  # of IPv6, by IANA; `is_global` holds of much of the rest, too
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; that of RFC 8215 is for one's own network
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: what stands before the IPv4 address in the lower half
_LOW_32 = 0xFFFFFFFF
_INWARD = (".internal", ".local", ".localhost", ".home.arpa")  # RFC 6761, 6762, 8375, and ICANN's of 2024


class RefusedError(httpx.RequestError):
    """An address that is not asked: it is none of the public internet, or of another port than the web's."""


def is_public(address: IpAddress) -> bool:
    """Say whether an address, and each IPv4 address that stands inside it, belongs to the public internet."""
    if isinstance(address, IPv6Address) and address not in _GIVEN_OUT and address not in _NAT64:
        return False
    return all(one.is_global and not one.is_multicast for one in (address, *_embedded(address)))


def _embedded(address: IpAddress) -> Iterator[IPv4Address]:
    if isinstance(address, IPv4Address):
        return
    yield from filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())))
    number = int(address)
    if address in _NAT64 or (number >> 32) & _LOW_32 in _ISATAP:
        yield IPv4Address(number & _LOW_32)


def lies_within(host: str) -> bool:
    """Say whether a host is one of our own network by its very name, and not by what somebody lets the name lead to."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_INWARD)
    return address.is_private and not address.is_link_local  # where clouds tell their secrets


def look_up(host: str, port: int) -> Sequence[str]:
    """
    Return the IP addresses of a host.

    Raises:
        OSError: it has none, or nobody answers.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideTransport(httpx.BaseTransport):
    """Carries requests to the public internet only, on the web's ports."""

    look_up: Callable[[str, int], Sequence[str]] = look_up
    allows: Callable[[IpAddress, int], bool] = lambda address, port: port in _PORTS and is_public(address)
    meant: httpx.URL | None = None
    """An address that a person wrote. Where its host lies in our own network by its very name, it is asked there."""
    # Without connections that are kept: one belongs to an IP address here, and may be another site's.
    inner: httpx.BaseTransport = field(
        default_factory=lambda: httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
    )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send a request to the address that its host has.

        Raises:
            RefusedError: it has one that is not asked.
            httpx.ConnectError: it has none, or cannot be reached.
        """
        url = request.url
        address = self._address_of(request, url.port or {"http": 80}.get(url.scheme, 443))
        request = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,  # with a Host field, from the client
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.host},
        )
        return self.inner.handle_request(request)

    def _address_of(self, request: httpx.Request, port: int) -> str:
        host = request.url.host
        try:
            found = self.look_up(host, port)
            addresses = [ip_address(address.partition("%")[0]) for address in found]
        except (OSError, ValueError) as error:
            msg = "its host cannot be found"
            raise httpx.ConnectError(msg, request=request) from error
        meant = self._is_meant(request.url) and not any(address.is_link_local for address in addresses)
        allowed = meant or all(self.allows(address, port) for address in addresses)
        if not addresses or not allowed:
            msg = "it leads into a private network, or to a port that is not the web's"
            raise RefusedError(msg, request=request)
        return found[0]

    def _is_meant(self, url: httpx.URL) -> bool:
        meant = self.meant
        return meant is not None and lies_within(url.host) and (url.host, url.port) == (meant.host, meant.port)

    def close(self) -> None:
        """Close what is open."""
        self.inner.close()
