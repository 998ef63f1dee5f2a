"""What SMTP is told in ``digest.toml``, and what it makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest.errors import DigestError, SettingsError
from digest.model import Address, Batch, Edition, Pattern, Readers
from digest.providers import Setup
from digest.providers.smtp import Smtp

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH = Batch(
    edition=Edition(
        slug="first-snow",
        sender=Address(email="editor@example.org"),
        reply_to=None,
        subject=Pattern.of_text("First snow"),
        html=Pattern.of_html("<p>Hello</p>"),
        text=Pattern.of_text("Hello"),
        headers={},
    ),
    number=1,
    key="key-1",
    readers=Readers.of([]),
    at=datetime(2026, 11, 24, 9, tzinfo=UTC),
)


def smtp(options: Mapping[str, object], root: Path = Path()) -> Smtp:
    """Return the provider made of these options."""
    return Smtp.from_settings(Setup(root=root, options=options, environ={}))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"host": "mail.example.org", "security": "none"}, "everyone on the way to mail.example.org could read"),
        ({"host": "mail.example.org", "user": "editor"}, "wants a password, and SMTP_PASSWORD is not set"),
        ({"host": "mail.example.org", "user": "Jürgen"}, "beyond ASCII"),
        ({"host": "mail.example.org", "dkim_selector": "s1"}, "want a private key, and DKIM_PRIVATE_KEY is not set"),
        ({"host": "mail.example.org", "ca_file": "none.pem"}, "certificates in none.pem cannot be read: No such file"),
        ({"host": "mail.example.org", "ca_file": "digest.toml"}, "certificates in digest.toml cannot be read"),
        ({"host": "mail.example.org", "security": "ssl"}, 'must be `"starttls"`, `"tls"` or `"none"`'),
        ({"host": "mail.example.org/x"}, "must be the name of a host"),
        ({"host": "mail.example.org", "connections": 0}, "must be a whole number from 1 to 50"),
        ({"host": "mail.example.org", "return_path": "B <b@example.org>"}, "must be an email address without a name"),
        ({}, 'needs the option "host"'),
    ],
)
def test_faults_of_the_settings(tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    """Options that are wrong, or at odds with each other, are told before anything is sent."""
    (tmp_path / "digest.toml").write_text("[provider]\n")
    with pytest.raises(DigestError) as caught:
        smtp(options, tmp_path)
    assert caught.value.exit_code == SettingsError.exit_code
    assert sentence in "\n".join(caught.value.lines())


def test_no_address_of_an_interface(tmp_path: Path) -> None:
    """SMTP has a host and no address of an API."""
    with pytest.raises(SettingsError, match="api_url"):
        Smtp.from_settings(Setup(root=tmp_path, api_url="https://example.org", options={"host": "localhost"}))


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"host": "mail.example.org"}, "smtp://mail.example.org:587/example.org"),
        ({"host": "mail.example.org", "security": "tls"}, "smtp://mail.example.org:465/example.org"),
        ({"host": "::1", "security": "none"}, "smtp://[::1]:25/example.org"),
        (
            {"host": "10.0.0.1", "security": "none", "insecure": True, "port": 2525},
            "smtp://10.0.0.1:2525/example.org",
        ),
    ],
)
def test_where_it_goes(options: dict[str, object], url: str) -> None:
    """The port follows from the security; a conversation says where it goes, and what we call ourselves there."""
    provider = smtp(options)
    assert str(provider.build_request(BATCH).url) == url
    assert provider.destination == options["host"]


def test_limits_are_chosen() -> None:
    """How many connections and messages go side by side is set; the class says what holds without that."""
    provider = smtp({"host": "localhost", "connections": 9, "messages": 50})
    assert (provider.limits.concurrency, provider.limits.messages) == (9, 50)
    assert (Smtp.limits.concurrency, Smtp.limits.messages) == (4, 10)
