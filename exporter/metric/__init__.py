"""Counters, histograms and gauges as plain integers in plain dicts: mergeable, serialisable, capped when born.

In come whole numbers and label values from logs; out go cells that a snapshot can store and an exposition can read.
Knows no clock, no Prometheus client and no pipeline.
"""

from exporter.metric.copy import AnyMetric, Copy, MetricState, copied
from exporter.metric.cumulative import Cell, Counter, Cumulative, Histogram
from exporter.metric.gauge import Gauge
from exporter.metric.label import OTHER, OVER, Labels, label_value
from exporter.metric.metric import Metric
from exporter.metric.owned import Metrics

__all__ = [
    "OTHER",
    "OVER",
    "AnyMetric",
    "Cell",
    "Copy",
    "Counter",
    "Cumulative",
    "Gauge",
    "Histogram",
    "Labels",
    "Metric",
    "MetricState",
    "Metrics",
    "copied",
    "label_value",
]
