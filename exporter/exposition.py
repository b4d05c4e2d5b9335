"""Metric state as text: the very bytes that the Prometheus client would write, many times faster.

In comes what is to be shown; out go bytes in the classic text format or in OpenMetrics, families and series in order.
The client builds an object for each sample and looks at each character of each label; here everything but the numbers
is laid out once, and used for as long as a metric has the same series. Knows no files and no HTTP.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain
from math import inf, isfinite
from operator import add
from typing import Any, NamedTuple

import msgspec
from prometheus_client import utils
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter.births import Shown
from exporter.metric import AnyMetric, Counter, Cumulative, Gauge, Labels

END = b"# EOF\n"
_PLAIN_BELOW = 1_000_000
"""Numbers from here on are written with an exponent."""
_go: Callable[[float], str] = utils.floatToGoString
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\"", "%": "%%"})
"""How a text is written inside of quotes, in a layout."""


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class Format(msgspec.Struct, frozen=True):
    """A text format."""

    content_type: str
    openmetrics: bool
    """Whether it says when series were first shown."""
    encode: Callable[[Collector], bytes]

    def text(self, shown: Iterable[Shown]) -> bytes:
        """What is shown as text."""
        families = [_family(one, self) for one in sorted(shown, key=lambda one: one.metric.name)]
        return b"".join(families) + (END if self.openmetrics else b"")

    def render(self, families: Iterable[Metric]) -> bytes:
        """The Prometheus client's own metric families as text."""
        return self.encode(_Given(families))


CLASSIC = Format("text/plain; version=0.0.4; charset=utf-8", False, generate_latest)
OPENMETRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", True, generate_openmetrics)


def join(*texts: bytes) -> bytes:
    """Several expositions of one format, with no metric in two of them, as one."""
    end = END if texts and texts[0].endswith(END) else b""
    return b"".join(text.removesuffix(END) for text in texts) + end


class _Line(NamedTuple):
    """A line of each series: what follows the metric's name, its `le`, a slot for its numbers, and these."""

    suffix: str
    bound: str
    slot: str
    numbers: Sequence[float | bytes]


class _Layout(msgspec.Struct, frozen=True):
    """A metric's text with slots for its numbers; it holds for just these series, first shown then, and such slots."""

    holds_for: tuple[list[Labels], list[float], list[str]]
    order: list[int]
    """Where the series, which are sorted in the text, stand among these."""
    text: bytes


def _family(one: Shown, form: Format) -> bytes:
    lines = [_fitting(*line) for line in _lines(one)]
    stamps = one.column(-1) if form.openmetrics and isinstance(one.metric, Cumulative) else []
    holds_for = one.series, stamps, [line.slot for line in lines]
    layout = one.metric.layouts.get(form.content_type)
    if layout is None or layout.holds_for != holds_for:
        layout = one.metric.layouts[form.content_type] = _Layout(holds_for, *_laid_out(one, stamps, lines, form))
    numbers: list[Any] = [None] * (len(one.series) * len(lines))
    for at, line in enumerate(lines):
        numbers[at :: len(lines)] = map(line.numbers.__getitem__, layout.order)
    return bytes(layout.text % tuple(numbers))


def _lines(one: Shown) -> list[_Line]:
    metric = one.metric
    if isinstance(metric, Gauge):
        return [_Line("", "", "%a", one.numbers)]
    if isinstance(metric, Counter):
        return [_Line("", "", "%d.0" if metric.whole else "%a", metric.exposed(one.column(0)))]
    bounds = [*(str(float(bound)) for bound in metric.bounds), "+Inf"]
    counts = [*accumulate(map(one.column, range(len(bounds))), lambda below, own: list(map(add, below, own)))]
    sums = [total / metric.per_unit for total in one.column(-2)]
    buckets = [_Line("_bucket", bound, "%d.0", numbers) for bound, numbers in zip(bounds, counts, strict=True)]
    return [*buckets, _Line("_count", "", "%d.0", counts[-1]), _Line("_sum", "", "%a", sums)]


def _fitting(suffix: str, bound: str, slot: str, numbers: Sequence[Any]) -> _Line:
    """The line as it is; where its numbers need exponents or words, with numbers and slot for text."""
    if max(numbers, default=0) < _PLAIN_BELOW and isfinite(sum(numbers)):
        return _Line(suffix, bound, slot, numbers)
    plain = _PLAIN_BELOW if slot == "%d.0" else -inf
    return _Line(suffix, bound, "%b", [b"%d.0" % each if each < plain else _go(each).encode() for each in numbers])


def _laid_out(one: Shown, stamps: list[float], lines: list[_Line], form: Format) -> tuple[list[int], bytes]:
    metric, series = one.metric, _written(one)
    order = sorted(range(len(series)), key=one.series.__getitem__)
    base = metric.name.removesuffix("_total") if isinstance(metric, Counter) else metric.name
    sample = "".join([_sample(metric, metric.name + line.suffix, f"%{line.slot}", line.bound) for line in lines])
    texts = [sample % (series[at] * len(lines)) for at in order]
    if any(stamps):
        created = _sample(metric, f"{base}_created", "%s")
        since = [created % (*series[at], _go(abs(stamps[at]) / 1000)) if stamps[at] else "" for at in order]
        texts = list(map(add, texts, since))
    help_text = metric.help.replace("%", "%%").replace("\\", r"\\").replace("\n", r"\n")
    if form.openmetrics:
        help_text = help_text.replace('"', r"\"")
    head = f"# HELP {(name := base if form.openmetrics else metric.name)} {help_text}\n# TYPE {name} {metric.kind}\n"
    return order, (head + "".join(texts)).encode()


def _sample(metric: AnyMetric, name: str, slot: str, bound: str = "") -> str:
    """A line with slots for the values of labels, in order of their names, and one for its number."""
    pairs = sorted([(label, "%s") for label in metric.labels] + ([("le", bound)] if bound else []))
    braced = ",".join([f'{label}="{value}"' for label, value in pairs])
    return f"{name}{{{braced}}} {slot}\n" if braced else f"{name} {slot}\n"


def _written(one: Shown) -> list[Labels]:
    """The labels of each series as they are written, in order of the labels' names."""
    order = sorted(range(len(one.metric.labels)), key=one.metric.labels.__getitem__)
    everything = "".join(chain.from_iterable(one.series))
    escape = any(mark in everything for mark in '\\\n"%')
    return [tuple([labels[at].translate(_ESCAPES) if escape else labels[at] for at in order]) for labels in one.series]
