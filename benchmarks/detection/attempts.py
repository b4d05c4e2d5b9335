"""The attempts of a simulated run, as seed 001 logs them.

In comes what the run is to be like; out go attempts, each drawn alone, so that a batch's figures scatter as those of a
real one do. Knows nothing of how the exporter counts.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import exp, log, log2
from random import Random

import msgspec

from benchmarks.detection.plan import ASPECTS, Plan

WAVER = 0.04
"""Levels differ from batch to batch by so much of themselves at most, in sickness and in health."""
SPREAD = 0.5
"""The shape of the log-normal distribution that latencies have."""
CONCENTRATION = 12.0
"""Of the beta distribution that pollyanna scores have: the higher, the closer they are to their mean."""
ANCHORS = (1, 2, 3)
"""So many an attempt uses, equally often."""
START = datetime(2026, 1, 31, tzinfo=UTC)
STEP = timedelta(seconds=15)
STAGES = ("B", "B", "B", "C", "C", "validation")
REPAIRS = ("trait_leak", "opening_repetition", "pollyanna_tone", "anchor_generic")
MOVES = ("hook", "question", "detail", "memory", "dialogue", "confession", "proverb", "contrast")
CONSTRAINTS: tuple[list[str], ...] = ([], ["time_pressure"], ["family_duty", "money"], ["health"])


class Attempt(msgspec.Struct, gc=False):
    """One line of the log: the fields of the seed, in its order."""

    ts: str
    run_id: str
    persona_id: str
    stage: str
    attempt: int
    status: str
    latency_ms: int
    prompt_tokens: int
    completion_tokens: int
    repairs: list[str]
    validator_scores: dict[str, float]
    opening_move: str
    constraint_categories: list[str]
    anchors_used: list[str]
    error: str | None


def steps(rng: Random, plan: Plan) -> Iterator[list[Attempt]]:
    """The attempts of a run in order, a list for each step."""
    size = plan.size
    personas = size.personas // size.steps
    for batch in range(size.batches):
        wavering = {aspect: rng.uniform(1 - WAVER, 1 + WAVER) for aspect in ASPECTS}
        for step in range(size.steps):
            middle = batch + (step + 0.5) / size.steps
            levels = {aspect: plan.level(aspect, middle) * wavering[aspect] for aspect in ASPECTS}
            number = batch * size.steps + step
            yield list(_step(rng, plan, levels, number, range(number * personas, (number + 1) * personas)))


def _step(rng: Random, plan: Plan, levels: dict[str, float], number: int, personas: range) -> Iterator[Attempt]:
    time = f"{START + number * STEP:%Y-%m-%dT%H:%M:%SZ}"
    again = plan.failures
    tries = rng.choices((1, 2, 3), (1 - again, again * (1 - again), again * again), k=len(personas))
    moves = iter(rng.choices(MOVES, cum_weights=_shares(levels["openings"]), k=sum(tries)))
    anchors = _pool(levels["anchors"], plan)
    latency = log(plan.latency_ms * levels["latency"]) - SPREAD**2 / 2
    for persona, last in zip(personas, tries, strict=True):
        stage = rng.choice(STAGES)
        for attempt in range(1, last + 1):
            repairs = [rng.choice(REPAIRS)] if rng.random() < levels["repairs"] else []
            yield Attempt(
                ts=time,
                run_id=plan.run_id,
                persona_id=f"{persona:05}",
                stage=stage,
                attempt=attempt,
                status="fail" if attempt < last else "repair" if repairs else "success",
                latency_ms=round(rng.lognormvariate(latency, SPREAD)),
                prompt_tokens=380 + int(140 * rng.random()),
                completion_tokens=240 + int(160 * rng.random()),
                repairs=repairs,
                validator_scores=_scores(rng, levels["pollyanna"], repairs),
                opening_move=next(moves),
                constraint_categories=rng.choice(CONSTRAINTS),
                anchors_used=[f"anchor {int(anchors * rng.random())}" for _ in range(rng.choice(ANCHORS))],
                error="TimeoutError: the model took too long" if attempt < last else None,
            )


def _scores(rng: Random, pollyanna: float, repairs: list[str]) -> dict[str, float]:
    return {
        "trait_leak": int("trait_leak" in repairs),
        "opening_variation": int("opening_repetition" not in repairs),
        "pollyanna": round(rng.betavariate(CONCENTRATION * pollyanna, CONCENTRATION * (1 - pollyanna)), 3),
    }


def _shares(bits: float) -> list[float]:
    """Cumulative shares of the moves, each some part of the one before, whose entropy is so many bits."""

    def shares(part: float) -> list[float]:
        weights = [part**place for place in range(len(MOVES))]
        return [weight / sum(weights) for weight in weights]

    def entropy(part: float) -> float:
        return -sum(share * log2(share) for share in shares(part))

    return list(accumulate(shares(_solved(entropy, bits, 0.001, 1.0))))


def _pool(diversity: float, plan: Plan) -> float:
    """How many anchors there are to draw from, so that a batch has so many distinct ones for each attempt.

    Of a pool of `p` for each attempt, the share that is never drawn in a batch is e to the -2/p: an attempt draws two.
    """
    attempts = plan.size.personas * (1 + plan.failures + plan.failures**2)
    return attempts * _solved(lambda pool: pool * (1 - exp(-2 / pool)), diversity, 0.001, 100.0)


def _solved(function: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Where a growing function has a value: bisection."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < value else (low, middle)
    return low
