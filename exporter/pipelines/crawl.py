"""Semantic crawler: pages, failures, corrections by hand, embedding retries, thresholds and health. Seed 003.

{"url": "https://example.com/article", "score": 0.92, "category": "research", "tags": ["momentum", "alpha"],
 "length": 2123, "embedding_id": "article_3958", "threshold_passed": true, "processing_time": 1.234,
 "extraction_method": "trafilatura", "model_version": "sentence-transformers-2.2.2"}
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from exporter.batch import change
from exporter.dashboard import Dashboard, Kind, Mark, Panel, buckets, quantiles
from exporter.indicator import Indicator, Unit
from exporter.join import Join, facts
from exporter.metric import OTHER, Metrics, label_value
from exporter.pipeline import Pipeline, State, Stream
from exporter.promql import quotient
from exporter.record import Count, Identifier, Number, Quantity, Record, Timestamp
from exporter.tally import MILLIONTHS, wholes

MIB = 1 << 20
CORRECTIONS = {"false_positives": "false_positive", "false_negatives": "false_negative"}
"""What kind of correction a stream holds."""
URL_CHARACTERS = 4096
"""So much of a URL is looked at for its host; the standard library remembers the last URLs that it took apart."""
QUEUED = 1
"""The URL is scheduled for another try."""
SCHEDULED, SPENT = facts(QUEUED, QUEUED), facts(QUEUED, 0)

_REASONS = {"oom": re.compile(r"\boom\b|out of memory", re.I), "timeout": re.compile(r"timeout|timed out", re.I)}


class Page(Record):
    """A page that was crawled and scored."""

    unused = ("embedding_id", "model_version")

    url: str
    score: Quantity
    category: str
    tags: list[str]
    length: Count
    threshold_passed: bool
    processing_time: Quantity
    extraction_method: str
    timestamp: Timestamp = None


class Failure(Record):
    """A page that failed."""

    unused = ("error", "retry_count", "user_agent")

    url: str
    stage: str
    exception_type: str
    timestamp: Timestamp = None
    response_code: Identifier | None = None


class Correction(Record):
    """A category that someone corrected."""

    correct_category: str
    correction_timestamp: Timestamp = None


class EmbeddingFailure(Record):
    """A page whose text could not be embedded."""

    url: str
    failure_reason: str
    retry_scheduled: bool
    last_attempt: Timestamp = None


class ThresholdRun(Record):
    """A run that chose a method's threshold anew."""

    method: str
    threshold: Number
    pass_rate: Quantity
    timestamp: Timestamp = None


class Health(Record):
    """The crawler's resources at one moment."""

    timestamp: Timestamp = None
    memory_usage_mb: Quantity | None = None
    cpu_percent: Quantity | None = None
    disk_usage_percent: Quantity | None = None
    active_processes: Count | None = None
    chromadb_size_mb: Quantity | None = None
    cache_hit_rate: Quantity | None = None
    avg_crawl_time: Quantity | None = None


def _from_mib(value: float) -> float:
    return value * MIB


def _from_percent(value: float) -> float:
    return value / 100


HEALTH: dict[str, tuple[str, str, Callable[[float], float]]] = {
    "memory_bytes": ("Memory in use", "memory_usage_mb", _from_mib),
    "cpu_ratio": ("Share of the CPU in use", "cpu_percent", _from_percent),
    "disk_ratio": ("Share of the disk in use", "disk_usage_percent", _from_percent),
    "processes": ("Active processes", "active_processes", float),
    "chromadb_bytes": ("Size of ChromaDB", "chromadb_size_mb", _from_mib),
    "cache_hit_ratio": ("Share of cache lookups that hit", "cache_hit_rate", float),
    "crawl_time_seconds": ("Mean crawl time of a page", "avg_crawl_time", float),
}
"""The health gauges: help, field, and how the field's unit becomes the gauge's."""


class Threshold(msgspec.Struct):
    """A method's last threshold, and the one of the run before."""

    last: float
    before: float | None = None

    @property
    def change(self) -> float | None:
        """The change between the two, signed and relative; None without a run before, or where that is 0."""
        return None if self.before is None else change(self.before, self.last)


class CrawlState(State):
    """The URLs of embedding failures, the thresholds by method, and whether there was a line about health."""

    embeddings: Join = msgspec.field(default_factory=Join)
    thresholds: dict[str, Threshold] = {}
    has_health: bool = False


_Pages = tuple[list[float], list[float], list[int], dict[str, int]]
"""What waits of pages of one category and method that all passed, or did not: scores, seconds, lengths, and
how often each tag. Python unpacks a tuple several times faster than a named one."""


class _Pending:
    """What waits of the streams that are counted, and the last pass rates of thresholds that were moved."""

    def __init__(self) -> None:
        self.pages: defaultdict[tuple[str, str, bool], _Pages] = defaultdict(lambda: ([], [], [], {}))
        self.failures: Counter[tuple[str, str, Identifier | None]] = Counter()
        self.origins: Counter[tuple[str, str]] = Counter()
        self.corrections: Counter[tuple[str, str]] = Counter()
        self.embedding_failures: Counter[str] = Counter()
        self.pass_rates: dict[str, float] = {}


class Crawl(Pipeline):
    """Folds seven logs of the crawler into counters, and shows the last threshold and health."""

    streams = {
        "metadata": Stream(records=(Page,), help="one line per crawled page", time="timestamp"),
        "failures": Stream(records=(Failure,), help="one line per failed page", time="timestamp"),
        "false_positives": Stream(
            records=(Correction,), help="pages that should not have passed", time="correction_timestamp"
        ),
        "false_negatives": Stream(
            records=(Correction,), help="pages that should have passed", time="correction_timestamp"
        ),
        "embedding_failures": Stream(
            records=(EmbeddingFailure,), help="one line per failed try to embed a page", time="last_attempt"
        ),
        "thresholds": Stream(records=(ThresholdRun,), help="one line per run of a threshold", time="timestamp"),
        "health": Stream(records=(Health,), help="the crawler's resources, one line per look", time="timestamp"),
    }
    state_type = CrawlState

    state: CrawlState

    def declare(self, metrics: Metrics) -> None:
        self._pending = _Pending()
        self._declare_pages(metrics)
        self.failures = metrics.counter(
            "crawl_failures_total", "Failures by HTTP response code.", "stage", "exception_type", "code"
        )
        self.domain_failures = metrics.counter("crawl_domain_failures_total", "Failures by host.", "domain")
        self.corrections = metrics.counter(
            "crawl_corrections_total", "Corrections by hand, by the correct category.", "kind", "category"
        )
        self.embedding_failures = metrics.counter(
            "crawl_embedding_failures_total", "Failed tries to embed a page: oom, timeout or other.", "reason"
        )
        self.retry_queue = metrics.gauge(
            "crawl_embedding_retry_queue", "URLs whose last embedding failure has a retry scheduled."
        )
        self.threshold = metrics.gauge("crawl_threshold", "Threshold of the method's last run.", "method")
        self.pass_ratio = metrics.gauge(
            "crawl_threshold_pass_ratio", "Share of samples that passed in the method's last run.", "method"
        )
        self.threshold_change = metrics.gauge(
            "crawl_threshold_change_ratio", "Relative change of the threshold against the run before.", "method"
        )
        self.health = {
            field: (metrics.gauge(f"crawl_health_{name}", f"{help}, by the last line of the health log."), convert)
            for name, (help, field, convert) in HEALTH.items()
        }

    def _declare_pages(self, metrics: Metrics) -> None:
        self.pages = metrics.counter(
            "crawl_pages_total",
            "Pages by whether they passed the threshold.",
            "category",
            "extraction_method",
            "passed",
        )
        self.score = metrics.histogram(
            "crawl_page_score",
            "Semantic score of a page, from 0 to 1.",
            "category",
            bounds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
            per_unit=MILLIONTHS,
        )
        self.duration = metrics.histogram(
            "crawl_page_duration_seconds",
            "Processing time of a page.",
            "extraction_method",
            bounds=(0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 30, 60),
            per_unit=MILLIONTHS,
        )
        self.length = metrics.histogram(
            "crawl_page_length_chars",
            "Length of a page's text in characters.",
            bounds=(100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000),
        )
        self.tags = metrics.counter("crawl_tags_total", "Tags of pages.", "category", "tag")

    def observe(self, stream: str, log: str, records: list[Any]) -> None:
        match stream:
            case "metadata":
                self._take_pages(records)
            case "failures":
                self._take_failures(records)
            case "false_positives" | "false_negatives":
                self._take_corrections(CORRECTIONS[stream], records)
            case "embedding_failures":
                self._take_embedding_failures(records)
            case "thresholds":
                self._show_thresholds(records)
            case "health":
                self._show_health(records[-1])

    def _take_pages(self, pages: list[Page]) -> None:
        waiting = self._pending.pages
        for page in pages:
            scores, seconds, lengths, tags = waiting[page.category, page.extraction_method, page.threshold_passed]
            scores.append(page.score)
            seconds.append(page.processing_time)
            lengths.append(page.length)
            for tag in page.tags:
                try:
                    tags[tag] += 1
                except KeyError:
                    self.tags.cell(page.category, tag, times=0)
                    tags[tag] = 1

    def _take_failures(self, failures: list[Failure]) -> None:
        self._pending.failures.update(
            [(failure.stage, failure.exception_type, failure.response_code) for failure in failures]
        )
        self._pending.origins.update([origin(failure.url) for failure in failures])

    def _take_corrections(self, kind: str, corrections: list[Correction]) -> None:
        self._pending.corrections.update([(kind, correction.correct_category) for correction in corrections])

    def _take_embedding_failures(self, failures: list[EmbeddingFailure]) -> None:
        self._pending.embedding_failures.update([failure.failure_reason for failure in failures])
        self.state.embeddings.tell_all(
            [(failure.url, SCHEDULED if failure.retry_scheduled else SPENT) for failure in failures]
        )

    def _show_thresholds(self, runs: list[ThresholdRun]) -> None:
        """Moves the thresholds; where that bears no series and makes none absent, the gauges follow later."""
        waiting = self._pending.pass_rates
        for run in runs:
            method = run.method
            known = self.state.thresholds.get(method)
            if known is not None and known.last and known.before:
                known.last, known.before = run.threshold, known.last
                waiting[method] = run.pass_rate
            else:
                waiting.pop(method, None)
                self.pass_ratio.set(run.pass_rate, method)
                self._move_threshold(label_value(method), Threshold(run.threshold))

    def _move_threshold(self, method: str, threshold: Threshold) -> None:
        """Puts a later threshold in the place of a method's last one, unless there are too many methods."""
        thresholds = self.state.thresholds
        if method in thresholds and threshold.before is None:
            threshold = Threshold(threshold.last, before=thresholds[method].last)
        self.threshold.set(threshold.last, method)
        self.threshold_change.set(threshold.change, method)
        if method in thresholds or len(thresholds) < self.metrics.cap:
            thresholds[method] = threshold

    def _show_health(self, health: Health) -> None:
        self.state.has_health = True
        for field, (gauge, convert) in self.health.items():
            value = getattr(health, field)
            gauge.set(None if value is None else convert(value))

    def settle(self) -> None:
        pending, self._pending = self._pending, _Pending()
        self._settle_pages(pending)
        self._settle_failures(pending)
        for (kind, category), times in pending.corrections.items():
            for either in CORRECTIONS.values():
                self.corrections.cell(either, category, times=0)
            self.corrections.add(times, kind, category, times=times)
        for method, pass_rate in pending.pass_rates.items():
            threshold = self.state.thresholds[method]
            self.pass_ratio.set(pass_rate, method)
            self.threshold.set(threshold.last, method)
            self.threshold_change.set(threshold.change, method)
        if self.state.embeddings.things:
            self.retry_queue.set(self.state.embeddings.count(QUEUED))

    def _settle_pages(self, pending: _Pending) -> None:
        scores_by: defaultdict[str, list[float]] = defaultdict(list)
        seconds_by: defaultdict[str, list[float]] = defaultdict(list)
        tags_by: defaultdict[str, Counter[str]] = defaultdict(Counter)
        all_lengths: list[int] = []
        for (category, method, passed), (scores, seconds, lengths, tags) in pending.pages.items():
            pages = len(scores)
            self.pages.add(pages, category, method, "true" if passed else "false", times=pages)
            scores_by[category] += scores
            seconds_by[method] += seconds
            all_lengths += lengths
            tags_by[category].update(tags)
        for category, scores in scores_by.items():
            self.score.observe_all(wholes(scores), category)
        for method, seconds in seconds_by.items():
            self.duration.observe_all(wholes(seconds), method)
        self.length.observe_all(all_lengths)
        for category, counts in tags_by.items():
            for tag, times in counts.items():
                self.tags.add(times, category, tag, times=times)

    def _settle_failures(self, pending: _Pending) -> None:
        for (stage, exception_type, code), times in pending.failures.items():
            self.failures.add(times, stage, exception_type, "none" if code is None else str(code), times=times)
        for (scheme, host), times in pending.origins.items():
            self.domain_failures.add(times, domain(f"{scheme}//{host}"), times=times)
        for text, times in pending.embedding_failures.items():
            self.embedding_failures.add(times, embedding_reason(text), times=times)

    def merges_exactly(self, later: "Crawl") -> bool:
        return super().merges_exactly(later) and self.state.embeddings.merges_exactly(later.state.embeddings)

    def merge(self, other: "Crawl") -> None:
        if other.state.has_health:
            self._show_health(Health())
        super().merge(other)
        for method, threshold in other.state.thresholds.items():
            self._move_threshold(method, threshold)
        self.state.embeddings.merge(other.state.embeddings)
        self.settle()


def origin(url: str) -> tuple[str, str]:
    """What stands before and behind the first `//` of a URL, up to its path.

    >>> origin("https://broken.com:8443/page/2"), origin("not a url")
    (('https:', 'broken.com:8443'), ('not a url', ''))
    """
    scheme, _, rest = url.partition("//")
    return scheme, rest.partition("/")[0]


def domain(url: str) -> str:
    """A URL's host in lower case without port, `other` where it has none.

    >>> domain("https://Broken.com:8443/page"), domain("not a url"), domain("http://[broken")
    ('broken.com', 'other', 'other')
    """
    try:
        return urlsplit(url[:URL_CHARACTERS]).hostname or OTHER
    except ValueError:
        return OTHER


def embedding_reason(text: str) -> str:
    """The class of a failure's reason: oom, timeout or other.

    >>> embedding_reason("OOM during embedding generation"), embedding_reason("Request timed out")
    ('oom', 'timeout')
    >>> embedding_reason("no room left")
    'other'
    """
    return next((reason for reason, pattern in _REASONS.items() if pattern.search(text)), OTHER)


def _sightings(days: int) -> str:
    """PromQL for how often each tag was seen in the last days: counters are exact, so the difference to then is it.

    Where nothing was scraped just then, what was last scraped in the three days before counts, to an hour.

    Not handled: a counter that was lost and has grown beyond what it was then again; and where nothing was scraped in
    those three days, all sightings ever count.
    """
    return f"""
        sum without (instance) (
          crawl_tags_total - (
            crawl_tags_total offset {days}d or last_over_time(crawl_tags_total[3d:1h] offset {days}d)
          ) >= 0
          or crawl_tags_total
        )
        """


def _of_the_hour(gauge: str) -> str:
    """PromQL for a gauge of the health log, as long as lines come: the last line of a crawl that is over says nothing
    of now."""
    return f"""
        {gauge}
        and on (job, instance) increase(pipeline_exporter_records_total{{pipeline="crawl", stream="health"}}[1h]) > 0
        """


Crawl.indicators = (
    Indicator(
        name="error_ratio",
        title="Error rate",
        unit=Unit.RATIO,
        steps={
            "pages_1h": "sum without (instance, category, extraction_method, passed) (increase(crawl_pages_total[1h]))",
            "failures_1h": """
                sum without (instance, stage, exception_type, code) (increase(crawl_failures_total[1h]))
                or crawl:pages_1h * 0
                """,
        },
        expr="""
            crawl:failures_1h
            / (crawl:failures_1h + (crawl:pages_1h or crawl:failures_1h * 0) >= 20)
            """,
        warning="> 0.05",
        critical="> 0.10",
        pending="5m",
        meaning="Failures of the last hour ÷ pages and failures, where there are 20 or more.",
        impact="Pages are lost, and those that fail are rarely a fair sample.",
        look=(
            "`topk(5, increase(crawl_failures_total[1h]))`: stage, exception and response code",
            "`topk(10, increase(crawl_domain_failures_total[1h]))`: whether it is one host",
            "`jq -c '[.stage, .exception_type, .error, .url]' crawl_failures.jsonl | tail`",
        ),
        action="One host: slow down there or leave it out. One stage or exception: mend that. Everywhere: network, "
        "disk, or an embedding model that is out of memory.",
    ),
    Indicator(
        name="page_seconds",
        title="Mean crawl time",
        unit=Unit.SECONDS,
        steps={"health_page_seconds": _of_the_hour("crawl_health_crawl_time_seconds")},
        expr="""
            sum without (instance, extraction_method) (rate(crawl_page_duration_seconds_sum[15m]))
            / (sum without (instance, extraction_method) (rate(crawl_page_duration_seconds_count[15m])) > 0)
            or max without (instance) (crawl:health_page_seconds)
            """,
        warning="> 5 s",
        pending="5m",
        meaning="Mean processing time of a page by the pages of the last 15 minutes, else by the health log.",
        impact="The crawl falls behind its schedule.",
        look=(
            "`rate(crawl_page_duration_seconds_sum[15m]) / rate(crawl_page_duration_seconds_count[15m])`: which "
            "extraction method it is",
            "`crawl:cache_hit_ratio`, `host:cpu_ratio`, `host:memory_ratio`",
        ),
        action="Slow extraction: skip long pages. Slow embedding: lower the batch size, or see what else uses the GPU.",
    ),
    Indicator(
        name="cache_hit_ratio",
        title="Cache hit rate",
        unit=Unit.RATIO,
        expr=_of_the_hour("crawl_health_cache_hit_ratio"),
        warning="< 0.30",  # the seed's code compares the other way; its comment, "drops below 30%", is what is meant
        pending="5m",
        meaning="Share of cache lookups that hit, by the crawler's health log.",
        impact="Pages are fetched and embedded again that were there already.",
        look=("`crawl_health_chromadb_bytes`, `host_directory_size_bytes`: whether the cache was emptied",),
        action="See whether the cache was cleared, moved, or its keys changed with a new version of the model.",
    ),
    Indicator(
        name="cpu_ratio",
        title="CPU in use",
        unit=Unit.RATIO,
        expr=_of_the_hour("crawl_health_cpu_ratio"),
        warning="> 80 %",
        pending="5m",
        meaning="Share of the CPU in use on the crawler's machine, by its health log.",
        impact="Crawling slows down, and timeouts follow.",
        look=("`crawl_health_processes`: more processes than usual",),
        action="Lower the number of workers, or move embedding elsewhere.",
    ),
    Indicator(
        name="threshold_change",
        title="Threshold change",
        unit=Unit.RATIO,
        expr="abs(crawl_threshold_change_ratio)",
        of="method {method}",
        warning="> 0.20",
        meaning="How far the method's threshold moved against the run before, either way, until the next run.",
        impact="What passes now is not what passed before: counts of either side can't be compared.",
        look=(
            "`crawl_threshold_change_ratio`, `crawl_threshold_pass_ratio`: which way, and how many samples pass now",
            "`jq -c 'select(.method == \"METHOD\") | [.threshold, .samples, .config_hash, .versions]' "
            "threshold_logs.jsonl | tail -2`: the last two runs",
        ),
        action="Where `config_hash` or `versions` changed too, that is why: take it back or accept it. Where nothing "
        "did, the samples are too few or drifted.",
    ),
    Indicator(
        name="tag_share_change",
        title="Tag spike",
        unit=Unit.NUMBER,
        steps={"tags_7d": _sightings(7), "tags_30d": _sightings(30)},
        expr="""
            crawl:tags_7d / ignoring (tag) group_left sum without (tag) (crawl:tags_7d)
            / (crawl:tags_30d / ignoring (tag) group_left sum without (tag) (crawl:tags_30d))
            and crawl:tags_7d >= 20
            """,
        of="tag {tag} in {category}",
        warning="> 3",
        keep_firing_for="1h",
        meaning="A tag's share in its category over 7 days ÷ that over 30, for tags seen 20 times or more in the 7.",
        impact="Either the world changed, or the model that tags did.",
        look=(
            "`topk(10, crawl:tag_share_change)`: one tag or many",
            '`jq -r \'select(.category == "CATEGORY" and (.tags | index("TAG"))) | .url\' crawl_metadata.jsonl | tail`',
        ),
        action="Read ten of its pages. Where they have the tag rightly, it is news; where not, see "
        "`threshold_logs.jsonl` for a changed model, and mark them: "
        "`semantic_cli.py mark-false-positive --url URL --reason REASON`.",
    ),
    Indicator(
        name="pass_ratio",
        title="Pages that pass",
        unit=Unit.RATIO,
        expr=quotient('crawl_pages_total{passed="true"}', "crawl_pages_total", without=("extraction_method", "passed")),
        of="{category}",
        meaning="Share of the last hour's pages that passed the threshold.",
    ),
    Indicator(
        name="retry_queue",
        title="Embedding retry queue",
        unit=Unit.NUMBER,
        expr="sum without (instance) (crawl_embedding_retry_queue)",
        meaning="URLs whose last embedding failure has a retry scheduled.",
        action="`semantic_cli.py retry-failed-embeddings --max-attempts 3 --batch-size 10` works it off.",
    ),
)
"""Seed 003: `ALERT_THRESHOLDS` and the drift detector. What it says of memory is the host's, which has the figures."""

Crawl.dashboard = Dashboard(
    span="24h",
    empty="No page was crawled in the time shown, or the log that tells this has no line.",
    sections={
        "Where do pages fail?": (
            Panel(
                "Failures by stage",
                "Few. Fetching fails by hosts and network, extraction by pages, embedding by memory.",
                Kind.STACK,
                Unit.NUMBER,
                {"{stage}": "sum by (stage) (increase(crawl_failures_total[auto]))"},
                empty="No page failed in the time shown.",
            ),
            Panel(
                "Failures by exception and code",
                "Short bars. One that stands out is one thing to mend.",
                Kind.BARS,
                Unit.NUMBER,
                {
                    "{stage} {exception_type} {code}": "topk(12, round(sum by (stage, exception_type, code) "
                    "(increase(crawl_failures_total[shown]))) > 0)"
                },
                empty="No page failed in the time shown.",
            ),
            Panel(
                "Failures by host",
                "Spread over many hosts. One host alone wants to be asked less often.",
                Kind.BARS,
                Unit.NUMBER,
                {"{domain}": "topk(12, round(sum by (domain) (increase(crawl_domain_failures_total[shown]))) > 0)"},
                empty="No page failed in the time shown.",
            ),
            Panel(
                "Pages and failures",
                "Pages even, failures near 0.",
                Kind.LINES,
                Unit.PER_SECOND,
                {"pages": "sum(rate(crawl_pages_total[auto]))", "failures": "sum(rate(crawl_failures_total[auto]))"},
                width=12,
            ),
            Panel(
                "Embeddings that failed, by reason",
                "Few: oom asks for smaller batches, timeout for another machine.",
                Kind.STACK,
                Unit.NUMBER,
                {"{reason}": "sum by (reason) (increase(crawl_embedding_failures_total[auto]))"},
                width=12,
                empty="No embedding failed in the time shown.",
            ),
        ),
        "How long does a page take?": (
            Panel(
                "Processing time",
                "A band well below 5 s.",
                Kind.HEATMAP,
                Unit.SECONDS,
                buckets("crawl_page_duration_seconds"),
            ),
            Panel(
                "Processing time: p50, p95, p99",
                "Flat, p99 below 5 s, for each extraction method.",
                Kind.LINES,
                Unit.SECONDS,
                quantiles("crawl_page_duration_seconds", "extraction_method"),
            ),
            Panel(
                "Pages by extraction method",
                "Mostly the best method: the last resort takes over when pages changed their shape.",
                Kind.STACK,
                Unit.PER_SECOND,
                {"{extraction_method}": "sum by (extraction_method) (rate(crawl_pages_total[auto]))"},
            ),
        ),
        "What passes?": (
            Panel(
                "Scores",
                "A cloud that keeps its shape: a step is a new model, not a new world.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets("crawl_page_score"),
            ),
            Panel(
                "Thresholds",
                "Flat lines: what passes now is what passed before.",
                Kind.LINES,
                Unit.NUMBER,
                {"{method}": "crawl_threshold"},
                empty="No threshold run was logged.",
            ),
            Panel(
                "Samples that pass a threshold run",
                "Flat where thresholds are; where they moved, back at the same share.",
                Kind.LINES,
                Unit.RATIO,
                {"{method}": "crawl_threshold_pass_ratio"},
                empty="No threshold run was logged.",
            ),
            Panel(
                "Threshold against the run before",
                "Around 0, signed: `crawl:threshold_change` is how far, this is which way.",
                Kind.LINES,
                Unit.RATIO,
                {"{method}": "crawl_threshold_change_ratio"},
                empty="No method had two threshold runs yet.",
            ),
            Panel(
                "Corrections by hand",
                "Few, of both kinds: false positives alone ask for a higher threshold, false negatives for a lower.",
                Kind.STACK,
                Unit.NUMBER,
                {"{kind} {category}": "sum by (kind, category) (increase(crawl_corrections_total[auto]))"},
                empty="Nobody corrected a page in the time shown.",
            ),
            Panel(
                "Length of pages",
                "A cloud that keeps its shape; a row at the bottom is pages that were not extracted.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets("crawl_page_length_chars"),
            ),
        ),
        "Which tags?": (
            Panel(
                "Tags: share of 7 days against 30",
                "Ratios around 1. Above 3 either the world changed or the model did.",
                Kind.TABLE,
                Unit.NUMBER,
                {
                    "7 days ÷ 30 days": "max by (tag, category) (crawl:tag_share_change)",
                    "seen in 7 days": "sum by (tag, category) (crawl:tags_7d)",
                    "seen in 30 days": "sum by (tag, category) (crawl:tags_30d)",
                },
                width=12,
                height=10,
                empty="No page had a tag yet.",
            ),
            Panel(
                "Tags by category",
                "The confusion matrix of the time shown: each tag mostly in the categories where it belongs.",
                Kind.MATRIX,
                Unit.NUMBER,
                {"{tag} {category}": "round(sum by (tag, category) (increase(crawl_tags_total[shown])))"},
                width=12,
                height=10,
                empty="No page had a tag in the time shown.",
            ),
        ),
        "How is the crawler itself?": (
            Panel(
                "Memory and ChromaDB",
                "Memory level, ChromaDB growing slowly, by the health log.",
                Kind.LINES,
                Unit.BYTES,
                {"memory": "crawl_health_memory_bytes", "ChromaDB": "crawl_health_chromadb_bytes"},
                empty="No health log.",
            ),
            Panel(
                "Disk in use",
                "Below 80 %, and level, by the health log.",
                Kind.LINES,
                Unit.RATIO,
                {"disk": "crawl_health_disk_ratio"},
                empty="No health log.",
            ),
            Panel(
                "Processes",
                "As many as there are workers, by the health log.",
                Kind.LINES,
                Unit.NUMBER,
                {"processes": "crawl_health_processes"},
                empty="No health log.",
            ),
        ),
    },
    marks=(Mark("Threshold moves", "crawl_threshold != crawl_threshold offset 1m", "{method}: a new threshold"),),
)
