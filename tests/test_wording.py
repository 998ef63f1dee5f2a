"""The words of pages and mails: built in for some languages, and a newsletter's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from digest.config import load_settings
from digest.errors import CombinedError, SettingsError
from digest.wording import BUILT_IN, FILE, Wording, languages, placeholders, read_built_in

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = read_built_in("en")
SAID = re.compile(r"""(?:\bsay\(|\.texts\[)\s*["']([a-z_]+\.\w+)["']\s*[,)\]]""")


def wording(folder: Path, language: str = "en", own: str = "") -> Wording:
    """Return the words of a newsletter in a language, with some of its own."""
    (folder / "digest.toml").write_text(
        f'[newsletter]\nname = "Lamplighter"\nfrom = "editor@example.org"\nurl = "https://example.org"\n'
        f'postal_address = "1 Example Street"\nlanguage = "{language}"\n',
        encoding="utf-8",
    )
    (folder / FILE).parent.mkdir(exist_ok=True)
    if own:
        (folder / FILE).write_text(own, encoding="utf-8")
    return Wording.of(load_settings(folder, {}))


@pytest.mark.parametrize("language", languages())
def test_all_languages_say_the_same(language: str) -> None:
    """Each has a text for each key, with the same places for values, none blank."""
    texts = read_built_in(language)
    assert texts.keys() == ENGLISH.keys()
    assert {key: placeholders(text) for key, text in texts.items()} == {
        key: placeholders(text) for key, text in ENGLISH.items()
    }
    assert all(text.strip() for text in texts.values())


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_languages_are_translated(language: str) -> None:
    """What stands in English in another language was forgotten; a word may be the same in both."""
    same = {key for key, text in read_built_in(language).items() if text == ENGLISH[key] and " " in text.strip()}
    assert same == set()


def test_no_french_line_begins_with_a_sign() -> None:
    """The space before a sign such as ? is one at which no line breaks."""
    broken = [text for text in read_built_in("fr").values() if re.search(r" [?!;:](\s|$)", text)]
    assert broken == []


def test_what_is_said_is_worded() -> None:
    """Each key that a template or the code asks for is there."""
    package = BUILT_IN.parent
    files = [file for kind in ("templates/**/*.*", "**/*.py") for file in package.glob(kind)]
    asked = {key for file in files for key in SAID.findall(file.read_text("utf-8"))}
    assert {"leave.title", "issue.leave", "archive.reader"} <= asked
    assert asked <= ENGLISH.keys()


@pytest.mark.parametrize(
    ("language", "title", "spoken"),
    [
        ("en", "Unsubscribe", "en"),
        ("de-AT", "Abmelden", "de-AT"),
        ("FR", "Se désabonner", "FR"),
        ("es-419", "Cancelar la suscripción", "es-419"),
        ("fi", "Unsubscribe", "en"),
        ("den", "Unsubscribe", "en"),
    ],
)
def test_language_of_the_newsletter(tmp_path: Path, language: str, title: str, spoken: str) -> None:
    """The newsletter's language without its region decides; where it is not built in, pages are English and say so."""
    words = wording(tmp_path, language)
    assert (words.say("leave.title"), words.language) == (title, spoken)


def test_own_words(tmp_path: Path) -> None:
    """Key by key, the newsletter's own come first; what they do not say is said as ever."""
    words = wording(tmp_path, own='[leave]\ntitle = "So long"\ndone = "Bye from {newsletter}, from {newsletter}."\n')
    assert words.say("leave.title") == "So long"
    assert words.say("leave.done", newsletter="{leave} <b>") == "Bye from {leave} <b>, from {leave} <b>."
    assert words.say("leave.button") == ENGLISH["leave.button"]


def test_language_of_ones_own(tmp_path: Path) -> None:
    """A newsletter that says most of it itself says it in its own language."""
    own = "".join(
        f'{key} = "täällä {" ".join(sorted(f"{{{name}}}" for name in placeholders(ENGLISH[key])))}"\n'
        for key in ENGLISH
    )
    assert wording(tmp_path, "fi", own).language == "fi"


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Each is told at its line, with a way out."""
    own = '[leave]\ntitel = "Bye"\ndone = "No more from {newslettre}."\nbutton = 7\n\n[left]\ntitle = "x"\n'
    with pytest.raises(CombinedError) as caught:
        wording(tmp_path, own=own)
    assert caught.value.lines() == [
        "templates/wording.toml:2: nothing is worded leave.titel",
        '  did you mean "leave.title"?',
        "templates/wording.toml:3: leave.done knows no {newslettre}",
        '  did you mean "newsletter"?',
        "templates/wording.toml:4: leave.button must be a text",
        '  Such as "Unsubscribe"',
        "templates/wording.toml:7: nothing is worded left.title",
        '  did you mean "leave.title"?',
    ]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ("[leave]\ntitle = Bye\n", "templates/wording.toml:2: this is not TOML: invalid value"),
        ('title = "Bye"\n', "templates/wording.toml:1: nothing is worded title"),
        ('[leave]\ntitle = " "\n', "templates/wording.toml:2: leave.title must be a text"),
    ],
)
def test_one_fault(tmp_path: Path, own: str, told: str) -> None:
    """Neither what is no TOML nor what is no text passes for words."""
    with pytest.raises(SettingsError) as caught:
        wording(tmp_path, own=own)
    assert caught.value.lines()[0] == told
