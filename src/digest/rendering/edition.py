"""The one path from an issue to what its readers get."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from digest.links import preferences_url, unsubscribe_url
from digest.model import Edition, Pattern, Slot
from digest.rendering.images import MailImages
from digest.rendering.inserts import place
from digest.rendering.lines import WIDTH, wrap
from digest.rendering.look import content_width, look_of
from digest.rendering.markup import HtmlWriter, Renderer
from digest.rendering.mjml import compile_mjml
from digest.rendering.origins import forget
from digest.rendering.plaintext import TextWriter
from digest.rendering.templates import Templates
from digest.rendering.views import ReaderView, Writers, view_issue
from digest.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.config import Settings
    from digest.errors import Place
    from digest.model import InlineImage, Issue
    from digest.rendering.images import Images

_SHARPNESS = 2
"""How many pixels of a picture a sharp screen has for each that is shown, from side to side."""
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
    """
    Renders the issues of one newsletter.

    Raises:
        SettingsError: links are to be tracked, and there is no key to sign them with; or the wording is at fault.
        CombinedError: the wording has several faults.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._templates = Templates(settings.root)
        self._look = look_of(settings)
        self._stylesheet = self._templates.render("content.css", self._look)
        self._track = _tracker(settings)
        self._say = Wording.of(settings).say

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

    def images(self, issue: Issue) -> Mapping[str, Callable[[], bytes]]:
        """
        Return the images of ours that an issue shows: what makes the bytes of each, by its address in the HTML.

        Raises:
            ContentError: a fault of the issue or of a template.
            SettingsError: a look that does not exist.
        """
        images = self._images(issue)
        self._templates.render("email.mjml", self._values(issue, images))
        return images.contents

    def _images(self, issue: Issue) -> MailImages:
        return MailImages(
            root=self._settings.root,
            slug=issue.slug,
            domain=self._settings.newsletter.from_.domain,
            assets=self._settings.assets,
            width=_SHARPNESS * content_width(self._settings.theme),
        )

    def _render(self, issue: Issue) -> tuple[Edition, str, MailImages]:
        """Return an edition, the MJML of which its HTML is made, and its images."""
        newsletter, images = self._settings.newsletter, self._images(issue)
        values = self._values(issue, images)
        mjml = self._templates.render("email.mjml", values)
        html = self._track(place(mjml, compile_mjml(mjml), self._stylesheet), issue.slug)
        text = forget(self._templates.render("email.txt", values))
        edition = Edition(
            slug=issue.slug,
            sender=newsletter.from_,
            reply_to=newsletter.reply_to,
            subject=Pattern.of_text(issue.subject),
            html=Pattern.of_html(html),
            text=Pattern.of_text(text.strip() + "\n"),
            headers={name: Pattern.of_text(value) for name, value in _headers(self._settings).items()},
            images=images.embedded,
        )
        return edition, mjml, images

    def _values(self, issue: Issue, images: Images) -> dict[str, object]:
        """Return what a template sees; `reference/templates.md` tells what each is."""
        newsletter, theme = self._settings.newsletter, self._settings.theme
        renderer = Renderer(images=images, image_width=content_width(theme), code_style=theme.code_style)
        writers = Writers(
            html=HtmlWriter(renderer), text=TextWriter(), images=images, read_more=self._say("issue.read_more")
        )
        return {
            **self._look,
            "issue": view_issue(issue, newsletter, writers),
            "newsletter": newsletter,
            "logo": images.show_logo(self._settings),
            "reader": ReaderView({"email": "", "name": "", **self._settings.fields}),
            "unsubscribe_url": unsubscribe_url(self._settings.web_url, _TOKEN),
            "preferences_url": preferences_url(self._settings.web_url, _TOKEN),
            "say": self._say,
            "wrap": lambda text: "\n".join(wrap(text)),
            "rule": lambda sign: sign * WIDTH,
        }


def _tracker(settings: Settings) -> Callable[[str, str], str]:
    """Return what becomes of the HTML of an issue by its slug; what signs is loaded only where somebody watches."""
    tracking = settings.tracking
    if tracking.through == "provider" or not (tracking.opens or tracking.clicks):
        return lambda html, _slug: html
    track: Callable[[str, str], str] = import_module("digest.rendering.tracking").Tracker.of(settings).track
    return track


def _headers(settings: Settings) -> dict[str, str]:
    """Return the header fields of a list's mail; its id is the same in every issue (RFC 2919, 2369 and 8058)."""
    newsletter = settings.newsletter
    mailbox = newsletter.from_
    return {
        "List-Id": f"{newsletter.name} <{mailbox.email.partition('@')[0]}.{mailbox.domain}>",
        "List-Unsubscribe": f"<{unsubscribe_url(settings.web_url, _TOKEN)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
