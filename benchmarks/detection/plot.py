"""docs/detection.svg: for each aspect how long a collapse takes to be paged, by its slope, and three runs as they went.

Needs matplotlib, which `make detection` installs.
"""

from collections.abc import Sequence
from math import log
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmarks.detection import figures
from benchmarks.detection.outcome import Outcome
from benchmarks.detection.plan import FASTEST, SLOWEST
from benchmarks.detection.truth import TABLE, Row

INK, FAINT, GRID = "#22303c", "#7a8793", "#e4e8ec"
BLUE, WARNING, CRITICAL, GREY, SHADE = "#2166ac", "#e39b1b", "#c2273d", "#9aa5af", "#eef1f4"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "detection",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
}
PANELS = {row.aspect: row for row in reversed(TABLE) if "critical" in row.limits}
"""For each aspect the row of the figure itself, not of its trend."""
TITLES = {
    "repairs": "Repairs climb",
    "openings": "Openings narrow",
    "pollyanna": "Pollyanna rises",
    "anchors": "Anchors repeat",
    "latency": "Latency grows",
}
SLOPES = (0.5, 1, 2, 4, 8, 16)
NONE = 31
"""Where those stand that have no page."""
SAMPLES = (("latency", 0.7), ("openings", 3), ("repairs", 8))
"""The runs that are shown: which aspect falls, and how fast."""


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """Writes the plot; the same outcomes make the same file."""
    with mpl.rc_context(STYLE):
        figure: Any = Figure(figsize=(12, 11.6), facecolor="white", layout="constrained")
        figure.get_layout_engine().set(w_pad=0.14, h_pad=0.12)
        axes = figure.subplots(3, 3)
        for place, aspect in zip(axes.flat, TITLES, strict=False):
            _aspect(place, outcomes, aspect)
        _healthy(axes[1, 2], outcomes)
        for place, (run, row) in zip(axes[2], _samples(outcomes), strict=False):
            _run(place, run, row)
        figure.legend(handles=_legend(), loc="outside upper center", ncols=4, frameon=False, columnspacing=2.2)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _legend() -> list[Any]:
    dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 6}
    return [
        Line2D([], [], **dot, color=WARNING, label="first warning of this aspect"),
        Line2D([], [], **dot, color=CRITICAL, label="its page"),
        Line2D([], [], linestyle="", marker="x", color=GREY, label="no closed batch beyond the critical limit"),
        Line2D([], [], linestyle=(0, (4, 3)), color=FAINT, linewidth=1, label="the level itself is at the limit"),
        Line2D([], [], color=WARNING, linewidth=2, label="warning limit"),
        Line2D([], [], color=CRITICAL, linewidth=2, label="critical limit"),
        Line2D([], [], **dot, color=BLUE, markerfacecolor="white", label="last batch, never closed"),
        Patch(color=SHADE, label="collapse"),
    ]


def _aspect(axes: Any, outcomes: Sequence[Outcome], aspect: str) -> None:
    """Slope against batches to the alerts; runs without a closed batch beyond the critical limit stand on top."""
    runs = [run for run in outcomes if aspect in run.plan.falls]
    axes.plot([FASTEST, SLOWEST], [FASTEST, SLOWEST], color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for severity, colour, area in (("warning", WARNING, 16), ("critical", CRITICAL, 30)):
        key = PANELS[aspect].alert, severity
        slopes = [run.plan.falls[aspect].batches for run in runs if key in run.fired]
        took = [run.seen(key) + 1 - run.plan.begin for run in runs if key in run.fired]
        axes.scatter(slopes, took, s=area, color=colour, alpha=0.7, linewidth=0, zorder=3)
    never = [run.plan.falls[aspect].batches for run in runs if (PANELS[aspect].alert, "critical") not in run.fired]
    axes.scatter(never, [NONE] * len(never), s=26, color=GREY, marker="x", linewidth=1.2, zorder=3)
    axes.set(xscale="log", yscale="log", xlim=(0.45, 27), ylim=(0.8, 37), title=TITLES[aspect])
    axes.set_xticks(SLOPES, [f"{slope:g}" for slope in SLOPES])
    axes.set_yticks((1, 2, 4, 8, 16, NONE), ("1", "2", "4", "8", "16", "none"))
    axes.minorticks_off()
    axes.set_xlabel("slope: batches to the critical limit")
    axes.set_ylabel("batches to the alert")


def _healthy(axes: Any, outcomes: Sequence[Outcome]) -> None:
    """How near healthy batches come to each critical limit, of which the middle one of them is one whole way off."""
    rows = [row for row in TABLE if "critical" in row.limits]
    for place, row in enumerate(rows):
        values = sorted(figures.sound(outcomes, row))
        middle = median(values)
        warning, critical = (float(row.limits[severity].split()[1]) for severity in ("warning", "critical"))
        ways = [(value - middle) / (critical - middle) for value in (values[0], values[-1], warning)]
        axes.plot(ways[:2], [place, place], color=BLUE, linewidth=7, solid_capstyle="round", alpha=0.75, zorder=3)
        axes.plot([ways[2]] * 2, [place - 0.3, place + 0.3], color=WARNING, linewidth=2, zorder=2)
        name = row.title.partition(",")[0]
        axes.text(-0.72, place - 0.42, name, va="center", color=INK)
    axes.axvline(1, color=CRITICAL, linewidth=2)
    axes.set(xlim=(-0.75, 1.1), ylim=(len(rows) - 0.4, -0.9), title="Healthy runs: all their batches", yticks=())
    axes.set_xticks((0, 1), ("the median batch", "critical"))
    axes.grid(False)


def _samples(outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Row]]:
    """For each wish the run that comes closest to it, of those that are paged."""
    found = []
    for aspect, slope in SAMPLES:
        row = PANELS[aspect]
        paged = [run for run in outcomes if aspect in run.plan.falls and (row.alert, "critical") in run.fired]
        if paged:
            found.append((min(paged, key=lambda run: abs(log(run.plan.falls[aspect].batches / slope))), row))
    return found


def _run(axes: Any, run: Outcome, row: Row) -> None:
    """A figure batch by batch, its limits, the collapse's beginning, and when the alerts came."""
    values = {number: batch[row.figure] for number, batch in enumerate(run.history, 1) if row.figure in batch}
    numbers, heights = list(values), list(values.values())
    last = len(run.history)
    axes.axvspan(run.plan.begin + 0.5, last + 0.5, color=SHADE, zorder=0)
    axes.plot(numbers, heights, color=BLUE, linewidth=1.6, zorder=3)
    axes.scatter(numbers[:-1], heights[:-1], s=16, color=BLUE, zorder=4)
    axes.scatter(numbers[-1:], heights[-1:], s=18, facecolor="white", edgecolor=BLUE, zorder=4)
    for severity, colour in (("warning", WARNING), ("critical", CRITICAL)):
        limit = row.limits[severity]
        axes.axhline(float(limit.split()[1]), color=colour, linewidth=1.2, linestyle=(0, (5, 2)), zorder=2)
        if (row.alert, severity) in run.fired:
            number = run.seen((row.alert, severity)) + 1
            axes.scatter([number], [values[number]], s=95, facecolor="none", edgecolor=colour, linewidth=2, zorder=5)
    slope = run.plan.falls[row.aspect].batches
    axes.set(title=f"{row.title.partition(',')[0].capitalize()}, slope {slope:.2g}", xlabel="batch", ylabel=row.title)
    axes.set_xlim(0.5, last + 0.5)
    axes.grid(axis="x", visible=False)
