"""The page that shows how the list grew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from digest.statistics.page import render_page
from digest.statistics.plots import draw_active, draw_flow, draw_sources
from digest.store.growth import Growth, Length, trace_growth

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NASTY = """</title><script>alert("1")</script> & 'Plateau' $x_1$"""
JOINED = {
    ("2026-08", "list.csv", "active"): 100,
    ("2026-09", NASTY, "pending"): 60,
    ("2026-11", "_form", "active"): 40,
}
CHANGED = {
    ("2026-09", "pending", "active"): 50,
    ("2026-10", "active", "left"): 20,
    ("2026-10", "active", "bounced"): 5,
    ("2026-11", "active", "complained"): 1,
}
MARK = "{http://www.w3.org/2000/svg}path"
PROGRAM = f"""
import sys
from collections import Counter
from datetime import datetime
from digest.errors import DigestError
from digest.statistics.page import render_page
from digest.store.growth import trace_growth
story = trace_growth(
    Counter({JOINED!r}), Counter({CHANGED!r}), length="month", now=datetime.fromisoformat("{NOW.isoformat()}")
)
try:
    sys.stdout.buffer.write(render_page(story, name={NASTY!r}).encode())
except DigestError as error:
    print(*error.lines(), sep="\\n")
"""


def growth(*, length: Length = "month", months: int = 4) -> Growth:
    """Return a story of four months, or its beginning."""
    last = f"2026-{7 + months:02}"
    joined = Counter({key: count for key, count in JOINED.items() if key[0] <= last})
    changed = Counter({key: count for key, count in CHANGED.items() if key[0] <= last})
    return trace_growth(joined, changed, length=length, now=NOW.replace(month=7 + months))


def long_growth(days: int) -> Growth:
    """Return a story in which one reader joins on each of so many days."""
    start = NOW.toordinal() - days + 1
    dates = [datetime.fromordinal(start + number).date().isoformat() for number in range(days)]
    return trace_growth(Counter({(day, "form", "active"): 1 for day in dates}), Counter(), length="day", now=NOW)


def read(page: str) -> ET.Element:
    """Return a page, read as strictly as XML is."""
    return ET.fromstring(page)  # noqa: S314  # it is ours


@cache
def usual_page() -> str:
    """Return the page of four months, of a newsletter with a nasty name; drawing it takes a moment."""
    return render_page(growth(), name=NASTY)


def text(element: ET.Element | None) -> str:
    """Return the text of an element."""
    assert element is not None
    return "".join(element.itertext())


def points(marks: str, kind: str) -> list[tuple[float, float]]:
    """Return the corners of the first mark of a kind."""
    path = ET.fromstring(f"<svg>{marks}</svg>").find(f".//g[@class='{kind}']/path")  # noqa: S314  # it is ours
    assert path is not None
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path.attrib["d"])]


def labels(marks: str) -> list[str]:
    """Return the labels of a plot."""
    return [text(element) for element in ET.fromstring(f"<svg>{marks}</svg>").iter("text")]  # noqa: S314  # it is ours


def test_page_asks_for_nothing() -> None:
    """It holds no script, no handler and no address of anything else, and forbids all of them."""
    root = read(usual_page())
    names = {element.tag for element in root.iter()}
    assert not names & {"script", "link", "img", "iframe", "image", "use", "a"}
    attributes = {(name, value) for element in root.iter() for name, value in element.attrib.items()}
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"href", "src", "style"}]
    assert "url(" not in text(root.find("head/style"))
    assert "@import" not in text(root.find("head/style"))
    policy = root.find("head/meta[@http-equiv='Content-Security-Policy']")
    assert policy is not None
    assert policy.attrib["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_texts_of_others_are_escaped() -> None:
    """The newsletter's name and the names of sources stay what they are, whatever they look like."""
    root = read(usual_page())
    assert text(root.find("head/title")) == f"{NASTY}: how the list grows"
    assert text(root.find(".//h1")) == NASTY
    assert [text(entry).strip() for entry in root.findall(".//ul[@class='legend']")[1]] == ["list.csv", NASTY, "_form"]


def test_every_plot_is_told() -> None:
    """A plot is an image with a title and a summary, in two sizes of which a screen shows one; no id is given twice."""
    root = read(usual_page())
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    figures = root.findall(".//figure")
    assert len(figures) == 3
    for figure in figures:
        title, summary = figure.find("figcaption/h2"), figure.find("figcaption/p")
        assert title is not None
        assert summary is not None
        images = figure.findall("{http://www.w3.org/2000/svg}svg")
        assert [image.attrib["class"] for image in images] == ["wide", "narrow"]
        for image in images:
            assert image.attrib["role"] == "img"
            assert image.attrib["aria-labelledby"] == title.attrib["id"]
            assert image.attrib["aria-describedby"] == summary.attrib["id"]
            assert image.findall(f".//{MARK}")


def test_summaries() -> None:
    """What a plot shows stands above it in words."""
    active, flow, sources = (text(figure.find("figcaption/p")) for figure in read(usual_page()).iter("figure"))
    assert active == "Now: 164. That is 39 more than at the end of 2026-10."
    assert flow == "2026-11 so far: 40 joined, 1 left, bounced or complained. Since the beginning: 200 and 26."
    assert sources == f"Of the 200 who ever joined, 50% came from list.csv, 30% from {NASTY}, 20% from _form."


@pytest.mark.parametrize(
    ("months", "summary"),
    [
        (1, "Now: 100."),
        (2, "Now: 150. That is 50 more than at the end of 2026-08."),
        (3, "Now: 125. That is 25 fewer than at the end of 2026-09. The most were 150, at the end of 2026-09."),
    ],
)
def test_summary_of_the_active(months: int, summary: str) -> None:
    """A fall, a peak and a beginning have their words."""
    assert text(read(render_page(growth(months=months), name="Plateau")).find(".//figcaption/p")) == summary


def test_tables_hold_the_figures() -> None:
    """Each table has a caption and headers of columns and rows, and the latest period first."""
    by_period, by_source = read(usual_page()).iter("table")
    for table in (by_period, by_source):
        assert text(table.find("caption"))
        assert {header.attrib["scope"] for header in table.findall("thead/tr/th")} == {"col"}
        assert [text(header) for header in table.findall("tbody/tr/th[@scope='row']")] == [
            "2026-11",
            "2026-10",
            "2026-09",
            "2026-08",
        ]
    assert [text(cell) for cell in by_period.findall("tbody/tr[2]/td")] == ["0", "0", "20", "5", "0", "125"]
    assert [text(cell) for cell in by_source.findall("tbody/tr[3]/td")] == ["0", "60", "0"]
    assert [text(cell) for cell in by_source.findall("tbody/tr[1]/td")] == ["0", "0", "40"]


def test_standings_of_the_present() -> None:
    """How many readers have each standing now stands at the top, the active first."""
    told = read(usual_page()).find(".//dl")
    assert told is not None
    assert [(text(entry.find("dt")), text(entry.find("dd"))) for entry in told] == [
        ("active", "164"),
        ("bounced", "5"),
        ("complained", "1"),
        ("left", "20"),
        ("pending", "10"),
    ]


def test_line_of_the_active_is_true() -> None:
    """The line has a point for the beginning and for the end of each period, as high as its count, from zero on."""
    for drawing in draw_active(growth()):
        line = points(drawing.marks, "mark-active")
        base = line[0][1]
        unit = (base - line[-1][1]) / 164
        assert [round((base - y) / unit) for _, y in line] == [0, 100, 150, 125, 164]
        assert len({round(after[0] - before[0]) for before, after in pairwise(line)}) == 1
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in line)


def test_bars_are_true() -> None:
    """Bars rise by those who joined and hang by those who went, in one scale."""
    (wide, _) = draw_flow(growth())
    joined, gone = points(wide.marks, "mark-joined"), points(wide.marks, "mark-gone")
    base = joined[0][1]
    unit = (base - min(y for _, y in joined)) / 100
    assert [round((base - joined[1 + 4 * number][1]) / unit) for number in range(4)] == [100, 60, 0, 40]
    assert [round((gone[1 + 4 * number][1] - base) / unit) for number in range(4)] == [0, 0, 25, 1]


def test_layers_add_up() -> None:
    """Sources lie on each other and reach as high as all who joined."""
    (wide, _) = draw_sources(growth())
    layers = [points(wide.marks, f"mark-source-{number}") for number in range(3)]
    base = max(y for _, y in layers[0])
    tops = [base - min(y for _, y in layer) for layer in layers]
    assert [round(200 * top / tops[-1]) for top in tops] == [100, 160, 200]


def test_labels_have_room() -> None:
    """However many periods there are, few have labels, the latest among them, on both sizes of a plot."""
    for days in (1, 5, 40, 400, 1_500):
        for drawing in draw_active(long_growth(days)):
            dates = [label for label in labels(drawing.marks) if "-" in label]
            assert dates[-1] == "2026-11-24"
            assert len(dates) * 75 < drawing.width
            assert dates == sorted(set(dates))


def test_many_periods_are_few_shapes() -> None:
    """A plot of three years by day has no more shapes than one of a month."""
    shapes = {days: [drawing.marks.count("<path") for drawing in draw_flow(long_growth(days))] for days in (30, 1_100)}
    assert shapes[1_100] == shapes[30]


def test_same_list_gives_the_same_page() -> None:
    """Another process writes the same bytes; neither the clock nor the order of a set is in them."""
    assert _run(PROGRAM, PYTHONHASHSEED="1").decode() == usual_page()


def test_empty_list() -> None:
    """A page without readers says so, and has neither plots nor tables."""
    nobody = trace_growth(Counter(), Counter(), length="month", now=NOW)
    root = read(render_page(nobody, name="Plateau"))
    assert "Nobody is on the list yet." in text(root.find("body"))
    assert not [*root.iter("figure"), *root.iter("table")]


def test_missing_library() -> None:
    """Without matplotlib, a sentence says what to install."""
    assert _run(f"import sys; sys.modules['matplotlib'] = None\n{PROGRAM}").decode().splitlines() == [
        "the page of plots needs matplotlib, which is not installed here",
        "  pip install 'digest[plots]'",
    ]


def _run(program: str, **variables: str) -> bytes:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=True).stdout
