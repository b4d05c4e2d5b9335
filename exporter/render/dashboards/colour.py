"""Colours by meaning, the same on all dashboards: of severities, of outcomes, between the limits of an indicator."""

import math
from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

from exporter.indicator import Limit
from exporter.render.dashboards.tile import less_is_worse

GOOD = "green"
UNKNOWN = "#808080"
NEUTRAL = "text"
NOTHING = "transparent"
MARK = "purple"
SEVERITIES = {"info": "blue", "warning": "orange", "critical": "red"}
OUTCOMES = {
    "success|passed|chosen|tagged|covered|available": GOOD,
    "fail|failure|failures|error|empty|untagged|critical|misses": SEVERITIES["critical"],
    "warning": SEVERITIES["warning"],
}
"""What the words in a legend mean."""
LABELS_OF_OUTCOMES = {"outcome", "status", "passed", "level"}


def bands(limits: Mapping[str, Limit], good: str) -> list[tuple[float | None, str]]:
    """Each colour with the least value that it holds for, from below; `good` is that of values within all limits.

    >>> bands({"warning": Limit.read(">= 0.10"), "critical": Limit.read("> 2")}, "green")
    [(None, 'green'), (0.1, 'orange'), (2.0000000000000004, 'red')]
    >>> bands({"warning": Limit.read("<= 2"), "critical": Limit.read("< 1.5")}, "green")
    [(None, 'red'), (1.5, 'orange'), (2.0000000000000004, 'green')]
    """
    colours = [good, *(SEVERITIES[severity] for severity in limits)]
    edges = [_edge(limit) for limit in limits.values()]
    if less_is_worse(limits):
        colours, edges = colours[::-1], edges[::-1]
    return list(zip([None, *edges], colours, strict=True))


def thresholds(steps: Iterable[tuple[float | None, str]]) -> ThresholdsConfig:
    """The same as Grafana has it."""
    built = [Threshold(value=value, color=colour) for value, colour in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(built)


def _edge(limit: Limit) -> float:
    """The least value on the upper side of a limit: Grafana's colours begin at a value, that included."""
    number = float(limit.number)
    return math.nextafter(number, math.inf) if limit.operator in (">", "<=") else number
