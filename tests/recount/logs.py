"""The logs that are recounted, by pipeline: at least 20 000 lines each, of the demo's making and rough.

Runs are interleaved, personas tried again, lectures tagged again; values lie on the bounds of buckets.
"""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from exporter import demo

from .rough import START, Logs, interleaved, leave_out, made, write, write_lines

# Persona


def persona(folder: Path) -> Logs:
    """Two logs of runs of all kinds; `2K_spread` is in both."""
    collapse = made("persona", "attempts", 5_500, seed=1, scenario="collapse")
    healthy = made("persona", "attempts", 3_000, seed=2, days=1)
    small = made("persona", "attempts", 150, seed=3, days=2)
    wide = _renamed(made("persona", "attempts", 11_600, seed=4, days=3), "wide")
    spread = [_renamed(made("persona", "attempts", 600, seed=seed), "2K_spread") for seed in (5, 6)]
    gappy = _with_a_gap(_renamed(made("persona", "attempts", 2_500, seed=7, scenario="collapse"), "100K_gap"))
    crash = _crashed(_renamed(made("persona", "attempts", 300, seed=10), "crash"))
    sequence = _renamed(made("persona", "attempts", 2_000, seed=8, scenario="collapse"), "probă_1")
    for attempt in sequence:
        attempt["persona_id"] = int(attempt["persona_id"].rpartition("/")[2])
    rng = Random(9)
    first = interleaved([*_retried(collapse, rng), *spread[0]], _retried(healthy, rng), rng)
    second = interleaved([*wide, *gappy], [*small, *_retried(sequence, rng), *crash, *spread[1]], rng)
    return {
        "attempts": [
            write(folder / "generation-1.log", "persona.attempts", map(_vexed(rng), first), seed=1),
            write(folder / "generation-2.log", "persona.attempts", map(_vexed(rng), second), seed=2),
        ]
    }


def _renamed(attempts: list[Any], run_id: str) -> list[Any]:
    """All attempts as of one run, its personas told apart by the runs they come from."""
    return [
        attempt | {"run_id": run_id, "persona_id": f"{attempt['run_id']}/{attempt['persona_id']}"}
        for attempt in attempts
    ]


def _retried(attempts: list[Any], rng: Random) -> list[Any]:
    """One in a hundred is tried again later: in the same batch, or when its batch is long closed."""
    lines: list[Any] = []
    for attempt in attempts:
        lines.append(attempt)
        if rng.random() < 0.01:
            earlier = rng.choice(lines[-400:])
            if earlier["run_id"] == attempt["run_id"]:
                lines.append(earlier | {"attempt": earlier["attempt"] + 1, "status": "success"})
    return lines


def _crashed(attempts: list[Any]) -> list[Any]:
    """The second hundred of personas is all repairs, one opening and sunshine; the first has none of it."""
    for attempt in attempts:
        crashed = int(attempt["persona_id"].rpartition("/")[2]) >= 100
        attempt["repairs"] = ["trait_leak"] if crashed else []
        attempt["validator_scores"]["pollyanna"] = 0.95 if crashed else 0.05
        attempt["opening_move"] = "proverb" if crashed else attempt["opening_move"]
    return attempts


def _with_a_gap(attempts: list[Any]) -> list[Any]:
    """The fourth hundred of personas has no scores, moves and anchors; only the first hundred has `old_validator`."""
    for attempt in attempts:
        batch = int(attempt["persona_id"].rpartition("/")[2]) // 100
        if batch == 0:
            attempt["validator_scores"]["old_validator"] = 0.123456789
        if batch == 3:
            attempt |= {"validator_scores": {}, "opening_move": None}
            del attempt["anchors_used"]
    return attempts


def _vexed(rng: Random) -> Callable[[Any], Any]:
    """Now and then an attempt takes no time, has a strange constraint or another way to fail."""

    def vex(attempt: Any) -> Any:
        chance = rng.random()
        if chance < 0.01:
            return attempt | {"latency_ms": rng.choice((0, 1, 100, 101, 60_000, 60_001, 2**40))}
        if chance < 0.02:
            return attempt | {"constraint_categories": ["două\nrânduri", "x" * 200, "sărbători", "sărbători"]}
        if chance < 0.03:
            error = rng.choice(("", "no colon", "two words: x", "a.b.C: d: e", " Spaced : x", "9x: y", "x.: y"))
            return attempt | {"status": "fail", "error": error}
        return attempt

    return vex


# Distillation


def distillation(folder: Path) -> Logs:
    """Articles of three filters, each in its folder with its session, and a folder that has only distillation.log."""
    articles = [
        *made("distillation", "articles", 8_000, seed=1, scenario="collapse"),
        *made("distillation", "articles", 4_500, seed=2, days=1),
    ]
    rng = Random(1)
    for article in articles:
        chance = rng.random()
        if chance < 0.02:
            article["time_taken_seconds"] = rng.choice((0, 1, 2.5, 300, 300.000001, 12.345678901234, 1e6))
        elif chance < 0.04 and not article["success"]:
            article["error_type"] = "rate_limited"
    logs: Logs = {"articles": [], "session": [], "log": []}
    for number, name in enumerate(sorted({article["filter_name"] for article in articles})):
        mine = [article for article in articles if article["filter_name"] == name]
        logs["articles"].append(write(folder / name / "metrics.jsonl", "distillation.articles", mine, seed=number))
        summary = made("distillation", "session", 40 + number, seed=number, scenario="collapse")[-1]
        logs["session"].append(folder / name / "session_summary.json")
        logs["session"][-1].write_text(json.dumps(summary, indent=2))
        (folder / name / "error_logs").mkdir()
        for dump in range(number):
            (folder / name / "error_logs" / f"article_{dump}_attempt3_20250127_143022.txt").write_text("{")
    text = demo.lines("distillation", "log", 8_000, start=START, seed=3, scenario="collapse")
    lines = [line.encode() for line in text]
    for at, other in enumerate(
        (b"Session started", b"=====", b"", b"2025-10-27 10:20:03 | INFO     | resumed", b"\xff")
    ):
        lines.insert(1000 * at, other)
    logs["log"].append(write_lines(folder / "legacy" / "distillation.log", lines, Random(4)))
    return logs


# Tagger


def tagger(folder: Path) -> Logs:
    """Two logs of lectures; some are tagged again, some ids are numbers, some top scores are negative."""
    logs = []
    for number, scenario in enumerate(demo.SCENARIOS):
        events = made("tagger", "events", 9_900, seed=number, scenario=scenario)
        rng = Random(number)
        again = rng.sample(events, 400)
        for event in events:
            if "top3" in event:
                for top in event["top3"]:
                    _vex_top(top, rng)
            if event.get("lecture_id", "").endswith("0"):
                event["lecture_id"] = int(event["lecture_id"][4:], 16)
        for event in again:
            events.append(event | {"total_returned": 0, "chosen_ids": [], "confidence": None})
        logs.append(write(folder / f"tagger-{number}.ndjson", "tagger.events", events, seed=number))
    return {"events": logs}


def _vex_top(top: dict[str, Any], rng: Random) -> None:
    chance = rng.random()
    if chance < 0.02:
        top["p"] = rng.choice((-0.25, 0, 1, 1.5, top["pth"]))
    elif chance < 0.04:
        leave_out(top, rng.choice(("p", "pth", "combined", "r")), rng)


# Crawl


def crawl(folder: Path) -> Logs:
    """The crawler's seven logs, pages and failures in two each."""
    logs: Logs = {}
    rng = Random(1)
    counts = {"metadata": 5_500, "failures": 2_200, "thresholds": 201, "health": 500}
    for stream in ("metadata", "failures", "false_positives", "false_negatives", "embedding_failures"):
        logs[stream] = []
        for number, scenario in enumerate(demo.SCENARIOS if stream in ("metadata", "failures") else ["healthy"]):
            records = made("crawl", stream, counts.get(stream, 1_500), seed=number, scenario=scenario)
            for record in records:
                if rng.random() < 0.02:
                    record |= _VEXED.get(stream, lambda _: {})(rng)
            logs[stream].append(write(folder / f"{stream}-{number}.jsonl", f"crawl.{stream}", records, seed=number))
    thresholds = made("crawl", "thresholds", counts["thresholds"], seed=1, scenario="collapse")
    for method, runs in {"once": (0.5,), "from-zero": (0.3, 0, 0.4), "signed": (-0.2, -0.1)}.items():
        thresholds += [{"method": method, "threshold": threshold, "pass_rate": 1} for threshold in runs]
    health = made("crawl", "health", counts["health"], seed=1)
    logs["thresholds"] = [write(folder / "threshold_logs.jsonl", "crawl.thresholds", thresholds, seed=1)]
    logs["health"] = [write(folder / "health.jsonl", "crawl.health", health, seed=2)]
    return logs


_VEXED: dict[str, Callable[[Random], dict[str, Any]]] = {
    "metadata": lambda rng: rng.choice(
        (
            {"score": rng.choice((0, 0.1, 1, 1.25, 0.30000000000000004))},
            {"processing_time": rng.choice((0, 0.1, 60, 60.000001, 1.23456789))},
            {"length": rng.choice((0, 100, 101, 10**9))},
            {"tags": ["știri", "știri", "două\nrânduri"]},
        )
    ),
    "failures": lambda rng: rng.choice(
        (
            {"url": rng.choice(("not a url", "", "/relative", "HTTPS://User:Pass@Broken.COM:8443/x?y#z", "//cdn.md"))},
            {"response_code": "404"},
            {"stage": "așteptare"},
        )
    ),
    "embedding_failures": lambda rng: {
        "failure_reason": rng.choice(("CUDA out of memory", "Request timed out", "no room", "Out Of Memory", "")),
        "retry_scheduled": rng.random() < 0.5,
    },
}


# Clustering


def clustering(folder: Path) -> Logs:
    """Two logs of jobs; the wikis of the second have names. Jobs lack some of the gauges, and some last very evenly."""
    logs = []
    for number, scenario in enumerate(demo.SCENARIOS):
        events = made("clustering", "events", 10_000, seed=number, scenario=scenario)
        rng = Random(number)
        for event in events:
            if number and "wiki_id" in event:
                event["wiki_id"] = f"wiki-{event['wiki_id']}"
            if event["event"] == "clustering_metrics":
                for name in rng.sample(list(event["gauges"]), rng.choice((0, 1, 3))):
                    leave_out(event["gauges"], name, rng)
                if rng.random() < 0.1:
                    event["total_duration"] = rng.choice((5, 60, 60.000001, 7200, 7201))
                    event["stage_durations"]["clustering"] = rng.choice((0, 1, 15, 3600, 3600.5, 1.23456789))
        logs.append(write(folder / f"clustering-{number}.log", "clustering.events", events, seed=number))
    return {"events": logs}


LOGS: dict[str, Callable[[Path], Logs]] = {
    "persona": persona,
    "distillation": distillation,
    "tagger": tagger,
    "crawl": crawl,
    "clustering": clustering,
}
