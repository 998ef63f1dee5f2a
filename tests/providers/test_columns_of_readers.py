"""What services are told of readers and sender, in the forms that they share."""

from __future__ import annotations

from dataclasses import replace
from email.headerregistry import HeaderRegistry
from email.utils import parseaddr
from typing import Any

import nasty
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty import EDITIONS, READERS

from digest.errors import ContentError
from digest.model import Address, Pattern, message_id
from digest.wire.columns import Columns, ascii_mailbox, further_headers, issue_tag, mailbox, named_address

EDITION = EDITIONS["an ordinary one"]


def test_columns_are_made_when_they_are_asked_for() -> None:
    """Besides the readers' fields there are their names for services, one for each reader, made once."""
    columns = Columns(nasty.batch(EDITION, READERS[:2]), {"v0": ["a", "b"]})
    assert columns["email"] == columns["@address"] == ("reader1@example.org", "reader2@example.org")
    assert columns["city"] == ("London", READERS[1].fields["city"])
    assert columns["v0"] == ["a", "b"]
    assert columns["@mailbox"] == ["Ada Lovelace <reader1@example.org>", "reader2@example.org"]
    assert columns["@correlation_id"] == [f"{EDITION.fingerprint[:16]}-1", f"{EDITION.fingerprint[:16]}-2"]
    assert columns["@message_id"] == [message_id(EDITION, reader.token) for reader in READERS[:2]]
    assert set(columns["@batch"]) == {nasty.batch(EDITION).key}
    assert columns["@mailbox"] is columns["@mailbox"]


def test_columns_are_a_mapping() -> None:
    """They can be listed without being made, and what is not there is missing."""
    columns = Columns(nasty.batch(EDITION, READERS[:1]))
    assert set(columns) == {
        *("email", "name", "token", "city"),
        *("@address", "@display_name", "@mailbox", "@correlation_id", "@message_id", "@batch"),
    }
    assert len(columns) == len([*columns])
    with pytest.raises(KeyError):
        columns["cty"]


def test_a_field_is_never_taken_for_a_column_of_ours() -> None:
    """A newsletter may call its fields as it likes: an "address" of theirs is nowhere that mail is sent to."""
    reader = replace(READERS[0], fields={"batch": "of cookies", "address": "12 Row Lane"})
    batch = nasty.batch(EDITION, [reader])
    columns = Columns(batch)
    assert (columns["batch"], columns["@batch"]) == (("of cookies",), [batch.key])
    assert (columns["address"], columns["@address"]) == (("12 Row Lane",), (reader.email,))


def test_addresses_are_as_mail_servers_know_them() -> None:
    """A domain in any script is told in ASCII; so is it in a mailbox."""
    reader = replace(READERS[0], email="leser@bücher.example")
    columns = Columns(nasty.batch(EDITION, [*READERS[:1], reader]))
    assert columns["@address"] == ["reader1@example.org", "leser@xn--bcher-kva.example"]
    assert columns["@mailbox"][1] == "Ada Lovelace <leser@xn--bcher-kva.example>"
    assert mailbox(Address(email="leser@bücher.example", name="李")) == '"李" <leser@xn--bcher-kva.example>'


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "", " ", 'O\'Neil, "Jr"; <x@y.test> \\', " a  b ", "Zürich", "@", "a.b"]
)
def test_a_mailbox_is_read_as_one(name: str) -> None:
    """Any name on one line comes out as it went in, beside the one address."""
    read: Any = HeaderRegistry()("To", mailbox(Address(email="ann@example.org", name=name)))
    (one,) = read.addresses
    assert (one.display_name, one.addr_spec) == (name if name.strip() else "", "ann@example.org")


@pytest.mark.parametrize(("name", "told"), [("Ada\nLove", "Ada Love"), ("李, 明", "李, 明"), ("", None), (" \n", None)])
def test_an_address_in_json_has_a_name_if_there_is_one(name: str, told: str | None) -> None:
    """The address is as mail servers know it, the name on one line, and one that is blank is left out."""
    address = named_address(Address(email="leser@bücher.example", name=name), "From")
    assert address == {"email": "leser@xn--bcher-kva.example"} | ({} if told is None else {"name": told})


@pytest.mark.parametrize("name", ["", "Ada Lovelace", "Ann (ACME), Ltd.", "=?utf-8?q?x?=", "李 明" * 3, "a\r\nBcc: x"])
def test_a_mailbox_in_ascii_is_read_as_one(name: str) -> None:
    """Any name is said in ASCII on one line, and read as it is."""
    spelled = ascii_mailbox(Address(email="ann@example.org", name=name), "Reply-To")
    assert spelled.isascii()
    assert spelled.isprintable()
    read: Any = HeaderRegistry()("Reply-To", spelled)
    (one,) = read.addresses
    assert (one.display_name, one.addr_spec) == (name.replace("\r\n", "  "), "ann@example.org")


def test_the_field_of_a_wrong_address_is_named() -> None:
    """An address that cannot leave is a fault of the content, which names its field and not the address."""
    for spell in (named_address, ascii_mailbox):
        with pytest.raises(ContentError, match="Reply-To") as caught:
            spell(Address(email="a b@example.org"), "Reply-To")
        assert "a b" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_becomes_an_address(name: str) -> None:
    """Whatever a name holds, a mailbox is on one line, and has the one address."""
    spelled = mailbox(Address(email="ann@example.org", name=name))
    assert parseaddr(spelled)[1] == "ann@example.org"
    assert len(spelled.splitlines()) == 1


@pytest.mark.parametrize(
    ("slug", "tag"),
    [
        ("2026-11-24-first-snow", "2026-11-24-first-snow"),
        ("{{ their }} languages, 100 %", "their-languages-100"),
        ("a" * 200, "a" * 128),
    ],
)
def test_a_tag_is_plain(slug: str, tag: str) -> None:
    """An issue's tag has letters, digits, hyphens and underscores, and no more than services take."""
    assert issue_tag(replace(EDITION, slug=slug)) == tag


def test_a_slug_in_another_script_has_a_tag() -> None:
    """Where nothing of a slug can be told, its fingerprint stands for it; a service may want it shorter."""
    edition = replace(EDITION, slug="первый-снег")
    assert issue_tag(replace(EDITION, slug="снег")) == replace(EDITION, slug="снег").fingerprint[:16]
    assert issue_tag(edition) == edition.fingerprint[:16]
    assert issue_tag(EDITION, 5) == "their"


def test_further_headers_are_on_one_line_in_ascii() -> None:
    """What cannot be said in ASCII is encoded as mail does, whatever its length; slots stay slots."""
    headers = {**EDITION.headers, "List-Id": Pattern.of_text(f"{'Zürich für alle ' * 9}<editor.example.org>")}
    told = further_headers(replace(EDITION, headers=headers))
    assert told["List-Unsubscribe"] == EDITION.headers["List-Unsubscribe"]
    (text,) = told["List-Id"].texts
    assert text.isascii()
    assert text.isprintable()
    assert text.endswith("<editor.example.org>")


@pytest.mark.parametrize(("name", "value"), [("List-Id", "a\r\nBcc: x@example.test"), ("List Id", "x"), ("", "x")])
def test_no_header_field_begins_another(name: str, value: str) -> None:
    """A value that would begin another field, or a name that is none, is a fault of the content."""
    with pytest.raises(ContentError):
        further_headers(replace(EDITION, headers={name: Pattern.of_text(value)}))
