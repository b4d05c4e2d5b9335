"""Persona generation: one line per generation attempt, and whether the "feel" of a run is collapsing. Seed 001.

{"ts": "2026-01-31T14:32:01.234Z", "run_id": "25K_20260131_143200", "persona_id": "7f3a", "stage": "B",
 "attempt": 1, "status": "success", "latency_ms": 1250, "prompt_tokens": 450, "completion_tokens": 320,
 "repairs": ["trait_leak"], "validator_scores": {"pollyanna": 0.7}, "opening_move": "situational_hook",
 "constraint_categories": ["time_pressure"], "anchors_used": ["zacuscă"], "error": null}
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from operator import attrgetter

import msgspec

from exporter.batch import Trend, change
from exporter.dashboard import Dashboard, Kind, Mark, Panel, buckets, mean, quantiles, share
from exporter.indicator import Indicator, Unit
from exporter.join import shortened
from exporter.metric import OTHER, OVER, Gauge, Metrics, label_value
from exporter.openbatch import Batch
from exporter.pipeline import Options, Pipeline, State, Stream
from exporter.record import Count, Identifier, Quantity, Record, Timestamp
from exporter.tally import MILLIONTHS, DurationTally, ScoreTally, Tally

BASELINE_BATCHES = 3
"""The first batches of a run, whose mean latency is what later batches are compared with."""
PENDING_VALUES = 10_000
"""So do at most so many different values of a run, and those of one chunk."""
RUNS_OVER = ("", OTHER)
"""Stands for the runs over the cap, which are counted as one and have no batches; no log has this path."""
MOST_PERSONAS = 1_000_000_000
"""A tier that names more of them names no target."""

DRIFT_SIGNALS: dict[str, tuple[str, Callable[[float], bool]]] = {
    "repairs": ("repair_ratio", lambda slope: slope > 0.5),
    "variety": ("opening_entropy", lambda slope: slope < -0.1),
    "positivity": ("pollyanna", lambda slope: slope > 0.2),
}
"""Seed 001's drift alerts: which trend over the whole run, and when it is one."""

_SERIES_OF_ATTEMPT = 4
"""An attempt brings at most so many series of one metric, beside those of its scores, repairs and constraints."""
_ERROR_CLASS = re.compile(r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*:")
_TARGET = re.compile(r"([0-9]{1,10})([KkMm]?)")
_UNITS = {"": 1, "K": 1000, "M": 1_000_000}


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

    unused = ("attempt",)


class PersonaOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the persona pipeline."""

    batch_size: int = 1000
    """Distinct personas in a batch."""
    price_per_1000_tokens: Quantity = 0.00045
    """US dollars, prompt and completion tokens alike."""
    run_ttl: float = 6 * 3600.0
    """Seconds without a line after which a run leaves the exposition."""


class Run(msgspec.Struct):
    """What is remembered of one run in one log."""

    batch: Batch = msgspec.field(default_factory=Batch)
    batches: int = 0
    personas: int = 0
    """Those of its closed batches."""
    baseline: list[float] = []
    trends: dict[str, Trend] = {}
    quiet: float = 0.0


class PersonaState(State):
    """The runs, by log and run_id."""

    runs: dict[tuple[str, str], Run] = {}


class _OpenRun:
    """A run while attempts of it come in from one log: what is remembered, and what is tallied but not settled."""

    def __init__(self, persona: "Persona", run_id: str, state: Run) -> None:
        self.run_id = run_id
        self.state = state
        self.pending = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.repaired = 0
        self.over = run_id is OVER
        """Whether it stands for the runs over the cap."""
        self._persona = persona
        self.attempts = DurationTally(persona.attempts, persona.duration, run_id)
        self.repairs = Tally(persona.repairs, run_id)
        self.scores = ScoreTally(persona.scores, run_id)
        self.openings = Tally(persona.openings, run_id)
        self.constraints = Tally(persona.constraints, run_id)
        self._count()

    def settle(self) -> None:
        """Moves what is tallied into the run's metrics and its open batch."""
        self._count()
        batch = self.state.batch
        batch.attempts += self.pending
        batch.repaired += self.repaired
        self.pending = self.prompt_tokens = self.completion_tokens = self.repaired = 0
        statuses, latencies = self.attempts.settle()
        batch.successes += statuses["success"]
        batch.latencies.add(latencies)
        self._persona.batch_score_mean.capped += batch.take_scores(self.scores.settle())
        self._persona.batch_opening_entropy.capped += batch.take_openings(self.openings.settle())
        self.repairs.settle()
        self.constraints.settle()
        self._persona.moved.add(self.run_id)
        if self.over:
            self.state.batch = Batch()

    def _count(self) -> None:
        """Adds up what needs no more than a number; the first time, the series are born."""
        persona, run_id, lines = self._persona, self.run_id, self.pending
        persona.tokens.add(self.prompt_tokens, run_id, "prompt", times=lines)
        persona.tokens.add(self.completion_tokens, run_id, "completion", times=lines)
        persona.cost.add(self.prompt_tokens + self.completion_tokens, run_id, times=lines)
        persona.repaired.add(self.repaired, run_id, times=self.repaired)

    def values(self) -> int:
        """How many different values are tallied."""
        return len(self.repairs) + len(self.scores) + len(self.openings) + len(self.constraints)


class Persona(Pipeline):
    """Folds generation attempts into counters per run and figures per batch of personas."""

    streams = {"attempts": Stream(records=(Attempt,), help="one line per generation attempt", main=True, time="ts")}
    options_type = PersonaOptions
    state_type = PersonaState

    options: PersonaOptions
    state: PersonaState

    def declare(self, metrics: Metrics) -> None:
        self._open_runs: dict[tuple[str, str], _OpenRun] = {}
        self.moved: set[str] = set()
        """The runs that were settled since their progress was last shown."""
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
        self.progress = metrics.gauge(
            "persona_run_progress_ratio", "Personas seen per persona that the run's tier names.", "run_id"
        )

    def observe(self, stream: str, log: str, records: list[Attempt]) -> None:
        for run, attempts in self._by_run(log, records):
            self._fold(run, attempts)

    def _by_run(self, log: str, attempts: list[Attempt]) -> Iterable[tuple[_OpenRun, list[Attempt]]]:
        """The attempts of each run; where a metric may get full, in stretches, since the order of lines decides then
        which series are admitted."""
        run_ids = [attempt.run_id for attempt in attempts]
        if run_ids.count(run_ids[0]) == len(attempts):
            return [(self._open(log, run_ids[0]), attempts)]
        runs = {run_id: self._open(log, run_id) for run_id in dict.fromkeys(run_ids)}
        if not self._has_room(runs.values(), attempts):
            return [(runs[run_id], list(stretch)) for run_id, stretch in groupby(attempts, attrgetter("run_id"))]
        found: dict[_OpenRun, list[Attempt]] = {}
        for run_id, attempt in zip(run_ids, attempts, strict=True):
            found.setdefault(runs[run_id], []).append(attempt)
        return found.items()

    def _has_room(self, runs: Iterable[_OpenRun], attempts: list[Attempt]) -> bool:
        """Whether every series that these attempts may bring is admitted by its metric, in whatever order."""
        most = _SERIES_OF_ATTEMPT * len(attempts)
        for attempt in attempts:
            most += len(attempt.validator_scores or ()) + len(attempt.repairs or ())
            most += len(attempt.constraint_categories or ())
        for run in runs:
            if run.over:
                return False
            most += run.values() + len(run.state.batch.scores)
        return all(len(metric) + most <= metric.cap for metric in self.metrics)

    def _fold(self, run: _OpenRun, attempts: list[Attempt]) -> None:
        """Folds attempts of one run, batch by batch."""
        ids = shortened([attempt.persona_id for attempt in attempts])
        start, end = 0, len(attempts)
        while start < end:
            fitting = end if run.over else start + self._fit(run.state.batch.personas, ids[start:])
            self._tally(run, attempts[start:fitting])
            if fitting < end:
                self._close(run)
            start = fitting

    def _open(self, log: str, run_id: str) -> _OpenRun:
        """The run, or over the cap the one that all further runs are counted under."""
        found = self._open_runs.get((log, run_id))
        if found is None:
            runs = self.state.runs
            run_id = label_value(run_id)
            key = log, run_id
            if key not in runs and len(runs) >= self.metrics.cap:
                key, run_id = RUNS_OVER, OVER
            elif key not in runs:
                runs[key] = Run()
                self.info.set(1, run_id, tier(run_id))
                self.batches.cell(run_id, times=0)
            found = self._open_runs.get(key) or _OpenRun(self, run_id, runs.get(key) or Run())
            self._open_runs[key] = found
        found.state.quiet = 0.0
        return found

    def _fit(self, personas: set[Identifier], ids: Sequence[Identifier]) -> int:
        """Takes personas into the open batch, as far as it holds them; returns how many attempts that are."""
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

    def _tally(self, run: _OpenRun, attempts: list[Attempt]) -> None:
        """Counts attempts of one batch."""
        run.attempts.observe(attempts)
        for attempt in [attempt for attempt in attempts if attempt.status == "fail"]:
            self.failures.add(1, run.run_id, attempt.stage, error_class(attempt.error))
        run.prompt_tokens += sum([attempt.prompt_tokens for attempt in attempts])
        run.completion_tokens += sum([attempt.completion_tokens for attempt in attempts])
        repaired = [attempt.repairs for attempt in attempts if attempt.repairs]
        run.repaired += len(repaired)
        run.repairs.count(chain.from_iterable(repaired))
        run.scores.observe([attempt.validator_scores for attempt in attempts if attempt.validator_scores])
        run.openings.count([attempt.opening_move for attempt in attempts if attempt.opening_move is not None])
        run.constraints.count(chain.from_iterable([attempt.constraint_categories or () for attempt in attempts]))
        anchors = [attempt.anchors_used for attempt in attempts if attempt.anchors_used is not None]
        self.batch_anchor_diversity.capped += run.state.batch.take_anchors(anchors)
        run.pending += len(attempts)
        if run.values() > PENDING_VALUES:
            run.settle()

    def settle(self) -> None:
        for run in self._open_runs.values():
            if run.pending:
                run.settle()
        if self.moved:
            self._show_progress()

    def _show_progress(self) -> None:
        """Shows how far the runs have come that moved, over all their logs."""
        moved, self.moved = self.moved, set()
        seen: dict[str, int] = {}
        for (_, run_id), run in self.state.runs.items():
            if run_id in moved:
                seen[run_id] = seen.get(run_id, 0) + run.personas + len(run.batch.personas)
        for run_id, personas in seen.items():
            if wanted := target(run_id):
                self.progress.set(personas / wanted, run_id)

    def _close(self, open_run: _OpenRun) -> None:
        """Closes the open batch: its figures become the run's gauges, its trends move on, a new batch opens."""
        open_run.settle()
        run_id, run = open_run.run_id, open_run.state
        batch, run.batch = run.batch, Batch()
        figures = batch.figures()
        self.batches.add(1, run_id)
        self.batch_attempts.set(batch.attempts, run_id)
        self.batch_success_ratio.set(batch.successes / batch.attempts, run_id)
        self.batch_repair_ratio.set(figures["repair_ratio"], run_id)
        self.batch_latency_mean.set(figures["latency_mean_seconds"], run_id)
        self.batch_latency_p95.set(batch.latencies.quantile(0.95) / 1000, run_id)
        if batch.latencies.step > 1:
            self.batch_latency_p95.capped += batch.attempts
        self.batch_opening_entropy.set(figures.get("opening_entropy"), run_id)
        self.batch_anchor_diversity.set(len(batch.anchors) / batch.attempts if batch.has_anchors else None, run_id)
        self.batch_score_mean.discard_where("run_id", run_id)
        for validator in batch.scores:
            self.batch_score_mean.set(batch.score_mean(validator), run_id, validator)
        self._show_trends(run_id, run, figures)
        run.batches += 1
        run.personas += len(batch.personas)

    def _show_trends(self, run_id: str, run: Run, figures: dict[str, float]) -> None:
        for indicator, value in figures.items():
            run.trends.setdefault(indicator, Trend()).add(run.batches, value)
        for indicator, trend in run.trends.items():
            self.trend.set(trend.slope(), run_id, indicator)
            self.recent_trend.set(trend.recent_slope(run.batches), run_id, indicator)
        for signal, (indicator, drifts) in DRIFT_SIGNALS.items():
            slope = run.trends[indicator].slope() if indicator in run.trends else None
            self.drift.set(None if slope is None else drifts(slope), run_id, signal)
        mean = figures["latency_mean_seconds"]
        if len(run.baseline) < BASELINE_BATCHES:
            run.baseline.append(mean)
        else:
            self.latency_change.set(change(sum(run.baseline) / BASELINE_BATCHES, mean), run_id)

    def expire(self, seconds: float) -> None:
        """Drops every run that has been quiet, in all its logs, for longer than `run_ttl`.

        The counters of `other` stay: they hold what was over a cap, of runs that go on perhaps.
        """
        quiet: dict[str, float] = {}
        for (_, run_id), run in self.state.runs.items():
            run.quiet += seconds
            quiet[run_id] = min(run.quiet, quiet.get(run_id, run.quiet))
        gone = {run_id for run_id, seconds in quiet.items() if seconds > self.options.run_ttl}
        if gone:
            self.settle()
            self.state.runs = {key: run for key, run in self.state.runs.items() if key[1] not in gone}
            self._open_runs.clear()
            for metric in self.metrics:
                metric.discard_where("run_id", *(gone if isinstance(metric, Gauge) else gone - {OTHER}))

    def merges_exactly(self, later: "Persona") -> bool:
        runs = len(self.state.runs) + len(later.state.runs)
        return super().merges_exactly(later) and runs < self.metrics.cap

    def merge(self, other: "Persona") -> None:
        self.settle()
        for (_, run_id), run in other.state.runs.items():
            if run.batches:
                self._forget_last_batch(run_id, run.trends)
        super().merge(other)
        self.state.runs |= other.state.runs
        self.moved = {run_id for _, run_id in other.state.runs}
        self._show_progress()

    def _forget_last_batch(self, run_id: str, indicators: Iterable[str]) -> None:
        """Clears what a later batch, of which these indicators are known, shows of a run or leaves absent."""
        for gauge in (self.batch_opening_entropy, self.batch_anchor_diversity, self.batch_score_mean, self.drift):
            gauge.discard_where("run_id", run_id)
        for indicator in indicators:
            self.trend.discard((run_id, indicator))
            self.recent_trend.discard((run_id, indicator))


def tier(run_id: str) -> str:
    """What a run_id begins with, up to its first `_`."""
    return run_id.partition("_")[0]


def target(run_id: str) -> int | None:
    """How many personas the run's tier names: a whole number, in thousands or millions with K or M behind it.

    >>> target("25K_20260131_143200"), target("1m_again"), target("2500"), target("nightly")
    (25000, 1000000, 2500, None)
    """
    match = _TARGET.fullmatch(tier(run_id))
    personas = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    return personas if 0 < personas <= MOST_PERSONAS else None


def error_class(error: str | None) -> str:
    """The dotted identifier before an error's first colon, else `other`.

    >>> error_class("openai.RateLimitError: 429"), error_class("it broke"), error_class(None)
    ('openai.RateLimitError', 'other', 'other')
    """
    match = _ERROR_CLASS.match(error or "")
    return match[1] if match else OTHER


Persona.indicators = (
    Indicator(
        name="repair_ratio",
        title="Repair rate",
        unit=Unit.RATIO,
        expr="persona_batch_repair_ratio",
        of="run {run_id}",
        warning=">= 0.10",
        critical="> 0.20",
        meaning="Share of attempts in the run's last batch that needed a repair: the earliest sign of a collapse.",
        impact="What is repaired costs a second call, and reads like the repair prompt, not like a persona.",
        look=(
            '`topk(5, increase(persona_repairs_total{run_id="RUN"}[1h]))`: which repair it is',
            "`jq -c 'select(.repairs | length > 0) | [.persona_id, .stage, .repairs]' generation.log | tail`",
        ),
        action="Pause the run where one repair stands out, and mend the prompt of its stage. Where all rise, look for "
        "a changed model or temperature, and go back to the last batch that was well.",
    ),
    Indicator(
        name="repair_trend",
        title="Repair rate trend",
        unit=Unit.PER_BATCH,
        expr='persona_recent_trend_per_batch{indicator="repair_ratio"}',
        of="run {run_id}",
        warning=">= 0.05",
        critical=">= 0.10",
        meaning="How fast the repair rate climbs: its slope over the run's last five batches.",
        impact="At 0.10 per batch a run that was healthy is beyond the critical repair rate two batches later.",
        look=(
            '`persona:repair_ratio{run_id="RUN"}`: from which batch on it climbs',
            '`persona:drift{run_id="RUN"}`: what else drifts',
        ),
        action="Find what changed in the batch where the climb begins: a prompt, the model's version, the order of the "
        "personas. Pause the run until it is found: what comes next is worse.",
    ),
    Indicator(
        name="opening_entropy",
        title="Opening entropy",
        unit=Unit.BITS,
        expr="persona_batch_opening_entropy",
        of="run {run_id}",
        warning="<= 2.0",
        critical="< 1.5",
        meaning="Variety of the opening moves in the run's last batch. Four moves, equally often, are 2 bits.",
        impact="Personas begin alike; readers notice it first.",
        look=(
            '`topk(3, increase(persona_opening_moves_total{run_id="RUN"}[1h]))`: which move takes over',
            "`jq -r .opening_move generation.log | tail -1000 | sort | uniq -c | sort -rn`",
        ),
        action="Ask for a move by name instead of leaving it to the model, or raise the temperature of the stage that "
        "writes openings.",
    ),
    Indicator(
        name="pollyanna",
        title="Pollyanna score",
        unit=Unit.NUMBER,
        expr='persona_batch_validator_score_mean{validator="pollyanna"}',
        of="run {run_id}",
        warning=">= 0.70",
        critical="> 0.85",
        meaning="Mean score of the pollyanna validator in the run's last batch; 0.5 to 0.7 is healthy, above it "
        "everybody is happy.",
        impact="Hardship and conflict go missing from the personas.",
        look=(
            '`persona:pollyanna{run_id="RUN"}`: since when it rises; `persona:pollyanna_trend{run_id="RUN"}`: how fast',
            '`increase(persona_constraints_total{run_id="RUN"}[1h])`: whether constraints still reach the prompt',
            "`jq -c 'select(.validator_scores.pollyanna > 0.85) | [.persona_id, .opening_move]' generation.log | tail`",
        ),
        action="See that constraints still reach the prompt, and put examples with an unhappy end into it.",
    ),
    Indicator(
        name="anchor_diversity",
        title="Anchor diversity",
        unit=Unit.NUMBER,
        expr="persona_batch_anchor_diversity_ratio",
        of="run {run_id}",
        warning="<= 0.8",
        critical="< 0.6",
        meaning="Distinct anchors per attempt in the run's last batch: places, dishes, things that tie a persona down.",
        impact="The same few places and things come back, and the data teaches them to whoever is trained on it.",
        look=(
            "`jq -r '.anchors_used[]?' generation.log | tail -2000 | sort | uniq -c | sort -rn | head`: which recur",
        ),
        action="Widen the list that anchors are drawn from, or draw without putting back within a batch.",
    ),
    Indicator(
        name="latency_change",
        title="Mean latency change",
        unit=Unit.RATIO,
        expr="persona_latency_change_ratio",
        of="run {run_id}",
        warning=">= 0.20",
        critical=">= 0.50",
        meaning="Mean latency of the run's last batch against the mean of its first three.",
        impact="The run takes longer, and slower answers often are longer, repaired or throttled ones.",
        look=(
            '`rate(persona_attempt_duration_seconds_sum{run_id="RUN"}[15m]) / '
            'rate(persona_attempt_duration_seconds_count{run_id="RUN"}[15m])`: which stage it is',
            '`sum by (type) (rate(persona_tokens_total{run_id="RUN"}[15m])) / on () group_left () '
            'sum (rate(persona_attempts_total{run_id="RUN"}[15m]))`: tokens of an attempt',
            '`topk(5, increase(persona_failures_total{run_id="RUN"}[1h]))`: rate limits and timeouts',
        ),
        action="Where an attempt takes more tokens than before, prompts or answers grew; else the provider is slow: "
        "lower the concurrency, or wait.",
    ),
    Indicator(
        name="drift",
        title="Drift",
        unit=Unit.FLAG,
        expr="persona_drift_detected and on (job, instance, run_id) persona_batches_total >= 4",
        of="{signal} of run {run_id}",
        warning="== 1",
        meaning="The slope over the whole run, from its fourth batch on, is beyond what is allowed: repairs (> 0.5 a "
        "batch), variety of openings (< -0.1), positivity (> 0.2).",
        impact="The run goes steadily one way; its later batches are not of the same kind as its first ones.",
        look=(
            '`persona_trend_per_batch{run_id="RUN"}`: the slopes',
            '`{__name__=~"persona:(repair_ratio|opening_entropy|pollyanna)", run_id="RUN"}`: the figures over the run',
        ),
        action="Compare the first and the last batch by eye; if they differ, stop the run and start it again from the "
        "last batch that was well.",
    ),
    Indicator(
        name="stalled",
        title="Run stalled",
        unit=Unit.RATIO,
        expr="""
            persona_run_progress_ratio < 1
            and on (job, instance, run_id)
              sum without (stage, status) (increase(persona_attempts_total[6h])) > 0
            unless on (job, instance, run_id)
              sum without (stage, status) (increase(persona_attempts_total[10m])) > 0
            """,
        of="run {run_id}",
        absent="No run stands still.",
        warning="< 1",
        pending="5m",
        meaning="No attempt was logged for a quarter of an hour, though one was in the last 6 hours, and the run has "
        "not all the personas that its name promises.",
        impact="Nothing is generated; the GPU or the quota waits.",
        look=(
            "The producer's own log and process",
            '`persona_run_progress_ratio{run_id="RUN"}`: how far the run has come',
            '`pipeline_exporter_lag_bytes{pipeline="persona"}`: 0 means that all that was written is counted',
        ),
        action="Start the producer again. Where the run was given up, silence the alert: it ends with the run, after "
        "`run_ttl` (6 h).",
    ),
    Indicator(
        name="success_ratio",
        title="Success rate",
        unit=Unit.RATIO,
        expr="persona_batch_success_ratio",
        of="run {run_id}",
        more_is_better=True,
        meaning="Share of attempts in the run's last batch that ended as `success`.",
    ),
    Indicator(
        name="pollyanna_trend",
        title="Pollyanna score trend",
        unit=Unit.PER_BATCH,
        expr='persona_recent_trend_per_batch{indicator="pollyanna"}',
        of="run {run_id}",
        meaning="How fast the pollyanna score rises over the run's last five batches.",
    ),
    Indicator(
        name="cost",
        title="Cost",
        unit=Unit.USD,
        expr="sum without (instance) (persona_cost_usd_total)",
        of="run {run_id}",
        meaning="What the run's tokens cost so far.",
    ),
)
"""Seed 001, "Key Indicators of \"Feel\" Collapse", and what else is watched."""

Persona.dashboard = Dashboard(
    span="6h",
    empty="No attempts in the time shown, or too few batches closed: trends take two, latency and drift four. A batch "
    "closes when a persona too many comes.",
    first=(
        Panel(
            "Since which batch",
            "The run's closed batches when an alert first fired in the time shown. Good: nothing here.",
            Kind.TABLE,
            Unit.NUMBER,
            {
                "batch": """
                min by (run_id, alertname, severity) (min_over_time(
                  (ALERTS{pipeline="persona", alertstate="firing"}
                  * on (run_id) group_left () (sum by (run_id) (persona_batches_total) > 0))[shown:step]
                ))
                """
            },
            empty="No alert of these runs fired in the time shown.",
        ),
    ),
    sections={
        "Which repair, which opening, which validator?": (
            Panel(
                "Repairs per attempt, by repair",
                "All low, none apart from the others: one repair that climbs is one prompt that broke.",
                Kind.LINES,
                Unit.RATIO,
                {
                    "{run_id} {repair}": "sum by (run_id, repair) (rate(persona_repairs_total[auto])) / on (run_id) "
                    "group_left () (sum by (run_id) (rate(persona_attempts_total[auto])) > 0)"
                },
                empty="No attempt was repaired in the time shown.",
            ),
            Panel(
                "Share of each opening move",
                "Many moves, none of them above a third: a move that takes over is what entropy falls by.",
                Kind.LINES,
                Unit.RATIO,
                share("persona_opening_moves_total", "opening_move", "run_id"),
            ),
            Panel(
                "Validator scores, last batch",
                "Flat lines. Pollyanna between 0.5 and 0.7 is healthy, above it everybody is happy.",
                Kind.LINES,
                Unit.NUMBER,
                {"{run_id} {validator}": "persona_batch_validator_score_mean"},
            ),
            Panel(
                "Repairs in the time shown",
                "Short bars, of like length. The longest one is where to begin.",
                Kind.BARS,
                Unit.NUMBER,
                {
                    "{run_id} {repair}": "topk(12, "
                    "round(sum by (run_id, repair) (increase(persona_repairs_total[shown]))) > 0)"
                },
                empty="No attempt was repaired in the time shown.",
            ),
            Panel(
                "Pollyanna scores",
                "A cloud around 0.6 that keeps its shape; one that moves up loses hardship and conflict.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets('persona_validator_score{validator="pollyanna"}'),
            ),
            Panel(
                "Share of each constraint",
                "As even as the list that they are drawn from: one that is gone no longer reaches the prompt.",
                Kind.LINES,
                Unit.RATIO,
                share("persona_constraints_total", "constraint", "run_id"),
            ),
        ),
        "Which way is it going, batch by batch?": (
            Panel(
                "Slope over the last five batches",
                "Around 0. Repairs or pollyanna that rise, or entropy that falls, are a collapse under way.",
                Kind.LINES,
                Unit.PER_BATCH,
                {"{run_id} {indicator}": "persona_recent_trend_per_batch"},
            ),
            Panel(
                "Slope over the whole run",
                "Around 0: further from it than the last five batches' slope means that it has come to rest.",
                Kind.LINES,
                Unit.PER_BATCH,
                {"{run_id} {indicator}": "persona_trend_per_batch"},
            ),
            Panel(
                "Batches closed",
                "A staircase of even steps, to tell which batch a moment falls into.",
                Kind.LINES,
                Unit.NUMBER,
                {"{run_id}": "sum by (run_id) (persona_batches_total)"},
            ),
        ),
        "How long does an attempt take?": (
            Panel(
                "Latency",
                "A narrow band that stays where it is. A second band is a second kind of answer, or retries.",
                Kind.HEATMAP,
                Unit.SECONDS,
                buckets("persona_attempt_duration_seconds"),
            ),
            Panel(
                "Latency: p50, p95, p99",
                "Flat, p99 within a few times p50. A p99 that leaves the others is throttling or timeouts.",
                Kind.LINES,
                Unit.SECONDS,
                quantiles("persona_attempt_duration_seconds", "run_id"),
            ),
            Panel(
                "Mean latency by stage",
                "Flat: the stage that climbs is the one whose prompt or answers grew.",
                Kind.LINES,
                Unit.SECONDS,
                mean("persona_attempt_duration_seconds", "run_id", "stage"),
            ),
            Panel(
                "p95 latency, last batch",
                "Exact, over all attempts of the batch: steps of a few percent.",
                Kind.LINES,
                Unit.SECONDS,
                {"{run_id}": "persona_batch_latency_p95_seconds"},
            ),
            Panel(
                "Attempts by status",
                "Even success. Waiting for a provider shows as a gap, failing as another colour.",
                Kind.STACK,
                Unit.PER_SECOND,
                {"{run_id} {status}": "sum by (run_id, status) (rate(persona_attempts_total[auto]))"},
            ),
            Panel(
                "Failures by stage and error",
                "Few, of the kinds that you know. Rate limits and timeouts come before latency.",
                Kind.STACK,
                Unit.NUMBER,
                {"{run_id} {stage} {error}": "sum by (run_id, stage, error) (increase(persona_failures_total[auto]))"},
                empty="No attempt failed in the time shown.",
            ),
        ),
        "At what cost, and how far?": (
            Panel(
                "Cost per hour",
                "As budgeted, and flat. Twice the cost at the same attempts is twice the tokens.",
                Kind.LINES,
                Unit.USD_PER_HOUR,
                {"{run_id}": "sum by (run_id) (rate(persona_cost_usd_total[auto])) * 3600"},
            ),
            Panel(
                "Cost per 1000 successes",
                "Flat: what a usable persona costs. It climbs when attempts are repaired or thrown away.",
                Kind.LINES,
                Unit.USD,
                {
                    "{run_id}": "1000 * sum by (run_id) (persona:cost) / on (run_id) "
                    '(sum by (run_id) (persona_attempts_total{status="success"}) > 0)'
                },
            ),
            Panel(
                "Tokens by type",
                "Both flat. Prompts that grow carry repairs, completions that grow ramble.",
                Kind.LINES,
                Unit.PER_SECOND,
                {"{run_id} {type}": "sum by (run_id, type) (rate(persona_tokens_total[auto]))"},
            ),
            Panel(
                "Progress",
                "A straight line to 100 % of the personas that the run's name promises.",
                Kind.LINES,
                Unit.RATIO,
                {"{run_id}": "max by (run_id) (persona_run_progress_ratio)"},
                empty="No run has a name that promises a number of personas, like 25K_….",
            ),
        ),
    },
    marks=(
        Mark(
            "Run starts",
            # only where the exporter was there a minute before: else every run would start again when it does
            "persona_run_info unless persona_run_info offset 1m "
            'and on (instance) up{job="pipeline-exporter"} offset 1m == 1',
            "{run_id} starts",
        ),
    ),
)
