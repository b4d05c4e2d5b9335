"""Health keeps every limit of the seeds, collapse crosses them: computed here as the seeds write it."""

from collections import Counter
from functools import cache
from itertools import pairwise
from math import log2
from statistics import linear_regression, mean
from typing import Any

import pytest

from exporter import demo

from .reading import kinds, records

SEEDS = range(4)


def batches(seed, scenario):
    """The batches of the first run, cut where the 101st persona comes."""
    attempts = records("persona", "attempts", 2700, seed=seed, scenario=scenario)
    batches: list[list[dict[str, Any]]] = [[]]
    personas: set[str] = set()
    for attempt in attempts:
        if len(personas | {attempt["persona_id"]}) > demo.BATCH_SIZE:
            batches.append([])
            personas = set()
        batches[-1].append(attempt)
        personas.add(attempt["persona_id"])
    return batches


def entropy(counts):
    return -sum(count / sum(counts) * log2(count / sum(counts)) for count in counts)


def recent_slopes(values):
    """The least-squares slope over the last five values, from the second value on."""
    return [linear_regression(range(len(last)), last).slope for last in last_five(values) if len(last) > 1]


def last_five(values):
    return [values[max(0, end - 5) : end] for end in range(1, len(values) + 1)]


@cache
def figures(seed, scenario):
    """Each indicator of seed 001's table, batch by batch."""
    run = batches(seed, scenario)
    repairs = [mean(bool(each["repairs"]) for each in batch) for batch in run]
    seconds = [mean(each["latency_ms"] for each in batch) / 1000 for batch in run]
    return {
        "repair_ratio": repairs,
        "repair_trend": recent_slopes(repairs),
        "opening_entropy": [entropy(Counter(each["opening_move"] for each in batch).values()) for batch in run],
        "pollyanna": [mean(each["validator_scores"]["pollyanna"] for each in batch) for batch in run],
        "anchor_diversity": [len({a for each in batch for a in each["anchors_used"]}) / len(batch) for batch in run],
        "latency_change": [each / mean(seconds[:3]) - 1 for each in seconds[3:]],
    }


WARNING = {
    "repair_ratio": lambda value: value >= 0.10,
    "repair_trend": lambda value: value >= 0.05,
    "opening_entropy": lambda value: value <= 2.0,
    "pollyanna": lambda value: value >= 0.70,
    "anchor_diversity": lambda value: value <= 0.8,
    "latency_change": lambda value: value >= 0.20,
}
CRITICAL = {
    "repair_ratio": lambda value: value > 0.20,
    "repair_trend": lambda value: value >= 0.10,
    "opening_entropy": lambda value: value < 1.5,
    "pollyanna": lambda value: value > 0.85,
    "anchor_diversity": lambda value: value < 0.6,
    "latency_change": lambda value: value >= 0.50,
}
"""Seed 001's table, a second time on purpose."""


@pytest.mark.parametrize("seed", SEEDS)
class TestPersonaBatches:
    def test_are_of_one_size(self, seed):
        """A run is 25 batches of 100 personas, as its tier says, then the next run begins."""
        runs = Counter(each["run_id"] for each in records("persona", "attempts", 2701, seed=seed))
        sizes = [len({each["persona_id"] for each in batch}) for batch in batches(seed, "healthy")]
        first, second = "2500_20260131_143200", "2500_20260131_151700"
        assert {first: 2700, second: 1} == runs
        assert sizes == [100] * 25

    def test_of_health_keep_every_limit(self, seed):
        """No batch of a healthy run reaches a warning."""
        for indicator, values in figures(seed, "healthy").items():
            assert not any(map(WARNING[indicator], values)), indicator

    def test_of_health_are_what_the_seed_calls_healthy(self, seed):
        """Healthy figures lie about 5 % repairs, 2.7 bits, 0.6, above 0.9, and the mean latency is stable."""
        healthy = figures(seed, "healthy")
        assert mean(healthy["repair_ratio"]) == pytest.approx(0.05, abs=0.01)
        assert mean(healthy["opening_entropy"]) == pytest.approx(2.75, abs=0.1)
        assert all(0.5 < value < 0.7 for value in healthy["pollyanna"])
        assert min(healthy["anchor_diversity"]) > 0.9
        assert all(abs(value) < 0.1 for value in healthy["latency_change"])

    def test_of_health_show_no_drift(self, seed):
        """The variety signal, a slope below -0.1, stays off from the second batch on."""
        variety = figures(seed, "healthy")["opening_entropy"]
        slopes = [linear_regression(range(end), variety[:end]).slope for end in range(2, 26)]
        assert min(slopes) > -0.1

    def test_of_collapse_cross_warning_before_critical(self, seed):
        """Every indicator of a collapsing run reaches its warning, and in a later batch critical."""
        for indicator, values in figures(seed, "collapse").items():
            warned = [WARNING[indicator](value) for value in values].index(True)
            critical = [CRITICAL[indicator](value) for value in values].index(True)
            assert warned < critical, indicator

    def test_of_collapse_are_healthy_at_first(self, seed):
        """The first eight batches of a collapsing run keep every limit."""
        for indicator, values in figures(seed, "collapse").items():
            healthy = 8 - {"repair_trend": 1, "latency_change": 3}.get(indicator, 0)
            assert not any(map(WARNING[indicator], values[:healthy])), indicator

    def test_of_collapse_end_collapsed(self, seed):
        """What is no trend stays critical to the end of the run, and the variety signal is on."""
        collapsed = figures(seed, "collapse")
        variety = collapsed["opening_entropy"]
        assert all(CRITICAL[name](values[-1]) for name, values in collapsed.items() if name != "repair_trend")
        assert variety[-1] < 1.0
        assert linear_regression(range(25), variety).slope < -0.1

    def test_of_collapse_keep_climbing_for_a_while(self, seed):
        """The repair trend is critical for several batches, so that a scrape sees it."""
        assert sum(map(CRITICAL["repair_trend"], figures(seed, "collapse")["repair_trend"])) >= 3


@pytest.mark.parametrize(("scenario", "crossed"), [("healthy", False), ("collapse", True)])
@pytest.mark.parametrize("seed", SEEDS)
class TestOtherLimits:
    def test_of_health(self, seed, scenario, crossed):
        """Memory, CPU, cache and crawl time cross the limits of seed 003 in collapse only."""
        log = records("crawl", "health", 60, seed=seed, scenario=scenario)
        assert crossed == any(each["memory_usage_mb"] > 1024 for each in log)
        assert crossed == any(each["cpu_percent"] > 80 for each in log)
        assert crossed == any(each["cache_hit_rate"] < 0.30 for each in log)
        assert crossed == any(each["avg_crawl_time"] > 5 for each in log)
        assert all(0 <= each["cpu_percent"] <= 100 for each in log)

    def test_of_thresholds(self, seed, scenario, crossed):
        """A method's threshold changes by more than 20 % in collapse only."""
        for log in kinds(records("crawl", "thresholds", 60, seed=seed, scenario=scenario), "method").values():
            values = [each["threshold"] for each in log]
            changes = [abs(now / before - 1) for before, now in pairwise(values)]
            assert crossed == (max(changes) > 0.20)

    def test_of_clustering(self, seed, scenario, crossed):
        """Silhouette, outliers and tags per page cross the limits of seed 004 in collapse only."""
        log = kinds(records("clustering", "events", 1000, seed=seed, scenario=scenario), "event")["clustering_metrics"]
        gauges = [job["gauges"] for job in log if "outlier_percentage" in job["gauges"]]
        assert crossed == any(each["silhouette_score"] < 0.2 for each in gauges)
        assert crossed == any(each["outlier_percentage"] > 30 for each in gauges)
        assert crossed == any(each["avg_tags_per_page"] < 2 for each in gauges)
