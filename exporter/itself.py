"""The exporter's metrics about itself: what was read, what was refused, what it knows. Prefix `pipeline_exporter_`."""

from collections.abc import Collection, Mapping

from exporter.decode import Decoded, Reason
from exporter.metric import Counter, Gauge, Metric, Metrics, MetricState


class Itself:
    """What the exporter counts of its own work. Counters are stored and restored; gauges are measured anew."""

    def __init__(self) -> None:
        self.metrics = Metrics(cap=1_000_000)
        stream = ("pipeline", "stream")

        def counter(name: str, help: str, *labels: str) -> Counter:
            return self.metrics.counter(f"pipeline_exporter_{name}_total", help, *labels)

        def gauge(name: str, help: str, *labels: str) -> Gauge:
            return self.metrics.gauge(f"pipeline_exporter_{name}", help, *labels)

        self.lines = counter("lines", "Lines read: records, skipped and rejected ones.", *stream)
        self.records = counter("records", "Lines that became records.", *stream)
        self.bytes = counter("bytes", "Bytes read.", *stream)
        self.skipped = counter("skipped_lines", "Lines that are blank or of a kind that is not used.", *stream)
        self.rejected = counter("rejected_lines", "Lines refused, by reason.", *stream, "reason")
        self.rotations = counter("rotations", "Times that another file, or none, took the place of a log.", *stream)
        self.truncations = counter("truncations", "Times that a log lost bytes that were read.", *stream)
        self.lost = counter("lost_bytes", "Bytes that were seen in a log and went before they were read.", *stream)
        self.capped = counter(
            "series_capped", "Observations over the cap: counted as `other`, or left out of a gauge.", "metric"
        )
        self.snapshot_failures = counter("snapshot_failures", "Snapshots that could not be written.")
        self.state_resets = counter("state_resets", "Times that counts were lost, by reason.", "reason")
        self.lag = gauge("lag_bytes", "Bytes in the logs that were not counted yet.", *stream)
        self.files = gauge("files", "Files that are followed.", *stream)
        self.unfollowed = gauge("unfollowed_files", "Matching paths that cannot be followed.", *stream, "reason")
        self.last_record = gauge("last_record_timestamp_seconds", "Event time of the last record.", *stream)
        self.catching_up = gauge("catching_up", "Whether logs that were there at the start are still being read.")
        self.series = gauge("series", "Series of a metric.", "metric")
        for reason in ("damaged", "definition"):
            self.state_resets.cell(reason)

    def restore(self, stored: Mapping[str, MetricState]) -> None:
        """Goes on from what was stored."""
        self.count_resets(self.metrics.restore(stored))

    def count_resets(self, changed: Collection[str]) -> None:
        """Counts what starts anew since it means something else than what was stored."""
        self.state_resets.add(len(changed), "definition")

    def birth(self, pipeline: str, stream: str) -> None:
        """Shows a stream's counters from their start."""
        for counter in (self.lines, self.records, self.bytes, self.skipped):
            counter.cell(pipeline, stream)
        for counter in (self.rotations, self.truncations, self.lost):
            counter.cell(pipeline, stream)
        for reason in Reason:
            self.rejected.cell(pipeline, stream, reason)

    def count(self, pipeline: str, stream: str, decoded: Decoded, size: int, too_long: int) -> None:
        """Counts what a chunk of `size` bytes held."""
        self.lines.cell(pipeline, stream)[0] += decoded.lines + too_long
        self.records.cell(pipeline, stream)[0] += len(decoded.records)
        self.bytes.cell(pipeline, stream)[0] += size
        self.skipped.cell(pipeline, stream)[0] += decoded.skipped
        for rejection in decoded.rejections:
            self.rejected.cell(pipeline, stream, rejection.reason)[0] += 1
        if too_long:
            self.rejected.cell(pipeline, stream, Reason.TOO_LONG)[0] += too_long

    def measure(self, metric: Metric) -> None:
        """Takes in how many series a metric has, and how many observations went over its cap since the last time."""
        self.series.set(len(metric), metric.name)
        self.capped.cell(metric.name)[0] += metric.capped
        metric.capped = 0
