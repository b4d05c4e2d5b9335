"""Persona attempts in runs of batches, healthy or with a collapsing "feel". Seed 001.

A batch is drawn by quota: how many of its lines have a repair, an opening move, a score is set for the batch as a
whole and only dealt out by chance. So a batch of 100 shows what it is meant to without sampling noise, and a healthy
run never touches a limit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from random import Random
from statistics import NormalDist, fmean
from typing import NamedTuple, TypeVar

from exporter.demo.stream import DemoStream, Record, Setting, with_z

BATCH_SIZE = 100
"""Personas in a batch; what `batch_size` has to be in the demo's configuration."""
RUN_BATCHES = 25
COLLAPSE_FROM = 8
"""The first batch of a run, counted from 0, that shows the collapse."""

STAGES = {"B": 6, "C": 3, "validation": 1}
"""How often each is worked on."""
OPENING_MOVES = {
    "situational_hook": 24,
    "direct_question": 20,
    "sensory_detail": 16,
    "family_memory": 12,
    "dialogue_snippet": 9,
    "confession": 8,
    "proverb": 6,
    "contrast": 5,
}
"""How often each is used in health, in percent."""
REPAIRS = ("trait_leak", "opening_repetition", "pollyanna_tone", "anchor_generic")
CONSTRAINTS = ("time_pressure", "family_duty", "money", "health", "migration", "language")
ERRORS = (
    "TimeoutError: LLM took {seconds:.1f} s",
    "openai.RateLimitError: 429 Too Many Requests",
    "json.JSONDecodeError: Expecting ',' delimiter: line 1 column 45",
    "the model refused to answer",
)
_THINGS = ("piața", "hramul", "crama", "gara", "iazul", "livada", "școala", "fântâna", "moara", "podul", "vama", "hora")
_PLACES = ("Cahul", "Soroca", "Bălți", "Orhei", "Comrat", "Ungheni", "Călărași", "Hîncești", "Fălești", "Telenești")
ANCHORS = [f"{thing} din {place}" for thing in _THINGS for place in _PLACES] + ["zacuscă", "mămăligă", "mărțișor"]

T = TypeVar("T")


@dataclass(frozen=True)
class Aim:
    """The figures that a batch is to show."""

    repair_ratio: float
    monotony: float
    """The share of lines that open with the first of all moves, on top of its usual share of the others."""
    pollyanna: float
    anchor_diversity: float
    latency_seconds: float

    @classmethod
    def at(cls, step: int, rng: Random) -> "Aim":
        """The figures of a collapse's batch number `step`, from 1 on; step 0 is health.

        Repairs climb by 0.13 a batch, so that their slope over five batches stays above 0.10 for a while.
        """
        return cls(
            repair_ratio=min(0.05 + 0.13 * step, 0.70) + rng.uniform(-0.01, 0.01),
            monotony=min(0.11 * step, 0.88) + rng.uniform(0, 0.02),
            pollyanna=min(0.60 + 0.06 * step, 0.92) + rng.uniform(-0.01, 0.01),
            anchor_diversity=max(1.08 - 0.09 * step, 0.45) + rng.uniform(-0.03, 0.03),
            latency_seconds=min(1.2 + 0.12 * step, 2.04) * rng.uniform(0.98, 1.02),
        )


class Try(NamedTuple):
    """One attempt of a persona; personas are numbered within their batch."""

    persona: int
    stage: str
    number: int
    failed: bool


class Draw(NamedTuple):
    """What a line of a batch is dealt."""

    attempt: Try
    repaired: bool
    opening: str
    pollyanna: float
    latency_ms: int
    anchors: list[str]


def attempts(setting: Setting) -> Iterator[Record]:
    """Runs of 25 batches, one after the other, each named after its personas and the time of its first line."""
    started = setting.now()
    while True:
        yield from _run(setting, started)
        started = max(setting.now(), started + timedelta(seconds=1))


def _run(setting: Setting, started: datetime) -> Iterator[Record]:
    run_id = f"{RUN_BATCHES * BATCH_SIZE}_{started:%Y%m%d_%H%M%S}"
    for batch in range(RUN_BATCHES):
        step = max(batch - COLLAPSE_FROM + 1, 0) if setting.scenario == "collapse" else 0
        for draw in _batch(Aim.at(step, setting.rng), setting.rng):
            yield _record(setting, run_id, f"{batch * BATCH_SIZE + draw.attempt.persona:05d}", draw)


def _batch(aim: Aim, rng: Random) -> Iterator[Draw]:
    """The lines of a batch; the attempts of a persona follow each other."""
    tries = list(_tries(rng))
    lines = len(tries)
    passed = [line for line, attempt in enumerate(tries) if not attempt.failed]
    repaired = set(rng.sample(passed, round(aim.repair_ratio * lines)))
    columns = zip(
        tries,
        [line in repaired for line in range(lines)],
        _shuffled(_openings(aim.monotony, lines), rng),
        _shuffled(_scores(aim.pollyanna, lines), rng),
        _shuffled(_latencies(aim.latency_seconds, lines), rng),
        _anchors(round(aim.anchor_diversity * lines), lines, rng),
        strict=True,
    )
    return (Draw(*column) for column in columns)


def _tries(rng: Random) -> Iterator[Try]:
    """Six personas need more than one attempt: four need two, one needs three, one fails three times."""
    hopeless, hard, *slow = rng.sample(range(BATCH_SIZE), 6)
    for persona in range(BATCH_SIZE):
        tries = 3 if persona in (hopeless, hard) else 2 if persona in slow else 1
        stage = rng.choices(list(STAGES), list(STAGES.values()))[0]
        for number in range(1, tries + 1):
            yield Try(persona, stage, number, failed=number < tries or persona == hopeless)


def _openings(monotony: float, lines: int) -> list[str]:
    first = next(iter(OPENING_MOVES))
    openings: list[str] = []
    share = 0.0
    for move, percent in OPENING_MOVES.items():
        share += (1 - monotony) * percent / 100 + (monotony if move == first else 0)
        openings += [move] * (round(share * lines) - len(openings))
    return openings


def _scores(average: float, lines: int) -> list[float]:
    """Evenly spread around `average`, by 0.07 either way."""
    return [round(average + 0.07 * (2 * line + 1 - lines) / lines, 3) for line in range(lines)]


def _latencies(average: float, lines: int) -> list[int]:
    """Milliseconds, log-normal; `average` is in seconds."""
    shape = [exp(0.4 * NormalDist().inv_cdf((line + 0.5) / lines)) for line in range(lines)]
    unit = 1000 * average / fmean(shape)
    return [round(unit * value) for value in shape]


def _anchors(distinct: int, lines: int, rng: Random) -> list[list[str]]:
    """One or two for each line, `distinct` ones in all; at most twice as many as lines."""
    pool = rng.sample(ANCHORS, distinct)
    return [list(dict.fromkeys([pool[line % distinct], pool[(line + lines) % distinct]])) for line in range(lines)]


def _shuffled(values: list[T], rng: Random) -> list[T]:
    return rng.sample(values, len(values))


def _record(setting: Setting, run_id: str, persona_id: str, draw: Draw) -> Record:
    rng = setting.rng
    repairs = rng.sample(REPAIRS, rng.choice((1, 1, 2))) if draw.repaired else []
    return {
        "ts": with_z(setting.now(), "milliseconds"),
        "run_id": run_id,
        "persona_id": persona_id,
        "stage": draw.attempt.stage,
        "attempt": draw.attempt.number,
        "status": _status(setting, draw),
        "latency_ms": draw.latency_ms,
        "prompt_tokens": rng.randint(380, 520),
        "completion_tokens": rng.randint(240, 400),
        "repairs": repairs,
        "validator_scores": _validator_scores(setting, repairs, draw.pollyanna),
        "opening_move": draw.opening,
        "constraint_categories": rng.sample(CONSTRAINTS, rng.randint(0, 3)),
        "anchors_used": draw.anchors,
        "error": rng.choice(ERRORS).format(seconds=draw.latency_ms / 1000) if draw.attempt.failed else None,
    }


def _status(setting: Setting, draw: Draw) -> str:
    """A repaired attempt is mostly told as `repair`; the seed has a repaired `success` as well."""
    if draw.attempt.failed:
        return "fail"
    return "repair" if draw.repaired and setting.chance(0.8) else "success"


def _validator_scores(setting: Setting, repairs: list[str], pollyanna: float) -> dict[str, float]:
    """The seed shows attempts with and without `anchor_specificity`, and 0 and 1 as integers."""
    scores = {
        "trait_leak": int("trait_leak" in repairs),
        "opening_variation": 0 if "opening_repetition" in repairs else setting.around(0.8, 0.2),
        "pollyanna": pollyanna,
    }
    if setting.chance(0.9):
        scores["anchor_specificity"] = setting.around(0.8, 0.2)
    return scores


STREAMS = {"attempts": DemoStream(records=attempts, path="persona/generation.log", weight=(50, 50))}
