"""
What ``digest.toml`` may say: each section is a dataclass, each key an attribute of it.

The attribute's type says which values are valid, its default what holds without the key, and the text below it
stands in the manual: ``docs/reference/settings.md`` has these words, and a test holds it to them.
"""

# No `from __future__ import annotations` here: the types of the attributes are read while the program runs.
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from digest.config.kinds import (
    ApiUrl,
    Colour,
    Fonts,
    Language,
    LedgerUrl,
    Line,
    LineOrNothing,
    Lines,
    Mailbox,
    Picture,
    Share,
    Source,
    StoreUrl,
    Switch,
    Url,
    Watcher,
    Window,
    Word,
    Zone,
    between,
)
from digest.segments import Segment


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
    """The public archive: links to issues and stories begin with it; those to leave too, unless `[web]` has a `url`."""
    postal_address: Lines
    """The postal address that the law of many countries wants in each issue."""
    language: Language = "en"
    """The language of the issues; screen readers and hyphenation need it."""
    timezone: Zone = "UTC"
    """The time zone in which dates and times without an offset are meant."""
    tagline: LineOrNothing = ""
    """A few words below the name in the masthead."""
    read_more: Line | None = None
    """The wording of the link that leads from a teaser to its story, if not the language's; an issue has its own."""
    teaser_words: Annotated[int, between(1, 1000)] | None = None
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
class LedgerChoice:
    """Where it is written down who got which issue, when that is not the store."""

    url: LedgerUrl | None = None
    """The branch that keeps the ledger, so that a machine that forgets can send; without it, the store keeps it."""
    window: Window = "20 batches"
    """How much is claimed by one push. What a crash leaves in doubt is at most that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChoice:
    """Where a machine that forgets takes the list of readers from."""

    source: Source | None = field(default=None, repr=False)  # may hold a password
    """What holds the list, read before each send with a ledger on a branch; without it, that is the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """When a send stops and asks for a person."""

    max_growth: Annotated[int, between(0, 100_000)] = 50
    """How many per cent more readers than the last issue had are written to; more is taken for a mistake."""
    max_loss: Share = 50
    """How many per cent fewer readers than the last issue had are written to; fewer is taken for a mistake."""
    max_lateness: Annotated[int, between(1, 10_000)] = 12
    """How many hours after its `send_at` an issue may still begin to leave."""
    stop_after: Annotated[int, between(1, 1000)] = 10
    """After how many requests in a row that were of no use the sending stops, until it is run again."""
    max_suppression_age: Annotated[int, between(1, 10_000)] | None = None
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
    confirm_within: Annotated[int, between(1, 720)] = 72
    """How many hours somebody has to confirm that they want the newsletter."""
    max_sign_ups: Annotated[int, between(1, 1_000_000)] = 500
    """How many people an hour are asked to confirm at most; whoever comes on top of that waits for the next hour."""
    max_soft_bounces: Annotated[int, between(1, 100)] = 5
    """How many messages in a row may come back for the time being until an address is given up."""
    proxies: Annotated[int, between(0, 10)] = 0
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
    logo_width: Annotated[int, between(16, 800)] = 120
    """The width of the logo, in pixels."""
    width: Annotated[int, between(480, 800)] = 640
    """The greatest width of an issue, in pixels."""
    radius: Annotated[int, between(0, 32)] = 8
    """How round the corners of cards, pictures and buttons are, in pixels."""
    font: Fonts = "-apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
    """Fonts of the text, best first. A reader sees the first that their device has; none is downloaded."""
    heading_font: Fonts = "'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, serif"
    """Fonts of headings."""
    code_font: Fonts = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"
    """Fonts of code."""
    font_size: Annotated[int, between(14, 22)] = 17
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
    ledger: LedgerChoice
    subscribers: ListChoice
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


SECTIONS: Mapping[str, type] = {
    "newsletter": Newsletter,
    "provider": ProviderChoice,
    "store": StoreChoice,
    "ledger": LedgerChoice,
    "subscribers": ListChoice,
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
