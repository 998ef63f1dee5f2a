"""Rules about what mail services and the law want: cases beyond their examples in the manual."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from proof_stage import Block, stage

from digest.checking.proof import Past
from digest.checking.rules import RULES
from digest.model import Pattern, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from digest.checking.rule import Remark

WAY_OUT = "https://lamplighter.example.org/unsubscribe/example"


def remarks(rule: str, folder: Path, **blocks: str) -> list[Remark]:
    """Return what a rule says of an issue that is made of these blocks."""
    return list(RULES[rule].find(stage([Block(kind=kind, text=text) for kind, text in blocks.items()], folder)))


RULES_OF_OURS = [
    rule.id for rule in RULES.values() if rule.group in {"deliverability", "sender", "encoding", "consent"}
]


@pytest.mark.parametrize("rule", RULES_OF_OURS)
def test_what_we_write_is_sound(rule: str, tmp_path: Path) -> None:
    """An ordinary issue, with links, emphasis, a table, code and another script, is not blamed."""
    issue = (
        "Hello *there*, **you** and 山田さん.\n\n## [Lamps](https://blog.example.org/lamps?a=1&b=2)\n\nThey burn.\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nlamp = 1\n```\n\nGood night."
    )
    assert not remarks(rule, tmp_path, markdown=issue)


def test_a_text_in_a_script_without_spaces(tmp_path: Path) -> None:
    """Where lines break between characters, words are compared character by character."""
    text = "街灯は五時に灯ります。" * 12
    assert not remarks("text-part", tmp_path, markdown=text)


def test_links_that_the_text_lacks(tmp_path: Path) -> None:
    """Words alone are not all: where links lead is named, the first few of them."""
    links = "".join(f'<p>Lamp <a href="https://blog.example.org/{number}">{number}</a></p>' for number in range(5))
    (remark,) = remarks("text-part", tmp_path, html=links, text="Lamp 0 Lamp 1 Lamp 2 Lamp 3 Lamp 4")
    assert remark.severity is Severity.WARNING
    assert "5 links" in remark.sentence
    assert remark.sentence.endswith("https://blog.example.org/2 and 2 more")


def test_no_text_at_all(tmp_path: Path) -> None:
    """A blank text part is none."""
    (remark,) = remarks("text-part", tmp_path, text=" \n")
    assert "no plain-text part" in remark.sentence


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ('<a href="{}" style="display:none">Unsubscribe</a>', "is hidden"),
        ('<div hidden><a href="{}">Unsubscribe</a></div>', "is hidden"),
        ('<a href="{}"></a>', "has no words"),
        ('<p style="font-size:8px"><a href="{}">Unsubscribe</a></p>', "has a size of 8 pixels"),
        ('<a href="{}" style="color:#dddddd">Unsubscribe</a>', "is #dddddd on #ffffff"),
    ],
)
def test_ways_out_that_nobody_sees(link: str, said: str, tmp_path: Path) -> None:
    """A link that is there and cannot be seen is none."""
    (remark,) = remarks("unsubscribe-link", tmp_path, html=link.format(WAY_OUT))
    assert said in remark.sentence
    assert remark.element is not None


def test_one_of_two_ways_out_is_enough(tmp_path: Path) -> None:
    """A hidden link beside one that can be seen harms nobody; neither does one that is a picture with words."""
    picture = f'<a href="{WAY_OUT}"><img src="https://a.example.org/x.png" alt="Unsubscribe"></a>'
    assert not remarks("unsubscribe-link", tmp_path, html=f'<a href="{WAY_OUT}" style="display:none">x</a>{picture}')


def test_a_way_out_with_a_mark(tmp_path: Path) -> None:
    """What follows behind the address, to tell where it was clicked, changes nothing."""
    assert not remarks("unsubscribe-link", tmp_path, html=f'<a href="{WAY_OUT}?from=footer">Unsubscribe</a>')


def test_a_way_out_that_gmail_cuts_off(tmp_path: Path) -> None:
    """It is looked for before the place where Gmail cuts, in the bytes that leave."""
    long = "<p>" + "ü" * 17_500 + "</p>"
    (remark,) = remarks("unsubscribe-link", tmp_path / "a", html=f'{long}<a href="{WAY_OUT}">Unsubscribe</a>')
    assert "behind the 102,400 bytes" in remark.sentence
    assert not remarks("unsubscribe-link", tmp_path / "b", html=f'<a href="{WAY_OUT}">Unsubscribe</a>{long}')


def test_the_text_needs_a_way_out_too(tmp_path: Path) -> None:
    """Each part has its own, and it is this reader's."""
    other = "https://lamplighter.example.org/unsubscribe/somebody"
    found = remarks(
        "unsubscribe-link", tmp_path, html=f'<a href="{other}">Unsubscribe</a>', text=f"Unsubscribe: {other}"
    )
    assert [remark.sentence.partition(" has ")[0] for remark in found] == ["the HTML part", "the plain text"]


@pytest.mark.parametrize(
    "value",
    [
        "<http://lamplighter.example.org/unsubscribe/example>",
        "<https://lamplighter.example.org/unsubscribe/example>, <https://lamplighter.example.org/other/example>",
        "<mailto:leave@lamplighter.example.org>",
        "<https://lamplighter.example.org/unsubscribe/ example>",
        "=?utf-8?q?=3Chttps=3A//lamplighter=2Eexample=2Eorg/unsubscribe/example=3E?=",
    ],
)
def test_ways_out_that_programs_cannot_read(value: str, tmp_path: Path) -> None:
    """One https address between angle brackets, and nothing encoded or broken in it."""
    message = f"From: editor@lamplighter.example.org\nList-Unsubscribe: {value}\n\nLamps\n"
    assert len(remarks("list-unsubscribe-header", tmp_path, eml=message)) == 1


def test_how_often_the_field_stands_there(tmp_path: Path) -> None:
    """It is wanted once: neither missing nor doubled."""
    field = "List-Unsubscribe: <https://lamplighter.example.org/unsubscribe/example>\n"
    for number, (fields, said) in enumerate([("", "no header"), (field * 2, "2 header")]):
        (remark,) = remarks("list-unsubscribe-header", tmp_path / str(number), eml=f"From: a@b.test\n{fields}\nLamps\n")
        assert said in remark.sentence


def test_a_field_that_is_folded_at_its_comma(tmp_path: Path) -> None:
    """Two addresses may stand on two lines."""
    field = f"List-Unsubscribe: <{WAY_OUT}>,\n <mailto:leave@lamplighter.example.org>\n"
    assert not remarks("list-unsubscribe-header", tmp_path, eml=f"From: a@b.test\n{field}\nLamps\n")


@pytest.mark.parametrize(
    ("covered", "missing"),
    [
        ("from:to:list-unsubscribe", "List-Unsubscribe-Post"),
        ("From:To", "List-Unsubscribe and List-Unsubscribe-Post"),
        ("From:List-Unsubscribe:\n List-Unsubscribe-Post", ""),
    ],
)
def test_what_a_signature_covers(covered: str, missing: str, tmp_path: Path) -> None:
    """Both fields are signed, or their button does not count."""
    message = (
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=a; h={covered}; bh=x; b=y\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n\nLamps\n"
    )
    found = [remark.sentence for remark in remarks("list-unsubscribe-post", tmp_path, eml=message)]
    assert found == ([f"the DKIM signature does not cover {missing}"] if missing else [])


def test_a_list_that_changes_its_name(tmp_path: Path) -> None:
    """The id stays from issue to issue; the words before it may change."""
    proof = stage([], tmp_path)
    for value, count in (
        ("Our Lamps <editor.lamplighter.example.org>", 0),
        ("The Lamplighter <lamps.lamplighter.example.org>", 1),
    ):
        before = replace(proof.edition, headers={"List-Id": Pattern.of_text(value)})
        past = replace(proof, past=[Past(slug="before", edition=before)])
        assert len(list(RULES["list-id"].find(past))) == count


def test_a_list_under_anothers_name(tmp_path: Path) -> None:
    """A list is named under the domain that its mail comes from."""
    (remark,) = remarks("list-id", tmp_path, headers="List-Id: <letters.service.test>\n")
    assert "not under the sender's domain" in remark.sentence


def test_a_postal_address_set_otherwise(tmp_path: Path) -> None:
    """Lines, commas and capitals are each part's own; a line that is missing is named."""
    settings = (
        '[newsletter]\nname = "The Lamplighter"\nfrom = "editor@lamplighter.example.org"\n'
        'url = "https://lamplighter.example.org"\npostal_address = """\nThe Lamplighter\n3 Wick Lane\n10115 Berlin"""\n'
    )
    html = "<p>The LAMPLIGHTER &middot; 3&nbsp;Wick Lane,<br>10115 Berlin</p>"
    assert not remarks("postal-address", tmp_path / "a", toml=settings, html=html)
    (remark,) = remarks("postal-address", tmp_path / "b", toml=settings, html="<p>The Lamplighter, 10115 Berlin</p>")
    assert remark.sentence == 'the HTML part lacks "3 Wick Lane" of the postal address'


def test_a_page_of_pictures_has_no_words_to_repeat(tmp_path: Path) -> None:
    """Where the HTML part has no words, the plain text lacks none of them."""
    image = f'<a href="{WAY_OUT}"><img src="https://example.test/x.png" alt="Unsubscribe"></a>'
    assert not remarks("text-part", tmp_path, html=image, text=f"Unsubscribe: {WAY_OUT}\n")
