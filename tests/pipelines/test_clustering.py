"""Clustering: seed 004's events and jobs."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.pipelines.clustering import ClusterCreated, Clustering, Event, Job
from tests.pipelines.kept import shown, state

AnyEvent = Event | ClusterCreated | Job
ERRORS = ("llm_failures", "llm_timeouts", "parsing_errors", "propagation_conflicts", "database_errors")


def clustering(*records: AnyEvent, cap: int = 2000) -> Clustering:
    """A clustering that observed these events."""
    pipeline = Clustering(series_cap=cap)
    pipeline.observe("events", "clustering.log", list(records))
    return pipeline


def job(wiki: str | int = 1, **more: Any) -> Job:
    """A job of 100 seconds that counted nothing."""
    fields: dict[str, Any] = {"total_duration": 100.0, "counters": {}, "gauges": {}}
    return Job(wiki_id=wiki, **(fields | more))


SEED_EVENTS = {
    '{"wiki_id": 1, "page_count": 500, "options": {}, "event": "clustering_started", "level": "info"}': Event,
    '{"wiki_id": 1, "cluster_id": 7, "page_count": 20, "representative_pages": [1, 2], "event": "cluster_created",'
    ' "level": "info", "timestamp": "2026-01-24T10:00:00Z"}': ClusterCreated,
    '{"cluster_id": 7, "attempt": 2, "timeout_seconds": 30, "event": "llm_timeout", "level": "warning"}': Event,
    '{"cluster_id": 7, "error": "x", "traceback": "y", "event": "propagation_failed", "level": "error"}': Event,
}
SEED_JOB = """{
  "event": "clustering_metrics", "level": "info", "timestamp": "2026-01-24T10:00:00Z", "wiki_id": 1,
  "job_id": "cluster_wiki_1_abc123", "total_duration": 245.3,
  "stage_durations": {"clustering": 12.5, "tag_generation": 180.2, "propagation": 52.6},
  "counters": {"pages_processed": 500, "pages_tagged": 485, "total_tags_applied": 2600, "llm_failures": 2,
    "parsing_errors": 0, "total_errors": 2},
  "gauges": {"cluster_count": 25, "avg_cluster_size": 20.4, "outlier_percentage": 12.3, "silhouette_score": 0.42}
}"""


def test_the_seeds_events_are_counted_by_level() -> None:
    """The four calls of seed 004's logger are one event each; a cluster's pages are observed."""
    pipeline = clustering(*(msgspec.json.decode(line, type=kind) for line, kind in SEED_EVENTS.items()))

    assert {
        ("clustering_started", "info"): 1,
        ("cluster_created", "info"): 1,
        ("llm_timeout", "warning"): 1,
        ("propagation_failed", "error"): 1,
    } == shown(pipeline, "clustering_events_total")
    assert {(): (1, 20)} == shown(pipeline, "clustering_cluster_size")


def test_the_seeds_job_is_counted() -> None:
    """A line of ClusteringMetrics.to_dict() with seed 004's figures adds to its wiki's counters."""
    pipeline = clustering(msgspec.json.decode(SEED_JOB, type=Job))

    assert {("clustering_metrics", "info"): 1} == shown(pipeline, "clustering_events_total")
    assert {("1",): 1} == shown(pipeline, "clustering_jobs_total")
    assert {("1",): (1, 245.3)} == shown(pipeline, "clustering_job_duration_seconds")
    assert {
        ("1", "clustering"): (1, 12.5),
        ("1", "tag_generation"): (1, 180.2),
        ("1", "propagation"): (1, 52.6),
    } == shown(pipeline, "clustering_stage_duration_seconds")
    assert {("1", "tagged"): 485, ("1", "untagged"): 15} == shown(pipeline, "clustering_pages_total")
    assert {("1",): 2600} == shown(pipeline, "clustering_tags_applied_total")
    assert {("1", error): 0 for error in ERRORS} | {("1", "llm_failures"): 2} == shown(
        pipeline, "clustering_errors_total"
    )


LAST_JOB = {
    "clustering_clusters": 25,
    "clustering_cluster_size_avg": 20.4,
    "clustering_cluster_size_min": None,
    "clustering_cluster_size_max": None,
    "clustering_outliers": None,
    "clustering_outlier_ratio": 0.123,
    "clustering_silhouette_score": 0.42,
    "clustering_confidence": None,
    "clustering_tags_per_page": 5.2,
    "clustering_tags_per_page_min": None,
    "clustering_tags_per_page_max": None,
    "clustering_tags_per_cluster": None,
    "clustering_coverage_ratio": 0.97,
    "clustering_pages_per_second": 500 / 245.3,
    "clustering_llm_latency_seconds": None,
}


@pytest.mark.parametrize(("name", "value"), LAST_JOB.items())
def test_the_seeds_job_is_shown(name: str, value: float | None) -> None:
    """Logged gauges are shown, the rest is worked out of the counters, and what there is no data for is absent."""
    pipeline = clustering(msgspec.json.decode(SEED_JOB, type=Job))

    assert ({} if value is None else {("1",): pytest.approx(value)}) == shown(pipeline, name)


def test_an_event_without_level_is_of_level_unknown() -> None:
    """Events, clusters and jobs alike."""
    assert {("a", "unknown"): 2, ("cluster_created", "unknown"): 1, ("clustering_metrics", "unknown"): 1} == shown(
        clustering(Event(event="a"), ClusterCreated(), job(), Event(event="a")), "clustering_events_total"
    )


def test_a_cluster_without_page_count_has_no_size() -> None:
    """It is counted as an event only."""
    assert {(): (1, 3)} == shown(clustering(ClusterCreated(), ClusterCreated(page_count=3)), "clustering_cluster_size")


@pytest.mark.parametrize(
    ("tagged", "untagged", "counters"),
    [
        (0, 0, {}),
        (8, 2, {"pages_processed": 10, "pages_tagged": 8}),
        (8, 1, {"pages_processed": 10, "pages_tagged": 8, "pages_untagged": 1}),
        (0, 10, {"pages_processed": 10}),
        (8, 0, {"pages_tagged": 8}),
    ],
)
def test_untagged_pages_are_logged_or_the_rest(tagged: int, untagged: int, counters: dict[str, int]) -> None:
    """Without a counter of their own they are those processed and not tagged, never fewer than 0."""
    assert {("1", "tagged"): tagged, ("1", "untagged"): untagged} == shown(
        clustering(job(counters=counters)), "clustering_pages_total"
    )


def test_errors_are_the_counters_that_name_errors() -> None:
    """The five known ones are born at 0, others by their ending; total_errors would count each twice."""
    counters = {"redis_timeouts": 3, "total_errors": 4, "database_errors": 1, "pages_processed": 9, "errors_seen": 2}

    assert {("1", error): 0 for error in ERRORS} | {("1", "redis_timeouts"): 3, ("1", "database_errors"): 1} == shown(
        clustering(job(counters=counters)), "clustering_errors_total"
    )


@pytest.mark.parametrize(
    ("name", "value", "counters", "gauges"),
    [
        ("outlier_ratio", 0.05, {"pages_processed": 200, "outlier_count": 10}, {}),
        ("outlier_ratio", 0.05, {"pages_processed": 200}, {"outlier_count": 10}),
        ("outlier_ratio", 0.3, {"pages_processed": 200, "outlier_count": 10}, {"outlier_percentage": 30}),
        ("outlier_ratio", None, {"pages_processed": 0, "outlier_count": 0}, {}),
        ("outlier_ratio", None, {"pages_processed": 200}, {}),
        ("clusters", 7, {"cluster_count": 7}, {}),
        ("clusters", 8, {"cluster_count": 7}, {"cluster_count": 8}),
        ("clusters", 0, {}, {"cluster_count": 0}),
        ("coverage_ratio", 0.9, {"pages_processed": 200, "pages_tagged": 100}, {"coverage_percentage": 90}),
        ("coverage_ratio", 0.5, {"pages_processed": 200, "pages_tagged": 100}, {}),
        ("tags_per_page", 3.5, {"pages_processed": 2, "total_tags_applied": 2}, {"avg_tags_per_page": 3.5}),
        ("tags_per_page", 4, {"pages_processed": 2, "total_tags_applied": 8}, {}),
        ("pages_per_second", 2, {"pages_processed": 200}, {}),
        ("pages_per_second", 9, {"pages_processed": 200}, {"pages_per_second": 9}),
        ("silhouette_score", -0.5, {}, {"silhouette_score": -0.5}),
        ("llm_latency_seconds", 2.4, {}, {"avg_llm_latency_ms": 2400}),
        ("tags_per_page_min", 0, {}, {"min_tags_per_page": 0}),
        ("tags_per_page_max", 11, {}, {"max_tags_per_page": 11}),
    ],
)
def test_a_figure_is_logged_or_worked_out(
    name: str, value: float | None, counters: dict[str, int], gauges: dict[str, float]
) -> None:
    """A logged gauge comes first, then the counters over the pages processed, and nothing is divided by 0."""
    assert ({} if value is None else {("1",): value}) == shown(
        clustering(job(counters=counters, gauges=gauges)), f"clustering_{name}"
    )


@pytest.mark.parametrize("how", ["read on", "merge"])
def test_a_figure_that_a_wikis_last_job_lacks_is_absent(how: str) -> None:
    """An earlier job's figure is not shown on; other wikis keep theirs."""
    gauges = {"silhouette_score": 0.5}
    pipeline = clustering(job(gauges=gauges), job("w", gauges=gauges))
    if how == "merge":
        pipeline.merge(clustering(job()))
    else:
        pipeline.observe("events", "clustering.log", [job()])

    assert {("w",): 0.5} == shown(pipeline, "clustering_silhouette_score")


def test_a_wiki_that_finds_no_place_is_counted_with_every_job() -> None:
    """Also those of one look, of which only the last is shown."""
    pipeline = clustering(*[job(wiki, gauges={"silhouette_score": 0.5}) for wiki in "abbb"], cap=1)

    assert {("a",): 0.5} == shown(pipeline, "clustering_silhouette_score")
    assert {3} == {metric.capped for metric in pipeline.metrics if metric.name == "clustering_silhouette_score"}


def test_a_place_is_free_as_soon_as_a_job_has_no_figure_for_it() -> None:
    """Also where the figure is one that only counters tell, and before anybody looks."""
    outliers = {"counters": {"outlier_count": 3}}
    pipeline = clustering(job("a", **outliers), job("a"), job("b", **outliers), cap=1)

    assert {("b",): 3.0} == shown(pipeline, "clustering_outliers")


EVENTS = st.lists(
    st.builds(Event, event=st.sampled_from("abcd"), level=st.sampled_from([None, "info", "error"]))
    | st.builds(ClusterCreated, page_count=st.sampled_from([None, 1, 50]))
    | st.builds(
        job,
        st.sampled_from([1, 2, "1", "w"]),
        total_duration=st.sampled_from([0.0, 0.1, 300.0]),
        stage_durations=st.sampled_from([None, {"a": 0.1}, {"b": 1.0, "c": 2.0}]),
        counters=st.sampled_from([{}, {"pages_processed": 3, "pages_tagged": 1}, {"x_errors": 2, "llm_timeouts": 1}]),
        gauges=st.sampled_from([{}, {"cluster_count": 2, "silhouette_score": -0.5}]),
    ),
    max_size=20,
)


@given(EVENTS)
def test_chunks_do_not_matter(events: list[AnyEvent]) -> None:
    """Record by record or all at once, also over the cap of series, a clustering knows the same."""
    one_by_one = Clustering(series_cap=3)
    for at, event in enumerate(events):
        one_by_one.observe("events", "clustering.log", [event])
        if at % 3 == 1:
            one_by_one.settle()

    assert state(one_by_one) == state(clustering(*events, cap=3))


@given(EVENTS, EVENTS)
def test_merging_is_reading_on(first: list[AnyEvent], second: list[AnyEvent]) -> None:
    """Two clusterings that saw a half each make one that saw all."""
    merged = clustering(*first)
    merged.merge(clustering(*second))

    whole = clustering(*first, *second)
    whole.settle()

    assert whole.metrics.state() == merged.metrics.state()
