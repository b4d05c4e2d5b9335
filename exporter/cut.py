"""Everything that must survive a kill, at one moment: offsets, what pipelines remember, and a copy of every metric.

In come copies and bytes from the thread that reads; out go bytes to store, which any thread may ask for: nothing here
is shared with what is counted on. RELIABILITY rule 1.
"""

from collections.abc import Iterable

import msgspec

from exporter.encoding import encode
from exporter.metric import Copy, Cumulative

_STORED = "stored"
"""Names the layout of a metric's series as they are stored."""


class PipelineCut(msgspec.Struct):
    """One pipeline at one moment."""

    metrics: list[Copy]
    state: msgspec.Raw
    streams: dict[str, msgspec.Raw]


class Cut(msgspec.Struct):
    """Everything at one moment; pipelines that are not configured are carried along as they are."""

    itself: list[Copy]
    pipelines: dict[str, PipelineCut]
    idle: dict[str, msgspec.Raw]

    def metrics(self) -> list[Copy]:
        """A copy of every metric, the pipelines' first."""
        return [copy for pipeline in self.pipelines.values() for copy in pipeline.metrics] + self.itself

    def encoded(self) -> bytes:
        """What is to be stored. The exporter's own gauges are not: they are measured anew."""
        itself = [copy for copy in self.itself if copy.series and isinstance(copy.metric, Cumulative)]
        pipelines = {
            name: {"metrics": _encoded(one.metrics), "state": one.state, "streams": one.streams}
            for name, one in self.pipelines.items()
        }
        return encode({"itself": _encoded(itself), "pipelines": self.idle | pipelines})


def _encoded(copies: Iterable[Copy]) -> dict[str, msgspec.Raw]:
    """Each metric as a `MetricState`, encoded for itself: one call for all would keep other threads waiting."""
    return {
        copy.metric.name: msgspec.Raw(encode((copy.metric.definition, _series(copy), copy.numbers))) for copy in copies
    }


def _series(copy: Copy) -> msgspec.Raw:
    """A metric's series as bytes, which are kept with it as long as it has the same ones."""
    kept = copy.metric.layouts.get(_STORED)
    if kept is None or kept[0] != copy.series:
        kept = copy.metric.layouts[_STORED] = copy.series, msgspec.Raw(encode(copy.series))
    encoded: msgspec.Raw = kept[1]
    return encoded
