"""
The addresses that leave in an issue, and the names that they are made of.

    https://news.example.org/<slug>/                 an issue in the archive
    https://news.example.org/<slug>/<story>/         a story of it
    https://news.example.org/unsubscribe/<token>     a reader's way out
    https://news.example.org/preferences/<token>     a reader's own page
    https://news.example.org/click/<signed>/<token>  a link that tells who followed it, where that is wished
    https://news.example.org/open/<signed>/<token>   a picture that tells who looked

The newsletter's address comes from the settings and ends without a slash. A token may be a slot's marker
(see `digest.model.pattern`), so it is written as it is.
"""

import re
import unicodedata
from hashlib import sha256
from urllib.parse import quote

LONGEST_SLUG = 80

_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"},
)
_APOSTROPHES = str.maketrans("", "", "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}")


def archive_url(newsletter_url: str, slug: str) -> str:
    """Return where an issue stands in the public archive."""
    return f"{newsletter_url}/{_part(slug)}/"


def story_url(newsletter_url: str, slug: str, story_slug: str) -> str:
    """Return where a story that has no link of its own can be read on."""
    return f"{newsletter_url}/{_part(slug)}/{_part(story_slug)}/"


def unsubscribe_url(newsletter_url: str, token: str) -> str:
    """Return where a reader leaves, by a click or by the one-click request of RFC 8058."""
    return f"{newsletter_url}/unsubscribe/{token}"


def preferences_url(newsletter_url: str, token: str) -> str:
    """Return where a reader sees and changes what is known of them."""
    return f"{newsletter_url}/preferences/{token}"


def click_url(newsletter_url: str, signed: str, token: str) -> str:
    """Return an address that leads on to the one that is signed, and tells that a reader went there."""
    return f"{newsletter_url}/click/{signed}/{token}"


def open_url(newsletter_url: str, signed: str, token: str) -> str:
    """Return where the picture is that tells that a reader looked at an issue."""
    return f"{newsletter_url}/open/{signed}/{token}"


def asset_url(assets_url: str, slug: str, filename: str, version: str) -> str:
    """
    Return where a local image of an issue is published.

    `version` stands for its content. It is no part of the path, so that an image that is changed later is there for
    mail that left before; but caches ask anew, and an issue whose image was changed reads otherwise.
    """
    return f"{assets_url}/{_part(slug)}/{_part(filename)}?v={version}"


def _part(text: str) -> str:
    return quote(text, safe="")


def slugify(text: str) -> str:
    """
    Return a name for addresses and folders: lower-case words of a-z and 0-9 with hyphens between them.

    A text in another script keeps its own letters; one without any letter or digit is named by its hash.
    """
    words = _words(text)
    plain = _without_marks(words)
    slug = plain if re.search("[a-z]", plain) else words
    return _shorten(slug) or sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _words(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    letters = (letter if unicodedata.category(letter)[0] in "LMN" else "-" for letter in folded)
    return unicodedata.normalize("NFKC", re.sub("-+", "-", "".join(letters)).strip("-"))


def _without_marks(words: str) -> str:
    decomposed = unicodedata.normalize("NFKD", words.translate(_LETTERS_WITHOUT_DECOMPOSITION))
    return re.sub("-+", "-", re.sub("[^a-z0-9-]", "", decomposed)).strip("-")


def _shorten(slug: str) -> str:
    if len(slug) <= LONGEST_SLUG:
        return slug
    return slug[: LONGEST_SLUG + 1].rpartition("-")[0] or slug[:LONGEST_SLUG]
