"""What a pipeline keeps of the records that it observed: one metric's values, or all of it."""

from typing import Any

import msgspec

from exporter.metric import Gauge, Histogram, Labels
from exporter.pipeline import Pipeline


def shown(pipeline: Pipeline, name: str) -> dict[Labels, Any]:
    """The values of a metric by labels: numbers, and for a histogram how many values and their sum."""
    pipeline.settle()
    metric = next(metric for metric in pipeline.metrics if metric.name == name)
    if isinstance(metric, Histogram):
        return {labels: (sum(cell[:-2]), cell[-2] / metric.per_unit) for labels, cell in metric.cells.items()}
    if isinstance(metric, Gauge):
        return dict(metric.values)
    return dict(zip(metric.cells, metric.exposed([cell[0] for cell in metric.cells.values()]), strict=True))


def state(pipeline: Pipeline) -> bytes:
    """All that a pipeline knows, order included."""
    pipeline.settle()
    return msgspec.msgpack.encode(
        [pipeline.metrics.state(), pipeline.state, [metric.capped for metric in pipeline.metrics]]
    )
