"""Conditional comments, by which a template tells Outlook things of its own."""

from __future__ import annotations

import pytest

from digest.checking.clients.conditionals import faults, outlook_tables


@pytest.mark.parametrize(
    "html",
    [
        "<!--[if mso]>a<![endif]-->b<!--[if mso | IE]>c<![endif]-->",
        "<!--[if !mso]><!-->a<!--<![endif]-->",
        "<!--[if !mso]><!-- -->a<!--<![endif]-->",
        "<!--[if !mso]>-->a<!--<![endif]-->",
        "<![if !mso]>a<![endif]>",
        "<!--[if gte mso 9]><xml></xml><![endif]-->",
        "<p>In conditional comments, [if mso] begins and [endif] ends.</p><!-- [if] only I knew -->",
        "<code>&lt;!--[if mso]&gt;</code>",
        "",
    ],
)
def test_whole_conditions_are_whole(html: str) -> None:
    """Every way in which templates write a condition and its end is known."""
    assert not list(faults(html))


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("<!--[if mso]>a", "<!--[if mso]> has no <![endif]-->, so Outlook shows none of what follows"),
        ("a<![endif]-->", "<![endif]--> ends a condition that never began"),
        ("<!--[if mso]>a<!--[if IE]>b<![endif]-->", "<!--[if mso]> has no <![endif]--> before the next begins"),
        ("<!--[IF MSO]>a", "<!--[IF MSO]> has no <![endif]-->, so Outlook shows none of what follows"),
    ],
)
def test_a_lost_end_is_found(html: str, sentence: str) -> None:
    """The sentence names the mark that stands alone."""
    assert [fault.sentence for fault in faults(html)] == [sentence]


@pytest.mark.parametrize(
    "html",
    [
        "<!--[if mso]><table><tr><td><![endif]-->a<!--[if mso]></td><td></td></tr></table><![endif]-->",
        "<!--[if mso | IE]><table><tr><td><![endif]-->a<!--[if mso]></td></tr></table><![endif]-->",
        "<!--[if !mso]><!--><table><tr><td><!--<![endif]-->a",
        "<!--[if lte mso 11]><table><![endif]-->",
        "<!--[if mso]><noscript><xml></xml></noscript><![endif]-->",
    ],
)
def test_tables_that_close_as_they_open_are_whole(html: str) -> None:
    """What one condition opens another may close; what today's Outlooks do not heed does not count."""
    assert not list(outlook_tables(html))


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("<!--[if mso]><table><tr><td><![endif]-->a", "a <td> in what Outlook alone is shown is never closed"),
        ("<!--[if mso]></td><![endif]-->", "</td> closes nothing in what Outlook alone is shown"),
        (
            "<!--[if mso]><table><tr><td><![endif]-->a<!--[if mso]></tr></table><![endif]-->",
            "</tr> closes nothing in what Outlook alone is shown",
        ),
    ],
)
def test_tables_that_do_not_are_found(html: str, sentence: str) -> None:
    """A tag that is lost in what only Outlook sees is told once."""
    assert [fault.sentence for fault in outlook_tables(html)] == [sentence]
