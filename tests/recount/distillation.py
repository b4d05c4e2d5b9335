"""Seed 002 over plain lists: its analysis examples, by filter and provider."""

import json
from pathlib import Path
from typing import Any

from .arithmetic import Found
from .reading import Record, read

ERROR_TYPES = ("timeout", "json_parse_error", "json_extraction_failed", "llm_api_error", "empty_response", "unknown")


def recount(logs: dict[str, list[Path]]) -> Found:
    """Every distillation metric over these logs."""
    found = Found()
    for stream in ("articles", "log"):
        for path, articles in zip(logs[stream], read(f"distillation.{stream}", logs[stream])[0], strict=True):
            for article in articles:
                _count(found, article, article.get("filter_name", path.parent.name))
    for path in logs["session"]:
        _show_session(found, path.parent.name, json.loads(path.read_bytes()))
    for folder in {path.parent / "error_logs" for paths in logs.values() for path in paths}:
        if folder.is_dir():
            found.show(len(list(folder.iterdir())), "distillation_error_dumps", folder.parent.name)
    return found


def _count(found: Found, article: Record, name: str) -> None:
    by = (name, article["llm_provider"])
    found.add(int(article["success"]), "distillation_articles_total", *by, "success")
    found.add(int(not article["success"]), "distillation_articles_total", *by, "failure")
    found.observe(article["time_taken_seconds"], "distillation_article_duration_seconds", *by)
    found.add(article["attempts_made"], "distillation_attempts_total", *by)
    found.add(int(article["attempts_made"] > 1), "distillation_retried_articles_total", *by)
    found.add(int(article["json_repaired"]), "distillation_json_repaired_total", *by)
    for error_type in ERROR_TYPES:
        found.add(0, "distillation_errors_total", *by, error_type)
    if not article["success"]:
        found.add(1, "distillation_errors_total", *by, article.get("error_type", "unknown"))


def _show_session(found: Found, name: str, summary: dict[str, Any]) -> None:
    found.show(summary["articles_succeeded"], "distillation_session_articles", name, "success")
    found.show(summary["articles_failed"], "distillation_session_articles", name, "failure")
    found.show(summary["total_retries"], "distillation_session_retries", name)
    for error_type, times in summary["errors_by_type"].items():
        found.show(times, "distillation_session_errors", name, error_type)
    found.show(summary["duration_seconds"], "distillation_session_duration_seconds", name)
    found.show(summary["total_processing_time"], "distillation_session_processing_seconds", name)
