"""Grafana's part between dashboards and Prometheus: it fills in variables and windows, and asks."""

import math
import re
from collections.abc import Mapping, Sequence

from tests.dashboards.committed import Json, fed_from
from tests.e2e.prometheus import Prometheus

ALL = ".*"
"""What the dashboards' variables are when everything is chosen."""
SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|\\]")

_OFFSET = re.compile(r"\boffset \w+")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


class Grafana:
    """Looks at what a Prometheus has from `start` to `end`, with a value about each `step` seconds.

    All are in seconds. What a query compares with, a minute or a day before, is `before` seconds before instead: then a
    demo that is younger shows it too.
    """

    def __init__(
        self, prometheus: Prometheus, *, start: float, end: float, step: float, scrape: float, before: float
    ) -> None:
        self._prometheus = prometheus
        self._start, self._end, self._step = start, end, step
        self._offset = f"offset {_duration(before)}"
        self._windows = {
            "__interval": _duration(step),
            "__rate_interval": _duration(max(step + scrape, 4 * scrape)),
            "__range": _duration(end - start),
        }

    def values(self, variable: Json) -> list[str]:
        """What a variable offers."""
        selector, label = fed_from(variable)
        return self._prometheus.label_values(label, selector, self._start, self._end)

    def shows(self, target: Json, chosen: Mapping[str, Sequence[str]] = {}) -> bool:
        """Whether a panel's query has data, with some values chosen of some variables, and all of the others."""
        expr = self.filled_in(target["expr"], chosen)
        return bool(self.now(expr) if target["instant"] else self._drawn(expr))

    def now(self, expr: str) -> dict[str, float]:
        """The values of a query at the end, by series."""
        found = self._prometheus.query(self.filled_in(expr), self._end)
        return {name: value for name, value in found.items() if math.isfinite(value)}

    def marks(self, expr: str) -> dict[str, list[float]]:
        """The times of marks between start and end, by series."""
        return self._drawn(self.filled_in(expr))

    def _drawn(self, expr: str) -> dict[str, list[float]]:
        """The times at which a query has values, by series."""
        found = self._prometheus.course(expr, self._start, self._end, self._step)
        drawn = {name: [at for at, value in samples if math.isfinite(value)] for name, samples in found.items()}
        return {name: times for name, times in drawn.items() if times}

    def filled_in(self, expr: str, chosen: Mapping[str, Sequence[str]] = {}) -> str:
        """The query as it is sent."""
        texts = self._windows | {name: "|".join(map(_escaped, values)) for name, values in chosen.items()}
        return _VARIABLE.sub(lambda found: texts.get(found[1], ALL), _OFFSET.sub(self._offset, expr))


def _escaped(value: str) -> str:
    r"""A value as part of a regular expression in a PromQL string.

    >>> print(_escaped("127.0.0.1:80"))
    127\\.0\\.0\\.1:80
    """
    return SPECIAL.sub(lambda found: rf"\\{found[0]}", value)


def _duration(seconds: float) -> str:
    return f"{round(1000 * seconds)}ms"
