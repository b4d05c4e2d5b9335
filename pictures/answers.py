"""What Prometheus answers to a dashboard's queries, asked as Grafana would: with variables filled in, over a window.

Knows the HTTP API only as something that is asked for a path and answers JSON.
"""

import math
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pictures.board import Board, Json, queries
from pictures.pace import RATE_SECONDS, SCRAPE_SECONDS, hurried

Ask = Callable[[str], Json]
"""Asks Prometheus for a path."""


@dataclass(frozen=True)
class Window:
    """The time that is shown, in seconds since the epoch; points are a scrape apart."""

    start: float
    end: float

    @classmethod
    def up_to(cls, end: float, *, since: float) -> "Window":
        """The longest of whole scrapes.

        >>> Window.up_to(100.5, since=95)
        Window(start=96.5, end=100.5)
        """
        return cls(end - (end - since) // SCRAPE_SECONDS * SCRAPE_SECONDS, end)

    @property
    def seconds(self) -> int:
        return round(self.end - self.start)

    @property
    def times(self) -> list[float]:
        return [self.start + SCRAPE_SECONDS * at for at in range(self.seconds // SCRAPE_SECONDS + 1)]


@dataclass(frozen=True)
class Series:
    """One series under its legend: a value for each time of the window, NaN where there is none; or one value alone."""

    name: str
    labels: Mapping[str, str]
    values: list[float]
    query: str = "A"
    """The letter of the query that it answers."""

    @property
    def last(self) -> float:
        """The last value that is one, else NaN."""
        return next((value for value in reversed(self.values) if not math.isnan(value)), math.nan)


@dataclass(frozen=True)
class Mark:
    """A colour by Grafana's name, and the times at which something begins."""

    colour: str
    times: list[float]


@dataclass(frozen=True)
class Answers:
    """All that a dashboard shows: series by panel, and what is marked."""

    window: Window
    panels: Mapping[int, list[Series]]
    marks: Sequence[Mark] = ()


def answers(board: Board, ask: Ask, window: Window) -> Answers:
    """Asks every query of a dashboard."""
    return Answers(
        window=window,
        panels={
            panel["id"]: [series for query in queries(panel) for series in _answer(query, board.names, ask, window)]
            for panel in board.panels
        },
        marks=[Mark(each["iconColor"], _beginnings(each["expr"], board.names, ask, window)) for each in board.marks],
    )


def filled_in(expr: str, names: Iterable[str], window: Window) -> str:
    """A query as Grafana sends it, each variable with all its values, and in a hurry.

    >>> filled_in('rate(lines_total{run=~"$run"}[$__rate_interval])', ["run"], Window(0, 90))
    'rate(lines_total{run=~".*"}[8s])'
    """
    seconds = {"__rate_interval": RATE_SECONDS, "__interval": SCRAPE_SECONDS, "__range": window.seconds}
    known = dict.fromkeys(names, ".*") | {name: f"{each}s" for name, each in seconds.items()}
    return re.sub(r"\$\{?(\w+)\}?", lambda found: known[found[1]], hurried(expr))


def legend(text: str, labels: Mapping[str, str]) -> str:
    """A legend with the values of labels.

    >>> legend("run {{run_id}}", {"run_id": "25K"})
    'run 25K'
    """
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), text).strip()


def _answer(query: Json, names: Iterable[str], ask: Ask, window: Window) -> list[Series]:
    found = _asked(query["expr"], names, ask, window, instant=query["instant"])
    return [
        Series(
            name=legend(query["legendFormat"], one["metric"]),
            labels=one["metric"],
            values=[float(one["value"][1])] if query["instant"] else _aligned(one["values"], window),
            query=query["refId"],
        )
        for one in found
    ]


def _asked(expr: str, names: Iterable[str], ask: Ask, window: Window, *, instant: bool) -> list[Json]:
    """The series that Prometheus answers with."""
    asked: dict[str, object] = {"query": filled_in(expr, names, window)}
    if instant:
        asked |= {"time": window.end}
    else:
        asked |= {"start": window.start, "end": window.end, "step": SCRAPE_SECONDS}
    found: list[Json] = ask(f"/api/v1/query{'' if instant else '_range'}?{urllib.parse.urlencode(asked)}")["data"][
        "result"
    ]
    return found


def _aligned(points: list[tuple[float, str]], window: Window) -> list[float]:
    """A value for each time of the window; an infinite one is none, since nothing could be drawn there."""
    values = {round((moment - window.start) / SCRAPE_SECONDS): float(value) for moment, value in points}
    finite = {at: value for at, value in values.items() if math.isfinite(value)}
    return [finite.get(at, math.nan) for at in range(len(window.times))]


def _beginnings(expr: str, names: Iterable[str], ask: Ask, window: Window) -> list[float]:
    """When something that is marked begins; what lasts is marked once."""
    begun = set()
    for one in _asked(expr, names, ask, window, instant=False):
        there = [not math.isnan(value) for value in _aligned(one["values"], window)]
        begun |= {time for time, before, now in zip(window.times[1:], there, there[1:], strict=False) if now > before}
    return sorted(begun)
