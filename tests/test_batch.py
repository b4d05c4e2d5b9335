"""The arithmetic of batches is that of the textbooks."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.batch import Trend, change, entropy, quantile, slope


@given(st.lists(st.integers(0, 5000), min_size=2, max_size=200))
def test_quantiles_are_linear_between_ranks(values):
    """The 95th percentile is the inclusive one of the statistics module."""
    counts = {value: values.count(value) for value in values}
    assert statistics.quantiles(values, n=20, method="inclusive")[-1] == pytest.approx(quantile(counts, 0.95))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_a_trend_is_the_least_squares_slope(values):
    """A trend in constant memory is the slope over all batches and over the last five."""
    trend = Trend()
    for batch, value in enumerate(values):
        trend.add(batch, value)
    recent = list(enumerate(values))[-5:]
    assert statistics.linear_regression(range(len(values)), values).slope == pytest.approx(trend.slope(), abs=1e-6)
    assert statistics.linear_regression(*zip(*recent, strict=True)).slope == pytest.approx(
        trend.recent_slope(len(values) - 1), abs=1e-6
    )


def test_one_batch_has_no_trend():
    """A slope takes two points."""
    trend = Trend()
    trend.add(0, 1.0)
    assert (None, None) == (trend.slope(), trend.recent_slope(0))


def test_batches_without_the_figure_are_left_out():
    """The number of a batch counts, also where batches between lack the figure."""
    trend = Trend()
    trend.add(0, 1.0)
    trend.add(4, 3.0)
    assert 0.5 == trend.slope() == slope([(0, 1.0), (4, 3.0)])


def test_a_recent_trend_does_not_outlive_its_batches():
    """Once the figure is missing in most of the last five batches, there is no recent trend of it."""
    trend = Trend()
    trend.add(0, 1.0)
    trend.add(1, 3.0)
    assert (2.0, None) == (trend.recent_slope(4), trend.recent_slope(5))


@given(st.integers(0, 1000), st.integers(-500, 500), st.integers(2, 12))
def test_a_trend_of_decimal_steps_is_that_step(first, step, batches):
    """A figure that moves by 0.05 a batch has a slope of 0.05, not of the float below: it is at its limit."""
    trend = Trend()
    for batch in range(batches):
        trend.add(batch, (first + step * batch) / 1000)
    assert (step / 1000, step / 1000) == (trend.slope(), trend.recent_slope(batches - 1))


@given(st.integers(1, 100_000), st.integers(-300, 300))
def test_a_change_by_whole_percents_is_that_change(before, percent):
    """Of 0.35 and 0.42 the change is 0.2, not the float above: what is at a limit is not beyond it."""
    now = before * (100 + percent)
    assert percent / 100 == change(before / 1000, now / 100_000) == change(before / 10, now / 1000)


@pytest.mark.parametrize(
    ("expected", "counts"), [(0.0, [9]), (1.0, [3, 3]), (3.0, [1] * 8), (0.8112781244591328, [3, 1])]
)
def test_entropy_is_in_bits(expected, counts):
    """Eight equally frequent moves are three bits."""
    assert expected == pytest.approx(entropy(counts))
