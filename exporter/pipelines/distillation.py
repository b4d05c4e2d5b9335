"""Article distillation: success, errors, retries and time per filter and LLM provider. Seed 002.

{"timestamp": "2025-10-27T09:20:03.336184Z", "article_id": "github_1175a04f0e39", "filter_name": "uplifting",
 "llm_provider": "gemini", "success": true, "attempts_made": 1, "time_taken_seconds": 11.46, "json_repaired": false}

A run without metrics.jsonl is read from its distillation.log:

2025-10-27 10:20:31 | WARNING  | FAILED  | article_789 | error=json_parse_error | attempts=3 | time=42.15s
"""

import re
from collections import defaultdict
from pathlib import PurePath
from typing import Any

from exporter.dashboard import Dashboard, Kind, Mark, Panel, buckets, mean, quantiles
from exporter.indicator import Indicator, Unit
from exporter.metric import Gauge, Metrics
from exporter.pipeline import FolderSize, Pipeline, Source, Stream
from exporter.promql import quotient
from exporter.record import Count, Quantity, Record, Timestamp
from exporter.tally import MILLIONTHS, wholes

UNKNOWN = "unknown"
"""The error type of an unclassified failure; the provider, where a log does not name it."""
ERROR_TYPES = ("timeout", "json_parse_error", "json_extraction_failed", "llm_api_error", "empty_response", UNKNOWN)
OUTCOMES = ("success", "failure")

_LOG_LINE = re.compile(
    r"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,][0-9]+)? \| [A-Z]+ *"
    r"\| (?P<outcome>SUCCESS|FAILED) *\| .*? "
    r"(?:\| error=(?P<error>[^|]*) )?\| attempts=(?P<attempts>[0-9]{1,9}) \| time=(?P<seconds>[0-9]{1,9}(?:\.[0-9]+)?)s"
    r"(?: \| repaired=(?P<repaired>True|False))?\s*"
)


class Article(Record):
    """One article, distilled or given up after its last attempt."""

    unused = ("article_id", "error_message")

    filter_name: str
    llm_provider: str
    success: bool
    attempts_made: Count
    time_taken_seconds: Quantity
    json_repaired: bool
    timestamp: Timestamp = None
    error_type: str | None = None


class SessionSummary(Record):
    """What session_summary.json says of a whole session, at its end."""

    ended_at: Timestamp = None
    articles_succeeded: Count | None = None
    articles_failed: Count | None = None
    total_retries: Count | None = None
    errors_by_type: dict[str, Count] | None = None
    duration_seconds: Quantity | None = None
    total_processing_time: Quantity | None = None


def parse_log_line(line: str) -> Article | None:
    """An article from a line of distillation.log, which names neither filter nor provider; None for another shape.

    >>> parse_log_line("2025-10-27 10:20:03 | INFO     | SUCCESS | a1 | attempts=1 | time=11.46s | repaired=False")
    Article(filter_name='', llm_provider='unknown', success=True, attempts_made=1, time_taken_seconds=11.46, \
json_repaired=False, timestamp='2025-10-27 10:20:03', error_type=None)
    >>> parse_log_line("Session started") is None
    True
    """
    match = _LOG_LINE.fullmatch(line)
    if match is None:
        return None
    return Article(
        filter_name="",
        llm_provider=UNKNOWN,
        success=match["outcome"] == "SUCCESS",
        attempts_made=int(match["attempts"]),
        time_taken_seconds=float(match["seconds"]),
        json_repaired=match["repaired"] == "True",
        timestamp=match["time"],
        error_type=match["error"],
    )


class _Pending:
    """The seconds that articles took, by filter, provider, error type (None where it is a success), attempts, and
    whether JSON was repaired."""

    def __init__(self) -> None:
        self.seconds: defaultdict[tuple[str, str, str | None, int, bool], list[float]] = defaultdict(list)


class Distillation(Pipeline):
    """Folds articles into counters per filter and provider, and shows the last summary of each filter."""

    streams = {
        "articles": Stream(records=(Article,), help="metrics.jsonl: one line per article", main=True, time="timestamp"),
        "log": Stream(
            records=(Article,),
            help="distillation.log, for runs that have no metrics.jsonl",
            parse=parse_log_line,
            time="timestamp",
            instead_of="articles",
        ),
        "session": Stream(
            records=(SessionSummary,),
            help="session_summary.json, written at a session's end",
            source=Source.DOCUMENT,
            time="ended_at",
        ),
        "error_logs": Stream(
            records=(FolderSize,),
            help="error_logs/, the responses that could not be used",
            source=Source.FOLDER,
            folder="error_logs",
        ),
    }

    def declare(self, metrics: Metrics) -> None:
        self._pending = _Pending()
        by = ("filter", "provider")
        self.articles = metrics.counter(
            "distillation_articles_total", "Articles by outcome: success or failure.", *by, "outcome"
        )
        self.duration = metrics.histogram(
            "distillation_article_duration_seconds",
            "Time that an article took, all its attempts included.",
            *by,
            bounds=(1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300),
            per_unit=MILLIONTHS,
        )
        self.attempts = metrics.counter("distillation_attempts_total", "Attempts on articles, retries included.", *by)
        self.retried = metrics.counter(
            "distillation_retried_articles_total", "Articles that took more than one attempt.", *by
        )
        self.repaired = metrics.counter("distillation_json_repaired_total", "Articles whose JSON was repaired.", *by)
        self.errors = metrics.counter("distillation_errors_total", "Failed articles by error type.", *by, "error_type")
        self._declare_session_gauges(metrics)
        self.error_dumps = metrics.gauge("distillation_error_dumps", "Files in the error_logs folder.", "filter")

    def _declare_session_gauges(self, metrics: Metrics) -> None:
        def session(name: str, help: str, *labels: str) -> Gauge:
            return metrics.gauge(f"distillation_session_{name}", f"{help} in the last session.", "filter", *labels)

        self.session_articles = session("articles", "Articles by outcome: success or failure,", "outcome")
        self.session_retries = session("retries", "Retries")
        self.session_errors = session("errors", "Failed articles by error type", "error_type")
        self.session_duration = session("duration_seconds", "Time from start to end")
        self.session_processing = session("processing_seconds", "Sum of the times that articles took")
        self.session = (
            self.session_articles,
            self.session_retries,
            self.session_errors,
            self.session_duration,
            self.session_processing,
        )

    def observe(self, stream: str, log: str, records: list[Any]) -> None:
        folder = PurePath(log).parent.name or UNKNOWN
        match stream:
            case "articles":
                self._take(records)
            case "log":
                self._take(records, filter_name=folder)
            case "session":
                for summary in records:
                    self._show_session(folder, summary)
            case "error_logs":
                for size in records:
                    self.error_dumps.set(size.files, folder)

    def _take(self, articles: list[Article], *, filter_name: str = "") -> None:
        waiting = self._pending.seconds
        for article in articles:
            waiting[
                filter_name or article.filter_name,
                article.llm_provider,
                None if article.success else article.error_type or UNKNOWN,
                article.attempts_made,
                article.json_repaired,
            ].append(article.time_taken_seconds)

    def settle(self) -> None:
        pending, self._pending = self._pending, _Pending()
        seconds_by: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for (filter_name, provider, error_type, attempts, repaired), seconds in pending.seconds.items():
            by, lines = (filter_name, provider), len(seconds)
            if by not in seconds_by:
                self._bear(*by)
            seconds_by[by] += seconds
            self.articles.add(lines, *by, "failure" if error_type else "success", times=lines)
            if error_type:
                self.errors.add(lines, *by, error_type, times=lines)
            self.attempts.add(attempts * lines, *by, times=lines)
            self.retried.add(lines * (attempts > 1), *by, times=lines)
            self.repaired.add(lines * repaired, *by, times=lines)
        for by, seconds in seconds_by.items():
            self.duration.observe_all(wholes(seconds), *by)

    def _bear(self, *by: str) -> None:
        """Shows the known outcomes and error types of a filter and provider from their first article on."""
        for outcome in OUTCOMES:
            self.articles.cell(*by, outcome, times=0)
        for error_type in ERROR_TYPES:
            self.errors.cell(*by, error_type, times=0)

    def _show_session(self, filter_name: str, summary: SessionSummary) -> None:
        self.session_articles.set(summary.articles_succeeded, filter_name, "success")
        self.session_articles.set(summary.articles_failed, filter_name, "failure")
        self.session_retries.set(summary.total_retries, filter_name)
        self.session_errors.discard_where("filter", filter_name)
        for error_type, times in (summary.errors_by_type or {}).items():
            self.session_errors.set(times, filter_name, error_type)
        self.session_duration.set(summary.duration_seconds, filter_name)
        self.session_processing.set(summary.total_processing_time, filter_name)

    def merge(self, other: "Distillation") -> None:
        for filter_name in {labels[0] for gauge in other.session for labels in gauge.values}:
            for gauge in self.session:
                gauge.discard_where("filter", filter_name)
        super().merge(other)


_ARTICLES = "sum without (provider, outcome) (distillation_articles_total)"

Distillation.indicators = (
    Indicator(
        name="success_ratio",
        title="Success rate",
        unit=Unit.RATIO,
        expr=quotient(
            'distillation_articles_total{outcome="success"}', "distillation_articles_total", without=("outcome",)
        ),
        of="{filter} by {provider}",
        more_is_better=True,
        meaning="Share of articles that were labelled.",
        action="Look at `distillation:error_share` for the type that stands out; `distillation_error_dumps` counts the "
        "answers kept for reading.",
    ),
    Indicator(
        name="error_share",
        title="Share of articles that fail, by error type",
        unit=Unit.RATIO,
        expr="""
            sum without (instance) (rate(distillation_errors_total[1h]))
            / ignoring (error_type) group_left ()
              (sum without (instance, outcome) (rate(distillation_articles_total[1h])) > 0)
            """,
        of="{error_type} of {filter} by {provider}",
        meaning="How many of all articles fail with each type of error.",
        action="""
            - `json_parse_error`: review the prompt for clarity, see whether the response format is too complex, raise
              `max_tokens`, improve `repair_json()`.
            - `timeout`: raise the timeout from 60 s to 90 or 120 s, shorten the article in `build_prompt()`, or switch
              to a faster provider.
            - `json_extraction_failed`: the model does not follow instructions: improve the system prompt, add examples
              to it, or try another provider.
            - `llm_api_error`: network, authentication or rate limits: look at the provider's status and your quota.
            - `empty_response`: content filters or an edge case: read the article that it happened on.
            - `unknown`: read the dump in `error_logs/`, and give it a type of its own.

            Try a change on a small batch (`--batch-size 50 --max-batches 2`), and compare the figures before the next.
            """,
    ),
    Indicator(
        name="article_seconds",
        title="Time per article",
        unit=Unit.SECONDS,
        expr=quotient("distillation_article_duration_seconds_sum", "distillation_article_duration_seconds_count"),
        of="{filter} by {provider}",
        meaning="Mean time that an article takes, all its attempts included.",
        action="Switch to a faster provider (Gemini is 5 times as fast as Claude, by seed 002), lower `max_tokens` "
        "where answers are verbose, or filter articles more before.",
    ),
    Indicator(
        name="retried_ratio",
        title="Retried articles",
        unit=Unit.RATIO,
        expr=quotient("distillation_retried_articles_total", "distillation_articles_total", besides=("outcome",)),
        of="{filter} by {provider}",
        meaning="Share of articles that took more than one attempt.",
        action="Retries come before failures: look at `distillation:error_share`.",
    ),
    Indicator(
        name="repaired_ratio",
        title="Repaired JSON",
        unit=Unit.RATIO,
        expr=quotient("distillation_json_repaired_total", "distillation_articles_total", besides=("outcome",)),
        of="{filter} by {provider}",
        meaning="Share of articles whose JSON had to be repaired.",
        action="Ask for a simpler format, or for JSON mode where the provider has one.",
    ),
    Indicator(
        name="stalled",
        title="Session stalled",
        unit=Unit.NUMBER,
        steps={
            "articles_at_end": f"""
                last_over_time((
                  {_ARTICLES} and (
                    distillation_session_duration_seconds
                    unless distillation_session_duration_seconds
                      == last_over_time(distillation_session_duration_seconds[1h] offset 2m)
                  )
                )[1h:1m])
                """,
        },
        expr=f"""
            sum without (provider, outcome) (increase(distillation_articles_total[1h])) > 0
            unless sum without (provider, outcome) (increase(distillation_articles_total[10m])) > 0
            unless {_ARTICLES} == distillation:articles_at_end
            and on (job, instance) pipeline_exporter_lines_total{{pipeline="distillation", stream="session"}}
            """,
        of="filter {filter}",
        absent="No session stands still.",
        warning="> 0",
        pending="5m",
        meaning="Articles of the last hour in a session that logged none for a quarter of an hour, and wrote no "
        "session_summary.json: that comes only at a session's end.",
        impact="Nothing is labelled. If the process was killed, there will be no summary.",
        look=(
            "The producer's own log and process",
            "`tail -50 datasets/FILTER/distillation.log | grep FAILED`: what it failed on last",
        ),
        action="Start the session again where it is gone; where it hangs, lower the timeout of the call it waits for. "
        "The alert ends by itself an hour after the last article, mended or not.",
    ),
)
"""Seed 002 names no limits for its figures; its advice by error type is here."""

Distillation.dashboard = Dashboard(
    span="24h",
    empty="No article was distilled in the time shown.",
    first=(
        Panel(
            "Success rate",
            "Share of the articles in the time shown that were labelled. Good: 95 % or more.",
            Kind.STAT,
            Unit.RATIO,
            {
                "success": 'sum(increase(distillation_articles_total{outcome="success"}[shown])) '
                "/ (sum(increase(distillation_articles_total[shown])) > 0)"
            },
        ),
        Panel(
            "Repaired JSON",
            "Share of the articles in the time shown whose JSON had to be repaired. Good: a few percent.",
            Kind.STAT,
            Unit.RATIO,
            {
                "repaired": "sum(increase(distillation_json_repaired_total[shown])) "
                "/ (sum(increase(distillation_articles_total[shown])) > 0)"
            },
        ),
        Panel(
            "Articles",
            "Articles in the time shown, failures included. Good: as many as were given.",
            Kind.STAT,
            Unit.NUMBER,
            {"articles": "round(sum(increase(distillation_articles_total[shown])))"},
        ),
        Panel(
            "Time for 1000 articles",
            "How long 1000 articles would take one after the other, at the mean of the time shown.",
            Kind.STAT,
            Unit.SECONDS,
            {
                "eta": "1000 * sum(increase(distillation_article_duration_seconds_sum[shown])) "
                "/ (sum(increase(distillation_article_duration_seconds_count[shown])) > 0)"
            },
        ),
        Panel(
            "Attempts per article",
            "Mean number of attempts on an article in the time shown. Good: below 1.2.",
            Kind.STAT,
            Unit.NUMBER,
            {
                "attempts": "sum(increase(distillation_attempts_total[shown])) "
                "/ (sum(increase(distillation_articles_total[shown])) > 0)"
            },
        ),
    ),
    sections={
        "Which errors?": (
            Panel(
                "Failed articles by error type",
                "Few. One colour that takes over names what to do: the runbook has advice for each type.",
                Kind.STACK,
                Unit.NUMBER,
                {"{error_type}": "sum by (error_type) (increase(distillation_errors_total[auto]))"},
                width=12,
            ),
            Panel(
                "Failed articles in the time shown",
                "Short bars. One provider's alone is the provider's, one filter's its prompt's.",
                Kind.BARS,
                Unit.NUMBER,
                {
                    "{filter} {provider} {error_type}": "topk(15, round(sum by (filter, provider, error_type) "
                    "(increase(distillation_errors_total[shown]))) > 0)"
                },
                width=12,
                empty="No article failed in the time shown.",
            ),
        ),
        "Which provider?": (
            Panel(
                "Success by provider",
                "All near 100 %. The one that falls alone is down, or was changed.",
                Kind.LINES,
                Unit.RATIO,
                {
                    "{provider}": 'sum by (provider) (rate(distillation_articles_total{outcome="success"}[auto])) '
                    "/ (sum by (provider) (rate(distillation_articles_total[auto])) > 0)"
                },
            ),
            Panel(
                "Mean time by provider",
                "Flat. Compare what a provider takes with what it costs.",
                Kind.LINES,
                Unit.SECONDS,
                mean("distillation_article_duration_seconds", "provider"),
            ),
            Panel(
                "Time for 1000 articles, by filter and provider",
                "The shortest bar is the provider to take, where its success is as good; at the mean of the last hour.",
                Kind.BARS,
                Unit.SECONDS,
                {"{filter} {provider}": "sort(1000 * distillation:article_seconds)"},
            ),
            Panel(
                "Articles by provider",
                "As many as planned, and no gaps: a gap is a provider that does not answer.",
                Kind.STACK,
                Unit.PER_SECOND,
                {"{provider}": "sum by (provider) (rate(distillation_articles_total[auto]))"},
            ),
            Panel(
                "Time per article",
                "One band for each provider, where it always was. A band at three timeouts' length is lost work.",
                Kind.HEATMAP,
                Unit.SECONDS,
                buckets("distillation_article_duration_seconds"),
            ),
            Panel(
                "Time per article: p50, p95, p99",
                "p99 below the timeout times the attempts.",
                Kind.LINES,
                Unit.SECONDS,
                quantiles("distillation_article_duration_seconds", "provider"),
            ),
        ),
        "How many tries?": (
            Panel(
                "Attempts per article, by provider",
                "Near 1. Retries come before failures.",
                Kind.LINES,
                Unit.NUMBER,
                {
                    "{provider}": "sum by (provider) (rate(distillation_attempts_total[auto])) "
                    "/ (sum by (provider) (rate(distillation_articles_total[auto])) > 0)"
                },
                width=12,
            ),
            Panel(
                "Answers kept for reading",
                "Files in `error_logs/`. A steep climb is worth reading one of them.",
                Kind.LINES,
                Unit.NUMBER,
                {"{filter}": "max by (filter) (distillation_error_dumps)"},
                width=12,
                empty="No filter has a folder error_logs beside its log.",
            ),
        ),
        "How was the last session?": (
            Panel(
                "Last session, by filter",
                "What session_summary.json says: failures and retries few, wall time near to the sum of times.",
                Kind.TABLE,
                Unit.NUMBER,
                {
                    "succeeded": 'sum by (filter) (distillation_session_articles{outcome="success"})',
                    "failed": 'sum by (filter) (distillation_session_articles{outcome="failure"})',
                    "retries": "sum by (filter) (distillation_session_retries)",
                    "time in all": "sum by (filter) (distillation_session_duration_seconds)",
                    "time in articles": "sum by (filter) (distillation_session_processing_seconds)",
                },
                units={"time in all": Unit.SECONDS, "time in articles": Unit.SECONDS},
                width=12,
                empty="No session has ended: session_summary.json comes only at a session's end.",
            ),
            Panel(
                "Last session's errors",
                "Short bars: failed articles of the last session by type.",
                Kind.BARS,
                Unit.NUMBER,
                {
                    "{filter} {error_type}": "sort_desc(sum by (filter, error_type) (distillation_session_errors) > 0)",
                },
                width=12,
                empty="No session has ended, or none of its articles failed.",
            ),
        ),
    },
    marks=(
        Mark(
            "Session ends",
            "distillation_session_duration_seconds != distillation_session_duration_seconds offset 1m",
            "{filter}: a session ends",
        ),
    ),
)
