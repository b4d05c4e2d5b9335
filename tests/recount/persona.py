"""Seed 001 over plain lists: every attempt of a run, cut into batches of N personas."""

import re
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

from .arithmetic import Found, entropy, label, quantile, slope
from .reading import Record, read

PRICE = 0.00045 / 1000
"""US dollars for a token."""


def recount(logs: dict[str, list[Path]], batch_size: int) -> Found:
    """Every persona metric over these logs. The gauges of a run in several logs are those of the last one, but its
    progress is that of all."""
    found = Found()
    for attempts in read("persona.attempts", logs["attempts"])[0]:
        runs = defaultdict(list)
        for attempt in attempts:
            runs[attempt["run_id"]].append(attempt)
        for run, lines in runs.items():
            _count(found, run, lines)
            _show_progress(found, run, lines, batch_size)
            closed = [Figures(batch) for batch in batches(lines, batch_size)]
            found.add(len(closed), "persona_batches_total", run)
            if closed:
                _show_last(found, run, closed[-1])
                _show_trends(found, run, closed)
                _show_latency_change(found, run, closed)
    return found


def batches(attempts: list[Record], size: int) -> list[list[Record]]:
    """The closed ones: the line that brings one persona too many opens the next."""
    closed = []
    batch: list[Record] = []
    personas: set[Any] = set()
    for attempt in attempts:
        if attempt["persona_id"] not in personas and len(personas) == size:
            closed.append(batch)
            batch, personas = [], set()
        batch.append(attempt)
        personas.add(attempt["persona_id"])
    return closed


def _count(found: Found, run: str, attempts: list[Record]) -> None:
    found.show(1, "persona_run_info", run, run.split("_")[0])
    for line in attempts:
        found.add(1, "persona_attempts_total", run, line["stage"], line["status"])
        found.observe(line["latency_ms"] / 1000, "persona_attempt_duration_seconds", run, line["stage"])
        found.add(line["prompt_tokens"], "persona_tokens_total", run, "prompt")
        found.add(line["completion_tokens"], "persona_tokens_total", run, "completion")
        found.add(1 if line.get("repairs") else 0, "persona_repaired_attempts_total", run)
        for repair in line.get("repairs", []):
            found.add(1, "persona_repairs_total", run, repair)
        for validator, score in line.get("validator_scores", {}).items():
            found.observe(score, "persona_validator_score", run, validator)
        if "opening_move" in line:
            found.add(1, "persona_opening_moves_total", run, line["opening_move"])
        for constraint in line.get("constraint_categories", []):
            found.add(1, "persona_constraints_total", run, label(constraint))
        if line["status"] == "fail":
            found.add(1, "persona_failures_total", run, line["stage"], error_class(line.get("error")))
    tokens = sum(line["prompt_tokens"] + line["completion_tokens"] for line in attempts)
    found.add(tokens * PRICE, "persona_cost_usd_total", run)


def error_class(error: str | None) -> str:
    """The dotted identifier before the first colon, else `other`."""
    before, colon, _ = (error or "").partition(":")
    return before.strip() if colon and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", before.strip()) else "other"


def _show_progress(found: Found, run: str, lines: list[Record], batch_size: int) -> None:
    """A persona counts once in each batch, the open one included."""
    closed = batches(lines, batch_size)
    still_open = lines[sum(map(len, closed)) :]
    personas = sum(len({line["persona_id"] for line in batch}) for batch in [*closed, still_open])
    wanted = wanted_personas(run)
    if wanted is not None:
        found.add(personas / wanted, "persona_run_progress_ratio", run)


def wanted_personas(run: str) -> int | None:
    """Digits before the first `_`, in thousands or millions where K or M follows; at most a thousand million."""
    digits, times = run.split("_")[0], 1
    for letter, worth in (("k", 1000), ("m", 1000 * 1000)):
        if digits.endswith((letter, letter.upper())):
            digits, times = digits[:-1], worth
            break
    if not digits or set(digits) - set("0123456789"):
        return None
    wanted = int(digits) * times
    return wanted if 1 <= wanted <= 10**9 else None


class Figures:
    """A batch's figures, over all its lines; what it has no data for is None."""

    def __init__(self, batch: list[Record]) -> None:
        lines = len(batch)
        latencies = [line["latency_ms"] / 1000 for line in batch]
        openings = [line["opening_move"] for line in batch if "opening_move" in line]
        anchors = [line["anchors_used"] for line in batch if "anchors_used" in line]
        scores = [line.get("validator_scores", {}) for line in batch]
        self.attempts = lines
        self.success_ratio = sum(1 for line in batch if line["status"] == "success") / lines
        self.repair_ratio = sum(1 for line in batch if line.get("repairs")) / lines
        self.latency_mean = mean(latencies)
        self.latency_p95 = quantile(latencies, 0.95)
        self.opening_entropy = entropy(openings) if openings else None
        self.anchor_diversity = len({anchor for some in anchors for anchor in some}) / lines if anchors else None
        self.score_means = {
            validator: mean([round(each[validator], 6) for each in scores if validator in each])
            for validator in {name for each in scores for name in each}
        }


def _show_last(found: Found, run: str, last: Figures) -> None:
    found.show(last.attempts, "persona_batch_attempts", run)
    found.show(last.success_ratio, "persona_batch_success_ratio", run)
    found.show(last.repair_ratio, "persona_batch_repair_ratio", run)
    found.show(last.latency_mean, "persona_batch_latency_mean_seconds", run)
    found.show(last.latency_p95, "persona_batch_latency_p95_seconds", run)
    found.show(last.opening_entropy, "persona_batch_opening_entropy", run)
    found.show(last.anchor_diversity, "persona_batch_anchor_diversity_ratio", run)
    for validator, score in last.score_means.items():
        found.show(score, "persona_batch_validator_score_mean", run, validator)


def _show_trends(found: Found, run: str, closed: list[Figures]) -> None:
    """A batch that lacks a figure is left out; its number still counts."""
    columns = {
        "repair_ratio": [figures.repair_ratio for figures in closed],
        "latency_mean_seconds": [figures.latency_mean for figures in closed],
        "opening_entropy": [figures.opening_entropy for figures in closed],
        "pollyanna": [figures.score_means.get("pollyanna") for figures in closed],
    }
    trends = {}
    for indicator, column in columns.items():
        points = [(number, value) for number, value in enumerate(column) if value is not None]
        if len(points) >= 2:
            trends[indicator] = slope(points)
            found.show(trends[indicator], "persona_trend_per_batch", run, indicator)
        recent = [point for point in points if point[0] >= len(closed) - 5]
        if len(recent) >= 2:
            found.show(slope(recent), "persona_recent_trend_per_batch", run, indicator)
    if "repair_ratio" in trends:
        found.show(int(trends["repair_ratio"] > 0.5), "persona_drift_detected", run, "repairs")
    if "opening_entropy" in trends:
        found.show(int(trends["opening_entropy"] < -0.1), "persona_drift_detected", run, "variety")
    if "pollyanna" in trends:
        found.show(int(trends["pollyanna"] > 0.2), "persona_drift_detected", run, "positivity")


def _show_latency_change(found: Found, run: str, closed: list[Figures]) -> None:
    if len(closed) >= 4:
        base = mean([figures.latency_mean for figures in closed[:3]])
        found.show(closed[-1].latency_mean / base - 1, "persona_latency_change_ratio", run)
