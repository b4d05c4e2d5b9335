"""Seed 000's analyzer over plain lists, and its counts by category and model."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from .arithmetic import Found
from .reading import Record, read


def recount(logs: dict[str, list[Path]]) -> Found:
    """Every tagger metric over these logs."""
    found = Found()
    per_lecture: dict[Any, dict[str, Any]] = defaultdict(lambda: {"cats": defaultdict(list), "final": None})
    for events in read("tagger.events", logs["events"])[0]:
        for event in events:
            lecture = per_lecture[event["lecture_id"]]
            if event["kind"] == "category_reasoning_result":
                lecture["cats"][event["category"]] = event["chosen_ids"]
                _count_category(found, event)
            else:
                lecture["final"] = event
                _count_result(found, event)
    finals = [lecture["final"] for lecture in per_lecture.values()]
    misses = [lecture for lecture in per_lecture.values() if _possible_miss(lecture["cats"], lecture["final"] or {})]
    found.show(len(per_lecture), "tagger_lectures")
    found.show(sum(1 for final in finals if final and final["total_returned"] > 0), "tagger_lectures_covered")
    found.show(len(misses), "tagger_possible_misses")
    return found


def _possible_miss(cats: dict[str, list[Any]], final: Record) -> bool:
    if cats.get("Topic"):
        return False
    return any(
        (0 if top.get("p") is None else top["p"]) >= (1 if top.get("pth") is None else top["pth"])
        for top in final.get("top3", [])
    )


def _count_category(found: Found, event: Record) -> None:
    by = (event["category"], event["model"])
    found.add(1 if event["chosen_ids"] else 0, "tagger_category_results_total", *by, "chosen")
    found.add(0 if event["chosen_ids"] else 1, "tagger_category_results_total", *by, "empty")
    if "latency_ms" in event:
        found.observe(event["latency_ms"] / 1000, "tagger_category_duration_seconds", *by)
    if "prompt_tokens" in event:
        found.add(event["prompt_tokens"], "tagger_tokens_total", *by)
    for confidence in event.get("confidence", {}).values():
        found.observe(confidence, "tagger_confidence", event["category"])


def _count_result(found: Found, event: Record) -> None:
    found.add(1, "tagger_results_total")
    found.add(1 if event["total_returned"] > 0 else 0, "tagger_covered_results_total")
    found.add(1 if event.get("backfill_triggered") else 0, "tagger_backfills_total")
    found.add(event.get("agreement_count", 0), "tagger_agreements_total")
    found.observe(event["total_returned"], "tagger_tags_returned")
    for best in event.get("top3", [])[:1]:
        for field, component in (("combined", "combined"), ("r", "reasoning"), ("p", "prototype")):
            if best.get(field) is not None:
                found.observe(max(best[field], 0), "tagger_top_score", component)  # a sum must not fall
