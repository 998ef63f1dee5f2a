"""
What ``digest.toml`` may say: each section is a dataclass, each key an attribute of it.

The attribute's type says which values are valid, its default what holds without the key, and the text below it
stands in the manual: ``docs/reference/settings.md`` has these words, and a test holds it to them.
"""

# No `from __future__ import annotations` here: the types of the attributes are read while the program runs.
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints
from zoneinfo import ZoneInfo

import idna
import msgspec
from msgspec import Meta

from digest.model.people import Address
from digest.segments import Segment


def _mailbox(text: str) -> Address:
    """Read a sender, its domain as mail servers know it, so that names made of it are the same everywhere."""
    address = Address.parse(text)
    if address.email.isascii():
        return address
    local_part = address.email.rpartition("@")[0]
    return replace(address, email=f"{local_part}@{idna.encode(address.domain, uts46=True).decode()}")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError) as error:  # no such zone; a folder of the zone database, such as "Europe"
        msg = "no time zone"
        raise ValueError(msg) from error


def _between(low: int, high: int) -> Meta:
    return Meta(ge=low, le=high, description=f"a whole number from {low} to {high}")


# What a value may be: a type, its bounds and its name in sentences ("must be ..."), then functions that finish it and
# raise ValueError for what a pattern cannot see. No value is ever quoted in a fault, since it could be a secret.
_ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
Line = Annotated[str, Meta(pattern=rf"\A(?=.*\S){_ONE_LINE}+\Z", description="a text on one line")]
LineOrNothing = Annotated[str, Meta(pattern=rf"\A{_ONE_LINE}*\Z", description='a text on one line, or `""` for none')]
Lines = Annotated[str, Meta(pattern=r"\S", description="a text of one line or more"), str.strip]
Mailbox = Annotated[
    Address,
    Meta(pattern=rf"\A{_ONE_LINE}+\Z", description="an address such as `Past the Plateau <editor@example.org>`"),
    _mailbox,
]
Url = Annotated[
    str,
    Meta(pattern=r"\Ahttps://[^\s/?#@\"<>]+(/[^\s?#\"<>]*)?\Z", description="an `https://` address"),
    _without_slash,
]
ApiUrl = Annotated[
    str,
    Meta(pattern=r"\Ahttps?://[^\s/?#@]+(/[^\s?#]*)?\Z", description="an `https://` or `http://` address"),
    _without_slash,
]
FeedUrl = Annotated[
    str,
    Meta(pattern=r"\Ahttps?://[^\s/?#@\"<>]+(/[^\s#\"<>]*)?\Z", description="an `https://` or `http://` address"),
]
StoreUrl = Annotated[
    str,
    Meta(
        pattern=rf"\A[a-z][a-z0-9+]*://{_ONE_LINE}*\Z", description="an address such as `sqlite:///.digest/digest.db`"
    ),
]
Language = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*\Z", description="a language tag such as `en` or `pt-BR`"),
]
Zone = Annotated[str, Meta(description="the name of a time zone, such as `Europe/Berlin`"), _known_zone]
Colour = Annotated[str, Meta(pattern=r"\A#[0-9a-fA-F]{6}\Z", description="a colour, written `#rrggbb`")]
Fonts = Annotated[
    str,
    Meta(pattern=r"\A[\w ,'-]+\Z", description="a list of font names, with single quotes around those with spaces"),
]
Word = Annotated[str, Meta(pattern=r"\A[\w-]+\Z", description="a single word")]
Picture = Annotated[
    str,
    Meta(
        pattern=r"\A(https://[^\s\"<>]+|(?!/)[^:\"<>\x00-\x1f]*)\Z",
        description='an `https://` address, a path beside `digest.toml`, or `""` for none',
    ),
]
Switch = Annotated[bool, Meta(description="`true` or `false`")]
Grade = Annotated[Literal["off", "note", "warning", "error"], Meta(description="`off`, `note`, `warning` or `error`")]
Watcher = Annotated[Literal["provider", "server"], Meta(description="`provider` or `server`")]
Share = Annotated[int, _between(0, 100)]
FieldDefault = Annotated[str, Meta(pattern=rf"\A{_ONE_LINE}*\Z", description='a text on one line, `""` for no default')]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """Who writes, where the newsletter lives, and the words that every issue shares."""

    name: Line
    """The newsletter's name, as the masthead shows it."""
    from_: Mailbox
    """Who the mail comes from: a display name and an email address."""
    reply_to: Mailbox | None = None
    """Where answers go, when that is not the sender."""
    url: Url
    """The public archive; the links to issues, to stories and for unsubscribing begin with it."""
    postal_address: Lines
    """The postal address that the law of many countries wants in each issue."""
    language: Language = "en"
    """The language of the issues; screen readers and hyphenation need it."""
    timezone: Zone = "UTC"
    """The time zone in which dates and times without an offset are meant."""
    tagline: LineOrNothing = ""
    """A few words below the name in the masthead."""
    read_more: Line = "Read more"
    """The wording of the link that leads from a teaser to its story; an issue may have its own."""
    teaser_words: Annotated[int, _between(1, 1000)] | None = None
    """How many words the teaser of a story without a fold may have; without it, such a story is kept whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChoice:
    """The service that delivers the mail."""

    name: Word = "outbox"
    """Which provider sends; `digest providers` lists them."""
    api_url: ApiUrl | None = None
    """Where the provider's interface is reached, when that is not its usual address."""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreChoice:
    """Where readers and deliveries are kept."""

    url: StoreUrl = field(default="sqlite:///.digest/digest.db", repr=False)  # may hold a password
    """The database. A path after `sqlite:///` is relative to the folder of `digest.toml`, unless it begins with `/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """When a send stops and asks for a person."""

    max_growth: Annotated[int, _between(0, 100_000)] = 50
    """How many per cent more readers than the last issue had are written to; more is taken for a mistake."""
    max_lateness: Annotated[int, _between(1, 10_000)] = 12
    """How many hours after its `send_at` an issue may still begin to leave."""
    stop_after: Annotated[int, _between(1, 1000)] = 10
    """After how many requests in a row that were of no use the sending stops, until it is run again."""
    max_suppression_age: Annotated[int, _between(1, 10_000)] | None = None
    """How many hours ago `digest sync` may have run at most; without it, a send does not ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What an issue is held to before it leaves."""

    max_unsupported: Share = 10
    """How many per cent of the readers may have a mail program that ignores something the issue uses."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """By rule: ``off``, or how much its findings weigh, whatever the rule says."""
    clients: Mapping[str, int] = field(default_factory=dict)
    """By mail program: how many per cent of the readers use it; empty where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What is watched of readers. Nothing, by default: links stay as they are, and nobody tells who read what."""

    opens: Switch = False
    """Whether an invisible picture in the mail tells when it was looked at."""
    clicks: Switch = False
    """Whether links lead through a server that tells who followed them."""
    through: Watcher = "provider"
    """Who watches: the provider, by its own server, or `digest serve`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The pages on which readers join, choose and leave: `digest serve`."""

    url: Url | None = None
    """Where `digest serve` is reached, when that is not the archive's address."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """What readers may choose from: by tag, in the words that they see."""
    confirm_within: Annotated[int, _between(1, 720)] = 72
    """How many hours somebody has to confirm that they want the newsletter."""
    max_sign_ups: Annotated[int, _between(1, 1_000_000)] = 500
    """How many people an hour are asked to confirm at most; whoever comes on top of that waits for the next hour."""
    max_soft_bounces: Annotated[int, _between(1, 100)] = 5
    """How many messages in a row may come back for the time being until an address is given up."""
    proxies: Annotated[int, _between(0, 10)] = 0
    """How many proxies of your own stand before `digest serve` and say in `X-Forwarded-For` who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours by the part they play. Each text on its background has a contrast of at least 4.5 to 1."""

    paper: Colour = "#f3eee3"
    """The background of the page."""
    card: Colour = "#fffdf8"
    """The background of the content."""
    ink: Colour = "#1b2033"
    """Text."""
    muted: Colour = "#5c6070"
    """Text of second rank: dates, authors, the footer."""
    line: Colour = "#ddd5c5"
    """Rules and borders."""
    accent: Colour = "#2b3fc4"
    """Links and buttons."""
    on_accent: Colour = "#ffffff"
    """Text on buttons."""
    tint: Colour = "#f7f1e4"
    """The background of quotes and call-outs."""


DARK = Palette(
    paper="#12141d",
    card="#1a1d29",
    ink="#ece8de",
    muted="#a5a6b3",
    line="#353a4d",
    accent="#a3b2ff",
    on_accent="#12162e",
    tint="#25293b",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme(Palette):
    """The look of an issue: the colours by day, then by night, and everything else."""

    dark: Palette = DARK
    logo: Picture = ""
    """A picture for the masthead, in place of the name."""
    logo_alt: LineOrNothing = ""
    """What the logo says, for those who do not see it; without it, the newsletter's name."""
    logo_width: Annotated[int, _between(16, 800)] = 120
    """The width of the logo, in pixels."""
    width: Annotated[int, _between(480, 800)] = 640
    """The greatest width of an issue, in pixels."""
    radius: Annotated[int, _between(0, 32)] = 8
    """How round the corners of cards, pictures and buttons are, in pixels."""
    font: Fonts = "-apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
    """Fonts of the text, best first. A reader sees the first that their device has; none is downloaded."""
    heading_font: Fonts = "'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, serif"
    """Fonts of headings."""
    code_font: Fonts = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"
    """Fonts of code."""
    font_size: Annotated[int, _between(14, 22)] = 17
    """The size of the text, in pixels."""
    code_style: Word = "github-dark"
    """The Pygments style that colours code."""
    code_paper: Colour = "#0d1117"
    """The background of code, by day and by night."""
    code_ink: Colour = "#e6edf3"
    """Code that the style leaves uncoloured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What becomes of the images beside an issue."""

    url: Url | None = None
    """Where the images are published; mail then shows them from there."""
    embed: Switch = True
    """Whether images travel inside the message where no `url` is given; if not, a local image is a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a newsletter, valid and complete."""

    root: Path
    """The folder of ``digest.toml``."""
    newsletter: Newsletter
    provider: ProviderChoice
    store: StoreChoice
    fields: Mapping[str, str]
    """The reader's fields and their defaults; an empty one is no default."""
    segments: Mapping[str, Segment]
    """The segments that have names."""
    send: Send
    check: Check
    tracking: Tracking
    web: Web
    feeds: Mapping[str, str]
    """Where `digest pull` looks for news, by name."""
    theme: Theme
    assets: Assets
    environ: Mapping[str, str]
    """The environment, with what ``.env`` adds."""

    @property
    def web_url(self) -> str:
        """Where ``digest serve`` is reached, without a slash at its end."""
        return self.web.url or self.newsletter.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a section: the attribute that declares it, the rule for its value, and whether it must be there."""

    attribute: str
    rule: Any
    required: bool


def keys_of(section: type) -> dict[str, Key]:
    """Return the keys of a section by the names that they have in the file, in the order of their declaration."""
    hints = get_type_hints(section, include_extras=True)
    return {
        attribute.name.rstrip("_"): Key(attribute=attribute.name, rule=rule, required=attribute.default is MISSING)
        for attribute in fields(section)
        for rule in (hints[attribute.name], *get_args(hints[attribute.name]))
        if hasattr(rule, "__metadata__")
    }


def wanted_by(rule: Any) -> str:
    """Return what a value must be, in words."""
    return str(get_args(rule)[1].description)


def read_value(rule: Any, value: object) -> Any:
    """
    Return a value of the file in its final form.

    Raises:
        ValueError: it is not what the rule wants.
    """
    kind, meta, *steps = get_args(rule)
    in_file: Any = Annotated[str, meta] if kind is Address else rule
    try:
        result = msgspec.convert(value, in_file)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    for step in steps:
        result = step(result)
    return result


SECTIONS: Mapping[str, type] = {
    "newsletter": Newsletter,
    "provider": ProviderChoice,
    "store": StoreChoice,
    "send": Send,
    "check": Check,
    "tracking": Tracking,
    "web": Web,
    "theme": Theme,
    "theme.dark": Palette,
    "assets": Assets,
}
"""The declared sections by their names in the file."""

FIELDS = "fields"
"""The section whose keys are the names of the reader's fields."""

SEGMENTS = "segments"
"""The section whose keys are the names of segments."""

GRADES = "check.rules"
"""The section whose keys are the names of rules."""

CLIENTS = "check.clients"
"""The section whose keys are the names of mail programs."""

CHOICES = "web.tags"
"""The section whose keys are tags that readers may choose from."""

FEEDS = "feeds"
"""The section whose keys are names of feeds."""
