"""Metrics as plain integers: cells, caps, merging, storing."""

from collections import Counter as Counts

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.encoding import decode, encode
from exporter.metric import OTHER, Counter, Gauge, Histogram, Metrics, MetricState, label_value

BOUNDS = (0.1, 0.5, 1)

values = st.lists(st.integers(0, 2000))
observations = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 2000)))


def histogram(cap: int = 100) -> Histogram:
    return Histogram("h", "", ("a", "b"), bounds=BOUNDS, cap=cap, per_unit=1000)


def counter(*labels: str, cap: int = 100) -> Counter:
    return Counter("c_total", "", labels, cap=cap)


def total(metric: Counter) -> int:
    return sum(cell[0] for cell in metric.cells.values())


def again(metrics: Metrics) -> dict[str, MetricState]:
    """The state as it comes back from a snapshot."""
    return decode(encode(metrics.state()), dict[str, MetricState])


# Cells


def test_a_counter_without_labels_is_born_at_zero() -> None:
    """A metric that has one series only shows it from the start."""
    assert {(): [0, 0]} == counter().cells


def test_a_counter_with_labels_has_no_series_at_first() -> None:
    """A series appears with its first label values."""
    assert {} == counter("a").cells


def test_a_cell_may_be_added_to_in_place() -> None:
    """The cell that a hot loop holds is the one that is exposed."""
    metric = counter("a")
    cell = metric.cell("x")
    cell[0] += 2
    metric.add(3, "x")
    assert {("x",): [5, 0]} == metric.cells


def test_a_counter_shows_its_worth_per_unit() -> None:
    """The exposed value is rounded once, at the end."""
    metric = Counter("c_total", "", cap=1, per_unit=1000, worth=0.5)
    for _ in range(3):
        metric.add(1)
    assert [0.0015] == metric.exposed([metric.cell()[0]])


# Histograms


@pytest.mark.parametrize(
    ("value", "bucket"), [(0, 0), (99, 0), (100, 0), (101, 1), (500, 1), (501, 2), (1000, 2), (1001, 3), (10**30, 3)]
)
def test_bounds_are_inclusive(value: int, bucket: int) -> None:
    """A value on a bound belongs to that bound's bucket, as Prometheus' `le` says."""
    metric = histogram()
    metric.observe(value, "a", "x")
    assert [int(at == bucket) for at in range(4)] + [value, 0] == metric.cell("a", "x")


@given(values)
def test_observing_all_at_once_is_observing_each(seen: list[int]) -> None:
    """`observe_all` is only faster."""
    each, at_once = histogram(), histogram()
    each.cell("a", "x", times=0)
    for value in seen:
        each.observe(value, "a", "x")
    at_once.observe_all(list(seen), "a", "x")
    assert each.cells == at_once.cells


def test_a_value_may_be_observed_many_times() -> None:
    """`times` stands for as many observations of one value."""
    metric = histogram()
    metric.observe(200, "a", "x", times=3)
    assert [0, 3, 0, 0, 600, 0] == metric.cell("a", "x")


# Label values


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("two\nlines", "two\ufffdlines"),
        ("\x00\x1b\x7f\x85", "\ufffd" * 4),
        ("\ud800", "\ufffd"),
        ('zacuscă "\\', 'zacuscă "\\'),
        ("x" * 129, "x" * 128),
        ("\U0001f600" * 200, "\U0001f600" * 128),
    ],
)
def test_label_values_are_short_and_printable(text: str, shown: str) -> None:
    """Control characters and surrogates are replaced, and what is too long is cut."""
    assert shown == label_value(text)


@given(st.text(st.characters()))
def test_a_label_value_stays_as_it_is(text: str) -> None:
    """What was made a label value once is one already."""
    assert label_value(text) == label_value(label_value(text))


def test_texts_that_look_alike_as_label_values_are_one_series() -> None:
    """A series is known by what is shown of it."""
    metric = counter("a")
    for text in ("x\n", "x\t", "x\ufffd"):
        metric.add(1, text)
    assert {("x\ufffd",): [3, 0]} == metric.cells


# Caps


def test_ten_thousand_values_of_one_label_keep_the_total() -> None:
    """Over the cap a value is counted as `other`, and every observation over it is counted too."""
    metric = counter("run", "error", cap=50)
    for number in range(10_000):
        metric.add(1, "run", f"error {number}")
    assert (10_000, 9_950, 51) == (total(metric), metric.capped, len(metric))
    assert [9_950, 0] == metric.cells["run", OTHER]


def test_the_label_with_the_most_values_gives_way() -> None:
    """What there is little of stays told apart."""
    metric = counter("stage", "error", cap=20)
    for number in range(1000):
        metric.add(1, "AB"[number % 2], f"error {number}")
    assert {"A": 490, "B": 490} == {labels[0]: cell[0] for labels, cell in metric.cells.items() if OTHER in labels}


@given(
    st.lists(st.tuples(*[st.integers(0, 30).map(str)] * 3), max_size=400),
    st.integers(1, 25),
)
def test_series_are_bounded_and_totals_right(labels: list[tuple[str, str, str]], cap: int) -> None:
    """Whatever labels come, there are at most 1.1 times the cap plus two series, and nothing is lost."""
    metric = counter("a", "b", "c", cap=cap)
    for each in labels:
        metric.add(1, *each)
    assert len(metric) <= cap + cap // 10 + 2
    assert len(labels) == total(metric)
    assert len(labels) - metric.capped == sum(cell[0] for key, cell in metric.cells.items() if OTHER not in key)


@given(st.lists(st.tuples(*[st.integers(0, 15).map(str) | st.just(OTHER)] * 2), max_size=200), st.data())
def test_a_series_over_the_cap_is_always_counted_in_the_same_place(labels: list[tuple[str, str]], data) -> None:
    """Adding now what was announced before, or after a restart, changes nothing: neither moment is in the log."""
    at_once, later = counter("a", "b", cap=10), counter("a", "b", cap=10)
    for each in labels:
        at_once.add(1, *each)
    pending: Counts[tuple[str, str]] = Counts()
    for each in labels:
        if each not in pending:
            later.cell(*each, times=0)
        pending[each] += 1
        if data.draw(st.booleans()):
            settle(later, pending)
            later.restore({key: list(cell) for key, cell in later.cells.items()})
    settle(later, pending)
    assert (at_once.cells, at_once.capped) == (later.cells, later.capped)


def settle(metric: Counter, pending: Counts[tuple[str, str]]) -> None:
    for labels, times in pending.items():
        metric.add(times, *labels, times=times)
    pending.clear()


def test_expiry_makes_room() -> None:
    """A series that was forgotten leaves its place to another one."""
    metric = counter("run", "kind", cap=2)
    for run, kind in (("1", "a"), ("1", "b"), ("2", "a")):
        metric.add(1, run, kind)
    metric.discard_where("run", "1")
    metric.add(1, "3", "a")
    assert {("2", "other"), ("3", "a")} == set(metric.cells)


def test_expiry_leaves_metrics_without_the_label_alone() -> None:
    """Only series that have the label can be told by it."""
    metrics = Metrics(cap=10)
    by_run, by_stage = metrics.counter("a_total", "", "run"), metrics.counter("b_total", "", "stage")
    score = metrics.gauge("score", "", "stage", "run")
    by_run.add(1, "1")
    by_stage.add(1, "1")
    score.set(1, "1", "1")
    score.set(1, "1", "2")
    metrics.discard_where("run", "1")
    assert [[], [("1",)], [("1", "2")]] == [list(metric.keys()) for metric in metrics]


# Gauges


def test_a_gauge_without_data_is_absent() -> None:
    """Nothing is shown where nothing is known, and None takes back what was."""
    metric = Gauge("g", "", ("a",), cap=10)
    metric.set(None, "x")
    assert {} == metric.values
    metric.set(1, "x")
    metric.set(None, "x")
    assert {} == metric.values


def test_a_gauge_over_the_cap_is_left_out_and_counted() -> None:
    """`other` would be nobody's last value."""
    metric = Gauge("g", "", ("a",), cap=2)
    for name in "abcd":
        metric.set(1, name)
    metric.set(2, "a")
    assert ({("a",): 2.0, ("b",): 1.0}, 2) == (metric.values, metric.capped)


def test_a_gauge_of_a_yes_or_no_can_be_stored() -> None:
    """A truth value is a number from the start, since a snapshot gives back numbers only."""
    metrics = Metrics(cap=10)
    metrics.gauge("g", "").set(True)
    assert [1.0] == again(metrics)["g"].numbers


# Merging


def merged(*parts: Histogram) -> dict[tuple[str, ...], list[int]]:
    whole = histogram()
    for part in parts:
        whole.merge(part)
    return whole.cells


def observed(seen: list[tuple[str, str, int]]) -> Histogram:
    metric = histogram()
    for a, b, value in seen:
        metric.observe(value, a, b)
    return metric


@given(observations, observations, observations)
def test_merging_is_counting_all_in_one(
    first: list[tuple[str, str, int]], second: list[tuple[str, str, int]], third: list[tuple[str, str, int]]
) -> None:
    """Parts may be merged in any grouping."""
    parts = [observed(seen) for seen in (first, second, third)]
    left = observed(first)
    left.merge(observed(second))
    right = observed(second)
    right.merge(observed(third))
    assert observed(first + second + third).cells == merged(*parts) == merged(left, parts[2]) == merged(parts[0], right)


def test_merging_keeps_when_a_series_was_first_shown() -> None:
    """The age of a series is not a count."""
    ours, theirs = counter("a"), counter("a")
    for metric, shown in ((ours, 0), (theirs, 7)):
        metric.add(1, "x")
        metric.cells["x",][-1] = shown
    ours.merge(theirs)
    assert {("x",): [2, 7]} == ours.cells


def test_merging_over_the_cap_keeps_the_total() -> None:
    """What finds no place of its own is counted as `other`."""
    ours, theirs = counter("a", cap=2), counter("a", cap=2)
    for name in "ab":
        ours.add(1, name)
    for name in "cd":
        theirs.add(5, name)
    ours.merge(theirs)
    assert {("a",): [1, 0], ("b",): [1, 0], (OTHER,): [10, 0]} == ours.cells


def test_the_later_gauge_wins() -> None:
    """Merged are logs in their order."""
    ours, theirs = Gauge("g", "", ("a",), cap=10), Gauge("g", "", ("a",), cap=10)
    ours.set(1, "x")
    ours.set(1, "y")
    theirs.set(2, "x")
    ours.merge(theirs)
    assert {("x",): 2.0, ("y",): 1.0} == ours.values


def test_merging_is_exact_below_the_cap() -> None:
    """A metric that is full, or would be by what both have, may have turned away what the other would not."""
    ours, theirs = counter("a", cap=4), counter("a", cap=4)
    for name in "ab":
        ours.add(1, name)
    for name in "bc":
        theirs.add(1, name)
    assert ours.merges_exactly(theirs)
    theirs.add(1, "d")
    assert not ours.merges_exactly(theirs)


def test_gauges_merge_exactly_where_there_was_room_all_the_time() -> None:
    """Also for the series that went again: at their time they may have been one too many."""
    ours, theirs = Gauge("g", "", ("a",), cap=4), Gauge("g", "", ("a",), cap=4)
    ours.set(1, "x")
    theirs.set(1, "y")
    theirs.set(1, "z")
    theirs.set(None, "z")
    assert ours.merges_exactly(theirs)
    ours.set(1, "w")
    assert not ours.merges_exactly(theirs)


# Storing


def declared(*, bounds: tuple[float, ...] = BOUNDS, price: float = 1) -> Metrics:
    metrics = Metrics(cap=10)
    metrics.counter("lines_total", "", "stage")
    metrics.counter("cost_total", "", worth=price)
    metrics.histogram("seconds", "", "stage", bounds=bounds)
    metrics.gauge("score", "", "stage")
    return metrics


def filled() -> Metrics:
    metrics = declared()
    lines, cost, seconds, score = metrics
    assert isinstance(lines, Counter)
    assert isinstance(cost, Counter)
    assert isinstance(seconds, Histogram)
    assert isinstance(score, Gauge)
    lines.add(3, "A")
    cost.add(2**70)
    seconds.observe(1, "A")
    score.set(0.5, "A")
    return metrics


def test_what_is_stored_comes_back() -> None:
    """A restart changes no number, however large it is."""
    stored = again(filled())
    metrics = declared()
    assert [] == metrics.restore(stored)
    assert filled().state() == metrics.state()


@pytest.mark.invariant(20)
@pytest.mark.parametrize(
    ("after", "changed"),
    [(declared(bounds=(1, 2)), "seconds"), (declared(price=2), "cost_total")],
    ids=["bounds", "price"],
)
def test_a_metric_whose_meaning_changed_starts_anew_alone(after: Metrics, changed: str) -> None:
    """The others go on."""
    assert [changed] == after.restore(again(filled()))
    before, now, empty = filled().state(), after.state(), declared().state()
    assert {name: (empty if name == changed else before)[name].numbers for name in before} == {
        name: state.numbers for name, state in now.items()
    }


def test_a_metric_that_was_not_stored_starts_at_nothing() -> None:
    """A new version may have new metrics."""
    stored = again(filled())
    del stored["lines_total"]
    metrics = declared()
    assert [] == metrics.restore(stored)
    assert [] == metrics.state()["lines_total"].series
