"""The one path from an issue to what its readers get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digest.config import FILE_NAME
from digest.links import preferences_url, unsubscribe_url
from digest.model import RESERVED_FIELDS, Edition, Pattern, Slot
from digest.rendering.images import Images
from digest.rendering.inserts import Inserts
from digest.rendering.markup import Markup
from digest.rendering.mjml import compile_mjml
from digest.rendering.plaintext import WIDTH, PlainText, wrap
from digest.rendering.templates import Templates
from digest.rendering.views import ReaderView, Writers, view_issue

if TYPE_CHECKING:
    from digest.config import Newsletter, Settings
    from digest.model import Issue

_GUTTER = 40
"""Space at either side of the content, in pixels."""
_THUMBNAIL = 0.36
"""How much of the content's width an image beside a text takes."""
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_TOKEN = Slot(name="token").marker


class EditionRenderer:
    """Renders the issues of one newsletter."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._templates = Templates(settings.root)
        self._stylesheet = self._templates.render("content.css", {"theme": settings.theme})

    def render(self, issue: Issue) -> Edition:
        """
        Render an issue once for everyone.

        Raises:
            ContentError: a fault of the issue or of a template.
            SettingsError: a look that does not exist.
        """
        newsletter = self._settings.newsletter
        images = Images(
            root=self._settings.root,
            slug=issue.slug,
            domain=newsletter.from_.domain,
            assets=self._settings.assets,
        )
        inserts = Inserts(stylesheet=self._stylesheet)
        values = self._values(issue, images, inserts)
        mjml = self._templates.render("email.mjml", values, inserts)
        html = inserts.place(mjml, compile_mjml(mjml))
        text = self._templates.render("email.txt", values)
        unsubscribe = unsubscribe_url(newsletter.url, _TOKEN)
        return Edition(
            slug=issue.slug,
            sender=newsletter.from_,
            reply_to=newsletter.reply_to,
            subject=Pattern.of_text(issue.subject),
            html=Pattern.of_html(html),
            text=Pattern.of_text(text.strip() + "\n"),
            headers={
                "List-Id": Pattern.of_text(_list_id(newsletter)),
                "List-Unsubscribe": Pattern.of_text(f"<{unsubscribe}>"),
                "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
            },
            images=tuple(images.embedded.values()),
        )

    def _values(self, issue: Issue, images: Images, inserts: Inserts) -> dict[str, object]:
        """Return what a template sees; `reference/templates.md` tells what each is."""
        newsletter, theme = self._settings.newsletter, self._settings.theme
        content_width = theme.width - 2 * _GUTTER
        html = Markup(images=images, image_width=content_width, code_style=theme.code_style)
        writers = Writers(html=html, text=PlainText(), inserts=inserts, images=images)
        rightwards = newsletter.language.split("-")[0].lower() not in _RIGHT_TO_LEFT
        logo = theme.logo and images.resolve(
            theme.logo, theme.logo_alt or newsletter.name, self._settings.root / FILE_NAME
        )
        return {
            "issue": view_issue(issue, newsletter, writers),
            "newsletter": newsletter,
            "theme": theme,
            "logo": logo,
            "reader": ReaderView(fields={**dict.fromkeys(RESERVED_FIELDS, ""), **self._settings.fields}),
            "unsubscribe_url": unsubscribe_url(newsletter.url, _TOKEN),
            "preferences_url": preferences_url(newsletter.url, _TOKEN),
            "gutter": _GUTTER,
            "content_width": content_width,
            "thumbnail_width": round(content_width * _THUMBNAIL) - 24,
            "direction": "ltr" if rightwards else "rtl",
            "start": "left" if rightwards else "right",
            "end": "right" if rightwards else "left",
            "arrow": "→" if rightwards else "←",
            "wrap": lambda text: "\n".join(wrap(text)),
            "rule": lambda sign: sign * WIDTH,
        }


def _list_id(newsletter: Newsletter) -> str:
    """Return the list's name and, the same in every issue, its id (RFC 2919)."""
    mailbox = newsletter.from_
    return f"{newsletter.name} <{mailbox.email.partition('@')[0]}.{mailbox.domain}>"
