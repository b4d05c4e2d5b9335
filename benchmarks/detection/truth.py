"""What should be seen of a run: seed 001's own aggregation over its attempts, and its limits, typed from the seed.

Shares nothing with the exporter, on purpose: the exporter and its rules are held against it.
"""

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log2
from statistics import fmean, linear_regression
from typing import NamedTuple

from benchmarks.detection.attempts import Attempt

RECENT = 5
"""The repair rate's trend is that of so many last batches."""
BASELINE = 3
"""A run's latency is stable as long as it is that of so many first batches."""

DRIFTS = 4
"""A slope over the whole run is judged from so many batches on: over two it is but their difference."""

Figures = dict[str, float]
Key = tuple[str, str]
"""An alert and its severity."""


class Row(NamedTuple):
    """A row of the seed's table: a figure, the alert that it is to raise, and from where on."""

    title: str
    alert: str
    """Its name, and that of the signal where it has several."""
    figure: str
    aspect: str
    limits: Mapping[str, str]
    """By severity, in the words of the rules."""
    since: int = 1
    """So many batches have to be closed before it is judged."""


TABLE = (
    Row("repair rate", "PersonaRepairRatio", "repair_rate", "repairs", {"warning": ">= 0.10", "critical": "> 0.20"}),
    Row(
        "repair rate trend, per batch",
        "PersonaRepairTrend",
        "recent_repair_trend",
        "repairs",
        {"warning": ">= 0.05", "critical": ">= 0.10"},
    ),
    Row(
        "opening entropy, bits",
        "PersonaOpeningEntropy",
        "opening_move_entropy",
        "openings",
        {"warning": "<= 2.0", "critical": "< 1.5"},
    ),
    Row("pollyanna score", "PersonaPollyanna", "pollyanna", "pollyanna", {"warning": ">= 0.70", "critical": "> 0.85"}),
    Row(
        "anchor diversity",
        "PersonaAnchorDiversity",
        "anchor_diversity",
        "anchors",
        {"warning": "<= 0.8", "critical": "< 0.6"},
    ),
    Row(
        "mean latency, change",
        "PersonaLatencyChange",
        "latency_change",
        "latency",
        {"warning": ">= 0.20", "critical": ">= 0.50"},
    ),
    Row("drift: repairs", "PersonaDrift repairs", "repair_rate_trend", "repairs", {"warning": "> 0.5"}, DRIFTS),
    Row("drift: variety", "PersonaDrift variety", "opening_entropy_trend", "openings", {"warning": "< -0.1"}, DRIFTS),
    Row(
        "drift: positivity",
        "PersonaDrift positivity",
        "pollyanna_score_trend",
        "pollyanna",
        {"warning": "> 0.2"},
        DRIFTS,
    ),
)
"""`Key Indicators of "Feel" Collapse`, and below it the drift alerts of `aggregate_tier`."""

_BEYOND: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


def beyond(limit: str, value: float) -> bool:
    """Whether a value is beyond a limit.

    >>> beyond(">= 0.10", 0.1), beyond("> 0.20", 0.2)
    (True, False)
    """
    comparison, number = limit.split()
    return _BEYOND[comparison](value, float(number))


def crossings(history: Sequence[Figures]) -> dict[Key, int]:
    """The first batch whose figures are beyond a limit, by alert and severity."""
    found: dict[Key, int] = {}
    for number, figures in enumerate(history):
        for row in TABLE:
            for severity, limit in row.limits.items():
                if number + 1 >= row.since and row.figure in figures and beyond(limit, figures[row.figure]):
                    found.setdefault((row.alert, severity), number)
    return found


def figures(batches: Iterable[list[Attempt]]) -> list[Figures]:
    """What is known of a run when each batch is closed."""
    seen: list[Figures] = []
    for logs in batches:
        seen.append(aggregate_batch(logs))
        seen[-1].update(_trends(seen))
    return seen


def aggregate_batch(logs: list[Attempt]) -> Figures:
    """The seed's function of this name, as far as limits are about it."""
    return {
        "mean_latency_ms": fmean(log.latency_ms for log in logs),
        "repair_rate": sum(1 for log in logs if log.repairs) / len(logs),
        "pollyanna": fmean(log.validator_scores["pollyanna"] for log in logs),
        "opening_move_entropy": entropy(Counter(log.opening_move for log in logs).values()),
        "anchor_diversity": len({anchor for log in logs for anchor in log.anchors_used}) / len(logs),
    }


def _trends(seen: list[Figures]) -> Figures:
    """The seed's `aggregate_tier` over the batches so far: what they say together."""
    found = {}
    if len(seen) >= 2:
        found["repair_rate_trend"] = slope([batch["repair_rate"] for batch in seen])
        found["recent_repair_trend"] = slope([batch["repair_rate"] for batch in seen[-RECENT:]])
        found["opening_entropy_trend"] = slope([batch["opening_move_entropy"] for batch in seen])
        found["pollyanna_score_trend"] = slope([batch["pollyanna"] for batch in seen])
    if len(seen) > BASELINE:
        before = fmean(batch["mean_latency_ms"] for batch in seen[:BASELINE])
        found["latency_change"] = seen[-1]["mean_latency_ms"] / before - 1
    return found


def entropy(counts: Iterable[int]) -> float:
    """In bits.

    >>> entropy([5, 5, 5, 5])
    2.0
    """
    counts = list(counts)
    return -sum(count / sum(counts) * log2(count / sum(counts)) for count in counts)


def slope(values: Sequence[float]) -> float:
    """Least squares over a batch's number.

    >>> slope([1.0, 3.0, 5.0])
    2.0
    """
    return linear_regression(range(len(values)), values).slope
