# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=11"]
# ///
"""
Draw the pictures of the sample issues: ``python scripts/draw_sample_images.py``.

The pictures have no other source. They are drawn four times too large and scaled down, which makes edges smooth;
nothing in them is random, so the same Pillow writes the same bytes.
"""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING, Self

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Point = tuple[float, float]
Color = tuple[int, int, int]

PAPER: Color = (0xF6, 0xF1, 0xE7)
INK: Color = (0x1F, 0x24, 0x30)
ACCENT: Color = (0xB4, 0x43, 0x1F)
SAND: Color = (0xE3, 0xD6, 0xBE)
SLATE: Color = (0x77, 0x80, 0x92)

ISSUES = Path(__file__).parent.parent / "issues"
OVERSIZE = 4
COLORS = 96
"""How many colours a file keeps: the palette, its mixtures and the steps between them at smooth edges."""


def mix(first: Color, second: Color, share: float) -> Color:
    """Return a colour that is `share` of `second` and the rest of `first`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def scatter(count: int) -> Iterator[tuple[float, float, float]]:
    """Return `count` triples in 0..1 that look strewn and never clump (Roberts' R3 sequence)."""
    root = 1.2207440846057596  # the real root of x**4 = x + 1
    for index in range(1, count + 1):
        yield (index / root % 1, index / root**2 % 1, index / root**3 % 1)


class Canvas:
    """A picture in the making; lengths are pixels of the finished file."""

    def __init__(self, width: int, height: int, ground: Color) -> None:
        self.width = width
        self.height = height
        self._image = Image.new("RGB", (width * OVERSIZE, height * OVERSIZE), ground)
        self._draw = ImageDraw.Draw(self._image)

    def shape(self, points: Iterable[Point], color: Color) -> Self:
        """Fill a polygon."""
        self._draw.polygon([(x * OVERSIZE, y * OVERSIZE) for x, y in points], fill=color)
        return self

    def disc(self, center: Point, radius: float, color: Color) -> Self:
        """Fill a circle."""
        return self.ellipse(center, radius, radius, color)

    def ellipse(self, center: Point, across: float, along: float, color: Color, angle: float = 0) -> Self:
        """Fill an ellipse with the radii `across` and `along`, turned by `angle` in radians."""
        turns = [step * 2 * pi / 96 for step in range(96)]
        offsets = [(across * cos(turn), along * sin(turn)) for turn in turns]
        x, y = center
        turned = [(x + a * cos(angle) - b * sin(angle), y + a * sin(angle) + b * cos(angle)) for a, b in offsets]
        return self.shape(turned, color)

    def block(self, left: float, top: float, width: float, height: float, color: Color, radius: float = 0) -> Self:
        """Fill a rectangle, with round corners if `radius` says so."""
        box = [side * OVERSIZE for side in (left, top, left + width, top + height)]
        self._draw.rounded_rectangle(box, radius * OVERSIZE, fill=color)
        return self

    def line(self, points: Iterable[Point], width: float, color: Color) -> Self:
        """Draw a line with round joints and ends."""
        path = list(points)
        scaled = [(x * OVERSIZE, y * OVERSIZE) for x, y in path]
        self._draw.line(scaled, fill=color, width=round(width * OVERSIZE), joint="curve")
        return self.disc(path[0], width / 2, color).disc(path[-1], width / 2, color)

    def save(self, path: Path) -> None:
        """Scale down and write an optimised PNG."""
        small = self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        few = small.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def wave(width: int, level: float, *swings: tuple[float, float, float]) -> list[Point]:
    """Return a hilly line across the picture; a swing has a height, a length and a shift, in pixels."""
    return [
        (x, level + sum(height * sin(2 * pi * (x + shift) / length) for height, length, shift in swings))
        for x in range(0, width + 4, 4)
    ]


def height_at(line: list[Point], x: float) -> float:
    """Return how high a hilly line runs at `x`."""
    return min(line, key=lambda point: abs(point[0] - x))[1]


def curve(start: Point, first: Point, second: Point, end: Point, steps: int = 200) -> list[Point]:
    """Return a cubic Bézier curve as points."""
    points = []
    for step in range(steps + 1):
        t = step / steps
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        corners = (start, first, second, end)
        x = sum(weight * corner[0] for weight, corner in zip(weights, corners, strict=True))
        y = sum(weight * corner[1] for weight, corner in zip(weights, corners, strict=True))
        points.append((x, y))
    return points


def draw_stairs() -> Canvas:
    """A staircase that stops in mid-air above a plateau, and somebody on its last step."""
    canvas = Canvas(1280, 720, PAPER)
    canvas.disc((980, 290), 118, ACCENT)
    _draw_mesas(canvas)
    _draw_plateau(canvas)
    _draw_flight(canvas, foot=(250, 606), steps=11, run=50, rise=36, depth=(-74, -30))
    _draw_figure(canvas, feet=(776, 200))
    return canvas


def _draw_mesas(canvas: Canvas) -> None:
    far, near = mix(PAPER, SAND, 0.7), mix(SAND, SLATE, 0.22)
    canvas.shape([(0, 452), (150, 452), (196, 510), (420, 510), (420, 720), (0, 720)], far)
    canvas.shape(
        [(690, 520), (760, 430), (1010, 430), (1044, 478), (1180, 478), (1280, 530), (1280, 720), (600, 720)], far
    )
    canvas.shape([(1010, 590), (1090, 520), (1220, 520), (1280, 556), (1280, 720), (1000, 720)], near)


def _draw_plateau(canvas: Canvas) -> None:
    top, side, shadow = SAND, mix(SAND, SLATE, 0.5), mix(SAND, SLATE, 0.3)
    canvas.shape([(0, 530), (980, 530), (1080, 640), (0, 640)], top)
    canvas.shape([(0, 640), (1080, 640), (1052, 720), (0, 720)], side)
    canvas.shape([(980, 530), (1080, 640), (1052, 720), (1016, 720), (984, 620)], mix(SAND, SLATE, 0.66))
    canvas.shape([(250, 606), (178, 576), (690, 576), (760, 606)], shadow)


def _draw_flight(canvas: Canvas, foot: Point, steps: int, run: float, rise: float, depth: Point) -> None:
    """Draw steps that climb to the right, seen from the left and from above."""
    left, ground = foot
    back_x, back_y = depth
    silhouette = [foot]
    for step in range(steps):
        x, below, above = left + step * run, ground - step * rise, ground - (step + 1) * rise
        riser = [(x, below), (x, above), (x + back_x, above + back_y), (x + back_x, below + back_y)]
        tread = [(x, above), (x + run, above), (x + run + back_x, above + back_y), (x + back_x, above + back_y)]
        canvas.shape(riser, SLATE).shape(tread, PAPER)
        silhouette += [(x, above), (x + run, above)]
    end, top = silhouette[-1]
    canvas.shape([*silhouette, (end, top + rise * 1.3), (left + run * 1.4, ground)], INK)


def _draw_figure(canvas: Canvas, feet: Point) -> None:
    x, y = feet
    canvas.line([(x - 5, y), (x - 3, y - 26)], 5.5, INK).line([(x + 6, y), (x + 3, y - 26)], 5.5, INK)
    canvas.shape([(x - 11, y - 22), (x + 11, y - 22), (x + 7, y - 58), (x - 7, y - 58)], INK)
    canvas.disc((x, y - 57), 7, INK).disc((x + 1, y - 73), 8.5, INK)


def draw_first_snow() -> Canvas:
    """The first snow on hills at night, and one lit window."""
    canvas = Canvas(1280, 720, INK)
    canvas.disc((250, 150), 52, mix(INK, PAPER, 0.86)).disc((274, 138), 46, INK)
    far = wave(1280, 400, (46, 900, 120), (16, 340, 40))
    middle = wave(1280, 480, (44, 1100, 520), (12, 420, 90))
    near = wave(1280, 590, (50, 1500, 150), (10, 520, 300))
    for line, share in ((far, 0.2), (middle, 0.5), (near, 0.96)):
        canvas.shape([*line, (1284, 720), (0, 720)], mix(INK, PAPER, share))
        if line is not near:
            _draw_forest(canvas, line, share)
    _draw_house(canvas, (842, height_at(near, 842) + 12))
    for x, size in ((738, 86), (700, 58), (1000, 74), (1038, 106), (1084, 66), (196, 72), (232, 50)):
        _draw_fir(canvas, (x, height_at(near, x) + 8), size, INK)
    _draw_snowfall(canvas)
    return canvas


def _draw_forest(canvas: Canvas, line: list[Point], share: float) -> None:
    for place, size, gap in scatter(46):
        x = place * 1280
        if sin(x / 97 + share * 19) + gap * 0.5 > 0.35:
            _draw_fir(
                canvas, (x, height_at(line, x) + 6), (18 + 22 * size) * (0.5 + share), mix(INK, PAPER, share * 0.55)
            )


def _draw_fir(canvas: Canvas, foot: Point, size: float, color: Color) -> None:
    x, y = foot
    canvas.block(x - size * 0.03, y - size * 0.16, size * 0.06, size * 0.18, color)
    for bottom, top, half in ((0.1, 0.56, 0.27), (0.34, 0.78, 0.21), (0.56, 1.0, 0.15)):
        canvas.shape(
            [(x - size * half, y - size * bottom), (x + size * half, y - size * bottom), (x, y - size * top)], color
        )


def _draw_house(canvas: Canvas, foot: Point) -> None:
    x, y = foot
    wall, roof, light = mix(INK, SLATE, 0.34), PAPER, mix(ACCENT, SAND, 0.42)
    canvas.block(x + 34, y - 142, 18, 46, wall).block(x + 31, y - 147, 24, 8, roof, 3)
    canvas.shape([(x - 68, y), (x - 68, y - 66), (x, y - 128), (x + 68, y - 66), (x + 68, y)], wall)
    canvas.line([(x - 82, y - 58), (x, y - 132), (x + 82, y - 58)], 15, roof)
    canvas.block(x - 21, y - 60, 42, 42, ACCENT, 2).block(x - 17, y - 56, 34, 34, light)
    canvas.block(x - 1.5, y - 56, 3, 34, ACCENT).block(x - 17, y - 40.5, 34, 3, ACCENT)
    canvas.shape([(x - 17, y), (x + 17, y), (x + 44, y + 54), (x - 44, y + 54)], mix(PAPER, ACCENT, 0.2))


def _draw_snowfall(canvas: Canvas) -> None:
    for across, down, size in scatter(190):
        x, y = across * 1280, down * 700
        dark = mix(INK, PAPER, 0.55 + 0.4 * size)
        canvas.disc((x, y), 1.4 + 2.9 * size**2, dark if y < 560 else PAPER)


def draw_paths() -> Canvas:
    """A park under snow from above: laid paths at right angles, and the line that people walk."""
    canvas = Canvas(1280, 720, PAPER)
    laid, edge = SAND, mix(SAND, SLATE, 0.25)
    for left, top, width, height in ((0, 318, 1280, 84), (598, 0, 84, 720)):
        canvas.block(left - 6, top - 6, width + 12, height + 12, edge).block(left, top, width, height, laid)
    canvas.block(598, 312, 84, 96, laid)
    canvas.disc((640, 360), 118, edge).disc((640, 360), 112, laid).disc((640, 360), 62, edge).disc(
        (640, 360), 56, PAPER
    )
    trees = (
        (128, 128, 54),
        (268, 214, 38),
        (470, 92, 48),
        (860, 96, 40),
        (1152, 232, 46),
        (124, 604, 46),
        (430, 522, 40),
    )
    for x, y, radius in (*trees, (812, 620, 52), (1004, 520, 36), (1178, 610, 58)):
        _draw_tree(canvas, (x, y), radius)
    route = curve((-30, 668), (420, 640), (700, 120), (1310, 60))
    canvas.line(route, 52, mix(PAPER, SLATE, 0.2))
    for offset, shift in ((-15, 0), (13, 9), (-2, 17)):
        _draw_footprints(canvas, route, offset, shift)
    return canvas


def _draw_tree(canvas: Canvas, center: Point, radius: float) -> None:
    x, y = center
    canvas.disc((x + radius * 0.26, y + radius * 0.3), radius, mix(PAPER, SLATE, 0.24))
    canvas.disc(center, radius, SLATE).disc(
        (x - radius * 0.12, y - radius * 0.14), radius * 0.74, mix(SLATE, PAPER, 0.62)
    )
    canvas.disc((x - radius * 0.18, y - radius * 0.2), radius * 0.44, mix(SLATE, PAPER, 0.9))


def _draw_footprints(canvas: Canvas, route: list[Point], offset: float, shift: float) -> None:
    """Draw one walker's prints, left and right in turn, beside the line."""
    walked, due, foot = 0.0, shift, 1
    for (x, y), (next_x, next_y) in zip(route, route[1:], strict=False):
        walked += hypot(next_x - x, next_y - y)
        if walked < due:
            continue
        angle = atan2(next_y - y, next_x - x)
        aside = offset + foot * 5
        center = (x - aside * sin(angle), y + aside * cos(angle))
        canvas.ellipse(center, 6.4, 2.9, ACCENT, angle)
        due, foot = due + 25, -foot


def draw_letter() -> Canvas:
    """A letter whose address window shows nobody."""
    canvas = Canvas(1280, 720, SAND)
    left, top, width, height = 290, 150, 700, 420
    canvas.block(left + 22, top + 26, width, height, mix(SAND, SLATE, 0.42), 10)
    canvas.block(left, top, width, height, PAPER, 10)
    canvas.block(left + 60, top + 206, 306, 148, mix(SAND, SLATE, 0.36), 14).block(
        left + 66, top + 212, 294, 136, INK, 10
    )
    for row, length in enumerate((120, 86)):
        canvas.block(left + 60, top + 58 + row * 26, length, 9, mix(PAPER, SLATE, 0.5), 4)
    _draw_stamp(canvas, (left + width - 172, top + 48))
    for row in range(4):
        swing = [(x + 396 + left, top + 78 + row * 22 + 6 * sin(x / 17)) for x in range(0, 176, 2)]
        canvas.line(swing, 3.4, mix(PAPER, INK, 0.72))
    return canvas


def _draw_stamp(canvas: Canvas, corner: Point) -> None:
    x, y = corner
    width, height, tooth = 120, 144, 12
    canvas.block(x, y, width, height, ACCENT)
    for step in range(width // tooth + 1):
        canvas.disc((x + step * tooth, y), 3.6, PAPER).disc((x + step * tooth, y + height), 3.6, PAPER)
    for step in range(height // tooth + 1):
        canvas.disc((x, y + step * tooth), 3.6, PAPER).disc((x + width, y + step * tooth), 3.6, PAPER)
    canvas.block(x + 13, y + 13, width - 26, height - 26, mix(ACCENT, PAPER, 0.86))
    canvas.disc((x + 72, y + 54), 17, ACCENT)
    canvas.shape(
        [
            (x + 13, y + 131),
            (x + 13, y + 110),
            (x + 48, y + 74),
            (x + 72, y + 100),
            (x + 86, y + 88),
            (x + 107, y + 112),
            (x + 107, y + 131),
        ],
        INK,
    )


def draw_freeze() -> Canvas:
    """Incidents a week as dots: eight weeks before a freeze, its two weeks, and two after it."""
    weeks = (5, 7, 6, 6, 8, 5, 6, 5, 4, 4, 11, 7)
    frozen = range(8, 10)
    canvas = Canvas(1280, 620, PAPER)
    pitch, first, floor = 92, 134, 524
    canvas.block(first + (frozen.start - 0.5) * pitch, 44, len(frozen) * pitch, 520, SAND, 12)
    for week, incidents in enumerate(weeks):
        x = first + week * pitch
        for dot in range(incidents):
            canvas.disc((x, floor - 22 - dot * 40), 15, ACCENT if week in frozen else INK)
    canvas.line([(first - pitch / 2, floor + 8), (first + 11.5 * pitch, floor + 8)], 3, SLATE)
    return canvas


def main() -> None:
    """Write each picture beside the issue that shows it."""
    first_snow = ISSUES / "2026-12-01-first-snow"
    draw_stairs().save(ISSUES / "stairs.png")
    draw_first_snow().save(first_snow / "cover.png")
    draw_paths().save(first_snow / "paths.png")
    draw_letter().save(first_snow / "letter.png")
    draw_freeze().save(first_snow / "freeze.png")


if __name__ == "__main__":
    main()
