"""What a real Prometheus makes of an exporter that is killed again and again. RELIABILITY invariants 4 and 21."""

from collections.abc import Callable, Iterator
from math import isclose
from time import time

import pytest

from tests.e2e.prometheus import Prometheus, scraping
from tests.e2e.serving import until
from tests.torture.mode import Mode
from tests.torture.run import Result, Run
from tests.torture.watch import Samples, is_time

KILLS = 20
SCRAPE_MILLISECONDS = 500
HOLD_SECONDS = 3
"""Longer than a scrape interval even on a busy machine."""


class Observed(Mode):
    """Kills and renames while a Prometheus looks on."""

    name = "prometheus"

    def begin(self, run: Run) -> None:
        run.serving.configure(birth_hold=HOLD_SECONDS)
        config = run.serving.folder / "prometheus.yml"
        config.write_text(scraping(run.port, milliseconds=SCRAPE_MILLISECONDS))
        self.prometheus = Prometheus(run.serving.folder, config)
        self.prometheus.start()
        self.began = time()

    def at_last(self, run: Run) -> None:
        """Waits until it has seen the last page, and takes down everything that it has seen."""
        self.page = run.watch.last
        until(self._has_seen_all)
        self.seen = self.prometheus.samples('{job="exporter"}[1h]', time())

    def _has_seen_all(self) -> bool:
        last = self.prometheus.query('{job="exporter"}', time())
        return all(last.get(series) == value for series, value in self.page.items())

    def end(self, run: Run) -> None:
        self.ended = time()


class Observation:
    """A run that is over, and the Prometheus that looked on."""

    def __init__(self, result: Result, mode: Observed) -> None:
        self.result = result
        self.prometheus = mode.prometheus
        self.page: Samples = mode.page
        self.seen = {series: samples for series, samples in mode.seen.items() if series in mode.page or is_time(series)}
        self.first = min(samples[0][0] for samples in self.seen.values())
        self.last = max(samples[-1][0] for samples in self.seen.values())

    def over_all(self, function: str) -> dict[str, float]:
        """A function of a range over every series that grows, from the first sample to the last."""
        milliseconds = round((self.last - self.first) * 1000) + 1  # Prometheus 3 leaves out a sample at the very start
        names = "|".join(sorted({series.partition("{")[0] for series in self.seen}))
        values: dict[str, float] = {}
        for name in names.split("|"):
            found = self.prometheus.query(f'{function}({name}{{job="exporter"}}[{milliseconds}ms])', self.last)
            values |= {f"{name}{series}": value for series, value in found.items()}
        return values


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observation]:
    """Twenty kills, all seen by a Prometheus."""
    mode = Observed()
    try:
        result = Run(tmp_path_factory.mktemp("prometheus"), mode, seed=2, block=300).run(seconds=300, kills=KILLS)
        yield Observation(result, mode)
    finally:
        mode.prometheus.close()


@pytest.mark.invariant(1, 21)
def test_prometheus_saw_twenty_kills_and_every_count(
    observed: Observation, record_property: Callable[[str, object], None]
) -> None:
    """The run is right by itself, and the last sample of every series is its last value."""
    record_property("told", f"torture seen by {observed.result}")
    assert (KILLS, 0, []) == (observed.result.kills, observed.result.backward, observed.result.faults)
    assert observed.page == {series: observed.seen[series][-1][1] for series in observed.page}


@pytest.mark.invariant(21)
def test_no_series_is_reset(observed: Observation) -> None:
    """`resets()` is 0 for each."""
    resets = observed.over_all("resets")
    assert observed.page.keys() <= resets.keys()
    assert {} == {series: times for series, times in resets.items() if times}


@pytest.mark.invariant(21)
def test_a_series_that_is_born_later_is_seen_at_zero_first(observed: Observation) -> None:
    """So its increase is all that was counted."""
    late = {series: samples[0] for series, samples in observed.seen.items() if samples[0][0] > observed.first}
    assert len([series for series in late if not is_time(series)]) > 100
    assert {} == {series: sample for series, sample in late.items() if not is_time(series) and sample[1]}


@pytest.mark.invariant(21)
def test_the_increase_over_all_is_what_was_counted(observed: Observation) -> None:
    """Of series that were there from the start as of those that were born between kills."""
    increases = observed.over_all("increase")
    wrong = {}
    for series, value in observed.page.items():
        first = observed.seen[series][0][1]
        if not isclose(increases[series], value - first, rel_tol=1e-4, abs_tol=1e-9):  # the millisecond more
            wrong[series] = increases[series], value - first
    assert {} == wrong


@pytest.mark.invariant(4, 21)
def test_the_time_of_a_series_beginning_never_changes(observed: Observation) -> None:
    """Twenty restarts restore it."""
    times = {series: {value for _, value in samples} for series, samples in observed.seen.items() if is_time(series)}
    assert len(times) > 100
    assert {} == {series: values for series, values in times.items() if len(values) > 1}
