"""Pages, made of templates that a newsletter may replace one by one; they look like its issues and need no script."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from mimetypes import guess_type
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from digest.errors import SettingsError
from digest.rendering.look import look_of
from digest.rendering.origins import forget
from digest.rendering.templates import BUILT_IN, Templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.config import Settings
    from digest.wording import Wording

LOGO = "/logo"
"""Where a logo is shown that is a file of the newsletter."""


class Pages:
    """
    The pages of one newsletter.

    Args:
        settings: the newsletter's.
        wording: its words.
        can_join: whether a page leads to that on which people subscribe.

    Raises:
        ContentError: a template is wrong.
        SettingsError: the logo cannot be read.
    """

    def __init__(self, settings: Settings, wording: Wording, *, can_join: bool) -> None:
        self.base = urlsplit(settings.web_url).path
        """What stands before all paths: blank, or such as ``/letters``."""
        self._settings = settings
        self._templates = Templates(settings.root)
        newsletter = replace(settings.newsletter, language=wording.language)
        self._values = {
            **look_of(settings, wording.language),
            "newsletter": newsletter,
            "base": self.base,
            "can_join": can_join,
            "logo": f"{self.base}{LOGO}" if self.logo else settings.theme.logo,
            "say": wording.say,
        }
        self._values["style"] = self._render("web/style.css", {})
        for path in sorted((BUILT_IN / "web").iterdir()):
            self._templates.check(f"web/{path.name}")
        self.policy = self._policy()
        """What a browser may do with a page."""

    def show(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return the page that ``web/<template>.html`` makes of these values."""
        return HTMLResponse(self._render(f"web/{template}.html", values), status)

    @cached_property
    def logo(self) -> tuple[bytes, str] | None:
        """
        The content and the media type of the logo, where it is a file of the newsletter.

        Raises:
            SettingsError: it cannot be read.
        """
        theme = self._settings.theme
        if not theme.logo or theme.logo.startswith("https:"):
            return None
        try:
            content = (self._settings.root / theme.logo).read_bytes()
        except OSError as error:
            msg = f"the logo {theme.logo} cannot be read ({error.strerror})"
            raise SettingsError(msg, hint="[theme] logo is a path beside digest.toml.") from error
        return content, guess_type(theme.logo)[0] or "application/octet-stream"

    def _render(self, name: str, values: Mapping[str, object]) -> str:
        return forget(self._templates.render(name, {**self._values, **values}))

    def _policy(self) -> str:
        style = b64encode(sha256(str(self._values["style"]).encode()).digest()).decode()
        return (
            f"default-src 'none'; style-src 'sha256-{style}'; img-src 'self' https:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
