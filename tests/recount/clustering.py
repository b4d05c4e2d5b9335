"""Seed 004 over plain lists: events counted, jobs added up, and each wiki's last job."""

from pathlib import Path

from .arithmetic import Found
from .reading import Record, read

ERRORS = ("llm_failures", "llm_timeouts", "parsing_errors", "propagation_conflicts", "database_errors")
"""Seed 004's errors; `total_errors` is none."""
LOGGED = {
    "clustering_clusters": "cluster_count",
    "clustering_cluster_size_avg": "avg_cluster_size",
    "clustering_cluster_size_min": "min_cluster_size",
    "clustering_cluster_size_max": "max_cluster_size",
    "clustering_outliers": "outlier_count",
    "clustering_silhouette_score": "silhouette_score",
    "clustering_confidence": "avg_cluster_confidence",
    "clustering_tags_per_page_min": "min_tags_per_page",
    "clustering_tags_per_page_max": "max_tags_per_page",
    "clustering_tags_per_cluster": "tags_per_cluster",
}
"""Gauges that are shown as they are logged."""


def recount(logs: dict[str, list[Path]]) -> Found:
    """Every clustering metric over these logs."""
    found = Found()
    last_jobs = {}
    for events in read("clustering.events", logs["events"])[0]:
        for event in events:
            found.add(1, "clustering_events_total", event["event"], event.get("level", "unknown"))
            if event["event"] == "cluster_created" and "page_count" in event:
                found.observe(event["page_count"], "clustering_cluster_size")
            if event["event"] == "clustering_metrics":
                _count_job(found, event, str(event["wiki_id"]))
                last_jobs[str(event["wiki_id"])] = event
    for wiki, job in last_jobs.items():
        _show_job(found, wiki, job)
    return found


def _count_job(found: Found, job: Record, wiki: str) -> None:
    counters = job["counters"]
    found.add(1, "clustering_jobs_total", wiki)
    found.observe(job["total_duration"], "clustering_job_duration_seconds", wiki)
    for stage, seconds in job.get("stage_durations", {}).items():
        found.observe(seconds, "clustering_stage_duration_seconds", wiki, stage)
    tagged = counters.get("pages_tagged", 0)
    untagged = counters.get("pages_untagged", counters.get("pages_processed", 0) - tagged)
    found.add(tagged, "clustering_pages_total", wiki, "tagged")
    found.add(untagged, "clustering_pages_total", wiki, "untagged")
    found.add(counters.get("total_tags_applied", 0), "clustering_tags_applied_total", wiki)
    for error in ERRORS:
        found.add(counters.get(error, 0), "clustering_errors_total", wiki, error)


def _show_job(found: Found, wiki: str, job: Record) -> None:
    """The logged gauge where there is one, else the job's counters over pages_processed."""
    counters, gauges = job["counters"], job["gauges"]
    for metric, name in LOGGED.items():
        found.show(gauges.get(name), metric, wiki)
    pages = counters.get("pages_processed")
    outlier_ratio = _over(gauges.get("outlier_percentage"), 100)
    coverage_ratio = _over(gauges.get("coverage_percentage"), 100)
    tags_per_page = gauges.get("avg_tags_per_page")
    pages_per_second = gauges.get("pages_per_second")
    if outlier_ratio is None:
        outlier_ratio = _over(gauges.get("outlier_count"), pages)
    if coverage_ratio is None:
        coverage_ratio = _over(counters.get("pages_tagged", 0), pages)
    if tags_per_page is None:
        tags_per_page = _over(counters.get("total_tags_applied", 0), pages)
    if pages_per_second is None:
        pages_per_second = _over(pages, job["total_duration"])
    found.show(_over(gauges.get("avg_llm_latency_ms"), 1000), "clustering_llm_latency_seconds", wiki)
    found.show(outlier_ratio, "clustering_outlier_ratio", wiki)
    found.show(coverage_ratio, "clustering_coverage_ratio", wiki)
    found.show(tags_per_page, "clustering_tags_per_page", wiki)
    found.show(pages_per_second, "clustering_pages_per_second", wiki)


def _over(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
