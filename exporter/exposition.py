"""Metric state as text: the very bytes that the Prometheus client would write, many times faster.

In comes what is to be shown; out go bytes in the classic text format or in OpenMetrics, families and series in order,
piece by piece: no call keeps other threads waiting for long, and what has not changed is not written again. Knows no
files and no HTTP.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from math import isfinite
from operator import add
from typing import TYPE_CHECKING, Any

import msgspec

from exporter.births import Shown
from exporter.families import written
from exporter.layout import Layout, go_text, in_words, laid_out
from exporter.metric import AnyMetric, Counter, Cumulative, Histogram

if TYPE_CHECKING:
    from prometheus_client import Metric

_PLAIN_BELOW = 1_000_000
"""Numbers from here on are written with an exponent."""
_TEN_FIGURES_BELOW = 10_000_000_000
"""From here on that has two figures."""
_END = b"# EOF\n"


class Format(msgspec.Struct, frozen=True):
    """A text format."""

    content_type: str
    openmetrics: bool
    """Whether it says when series were first shown, and where it ends."""

    def pieces(self, shown: Iterable[Shown], families: Iterable["Metric"] = ()) -> Iterator[bytes]:
        """What is shown as text, and after it the Prometheus client's own metric families, of other names."""
        for one in sorted(shown, key=lambda one: one.metric.name):
            layout = self._written(one)
            yield layout.head
            yield from layout.texts
        yield written(families, openmetrics=self.openmetrics) + (_END if self.openmetrics else b"")

    def text(self, shown: Iterable[Shown]) -> bytes:
        """What is shown as text."""
        return b"".join(self.pieces(shown))

    def _written(self, one: Shown) -> Layout:
        """A metric's layout, with texts that say what is to be shown; it is kept for the next time."""
        metric, layouts = one.metric, one.metric.layouts
        stamps = one.column(-1) if self.openmetrics and isinstance(metric, Cumulative) else []
        layout: Layout | None = layouts.get(self.content_type)
        if layout is None or layout.stamps != stamps or layout.series != one.series:
            layout = laid_out(metric, one.series, stamps, layout, openmetrics=self.openmetrics)
        texts = layout.texts.copy()
        for at in layout.changed(one.numbers, metric.width) if isinstance(metric, Cumulative) else range(len(texts)):
            piece = layout.pieces[at]
            texts[at] = _filled(piece.slots, _exposed(metric, one.numbers, piece.starts))
        layouts[self.content_type] = layout = msgspec.structs.replace(layout, numbers=one.numbers, texts=texts)
        return layout


CLASSIC = Format("text/plain; version=0.0.4; charset=utf-8", False)
OPENMETRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", True)


def _exposed(metric: AnyMetric, numbers: list[float], starts: list[int]) -> list[list[float]]:
    """What is shown of the series whose numbers begin there, one list for each of their lines."""
    if not isinstance(metric, Histogram):
        first = list(map(numbers.__getitem__, starts))
        return [metric.exposed(first) if isinstance(metric, Counter) else first]
    width = metric.width
    cells = [*chain.from_iterable([numbers[start : start + width] for start in starts])]
    *counts, sums, _ = [cells[at::width] for at in range(width)]
    below = [*accumulate(counts, lambda below, own: list(map(add, below, own)))]
    return [*below, below[-1], [total / metric.per_unit for total in sums]]


def _filled(slots: bytes, columns: Sequence[Sequence[float]]) -> bytes:
    """Slots with numbers in them, which need exponents or words where they are large or not finite."""
    numbers: list[Any] = [None] * (len(columns) * len(columns[0]))
    for at, column in enumerate(columns):
        numbers[at :: len(columns)] = column
    if max(numbers) < _PLAIN_BELOW and isfinite(sum(numbers)):
        return bytes(slots % tuple(numbers))
    return bytes(in_words(slots) % tuple(map(_in_words, numbers)))


def _in_words(number: float) -> bytes:
    if isinstance(number, int) and number < _TEN_FIGURES_BELOW:
        if number < _PLAIN_BELOW:
            return b"%d.0" % number
        figures = str(number)
        mantissa = f"{figures[0]}.{figures[1:]}".rstrip("0.")
        return f"{mantissa}e+0{len(figures) - 1}".encode()
    return go_text(number).encode()
