"""What is tallied and settled later is what counting at once would give."""

from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.metric import Metrics
from exporter.record import LARGEST
from exporter.tally import DurationTally, ScoreTally, Tally


def test_a_tally_adds_when_it_is_settled():
    """Values count once each, under the tally's labels."""
    counter = Metrics(cap=10).counter("moves_total", "Moves.", "run", "move")
    tally = Tally(counter, "r")
    tally.count(["a", "b", "a"])
    assert {("r", "a"): 0, ("r", "b"): 0} == {labels: cell[0] for labels, cell in counter.cells.items()}
    assert {"a": 2, "b": 1} == tally.settle()
    assert {("r", "a"): 2, ("r", "b"): 1} == {labels: cell[0] for labels, cell in counter.cells.items()}
    assert {} == tally.settle()


def test_series_are_admitted_in_the_order_of_lines():
    """Which series a full metric admits does not depend on when a tally is settled."""
    counter = Metrics(cap=2).counter("moves_total", "Moves.", "run", "move")
    first, second = Tally(counter, "r1"), Tally(counter, "r2")
    first.count(["a"])
    second.count(["b"])
    first.count(["c", "c"])
    second.settle()
    first.settle()
    assert {("r1", "a"), ("r2", "b")} == {labels for labels in counter.cells if "other" not in labels}
    assert 4 == sum(cell[0] for cell in counter.cells.values())
    assert 2 == counter.capped


def test_scores_of_lines_with_different_names():
    """Names may be missing, come in another order, or be new; each score counts under its own."""
    histogram = Metrics(cap=10).histogram("score", "Scores.", "run", "name", bounds=(0.5, 1), per_unit=1_000_000)
    tally = ScoreTally(histogram, "r")
    tally.observe([{"a": 0.5, "b": 1.0}, {"b": 0.25, "a": 0.75}, {"c": 1.0}, {}, {"a": 0.1}])
    tally.observe([{"a": 0.5, "b": 0.5}])
    tally.observe([])
    settled = tally.settle()
    assert {"a": (4, 1_850_000), "b": (3, 1_750_000), "c": (1, 1_000_000)} == settled
    assert [3, 1, 0, 1_850_000] == histogram.cells["r", "a"][:4]


@given(st.lists(st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([0.25, 1.0]), min_size=1))))
@example([[{"a": 1.0}, {"a": 1.0, "b": 0.25}, {"c": 1.0}], [{"b": 1.0}]])
@example([[dict.fromkeys("abcdefgh", 1.0), {"h": 0.25}, {"i": 1.0}, {"j": 1.0}]])
def test_scores_of_many_lines_are_those_of_each(chunks):
    """Few names in common or many: what is taken by name is what each line says, and births follow the lines."""
    tallies = []
    for pieces in (chunks, [[scores] for scored in chunks for scores in scored]):
        histogram = Metrics(cap=5).histogram("score", "Scores.", "name", bounds=(0.5, 1), per_unit=1_000_000)
        tally = ScoreTally(histogram)
        for scored in pieces:
            tally.observe(scored)
        names = len(tally)
        tallies.append((names, list(tally.settle().items()), list(histogram.cells.items()), histogram.capped))
    at_once, each = tallies
    assert each == at_once
    assert list(dict.fromkeys(name for scored in chunks for scores in scored for name in scores)) == [
        name for name, _ in at_once[1]
    ]


@given(st.lists(st.floats(0, 1) | st.floats(0, LARGEST) | st.decimals(0, 1, places=7).map(float), min_size=1))
@example([0.5e-6, 1.5e-6, 2.5e-6])
@example([2**51 / 1e6, 0.1])
@example([float(LARGEST)] * 3)
def test_scores_are_rounded_to_the_next_even_millionth(scores):
    """Each by itself, as `round` does; their sum is a whole number without end."""
    histogram = Metrics(cap=10).histogram("score", "Scores.", "run", "name", bounds=(0.5, 1), per_unit=1_000_000)
    tally = ScoreTally(histogram, "r")
    tally.observe([{"a": score} for score in scores])
    millionths = [round(score * 1_000_000) for score in scores]
    assert {"a": (len(scores), sum(millionths))} == tally.settle()
    *buckets, total, _ = histogram.cells["r", "a"]
    below = [sum(number <= edge for number in millionths) for edge in (500_000, 1_000_000)]
    assert [below[0], below[1] - below[0], len(scores) - below[1]] == buckets
    assert (sum(millionths), int) == (total, type(total))


@dataclass
class Try:
    """A try that took so long."""

    stage: str
    status: str
    latency_ms: int


def test_durations_count_by_two_labels_and_are_observed_by_one():
    """A try counts under stage and status; its duration goes to the histogram of its stage."""
    metrics = Metrics(cap=10)
    counter = metrics.counter("tries_total", "Tries.", "run", "stage", "status")
    histogram = metrics.histogram("duration_seconds", "Durations.", "run", "stage", bounds=(1,), per_unit=1000)
    tally = DurationTally(counter, histogram, "r")
    tally.observe([Try("B", "ok", 500), Try("C", "ok", 1000), Try("B", "no", 1500)])
    tally.observe([Try("C", "ok", 2000)])
    statuses, durations = tally.settle()
    assert ({"ok": 3, "no": 1}, [500, 1000, 1500, 2000]) == (statuses, sorted(durations))
    assert [1, 1, 2000] == histogram.cells["r", "B"][:3]
    assert 2 == counter.cells["r", "C", "ok"][0]
    assert ({}, []) == tally.settle()
