"""
The plots of the page, drawn by matplotlib as SVG that leaves its looks to the page.

Each kind of mark has a class, and the page's stylesheet says how it looks by day and by night. Matplotlib is optional,
so only `digest.statistics.page` asks for this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate, chain, count
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes

    from digest.store.growth import Growth, Period

_SIZES = {"wide": (880, 280), "narrow": (360, 250)}
"""A plot is drawn for a desk and for a telephone, in their pixels, so that its text is as large as the page's."""

_FEWEST_PERIODS = 12
"""A list that is younger takes the right part of its plots, rather than a giant's bar."""
_SIGN = 7
"""The width of a digit, in pixels, with some air."""
_MOST_GAPS = 150
"""Where there are more bars, they touch, since the gaps would be thinner than a pixel."""
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")
_ANCHOR = re.compile(r"text-anchor: (\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A plot in one of its sizes."""

    size: str
    width: int
    height: int
    marks: str
    """What stands inside the ``svg`` element."""


def draw_active(growth: Growth) -> list[Drawing]:
    """Draw how many readers were active at the end of each period."""
    heights = [0, *(period.active for period in growth.periods)]

    def draw(axes: Axes) -> None:
        edges = range(len(heights))
        axes.fill_between(edges, heights, clip_on=False, gid="mark-under")
        axes.plot(edges, heights, clip_on=False, gid="mark-active")

    return _draw(growth.periods, (0, max(heights)), draw)


def draw_flow(growth: Growth) -> list[Drawing]:
    """Draw who joined as bars that rise, and who left, bounced or complained as bars that hang."""
    joined = [period.joined for period in growth.periods]
    gone = [-period.gone for period in growth.periods]

    def draw(axes: Axes) -> None:
        _draw_bars(axes, joined, "mark-joined")
        _draw_bars(axes, gone, "mark-gone")

    return _draw(growth.periods, (min(gone), max(joined)), draw)


def draw_sources(growth: Growth) -> list[Drawing]:
    """Draw how many have joined so far, one layer a source, the largest at the bottom."""
    layers = [[0, *accumulate(source.joined)] for source in growth.sources]

    def draw(axes: Axes) -> None:
        stack = axes.stackplot(range(len(layers[0])), layers, clip_on=False)
        for number, layer in enumerate(stack):
            layer.set_gid(f"mark-source-{number}")

    return _draw(growth.periods, (0, sum(layer[-1] for layer in layers)), draw)


def _draw_bars(axes: Axes, heights: Sequence[int], gid: str) -> None:
    """Draw all bars as one shape, with nothing of no height between them: a thousand shapes would be a slow page."""
    gap = 0.2 if len(heights) <= _MOST_GAPS else 0
    edges = [edge for number in range(len(heights)) for edge in (number + gap / 2, number + 1 - gap / 2)]
    steps = [step for height in heights for step in (height, 0)][:-1]
    axes.stairs(steps, edges, fill=True, clip_on=False, gid=gid)


def _draw(periods: Sequence[Period], reach: tuple[int, int], draw: Callable[[Axes], None]) -> list[Drawing]:
    """Draw a plot in all sizes; period number n lies between n and n + 1."""
    drawings = []
    for size, (width, height) in _SIZES.items():
        with rc_context():
            rcdefaults()  # whatever the user's own matplotlibrc says
            rcParams["svg.fonttype"] = "none"  # text stays text
            figure = Figure(figsize=(width / 72, height / 72))
            draw(_lay_axes(figure, [period.start for period in periods], reach, width, height))
            drawings.append(Drawing(size=size, width=width, height=height, marks=_undress(_save(figure))))
    return drawings


def _lay_axes(figure: Figure, labels: Sequence[str], reach: tuple[int, int], width: int, height: int) -> Axes:
    """Make room for the labels, and draw them and the lines across."""
    low, high = reach
    levels = MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True).tick_values(low, max(high, low + 4))
    names = [f"{abs(level):,.0f}" for level in levels]
    left, right, above, below = _SIGN * max(map(len, names)) + 8, 36, 8, 32
    inner = (width - left - right, height - above - below)
    axes = figure.add_axes(
        (left / width, below / height, inner[0] / width, inner[1] / height),
        xlim=(min(0, len(labels) - _FEWEST_PERIODS), len(labels)),
        ylim=(levels[0], levels[-1]),
    )
    shown = [*_pick(len(labels), inner[0] // (_SIGN * len(labels[0]) + 16))]
    axes.set_xticks([number + 0.5 for number in shown], [labels[number] for number in shown])
    axes.set_yticks(levels, names)
    axes.tick_params(bottom=False, left=False)
    axes.tick_params(axis="x", pad=10)
    axes.set_frame_on(False)
    figure.patch.set_visible(False)
    axes.hlines(levels, *axes.get_xlim(), clip_on=False, gid="mark-level", zorder=0)
    axes.hlines([0], *axes.get_xlim(), clip_on=False, gid="mark-zero")
    return axes


def _pick(periods: int, most: int) -> Iterator[int]:
    """Choose which periods bear a label: the last, and others in even steps, in whole years where they are months."""
    steps = chain((1, 2, 3, 6), (12 * 2**power for power in count()))
    step = next(step for step in steps if step * most >= periods)
    return reversed(range(periods - 1, step // 3 - 1, -step))  # one nearer to the beginning would stand in the corner


def _save(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def _undress(picture: bytes) -> str:
    """Keep shapes, places and the classes of marks: no colours, no fonts, and no ids, of which a page has each once."""
    root = ET.fromstring(picture)  # noqa: S314  # matplotlib has written it just now
    for element in root.iter():
        _undress_element(element)
    return "".join(ET.tostring(group, encoding="unicode") for group in root.findall("g"))


def _undress_element(element: ET.Element) -> None:
    element.tag = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
    worn = dict(element.attrib)
    element.attrib.clear()
    for name in ("d", "x", "y"):
        if name in worn:
            element.set(name, _LONG_NUMBER.sub(r"\1", worn[name]))
    if worn.get("id", "").startswith("mark-"):
        element.set("class", worn["id"])
    if anchor := _ANCHOR.search(worn.get("style", "")):
        element.set("text-anchor", anchor[1])
