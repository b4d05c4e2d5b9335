"""Seed 003 over plain lists: its seven logs."""

from itertools import chain
from pathlib import Path

from .arithmetic import Found, label
from .reading import Record, read

HEALTH = {
    "memory_usage_mb": ("crawl_health_memory_bytes", 1024 * 1024),
    "cpu_percent": ("crawl_health_cpu_ratio", 1 / 100),
    "disk_usage_percent": ("crawl_health_disk_ratio", 1 / 100),
    "active_processes": ("crawl_health_processes", 1),
    "chromadb_size_mb": ("crawl_health_chromadb_bytes", 1024 * 1024),
    "cache_hit_rate": ("crawl_health_cache_hit_ratio", 1),
    "avg_crawl_time": ("crawl_health_crawl_time_seconds", 1),
}


def recount(logs: dict[str, list[Path]]) -> Found:
    """Every crawl metric over these logs."""
    found = Found()
    lines = {stream: list(chain(*read(f"crawl.{stream}", paths)[0])) for stream, paths in logs.items()}
    for page in lines["metadata"]:
        _count_page(found, page)
    for failure in lines["failures"]:
        code = failure.get("response_code", "none")
        found.add(1, "crawl_failures_total", failure["stage"], failure["exception_type"], str(code))
        found.add(1, "crawl_domain_failures_total", host(failure["url"]))
    for kind in ("false_positive", "false_negative"):
        for correction in lines[f"{kind}s"]:
            for either in ("false_positive", "false_negative"):
                category = correction["correct_category"]
                found.add(int(kind == either), "crawl_corrections_total", either, category)
    _count_embedding_failures(found, lines["embedding_failures"])
    _show_thresholds(found, lines["thresholds"])
    for field, (metric, factor) in HEALTH.items():
        value = lines["health"][-1].get(field)
        found.show(None if value is None else value * factor, metric)
    return found


def _count_page(found: Found, page: Record) -> None:
    passed = "true" if page["threshold_passed"] else "false"
    found.add(1, "crawl_pages_total", page["category"], page["extraction_method"], passed)
    found.observe(page["score"], "crawl_page_score", page["category"])
    found.observe(page["processing_time"], "crawl_page_duration_seconds", page["extraction_method"])
    found.observe(page["length"], "crawl_page_length_chars")
    for tag in page["tags"]:
        found.add(1, "crawl_tags_total", page["category"], label(tag))


def host(url: str) -> str:
    """What stands between `//` and the path, without user and port."""
    _, slashes, rest = url.partition("//")
    name = rest.split("/")[0].split("?")[0].split("#")[0].rpartition("@")[2].split(":")[0].lower()
    return name if slashes and name else "other"


def _count_embedding_failures(found: Found, failures: list[Record]) -> None:
    scheduled = {}
    for failure in failures:
        words = failure["failure_reason"].lower()
        oom = "oom" in words.split() or "out of memory" in words
        timeout = "timeout" in words or "timed out" in words
        found.add(1, "crawl_embedding_failures_total", "oom" if oom else "timeout" if timeout else "other")
        scheduled[failure["url"]] = failure["retry_scheduled"]
    found.show(sum(scheduled.values()), "crawl_embedding_retry_queue")


def _show_thresholds(found: Found, runs: list[Record]) -> None:
    for method in {run["method"] for run in runs}:
        mine = [run for run in runs if run["method"] == method]
        found.show(mine[-1]["threshold"], "crawl_threshold", method)
        found.show(mine[-1]["pass_rate"], "crawl_threshold_pass_ratio", method)
        if len(mine) > 1 and mine[-2]["threshold"]:
            before, last = mine[-2]["threshold"], mine[-1]["threshold"]
            found.show((last - before) / abs(before), "crawl_threshold_change_ratio", method)
