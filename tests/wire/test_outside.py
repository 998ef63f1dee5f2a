"""Addresses that strangers chose: what is never asked, and that what was looked up is what is connected to."""

from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest

from digest.wire.outside import OutsideTransport, RefusedError, is_public, lies_within

_PRIVATE = [
    "127.0.0.1",
    "10.0.0.5",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",  # where clouds tell secrets
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  # it is asked, and refused
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::10.0.0.5",
    "64:ff9b:1::192.168.1.1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2001:4860::5efe:10.0.0.5",
    "::127.0.0.1",
    "::ffff:0:10.0.0.5",
    "fec0::1",
    "5f00::1",
]


@pytest.mark.parametrize("address", _PRIVATE)
def test_a_private_address_is_not_asked(address: str) -> None:
    """Loopback, private, shared and link-local networks are none of the public internet, nor is what embeds one."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::8.8.8.8"])
def test_a_public_address_is_asked(address: str) -> None:
    """Whatever belongs to the internet may be asked."""
    assert is_public(ip_address(address))


def _client(found: dict[str, list[str]], seen: list[httpx.Request], answers: dict[str, httpx.Response]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[request.headers["Host"]]

    transport = OutsideTransport(look_up=lambda host, _port: found[host], inner=httpx.MockTransport(answer))
    return httpx.Client(transport=transport, follow_redirects=True)


def test_the_address_that_was_looked_at_is_connected_to() -> None:
    """The request goes to the IP address, with the host's name for the certificate and the Host field."""
    seen: list[httpx.Request] = []
    with _client({"blog.example.org": ["93.184.215.14"]}, seen, {"blog.example.org": httpx.Response(200)}) as client:
        client.get("https://blog.example.org/lamps")
    (request,) = seen
    assert str(request.url) == "https://93.184.215.14/lamps"
    assert request.headers["Host"] == "blog.example.org"
    assert request.extensions["sni_hostname"] == "blog.example.org"


@pytest.mark.parametrize(
    "location", ["http://inside.test/", "http://blog.example.org:22/", "http://[::1]/", "http://2130706433/"]
)
def test_a_redirect_leads_to_no_private_place(location: str) -> None:
    """Each step of a redirect is looked at like the first."""
    found = {
        "blog.example.org": ["93.184.215.14"],
        "inside.test": ["93.184.215.14", "10.0.0.5"],
        "::1": ["::1"],
        "2130706433": ["127.0.0.1"],
    }
    seen: list[httpx.Request] = []
    answers = {"blog.example.org": httpx.Response(302, headers={"Location": location})}
    with _client(found, seen, answers) as client, pytest.raises(RefusedError, match="private network"):
        client.get("https://blog.example.org/")
    assert len(seen) == 1


def test_a_host_that_cannot_be_found_is_said_to_be_so() -> None:
    """No address is a fault of the link, in words."""

    def nobody(_host: str, _port: int) -> list[str]:
        msg = "Name or service not known"
        raise OSError(msg)

    client = httpx.Client(transport=OutsideTransport(look_up=nobody))
    with client, pytest.raises(httpx.ConnectError, match="its host cannot be found"):
        client.get("https://gone.example.org/")


_MEANT = httpx.URL("http://wiki:8080/feed.xml")


def _meant(found: dict[str, list[str]], answers: dict[str, httpx.Response]) -> httpx.Client:
    inner = httpx.MockTransport(lambda request: answers[request.headers["Host"]])
    transport = OutsideTransport(look_up=lambda host, _port: found[host], meant=_MEANT, inner=inner)
    return httpx.Client(transport=transport, follow_redirects=True)


def test_what_a_person_means_is_asked_in_our_own_network() -> None:
    """Whoever writes a host of their own network means it, on its port, redirects to itself included."""
    answers = {"wiki:8080": httpx.Response(200)}
    with _meant({"wiki": ["10.0.0.5"]}, answers) as client:
        assert client.get(_MEANT).status_code == 200


@pytest.mark.parametrize("location", ["http://wiki:9090/", "http://wiki/", "http://127.0.0.1:8080/", "http://db:8080/"])
def test_what_a_person_means_leads_to_no_other_private_place(location: str) -> None:
    """Where it redirects to is no longer what the person wrote."""
    answers = {"wiki:8080": httpx.Response(302, headers={"Location": location})}
    found = {"wiki": ["10.0.0.5"], "127.0.0.1": ["127.0.0.1"], "db": ["10.0.0.6"]}
    with _meant(found, answers) as client, pytest.raises(RefusedError, match="private network"):
        client.get(_MEANT)


def test_where_clouds_tell_secrets_nobody_is_meant() -> None:
    """A name of our own network that leads to a link-local address is not asked, whoever wrote it."""
    with _meant({"wiki": ["169.254.169.254"]}, {}) as client, pytest.raises(RefusedError, match="private network"):
        client.get(_MEANT)


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("wiki", True),
        ("wiki.corp.internal", True),
        ("169.254.169.254", False),  # where clouds tell secrets
        ("fe80::1", False),
        ("blog.example.org", False),  # whatever it is made to lead to
        ("93.184.215.14", False),
    ],
)
def test_hosts_that_lie_within_by_their_names(host: str, *, inside: bool) -> None:
    """What a name leads to is for its owner to say; only a name that can mean nothing else is taken for our own."""
    assert lies_within(host) is inside
