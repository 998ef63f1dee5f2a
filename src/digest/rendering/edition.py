"""The one path from an issue to what its readers get."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from digest.config import FILE_NAME
from digest.links import preferences_url, unsubscribe_url
from digest.model import Edition, Pattern, Picture, Slot
from digest.rendering.images import Images
from digest.rendering.inserts import place
from digest.rendering.lines import WIDTH, wrap
from digest.rendering.markup import HtmlWriter
from digest.rendering.mjml import compile_mjml
from digest.rendering.origins import forget
from digest.rendering.plaintext import TextWriter
from digest.rendering.templates import Templates
from digest.rendering.views import ReaderView, Writers, view_issue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.config import Newsletter, Settings, Theme
    from digest.errors import Place
    from digest.model import InlineImage, Issue
    from digest.rendering.images import Image

_GUTTER = 40
"""Space at either side of the content, in pixels."""
_THUMBNAIL = 0.36
"""How much of the content's width an image beside a text takes."""
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_TOKEN = Slot(name="token").marker


@dataclass(frozen=True, kw_only=True)
class Traced:
    """An edition, and the same HTML with its origins."""

    edition: Edition
    images: Mapping[str, InlineImage]
    """The images that are files of ours, by the address under which the HTML shows each."""
    mjml: str
    """What its HTML is made of, with marks of origin."""
    stylesheet: str
    named: Mapping[str, Place]
    """Where images were named that a template shows, by their addresses."""

    @cached_property
    def html(self) -> Pattern:
        """
        Its HTML, in which tags tell by ``data-origin="path:line"`` where they were written, as far as that is known.

        It is made when it is asked for, since whoever waits to see an issue waits for the edition alone.
        """
        return Pattern.of_html(place(self.mjml, compile_mjml(self.mjml, traced=True), self.stylesheet, self.named))


class EditionRenderer:
    """Renders the issues of one newsletter."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._templates = Templates(settings.root)
        self._look = _look(settings)
        self._stylesheet = self._templates.render("content.css", self._look)

    def render(self, issue: Issue) -> Edition:
        """
        Render an issue once for everyone.

        Raises:
            ContentError: a fault of the issue or of a template.
            SettingsError: a look that does not exist.
        """
        edition, _, _ = self._render(issue)
        return edition

    def trace(self, issue: Issue) -> Traced:
        """
        Render an issue, and tell where its HTML was written.

        Raises:
            ContentError: a fault of the issue or of a template.
            SettingsError: a look that does not exist.
        """
        edition, mjml, images = self._render(issue)
        return Traced(
            edition=edition, images=images.by_address, mjml=mjml, stylesheet=self._stylesheet, named=images.named
        )

    def _render(self, issue: Issue) -> tuple[Edition, str, Images]:
        """Return an edition, the MJML of which its HTML is made, and its images."""
        newsletter = self._settings.newsletter
        images = Images(
            root=self._settings.root,
            slug=issue.slug,
            domain=newsletter.from_.domain,
            assets=self._settings.assets,
        )
        values = self._values(issue, images)
        mjml = self._templates.render("email.mjml", values)
        html = place(mjml, compile_mjml(mjml), self._stylesheet)
        text = forget(self._templates.render("email.txt", values))
        edition = Edition(
            slug=issue.slug,
            sender=newsletter.from_,
            reply_to=newsletter.reply_to,
            subject=Pattern.of_text(issue.subject),
            html=Pattern.of_html(html),
            text=Pattern.of_text(text.strip() + "\n"),
            headers={name: Pattern.of_text(value) for name, value in _headers(newsletter).items()},
            images=images.embedded,
        )
        return edition, mjml, images

    def _values(self, issue: Issue, images: Images) -> dict[str, object]:
        """Return what a template sees; `reference/templates.md` tells what each is."""
        newsletter, theme = self._settings.newsletter, self._settings.theme
        html = HtmlWriter(images=images, image_width=_content_width(theme), code_style=theme.code_style)
        writers = Writers(html=html, text=TextWriter(), images=images)
        return {
            **self._look,
            "issue": view_issue(issue, newsletter, writers),
            "newsletter": newsletter,
            "logo": self._logo(images),
            "reader": ReaderView({"email": "", "name": "", **self._settings.fields}),
            "unsubscribe_url": unsubscribe_url(newsletter.url, _TOKEN),
            "preferences_url": preferences_url(newsletter.url, _TOKEN),
            "wrap": lambda text: "\n".join(wrap(text)),
            "rule": lambda sign: sign * WIDTH,
        }

    def _logo(self, images: Images) -> Image | None:
        theme, newsletter = self._settings.theme, self._settings.newsletter
        if not theme.logo:
            return None
        alt, file = theme.logo_alt or newsletter.name, self._settings.root / FILE_NAME
        return images.show(Picture(src=theme.logo, alt=alt, path=file, line=0))


def _look(settings: Settings) -> dict[str, object]:
    """Return what a template sees of the look, which no issue changes."""
    content_width = _content_width(settings.theme)
    rightwards = settings.newsletter.language.split("-")[0].lower() not in _RIGHT_TO_LEFT
    return {
        "theme": settings.theme,
        "gutter": _GUTTER,
        "content_width": content_width,
        "thumbnail_width": int(content_width * _THUMBNAIL) - 24,
        "direction": "ltr" if rightwards else "rtl",
        "start": "left" if rightwards else "right",
        "end": "right" if rightwards else "left",
        "arrow": "→" if rightwards else "←",
    }


def _content_width(theme: Theme) -> int:
    return theme.width - 2 * _GUTTER


def _headers(newsletter: Newsletter) -> dict[str, str]:
    """Return the header fields of a list's mail; its id is the same in every issue (RFC 2919, 2369 and 8058)."""
    mailbox = newsletter.from_
    return {
        "List-Id": f"{newsletter.name} <{mailbox.email.partition('@')[0]}.{mailbox.domain}>",
        "List-Unsubscribe": f"<{unsubscribe_url(newsletter.url, _TOKEN)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
