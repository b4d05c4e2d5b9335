"""Persona generation: one line per generation attempt, and whether the "feel" of a run is collapsing. Seed 001.

{"ts": "2026-01-31T14:32:01.234Z", "run_id": "25K_20260131_143200", "persona_id": "7f3a", "stage": "B",
 "attempt": 1, "status": "success", "latency_ms": 1250, "prompt_tokens": 450, "completion_tokens": 320,
 "repairs": ["trait_leak"], "validator_scores": {"pollyanna": 0.7}, "opening_move": "situational_hook",
 "constraint_categories": ["time_pressure"], "anchors_used": ["zacuscă"], "error": null}
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import TypeVar

import msgspec

from exporter.batch import Trend, entropy, quantile
from exporter.metric import OTHER, Gauge, Metrics, label_value
from exporter.pipeline import Options, Pipeline, State, Stream
from exporter.record import Count, Identifier, Quantity, Record, Timestamp

MILLIONTHS = 1_000_000
BASELINE_BATCHES = 3
"""The first batches of a run, whose mean latency is what later batches are compared with."""
PENDING_ATTEMPTS = 10_000
"""At most so many attempts of a run wait to be added to its metrics."""
BATCH_ANCHORS = 200_000
"""At most so many distinct anchors of an open batch are remembered."""

DRIFT_SIGNALS: dict[str, tuple[str, Callable[[float], bool]]] = {
    "repairs": ("repair_ratio", lambda slope: slope > 0.5),
    "variety": ("opening_entropy", lambda slope: slope < -0.1),
    "positivity": ("pollyanna", lambda slope: slope > 0.2),
}
"""Seed 001's drift alerts: which trend over the whole run, and when it is one."""

T = TypeVar("T")
_ERROR_CLASS = re.compile(r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*:")


class Attempt(Record):
    """One generation attempt."""

    run_id: str
    persona_id: Identifier
    stage: str
    status: str
    latency_ms: Count
    prompt_tokens: Count
    completion_tokens: Count
    ts: Timestamp = None
    repairs: list[str] | None = None
    validator_scores: dict[str, Quantity] | None = None
    opening_move: str | None = None
    constraint_categories: list[str] | None = None
    anchors_used: list[str] | None = None
    error: str | None = None


class PersonaOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the persona pipeline."""

    batch_size: int = 1000
    """Distinct personas in a batch."""
    price_per_1000_tokens: Quantity = 0.00045
    """US dollars, prompt and completion tokens alike."""
    run_ttl: float = 6 * 3600.0
    """Seconds without a line after which a run leaves the exposition."""


class Batch(msgspec.Struct):
    """The open batch of one run in one log."""

    personas: set[Identifier] = set()
    attempts: int = 0
    successes: int = 0
    repaired: int = 0
    latencies: dict[int, int] = {}
    openings: dict[str, int] = {}
    anchors: set[str] = set()
    has_anchors: bool = False
    scores: dict[str, tuple[int, int]] = {}

    def score_mean(self, validator: str) -> float:
        """The validator's mean over the attempts that have it."""
        attempts, millionths = self.scores[validator]
        return millionths / attempts / MILLIONTHS

    def figures(self) -> dict[str, float]:
        """What trends are drawn of, by indicator; what the batch has no data for is left out."""
        figures = {
            "repair_ratio": self.repaired / self.attempts,
            "latency_mean_seconds": sum(ms * times for ms, times in self.latencies.items()) / self.attempts / 1000,
        }
        if self.openings:
            figures["opening_entropy"] = entropy(self.openings.values())
        if "pollyanna" in self.scores:
            figures["pollyanna"] = self.score_mean("pollyanna")
        return figures


class Run(msgspec.Struct):
    """What is remembered of one run in one log."""

    batch: Batch = msgspec.field(default_factory=Batch)
    batches: int = 0
    baseline: list[float] = []
    trends: dict[str, Trend] = {}
    quiet: float = 0.0


class PersonaState(State):
    """The runs, by log and run_id."""

    runs: dict[tuple[str, str], Run] = {}


class _Tallies:
    """Attempts of one run in one log, counted by their raw values and not yet in its metrics."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.latencies: dict[tuple[str, str], list[int]] = {}
        self.repairs: Counter[str] = Counter()
        self.scores: Counter[tuple[str, float]] = Counter()
        self.openings: Counter[str] = Counter()
        self.constraints: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Starts over."""
        self.attempts = 0
        for tally in (self.latencies, self.repairs, self.scores, self.openings, self.constraints):
            tally.clear()


class Persona(Pipeline):
    """Folds generation attempts into counters per run and figures per batch of personas."""

    streams = {"attempts": Stream(records=(Attempt,), help="one line per generation attempt", main=True, time="ts")}
    options_type = PersonaOptions
    state_type = PersonaState

    options: PersonaOptions
    state: PersonaState

    def declare(self, metrics: Metrics) -> None:
        self._tallies: dict[tuple[str, str], _Tallies] = {}
        self.attempts = metrics.counter("persona_attempts_total", "Generation attempts.", "run_id", "stage", "status")
        self.duration = metrics.histogram(
            "persona_attempt_duration_seconds",
            "Wall time of an attempt.",
            "run_id",
            "stage",
            bounds=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60),
            per_unit=1000,
        )
        self.tokens = metrics.counter("persona_tokens_total", "Tokens by type: prompt or completion.", "run_id", "type")
        self.cost = metrics.counter(
            "persona_cost_usd_total",
            "What the tokens cost in US dollars.",
            "run_id",
            per_unit=1000,
            worth=self.options.price_per_1000_tokens,
        )
        self.repaired = metrics.counter(
            "persona_repaired_attempts_total", "Attempts with at least one repair.", "run_id"
        )
        self.repairs = metrics.counter("persona_repairs_total", "Repairs by type.", "run_id", "repair")
        self.scores = metrics.histogram(
            "persona_validator_score",
            "Validator scores, from 0 to 1.",
            "run_id",
            "validator",
            bounds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
            per_unit=MILLIONTHS,
        )
        self.openings = metrics.counter(
            "persona_opening_moves_total", "Attempts by rhetorical opening move.", "run_id", "opening_move"
        )
        self.constraints = metrics.counter(
            "persona_constraints_total", "Constraint categories applied.", "run_id", "constraint"
        )
        self.failures = metrics.counter(
            "persona_failures_total", "Failed attempts by class of error.", "run_id", "stage", "error"
        )
        self.batches = metrics.counter("persona_batches_total", "Closed batches of personas.", "run_id")
        self._declare_batch_gauges(metrics)

    def _declare_batch_gauges(self, metrics: Metrics) -> None:
        def last(name: str, help: str, *labels: str) -> Gauge:
            return metrics.gauge(f"persona_batch_{name}", f"{help}, in the run's last closed batch.", "run_id", *labels)

        self.batch_attempts = last("attempts", "Attempts")
        self.batch_success_ratio = last("success_ratio", "Share of attempts that succeeded")
        self.batch_repair_ratio = last("repair_ratio", "Share of attempts with a repair")
        self.batch_latency_mean = last("latency_mean_seconds", "Mean wall time of an attempt")
        self.batch_latency_p95 = last("latency_p95_seconds", "95th percentile of an attempt's wall time")
        self.batch_opening_entropy = last("opening_entropy", "Shannon entropy of the opening moves in bits")
        self.batch_anchor_diversity = last("anchor_diversity_ratio", "Distinct anchors per attempt")
        self.batch_score_mean = last("validator_score_mean", "Mean validator score", "validator")
        self.trend = metrics.gauge(
            "persona_trend_per_batch", "Least-squares slope over all closed batches of the run.", "run_id", "indicator"
        )
        self.recent_trend = metrics.gauge(
            "persona_recent_trend_per_batch",
            "Least-squares slope over the run's last five closed batches.",
            "run_id",
            "indicator",
        )
        self.latency_change = metrics.gauge(
            "persona_latency_change_ratio",
            "Mean latency of the last batch against the run's first three, minus 1.",
            "run_id",
        )
        self.drift = metrics.gauge(
            "persona_drift_detected", "1 where the run drifts by one of seed 001's signals, else 0.", "run_id", "signal"
        )
        self.info = metrics.gauge("persona_run_info", "A run and its tier; always 1.", "run_id", "tier")

    def observe(self, stream: str, log: str, records: list[Attempt]) -> None:
        for run_id, group in groupby(records, attrgetter("run_id")):
            run_id, tallies = self._open(log, run_id)
            attempts = list(group)
            while attempts:
                fitting = self._fit(tallies.run.batch.personas, attempts)
                self._tally(run_id, tallies, attempts[:fitting])
                if fitting < len(attempts):
                    self._close(run_id, tallies)
                attempts = attempts[fitting:]

    def _open(self, log: str, run_id: str) -> tuple[str, _Tallies]:
        """The run's admitted id, `other` over the cap, and its tallies."""
        tallies = self._tallies.get((log, run_id))
        if tallies is None:
            runs = self.state.runs
            run_id = label_value(run_id)
            if (log, run_id) not in runs and len(runs) >= self.metrics.cap:
                run_id = OTHER
            run = runs.get((log, run_id))
            if run is None:
                run = runs[log, run_id] = Run()
                self.info.set(1, run_id, run_id.partition("_")[0])
            tallies = self._tallies.get((log, run_id))
            if tallies is None:
                tallies = self._tallies[log, run_id] = _Tallies(run)
        tallies.run.quiet = 0.0
        return run_id, tallies

    def _fit(self, personas: set[Identifier], attempts: list[Attempt]) -> int:
        """Takes their personas into the open batch, as far as it holds them; returns how many attempts that are."""
        ids = [attempt.persona_id for attempt in attempts]
        size = self.options.batch_size
        if len(personas) + len(ids) <= size:
            personas.update(ids)
            return len(ids)
        for at, persona in enumerate(ids):
            if persona not in personas:
                if len(personas) >= size:
                    return at
                personas.add(persona)
        return len(ids)

    def _tally(self, run_id: str, tallies: _Tallies, attempts: list[Attempt]) -> None:
        batch = tallies.run.batch
        latencies = tallies.latencies
        for attempt in attempts:
            try:
                latencies[attempt.stage, attempt.status].append(attempt.latency_ms)
            except KeyError:
                latencies[attempt.stage, attempt.status] = [attempt.latency_ms]
                self.attempts.cell(run_id, attempt.stage, attempt.status, times=0)
                self.duration.cell(run_id, attempt.stage, times=0)
            if attempt.status == "fail":
                self.failures.add(1, run_id, attempt.stage, error_class(attempt.error))

        prompt = sum([attempt.prompt_tokens for attempt in attempts])
        completion = sum([attempt.completion_tokens for attempt in attempts])
        self.tokens.cell(run_id, "prompt")[0] += prompt
        self.tokens.cell(run_id, "completion")[0] += completion
        self.cost.cell(run_id)[0] += prompt + completion

        repairs = [attempt.repairs for attempt in attempts if attempt.repairs]
        self.repaired.cell(run_id)[0] += len(repairs)
        batch.repaired += len(repairs)
        for repair in _count(tallies.repairs, chain.from_iterable(repairs)):
            self.repairs.cell(run_id, repair, times=0)

        scores = [attempt.validator_scores.items() for attempt in attempts if attempt.validator_scores]
        for validator, _ in _count(tallies.scores, chain.from_iterable(scores)):
            self.scores.cell(run_id, validator, times=0)

        openings = [attempt.opening_move for attempt in attempts if attempt.opening_move is not None]
        for opening in _count(tallies.openings, openings):
            self.openings.cell(run_id, opening, times=0)

        constraints = [attempt.constraint_categories for attempt in attempts if attempt.constraint_categories]
        for constraint in _count(tallies.constraints, chain.from_iterable(constraints)):
            self.constraints.cell(run_id, constraint, times=0)

        anchors = [attempt.anchors_used for attempt in attempts if attempt.anchors_used is not None]
        batch.has_anchors = batch.has_anchors or bool(anchors)
        if len(batch.anchors) < BATCH_ANCHORS:
            batch.anchors.update(chain.from_iterable(anchors))

        tallies.attempts += len(attempts)
        if tallies.attempts >= PENDING_ATTEMPTS:
            self._settle(run_id, tallies)

    def settle(self) -> None:
        for (_, run_id), tallies in self._tallies.items():
            if tallies.attempts:
                self._settle(run_id, tallies)

    def _settle(self, run_id: str, tallies: _Tallies) -> None:
        """Moves what is tallied into the run's metrics and its open batch."""
        batch = tallies.run.batch
        batch.attempts += tallies.attempts
        for (stage, status), latencies in tallies.latencies.items():
            self.attempts.add(len(latencies), run_id, stage, status, times=len(latencies))
            self.duration.observe_all(latencies, run_id, stage)
            batch.successes += len(latencies) if status == "success" else 0
            for latency, times in Counter(latencies).items():
                batch.latencies[latency] = batch.latencies.get(latency, 0) + times
        for repair, times in tallies.repairs.items():
            self.repairs.add(times, run_id, repair, times=times)
        for (validator, score), times in tallies.scores.items():
            millionths = round(score * MILLIONTHS)
            self.scores.observe(millionths, run_id, validator, times=times)
            lines, total = batch.scores.get(validator, (0, 0))
            batch.scores[validator] = (lines + times, total + millionths * times)
        for opening, times in tallies.openings.items():
            self.openings.add(times, run_id, opening, times=times)
            batch.openings[opening] = batch.openings.get(opening, 0) + times
        for constraint, times in tallies.constraints.items():
            self.constraints.add(times, run_id, constraint, times=times)
        tallies.clear()

    def _close(self, run_id: str, tallies: _Tallies) -> None:
        """Closes the open batch: its figures become the run's gauges, its trends move on, a new batch opens."""
        self._settle(run_id, tallies)
        run = tallies.run
        batch, run.batch = run.batch, Batch()
        figures = batch.figures()
        self.batches.add(1, run_id)
        self.batch_attempts.set(batch.attempts, run_id)
        self.batch_success_ratio.set(batch.successes / batch.attempts, run_id)
        self.batch_repair_ratio.set(figures["repair_ratio"], run_id)
        self.batch_latency_mean.set(figures["latency_mean_seconds"], run_id)
        self.batch_latency_p95.set(quantile(batch.latencies, 0.95) / 1000, run_id)
        self.batch_opening_entropy.set(figures.get("opening_entropy"), run_id)
        self.batch_anchor_diversity.set(len(batch.anchors) / batch.attempts if batch.has_anchors else None, run_id)
        self.batch_score_mean.discard_where("run_id", run_id)
        for validator in batch.scores:
            self.batch_score_mean.set(batch.score_mean(validator), run_id, validator)
        self._show_trends(run_id, run, figures)
        run.batches += 1

    def _show_trends(self, run_id: str, run: Run, figures: dict[str, float]) -> None:
        for indicator, value in figures.items():
            trend = run.trends.setdefault(indicator, Trend())
            trend.add(run.batches, value)
            self.trend.set(trend.slope(), run_id, indicator)
            self.recent_trend.set(trend.recent_slope(), run_id, indicator)
        for signal, (indicator, drifts) in DRIFT_SIGNALS.items():
            slope = run.trends[indicator].slope() if indicator in run.trends else None
            self.drift.set(None if slope is None else drifts(slope), run_id, signal)
        mean = figures["latency_mean_seconds"]
        if len(run.baseline) < BASELINE_BATCHES:
            run.baseline.append(mean)
        elif base := sum(run.baseline) / len(run.baseline):
            self.latency_change.set(mean / base - 1, run_id)

    def expire(self, seconds: float) -> None:
        """Drops every run that has been quiet, in all its logs, for longer than `run_ttl`."""
        quiet: dict[str, float] = {}
        for (_, run_id), run in self.state.runs.items():
            run.quiet += seconds
            quiet[run_id] = min(run.quiet, quiet.get(run_id, run.quiet))
        gone = {run_id for run_id, seconds in quiet.items() if seconds > self.options.run_ttl and run_id != OTHER}
        if gone:
            self.settle()
            self.state.runs = {key: run for key, run in self.state.runs.items() if key[1] not in gone}
            self._tallies.clear()
        for run_id in gone:
            self.metrics.discard_where("run_id", run_id)

    def merge(self, other: "Persona") -> None:
        super().merge(other)
        self.state.runs |= other.state.runs


def _count(tally: Counter[T], values: Iterable[T]) -> Iterator[T]:
    """Counts values; returns those that were not in the tally before, in order."""
    known = len(tally)
    tally.update(values)
    return islice(tally, known, None)


def error_class(error: str | None) -> str:
    """The dotted identifier before an error's first colon, else `other`.

    >>> error_class("openai.RateLimitError: 429"), error_class("it broke"), error_class(None)
    ('openai.RateLimitError', 'other', 'other')
    """
    match = _ERROR_CLASS.match(error or "")
    return match[1] if match else OTHER
