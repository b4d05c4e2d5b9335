"""Wiki clustering and tagging: every event is counted, and a job's line at its end says how good it was. Seed 004.

{"event": "clustering_metrics", "level": "info", "timestamp": "2026-01-24T10:00:00Z", "wiki_id": 1,
 "job_id": "cluster_wiki_1_abc123", "total_duration": 245.3, "stage_durations": {"clustering": 12.5,
 "tag_generation": 180.2, "propagation": 52.6}, "counters": {"pages_processed": 500, "pages_tagged": 485,
 "total_tags_applied": 2600, "llm_failures": 2, "total_errors": 2}, "gauges": {"cluster_count": 25,
 "avg_cluster_size": 20.4, "outlier_percentage": 12.3, "silhouette_score": 0.42}}
"""

from collections import defaultdict
from collections.abc import Hashable
from typing import ClassVar

import msgspec

from exporter.dashboard import Dashboard, Kind, Mark, Panel, buckets, mean
from exporter.indicator import Indicator, Unit
from exporter.metric import Metrics, label_value
from exporter.pipeline import Pipeline, Stream
from exporter.record import Count, Identifier, Number, Quantity, Record, Timestamp
from exporter.tally import MILLIONTHS, wholes

ERRORS = ("llm_failures", "llm_timeouts", "parsing_errors", "propagation_conflicts", "database_errors")
"""The job's counters of errors that seed 004 names."""
ERROR_SUFFIXES = ("_failures", "_timeouts", "_errors", "_conflicts")
"""What any counter of errors ends in."""


COUNTED = ("pages_tagged", "total_tags_applied")
"""Counters that the job's gauges are computed from."""


class Event(Record):
    """Any event."""

    event: str
    timestamp: Timestamp = None
    level: str | None = None


class ClusterCreated(Record, tag_field="event", tag="cluster_created"):
    """A cluster of pages was found."""

    event: ClassVar[str] = "cluster_created"

    timestamp: Timestamp = None
    level: str | None = None
    page_count: Count | None = None


class Job(Record, tag_field="event", tag="clustering_metrics"):
    """A clustering job has ended: `ClusteringMetrics.to_dict()`."""

    event: ClassVar[str] = "clustering_metrics"

    wiki_id: Identifier
    total_duration: Quantity
    counters: dict[str, Count]
    gauges: dict[str, Number]
    timestamp: Timestamp = None
    level: str | None = None
    stage_durations: dict[str, Quantity] | None = None

    @property
    def logged(self) -> dict[str, float]:
        """All that figures are made of."""
        return {"total_duration": self.total_duration} | self.counters | self.gauges

    @property
    def shape(self) -> Hashable:
        """Jobs of the same shape have the same figures: the same keys of any, and none of 0 that something is divided
        by."""
        counters, gauges = self.counters, self.gauges
        return (
            not gauges.get("pages_processed", counters.get("pages_processed")),
            not gauges.get("total_duration", counters.get("total_duration", self.total_duration)),
            SHOWN.intersection(counters),
            tuple(gauges),
        )


class Figure(msgspec.Struct, frozen=True):
    """A figure of a wiki's last job: under which key it is logged, `per` to the gauge's unit, or else of which two
    figures it is the quotient. A counter that a job never counted up is not logged and means 0."""

    help: str
    key: str
    per: int = 1
    quotient: tuple[str, str] | None = None

    def of(self, logged: dict[str, float]) -> float | None:
        """The figure's value, None where the job has no data for it."""
        value = logged.get(self.key)
        if value is not None:
            return value / self.per
        if self.quotient is None:
            return None
        part, whole = (logged.get(key, 0 if key in COUNTED else None) for key in self.quotient)
        return part / whole if part is not None and whole else None


FIGURES = {
    "clusters": Figure("Clusters", "cluster_count"),
    "cluster_size_avg": Figure("Mean size of a cluster in pages", "avg_cluster_size"),
    "cluster_size_min": Figure("Size of the smallest cluster in pages", "min_cluster_size"),
    "cluster_size_max": Figure("Size of the largest cluster in pages", "max_cluster_size"),
    "outliers": Figure("Pages in no cluster", "outlier_count"),
    "outlier_ratio": Figure(
        "Share of pages in no cluster", "outlier_percentage", 100, ("outlier_count", "pages_processed")
    ),
    "silhouette_score": Figure("Silhouette score of the clusters, from -1 to 1", "silhouette_score"),
    "confidence": Figure("Mean confidence in a cluster's tags, from 0 to 1", "avg_cluster_confidence"),
    "tags_per_page": Figure("Mean tags of a page", "avg_tags_per_page", 1, ("total_tags_applied", "pages_processed")),
    "tags_per_page_min": Figure("Fewest tags of a page", "min_tags_per_page"),
    "tags_per_page_max": Figure("Most tags of a page", "max_tags_per_page"),
    "tags_per_cluster": Figure("Mean tags of a cluster", "tags_per_cluster"),
    "coverage_ratio": Figure(
        "Share of pages with a tag", "coverage_percentage", 100, ("pages_tagged", "pages_processed")
    ),
    "pages_per_second": Figure(
        "Pages processed in a second", "pages_per_second", 1, ("pages_processed", "total_duration")
    ),
    "llm_latency_seconds": Figure("Mean latency of a call to the LLM", "avg_llm_latency_ms", 1000),
}
"""What is shown of a wiki's last job."""
SHOWN = frozenset(key for figure in FIGURES.values() for key in (figure.key, *(figure.quotient or ())))
"""Keys of what is logged that figures are made of."""


class _Jobs:
    """What waits of a wiki's jobs, by stage and by counter."""

    def __init__(self, wiki: str) -> None:
        self.wiki = wiki
        self.seconds: list[float] = []
        self.stages: dict[str, list[float]] = {}
        self.counters: dict[str, list[int]] = {}
        self.rest = 0
        """Untagged pages of jobs that have no counter of them: those processed and not tagged."""
        self.last: Job | None = None
        """The last job, if it is not shown yet."""
        self.has: list[bool] = []
        """Which figures the last job has that was shown."""
        self.shapes: set[Hashable] = set()
        """Shapes of jobs that have just these."""


class _Pending:
    """What waits: by event and level the pages of the clusters, or None for each event; and jobs by wiki."""

    def __init__(self) -> None:
        self.clusters: dict[str | None, list[int | None]] = {}
        """Of these the clusters', by level."""
        self.events: defaultdict[tuple[str, str | None], list[int | None]] = defaultdict(list)
        self.wikis: dict[str, _Jobs] = {}


class Clustering(Pipeline):
    """Counts events, folds jobs into counters per wiki, and shows each wiki's last job."""

    streams = {
        "events": Stream(
            records=(ClusterCreated, Job),
            tag="event",
            otherwise=Event,
            help="structlog's JSON lines, of which a job's last one tells the most",
            main=True,
            time="timestamp",
        )
    }

    def declare(self, metrics: Metrics) -> None:
        self._pending = _Pending()
        self.events = metrics.counter("clustering_events_total", "Events logged, by level.", "event", "level")
        self.jobs = metrics.counter("clustering_jobs_total", "Jobs that ended.", "wiki_id")
        self.duration = metrics.histogram(
            "clustering_job_duration_seconds",
            "Duration of a whole job.",
            "wiki_id",
            bounds=(5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200),
            per_unit=MILLIONTHS,
        )
        self.stage_duration = metrics.histogram(
            "clustering_stage_duration_seconds",
            "Duration of a job's stage.",
            "wiki_id",
            "stage",
            bounds=(1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600),
            per_unit=MILLIONTHS,
        )
        self.pages = metrics.counter("clustering_pages_total", "Pages by outcome of jobs.", "wiki_id", "outcome")
        self.tags = metrics.counter("clustering_tags_applied_total", "Tags that jobs applied to pages.", "wiki_id")
        self.errors = metrics.counter("clustering_errors_total", "Errors that jobs counted.", "wiki_id", "type")
        self.cluster_size = metrics.histogram(
            "clustering_cluster_size",
            "Pages in a new cluster.",
            bounds=(2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000),
        )
        self.last_job = [
            (metrics.gauge(f"clustering_{name}", f"{figure.help}, in the wiki's last job.", "wiki_id"), figure)
            for name, figure in FIGURES.items()
        ]

    def observe(self, stream: str, log: str, records: list[Event | ClusterCreated | Job]) -> None:
        events, clusters = self._pending.events, self._pending.clusters
        for record in records:
            if type(record) is ClusterCreated:  # isinstance takes ten times as long where the answer is no
                try:
                    clusters[record.level].append(record.page_count)
                except KeyError:
                    pages = clusters[record.level] = events[record.event, record.level]
                    pages.append(record.page_count)
            else:
                events[record.event, record.level].append(None)
                if type(record) is Job:
                    self._take_job(record)

    def _take_job(self, job: Job) -> None:
        waiting = self._jobs_of(str(job.wiki_id))
        waiting.seconds.append(job.total_duration)
        counters, stages = waiting.counters, waiting.stages
        for stage, seconds in (job.stage_durations or {}).items():
            try:
                stages[stage].append(seconds)
            except KeyError:
                self.stage_duration.cell(waiting.wiki, stage, times=0)
                stages[stage] = [seconds]
        for key, times in job.counters.items():
            try:
                counters[key].append(times)
            except KeyError:
                if _counts_errors(key):
                    self.errors.cell(waiting.wiki, key, times=0)
                counters[key] = [times]
        if "pages_untagged" not in job.counters:
            rest = job.counters.get("pages_processed", 0) - job.counters.get("pages_tagged", 0)
            waiting.rest += max(0, rest)
        if job.shape in waiting.shapes:
            waiting.last = job
        else:
            self._show_at_once(waiting, job)

    def _show_at_once(self, waiting: _Jobs, job: Job) -> None:
        """Shows a job. Later ones of which the same figures are known have no need of that: they only change values."""
        waiting.last = None
        logged = job.logged
        has = [figure.of(logged) is not None for _, figure in self.last_job]
        self._show(waiting.wiki, job)
        if has != waiting.has:
            waiting.has = has
            waiting.shapes.clear()
        if has == [(waiting.wiki,) in gauge.values for gauge, _ in self.last_job]:  # else some are over the cap
            waiting.shapes.add(job.shape)

    def _show(self, wiki: str, job: Job) -> None:
        logged = job.logged
        for gauge, figure in self.last_job:
            gauge.set(figure.of(logged), wiki)

    def _jobs_of(self, wiki: str) -> _Jobs:
        """What waits of a wiki's jobs; the known errors are born with the first of them."""
        waiting = self._pending.wikis.get(wiki)
        if waiting is None:
            waiting = self._pending.wikis[wiki] = _Jobs(label_value(wiki))
            for error in ERRORS:
                self.errors.cell(waiting.wiki, error, times=0)
        return waiting

    def settle(self) -> None:
        pending, self._pending = self._pending, _Pending()
        sizes: list[int] = []
        for (event, level), pages in pending.events.items():
            self.events.add(len(pages), event, level or "unknown", times=len(pages))
            sizes += [each for each in pages if each is not None]
        self.cluster_size.observe_all(sizes)
        for waiting in pending.wikis.values():
            self._settle_jobs(waiting)
            if waiting.last is not None:
                self._show(waiting.wiki, waiting.last)

    def _settle_jobs(self, waiting: _Jobs) -> None:
        wiki, jobs, counters = waiting.wiki, len(waiting.seconds), waiting.counters
        self.jobs.add(jobs, wiki, times=jobs)
        self.duration.observe_all(wholes(waiting.seconds), wiki)
        for stage, seconds in waiting.stages.items():
            self.stage_duration.observe_all(wholes(seconds), wiki, stage)
        self.pages.add(sum(counters.get("pages_tagged", ())), wiki, "tagged", times=jobs)
        self.pages.add(sum(counters.get("pages_untagged", ())) + waiting.rest, wiki, "untagged", times=jobs)
        self.tags.add(sum(counters.get("total_tags_applied", ())), wiki, times=jobs)
        for error in ERRORS:
            self.errors.add(sum(counters.pop(error, ())), wiki, error, times=jobs)
        for key, times in counters.items():
            if _counts_errors(key):
                self.errors.add(sum(times), wiki, key, times=len(times))

    def merge(self, other: "Clustering") -> None:
        self.settle()
        other.settle()
        for wiki in other.jobs.cells:
            for gauge, _ in self.last_job:
                gauge.discard(wiki)
        super().merge(other)


def _counts_errors(key: str) -> bool:
    return key.endswith(ERROR_SUFFIXES) and key != "total_errors"


Clustering.indicators = (
    Indicator(
        name="silhouette_score",
        title="Silhouette score",
        unit=Unit.NUMBER,
        expr="clustering_silhouette_score",
        of="wiki {wiki_id}",
        warning="< 0.2",
        meaning="Low cluster quality: whether pages are nearer to their own cluster than to the next, in the last job.",
        impact="Tags of a cluster say little about its pages.",
        look=(
            "`clustering_clusters`, `clustering_cluster_size_min`, `clustering_cluster_size_max`: how they are split",
            "`jq -c 'select(.event == \"cluster_created\") | [.wiki_id, .cluster_id, .page_count]' clustering.log`",
        ),
        action="Consider increasing `min_cluster_size`, or check data quality: stubs, redirects and copies of one page "
        "make clusters of nothing.",
    ),
    Indicator(
        name="outlier_ratio",
        title="Outlier percentage",
        unit=Unit.RATIO,
        expr="clustering_outlier_ratio",
        of="wiki {wiki_id}",
        warning="> 30 %",
        meaning="Share of pages in no cluster, in the last job.",
        impact="These pages get no tags from clusters.",
        look=(
            "`clustering_outliers`, `clustering_coverage_ratio`: how many pages it is about",
            "`clustering:silhouette_score`, `clustering_clusters`: whether earlier jobs split the wiki otherwise",
        ),
        action="Wiki content may be too heterogeneous for clustering: read some of the pages in no cluster. Where they "
        "have topics of their own, a smaller `min_cluster_size` lets them have clusters, at the silhouette's cost.",
    ),
    Indicator(
        name="tags_per_page",
        title="Tags per page",
        unit=Unit.NUMBER,
        expr="clustering_tags_per_page",
        of="wiki {wiki_id}",
        info="< 2",
        meaning="Low average of tags per page, in the last job.",
        impact="Pages are hard to find by their tags.",
        look=("`clustering_confidence`, `clustering_tags_per_cluster`, `clustering_coverage_ratio`: where they lack",),
        action="Consider lowering confidence thresholds. Where coverage fell too, the outliers are the cause.",
    ),
    Indicator(
        name="stalled",
        title="Job stalled",
        unit=Unit.NUMBER,
        steps={
            "started_6h": """
                sum without (event, level) (increase(clustering_events_total{event="clustering_started"}[6h]))
                """,
            "ended_6h": "sum without (wiki_id) (increase(clustering_jobs_total[6h]))",
        },
        expr="""
            round(clustering:started_6h - (clustering:ended_6h or clustering:started_6h * 0)) > 0
            unless sum without (event, level) (increase(clustering_events_total[10m])) > 0
            """,
        of="{instance}",
        absent="No job stands still.",
        warning="> 0",
        pending="5m",
        meaning="Jobs that began in the last 6 hours and did not end, with nothing logged for a quarter of an hour.",
        impact="The wiki keeps its old tags.",
        look=(
            '`jq -c \'select(.level == "error" or .level == "critical")\' clustering.log | tail`',
            "`increase(clustering_events_total[6h])`: what it logged; `llm_timeout` says that it waits for the LLM",
        ),
        action="A job that waits for the LLM: restart it with fewer parallel calls. One that is gone: start it again. "
        "Where it came to propagation, some pages have its tags already. The alert ends by itself 6 h after the start.",
    ),
    Indicator(
        name="coverage_ratio",
        title="Tag coverage",
        unit=Unit.RATIO,
        expr="clustering_coverage_ratio",
        of="wiki {wiki_id}",
        more_is_better=True,
        meaning="Share of pages with at least one tag, in the last job.",
    ),
    Indicator(
        name="errors_per_job",
        title="Errors per job",
        unit=Unit.NUMBER,
        expr="""
            sum without (instance) (increase(clustering_errors_total[6h]))
            / ignoring (type) group_left () (sum without (instance) (increase(clustering_jobs_total[6h])) > 0)
            """,
        of="{type} of wiki {wiki_id}",
        meaning="Mean number of errors of a job by type, over 6 hours.",
        action="`llm_failures`, `llm_timeouts`: fewer parallel calls. `parsing_errors`: the prompt. "
        "`propagation_conflicts`, `database_errors`: batch the updates, and look for a second job on the same wiki.",
    ),
)
"""Seed 004, "Automatic quality alerts"."""

Clustering.dashboard = Dashboard(
    span="7d",
    empty="No job ended in the time shown, or none logged this figure.",
    first=(
        Panel(
            "Jobs",
            "Jobs that ended in the time shown. Good: as many as were scheduled.",
            Kind.STAT,
            Unit.NUMBER,
            {"jobs": "round(sum(increase(clustering_jobs_total[shown])))"},
        ),
        Panel(
            "Errors",
            "Errors that jobs counted in the time shown. Good: a few, of kinds that were tried again.",
            Kind.STAT,
            Unit.NUMBER,
            {"errors": "round(sum(increase(clustering_errors_total[shown])))"},
            empty="No job counted an error.",
        ),
        Panel(
            "Mean duration of a job",
            "Over the time shown. Good: as long as a wiki of this size ever took.",
            Kind.STAT,
            Unit.SECONDS,
            {
                "duration": "sum(increase(clustering_job_duration_seconds_sum[shown])) "
                "/ (sum(increase(clustering_job_duration_seconds_count[shown])) > 0)"
            },
        ),
    ),
    sections={
        "How long do jobs take?": (
            Panel(
                "Mean duration by stage",
                "Tag generation, which waits for the LLM, is the longest; the others are level.",
                Kind.STACK,
                Unit.SECONDS,
                mean("clustering_stage_duration_seconds", "wiki_id", "stage"),
                width=12,
            ),
            Panel(
                "Duration of jobs",
                "A band for each size of wiki, where it always was.",
                Kind.HEATMAP,
                Unit.SECONDS,
                buckets("clustering_job_duration_seconds"),
                width=12,
            ),
            Panel(
                "Pages processed in a second",
                "Level: it falls with a slow LLM, not with a bigger wiki.",
                Kind.LINES,
                Unit.PER_SECOND,
                {"wiki {wiki_id}": "clustering_pages_per_second"},
                width=12,
            ),
            Panel(
                "Mean latency of a call to the LLM",
                "Level: where it climbs, jobs get longer without more pages.",
                Kind.LINES,
                Unit.SECONDS,
                {"wiki {wiki_id}": "clustering_llm_latency_seconds"},
                width=12,
            ),
        ),
        "How big are clusters?": (
            Panel(
                "Sizes of new clusters",
                "Most between 5 and 50 pages. A row at the top is one cluster that swallowed the wiki.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets("clustering_cluster_size"),
            ),
            Panel(
                "Smallest, mean and largest cluster",
                "The largest within a few times the mean.",
                Kind.LINES,
                Unit.NUMBER,
                {
                    "wiki {wiki_id} min": "clustering_cluster_size_min",
                    "wiki {wiki_id} mean": "clustering_cluster_size_avg",
                    "wiki {wiki_id} max": "clustering_cluster_size_max",
                },
            ),
            Panel(
                "Clusters, and pages in none",
                "Level from job to job: outliers that climb while clusters fall ask for a lower min_cluster_size.",
                Kind.LINES,
                Unit.NUMBER,
                {"wiki {wiki_id} clusters": "clustering_clusters", "wiki {wiki_id} outliers": "clustering_outliers"},
            ),
        ),
        "How well are pages tagged?": (
            Panel(
                "Confidence in tags",
                "0.7 or more, and level.",
                Kind.LINES,
                Unit.NUMBER,
                {"wiki {wiki_id}": "clustering_confidence"},
                width=12,
            ),
            Panel(
                "Tags per cluster",
                "Some 3 to 6: one is too coarse, many say nothing.",
                Kind.LINES,
                Unit.NUMBER,
                {"wiki {wiki_id}": "clustering_tags_per_cluster"},
                width=12,
            ),
            Panel(
                "Fewest and most tags of a page",
                "0 where a page has none; the most within a few times the mean.",
                Kind.LINES,
                Unit.NUMBER,
                {
                    "wiki {wiki_id} min": "clustering_tags_per_page_min",
                    "wiki {wiki_id} max": "clustering_tags_per_page_max",
                },
                width=12,
            ),
            Panel(
                "Pages by outcome",
                "Nearly all tagged.",
                Kind.STACK,
                Unit.NUMBER,
                {"{outcome}": "sum by (outcome) (increase(clustering_pages_total[auto]))"},
                width=12,
            ),
        ),
        "What goes wrong?": (
            Panel(
                "Errors by type",
                "None, or a few timeouts that were tried again.",
                Kind.STACK,
                Unit.NUMBER,
                {"{type}": "sum by (type) (increase(clustering_errors_total[auto]))"},
                empty="No job counted an error in the time shown.",
            ),
            Panel(
                "Events above info",
                "Few warnings, no errors. They come before the job's line tells.",
                Kind.STACK,
                Unit.NUMBER,
                {
                    "{level} {event}": 'sum by (level, event) (increase(clustering_events_total{level!~"info|debug"}'
                    "[auto]))"
                },
                empty="Nothing above info was logged in the time shown.",
            ),
            Panel(
                "Events",
                "A steady mix: created clusters between the start of a job and its end.",
                Kind.BARS,
                Unit.NUMBER,
                {"{event}": "topk(12, round(sum by (event) (increase(clustering_events_total[shown]))) > 0)"},
            ),
        ),
    },
    marks=(
        Mark(
            "Job starts",
            'clustering_events_total{event="clustering_started"} '
            '> clustering_events_total{event="clustering_started"} offset 1m',
            "a job starts on {instance}",
        ),
    ),
)
