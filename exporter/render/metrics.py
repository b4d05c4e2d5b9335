"""docs/metrics.md: every metric with its type, labels and meaning, from the declarations themselves."""

from collections.abc import Iterable, Iterator

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

Row = tuple[str, str, Iterable[str], str]
"""Names, type, labels and meaning of metrics."""


def metrics_page(kinds: Kinds) -> str:
    """The whole page."""
    sections = [_section(kind) for _, kind in sorted(kinds.items())]
    itself = f"## The exporter itself\n\n{_table(map(_declared, Itself().metrics))}"
    return "\n".join([_HEAD, *sections, itself, _LIVE + _table(_live())])


def _section(kind: type[Pipeline]) -> str:
    streams = "\n".join(
        f"- `{name}`{' (main)' if stream.main else ''}: {stream.help}"
        f"{'; found beside the others' if stream.source is Source.FOLDER else ''}"
        for name, stream in kind.streams.items()
    )
    about = (kind.__doc__ or "").strip().splitlines()[0]
    return f"## {kind.name}\n\n{about}\n\nStreams:\n\n{streams}\n\n{_table(map(_declared, kind().metrics))}"


def _declared(metric: AnyMetric) -> Row:
    return f"`{metric.name}`", metric.kind, metric.labels, metric.help + _bounds(metric)


def _live() -> Iterator[Row]:
    for live in LIVE:
        yield ", ".join(f"`{name}`" for name in live.names), live.type, live.labels, live.meaning
    yield "`process_*`, `python_*`", "", (), "the exporter's own process"


def _table(rows: Iterable[Row]) -> str:
    lines = [f"| {names} | {kind} | {', '.join(labels)} | {meaning} |" for names, kind, labels, meaning in rows]
    return "\n".join(["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", *lines]) + "\n"


def _bounds(metric: AnyMetric) -> str:
    if not isinstance(metric, Histogram):
        return ""
    return f" Buckets: {', '.join(f'{bound:g}' for bound in metric.bounds)}."
