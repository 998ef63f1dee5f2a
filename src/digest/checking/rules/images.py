"""Rules about images: how heavy and how large their files are, and what they are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from digest.checking.clients.support import readership
from digest.checking.pictures import begins_blank, media_type, size_of
from digest.checking.rule import Remark, few, rule
from digest.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.html import HtmlElement

    from digest.checking.proof import Proof
    from digest.model import InlineImage

_HEAVY, _HEAVY_TOGETHER = 1_048_576, 2_097_152


@rule(Severity.WARNING)
def image_weight(proof: Proof) -> Iterator[Remark]:
    """
    An image weighs less than 1 MB, and all together less than 2 MB.

    On a phone's network, each megabyte is seconds in which there is a hole in the page; and images that travel inside
    the message grow by a third, and fill mailboxes. The files beside the issue are weighed, and with `--online` those
    that are fetched from elsewhere.
    """
    weights = {source: len(image.content) for source, image in proof.images.items()}
    weights |= {source: answer.size for source, answer in proof.answers.items() if answer.size}
    shown = {source: (weights[source], image) for source, image in _sources(proof).items() if source in weights}
    for source, (weight, image) in shown.items():
        if weight > _HEAVY:
            yield Remark(
                sentence=f"{_name(proof, source)} weighs {_megabytes(weight)}",
                fix="Save a photograph as JPEG; give an animation fewer frames, or fewer pixels.",
                element=image,
                needle=_name(proof, source),
            )
    total = sum(weight for weight, _ in shown.values())
    if total > _HEAVY_TOGETHER:
        heaviest, (weight, image) = max(shown.items(), key=lambda item: item[1][0])
        yield Remark(
            sentence=f"the images weigh {_megabytes(total)} together; the largest, {_name(proof, heaviest)}, "
            f"{_megabytes(weight)}",
            fix="Save photographs as JPEG, make animations smaller, or leave some out.",
            element=image,
        )


def _sources(proof: Proof) -> Mapping[str, HtmlElement]:
    """Return the images of the page by their addresses, each at its first place."""
    found: dict[str, HtmlElement] = {}
    for image in proof.page.images:
        found.setdefault((image.get("src") or "").strip(), image)
    return {source: image for source, image in found.items() if source}


def _name(proof: Proof, source: str) -> str:
    """Return what an editor calls an image: the name of the file, or its address."""
    return proof.images[source].filename if source in proof.images else source


def _megabytes(size: int) -> str:
    return f"{size / 1_048_576:.1f} MB"


_BASE64 = 4 / 3 * 78 / 76
"""By what bytes grow inside a message: three become four, and 76 make a line (RFC 2045, 6.8)."""
_DEAR, _DEAR_TOGETHER = 262_144, 1_073_741_824
"""From how many bytes on in a message, and in all messages, it is told what images cost that travel inside."""


@rule(Severity.NOTE)
def image_embedded(proof: Proof) -> Iterator[Remark]:
    """
    Images that travel inside the message are worth what they cost, and the provider can carry them.

    They are there at once, and nobody learns when the mail is opened. But each message carries all of them, grown by a
    third in base64: services send, limit and bill by the size of a request, and mailboxes fill. From 256 KB a message
    on, or 1 GB for all readers, it is said how much that is. Where the provider cannot carry them, it is an error.
    """
    embedded = {source: image for source, image in _sources(proof).items() if source.startswith("cid:")}
    if not (proof.edition.images and embedded):
        return
    if not proof.carries_images:
        yield Remark(
            sentence=f"{proof.settings.provider.name} cannot carry images inside a message",
            fix=_PUBLISH,
            element=next(iter(embedded.values())),
            severity=Severity.ERROR,
        )
        return
    weight = round(sum(len(image.content) for image in proof.edition.images) * _BASE64)
    readers = proof.survey.readers if proof.survey else 0
    if weight >= _DEAR or weight * readers >= _DEAR_TOGETHER:
        count = len(proof.edition.images)
        for_all = f", {_gigabytes(weight * readers)} for {readers:,} readers" if readers > 1 else ""
        yield Remark(
            sentence=f"{count} image{'s' * (count > 1)} inside the message: {_megabytes(weight)} a mail{for_all}",
            fix=f"If that is too much: {_PUBLISH[0].lower()}{_PUBLISH[1:]}",
            element=next(iter(embedded.values())),
        )


_PUBLISH = "Under [assets] in digest.toml, set `url` to where the images are published."


def _gigabytes(size: int) -> str:
    return f"{size / 1_073_741_824:.1f} GB" if size >= _DEAR_TOGETHER else f"{size / 1_048_576:,.0f} MB"


_WHOLE = re.compile(r"\d+")
_TOO_SMALL, _TOO_LARGE = 1.0, 3.0
_WASTE = 200_000
"""From how many bytes on an image that is too large is worth a word."""


@rule(Severity.WARNING)
def image_width(proof: Proof) -> Iterator[Remark]:
    """
    Each image says in its tag how wide it is shown, and its file fits that.

    Classic Outlook on Windows shows an image without a `width` as large as the file is, whatever a stylesheet says
    (caniemail.com on `max-width`, 2026-05). A file with fewer pixels than that looks blurred everywhere; twice as many
    look sharp on every screen; more than three times as many are weight for nothing, which is said from 200 KB on.
    """
    yield from few(_widths(proof))


def _widths(proof: Proof) -> Iterator[Remark]:
    for source, image in _sources(proof).items():
        width = (image.get("width") or "").strip()
        if proof.page.style(image).concealed:
            continue
        if not _WHOLE.fullmatch(width):
            yield Remark(
                sentence=f"{_name(proof, source)} does not say how wide it is shown"
                + (f': its width is "{width}"' if width else ""),
                fix='Save it beside the issue, where its size is known, or set width="560", a number of pixels.',
                element=image,
                needle=_name(proof, source),
            )
        elif source in proof.images:
            yield from _misfit(proof.images[source], int(width), image)


def _misfit(file: InlineImage, shown: int, image: HtmlElement) -> Iterator[Remark]:
    pixels, _ = size_of(file.content) or (0, 0)
    if not pixels or not shown:
        return
    if pixels / shown < _TOO_SMALL:
        sentence = f"{file.filename} is shown {shown} pixels wide, but has only {pixels}, so it looks blurred"
    elif pixels / shown > _TOO_LARGE and len(file.content) > _WASTE:
        sentence = f"{file.filename} is {pixels} pixels wide for the {shown} that are shown, and weighs " + _megabytes(
            len(file.content)
        )
    else:
        return
    yield Remark(
        sentence=sentence,
        fix=f"Save it {2 * shown} pixels wide: twice what is shown.",
        element=image,
        needle=file.filename,
    )


@rule(Severity.ERROR)
def image_inline_data(proof: Proof) -> Iterator[Remark]:
    """
    No image is written into its own address (`data:`).

    Gmail shows none of them, in no browser and on no phone (caniemail.com, 2026-05), and their bytes count toward its
    limit. Images beside an issue travel inside the message as parts of it, which works.
    """
    found = {use.element: None for use in proof.uses if use.feature == "data:"}
    loss = readership(proof.settings.check.clients).loss("data:")
    yield from few(
        Remark(
            sentence=f"an image is written into its own address, which is not shown by {loss}",
            fix="Save it as a file beside the issue, or publish it.",
            element=element,
            needle="data:image",
        )
        for element in found
    )


_CALLED = {
    "image/apng": "an animated PNG",
    "image/png": "a PNG",
    "image/jpeg": "a JPEG",
    "image/gif": "a GIF",
    "image/webp": "a WebP image",
    "image/avif": "an AVIF image",
    "image/heic": "a HEIC image",
    "image/tiff": "a TIFF image",
    "image/bmp": "a BMP image",
    "image/svg+xml": "an SVG drawing",
    "video/mp4": "a video",
}
_BY_SUFFIX = {
    "webp": "image/webp",
    "avif": "image/avif",
    "heic": "image/heic",
    "heif": "image/heic",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "svg": "image/svg+xml",
    "mp4": "video/mp4",
}


@rule(Severity.WARNING)
def image_format(proof: Proof) -> Iterator[Remark]:
    """
    Images are PNG, JPEG or GIF, and are what their names say.

    These three are shown everywhere. Classic Outlook on Windows knows no WebP and no AVIF, Gmail in a browser no SVG
    (caniemail.com, 2026-05); an animated PNG stands still in many. A file of ours is known by its bytes, one from
    elsewhere by its name.
    """
    yield from few(_formats(proof))


def _formats(proof: Proof) -> Iterator[Remark]:
    audience = readership(proof.settings.check.clients)
    for source, image in _sources(proof).items():
        file, name = proof.images.get(source), _name(proof, source)
        kind = media_type(file.content) if file else _by_name(source)
        loss = audience.loss(kind)
        if loss.clients:
            still = kind == "image/apng"
            yield Remark(
                sentence=f"{name} is {_CALLED[kind]}, which {'stands still in' if still else 'is not shown by'} {loss}",
                fix="Save it as a GIF." if still else "Save it as PNG or JPEG.",
                element=image,
                needle=name,
                severity=Severity.NOTE if still else None,
            )
        elif file and kind.replace("apng", "png") not in {"", file.media_type}:
            yield Remark(
                sentence=f"{name} is {_CALLED[kind]} under the name of {_CALLED[file.media_type]}",
                fix="Give it the ending of what it is: some mail programs go by the name, and show nothing.",
                element=image,
                needle=name,
            )


def _by_name(address: str) -> str:
    return _BY_SUFFIX.get(re.split(r"[?#]", address, maxsplit=1)[0].rpartition(".")[2].lower(), "")


@rule(Severity.WARNING)
def image_first_frame(proof: Proof) -> Iterator[Remark]:
    """
    An animated image shows something from its first frame on.

    Outlook up to 2016 on Windows shows the first frame and no other, later ones stop after three rounds
    (caniemail.com on GIF, 2026-05), and devices can be set to show no motion. Whether a first frame makes sense, only a
    person sees; that it is all of one colour, or transparent, is said here.
    """
    for source, image in _sources(proof).items():
        if source in proof.images and begins_blank(proof.images[source].content):
            yield Remark(
                sentence=f"{_name(proof, source)} begins with an empty frame, which is all that some readers see",
                fix="Let it begin with its most telling frame.",
                element=image,
                needle=_name(proof, source),
            )
