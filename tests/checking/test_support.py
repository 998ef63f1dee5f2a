"""What mail programs support: the table, the script that makes it, and who does without a feature."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from proof_stage import Block, stage

from digest.checking.clients.graceful import GRACEFUL
from digest.checking.clients.support import USUAL_SHARES, load_support, readership
from digest.checking.examination import NAMES
from digest.checking.grading import check_names
from digest.errors import CombinedError, SettingsError

if TYPE_CHECKING:
    from types import ModuleType

PROJECT = Path(__file__).parent.parent.parent
TABLE = load_support()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Return the script that makes the table."""
    spec = spec_from_file_location("update_support", PROJECT / "scripts" / "update_support.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def feature(slug: str, title: str, **gmail: str) -> dict[str, Any]:
    """Return a feature of caniemail's, of which Gmail in a browser makes this in its versions."""
    versions = {version.replace("v", "").replace("_", "-"): verdict for version, verdict in gmail.items()}
    return {"slug": slug, "title": title, "stats": {"gmail": {"desktop-webmail": versions}}}


def test_the_table_has_a_verdict_of_each_mail_program_for_each_feature() -> None:
    """Each feature has as many letters as there are mail programs, and one of them is a no."""
    assert {len(letters) for letters in TABLE.features.values()} == {len(TABLE.clients)}
    assert all(set(letters) <= set("ypnu") and "n" in letters for letters in TABLE.features.values())


@pytest.mark.parametrize(
    ("name", "client"),
    [
        ("position", "gmail-web"),
        ("display: flex", "outlook-windows"),
        ("image/webp", "outlook-windows"),
        ("image/svg+xml", "gmail-web"),
        ("data:", "gmail-android"),
        ("<video>", "gmail-ios"),
    ],
)
def test_the_table_has_what_is_known_of_old(name: str, client: str) -> None:
    """Facts that every author of email has met are in it."""
    assert client in TABLE.without(name)


def test_what_is_let_pass_is_something_that_mail_programs_differ_on() -> None:
    """The list of what degrades gracefully holds no names that the table does not have."""
    assert not GRACEFUL - TABLE.features.keys()


def test_the_usual_audience_uses_programs_of_the_table() -> None:
    """Each mail program of the usual audience is one whose support is known."""
    assert not USUAL_SHARES.keys() - TABLE.clients.keys()


def test_the_manual_lists_the_mail_programs() -> None:
    """The manual has each name, what it means, and its usual share."""
    manual = (PROJECT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    section = manual.partition("### `[check.clients]`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| `([\w-]+)` \| ?(\d*) \|$", section, re.MULTILINE)
    assert rows == [(shown, name, str(USUAL_SHARES.get(name, ""))) for name, shown in TABLE.clients.items()]
    assert f"data of {TABLE.date}" in section


# Who does without


def test_shares_are_scaled_to_a_hundred() -> None:
    """Parts of any sum become per cent."""
    assert readership({"gmail-web": 1, "thunderbird": 3}).shares == {"gmail-web": 25, "thunderbird": 75}


def test_an_audience_of_nobody_is_the_usual_one() -> None:
    """Where all shares are nought, nothing was said."""
    assert readership({"gmail-web": 0}) == readership({})
    assert sum(readership({}).shares.values()) == pytest.approx(100)


def test_a_loss_names_the_most_used_first() -> None:
    """Who does without is told by name, the largest share first, and counted."""
    loss = readership({"gmail-ios": 20, "gmail-web": 50, "apple-mail-ios": 30}).loss("position")
    assert str(loss) == "Gmail in a browser, Gmail on iOS (some 70 % of the readers)"


def test_a_long_list_of_losers_is_cut() -> None:
    """Of many mail programs three are named."""
    assert re.search(r"(, .*){2} and \d+ more \(some \d+ % of the readers\)", str(readership({}).loss("var()")))


def test_programs_that_never_get_to_see_it_do_not_count() -> None:
    """What stands in a comment that keeps it from Outlook is no loss to Outlook."""
    outlook = readership({"outlook-windows": 100})
    assert outlook.loss("display: flex").share == 100
    assert not outlook.loss("display: flex", frozenset({"outlook-windows"})).clients


def test_an_unknown_mail_program_is_a_fault_at_its_line(tmp_path: Path) -> None:
    """A name that the table does not have is refused where it stands, with the one that was meant."""
    proof = stage([Block(kind="toml", text="[check.clients]\ngmail-web = 60\noutlook-window = 40\n")], tmp_path)
    with pytest.raises(SettingsError) as caught:
        check_names(proof.settings, proof.sources, NAMES)
    place = caught.value.place
    assert place
    line = (tmp_path / "digest.toml").read_text(encoding="utf-8").splitlines()[place.line - 1]
    assert (place.path, line) == ("digest.toml", "outlook-window = 40")
    assert caught.value.hint == 'did you mean "outlook-windows"?'


def test_all_unknown_names_are_told_at_once(tmp_path: Path) -> None:
    """Two wrong mail programs and a wrong rule are three faults."""
    wrong = '[check.rules]\nlink-insecur = "off"\n[check.clients]\npine = 60\nelm = 40\n'
    proof = stage([Block(kind="toml", text=wrong)], tmp_path)
    with pytest.raises(CombinedError) as caught:
        check_names(proof.settings, proof.sources, NAMES)
    assert len(caught.value.faults) == 3


# The script


def test_the_last_version_counts(script: ModuleType) -> None:
    """Of several versions the last that is listed is today's, though its number may be lower than a date."""
    assert script.verdicts(feature("x", "x", v2019_10="y", v16_80="n #2")["stats"])[0] == "n"


def test_what_nobody_tested_is_unknown(script: ModuleType) -> None:
    """A mail program without a verdict counts neither way."""
    assert set(script.verdicts({})) == {"u"}


def test_what_all_honour_is_left_out(script: ModuleType) -> None:
    """A feature that no mail program refuses is not in the table."""
    assert not list(script.features([feature("css-margin", "margin", v2020="a #1")]))


@pytest.mark.parametrize(
    ("slug", "title", "names"),
    [
        ("css-height", "height property", ("height",)),
        ("css-unit-rem", "rem unit", ("rem",)),
        ("css-pseudo-class-has", ":has()", (":has()",)),
        ("css-at-media-orientation", "@media (orientation)", ("@media (orientation)",)),
        ("css-linear-gradient", "linear-gradient()", ("linear-gradient()",)),
        ("html-input-text", '<input type="text"> element', ('<input type="text">',)),
        ("html-loading-attribute", "loading attribute", ("loading=",)),
        ("css-gap", "gap, column-gap, row-gap", ("gap", "column-gap", "row-gap")),
    ],
)
def test_features_get_the_names_by_which_they_are_found(
    script: ModuleType, slug: str, title: str, names: tuple[str, ...]
) -> None:
    """A feature is called as a message spells it."""
    assert script.names_of(slug, title) == names


def test_a_new_feature_wants_a_name(script: ModuleType) -> None:
    """What has no name by any rule is not passed over in silence."""
    with pytest.raises(ValueError, match="css-new is new"):
        script.names_of("css-new", "Something New & Grand")
