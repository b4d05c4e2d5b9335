"""Every series that a query may ask for, with the labels that tell it apart: declared metrics, live ones, records.

In come pipelines and tables; out go labels by name. Whoever scrapes adds `instance` to what is scraped.
"""

from collections.abc import Iterable, Iterator, Mapping

from exporter.itself import Itself
from exporter.metric import AnyMetric, Histogram
from exporter.pipeline import Kinds
from exporter.render.live import LIVE, PROCESS
from exporter.render.names import record_name
from exporter.render.tables import Table

Labels = tuple[str, ...]
Series = Mapping[str, Labels]


def every_series(kinds: Kinds, tables: Iterable[Table]) -> Series:
    """All of them; `ALERTS` is not, as its labels depend on the alert."""
    scraped = {name: labels for kind in kinds.values() for name, labels in _declared(kind().metrics)}
    scraped |= dict(_declared(Itself().metrics))
    scraped |= {name: live.labels for live in LIVE for name in live.names}
    scraped |= PROCESS | {"up": ("job",)}
    recorded = {name: labels for table in tables for name, labels in _recorded(table)}
    return {name: (*labels, "instance") for name, labels in scraped.items()} | recorded


def _declared(metrics: Iterable[AnyMetric]) -> Iterator[tuple[str, Labels]]:
    for metric in metrics:
        if isinstance(metric, Histogram):
            yield f"{metric.name}_bucket", (*metric.labels, "le")
            yield f"{metric.name}_sum", metric.labels
            yield f"{metric.name}_count", metric.labels
        else:
            yield metric.name, metric.labels


def _recorded(table: Table) -> Iterator[tuple[str, Labels]]:
    for indicator in table.indicators:
        for name in (*indicator.steps, indicator.name):
            yield record_name(table.name, name), indicator.labels
