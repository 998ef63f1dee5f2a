# /// script
# requires-python = ">=3.11"
# ///
"""
Write anew what mail programs support of HTML and CSS: ``python scripts/update_support.py [SOURCE]``.

SOURCE is the data of caniemail.com: its address or a file of it (``data.json``), or a folder that holds one, such as
the unpacked npm package ``caniemail``. Without it, https://www.caniemail.com/api/data.json is fetched.

Each feature gets the name by which `digest.checking.clients.usage` finds it in a message. Features that all mail
programs of the table honour at least in part are left out, since nothing is to be said of them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESS = "https://www.caniemail.com/api/data.json"
TARGET = Path(__file__).parent.parent / "src/digest/checking/clients/support.json"

# By name: what it is called in a sentence, and where it stands in caniemail's data.
CLIENTS = {
    "gmail-web": ("Gmail in a browser", "gmail", "desktop-webmail"),
    "gmail-ios": ("Gmail on iOS", "gmail", "ios"),
    "gmail-android": ("Gmail on Android", "gmail", "android"),
    "apple-mail-macos": ("Apple Mail on macOS", "apple-mail", "macos"),
    "apple-mail-ios": ("Apple Mail on iOS", "apple-mail", "ios"),
    "outlook-windows": ("classic Outlook on Windows", "outlook", "windows"),
    "outlook-com": ("Outlook.com and the new Outlook", "outlook", "outlook-com"),
    "outlook-macos": ("Outlook on macOS", "outlook", "macos"),
    "outlook-ios": ("Outlook on iOS", "outlook", "ios"),
    "outlook-android": ("Outlook on Android", "outlook", "android"),
    "yahoo-web": ("Yahoo in a browser", "yahoo", "desktop-webmail"),
    "yahoo-ios": ("Yahoo on iOS", "yahoo", "ios"),
    "yahoo-android": ("Yahoo on Android", "yahoo", "android"),
    "samsung-email": ("Samsung Email", "samsung-email", "android"),
    "thunderbird": ("Thunderbird", "thunderbird", "macos"),  # tested on macOS; it is one engine everywhere
    "proton-web": ("Proton in a browser", "protonmail", "desktop-webmail"),
    "proton-ios": ("Proton on iOS", "protonmail", "ios"),
    "proton-android": ("Proton on Android", "protonmail", "android"),
    "fastmail": ("Fastmail", "fastmail", "desktop-webmail"),
    "hey": ("HEY", "hey", "desktop-webmail"),
    "gmx-web": ("GMX in a browser", "gmx", "desktop-webmail"),
    "gmx-ios": ("GMX on iOS", "gmx", "ios"),
    "gmx-android": ("GMX on Android", "gmx", "android"),
    "web-de-web": ("WEB.DE in a browser", "web-de", "desktop-webmail"),
    "web-de-ios": ("WEB.DE on iOS", "web-de", "ios"),
    "web-de-android": ("WEB.DE on Android", "web-de", "android"),
    "orange-web": ("Orange in a browser", "orange", "desktop-webmail"),
    "orange-ios": ("Orange on iOS", "orange", "ios"),
    "orange-android": ("Orange on Android", "orange", "android"),
    "laposte": ("LaPoste.net", "laposte", "desktop-webmail"),
    "mail-ru": ("Mail.ru", "mail-ru", "desktop-webmail"),
}
LETTERS = {"y": "y", "a": "p", "n": "n"}
"""How caniemail's verdicts are written here: yes, partly, no; anything else is unknown."""

_START_END = ("start", "end")
NAMES: Mapping[str, tuple[str, ...]] = {
    "css-at-media": ("@media",),
    "css-at-media-device-pixel-ratio": ("@media (device-pixel-ratio)",),
    "css-at-media-hover": ("@media (hover)", "@media (any-hover)"),
    "css-block-inline-size": ("block-size",),
    "css-border-inline-block": ("border-inline", "border-block"),
    "css-border-inline-block-individual": tuple(
        f"border-{axis}-{what}" for axis in ("inline", "block") for what in ("color", "style", "width")
    ),
    "css-border-inline-block-longhand": tuple(
        f"border-{axis}-{side}" for axis in ("inline", "block") for side in _START_END
    ),
    "css-border-radius-logical": tuple(f"border-{one}-{two}-radius" for one in _START_END for two in _START_END),
    "css-color-scheme": ("color-scheme",),
    "css-column-layout-properties": ("columns", "column-rule", "column-span", "column-width"),
    "css-display-flex": ("display: flex", "display: inline-flex"),
    "css-display-grid": ("display: grid", "display: inline-grid"),
    "css-gap": ("gap", "column-gap", "row-gap"),
    "css-grid-template": ("grid-template", "grid-template-areas", "grid-template-columns", "grid-template-rows"),
    "css-important": ("!important",),
    "css-inert-attribute": ("inert=",),
    "css-intrinsic-size": ("fit-content", "min-content", "max-content"),
    "css-left-right-top-bottom": ("left", "right", "top", "bottom"),
    "css-margin-block-start-end": ("margin-block-start", "margin-block-end"),
    "css-margin-inline-block": ("margin-inline", "margin-block"),
    "css-margin-inline-start-end": ("margin-inline-start", "margin-inline-end"),
    "css-modern-color": ("lch()", "oklch()", "lab()", "oklab()"),
    "css-padding-block-start-end": ("padding-block-start", "padding-block-end"),
    "css-padding-inline-block": ("padding-inline", "padding-block"),
    "css-padding-inline-start-end": ("padding-inline-start", "padding-inline-end"),
    "css-pseudo-class-lang": (":lang()",),
    "css-pseudo-class-not": (":not()",),
    "css-scroll-snap": ("scroll-snap-type", "scroll-snap-align"),
    "css-text-wrap": ("text-wrap",),
    "css-unit-calc": ("calc()",),
    "css-unit-initial": ("initial",),
    "css-variables": ("var()",),
    "html-button-reset": ('<button type="reset">',),
    "html-button-submit": ("<button>", '<button type="submit">'),
    "html-input-submit": ('<input type="submit">',),
    "html-picture": ("<picture>",),
    "html-semantics": tuple(
        f"<{tag}>"
        for tag in (
            *("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav"),
            *("section", "summary", "time"),
        )
    ),
    "html-srcset": ("srcset=", "sizes="),
    "image-apng": ("image/apng",),
    "image-avif": ("image/avif",),
    "image-base64": ("data:",),
    "image-heif": ("image/heic",),
    "image-mp4": ("video/mp4",),
    "image-svg": ("image/svg+xml",),
    "image-tiff": ("image/tiff",),
    "image-webp": ("image/webp",),
}
# No use of them can be told from the message alone, or they are for others than its author.
LEFT_OUT = re.compile(
    r"amp|bimi|css-(comments|nesting|selector-.*|sytem-ui)|image-(bmp|hdr|ico)|"
    r"html-(anchor-links|base|body|comments|doctype|h1-h6|image-maps|link|lists|mailto-links|meta-color-scheme|style)"
)
PATTERNS = (
    (r"css-.*", r"([a-z-]+|:{1,2}[a-z-]+(\(\))?|@[a-z-]+( \([a-z-]+\))?|[a-z-]+\(\))( property)?", r"\1"),
    (r"css-unit-.*", r"([a-z]+) unit", r"\1"),
    (r"css-flex-.*", r"([a-z-]+): ?[a-z]+", r"\1"),
    (r"html-.*", r'(<[a-z0-9]+( type="[a-z]+")?>)( element)?', r"\1"),
    (r"html-.*", r"([a-z-]+) attribute", r"\1="),
    (r"html-.*", r"Embedded (<svg>) image", r"\1"),
    (r"html-.*", r"(address)", r"<\1>"),
)
"""A feature's slug, its title, and the name that is made of the title."""


def names_of(slug: str, title: str) -> tuple[str, ...]:
    """
    Return the names of a feature.

    Raises:
        ValueError: none can be made; the feature is new, and wants an entry in `NAMES` or `LEFT_OUT`.
    """
    if slug in NAMES:
        return NAMES[slug]
    for slugs, titles, name in PATTERNS:
        if re.fullmatch(slugs, slug) and (match := re.fullmatch(titles, title.strip())):
            return (match.expand(name),)
    msg = f'{slug} is new: give "{title}" its names'
    raise ValueError(msg)


def verdicts(stats: Mapping[str, Any]) -> str:
    """Return a letter for each mail program, in the order of `CLIENTS`: what its latest version makes of a feature."""
    return "".join(_latest(stats.get(family, {}).get(platform, {})) for _, family, platform in CLIENTS.values())


def _latest(versions: Mapping[str, str]) -> str:
    """Read the last version, as they are listed in their order: dates once, numbers later."""
    return LETTERS.get([*versions.values()][-1][0], "u") if versions else "u"


def features(data: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each feature that some mail program does without, and the verdicts."""
    for feature in data:
        letters = verdicts(feature["stats"])
        if "n" in letters and not LEFT_OUT.fullmatch(feature["slug"]):
            yield from ((name, letters) for name in names_of(feature["slug"], feature["title"]))


def read(source: str) -> Any:
    """Return caniemail's data from an address, a file, or a folder that holds it."""
    if source.startswith("https://"):
        with urlopen(source, timeout=30) as answer:  # noqa: S310  # an https address, as was just seen
            return json.load(answer)
    path = Path(source)
    if path.is_dir():
        path = next(file for name in ("caniemail.json", "data.json") for file in path.rglob(name))
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    """Write the table."""
    found = read(sys.argv[1] if len(sys.argv) > 1 else ADDRESS)
    table = {
        "source": "https://www.caniemail.com (MIT licence), by scripts/update_support.py",
        "date": found["last_update_date"][:10],
        "clients": {name: shown for name, (shown, *_) in CLIENTS.items()},
        "features": dict(sorted(features(found["data"]))),
    }
    TARGET.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
