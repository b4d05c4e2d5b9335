"""Attempts become counters per run, figures per batch, trends and drift."""

from statistics import linear_regression
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import encoding
from exporter.metric import Gauge, Metric, MetricState
from exporter.pipelines.persona import (
    PENDING_VALUES,
    Attempt,
    Persona,
    PersonaOptions,
    PersonaState,
    error_class,
    target,
)
from tests.pipelines.attempts import RUN, attempt, value


def folded(*attempts: Attempt, batch_size: int = 2, log: str = "a.log", **options) -> Persona:
    """A pipeline that has seen these attempts."""
    persona = Persona(PersonaOptions(batch_size=batch_size, **options))
    persona.observe("attempts", log, list(attempts))
    persona.settle()
    return persona


def batches(*figures: dict[str, Any], size: int = 2) -> list[Attempt]:
    """Attempts of as many closed batches, all of a batch alike, and the one that closes the last."""
    made = [attempt(size * at + of, **fields) for at, fields in enumerate(figures) for of in range(size)]
    return [*made, attempt(size * len(figures))]


def of_run(run_id: str, *personas: int) -> list[Attempt]:
    """One attempt of each of these personas of a run."""
    return [attempt(persona, run_id=run_id) for persona in personas]


def test_every_line_counts_as_an_attempt():
    """Attempts count by stage and status, their wall time by stage."""
    persona = folded(attempt(1), attempt(1, status="fail"), attempt(1, stage="C", latency_ms=250))
    assert 1 == value(persona.attempts, RUN, "B", "success")
    assert 1 == value(persona.attempts, RUN, "B", "fail")
    assert 250 == persona.duration.cells[RUN, "C"][-2]
    assert [0, 1, 0] == persona.duration.cells[RUN, "C"][:3], "250 ms belong to the bucket up to 0.25"


def test_cost_is_tokens_times_price():
    """The cost is the exact token total times the price of a thousand."""
    persona = folded(*[attempt(at, prompt_tokens=450, completion_tokens=320) for at in range(7)])
    assert 7 * 450 == value(persona.tokens, RUN, "prompt")
    assert 7 * 320 == value(persona.tokens, RUN, "completion")
    assert [7 * 770 * 0.00045 / 1000] == persona.cost.exposed([value(persona.cost, RUN)])


def test_repairs_count_per_element_and_per_line():
    """A line with two repairs is one repaired attempt."""
    persona = folded(attempt(1, repairs=["trait_leak", "pollyanna"]), attempt(2, repairs=["trait_leak"]), attempt(1))
    assert 2 == value(persona.repaired, RUN)
    assert (2, 1) == (value(persona.repairs, RUN, "trait_leak"), value(persona.repairs, RUN, "pollyanna"))


def test_failures_count_by_class_of_error():
    """Only lines with status fail count, by the identifier before the first colon of their error."""
    persona = folded(
        attempt(1, status="fail", error="openai.RateLimitError: slow: down"),
        attempt(1, status="fail", error="something broke: badly"),
        attempt(1, status="fail"),
        attempt(1, error="TimeoutError: 60 s"),
    )
    assert {(RUN, "B", "openai.RateLimitError"): 1, (RUN, "B", "other"): 2} == {
        labels: cell[0] for labels, cell in persona.failures.cells.items()
    }


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        ("TimeoutError", "TimeoutError: LLM took 60 s"),
        ("json.JSONDecodeError", "json.JSONDecodeError: Expecting ',' delimiter: line 1"),
        ("other", "TimeoutError"),
        ("other", "two words: no"),
        ("other", ": nothing"),
        ("other", ""),
        ("other", None),
    ],
)
def test_error_class(expected, error):
    """An error's class is the dotted identifier before its first colon, if there is one."""
    assert expected == error_class(error)


def test_the_persona_after_the_last_of_a_batch_closes_it():
    """A batch closes with the line that brings one persona too many, and retries of its own do not close it."""
    assert 0 == value(folded(attempt(1), attempt(2), attempt(2), attempt(1)).batches, RUN)
    assert 1 == value(folded(attempt(1), attempt(2), attempt(1), attempt(3)).batches, RUN)


def test_a_persona_may_come_back_in_a_later_batch():
    """Personas are distinct within a batch, not over the run."""
    assert 2 == value(folded(*[attempt(at % 3) for at in range(6)]).batches, RUN)


def test_batch_figures():
    """A batch's figures are over all its lines; the line that closes it is not one of them."""
    persona = folded(
        attempt(
            1, latency_ms=1000, repairs=["x"], opening_move="a", anchors_used=["k", "m"], validator_scores={"v": 1}
        ),
        attempt(1, latency_ms=2000, status="repair", opening_move="b", anchors_used=["k"]),
        attempt(2, latency_ms=3000, opening_move="a", validator_scores={"v": 0.5, "w": 0.25}),
        attempt(2, latency_ms=6000, opening_move="b", anchors_used=[]),
        attempt(3, latency_ms=9000, opening_move="c", anchors_used=["z"]),
    )
    gauges = [metric for metric in persona.metrics if isinstance(metric, Gauge)]
    last = {gauge.name.removeprefix("persona_batch_"): gauge.values for gauge in gauges}
    assert 4 == last["attempts"][(RUN,)]
    assert 3 / 4 == last["success_ratio"][(RUN,)]
    assert 1 / 4 == last["repair_ratio"][(RUN,)]
    assert 3.0 == last["latency_mean_seconds"][(RUN,)]
    assert 3.0 + 0.85 * 3.0 == pytest.approx(last["latency_p95_seconds"][(RUN,)]), "rank 2.85 of 0 … 3"
    assert 1.0 == last["opening_entropy"][(RUN,)], "two moves, equally often: one bit"
    assert 2 / 4 == last["anchor_diversity_ratio"][(RUN,)]
    assert {(RUN, "v"): 0.75, (RUN, "w"): 0.25} == last["validator_score_mean"]


def test_what_no_line_of_a_batch_has_is_absent():
    """A batch without openings, anchors or scores shows no figure of them, rather than 0."""
    persona = folded(*batches({}))
    assert {} == persona.batch_opening_entropy.values
    assert {} == persona.batch_anchor_diversity.values
    assert {} == persona.batch_score_mean.values


def test_a_validator_that_the_last_batch_lacks_is_absent():
    """The means are those of the last closed batch only."""
    persona = folded(*batches({"validator_scores": {"v": 1}}, {"validator_scores": {"w": 0.5}}))
    assert {(RUN, "w"): 0.5} == persona.batch_score_mean.values


def test_trends_are_slopes_per_batch():
    """The trend is the least-squares slope over all batches, the recent one that over the last five."""
    latencies = [1000, 1100, 1000, 1500, 1400, 2500, 2600, 4000]
    persona = folded(*batches(*[{"latency_ms": latency} for latency in latencies]))
    means = [latency / 1000 for latency in latencies]
    key = (RUN, "latency_mean_seconds")
    assert linear_regression(range(8), means).slope == pytest.approx(persona.trend.values[key])
    assert linear_regression(range(5), means[-5:]).slope == pytest.approx(persona.recent_trend.values[key])


def test_trends_begin_with_the_second_batch():
    """One batch has no slope."""
    assert {} == folded(*batches({"latency_ms": 5})).trend.values
    persona = folded(*batches({"latency_ms": 1000}, {"latency_ms": 3000}))
    assert 2.0 == persona.trend.values[RUN, "latency_mean_seconds"]


def test_latency_change_begins_with_the_fourth_batch():
    """The last batch's mean is held against the mean of the first three."""
    three = [{"latency_ms": 1000}, {"latency_ms": 2000}, {"latency_ms": 3000}]
    assert {} == folded(*batches(*three)).latency_change.values
    assert 0.5 == folded(*batches(*three, {"latency_ms": 3000})).latency_change.values[(RUN,)]


@pytest.mark.parametrize(("last", "expected"), [(1199, 0.199), (1200, 0.2), (1201, 0.201), (1500, 0.5), (1000, 0.0)])
def test_a_latency_that_is_on_its_limit_is_neither_above_nor_below(last, expected):
    """Seed 001 warns of +20 %: of 1000 ms that is 1200, whatever binary fractions make of it."""
    steady = {"latency_ms": 1000}
    assert expected == folded(*batches(steady, steady, steady, {"latency_ms": last})).latency_change.values[(RUN,)]


@pytest.mark.parametrize(
    ("expected", "signal", "first", "second"),
    [
        (1, "repairs", {}, {"repairs": ["x"]}),
        (0, "repairs", {}, {}),
        (1, "positivity", {"validator_scores": {"pollyanna": 0.5}}, {"validator_scores": {"pollyanna": 0.75}}),
        (0, "positivity", {"validator_scores": {"pollyanna": 0.5}}, {"validator_scores": {"pollyanna": 0.625}}),
    ],
)
def test_drift_signals(expected, signal, first, second):
    """A signal is 1 where the slope over the run is beyond seed 001's limit."""
    assert expected == folded(*batches(first, second)).drift.values[RUN, signal]


def test_less_variety_is_drift():
    """Fewer opening moves are drift; two batches that vary alike are none."""
    varied = [attempt(1, opening_move="a"), attempt(2, opening_move="b")]
    same = [attempt(3, opening_move="a"), attempt(4, opening_move="a")]
    assert 1 == folded(*varied, *same, attempt(5)).drift.values[RUN, "variety"]
    assert 0 == folded(*varied, *varied[::-1], *varied, attempt(5), batch_size=2).drift.values.get((RUN, "variety"), 0)


def test_a_run_has_a_tier():
    """The tier is the run_id up to its first underscore."""
    persona = folded(attempt(1), attempt(1, run_id="nightly"))
    assert {(RUN, "25K"): 1, ("nightly", "nightly"): 1} == persona.info.values


@pytest.mark.parametrize(
    ("expected", "run_id"),
    [
        (25_000, "25K_20260131_143200"),
        (25_000, "25k"),
        (1_000_000, "1M_again"),
        (2_000_000, "2m_"),
        (2500, "2500_1"),
        (7, "007_1"),
        (10**9, "1000000000_1"),
        (10**9, "1000M_1"),
        (None, "1000000001_1"),
        (None, "1001M_1"),
        (None, "9999999999K_1"),
        (None, "9" * 5000),
        (None, "0_1"),
        (None, "0K_1"),
        (None, "nightly"),
        (None, "K_1"),
        (None, "_25K"),
        (None, ""),
        (None, "-5_1"),
        (None, "2.5K_1"),
        (None, "25KK_1"),
        (None, "25K-1"),
        (None, "25K\n"),
        (None, "25G_1"),
        (None, "25\N{KELVIN SIGN}_1"),
        (None, "\N{ARABIC-INDIC DIGIT TWO}_1"),
    ],
)
def test_a_tier_that_is_a_number_is_the_runs_target(expected, run_id):
    """A whole number of personas, in thousands or millions where K or M is behind it; any other tier is no target."""
    assert expected == target(run_id)


def test_progress_counts_the_personas_of_the_open_batch():
    """Before any batch is closed there is progress; a retry makes none."""
    assert {("8_a",): 2 / 8} == folded(*of_run("8_a", 0, 1, 1, 0), batch_size=5).progress.values


def test_progress_goes_on_when_a_batch_closes():
    """After each persona it is the share of those so far, and a whole run is exactly 1."""
    for personas in range(1, 9):
        persona = folded(*of_run("8_a", *range(personas)), batch_size=3)
        assert {("8_a",): personas / 8} == persona.progress.values


def test_progress_is_of_the_batches_as_they_were():
    """Closed batches keep the personas that they held when the size of a batch changes."""
    first = folded(*of_run("8_a", *range(4)), batch_size=5)
    second = Persona(PersonaOptions(batch_size=2))
    second.state = first.state
    second.observe("attempts", "a.log", of_run("8_a", 4, 5))
    second.settle()
    assert {("8_a",): 6 / 8} == second.progress.values


def test_progress_is_over_all_logs_of_the_run():
    """Each log has batches of its own, open and closed, and another run's personas are no part of it."""
    persona = folded(*of_run("8_a", *range(3)))
    persona.observe("attempts", "b.log", [*of_run("8_a", *range(4, 7)), *of_run("10_b", 1)])
    persona.settle()
    assert {("8_a",): 6 / 8, ("10_b",): 1 / 10} == persona.progress.values
    persona.observe("attempts", "a.log", of_run("8_a", 3))
    persona.settle()
    assert {("8_a",): 7 / 8, ("10_b",): 1 / 10} == persona.progress.values


def test_progress_is_shown_of_what_was_settled_before_anyone_looked():
    """A chunk that has more different values than may wait is settled at once."""
    moves = [f"m{at}" for at in range(PENDING_VALUES + 1)]
    persona = folded(*[attempt(1, run_id="8_a", opening_move=move) for move in moves])
    assert {("8_a",): 1 / 8} == persona.progress.values


def test_a_run_without_a_target_has_no_progress():
    """The gauge is absent, rather than 0."""
    assert {} == folded(*of_run("nightly", 1), *of_run("0K_a", 1)).progress.values


def test_a_run_over_the_cap_has_no_progress():
    """Nobody knows which personas are whose, not even where all that is over is one run."""
    persona = Persona(PersonaOptions(batch_size=2), series_cap=2)
    persona.observe("attempts", "a.log", [*of_run("8_a", 1), *of_run("8_b", 1, 2, 3), *of_run("8_c", 1, 2, 3)])
    persona.settle()
    assert {("8_a",): 1 / 8, ("8_b",): 3 / 8} == persona.progress.values
    assert 0 == persona.progress.capped


turns = st.lists(
    st.builds(
        attempt,
        persona=st.integers(1, 4),
        run_id=st.sampled_from(["1K_a", "1K_b", "2K_c", "a\0", "a\1"]),
        stage=st.sampled_from("ABC"),
        status=st.sampled_from(["success", "fail"]),
        latency_ms=st.integers(0, 3000),
        repairs=st.lists(st.sampled_from("rstu"), max_size=2),
        validator_scores=st.dictionaries(st.sampled_from(["pollyanna", "x", "y"]), st.sampled_from([0.0, 0.3, 1.0])),
        opening_move=st.none() | st.sampled_from("klmn"),
        constraint_categories=st.lists(st.sampled_from("fgh"), max_size=2),
        anchors_used=st.lists(st.sampled_from("vwxyz"), max_size=2),
        error=st.none() | st.sampled_from(["E: 1", "F: 2"]),
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.invariant(15)
@given(turns, st.sampled_from([3, 30, 100, 150, 200, 250, 300, 1000]), st.integers(1, 3))
def test_runs_that_take_turns_give_what_each_of_their_lines_gives(attempts, cap, batch_size):
    """Whether metrics are full, get full or have room: which series are admitted is decided by the order of lines."""
    seen = []
    for chunks in ([attempts], [[one] for one in attempts], [attempts[:7], attempts[7:]]):
        persona = Persona(PersonaOptions(batch_size=batch_size), series_cap=cap)
        for chunk in filter(None, chunks):
            persona.observe("attempts", "a.log", chunk)
        persona.settle()
        numbers = {metric.name: dict(zip(metric.keys(), rows(metric), strict=True)) for metric in persona.metrics}
        seen.append((numbers, {metric.name: metric.capped for metric in persona.metrics}))
    at_once, *others = seen
    for other in others:
        assert at_once == other


def rows(metric: Metric) -> list[tuple[float, ...]]:
    """The numbers of each series."""
    numbers = iter(metric.numbers())
    return list(zip(*[numbers] * metric.width, strict=True))


@pytest.mark.invariant(15)
def test_a_run_has_its_series_from_its_first_line_on():
    """A run that closes a batch before does not take the room of one that came before it."""
    persona = Persona(PersonaOptions(batch_size=1), series_cap=3)
    persona.observe("attempts", "a.log", of_run("first", 1))
    persona.observe("attempts", "b.log", of_run("second", 1, 2))
    persona.settle()
    assert ("first", "completion") in persona.tokens.cells
    assert ("second", "completion") not in persona.tokens.cells


def test_interleaved_runs_have_batches_of_their_own():
    """Lines of another run between two lines of a run change nothing."""
    lines = [line for at in range(5) for line in (attempt(at), attempt(at, run_id="other_run", repairs=["x"]))]
    persona = folded(*lines)
    assert (2, 2) == (value(persona.batches, RUN), value(persona.batches, "other_run"))
    assert (0, 1) == (persona.batch_repair_ratio.values[(RUN,)], persona.batch_repair_ratio.values[("other_run",)])


def test_a_run_in_two_logs_has_batches_per_log():
    """Counters add up over logs; batches do not."""
    persona = Persona(PersonaOptions(batch_size=2))
    for log in ("a.log", "b.log"):
        persona.observe("attempts", log, [attempt(1), attempt(2)])
    persona.settle()
    assert 0 == value(persona.batches, RUN)
    assert 4 == value(persona.attempts, RUN, "B", "success")


def state(persona: Persona) -> object:
    """Everything that is counted."""
    persona.settle()
    return {m.name: dict(m.values if isinstance(m, Gauge) else m.cells) for m in persona.metrics}, persona.state


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_any_chunking_gives_the_same(size):
    """However lines are cut into chunks, and whenever someone looks, the state is the same."""
    lines = [
        attempt(at // 2, opening_move=f"m{at % 3}", validator_scores={"v": at % 5 / 4}, latency_ms=900 + at)
        for at in range(50)
    ]
    persona = Persona(PersonaOptions(batch_size=4))
    for at in range(0, len(lines), size):
        persona.observe("attempts", "a.log", lines[at : at + size])
        persona.settle()
    assert state(folded(*lines, batch_size=4)) == state(persona)


def test_a_stored_run_goes_on():
    """A pipeline restored from stored bytes in the middle of a batch ends like one that was never stopped."""
    lines = [attempt(at, opening_move=f"m{at % 3}", validator_scores={"pollyanna": 0.5}) for at in range(25)]
    first = folded(*lines[:11], batch_size=4)
    second = Persona(PersonaOptions(batch_size=4))
    stored = encoding.encode(first.metrics.state()), encoding.encode(first.state)
    second.metrics.restore(encoding.decode(stored[0], dict[str, MetricState]))
    second.state = encoding.decode(stored[1], PersonaState)
    second.observe("attempts", "a.log", lines[11:])
    assert state(folded(*lines, batch_size=4)) == state(second)
    assert {(RUN,): 25 / 25_000} == second.progress.values


def test_a_run_that_was_stored_without_its_personas_goes_on():
    """A state from before closed batches remembered their personas is read; it counts those from then on."""
    run = {"batch": {"personas": ["p1"]}, "batches": 3}
    stored = encoding.encode({"runs": {("a.log", "8_a"): run}})
    persona = Persona(PersonaOptions(batch_size=2))
    persona.state = encoding.decode(stored, PersonaState)
    persona.observe("attempts", "a.log", of_run("8_a", 2))
    persona.settle()
    assert {("8_a",): 2 / 8} == persona.progress.values


def test_a_quiet_run_expires():
    """A run without a line for longer than its time leaves every metric; others stay."""
    persona = folded(*batches({}), attempt(1, run_id="lively"), run_ttl=60)
    persona.expire(59)
    persona.observe("attempts", "a.log", [attempt(9, run_id="lively")])
    persona.expire(59)
    labels = {labels[0] for metric in persona.metrics for labels in metric.keys()}  # noqa: SIM118
    assert {"lively"} == labels
    assert {("a.log", "lively")} == persona.state.runs.keys()


def test_a_run_that_comes_back_begins_its_progress_anew():
    """Nothing is left of an expired run."""
    persona = folded(*of_run("8_a", 1, 2, 3), run_ttl=60)
    persona.expire(61)
    persona.settle()
    assert {} == persona.progress.values
    persona.observe("attempts", "a.log", of_run("8_a", 4))
    persona.settle()
    assert {("8_a",): 1 / 8} == persona.progress.values


def test_a_run_that_one_of_its_logs_keeps_alive_stays():
    """A run is quiet when all its logs are."""
    persona = folded(attempt(1), run_ttl=60)
    persona.observe("attempts", "b.log", [attempt(1)])
    persona.expire(59)
    persona.observe("attempts", "b.log", [attempt(2)])
    persona.expire(59)
    persona.settle()
    assert 3 == value(persona.attempts, RUN, "B", "success")


def test_runs_over_the_cap_are_counted_together():
    """More runs than series are allowed leave every total right."""
    persona = Persona(PersonaOptions(batch_size=2), series_cap=5)
    persona.observe("attempts", "a.log", [attempt(1, run_id=f"run{at}") for at in range(20)])
    persona.settle()
    assert 20 == sum(cell[0] for cell in persona.attempts.cells.values())
    assert 15 == value(persona.attempts, "other", "B", "success")
    assert 5 == len(persona.state.runs)
    assert 0 == sum(cell[0] for cell in persona.batches.cells.values()), "nobody knows their batches"
    assert 15 == persona.attempts.capped
    persona.observe("attempts", "a.log", [attempt(at, run_id="run19") for at in range(3)])
    persona.settle()
    assert 18 == persona.attempts.capped


def test_merging_adds_runs_of_other_logs():
    """Two pipelines that read different logs are as one that read both."""
    first, second = folded(*batches({}, {})), folded(*batches({}, {}), log="b.log")
    both = folded(*batches({}, {}))
    both.observe("attempts", "b.log", batches({}, {}))
    first.merge(second)
    assert state(both) == state(first)


def test_a_run_that_a_later_log_closes_a_batch_of_shows_that_batch_alone():
    """What its last batch has no data for is absent, in one pipeline that read both logs as in two that are merged."""
    rich = [{"opening_move": "m", "anchors_used": ["x"], "validator_scores": {"pollyanna": 1, "v": 0.5}}] * 3
    plain = [{"validator_scores": {"w": 0.5}}]
    first, both = folded(*batches(*rich)), folded(*batches(*rich))
    both.observe("attempts", "b.log", batches(*plain))
    both.settle()
    first.merge(folded(*batches(*plain), log="b.log"))
    assert both.metrics.state() == first.metrics.state()
    assert [{}, {}] == [first.batch_opening_entropy.values, first.batch_anchor_diversity.values]
    assert [(RUN, "w")] == list(first.batch_score_mean.values)


def test_merging_adds_the_progress_of_a_run_in_two_logs():
    """Closed and open batches of both are its personas, and a run of one of them stays as it was."""
    first = folded(*of_run("8_a", 1, 2, 3), *of_run("10_b", 1))
    first.merge(folded(*of_run("8_a", 4, 5, 6, 7), *of_run("5_c", 1), log="b.log"))
    assert {("8_a",): 7 / 8, ("10_b",): 1 / 10, ("5_c",): 1 / 5} == first.progress.values
