"""When a series is shown, and since when: at 0 first, then with its value, in spite of restarts and clocks."""

from collections.abc import Iterable

import pytest

from exporter.births import Births, Shown
from exporter.exposition import CLASSIC, OPENMETRICS, Format
from exporter.metric import AnyMetric, Counter, Gauge, Histogram, copied
from tests.clock import Clock
from tests.reference import Samples, read_back

HOLD = 20.0


@pytest.fixture
def elapsed() -> Clock:
    return Clock(5)


@pytest.fixture
def clock() -> Clock:
    return Clock(1000)


@pytest.fixture
def births(elapsed: Clock, clock: Clock) -> Births:
    return Births(HOLD, clock=clock, elapsed=elapsed)


def counter(*labels: str) -> Counter:
    return Counter("lines_total", "Lines.", labels, cap=100)


def histogram() -> Histogram:
    return Histogram("seconds", "Time.", ("stage",), bounds=(0.5, 1), cap=100, per_unit=1000)


def samples(shown: Iterable[Shown], form: Format = CLASSIC) -> Samples:
    """What is shown, as a scraper reads it."""
    return read_back(form.text(shown).decode())


def values(shown: Iterable[Shown]) -> dict[str, float]:
    """The samples by name alone."""
    return {name: value for (name, _), value in samples(shown).items()}


def scrape(births: Births, *metrics: AnyMetric) -> dict[str, float]:
    """What a scraper gets to see."""
    shown = values(births.show(copied(metrics)))
    births.seen()
    return shown


def test_a_new_series_is_shown_at_zero_first(births: Births, elapsed: Clock) -> None:
    """`increase()` sees the first value only where it saw a 0 before."""
    lines = counter("a")
    lines.add(3, "x")
    assert {"lines_total": 0} == scrape(births, lines)
    elapsed.now += HOLD - 0.1
    assert {"lines_total": 0} == scrape(births, lines)
    elapsed.now += 0.1
    assert {"lines_total": 3} == scrape(births, lines)
    lines.add(1, "x")
    assert {"lines_total": 4} == scrape(births, lines)


def test_each_series_is_held_for_itself(births: Births, elapsed: Clock) -> None:
    """A birth holds up no other series."""
    lines = counter("a")
    lines.add(1, "x")
    scrape(births, lines)
    elapsed.now += HOLD
    lines.add(1, "y")
    shown = samples(births.show(copied([lines])))
    assert {"x": 1, "y": 0} == {dict(labels)["a"]: value for (_, labels), value in shown.items()}


def test_a_birth_among_old_series_is_held(births: Births) -> None:
    """One look tells whether a metric has new series at all: it must not overlook one among many."""
    lines = counter("a")
    for name in "xz":
        lines.add(1, name)
    births.admit([lines])
    lines.add(1, "y")
    shown = samples(births.show(copied([lines])))
    assert {"x": 1, "y": 0, "z": 1} == {dict(labels)["a"]: value for (_, labels), value in shown.items()}


def test_a_held_histogram_is_consistent(births: Births, elapsed: Clock) -> None:
    """Buckets, sum and count are 0 together and real together."""
    seconds = histogram()
    seconds.observe(700, "A")
    scrape(births, seconds)
    held = samples(births.show(copied([seconds])))
    assert {0.0} == set(held.values())
    elapsed.now += HOLD
    shown = scrape(births, seconds)
    assert (1, 0.7) == (shown["seconds_count"], shown["seconds_sum"])


def test_what_nobody_saw_does_not_count_as_held(births: Births, elapsed: Clock) -> None:
    """A page that could not be made durable showed no 0 to anybody."""
    lines = counter("a")
    lines.add(3, "x")
    births.show(copied([lines]))
    elapsed.now += HOLD
    assert {"lines_total": 0} == scrape(births, lines)


def test_a_birth_is_held_anew_after_a_restart(births: Births, elapsed: Clock, clock: Clock) -> None:
    """Its value was never shown, and who is new knows no longer since when it was held."""
    lines = counter("a")
    lines.add(3, "x")
    scrape(births, lines)
    elapsed.now += HOLD
    after = Births(HOLD, clock=clock, elapsed=elapsed)
    assert {"lines_total": 0} == scrape(after, lines)
    elapsed.now += HOLD
    assert {"lines_total": 3} == scrape(after, lines)


@pytest.mark.invariant(3)
def test_what_was_shown_goes_on_after_a_restart(births: Births, elapsed: Clock, clock: Clock) -> None:
    """Nothing falls back to 0."""
    lines = counter("a")
    lines.add(3, "x")
    scrape(births, lines)
    elapsed.now += HOLD
    scrape(births, lines)
    assert {"lines_total": 3} == scrape(Births(HOLD, clock=clock, elapsed=elapsed), lines)


def test_what_is_admitted_is_shown_at_once(births: Births) -> None:
    """What a first start finds is history."""
    lines = counter("a")
    lines.add(3, "x")
    births.admit([lines])
    assert {"lines_total": 3} == scrape(births, lines)


def test_admitting_ends_no_hold(births: Births) -> None:
    """A series that was seen at 0 waits for its time."""
    lines = counter("a")
    lines.add(3, "x")
    scrape(births, lines)
    births.admit([lines])
    assert {"lines_total": 0} == scrape(births, lines)


def test_a_series_that_comes_back_is_born_again(births: Births, elapsed: Clock) -> None:
    """After expiry a run that goes on is a new one to Prometheus."""
    lines = counter("run")
    lines.add(3, "1")
    births.admit([lines])
    lines.discard_where("run", "1")
    scrape(births, lines)
    lines.add(1, "1")
    assert {"lines_total": 0} == scrape(births, lines)


@pytest.mark.invariant(17)
@pytest.mark.parametrize("step", [3600, -3600, 365 * 86400, -365 * 86400])
def test_a_clock_that_steps_holds_nothing_longer(births: Births, elapsed: Clock, clock: Clock, step: float) -> None:
    """How long a birth is held is measured by a clock that nobody sets."""
    lines = counter("a")
    lines.add(3, "x")
    scrape(births, lines)
    clock.now += step
    assert {"lines_total": 0} == scrape(births, lines)
    elapsed.now += HOLD
    assert {"lines_total": 3} == scrape(births, lines)


def test_gauges_are_not_held(births: Births) -> None:
    """A gauge is no sum: a 0 would be wrong."""
    score = Gauge("score", "Score.", cap=1)
    score.set(0.5)
    assert {"score": 0.5} == scrape(births, score)


@pytest.mark.invariant(6)
def test_what_is_shown_is_a_copy(births: Births) -> None:
    """What is rendered later is what was made durable, not what was counted since."""
    lines, score = counter("a"), Gauge("score", "Score.", cap=1)
    lines.add(3, "x")
    score.set(1)
    births.admit([lines])
    shown = births.show(copied([lines, score]))
    lines.add(1, "x")
    lines.add(1, "y")
    score.set(2)
    assert {"lines_total": 3, "score": 1} == values(shown)


# When series were first shown


def created(births: Births, *metrics: AnyMetric) -> list[float]:
    shown = samples(births.show(copied(metrics)), OPENMETRICS)
    births.seen()
    return [value for (name, _), value in shown.items() if name.endswith("_created")]


@pytest.mark.invariant(4)
def test_openmetrics_says_when_a_series_was_first_shown(births: Births, elapsed: Clock, clock: Clock) -> None:
    """The time is that of the 0, and stays while the value lives, through holds, values and restarts."""
    lines, seconds = counter("a"), histogram()
    lines.add(1, "x")
    seconds.observe(1, "A")
    assert [1000, 1000] == created(births, lines, seconds)
    clock.now += 60
    elapsed.now += HOLD
    assert [1000, 1000] == created(births, lines, seconds)
    lines.add(1, "x")
    assert [1000, 1000] == created(Births(HOLD, clock=clock, elapsed=elapsed), lines, seconds)


@pytest.mark.invariant(4)
def test_a_series_that_starts_anew_has_a_newer_time(births: Births, clock: Clock) -> None:
    """A reset can be told from a fall."""
    births.admit([lines := counter("run")])
    lines.add(1, "1")
    assert [1000] == created(births, lines)
    lines.discard_where("run", "1")
    lines.add(1, "1")
    clock.now += 1
    assert [1001] == created(births, lines)


@pytest.mark.invariant(4, 17)
@pytest.mark.parametrize("step", [0, -1, -3600, -365 * 86400])
def test_a_series_that_starts_anew_has_a_newer_time_on_any_clock(births: Births, clock: Clock, step: float) -> None:
    """A clock that stands still or is set back makes no reset look older than what it ended."""
    lines = counter("run")
    lines.add(1, "1")
    before = created(births, lines)
    lines.discard_where("run", "1")
    lines.add(1, "1")
    clock.now += step
    after = created(births, lines)
    assert before < after
    clock.now += 60
    assert after == created(births, lines)


def test_the_classic_format_says_no_times(births: Births) -> None:
    """They would double the number of series."""
    births.admit([lines := counter()])
    assert ["lines_total"] == [name for name, _ in samples(births.show(copied([lines])))]
