"""The ways to count persona attempts that are compared, each for a process of its own: CPU seconds and lines."""

import json
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from exporter import config
from exporter.engine import Engine
from exporter.metric import Cumulative
from exporter.pipeline import discover


class Counted(NamedTuple):
    """What counting took, and how many attempts were counted."""

    seconds: float
    attempts: int

    @property
    def micros(self) -> float:
        """CPU microseconds per line."""
        return 1e6 * self.seconds / self.attempts


def exporter(path: str) -> Counted:
    """Through the real follower, decoder and pipeline, as `once` does."""
    kinds = discover()
    engine = Engine(config.with_logs(None, [f"persona={path}"], pipelines=kinds), kinds)
    started = process_time()
    engine.scan(settled=True)
    for _ in engine.read_all():
        pass
    engine.settle()
    seconds = process_time() - started
    attempts = next(metric for metric in engine.metrics() if metric.name == "persona_attempts_total")
    assert isinstance(attempts, Cumulative)
    return Counted(seconds, sum(cell[0] for cell in attempts.cells.values()))


def bare_decode(path: str) -> Counted:
    """msgspec alone, into the pipeline's types, a chunk at a time: what no fold can be faster than."""
    (kind,) = discover()["persona"].streams["attempts"].records
    decoder = msgspec.json.Decoder(kind)
    attempts = 0
    with Path(path).open("rb") as file:
        started = process_time()
        while lines := file.readlines(1 << 15):
            attempts += len(decoder.decode_lines(b"".join(lines)))
        return Counted(process_time() - started, attempts)


def naive(path: str, lines: int) -> Counted:
    """json.loads and prometheus_client's objects, line by line, for the first lines."""
    metrics = _Naive()
    with Path(path).open(encoding="utf-8") as file:
        started = process_time()
        for _, line in zip(range(lines), file, strict=False):
            metrics.count(json.loads(line))
        generate_latest(metrics.registry)
        return Counted(process_time() - started, lines)


class _Naive:
    """What a first version of the exporter would be: the counters only, no batches."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept: dict[str, Any] = {"registry": self.registry}
        self._attempts = Counter("attempts", "…", ["run_id", "stage", "status"], **kept)
        self._duration = Histogram("duration_seconds", "…", ["run_id", "stage"], **kept)
        self._tokens = Counter("tokens", "…", ["run_id", "type"], **kept)
        self._repaired = Counter("repaired_attempts", "…", ["run_id"], **kept)
        self._repairs = Counter("repairs", "…", ["run_id", "repair"], **kept)
        self._scores = Histogram("score", "…", ["run_id", "validator"], **kept)
        self._openings = Counter("openings", "…", ["run_id", "opening_move"], **kept)
        self._constraints = Counter("constraints", "…", ["run_id", "constraint"], **kept)

    def count(self, attempt: dict[str, Any]) -> None:
        """Counts one line."""
        run_id = attempt["run_id"]
        self._attempts.labels(run_id, attempt["stage"], attempt["status"]).inc()
        self._duration.labels(run_id, attempt["stage"]).observe(attempt["latency_ms"] / 1000)
        self._tokens.labels(run_id, "prompt").inc(attempt["prompt_tokens"])
        self._tokens.labels(run_id, "completion").inc(attempt["completion_tokens"])
        if attempt["repairs"]:
            self._repaired.labels(run_id).inc()
        for repair in attempt["repairs"]:
            self._repairs.labels(run_id, repair).inc()
        for validator, score in attempt["validator_scores"].items():
            self._scores.labels(run_id, validator).observe(score)
        self._openings.labels(run_id, attempt["opening_move"]).inc()
        for constraint in attempt["constraint_categories"]:
            self._constraints.labels(run_id, constraint).inc()
