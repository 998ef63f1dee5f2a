"""The page that shows how the list grew."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from digest.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from digest.store.growth import Growth

_MOST_TOLD = 3
"""How many sources a sentence names."""
_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    files(__package__).joinpath("page.html").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """A plot with the words that tell the same."""

    key: str
    title: str
    summary: str
    legend: Sequence[tuple[str, str]]
    """Classes of marks, and what they mean."""
    drawings: Sequence[Any]
    """In all sizes; see `digest.statistics.plots.Drawing`."""


def render_page(growth: Growth, *, name: str) -> str:
    """
    Return HTML that is one file: no script, nothing from elsewhere, and nobody's address.

    The same growth gives the same page. `name` is the newsletter's.

    Raises:
        SettingsError: the library that draws is not installed.
    """
    return _TEMPLATE.render(name=name, growth=growth, plots=_plot(growth) if growth.periods else [])


def _plot(growth: Growth) -> list[_Plot]:
    plots = _load_plots()
    marks = [(f"mark-source-{number}", source.name) for number, source in enumerate(growth.sources)]
    flow = [("mark-joined", "joined"), ("mark-gone", "left, bounced or complained")]
    return [
        _Plot(
            key="active",
            title="Active readers",
            summary=_tell_active(growth),
            legend=[],
            drawings=plots.draw_active(growth),
        ),
        _Plot(
            key="flow",
            title="Joined and gone",
            summary=_tell_flow(growth),
            legend=flow,
            drawings=plots.draw_flow(growth),
        ),
        _Plot(
            key="sources",
            title="Where readers came from",
            summary=_tell_sources(growth),
            legend=marks,
            drawings=plots.draw_sources(growth),
        ),
    ]


def _load_plots() -> Any:
    try:
        return import_module("digest.statistics.plots")
    except ImportError as fault:
        msg = "the page of plots needs matplotlib, which is not installed here"
        raise SettingsError(msg, hint="pip install 'digest[plots]'") from fault


def _tell_active(growth: Growth) -> str:
    *_, last = growth.periods
    peak = max(growth.periods, key=lambda period: period.active)
    sentences = [f"Now: {last.active:,}."]
    if len(growth.periods) > 1:
        change = last.active - growth.periods[-2].active
        step = f"{abs(change):,} {'more' if change > 0 else 'fewer'} than" if change else "as many as"
        sentences.append(f"That is {step} at the end of {_name(growth, growth.periods[-2].start)}.")
    if peak.active > last.active:
        sentences.append(f"The most were {peak.active:,}, at the end of {_name(growth, peak.start)}.")
    return " ".join(sentences)


def _tell_flow(growth: Growth) -> str:
    *_, last = growth.periods
    joined = sum(period.joined for period in growth.periods)
    gone = sum(period.gone for period in growth.periods)
    here = _name(growth, last.start)
    now = f"{here[0].upper()}{here[1:]} so far: {last.joined:,} joined, {last.gone:,} left, bounced or complained."
    return f"{now} Since the beginning: {joined:,} and {gone:,}."


def _tell_sources(growth: Growth) -> str:
    everyone = sum(source.readers for source in growth.sources)
    first, *more = ((f"{source.readers / everyone:.0%}", source.name) for source in growth.sources[:_MOST_TOLD])
    shares = [f"{first[0]} came from {first[1]}", *(f"{share} from {name}" for share, name in more)]
    return f"Of the {everyone:,} who ever joined, {', '.join(shares)}."


def _name(growth: Growth, start: str) -> str:
    return f"the week of {start}" if growth.length == "week" else start
