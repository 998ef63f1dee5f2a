"""Questions to a real name server, on loopback."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from name_server import Zone, serving

from digest.domains.lookup import Found, LookupFailedError, NameServers, SilentError

ZONE = {
    ("example.org", "MX"): ["20 second.example.org.", "10 first.example.org."],
    ("example.org", "TXT"): ['"v=spf1 include:_spf.mail.test " "ip4:192.0.2.1 -all"', '"other"'],
    ("s1._domainkey.example.org", "CNAME"): ["s1.example-org.dkim.mail.test."],
    ("s1.example-org.dkim.mail.test", "CNAME"): ["key.mail.test."],
    ("key.mail.test", "TXT"): ['"p="'],
    ("s2._domainkey.example.org", "CNAME"): ["s2.gone.test."],
}


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("example.org", "MX", Found(values=("first.example.org", "second.example.org"), name="example.org")),
        ("example.org", "A", Found(name="example.org")),
        ("s1._domainkey.example.org", "TXT", Found(values=("p=",), name="key.mail.test")),
        ("s2._domainkey.example.org", "TXT", Found(name="s2.gone.test", exists=False)),
        ("nobody.test", "MX", Found(name="nobody.test", exists=False)),
        ("so..blank.test", "TXT", Found(name="so..blank.test", exists=False)),
        (f"{'long' * 16}.test", "TXT", Found(name=f"{'long' * 16}.test", exists=False)),
    ],
)
def test_what_is_there_is_found(name: str, kind: str, found: Found) -> None:
    """Records come in their order, aliases are followed, and what is missing is told from what is empty."""
    with serving(Zone(records=ZONE)) as address:
        assert NameServers.of(address)(name, kind) == found


def test_strings_of_a_record_are_joined() -> None:
    """A long record, which comes in several strings, is one text."""
    with serving(Zone(records=ZONE)) as address:
        found = NameServers.of(address)("example.org", "TXT")
    assert "v=spf1 include:_spf.mail.test ip4:192.0.2.1 -all" in found.values


def test_a_server_that_fails_says_nothing_of_a_name() -> None:
    """SERVFAIL is no answer, neither yes nor no."""
    with (
        serving(Zone(records=ZONE, failing=frozenset({"example.org"}))) as address,
        pytest.raises(LookupFailedError, match=r"no answer for example\.org") as caught,
    ):
        NameServers.of(address)("example.org", "MX")
    assert not isinstance(caught.value, SilentError)


def test_a_server_that_is_silent_is_not_waited_for() -> None:
    """A question without an answer ends after a while."""
    with (
        serving(Zone(records={}, silent=True)) as address,
        pytest.raises(SilentError, match=r"no name server answered within 0\.2 seconds"),
    ):
        replace(NameServers.of(address), seconds=0.2)("example.org", "MX")


def test_nobody_at_the_address() -> None:
    """Where no name server is, that is said in the same way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(LookupFailedError):
        NameServers(host="127.0.0.1", port=port, seconds=0.2)("example.org", "MX")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_addresses_of_name_servers(text: str, host: str, port: int) -> None:
    """A port may stand behind either kind of address."""
    assert NameServers.of(text) == NameServers(host=host, port=port)


@pytest.mark.parametrize("text", ["dns.example.org", "192.0.2", "192.0.2.53:", "", "[::1"])
def test_what_is_no_address_of_a_name_server(text: str) -> None:
    """A name would have to be looked up by a name server first."""
    with pytest.raises(ValueError, match="address"):
        NameServers.of(text)
