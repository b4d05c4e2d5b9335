"""docs/metrics.md: every metric with its type, labels and meaning, from the declarations themselves."""

from collections.abc import Iterable

from exporter.itself import Itself
from exporter.metric import AnyMetric, Histogram
from exporter.pipeline import Kinds, Pipeline, Source
from exporter.render.live import LIVE

_HEAD = """# Metrics

<!-- Rendered from the code by `pipeline-exporter render`: edit the declarations, not this page. -->

Durations are in seconds, sizes in bytes, ratios from 0 to 1. Counters survive restarts and kills. A series that
appears while the exporter is being scraped is shown as 0 first, and with its value `birth_hold` seconds later. A gauge
without data is absent. Over `limits.series_per_metric` series, new label values are counted as `other`.
"""

_LIVE = """## Live metrics

Read when they are scraped, and not kept over restarts.

"""

_COLUMNS = ("| metric | type | labels | meaning |", "| --- | --- | --- | --- |")


def metrics_page(kinds: Kinds) -> str:
    """The whole page."""
    sections = [_section(kind) for _, kind in sorted(kinds.items())]
    itself = f"## The exporter itself\n\n{_table(Itself().metrics)}"
    return "\n".join([_HEAD, *sections, itself, _LIVE + _live_table()])


def _section(kind: type[Pipeline]) -> str:
    streams = "\n".join(
        f"- `{name}`{' (main)' if stream.main else ''}: {stream.help}"
        f"{'; found beside the others' if stream.source is Source.FOLDER else ''}"
        for name, stream in kind.streams.items()
    )
    about = (kind.__doc__ or "").strip().splitlines()[0]
    return f"## {kind.name}\n\n{about}\n\nStreams:\n\n{streams}\n\n{_table(kind().metrics)}"


def _live_table() -> str:
    rows = [
        f"| {', '.join(f'`{name}`' for name in live.names)} | {live.type} |"
        f"{' ' if live.labels else ''}{', '.join(live.labels)} | {live.meaning} |"
        for live in LIVE
    ]
    return "\n".join([*_COLUMNS, *rows, "| `process_*`, `python_*` | | | the exporter's own process |"]) + "\n"


def _table(metrics: Iterable[AnyMetric]) -> str:
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels)} | {metric.help}{_bounds(metric)} |"
        for metric in metrics
    ]
    return "\n".join([*_COLUMNS, *rows]) + "\n"


def _bounds(metric: AnyMetric) -> str:
    if not isinstance(metric, Histogram):
        return ""
    return f" Buckets: {', '.join(f'{bound:g}' for bound in metric.bounds)}."
