"""docs/metrics.md: every metric with its type, labels and meaning, from the declarations themselves."""

from collections.abc import Iterable, Mapping

from exporter.itself import Itself
from exporter.metric import AnyMetric, Histogram
from exporter.pipeline import Pipeline, Source

_HEAD = """# Metrics

<!-- Rendered from the code by `pipeline-exporter render`: edit the declarations, not this page. -->

Durations are in seconds, sizes in bytes, ratios from 0 to 1. Counters survive restarts and kills. A series that
appears while the exporter is being scraped is shown as 0 first, and with its value `birth_hold` seconds later. A gauge
without data is absent. Over `limits.series_per_metric` series, new label values are counted as `other`.
"""

_LIVE = """## Live metrics

Read when they are scraped, and not kept over restarts.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
| `host_cpu_seconds_total` | counter | mode | CPU time by mode |
| `host_memory_total_bytes`, `host_memory_used_bytes`, `host_memory_available_bytes` | gauge | | memory of the host |
| `host_disk_total_bytes`, `host_disk_used_bytes` | gauge | mountpoint | the disks named in `host.disks` |
| `host_processes` | gauge | | processes on the host |
| `host_directory_size_bytes` | gauge | directory | the folders named in `host.directories` |
| `host_process_resident_memory_bytes` | gauge | process | the processes named in `host.processes` |
| `pipeline_exporter_host_reading_failures_total` | counter | reading | readings that failed and were left out |
| `pipeline_exporter_snapshot_duration_seconds` | gauge | | how long the last snapshot took to be written |
| `pipeline_exporter_snapshot_timestamp_seconds` | gauge | | when everything counted was last known to be durable |
| `pipeline_exporter_config_reload_success` | gauge | | 1 where the last reading of the configuration succeeded |
| `pipeline_exporter_web_config_reload_success` | gauge | | 1 where the web configuration is in force as it is now |
| `pipeline_exporter_build_info` | gauge | version | always 1 |
| `process_*`, `python_*` | | | the exporter's own process |
"""


def metrics_page(kinds: Mapping[str, type[Pipeline]]) -> str:
    """The whole page."""
    sections = [_section(kind) for _, kind in sorted(kinds.items())]
    itself = f"## The exporter itself\n\n{_table(Itself().metrics)}"
    return "\n".join([_HEAD, *sections, itself, _LIVE])


def _section(kind: type[Pipeline]) -> str:
    streams = "\n".join(
        f"- `{name}`{' (main)' if stream.main else ''}: {stream.help}"
        f"{'; found beside the others' if stream.source is Source.FOLDER else ''}"
        for name, stream in kind.streams.items()
    )
    about = (kind.__doc__ or "").strip().splitlines()[0]
    return f"## {kind.name}\n\n{about}\n\nStreams:\n\n{streams}\n\n{_table(kind().metrics)}"


def _table(metrics: Iterable[AnyMetric]) -> str:
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels)} | {metric.help}{_bounds(metric)} |"
        for metric in metrics
    ]
    return "\n".join(["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n"


def _bounds(metric: AnyMetric) -> str:
    if not isinstance(metric, Histogram):
        return ""
    return f" Buckets: {', '.join(f'{bound:g}' for bound in metric.bounds)}."
