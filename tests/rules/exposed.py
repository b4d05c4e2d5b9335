"""What is exposed: the metrics that pipelines declare, and those that a real exposition shows."""

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from exporter.itself import Itself
from exporter.metric import Histogram
from exporter.pipeline import discover
from tests.rules.expressions import TARGET, Labels

Values = dict[str, dict[str, set[str]]]
"""The values of each label of each metric."""


def declared() -> dict[str, Labels]:
    """The labels of every series that pipelines and the exporter itself declare, as Prometheus has them."""
    found: dict[str, Labels] = {}
    for metric in [*Itself().metrics, *(metric for kind in discover().values() for metric in kind().metrics)]:
        own = frozenset(metric.labels) | TARGET
        if isinstance(metric, Histogram):
            found |= {f"{metric.name}_sum": own, f"{metric.name}_count": own, f"{metric.name}_bucket": own | {"le"}}
        else:
            found[metric.name] = own
    return found


def values(texts: Iterable[str]) -> Values:
    """The label values that occur in expositions, by metric and label; a metric without labels has none."""
    found: Values = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = found.setdefault(sample.name, {})
                for name, value in sample.labels.items():
                    labels.setdefault(name, set()).add(value)
    return found
