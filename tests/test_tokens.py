"""What public addresses carry."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from digest.errors import SettingsError
from digest.keys import keys_of, new_key
from digest.tokens import BadTokenError, ExpiredTokenError, Purpose, Tokens, tokens_of

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
OLD, NEW = "o" * 32, "n" * 32
TOKENS = Tokens([NEW, OLD])


def test_reader() -> None:
    """A reader's token names list and reader, is short, and stands in an address without being spelled otherwise."""
    token = TOKENS.name_reader("3f2a91c0", "AZr2c1Q2hvcGluIGlzIGdy")
    assert TOKENS.read_reader(token) == ("3f2a91c0", "AZr2c1Q2hvcGluIGlzIGdy")
    assert re.fullmatch(r"[\w.-]{54}", token, re.ASCII)
    assert TOKENS.name_reader("3f2a91c0", "AZr2c1Q2hvcGluIGlzIGdy") == token


def test_keys_that_were_changed() -> None:
    """The newest key signs; what an older one signed is believed as long as it is there, and no longer."""
    token = Tokens([OLD]).name_reader("list", "reader")
    assert TOKENS.read_reader(token) == ("list", "reader")
    assert Tokens([NEW]).name_reader("list", "reader") == TOKENS.name_reader("list", "reader")
    with pytest.raises(BadTokenError):
        Tokens([NEW]).read_reader(token)


@given(st.text())
def test_texts_that_are_no_tokens(text: str) -> None:
    """Whatever somebody makes up is none, for no purpose."""
    with pytest.raises(BadTokenError):
        TOKENS.read_reader(text)
    for purpose in Purpose:
        with pytest.raises(BadTokenError):
            TOKENS.read(purpose, text)


@given(st.integers(min_value=0, max_value=53), st.integers(min_value=1, max_value=127))
def test_a_sign_that_was_changed(place: int, by: int) -> None:
    """A token with another sign anywhere is none of ours, unless it spells the same bytes."""
    token = TOKENS.name_reader("3f2a91c0", "AZr2c1Q2hvcGluIGlzIGdy")
    changed = token[:place] + chr((ord(token[place]) + by) % 128) + token[place + 1 :]
    try:
        assert TOKENS.read_reader(changed) == TOKENS.read_reader(token)
    except BadTokenError:
        return
    assert place == 53  # the last sign of 128 bits in base 64 has four to spare


def test_each_purpose_has_its_own_signatures() -> None:
    """What opens one door opens no other, nor does it let a reader in."""
    for signed in Purpose:
        token = TOKENS.sign(signed, 12, "past-the-plateau")
        assert TOKENS.read(signed, token) == [12, "past-the-plateau"]
        for other in {*Purpose} - {signed}:
            with pytest.raises(BadTokenError):
                TOKENS.read(other, token)
        with pytest.raises(BadTokenError):
            TOKENS.read_reader(token)


def test_time_that_is_over() -> None:
    """A token that ends is good up to its end, and then says that it was."""
    token = TOKENS.sign_until(Purpose.CONFIRM, NOW + timedelta(hours=72), 7)
    assert TOKENS.read_until(Purpose.CONFIRM, token, now=NOW + timedelta(hours=71, minutes=59)) == [7]
    with pytest.raises(ExpiredTokenError):
        TOKENS.read_until(Purpose.CONFIRM, token, now=NOW + timedelta(hours=72))


def test_sha_256_cut_in_half() -> None:
    """No signature is made with SHA-1, which is the library's default."""
    token = TOKENS.name_reader("list", "reader")
    with pytest.raises(Exception, match="does not match"):
        Signer(NEW, salt="reader").unsign(token)
    assert len(token.rpartition(".")[2]) == 22


def test_keys_of_the_environment() -> None:
    """There may be several, with commas between them; one that can be guessed is refused, and none is no key."""
    first, second = new_key(), new_key()
    assert first != second
    assert keys_of({"DIGEST_SECRET": f" {first} , {second},"}) == [first, second]
    assert tokens_of({}) is None
    assert tokens_of({"DIGEST_SECRET": " , "}) is None
    with pytest.raises(SettingsError, match="shorter than 32") as caught:
        keys_of({"DIGEST_SECRET": f"{first},short"})
    assert first not in "".join(caught.value.lines())
    assert first not in repr(Tokens([first]))
