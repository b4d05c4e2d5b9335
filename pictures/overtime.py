"""What plots over time have in common: the axis of time, and marks on it."""

from datetime import UTC, datetime
from typing import Any

from pictures import colour
from pictures.answers import Answers, Window

STEPS = (5, 10, 15, 20, 30, 60, 120, 300)
"""Seconds between two ticks."""
MOST_TICKS = 5


def time_axis(axes: Any, window: Window) -> None:
    """Ticks at whole times."""
    step = next((step for step in STEPS if window.seconds / step <= MOST_TICKS), STEPS[-1])
    first = window.start - window.start % -step
    ticks = [first + at * step for at in range(int((window.end - first) // step) + 1)]
    inside = [each for each in ticks if window.start + step / 5 < each < window.end - step / 5]
    axes.set_xlim(window.start, window.end)
    axes.set_xticks(inside, [f"{datetime.fromtimestamp(each, UTC):%H:%M:%S}" for each in inside])


def marks(axes: Any, found: Answers) -> None:
    """A dashed line where something that is marked begins, with a foot on the axis."""
    for mark in found.marks:
        ink = colour.rgb(mark.colour)
        for time in mark.times:
            axes.axvline(time, color=ink, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.55, zorder=1.5)
            axes.plot(
                [time], [0], transform=axes.get_xaxis_transform(), marker="^", markersize=4, color=ink, clip_on=False
            )
