"""What a run's open batch remembers is bounded, however long it stays open and whatever its lines hold."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import batch, openbatch
from exporter.batch import Distribution, quantile
from exporter.metric import OTHER, AnyMetric, Labels
from exporter.openbatch import Batch
from exporter.pipeline import PENDING_BYTES
from exporter.pipelines import persona
from exporter.pipelines.persona import RUNS_OVER, Attempt, Persona, PersonaOptions
from tests.pipelines.attempts import RUN, attempt, value

pytestmark = pytest.mark.invariant(13)

BOUND = 10
SIZES = (1, 3, 1000)


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    """Small bounds, so that few lines reach them."""
    monkeypatch.setattr(batch, "DISTINCT", BOUND)
    for name in ("BATCH_ANCHORS", "BATCH_VALUES"):
        monkeypatch.setattr(openbatch, name, BOUND)


def folded(attempts: list[Attempt], *, size: int = 1000) -> Persona:
    """A pipeline that has read these attempts in chunks of one size, and was looked at after each."""
    made = Persona(PersonaOptions(batch_size=2))
    for start in range(0, len(attempts), size):
        made.observe("attempts", "a.log", attempts[start : start + size])
        made.settle()
    return made


def open_batch(made: Persona) -> Batch:
    (run,) = made.state.runs.values()
    return run.batch


def closed(attempts: list[Attempt]) -> list[Attempt]:
    """These attempts of one persona, and what closes their batch."""
    return [*attempts, attempt(2), attempt(3)]


# Durations

numbers = st.lists(st.integers(0, 2**53), max_size=60)


@given(numbers, st.randoms(use_true_random=False))
@pytest.mark.invariant(15)
def test_a_distribution_depends_on_its_numbers_alone(found: list[int], random) -> None:
    """Neither the order of lines nor where chunks are cut can be seen in it; the sum is exact, each number near."""
    at_once, one_by_one = Distribution(), Distribution()
    at_once.add(found)
    mixed = list(found)
    random.shuffle(mixed)
    for number in mixed:
        one_by_one.add([number])
    if found:
        assert at_once.quantile(0.95) == one_by_one.quantile(0.95)
    assert BOUND >= len(one_by_one.few)
    counts = at_once.counted()
    assert (counts, at_once.step) == (one_by_one.counted(), one_by_one.step)
    assert (sum(found), sum(found), len(found)) == (at_once.total, one_by_one.total, sum(counts.values()))
    assert BOUND >= len(counts)
    if found:
        low = at_once.quantile(0.95)
        exact = quantile({number: found.count(number) for number in found}, 0.95)
        assert low <= exact + 1e-3 * exact
        assert exact < low + at_once.step + 1e-3 * exact


def test_few_durations_are_exact() -> None:
    """Up to the bound nothing is rounded."""
    exact = Distribution()
    exact.add([*range(BOUND), 3])
    assert ({number: 1 + (number == 3) for number in range(BOUND)}, 1) == (exact.counted(), exact.step)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.invariant(15)
def test_a_persona_that_is_tried_for_ever_fills_no_memory(size: int) -> None:
    """Its batch stays open: the durations are rounded, their mean is not, and the figure that suffers says so."""
    latencies = [1000 + 7 * at for at in range(500)]
    made = folded(closed([attempt(1, latency_ms=latency) for latency in latencies]), size=size)
    still_open = folded([attempt(1, latency_ms=latency) for latency in latencies], size=size)
    assert BOUND >= len(open_batch(still_open).latencies.few)
    assert BOUND >= len(open_batch(still_open).latencies.counts)
    mean = (sum(latencies) + 1000) / 501 / 1000
    assert {(RUN,): mean} == made.batch_latency_mean.values
    assert made.batch_latency_p95.values[RUN,] == pytest.approx(1 + 0.95 * 3.5, abs=0.6)
    assert 501 == made.batch_latency_p95.capped


# Texts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.invariant(15)
def test_opening_moves_over_the_bound_are_other(size: int) -> None:
    """The first ones that come are told apart, wherever chunks are cut."""
    made = folded([attempt(1, opening_move=f"m{at % 30}") for at in range(90)], size=size)
    expected = {f"m{at}": 3 for at in range(BOUND)} | {OTHER: 60}
    assert (expected, 60) == (open_batch(made).openings, made.batch_opening_entropy.capped)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.invariant(15)
def test_validators_over_the_bound_have_no_mean(size: int) -> None:
    """The first ones that come do."""
    made = folded([attempt(1, validator_scores={f"v{at % 30}": 0.5}) for at in range(90)], size=size)
    expected = {f"v{at}": (3, 1_500_000) for at in range(BOUND)}
    assert (expected, 60) == (open_batch(made).scores, made.batch_score_mean.capped)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.invariant(15)
def test_anchors_over_the_bound_are_left_out(size: int) -> None:
    """The first ones that come are remembered, wherever chunks are cut."""
    made = folded([attempt(1, anchors_used=[f"k{at % 30}", "k0"]) for at in range(90)], size=size)
    expected = {f"k{at}" for at in range(BOUND)}
    assert (expected, 60) == (open_batch(made).anchors, made.batch_anchor_diversity.capped)


def test_long_texts_are_remembered_short() -> None:
    """A million characters are told apart from another million by a digest, or by what is shown of them."""
    long = "x" * 1_000_000
    lines = [
        attempt(
            1, persona_id=long + end, opening_move=long + end, validator_scores={long: 1}, anchors_used=[long + end]
        )
        for end in "ab"
    ]
    found = open_batch(folded(lines))
    assert (2, 2) == (len(found.personas), len(found.anchors))
    assert 4096 > len(msgspec.msgpack.encode(found))


# What waits to be added


@pytest.mark.parametrize("name", ["repairs", "constraint_categories"])
def test_what_waits_to_be_added_is_bounded(name: str, monkeypatch) -> None:
    """A few lines with very many values are added at once, as lines of many bytes are."""
    monkeypatch.setattr(persona, "PENDING_VALUES", 100)
    made = Persona()
    made.observe("attempts", "a.log", [attempt(1, **{name: [f"{at}" for at in range(101)]})])
    assert 1 == open_batch(made).attempts
    for at in range(4):
        assert 1 == open_batch(made).attempts, at
        made.take("attempts", "a.log", [attempt(1)], PENDING_BYTES // 4)
    assert 5 == open_batch(made).attempts


# Runs


@pytest.mark.invariant(2)
def test_runs_in_ever_new_logs_are_bounded() -> None:
    """Over the cap they are counted, and nothing else is remembered of them."""
    made = Persona(PersonaOptions(batch_size=1), series_cap=5)
    for log in range(100):
        made.observe("attempts", f"{log}.log", [attempt(at, run_id=f"run {log}") for at in range(3)])
    made.settle()
    assert 5 == len(made.state.runs)
    assert RUNS_OVER not in made.state.runs
    assert 300 - 5 * 3 == value(made.attempts, OTHER, "B", "success")
    assert {(f"run {log}",) for log in range(5)} == set(made.batches.cells)


def test_a_run_called_other_makes_room_when_it_is_quiet() -> None:
    """Its state and its gauges go; its counters hold what was over the cap, and stay."""
    made = Persona(PersonaOptions(batch_size=1, run_ttl=60), series_cap=5)
    for at in range(10):
        made.observe("attempts", "a.log", [attempt(1, run_id=OTHER), attempt(at + 2, run_id=OTHER)])
    made.expire(61)
    assert {} == made.state.runs
    assert {} == made.batch_attempts.values
    assert 20 == value(made.attempts, OTHER, "B", "success")


def test_many_runs_that_end_at_once_are_forgotten_at_once(monkeypatch) -> None:
    """Every metric is gone through once, not once for each run: two thousand runs would hold up reading for seconds."""
    looks = []
    made = Persona(PersonaOptions(run_ttl=60))
    made.observe("attempts", "a.log", [attempt(1, run_id=f"run {at}") for at in range(50)])
    made.settle()

    def counted(metric: AnyMetric) -> Callable[[], Iterable[Labels]]:
        keys = metric.keys

        def looked() -> Iterable[Labels]:
            looks.append(metric.name)
            return keys()

        return looked

    for metric in made.metrics:
        monkeypatch.setattr(metric, "keys", counted(metric))
    made.expire(61)
    assert sorted(metric.name for metric in made.metrics) == sorted(looks)
    assert [] == [metric.name for metric in made.metrics if len(metric)]


def test_a_trend_takes_constant_memory() -> None:
    """However many batches a run has."""
    made = Persona(PersonaOptions(batch_size=1))
    sizes = []
    for start, end in pairwise((0, 100, 1000)):
        made.observe("attempts", "a.log", [attempt(at, latency_ms=1000) for at in range(start, end)])
        made.settle()
        sizes.append(len(msgspec.msgpack.encode(made.state)))
    assert sizes[1] <= sizes[0] + 40, "its numbers have more digits"
