# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow>=11"]
# ///
"""
Draw the pictures of the sample issues: ``python scripts/draw_sample_images.py``.

The pictures have no other source. They are drawn four times too large and scaled down, which makes edges smooth;
what looks strewn is seeded, so the same Pillow writes the same bytes.
"""

from __future__ import annotations

from itertools import pairwise
from math import atan2, cos, hypot, pi, sin
from pathlib import Path
from random import Random
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
LAMP: Color = (0xF2, 0xC0, 0x72)

ISSUES = Path(__file__).parent.parent / "issues"
OVERSIZE = 4


def mix(first: Color, second: Color, share: float) -> Color:
    """Return a colour that is `share` of `second` and the rest of `first`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def scatter(count: int, seed: int = 0) -> Iterator[tuple[float, float, float]]:
    """Return `count` triples in 0..1, the same ones for the same seed."""
    strewn = Random(seed)  # noqa: S311 (nothing secret is drawn)
    for _ in range(count):
        yield strewn.random(), strewn.random(), strewn.random()


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

    def block(self, corner: Point, size: Point, color: Color, radius: float = 0) -> Self:
        """Fill a rectangle, with round corners if `radius` says so."""
        (left, top), (width, height) = corner, size
        box = [side * OVERSIZE for side in (left, top, left + width - 1 / OVERSIZE, top + height - 1 / OVERSIZE)]
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
        small = self._image.reduce(OVERSIZE)
        few = small.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
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


def curve(start: Point, first: Point, second: Point, end: Point, steps: int = 600) -> list[Point]:
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
    canvas.disc((914, 344), 106, ACCENT)
    _draw_mesas(canvas)
    _draw_plateau(canvas)
    _draw_flight(canvas, (250, 612), 11)
    _draw_figure(canvas, (752, 201))
    return canvas


def _draw_mesas(canvas: Canvas) -> None:
    far, near = mix(PAPER, SAND, 0.55), mix(SAND, INK, 0.13)
    canvas.shape([(0, 448), (132, 448), (160, 496), (330, 496), (372, 560), (0, 560)], far)
    canvas.shape(
        [(640, 560), (752, 418), (1030, 418), (1062, 474), (1196, 474), (1280, 582), (1280, 720), (640, 720)], far
    )
    canvas.shape([(940, 720), (1098, 536), (1222, 536), (1280, 606), (1280, 720)], near)


def _draw_plateau(canvas: Canvas) -> None:
    canvas.shape([(0, 540), (930, 540), (1040, 648), (0, 648)], SAND)
    canvas.shape([(0, 648), (1040, 648), (1004, 720), (0, 720)], mix(SAND, INK, 0.36))
    canvas.shape([(250, 612), (176, 582), (690, 582), (764, 612)], mix(SAND, INK, 0.16))


def _draw_flight(canvas: Canvas, foot: Point, steps: int) -> None:
    """Draw steps that climb to the right, seen from the left and from above."""
    (left, ground), (run, rise), (back_x, back_y) = foot, (50, 36), (-74, -30)
    silhouette = [foot]
    for step in range(steps):
        x, below, above = left + step * run, ground - step * rise, ground - (step + 1) * rise
        riser = [(x, below), (x, above), (x + back_x, above + back_y), (x + back_x, below + back_y)]
        tread = [(x, above), (x + run, above), (x + run + back_x, above + back_y), (x + back_x, above + back_y)]
        canvas.shape(riser, SLATE).shape(tread, mix(SLATE, PAPER, 0.66))
        silhouette += [(x, above), (x + run, above)]
    end, top = silhouette[-1]
    canvas.shape([*silhouette, (end, top + rise * 1.3), (left + run * 1.4, ground)], INK)


def _draw_figure(canvas: Canvas, feet: Point) -> None:
    x, y = feet
    canvas.line([(x - 4, y), (x - 3, y - 26)], 5.5, INK).line([(x + 5, y), (x + 3, y - 26)], 5.5, INK)
    canvas.shape([(x - 11, y - 22), (x + 11, y - 22), (x + 7, y - 58), (x - 7, y - 58)], INK)
    canvas.disc((x, y - 57), 7, INK).disc((x + 1, y - 72), 8.5, INK)


def draw_first_snow() -> Canvas:
    """The first snow on hills at night, and one lit window."""
    canvas = Canvas(1280, 720, INK)
    far = wave(1280, 372, (52, 1000, 60), (18, 390, 40))
    middle = wave(1280, 478, (46, 1180, 560), (12, 430, 90))
    near = wave(1280, 590, (50, 1500, 150), (10, 520, 300))
    canvas.shape([*far, (1284, 720), (0, 720)], mix(INK, SLATE, 0.42))
    _draw_forest(canvas, far, (300, 770, 1130), mix(INK, SLATE, 0.24))
    canvas.shape([*middle, (1284, 720), (0, 720)], mix(SLATE, PAPER, 0.12))
    _draw_forest(canvas, middle, (110, 480, 1240), mix(INK, SLATE, 0.66))
    canvas.shape([*near, (1284, 720), (0, 720)], PAPER)
    _draw_snowfall(canvas, 230, 540)
    _draw_house(canvas, (842, height_at(near, 842) + 12))
    for x, size in ((738, 104), (696, 66), (990, 78), (1032, 128), (1082, 84), (196, 92), (238, 58)):
        _draw_fir(canvas, (x, height_at(near, x) + 8), size, INK)
    return canvas


def _draw_forest(canvas: Canvas, line: list[Point], groves: Iterable[float], color: Color) -> None:
    """Plant firs along a hill, in groves around the given places."""
    for grove in groves:
        for number, (shift, growth, _) in enumerate(scatter(7, seed=round(grove))):
            x = grove + (number - 3 + shift * 0.6) * 21
            _draw_fir(canvas, (x, height_at(line, x) + 5), 28 + 30 * growth, color)


def _draw_fir(canvas: Canvas, foot: Point, size: float, color: Color) -> None:
    x, y = foot
    canvas.block((x - size * 0.03, y - size * 0.16), (size * 0.06, size * 0.16), color)
    for bottom, top, half in ((0.1, 0.56, 0.25), (0.32, 0.78, 0.2), (0.54, 1.0, 0.145)):
        skirt = [(x - size * half, y - size * bottom), (x + size * half, y - size * bottom), (x, y - size * top)]
        canvas.shape(skirt, color)


def _draw_house(canvas: Canvas, foot: Point) -> None:
    x, y = foot
    wall, bar = mix(INK, SLATE, 0.2), 3.5
    canvas.shape([(x - 25, y), (x + 25, y), (x + 74, y + 62), (x - 58, y + 62)], mix(PAPER, LAMP, 0.36))
    canvas.block((x + 36, y - 146), (18, 56), wall).block((x + 32, y - 152), (26, 10), PAPER, 4)
    canvas.shape([(x - 68, y), (x - 68, y - 66), (x, y - 128), (x + 68, y - 66), (x + 68, y)], wall)
    canvas.line([(x - 84, y - 56), (x, y - 132), (x + 84, y - 56)], 15, PAPER)
    canvas.block((x - 25, y - 64), (50, 50), ACCENT, 2).block((x - 20, y - 59), (40, 40), LAMP)
    canvas.block((x - bar / 2, y - 59), (bar, 40), ACCENT).block((x - 20, y - 39 - bar / 2), (40, bar), ACCENT)


def _draw_snowfall(canvas: Canvas, flakes: int, depth: float) -> None:
    for across, down, size in scatter(flakes):
        canvas.disc((across * 1280, down * depth), 1.3 + 3 * size**3, mix(SLATE, PAPER, 0.3 + 0.7 * size))


def draw_paths() -> Canvas:
    """A park under snow from above: laid paths at right angles, and the line that people walk."""
    canvas = Canvas(1280, 720, PAPER)
    edge = mix(SAND, SLATE, 0.28)
    canvas.block((0, 312), (1280, 96), edge).block((592, 0), (96, 720), edge).disc((640, 360), 124, edge)
    canvas.block((0, 318), (1280, 84), SAND).block((598, 0), (84, 720), SAND).disc((640, 360), 118, SAND)
    canvas.disc((640, 360), 62, edge).disc((640, 360), 56, PAPER)
    route = curve((-30, 690), (420, 640), (720, 120), (1310, 70))
    for aside, stride in ((-33, 27), (-15, 25), (3, 28), (21, 26), (39, 24)):
        _draw_footprints(canvas, route, aside, stride)
    for x, y, radius in (
        (132, 142, 58),
        (286, 216, 40),
        (474, 100, 50),
        (836, 92, 38),
        (1166, 240, 44),
        (118, 484, 44),
    ):
        _draw_tree(canvas, (x, y), radius)
    for x, y, radius in ((468, 606, 38), (792, 634, 54), (1002, 520, 38), (1172, 606, 62)):
        _draw_tree(canvas, (x, y), radius)
    return canvas


def _draw_tree(canvas: Canvas, center: Point, radius: float) -> None:
    """Draw a crown with snow on it, and its shadow."""
    x, y = center
    snow = mix(SLATE, PAPER, 0.74)
    _draw_crown(canvas, (x + radius * 0.24, y + radius * 0.28), radius, mix(PAPER, SLATE, 0.26))
    _draw_crown(canvas, center, radius, SLATE)
    _draw_crown(canvas, (x - radius * 0.08, y - radius * 0.1), radius * 0.74, snow)


def _draw_crown(canvas: Canvas, center: Point, radius: float, color: Color) -> None:
    x, y = center
    canvas.disc(center, radius * 0.78, color)
    for lobe in range(9):
        turn = lobe * 2 * pi / 9 + radius
        canvas.disc((x + radius * 0.7 * cos(turn), y + radius * 0.7 * sin(turn)), radius * 0.32, color)


def _draw_footprints(canvas: Canvas, route: list[Point], aside: float, stride: float) -> None:
    """Draw one walker's prints, left and right in turn, beside a line."""
    walked, due, foot = 0.0, stride, 1
    for (x, y), (next_x, next_y) in pairwise(route):
        walked += hypot(next_x - x, next_y - y)
        if walked < due:
            continue
        angle = atan2(next_y - y, next_x - x)
        sway = aside + foot * 4 + 6 * sin(walked / 130)
        canvas.ellipse((x - sway * sin(angle), y + sway * cos(angle)), 7, 3.1, ACCENT, angle)
        due, foot = due + stride, -foot


def draw_letter() -> Canvas:
    """A letter whose address window shows nobody."""
    canvas = Canvas(1280, 720, SAND)
    canvas.block((302, 164), (720, 436), mix(SAND, INK, 0.2), 10)
    canvas.block((280, 142), (720, 436), PAPER, 10)
    canvas.block((344, 360), (306, 152), mix(SAND, INK, 0.16), 14).block((350, 366), (294, 140), INK, 10)
    for row, length in enumerate((124, 88)):
        canvas.block((344, 204 + row * 26), (length, 9), mix(PAPER, SLATE, 0.5), 4)
    _draw_stamp(canvas, (822, 190))
    for row in range(4):
        swing = [(x, 226 + row * 22 + 6 * sin((x - 690) / 17)) for x in range(690, 872, 2)]
        canvas.line(swing, 3.4, SLATE)
    return canvas


def _draw_stamp(canvas: Canvas, corner: Point) -> None:
    (x, y), (width, height), tooth = corner, (120, 144), 12
    canvas.block(corner, (width, height), ACCENT)
    for step in range(0, width + 1, tooth):
        canvas.disc((x + step, y), 3.6, PAPER).disc((x + step, y + height), 3.6, PAPER)
    for step in range(0, height + 1, tooth):
        canvas.disc((x, y + step), 3.6, PAPER).disc((x + width, y + step), 3.6, PAPER)
    canvas.block((x + 13, y + 13), (width - 26, height - 26), mix(ACCENT, PAPER, 0.86))
    canvas.disc((x + 72, y + 54), 17, ACCENT)
    ridge = ((13, 131), (13, 110), (48, 74), (72, 100), (86, 88), (107, 112), (107, 131))
    canvas.shape([(x + across, y + down) for across, down in ridge], INK)


def draw_freeze() -> Canvas:
    """Incidents a week as dots: eight weeks before a freeze, its two weeks, and two after it."""
    weeks = (5, 7, 6, 6, 8, 5, 6, 5, 4, 4, 11, 7)
    frozen = range(8, 10)
    pitch, first, floor = 92, 134, 532
    canvas = Canvas(1280, 620, PAPER)
    canvas.block((first + (frozen.start - 0.5) * pitch, 60), (len(frozen) * pitch, floor - 60), SAND, 12)
    for week, incidents in enumerate(weeks):
        for dot in range(incidents):
            canvas.disc((first + week * pitch, floor - 30 - dot * 40), 15, ACCENT if week in frozen else INK)
    canvas.line([(first - pitch / 2, floor), (first + 11.5 * pitch, floor)], 4, SLATE)
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
