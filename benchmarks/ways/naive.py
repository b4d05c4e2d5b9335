"""The naive way: json.loads and the Prometheus client's objects, line by line, as a first version would do it.

It keeps every counter and histogram of the exporter that needs no more than one line to be known, under the same names;
no batches, joins, caps, births at 0 or offsets. Knows nothing of the exporter.

Arguments: the pipeline, the log's path, how many lines of it, and the file that the page is written to afterwards.
"""

import json
import re
import sys
from abc import ABC, abstractmethod
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from benchmarks.ways.counted import Counted

SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)

Line = dict[str, Any]


class Naive(ABC):
    """A pipeline's metrics as the client's objects, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # else the page has a series more for each
        self.registry = CollectorRegistry()
        self.declare()

    def counter(self, name: str, *labels: str) -> Counter:
        """A counter; the client adds `_total`."""
        return Counter(name, name, labels, registry=self.registry)

    def histogram(self, name: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
        """A histogram."""
        return Histogram(name, name, labels, buckets=buckets, registry=self.registry)

    @abstractmethod
    def declare(self) -> None:
        """Makes the metrics."""

    @abstractmethod
    def count(self, line: Line) -> None:
        """Counts a line."""


class Persona(Naive):
    """Attempts."""

    def declare(self) -> None:
        self.attempts = self.counter("persona_attempts", "run_id", "stage", "status")
        buckets = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)
        self.duration = self.histogram("persona_attempt_duration_seconds", "run_id", "stage", buckets=buckets)
        self.tokens = self.counter("persona_tokens", "run_id", "type")
        self.cost = self.counter("persona_cost_usd", "run_id")
        self.repaired = self.counter("persona_repaired_attempts", "run_id")
        self.repairs = self.counter("persona_repairs", "run_id", "repair")
        self.scores = self.histogram("persona_validator_score", "run_id", "validator", buckets=SCORES)
        self.openings = self.counter("persona_opening_moves", "run_id", "opening_move")
        self.constraints = self.counter("persona_constraints", "run_id", "constraint")
        self.failures = self.counter("persona_failures", "run_id", "stage", "error")
        self.error_class = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:")

    def count(self, attempt: Line) -> None:
        run_id = attempt["run_id"]
        self.attempts.labels(run_id, attempt["stage"], attempt["status"]).inc()
        self.duration.labels(run_id, attempt["stage"]).observe(attempt["latency_ms"] / 1000)
        self.tokens.labels(run_id, "prompt").inc(attempt["prompt_tokens"])
        self.tokens.labels(run_id, "completion").inc(attempt["completion_tokens"])
        self.cost.labels(run_id).inc((attempt["prompt_tokens"] + attempt["completion_tokens"]) * 0.00045 / 1000)
        if attempt["repairs"]:
            self.repaired.labels(run_id).inc()
        for repair in attempt["repairs"]:
            self.repairs.labels(run_id, repair).inc()
        for validator, score in attempt["validator_scores"].items():
            self.scores.labels(run_id, validator).observe(score)
        self.openings.labels(run_id, attempt["opening_move"]).inc()
        for constraint in attempt["constraint_categories"]:
            self.constraints.labels(run_id, constraint).inc()
        if attempt["status"] == "fail":
            found = self.error_class.match(attempt["error"])
            self.failures.labels(run_id, attempt["stage"], found[1] if found else "other").inc()


class Distillation(Naive):
    """Articles."""

    def declare(self) -> None:
        by = ("filter", "provider")
        self.articles = self.counter("distillation_articles", *by, "outcome")
        buckets = (1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
        self.duration = self.histogram("distillation_article_duration_seconds", *by, buckets=buckets)
        self.attempts = self.counter("distillation_attempts", *by)
        self.retried = self.counter("distillation_retried_articles", *by)
        self.repaired = self.counter("distillation_json_repaired", *by)
        self.errors = self.counter("distillation_errors", *by, "error_type")

    def count(self, article: Line) -> None:
        of = article["filter_name"], article["llm_provider"]
        self.articles.labels(*of, "success" if article["success"] else "failure").inc()
        self.duration.labels(*of).observe(article["time_taken_seconds"])
        self.attempts.labels(*of).inc(article["attempts_made"])
        if article["attempts_made"] > 1:
            self.retried.labels(*of).inc()
        if article["json_repaired"]:
            self.repaired.labels(*of).inc()
        if not article["success"]:
            self.errors.labels(*of, article.get("error_type") or "unknown").inc()


class Tagger(Naive):
    """Category results and ensemble results."""

    def declare(self) -> None:
        self.category_results = self.counter("tagger_category_results", "category", "model", "outcome")
        buckets = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60)
        self.duration = self.histogram("tagger_category_duration_seconds", "category", "model", buckets=buckets)
        self.tokens = self.counter("tagger_tokens", "category", "model")
        self.confidence = self.histogram("tagger_confidence", "category", buckets=SCORES)
        self.results = self.counter("tagger_results")
        self.covered = self.counter("tagger_covered_results")
        self.backfills = self.counter("tagger_backfills")
        self.agreements = self.counter("tagger_agreements")
        self.returned = self.histogram("tagger_tags_returned", buckets=(0, 1, 2, 3, 5, 8, 13, 21))
        self.top_score = self.histogram("tagger_top_score", "component", buckets=SCORES)

    def count(self, event: Line) -> None:
        if event["kind"] == "category_reasoning_result":
            self._count_category(event)
        elif event["kind"] == "ensemble_result":
            self._count_result(event)

    def _count_category(self, event: Line) -> None:
        by = event["category"], event["model"]
        self.category_results.labels(*by, "chosen" if event["chosen_ids"] else "empty").inc()
        if event.get("latency_ms") is not None:
            self.duration.labels(*by).observe(event["latency_ms"] / 1000)
        if event.get("prompt_tokens") is not None:
            self.tokens.labels(*by).inc(event["prompt_tokens"])
        for score in event["confidence"].values():
            self.confidence.labels(event["category"]).observe(score)

    def _count_result(self, event: Line) -> None:
        self.results.inc()
        if event["total_returned"]:
            self.covered.inc()
        if event["backfill_triggered"]:
            self.backfills.inc()
        self.agreements.inc(event["agreement_count"])
        self.returned.observe(event["total_returned"])
        for best in event["top3"][:1]:
            self.top_score.labels("combined").observe(best["combined"])
            self.top_score.labels("reasoning").observe(best["r"])
            self.top_score.labels("prototype").observe(best["p"])


class Crawl(Naive):
    """Crawled pages."""

    def declare(self) -> None:
        self.pages = self.counter("crawl_pages", "category", "extraction_method", "passed")
        self.scores = self.histogram("crawl_page_score", "category", buckets=SCORES)
        buckets: tuple[float, ...] = (0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 30, 60)
        self.duration = self.histogram("crawl_page_duration_seconds", "extraction_method", buckets=buckets)
        buckets = (100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
        self.length = self.histogram("crawl_page_length_chars", buckets=buckets)
        self.tags = self.counter("crawl_tags", "category", "tag")

    def count(self, page: Line) -> None:
        category, method = page["category"], page["extraction_method"]
        self.pages.labels(category, method, "true" if page["threshold_passed"] else "false").inc()
        self.scores.labels(category).observe(page["score"])
        self.duration.labels(method).observe(page["processing_time"])
        self.length.observe(page["length"])
        for tag in page["tags"]:
            self.tags.labels(category, tag).inc()


class Clustering(Naive):
    """Any event, clusters and jobs."""

    def declare(self) -> None:
        self.events = self.counter("clustering_events", "event", "level")
        self.sizes = self.histogram("clustering_cluster_size", buckets=(2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000))
        self.jobs = self.counter("clustering_jobs", "wiki_id")
        buckets = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)
        self.duration = self.histogram("clustering_job_duration_seconds", "wiki_id", buckets=buckets)
        buckets = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)
        self.stage_duration = self.histogram("clustering_stage_duration_seconds", "wiki_id", "stage", buckets=buckets)
        self.pages = self.counter("clustering_pages", "wiki_id", "outcome")
        self.tags = self.counter("clustering_tags_applied", "wiki_id")
        self.errors = self.counter("clustering_errors", "wiki_id", "type")

    def count(self, event: Line) -> None:
        self.events.labels(event["event"], event["level"]).inc()
        if event["event"] == "cluster_created":
            self.sizes.observe(event["page_count"])
        elif event["event"] == "clustering_metrics":
            self._count_job(event)

    def _count_job(self, job: Line) -> None:
        wiki, counters = job["wiki_id"], job["counters"]
        self.jobs.labels(wiki).inc()
        self.duration.labels(wiki).observe(job["total_duration"])
        for stage, seconds in job["stage_durations"].items():
            self.stage_duration.labels(wiki, stage).observe(seconds)
        tagged = counters.get("pages_tagged", 0)
        self.pages.labels(wiki, "tagged").inc(tagged)
        self.pages.labels(wiki, "untagged").inc(counters.get("pages_untagged", counters["pages_processed"] - tagged))
        self.tags.labels(wiki).inc(counters.get("total_tags_applied", 0))
        for key, times in counters.items():
            if key.endswith(("_failures", "_timeouts", "_errors", "_conflicts")) and key != "total_errors":
                self.errors.labels(wiki, key).inc(times)


PIPELINES: dict[str, type[Naive]] = {
    "persona": Persona,
    "distillation": Distillation,
    "tagger": Tagger,
    "crawl": Crawl,
    "clustering": Clustering,
}


def main(pipeline: str, path: str, lines: str, page: str) -> None:
    """Counts the first lines of a log."""
    naive = PIPELINES[pipeline]()
    refused = read = 0
    with Path(path).open("rb") as file:
        started = process_time()
        for line in islice(file, int(lines)):
            read += 1
            try:
                naive.count(json.loads(line))
            except (ValueError, KeyError, TypeError):
                refused += 1
        seconds = process_time() - started
    Counted(seconds, read, refused).tell()
    Path(page).write_bytes(generate_latest(naive.registry))


if __name__ == "__main__":
    main(*sys.argv[1:])
