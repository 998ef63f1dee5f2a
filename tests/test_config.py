"""What ``digest.toml`` may say, what it may not, and how a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from digest.config import Settings, Theme, find_root, load_settings
from digest.config.settings import DARK
from digest.errors import CombinedError, DigestError, Place, SettingsError
from digest.model.people import Address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SMALLEST = """\
[newsletter]
name = "Night Train"
from = "Night Train <crew@train.example.org>"
url = "https://train.example.org"
postal_address = "1 Platform Road, Trainford"
"""


def load(folder: Path, more: str = "", environ: Mapping[str, str] | None = None, **overrides: str) -> Settings:
    """Load the smallest settings with `more` behind them; ``provider_name`` overrides ``provider.name``."""
    (folder / "digest.toml").write_text(SMALLEST + more, encoding="utf-8")
    options = {name.replace("_", ".", 1): value for name, value in overrides.items()}
    return load_settings(folder, environ or {}, overrides=options)


def faults_of(folder: Path, more: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return what a person is told of the smallest settings with `more` behind them: place, sentence and hint."""
    with pytest.raises(DigestError) as caught:
        load(folder, more, environ)
    assert caught.value.exit_code == 3
    faults = caught.value.faults if isinstance(caught.value, CombinedError) else [caught.value]
    return ["\n".join(fault.lines()) for fault in faults]


# Finding and reading


def test_the_smallest_file_is_complete(tmp_path: Path) -> None:
    """A name, a sender, an address of the archive and a postal address suffice; all else has a default."""
    settings = load(tmp_path)
    assert settings.root == tmp_path
    assert settings.newsletter.from_ == Address(email="crew@train.example.org", name="Night Train")
    assert (settings.newsletter.language, settings.newsletter.timezone) == ("en", "UTC")
    assert settings.provider.name == "outbox"
    assert settings.fields == {}
    assert settings.theme == Theme()
    assert (settings.assets.url, settings.assets.embed) == (None, True)


def test_sender_of_an_international_domain(tmp_path: Path) -> None:
    """The domain is kept as mail servers know it, so that a message's name is the same here and on its way."""
    settings = load(tmp_path, 'reply_to = "desk@züge.example.org"\n')
    assert settings.newsletter.reply_to == Address(email="desk@xn--zge-hoa.example.org")
    (fault,) = faults_of(tmp_path, 'reply_to = "desk@-ü-.example.org"\n')
    assert "reply_to" in fault


def test_each_key_of_the_file_arrives(tmp_path: Path) -> None:
    """What the file says stands in the attribute of its name, in its final form."""
    settings = load(
        tmp_path,
        'reply_to = "desk@train.example.org"\nteaser_words = 40\nlanguage = "pt-BR"\ntimezone = "Europe/Berlin"\n'
        '[fields]\nfirst_name = ""\ncity = "your city"\n'
        '[theme]\naccent = "#AA2200"\nwidth = 600\n[theme.dark]\npaper = "#000000"\n'
        '[assets]\nurl = "https://cdn.example.org/mail/"\nembed = false\n',
    )
    assert settings.newsletter.reply_to == Address(email="desk@train.example.org")
    assert settings.newsletter.teaser_words == 40
    assert settings.fields == {"first_name": "", "city": "your city"}
    assert (settings.theme.accent, settings.theme.width) == ("#AA2200", 600)
    assert (settings.theme.dark.paper, settings.theme.dark.ink) == ("#000000", DARK.ink)
    assert settings.assets.url == "https://cdn.example.org/mail"
    assert settings.assets.embed is False


def test_the_archive_loses_its_trailing_slash(tmp_path: Path) -> None:
    """Links are made by putting a slash behind the archive's address, so it keeps none of its own."""
    text = SMALLEST.replace("https://train.example.org", "https://example.org/train/")
    (tmp_path / "digest.toml").write_text(text, encoding="utf-8")
    assert load_settings(tmp_path, {}).newsletter.url == "https://example.org/train"


def test_a_postal_address_may_have_several_lines(tmp_path: Path) -> None:
    """Line breaks inside it are kept; those around it are not."""
    text = SMALLEST.replace('"1 Platform Road, Trainford"', '"""\n1 Platform Road\nTrainford\n"""')
    (tmp_path / "digest.toml").write_text(text, encoding="utf-8")
    assert load_settings(tmp_path, {}).newsletter.postal_address == "1 Platform Road\nTrainford"


def test_keys_that_only_the_provider_knows_are_handed_on(tmp_path: Path) -> None:
    """All other keys of the provider's section are its own business."""
    more = '[provider]\nname = "mailgun"\napi_url = "https://api.eu.example.org/"\ndomain = "x.test"\ntags = ["a"]\n'
    provider = load(tmp_path, more).provider
    assert (provider.name, provider.api_url) == ("mailgun", "https://api.eu.example.org")
    assert provider.options == {"domain": "x.test", "tags": ["a"]}


def test_a_provider_may_be_reached_on_this_machine(tmp_path: Path) -> None:
    """A server for tests speaks plain HTTP."""
    assert load(tmp_path, '[provider]\napi_url = "http://127.0.0.1:8025"\n').provider.api_url == "http://127.0.0.1:8025"


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///.digest/digest.db", "sqlite:///{root}/.digest/digest.db"),
        ("sqlite:////var/lib/night train.db", "sqlite:////var/lib/night train.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://db.example.org/news", "postgresql://db.example.org/news"),
    ],
)
def test_the_store_is_relative_to_the_folder_of_the_file(tmp_path: Path, url: str, resolved: str) -> None:
    """A relative path of SQLite starts where digest.toml is, wherever the command runs; other addresses stay."""
    assert load(tmp_path, f'[store]\nurl = "{url}"\n').store.url == resolved.format(root=tmp_path)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + SMALLEST.encode(), SMALLEST.replace("\n", "\r\n").encode()])
def test_files_from_windows_are_read(tmp_path: Path, content: bytes) -> None:
    """A byte order mark and Windows line ends change nothing."""
    (tmp_path / "digest.toml").write_bytes(content)
    assert load_settings(tmp_path, {}).newsletter.name == "Night Train"


def test_the_root_is_the_nearest_folder_with_a_file(tmp_path: Path) -> None:
    """From a folder below, digest.toml is found upwards."""
    (tmp_path / "digest.toml").touch()
    below = tmp_path / "issues" / "first"
    below.mkdir(parents=True)
    assert find_root(below) == tmp_path
    (below / "digest.toml").touch()
    assert find_root(below) == below


def test_without_a_newsletter_the_way_to_one_is_shown(tmp_path: Path) -> None:
    """Outside of any newsletter, the hint is to make one."""
    with pytest.raises(SettingsError, match=r"there is no digest\.toml in this folder") as caught:
        find_root(tmp_path)
    assert "digest init" in caught.value.hint
    with pytest.raises(SettingsError, match="does not exist") as caught:
        load_settings(tmp_path, {})
    assert caught.value.place == Place("digest.toml")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    """What the system reports is in the sentence."""
    (tmp_path / "digest.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path, {})


# Faults


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('colour = "red"\n', '6: there is no key "colour" in [newsletter]\n  known: '),
        ('langauge = "de"\n', '6: there is no key "langauge" in [newsletter]\n  did you mean "language"?'),
        ("\n[them]\nwidth = 600\n", '7: there is no section [them]\n  did you mean "theme"?'),
        ("[[assets]]\nembed = true\n", "6: assets must be a section, which begins with [assets]"),
        ("[theme]\ndark = true\n", "7: theme.dark must be a section, which begins with [theme.dark]"),
        ("language = 5\n", "6: newsletter.language must be a language tag such as `en` or `pt-BR`"),
        ('language = "english"\n', "6: newsletter.language must be a language tag"),
        ('timezone = "Berlin"\n', "6: newsletter.timezone must be the name of a time zone, such as `Europe/Berlin`"),
        ('timezone = "Europe"\n', "6: newsletter.timezone must be the name of a time zone"),
        ('timezone = "../etc/passwd"\n', "6: newsletter.timezone must be the name of a time zone"),
        ("teaser_words = 0\n", "6: newsletter.teaser_words must be a whole number from 1 to 1000"),
        ("teaser_words = true\n", "6: newsletter.teaser_words must be a whole number"),
        ("teaser_words = 2.5\n", "6: newsletter.teaser_words must be a whole number"),
        ('reply_to = "nobody"\n', "6: newsletter.reply_to must be an address such as `Past the Plateau <"),
        ('reply_to = "A <>"\n', "6: newsletter.reply_to must be an address"),
        ('reply_to = "A <a@b..org>"\n', "6: newsletter.reply_to must be an address"),
        ('reply_to = "A\\nBcc: x <a@b.org>"\n', "6: newsletter.reply_to must be an address"),
        ('tagline = "one\\ntwo"\n', '6: newsletter.tagline must be a text on one line, or `""` for none'),
        ('read_more = " "\n', "6: newsletter.read_more must be a text on one line"),
        ('[theme]\nwidth = 600\n# a comment\naccent = "blue"\n', "9: theme.accent must be a colour, written `#rrggbb`"),
        ('[theme.dark]\nink = "#fff"\n', "7: theme.dark.ink must be a colour, written `#rrggbb`"),
        ('theme.dark.inc = "#ffffff"\n', '6: there is no key "theme" in [newsletter]'),
        ('[theme]\ndark = { inc = "#ffffff" }\n', '7: there is no key "inc" in [theme.dark]\n  did you mean "ink"?'),
        ("[theme]\nwidth = 200\n", "7: theme.width must be a whole number from 480 to 800"),
        ("[theme]\nfont = '\"Georgia\", serif'\n", "7: theme.font must be a list of font names"),
        ('[theme]\nfont = "x; background: url(y)"\n', "7: theme.font must be a list of font names"),
        ('[theme]\nlogo = "/etc/logo.png"\n', "7: theme.logo must be an `https://` address, a path beside"),
        ('[theme]\nlogo = "http://x.test/a.png"\n', "7: theme.logo must be an `https://` address, a path beside"),
        ('[assets]\nembed = "no"\n', "7: assets.embed must be `true` or `false`"),
        ('[assets]\nurl = "http://cdn.example.org"\n', "7: assets.url must be an `https://` address"),
        ('[store]\nurl = "digest.db"\n', "7: store.url must be an address such as `sqlite:///.digest/digest.db`"),
        ('[fields]\nemail = ""\n', '7: every reader has "email" already\n  Take it out of [fields].'),
        ('[fields]\ntoken = ""\n', '7: every reader has "token" already\n  Take it out of [fields].'),
        ('[fields]\nFirst-Name = ""\n', '7: "First-Name" cannot be the name of a field\n  Use small letters'),
        ("[fields]\nage = 5\n", '7: fields.age must be a text on one line, `""` for no default'),
    ],
)
def test_each_fault_is_a_sentence_at_its_line(tmp_path: Path, more: str, told: str) -> None:
    """A person is told the line, what is wrong there, and what would be right."""
    (fault,) = faults_of(tmp_path, more)
    assert fault.startswith(f"digest.toml:{told}")


def test_keys_that_must_be_there_are_asked_for(tmp_path: Path) -> None:
    """Each missing key is named at its section, with what belongs into it."""
    (tmp_path / "digest.toml").write_text('\n[newsletter]\nname = "Night Train"\n', encoding="utf-8")
    with pytest.raises(CombinedError) as caught:
        load_settings(tmp_path, {})
    assert caught.value.lines() == [
        'digest.toml:2: [newsletter] needs the key "from"',
        "  Give it an address such as `Past the Plateau <editor@example.org>`.",
        'digest.toml:2: [newsletter] needs the key "url"',
        "  Give it an `https://` address.",
        'digest.toml:2: [newsletter] needs the key "postal_address"',
        "  Give it a text of one line or more.",
    ]


def test_a_key_above_the_first_section_is_sent_below_one(tmp_path: Path) -> None:
    """A forgotten section header is recognized as such."""
    (tmp_path / "digest.toml").write_text('title = "Night Train"\n' + SMALLEST, encoding="utf-8")
    with pytest.raises(SettingsError, match='"title" stands above the first section') as caught:
        load_settings(tmp_path, {})
    assert caught.value.place == Place("digest.toml", 1)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """One run shows every fault of the file, from top to bottom, so that one edit can mend them."""
    faults = faults_of(tmp_path, 'tagline = 1\n[theme]\nink = "x"\nwidht = 600\n[sendd]\n[fields]\nName = ""\n')
    assert [int(fault.split(":")[1]) for fault in faults] == [6, 8, 9, 10, 12]


def test_lines_are_counted_through_values_of_several_lines(tmp_path: Path) -> None:
    """What looks like a section inside a text does not lead the search for a line astray."""
    more = 'tagline = """\n[theme]\naccent = 1\n"""\n[provider]\nhosts = [\n  "a",\n]\n[theme]\n"accent" = 1\n'
    tagline, accent = faults_of(tmp_path, more)
    assert tagline.startswith("digest.toml:6: newsletter.tagline")
    assert accent.startswith("digest.toml:15: theme.accent")


@pytest.mark.parametrize(
    ("more", "line"), [("\ntagline = Sleepers\n", 7), ('tagline = """\nnever closed\n', 8), ("[theme\n", 6)]
)
def test_a_file_that_is_not_toml_names_its_line(tmp_path: Path, more: str, line: int) -> None:
    """A syntax error stands at its line, in the parser's words."""
    (fault,) = faults_of(tmp_path, more)
    assert fault.startswith(f"digest.toml:{line}: this is not TOML: ")


def test_a_file_that_is_not_utf_8_names_its_line(tmp_path: Path) -> None:
    """Another encoding is found at the first byte that does not fit."""
    (tmp_path / "digest.toml").write_bytes(b'[newsletter]\nname = "Caf\xe9"\n')
    with pytest.raises(SettingsError, match="not written in UTF-8") as caught:
        load_settings(tmp_path, {})
    assert caught.value.place == Place("digest.toml", 2)


# Secrets


@pytest.mark.parametrize(
    "more",
    [
        'api_key = "hunter2hunter2"\n',
        '[provider]\nserver_token = "hunter2hunter2"\n',
        '[provider.smtp]\npassword = "hunter2hunter2"\n',
        '[[provider.domains]]\nsigning-key = "hunter2hunter2"\n',
        '[theme]\nSECRET = "hunter2hunter2"\n',
        '[store]\nurl = "postgresql://editor:hunter2hunter2@db.example.org/news"\n',
    ],
)
def test_secrets_are_refused_in_the_file(tmp_path: Path, more: str) -> None:
    """A secret in any section is one fault, which says where secrets belong and does not repeat it."""
    (fault,) = faults_of(tmp_path, more)
    assert "secrets do not belong in this file" in fault
    assert "Put it in the environment, or in .env" in fault
    assert "hunter2" not in fault


def test_a_field_of_the_reader_may_be_called_like_a_secret(tmp_path: Path) -> None:
    """The keys of the reader's fields are the editor's words, and their values are no secrets."""
    assert load(tmp_path, '[fields]\ndiscount_token = ""\n').fields == {"discount_token": ""}


def test_no_fault_quotes_a_value(tmp_path: Path) -> None:
    """A secret that was put in a wrong place is not printed."""
    faults = faults_of(
        tmp_path,
        'langage = "hunter2"\ntimezone = "hunter2"\nreply_to = "hunter2"\n[theme]\naccent = "hunter2"\n'
        '[store]\nurl = "hunter2"\n',
    )
    assert len(faults) == 5
    assert "hunter2" not in "".join(faults)


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    """Settings can be logged: neither the environment nor the store's password is in their repr."""
    (tmp_path / ".env").write_text("POSTMARK_SERVER_TOKEN=hunter2\n", encoding="utf-8")
    environ = {"RESEND_API_KEY": "hunter2", "DIGEST_STORE_URL": "postgresql://editor:hunter2@db.example.org/news"}
    settings = load(tmp_path, environ=environ)
    assert settings.environ["POSTMARK_SERVER_TOKEN"] == "hunter2"  # noqa: S105  # a made-up one
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.environ)


# Where a value comes from


def test_an_option_comes_before_the_environment_and_so_on(tmp_path: Path) -> None:
    """The order is: option, environment, .env, file, default; each is seen by taking away the one before it."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("DIGEST_PROVIDER=from-dotenv\n", encoding="utf-8")
    file, environ = '[provider]\nname = "from-file"\n', {"DIGEST_PROVIDER": "from-environment"}
    assert load(tmp_path, file, environ, provider_name="from-option").provider.name == "from-option"
    assert load(tmp_path, file, environ).provider.name == "from-environment"
    assert load(tmp_path, file).provider.name == "from-dotenv"
    dotenv.unlink()
    assert load(tmp_path, file).provider.name == "from-file"
    assert load(tmp_path).provider.name == "outbox"


def test_another_provider_gets_no_keys_of_the_first(tmp_path: Path) -> None:
    """Keys beside the name belong to the provider that the file names: its address is never asked by another one."""
    file = '[provider]\nname = "postmark"\napi_url = "https://postmark.test"\nstream = "news"\n'
    same = load(tmp_path, file, {"DIGEST_PROVIDER": "postmark"}).provider
    assert (same.api_url, same.options) == ("https://postmark.test", {"stream": "news"})
    other = load(tmp_path, file, {"DIGEST_PROVIDER": "resend"}).provider
    assert (other.name, other.api_url, other.options) == ("resend", None, {})


def test_a_variable_without_a_value_overrides_nothing(tmp_path: Path) -> None:
    """Continuous integration hands on unset variables as empty ones."""
    assert load(tmp_path, '[provider]\nname = "resend"\n', {"DIGEST_PROVIDER": ""}).provider.name == "resend"


def test_the_store_of_the_environment_is_relative_to_the_file_too(tmp_path: Path) -> None:
    """The same address means the same, wherever it was written."""
    store = load(tmp_path, environ={"DIGEST_STORE_URL": "sqlite:///other.db"}).store
    assert store.url == f"sqlite:///{tmp_path}/other.db"


def test_a_faulty_value_from_elsewhere_names_where_it_came_from(tmp_path: Path) -> None:
    """The file is not blamed for a variable or an option."""
    (fault,) = faults_of(tmp_path, '[store]\nurl = "sqlite:///x.db"\n', {"DIGEST_STORE_URL": "hunter2"})
    assert fault.startswith("DIGEST_STORE_URL: store.url must be an address")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, provider_name="two words")
    assert caught.value.lines() == ["command line: provider.name must be a single word"]
