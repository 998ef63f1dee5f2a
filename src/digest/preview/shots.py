"""
Pictures of an issue as mail programs show it, taken by a browser that is installed, for those who review it.

Playwright is optional, so only the command asks for this module.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error, TimeoutError, sync_playwright  # noqa: A004  # what waiting raises

from digest.errors import SettingsError
from digest.files import write_whole
from digest.preview.clients import Look, as_shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, BrowserType, Route

    from digest.checking.proof import Proof
    from digest.model import InlineImage

_SHARPNESS = 2
"""How many pixels of the picture stand for one of the screen's."""
_PATIENCE = 10_000
"""For how many milliseconds the email's images are waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One way to look at an issue."""

    width: int
    """Of the screen, in pixels."""
    look: Look
    images: bool = True

    @property
    def filename(self) -> str:
        """The name of the picture, the same each time."""
        return f"{self.width}-{self.look.value}{'' if self.images else '-images-off'}.png"


SHOTS = (
    *(Shot(width=width, look=look) for width in (375, 640) for look in (Look.LIGHT, Look.DARK)),
    *(Shot(width=640, look=look, images=False) for look in (Look.LIGHT, Look.DARK)),
)
"""A phone and a desk, by day and by night, and without images."""


def take_shots(proof: Proof, folder: Path) -> Iterator[Path]:
    """
    Write the pictures of an issue, and yield the path of each as soon as it is there.

    Nothing is fetched but images at ``https`` addresses; one that does not come is missing in the picture.

    Raises:
        SettingsError: there is no browser.
    """
    addresses = {address: _as_data(image) for address, image in proof.images.items()}
    with sync_playwright() as playwright:
        browser = _launch(playwright.chromium)
        for shot in SHOTS:
            html = as_shown(proof.html, shot.look, images=shot.images, addresses=addresses)
            path = folder / shot.filename
            write_whole(path, _photograph(browser, html, shot))
            yield path
        browser.close()


def _as_data(image: InlineImage) -> str:
    return f"data:{image.media_type};base64,{b64encode(image.content).decode()}"


def _photograph(browser: Browser, html: str, shot: Shot) -> bytes:
    with browser.new_context(
        viewport={"width": shot.width, "height": 800},
        device_scale_factor=_SHARPNESS,
        color_scheme="dark" if shot.look is Look.DARK else "light",
        reduced_motion="reduce",
        java_script_enabled=False,
        service_workers="block",
    ) as context:
        context.route("**/*", _let_images_pass)
        page = context.new_page()
        with suppress(TimeoutError):
            page.set_content(html, timeout=_PATIENCE)
        return page.screenshot(full_page=True, animations="disabled")


def _let_images_pass(route: Route) -> None:
    request = route.request
    if request.resource_type == "image" and request.url.startswith("https://"):
        route.continue_()
    else:
        route.abort()


_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_CHANNELS = ("chrome", "msedge")
"""What Playwright finds by itself where such a browser is usually installed."""


def _launch(chromium: BrowserType) -> Browser:
    """Start Playwright's own Chromium or, where there is none, a browser of its kind that is installed."""
    fault: Error | None = None
    for choice in _choices(chromium):
        try:
            return chromium.launch(**choice, chromium_sandbox=_has_sandbox())
        except Error as error:
            fault = error if "executable_path" in choice else fault
    msg = "there is no Chromium, Chrome or Edge here that takes pictures"
    hint = "Get one with: playwright install chromium; or by your system, such as: apt install chromium"
    raise SettingsError(msg, hint=hint) from fault


def _choices(chromium: BrowserType) -> Iterator[Mapping[str, Any]]:
    if Path(chromium.executable_path).exists():
        yield {}
    yield from ({"executable_path": path} for program in _PROGRAMS if (path := shutil.which(program)))
    yield from ({"channel": channel} for channel in _CHANNELS)


def _has_sandbox() -> bool:
    """Say whether a browser can fence itself in, which the system's administrator and containers do not let it."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return not is_root and not any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
