"""Each indicator that has limits: the series that bring it to a wanted value, and what its alerts then say.

Typed by hand, so that no expression is held against itself; prose has one home, the tables, and is taken from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from exporter.indicators import TABLES
from exporter.pipeline import discover
from tests.rules.series import (
    BUSY_MINUTES,
    MAIN,
    SELF,
    Maker,
    begun,
    beside,
    counters,
    daily_tags,
    ended,
    gauge,
    summary,
    together,
)
from tests.rules.witness import LIMITS, Row

HOST = {"instance": "host:10210", "job": "pipeline-exporter"}
SELF_HOST = {"instance": "host:10210", "job": "pipeline-exporter-self"}
ALL_HOSTS = {"job": "pipeline-exporter"}
RUN = {"run_id": "25K_1"} | HOST
WIKI = {"wiki_id": "7"} | HOST
STREAM = {"pipeline": "crawl", "stream": "metadata"}

DAY = 24 * 60

INDICATORS = {name: kind.indicators for name, kind in discover().items()} | TABLES
"""The tables under test, for their prose alone."""


def percent(value: float) -> str:
    return f"{value * 100:.4g}%"


def plain(value: float) -> str:
    return f"{value:.3g}"


def size(value: float) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20)):
        if value >= factor:
            return f"{value / factor:.4g}{unit}"
    return f"{value:.4g}B"


def duration(value: float) -> str:
    return f"{value:.4g}s" if value < 60 else f"{int(value) // 60}m {int(value) % 60}s"


def flag(value: float) -> str:
    return f"{value:g}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """An indicator under test. Times are in minutes; `{value}` and `{limit}` in a summary are filled in."""

    table: str
    indicator: str
    alert: str
    make: Maker
    summary: str
    labels: Mapping[str, str]
    """Of the alerts, beside their name and severity."""
    variables: str = ""
    show: Callable[[float], str] = plain
    pending: int = 0
    keep: int = 15
    nudge: Decimal = Decimal("0.0001")
    """What is just inside or just beyond a limit is so far from it."""
    healthy: Decimal = Decimal(0)
    step: int = 1
    """From sample to sample."""
    tick: int = 1
    """From evaluation to evaluation."""
    first: int = 0
    """The first evaluation at which the figure has a value; a stall is there a minute earlier where ranges are open."""
    slack: int = 0
    full: int = 0
    """From here on the value is exactly the wanted one."""
    window: int = 0
    """So long it may go on without new samples."""
    lingers: bool = False
    """Whether it also stays beyond its limit for the rest of the window when what is wanted is healthy again."""
    absent_fires: bool = False
    """Whether it is a fault that there is no data."""
    forgets: bool = False
    """Whether what was counted before a reset is gone: such a figure keeps quiet then."""
    counts: bool = False
    """Whether it is built on counters."""

    @property
    def limits(self) -> list[Row]:
        return [row for row in LIMITS if (row.table, row.indicator) == (self.table, self.indicator)]

    @property
    def description(self) -> str:
        """The prose of the indicator."""
        (told,) = [told for told in INDICATORS[self.table] if told.name == self.indicator]
        return " ".join(f"{told.meaning} What to do: {told.action}".split())

    def annotations(self, row: Row, value: Decimal) -> dict[str, str]:
        shown = self.show(float(value))
        return {
            "summary": self.summary.format(value=shown, limit=f"{row.severity} {row.limit}"),
            "description": self.description,
            "value": shown,
            "limit": row.limit,
            "runbook_url": f"http://localhost:10210/runbook#{self.alert.lower()}",
            "dashboard_url": f"http://localhost:3000/d/{self.table}{self.variables}",
        }


_HEALTH_LINES = ('pipeline_exporter_records_total{pipeline="crawl",stream="health"}', lambda _: 1)

FIGURES = (
    Figure(
        table="persona",
        indicator="repair_ratio",
        alert="PersonaRepairRatio",
        make=gauge('persona_batch_repair_ratio{run_id="25K_1"}'),
        summary="Repair rate, run 25K_1: {value} ({limit})",
        show=percent,
        labels=RUN | {"pipeline": "persona"},
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="persona",
        indicator="repair_trend",
        alert="PersonaRepairTrend",
        make=gauge('persona_recent_trend_per_batch{run_id="25K_1",indicator="repair_ratio"}'),
        summary="Repair rate trend, run 25K_1: {value} ({limit})",
        labels=RUN | {"indicator": "repair_ratio", "pipeline": "persona"},
        show=lambda value: f"{value:+.3g} per batch",
        nudge=Decimal("0.001"),
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="persona",
        indicator="opening_entropy",
        alert="PersonaOpeningEntropy",
        make=gauge('persona_batch_opening_entropy{run_id="25K_1"}'),
        summary="Opening entropy, run 25K_1: {value} ({limit})",
        show=lambda value: f"{value:.3g} bits",
        healthy=Decimal("3.1"),
        labels=RUN | {"pipeline": "persona"},
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="persona",
        indicator="pollyanna",
        alert="PersonaPollyanna",
        make=gauge('persona_batch_validator_score_mean{run_id="25K_1",validator="pollyanna"}'),
        summary="Pollyanna score, run 25K_1: {value} ({limit})",
        labels=RUN | {"validator": "pollyanna", "pipeline": "persona"},
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="persona",
        indicator="anchor_diversity",
        alert="PersonaAnchorDiversity",
        make=gauge('persona_batch_anchor_diversity_ratio{run_id="25K_1"}'),
        summary="Anchor diversity, run 25K_1: {value} ({limit})",
        healthy=Decimal("0.95"),
        labels=RUN | {"pipeline": "persona"},
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="persona",
        indicator="latency_change",
        alert="PersonaLatencyChange",
        make=gauge('persona_latency_change_ratio{run_id="25K_1"}'),
        summary="Mean latency change, run 25K_1: {value} ({limit})",
        show=percent,
        healthy=Decimal("-0.1"),
        labels=RUN | {"pipeline": "persona"},
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="persona",
        indicator="drift",
        alert="PersonaDrift",
        make=gauge('persona_drift_detected{run_id="25K_1",signal="variety"}'),
        summary="Drift, variety of run 25K_1",
        labels=RUN | {"signal": "variety", "pipeline": "persona"},
        variables="?var-signal=variety&var-run_id=25K_1",
        show=flag,
        nudge=Decimal(1),
    ),
    Figure(
        table="persona",
        indicator="stalled",
        alert="PersonaStalled",
        make=together(
            gauge('persona_run_progress_ratio{run_id="25K_1"}'),
            begun('persona_attempts_total{run_id="25K_1",stage="B",status="success"}', of=lambda _: 100),
            begun('persona_attempts_total{run_id="25K_1",stage="C",status="fail"}', of=lambda _: 2),
        ),
        summary="Run stalled, run 25K_1: {value} ({limit})",
        show=percent,
        healthy=Decimal(1),
        pending=5,
        first=BUSY_MINUTES + 10,
        slack=1,
        counts=True,
        labels=RUN | {"pipeline": "persona"},
        variables="?var-run_id=25K_1",
    ),
    Figure(
        table="distillation",
        indicator="stalled",
        alert="DistillationStalled",
        make=beside(
            together(
                begun('distillation_articles_total{filter="news",provider="claude",outcome="success"}'),
                begun('distillation_articles_total{filter="news",provider="claude",outcome="failure"}', of=lambda _: 0),
                summary('distillation_session_duration_seconds{filter="news"}'),
            ),
            **{f'pipeline_exporter_lines_total{{pipeline="distillation",stream="session",{MAIN}}}': Decimal(0)},
        ),
        summary="Session stalled, filter news: {value} ({limit})",
        labels=HOST | {"filter": "news", "pipeline": "distillation"},
        variables="?var-filter=news",
        nudge=Decimal(40),
        pending=5,
        first=BUSY_MINUTES + 10,
        slack=1,
        window=60,
        counts=True,
    ),
    Figure(
        table="crawl",
        indicator="error_ratio",
        alert="CrawlErrorRatio",
        make=counters(
            (
                'crawl_pages_total{category="news",extraction_method="trafilatura",passed="true"}',
                lambda ratio: (1 - ratio) * 6000,
            ),
            (
                'crawl_pages_total{category="research",extraction_method="bs4",passed="false"}',
                lambda ratio: (1 - ratio) * 4000,
            ),
            ('crawl_failures_total{stage="fetch",exception_type="Timeout",code="none"}', lambda ratio: ratio * 7500),
            ('crawl_failures_total{stage="embedding",exception_type="OOM",code="200"}', lambda ratio: ratio * 2500),
        ),
        summary="Error rate: {value} ({limit})",
        labels=ALL_HOSTS | {"pipeline": "crawl"},
        show=percent,
        pending=5,
        nudge=Decimal("0.0004"),
        step=12,
        first=12,
        window=60,
        counts=True,
    ),
    Figure(
        table="crawl",
        indicator="page_seconds",
        alert="CrawlPageSeconds",
        make=counters(
            ('crawl_page_duration_seconds_sum{extraction_method="trafilatura"}', lambda seconds: seconds * 1024),
            ('crawl_page_duration_seconds_count{extraction_method="trafilatura"}', lambda _: 1024),
        ),
        summary="Mean crawl time: {value} ({limit})",
        labels=ALL_HOSTS | {"pipeline": "crawl"},
        show=duration,
        pending=5,
        nudge=Decimal("0.125"),
        step=3,
        first=3,
        window=15,
        counts=True,
    ),
    Figure(
        table="crawl",
        indicator="cache_hit_ratio",
        alert="CrawlCacheHitRatio",
        make=together(gauge("crawl_health_cache_hit_ratio"), counters(_HEALTH_LINES)),
        summary="Cache hit rate: {value} ({limit})",
        labels=HOST | {"pipeline": "crawl"},
        show=percent,
        healthy=Decimal("0.8"),
        pending=5,
        first=1,
    ),
    Figure(
        table="crawl",
        indicator="cpu_ratio",
        alert="CrawlCpuRatio",
        make=together(gauge("crawl_health_cpu_ratio"), counters(_HEALTH_LINES)),
        summary="CPU in use: {value} ({limit})",
        labels=HOST | {"pipeline": "crawl"},
        show=percent,
        pending=5,
        first=1,
    ),
    Figure(
        table="crawl",
        indicator="threshold_change",
        alert="CrawlThresholdChange",
        make=gauge('crawl_threshold_change_ratio{method="otsu"}', of=lambda value: -value),
        summary="Threshold change, method otsu: {value} ({limit})",
        labels=HOST | {"method": "otsu", "pipeline": "crawl"},
        variables="?var-method=otsu",
        show=percent,
    ),
    Figure(
        table="crawl",
        indicator="tag_share_change",
        alert="CrawlTagShareChange",
        make=daily_tags,
        summary="Tag spike, tag alpha in research: {value} ({limit})",
        labels=ALL_HOSTS | {"tag": "alpha", "category": "research", "pipeline": "crawl"},
        variables="?var-tag=alpha&var-category=research",
        keep=60,
        nudge=Decimal("0.01"),
        step=DAY,
        tick=DAY,
        first=31 * DAY,
        forgets=True,
        counts=True,
    ),
    Figure(
        table="clustering",
        indicator="silhouette_score",
        alert="ClusteringSilhouetteScore",
        make=gauge('clustering_silhouette_score{wiki_id="7"}'),
        summary="Silhouette score, wiki 7: {value} ({limit})",
        labels=WIKI | {"pipeline": "clustering"},
        variables="?var-wiki_id=7",
        healthy=Decimal("0.4"),
    ),
    Figure(
        table="clustering",
        indicator="outlier_ratio",
        alert="ClusteringOutlierRatio",
        make=gauge('clustering_outlier_ratio{wiki_id="7"}'),
        summary="Outlier percentage, wiki 7: {value} ({limit})",
        labels=WIKI | {"pipeline": "clustering"},
        variables="?var-wiki_id=7",
        show=percent,
    ),
    Figure(
        table="clustering",
        indicator="tags_per_page",
        alert="ClusteringTagsPerPage",
        make=gauge('clustering_tags_per_page{wiki_id="7"}'),
        summary="Tags per page, wiki 7: {value} ({limit})",
        labels=WIKI | {"pipeline": "clustering"},
        variables="?var-wiki_id=7",
        nudge=Decimal("0.01"),
        healthy=Decimal(5),
    ),
    Figure(
        table="clustering",
        indicator="stalled",
        alert="ClusteringStalled",
        make=together(
            begun('clustering_events_total{event="clustering_started",level="info"}'),
            begun('clustering_events_total{event="cluster_created",level="info"}', of=lambda _: 30),
            ended('clustering_events_total{event="clustering_metrics",level="info"}'),
            ended('clustering_jobs_total{wiki_id="7"}'),
        ),
        summary="Job stalled, host:10210: {value} ({limit})",
        labels=HOST | {"pipeline": "clustering"},
        variables="?var-instance=host%3A10210",
        nudge=Decimal(2),
        pending=5,
        first=BUSY_MINUTES + 10,
        slack=1,
        window=360,
        counts=True,
    ),
    Figure(
        table="host",
        indicator="process_memory",
        alert="HostProcessMemory",
        make=gauge('host_process_resident_memory_bytes{process="crawler"}'),
        summary="Memory of a watched process, crawler on host:10210: {value} ({limit})",
        labels=HOST | {"process": "crawler", "pipeline": "host"},
        variables="?var-process=crawler&var-instance=host%3A10210",
        show=size,
        nudge=Decimal(1),
        pending=5,
    ),
    Figure(
        table="host",
        indicator="cpu_ratio",
        alert="HostCpuRatio",
        make=counters(
            ('host_cpu_seconds_total{mode="idle"}', lambda ratio: (1 - ratio) * 7500),
            ('host_cpu_seconds_total{mode="iowait"}', lambda ratio: (1 - ratio) * 2500),
            ('host_cpu_seconds_total{mode="user"}', lambda ratio: ratio * 9000),
            ('host_cpu_seconds_total{mode="system"}', lambda ratio: ratio * 1000),
        ),
        summary="CPU in use, host:10210: {value} ({limit})",
        labels=HOST | {"pipeline": "host"},
        variables="?var-instance=host%3A10210",
        show=percent,
        pending=5,
        first=1,
        window=5,
        counts=True,
    ),
    Figure(
        table="host",
        indicator="memory_ratio",
        alert="HostMemoryRatio",
        make=beside(
            gauge("host_memory_available_bytes", of=lambda ratio: (1 - ratio) * 10000),
            **{f"host_memory_total_bytes{{{MAIN}}}": Decimal(10000)},
        ),
        summary="Memory in use, host:10210: {value} ({limit})",
        labels=HOST | {"pipeline": "host"},
        variables="?var-instance=host%3A10210",
        show=percent,
        pending=5,
    ),
    Figure(
        table="exporter",
        indicator="down",
        alert="ExporterDown",
        make=together(gauge("up", of=lambda down: 1 - down), gauge("up", job=SELF, of=lambda down: 1 - down)),
        summary="Exporter down, host:10210",
        labels=HOST | {"pipeline": "exporter"},
        variables="?var-instance=host%3A10210",
        show=flag,
        nudge=Decimal(1),
        pending=1,
        keep=1,
        absent_fires=True,
    ),
    Figure(
        table="exporter",
        indicator="unserved",
        alert="ExporterUnserved",
        make=beside(gauge("up", of=lambda unserved: 1 - unserved), **{f"up{{{SELF}}}": Decimal(1)}),
        summary="Metrics not served, host:10210",
        labels=HOST | {"pipeline": "exporter"},
        variables="?var-instance=host%3A10210",
        show=flag,
        nudge=Decimal(1),
        pending=15,
        keep=1,
    ),
    Figure(
        table="exporter",
        indicator="catching_up",
        alert="ExporterCatchingUp",
        make=gauge("pipeline_exporter_catching_up", job=SELF),
        summary="Catching up, host:10210",
        labels=SELF_HOST | {"pipeline": "exporter"},
        variables="?var-instance=host%3A10210",
        show=flag,
        nudge=Decimal(1),
        pending=5,
        keep=1,
    ),
    Figure(
        table="exporter",
        indicator="rejected_ratio",
        alert="ExporterRejectedRatio",
        make=counters(
            ('pipeline_exporter_lines_total{pipeline="crawl",stream="metadata"}', lambda _: 10000),
            (
                'pipeline_exporter_rejected_lines_total{pipeline="crawl",stream="metadata",reason="missing_field"}',
                lambda ratio: ratio * 7500,
            ),
            (
                'pipeline_exporter_rejected_lines_total{pipeline="crawl",stream="metadata",reason="invalid_json"}',
                lambda ratio: ratio * 2500,
            ),
        ),
        summary="Rejected lines, crawl.metadata: {value} ({limit})",
        labels=HOST | STREAM,
        variables="?var-pipeline=crawl&var-stream=metadata",
        show=percent,
        pending=1,
        nudge=Decimal("0.0004"),
        step=3,
        first=3,
        window=15,
        counts=True,
    ),
    Figure(
        table="exporter",
        indicator="lag",
        alert="ExporterLag",
        make=gauge('pipeline_exporter_lag_bytes{pipeline="crawl",stream="metadata"}', job=SELF),
        summary="Lag, crawl.metadata: {value} ({limit})",
        labels=SELF_HOST | STREAM,
        variables="?var-pipeline=crawl&var-stream=metadata",
        show=size,
        nudge=Decimal(1),
        pending=10,
    ),
    Figure(
        table="exporter",
        indicator="unfollowed_files",
        alert="ExporterUnfollowedFiles",
        make=gauge('pipeline_exporter_unfollowed_files{pipeline="crawl",stream="metadata",reason="too_many"}'),
        summary="Files that cannot be followed, crawl.metadata (too_many): {value} ({limit})",
        labels=HOST | STREAM | {"reason": "too_many"},
        variables="?var-pipeline=crawl&var-stream=metadata&var-reason=too_many",
        nudge=Decimal(1),
        pending=5,
    ),
    Figure(
        table="exporter",
        indicator="lost_bytes",
        alert="ExporterLostBytes",
        make=counters(
            (
                'pipeline_exporter_lost_bytes_total{pipeline="crawl",stream="metadata"}',
                lambda increase: increase / 5,
            )
        ),
        summary="Lines lost, crawl.metadata: {value} ({limit})",
        labels=HOST | STREAM,
        variables="?var-pipeline=crawl&var-stream=metadata",
        show=size,
        nudge=Decimal(5),
        step=3,
        first=3,
        full=15,
        window=15,
        lingers=True,
        counts=True,
    ),
    Figure(
        table="exporter",
        indicator="series_capped",
        alert="ExporterSeriesCapped",
        make=counters(
            ('pipeline_exporter_series_capped_total{metric="crawl_tags_total"}', lambda increase: increase / 5)
        ),
        summary="Series over the cap, crawl_tags_total: {value} ({limit})",
        labels=HOST | {"metric": "crawl_tags_total", "pipeline": "exporter"},
        variables="?var-metric=crawl_tags_total",
        nudge=Decimal(5),
        step=3,
        first=3,
        full=15,
        window=15,
        lingers=True,
        counts=True,
    ),
    Figure(
        table="exporter",
        indicator="snapshot_age",
        alert="ExporterSnapshotAge",
        make=lambda ages: {
            f"pipeline_exporter_snapshot_timestamp_seconds{{{SELF}}}": [
                age if age is None or age.is_nan() else 60 * minute - age for minute, age in enumerate(ages)
            ]
        },
        summary="Age of the last snapshot, host:10210: {value} ({limit})",
        labels=SELF_HOST | {"pipeline": "exporter"},
        variables="?var-instance=host%3A10210",
        show=duration,
        nudge=Decimal(1),
    ),
    Figure(
        table="exporter",
        indicator="state_resets",
        alert="ExporterStateResets",
        make=counters(('pipeline_exporter_state_resets_total{reason="definition"}', lambda increase: increase / 5)),
        summary="Counts lost, definition on host:10210: {value} ({limit})",
        labels=HOST | {"reason": "definition", "pipeline": "exporter"},
        variables="?var-reason=definition&var-instance=host%3A10210",
        keep=60,
        nudge=Decimal(5),
        step=12,
        first=12,
        full=60,
        window=60,
        lingers=True,
        counts=True,
    ),
    Figure(
        table="exporter",
        indicator="reload_failed",
        alert="ExporterReloadFailed",
        make=gauge("pipeline_exporter_config_reload_success", job=SELF, of=lambda failed: 1 - failed),
        summary="Reload failed, host:10210",
        labels=SELF_HOST | {"pipeline": "exporter"},
        variables="?var-instance=host%3A10210",
        show=flag,
        nudge=Decimal(1),
        keep=1,
    ),
    Figure(
        table="exporter",
        indicator="web_reload_failed",
        alert="ExporterWebReloadFailed",
        make=gauge("pipeline_exporter_web_config_reload_success", job=SELF, of=lambda failed: 1 - failed),
        summary="Web configuration not in force, host:10210",
        labels=SELF_HOST | {"pipeline": "exporter"},
        variables="?var-instance=host%3A10210",
        show=flag,
        nudge=Decimal(1),
        keep=1,
    ),
)
