"""Simulated runs are what they say: healthy, or collapsing at the slope that was drawn."""

from itertools import chain
from math import sqrt
from random import Random

import pytest

from benchmarks.detection import attempts, truth
from benchmarks.detection.plan import ASPECTS, Fall, Plan, Size, draw
from benchmarks.detection.truth import TABLE

SMALL = Size(batches=6, personas=400)
FIGURES = {row.aspect: row for row in reversed(TABLE) if "critical" in row.limits}


def planned(number: int, size: Size = SMALL) -> Plan:
    return draw(Random(f"plan {number}"), number, size)


def history(plan: Plan) -> list[truth.Figures]:
    steps = list(attempts.steps(Random("attempts"), plan))
    per_batch = plan.size.steps
    starts = range(0, len(steps), per_batch)
    return truth.figures([list(chain.from_iterable(steps[start : start + per_batch])) for start in starts])


def test_every_other_run_collapses():
    """At slopes and depths within their bounds, and never with the first batch."""
    plans = [planned(number, Size()) for number in range(100)]
    assert [False, True] * 50 == [bool(plan.falls) for plan in plans]
    assert set(ASPECTS) == set(chain.from_iterable(plan.falls for plan in plans))
    assert {1, 2, 3, 4, 5} >= {len(plan.falls) for plan in plans[1::2]} >= {1, 2, 5}
    falls = [fall for plan in plans for fall in plan.falls.values()]
    assert all(0.5 <= fall.batches <= 24 and 1.02 <= fall.depth <= 4 for fall in falls)
    assert all(1 <= plan.begin <= 20 for plan in plans)


def test_healthy_levels_are_healthy_by_the_table_with_room():
    """A level at its worst, wavering included, keeps three standard deviations of a batch's share of repairs away."""
    worst = ASPECTS["repairs"].high * (1 + attempts.WAVER)
    assert 0.10 > worst + 3 * sqrt(worst * (1 - worst) / 1000)
    for aspect, (low, high, critical, _) in ASPECTS.items():
        if aspect != "latency":
            row = FIGURES[aspect]
            levels = [low * (1 - attempts.WAVER), high * (1 + attempts.WAVER)]
            assert not any(truth.beyond(row.limits["warning"], level) for level in levels)
            assert critical == float(row.limits["critical"].split()[1])


def test_a_healthy_run_stays_at_its_levels():
    """Each batch shows what the plan says, as closely as chance and wavering let it."""
    plan = planned(0)
    for batch in history(plan):
        assert plan.levels["repairs"] == pytest.approx(batch["repair_rate"], abs=0.05)
        assert plan.levels["openings"] == pytest.approx(batch["opening_move_entropy"], rel=0.1)
        assert plan.levels["pollyanna"] == pytest.approx(batch["pollyanna"], rel=0.08)
        assert plan.levels["anchors"] == pytest.approx(batch["anchor_diversity"], rel=0.15)
        assert plan.latency_ms == pytest.approx(batch["mean_latency_ms"], rel=0.15)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_collapse_reaches_the_critical_limit_when_its_slope_says(aspect):
    """One that takes a batch is beyond its limit with the next one, and not before; the other aspects stay well."""
    plan = planned(0)._replace(begin=3, falls={aspect: Fall(batches=1, depth=2)})
    crossed = truth.crossings(history(plan))
    row = FIGURES[aspect]
    assert 4 == crossed[row.alert, "critical"]
    assert {aspect} == {row.aspect for row in TABLE if (row.alert, "critical") in crossed}


def test_attempts_are_as_the_seed_logs_them():
    """Personas follow each other; each has one to three attempts, all but the last of which fail."""
    plan = planned(0)
    lines = list(chain.from_iterable(attempts.steps(Random(1), plan)))
    assert sorted({line.persona_id for line in lines}) == list(dict.fromkeys(line.persona_id for line in lines))
    assert SMALL.batches * SMALL.personas == len({line.persona_id for line in lines})
    assert {1, 2, 3} == {line.attempt for line in lines}
    assert all(line.error for line in lines if line.status == "fail")
    assert not any(line.error for line in lines if line.status != "fail")


def test_chance_is_decided_by_the_seed():
    """The same seed gives the same attempts, another one gives others."""
    first, again, other = (next(attempts.steps(Random(seed), planned(1))) for seed in (1, 1, 2))
    assert first == again
    assert first != other
