"""What a pipeline's dashboard shows beside its indicators: further panels, under the question that they answer, and
marks on the time axis. Listed at the end of each pipeline's file.

Knows PromQL only as text, and no Grafana. Windows have names: `[auto]` fits what can be told apart on the screen,
`[shown]` is all the time that is shown, `[shown:step]` looks at it as often as can be told apart. Selectors are written
bare: the dashboard narrows them by its variables.
"""

from collections.abc import Mapping
from enum import Enum

import msgspec

from exporter.indicator import Unit


class Kind(Enum):
    """How a panel shows its queries."""

    LINES = "lines over time"
    STACK = "areas over time, one on the other"
    HEATMAP = "a histogram over time, one query of its buckets"
    BARS = "a bar for each series now, in the order of the query"
    STAT = "one number"
    TABLE = "a row for each set of labels, by which all queries group; a column for each query, the first sorts"
    MATRIX = "a row for each value of the first label of a query's legend, a column for each of the second"


class Panel(msgspec.Struct, frozen=True):
    """One panel. `good` says what is shown and what good looks like; `empty` why there may be nothing.

    `queries` is PromQL by legend, with labels in braces ("{run_id} {repair}"), or by column for a table, where
    `units` has those columns that are in another unit. `width` is in twenty-fourths of the screen, `height` in rows of
    which it shows about twenty.
    """

    title: str
    good: str
    kind: Kind
    unit: Unit
    queries: Mapping[str, str]
    units: Mapping[str, Unit] = {}
    width: int = 8
    height: int = 8
    empty: str = ""


class Mark(msgspec.Struct, frozen=True):
    """Something that happened, marked on all panels where `expr` has a value; labels in braces in its text."""

    title: str
    expr: str
    text: str


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a pipeline beside its indicators."""

    metrics: str = ""
    """What the names of its metrics begin with, where that is not the table's name."""
    span: str = "6h"
    """How much of the past it takes to see how the pipeline does."""
    empty: str = "Nothing was logged in the time shown."
    """Why a panel that says nothing else may be empty."""
    first: tuple[Panel, ...] = ()
    """Seen without scrolling, beside the indicators' state."""
    sections: Mapping[str, tuple[Panel, ...]] = {}
    """Panels by the question that they answer."""
    marks: tuple[Mark, ...] = ()


def buckets(histogram: str) -> dict[str, str]:
    """The query of a heatmap; `histogram` is a name, with matchers perhaps.

    >>> buckets('size{kind="a"}')
    {'{le}': 'sum by (le) (increase(size_bucket{kind="a"}[auto]))'}
    """
    return {"{le}": f"sum by (le) (increase({_part(histogram, 'bucket')}[auto]))"}


def quantiles(histogram: str, *by: str) -> dict[str, str]:
    """The queries of median, 95th and 99th percentile, for each value of the labels `by`.

    >>> quantiles("seconds", "stage")["{stage} p95"]
    'histogram_quantile(0.95, sum by (le, stage) (rate(seconds_bucket[auto])))'
    """
    rates = f"sum by ({', '.join(('le', *by))}) (rate({_part(histogram, 'bucket')}[auto]))"
    legend = " ".join(f"{{{label}}}" for label in by)
    return {f"{legend} p{percent}".strip(): f"histogram_quantile({percent / 100}, {rates})" for percent in (50, 95, 99)}


def mean(histogram: str, *by: str) -> dict[str, str]:
    """The query of a histogram's mean, for each value of the labels `by`.

    >>> mean("seconds", "stage")
    {'{stage}': 'sum by (stage) (rate(seconds_sum[auto])) / (sum by (stage) (rate(seconds_count[auto])) > 0)'}
    """
    labels = ", ".join(by)
    total, count = (f"sum by ({labels}) (rate({_part(histogram, part)}[auto]))" for part in ("sum", "count"))
    return {" ".join(f"{{{label}}}" for label in by): f"{total} / ({count} > 0)"}


def share(counter: str, of: str, *by: str) -> dict[str, str]:
    """The query of the share that each value of the label `of` has in a counter's growth, within the labels `by`.

    >>> share("moves_total", "move", "run")["{run} {move}"]
    'sum by (run, move) (rate(moves_total[auto])) / on (run) group_left () (sum by (run) (rate(moves_total[auto])) > 0)'
    """
    within, rate = ", ".join(by), f"rate({counter}[auto])"
    part = f"sum by ({', '.join((*by, of))}) ({rate})"
    legend = " ".join(f"{{{label}}}" for label in (*by, of))
    return {legend: f"{part} / on ({within}) group_left () (sum by ({within}) ({rate}) > 0)"}


def _part(histogram: str, part: str) -> str:
    name, brace, matchers = histogram.partition("{")
    return f"{name}_{part}{brace}{matchers}"
