"""The crawler: seed 003's seven logs."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.metric import Labels
from exporter.pipelines.crawl import Crawl, CrawlState, domain, embedding_reason, origin
from tests.pipelines.kept import shown, state

SEED = {
    "failures": """{
  "timestamp": "2025-07-12T10:30:45Z", "url": "https://broken.com/page", "stage": "embedding",
  "error": "IndexError: list index out of range", "exception_type": "IndexError", "retry_count": 2,
  "user_agent": "Mozilla/5.0...", "response_code": 200 }""",
    "metadata": """{
  "url": "https://example.com/article", "score": 0.92, "category": "research", "tags": ["momentum", "alpha"],
  "length": 2123, "embedding_id": "article_3958", "threshold_passed": true, "processing_time": 1.234,
  "extraction_method": "trafilatura", "model_version": "sentence-transformers-2.2.2" }""",
    "false_positives": """{
  "url": "https://example.com", "original_score": 0.85, "original_tags": ["momentum", "technical"],
  "correct_category": "news", "correction_reason": "breaking news, not research", "corrected_by": "manual_review",
  "correction_timestamp": "2025-07-12T14:22:10Z" }""",
    "embedding_failures": """{
  "url": "https://example.com/article", "content_hash": "sha256_hash_of_content",
  "failure_reason": "OOM during embedding generation", "attempt_count": 3, "last_attempt": "2025-07-12T15:45:30Z",
  "content_length": 12543, "retry_scheduled": true }""",
    "thresholds": """{
  "timestamp": "2025-07-12T10:30:45Z", "method": "f1", "threshold": 0.61234, "pass_rate": 0.4, "samples": 120,
  "config_hash": "ab", "random_seed": 42, "versions": {"cleanlab": "2"}, "hardware_info": {"cpu": "x"} }""",
    "health": """{
  "timestamp": "2025-07-12T10:30:45.123456", "memory_usage_mb": 512.0, "cpu_percent": 85.0,
  "disk_usage_percent": 71.5, "active_processes": 312, "chromadb_size_mb": 2, "cache_hit_rate": 0.42,
  "avg_crawl_time": 1.5 }""",
}
"""One line of each log, on several here for the width."""
SEED["false_negatives"] = SEED["false_positives"]


def line(stream: str, **changes: Any) -> Any:
    """The record of the seed's line of a stream, with other values; None leaves a field out."""
    fields = json.loads(SEED[stream]) | changes
    return msgspec.convert(
        {name: value for name, value in fields.items() if value is not None}, Crawl.streams[stream].records[0]
    )


def crawl(*lines: tuple[str, Any], cap: int = 2000) -> Crawl:
    """A crawl that observed these records, each with its stream."""
    pipeline = Crawl(series_cap=cap)
    for stream, record in lines:
        pipeline.observe(stream, f"/logs/{stream}.jsonl", [record])
    return pipeline


def of(stream: str, *changes: dict[str, Any]) -> Crawl:
    """A crawl that observed lines like the seed's, in one chunk."""
    pipeline = Crawl()
    pipeline.observe(stream, f"/logs/{stream}.jsonl", [line(stream, **change) for change in changes])
    return pipeline


def test_pages_are_counted_by_what_became_of_them() -> None:
    """Pages, their scores, times, lengths and tags add up, a tag as often as it is named."""
    pipeline = of(
        "metadata",
        {},
        {"threshold_passed": False, "score": 0.08, "processing_time": 5},
        {"category": "news", "tags": ["alpha", "alpha"]},
    )

    assert {
        ("research", "trafilatura", "true"): 1,
        ("research", "trafilatura", "false"): 1,
        ("news", "trafilatura", "true"): 1,
    } == shown(pipeline, "crawl_pages_total")
    assert {("research",): (2, 1.0), ("news",): (1, 0.92)} == shown(pipeline, "crawl_page_score")
    assert {("trafilatura",): (3, 7.468)} == shown(pipeline, "crawl_page_duration_seconds")
    assert {(): (3, 6369)} == shown(pipeline, "crawl_page_length_chars")
    assert {("research", "momentum"): 2, ("research", "alpha"): 2, ("news", "alpha"): 2} == shown(
        pipeline, "crawl_tags_total"
    )


def test_the_limit_of_a_crawls_time_is_a_bucket_bound() -> None:
    """A page of just 5 s is not over 5 s."""
    pipeline = of("metadata", {"processing_time": 5.0})
    pipeline.settle()
    histogram = pipeline.duration

    assert 1 == histogram.cells["trafilatura",][histogram.bounds.index(5)]


def test_failures_are_counted_by_code_and_by_host() -> None:
    """A code may be a number or a text; without response it is none."""
    pipeline = of("failures", {}, {"response_code": "200"}, {"response_code": None, "url": "/page"})

    assert {("embedding", "IndexError", "200"): 2, ("embedding", "IndexError", "none"): 1} == shown(
        pipeline, "crawl_failures_total"
    )
    assert {("broken.com",): 2, ("other",): 1} == shown(pipeline, "crawl_domain_failures_total")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("example.com", "https://Example.COM/a"),
        ("example.com", "http://example.com:8080"),
        ("example.com", "https://user:secret@example.com/?q=@b.org"),
        ("example.com", "//example.com/a"),
        ("::1", "http://[::1]:80/"),
        ("other", "example.com/a"),
        ("other", "mailto:a@example.com"),
        ("other", ""),
        ("other", "http://"),
        ("other", "http://[broken"),
        ("other", "http://a\u2100b/"),
    ],
)
def test_a_domain_is_the_host_in_lower_case_without_port(host: str, url: str) -> None:
    """What has no host, or is no URL at all, is other."""
    assert host == domain(url)


def test_corrections_are_born_in_both_kinds() -> None:
    """A category that was corrected one way shows 0 for the other."""
    pipeline = of("false_positives", {}, {})
    pipeline.observe("false_negatives", "/logs/false_negatives.jsonl", [line("false_negatives", correct_category="a")])

    assert {
        ("false_positive", "news"): 2,
        ("false_negative", "news"): 0,
        ("false_positive", "a"): 0,
        ("false_negative", "a"): 1,
    } == shown(pipeline, "crawl_corrections_total")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("oom", "OOM during embedding generation"),
        ("oom", "CUDA: Out of memory, then a timeout"),
        ("oom", "killed (oom)"),
        ("timeout", "ReadTimeout"),
        ("timeout", "the request Timed Out"),
        ("other", "no room for it"),
        ("other", "zoom failed"),
        ("other", ""),
    ],
)
def test_a_reason_is_oom_timeout_or_other(reason: str, text: str) -> None:
    """oom is a word of its own; timeout may be part of one."""
    assert reason == embedding_reason(text)


def test_the_retry_queue_holds_urls_whose_last_line_schedules_a_retry() -> None:
    """A URL counts once, and leaves with a line that schedules none; before any line there is no queue."""
    assert {} == shown(Crawl(), "crawl_embedding_retry_queue")

    pipeline = of("embedding_failures", {}, {}, {"url": "b"}, {"url": "c", "retry_scheduled": False})
    assert {(): 2} == shown(pipeline, "crawl_embedding_retry_queue")

    pipeline.observe("embedding_failures", "log", [line("embedding_failures", url="b", retry_scheduled=False)])
    assert {(): 1} == shown(pipeline, "crawl_embedding_retry_queue")
    assert {("oom",): 5} == shown(pipeline, "crawl_embedding_failures_total")


@pytest.mark.parametrize(
    ("change", "thresholds"),
    [
        ({}, [0.5]),
        ({("f1",): 0.5}, [0.5, 0.75]),
        ({("f1",): -0.5}, [0.25, 0.5, 0.25]),
        ({("f1",): 1.0}, [-0.5, 0]),
        ({("f1",): 0.0}, [0.5, 0.5]),
        ({("f1",): 0.2}, [0.35, 0.42]),
        ({("f1",): -0.2}, [0.3, 0.24]),
        ({}, [0, 0.5]),
        ({}, [0.25, 0, 0.5]),
    ],
)
def test_a_threshold_changes_against_the_run_before(change: dict[Labels, float], thresholds: list[float]) -> None:
    """The change is signed and relative to the size of the one before; of the first run and from 0 there is none.
    By 20 % it is 0.2, which is not above."""
    pipeline = of("thresholds", *({"threshold": threshold} for threshold in thresholds))

    assert change == shown(pipeline, "crawl_threshold_change_ratio")
    assert {("f1",): thresholds[-1]} == shown(pipeline, "crawl_threshold")
    assert {("f1",): 0.4} == shown(pipeline, "crawl_threshold_pass_ratio")


def test_methods_have_thresholds_of_their_own() -> None:
    """Runs of another method in between do not count."""
    pipeline = of("thresholds", {"threshold": 0.5}, {"threshold": 9, "method": "roc"}, {"threshold": 0.6})

    assert {("f1",): pytest.approx(0.2)} == shown(pipeline, "crawl_threshold_change_ratio")


HEALTH = {
    "crawl_health_memory_bytes": 512 * 1024 * 1024,
    "crawl_health_cpu_ratio": 0.85,
    "crawl_health_disk_ratio": 0.715,
    "crawl_health_processes": 312,
    "crawl_health_chromadb_bytes": 2 * 1024 * 1024,
    "crawl_health_cache_hit_ratio": 0.42,
    "crawl_health_crawl_time_seconds": 1.5,
}


@pytest.mark.parametrize(("name", "value"), HEALTH.items())
def test_health_is_shown_in_base_units(name: str, value: float) -> None:
    """Megabytes are MiB, percents become ratios."""
    assert {(): value} == shown(of("health", {"cpu_percent": 1}, {}), name)


@pytest.mark.parametrize("how", ["read on", "merge"])
def test_a_figure_that_the_last_health_line_lacks_is_absent(how: str) -> None:
    """An earlier line's figure is not shown on."""
    pipeline, later = of("health", {}), line("health", cache_hit_rate=None)
    if how == "merge":
        pipeline.merge(crawl(("health", later)))
    else:
        pipeline.observe("health", "log", [later])

    assert {} == shown(pipeline, "crawl_health_cache_hit_ratio")
    assert {(): 312} == shown(pipeline, "crawl_health_processes")


@given(st.lists(st.sampled_from([*"/\t\n:?#@[]", "//", "http", "a", "B.org", "ș", "℀"])).map("".join) | st.text())
@example("http:/\t/host//path/more")
@example("x" * 5000 + "//host/path")
@example("//" + "x" * 5000 + "/path")
def test_a_host_stands_before_the_path(url: str) -> None:
    """All that tells it is in a URL's origin, so that URLs are counted by this first."""
    assert domain(url) == domain("//".join(origin(url)))


def lines(stream: str, **values: list[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    """Lines like the seed's with some of these values, each with its stream."""
    changes = st.fixed_dictionaries({name: st.sampled_from(some) for name, some in values.items()})
    return changes.map(lambda change: (stream, line(stream, **change)))


LINES = st.lists(
    lines("metadata", category=["a", "b", "c", "d"], tags=[[], ["x"], ["y", "z"]], extraction_method=["bs4", "raw"])
    | lines("failures", stage=["fetch", "parse"], response_code=[None, 404, 500])
    | lines("false_positives", correct_category=["a", "b", "c"])
    | lines("false_negatives", correct_category=["a", "b", "c"])
    | lines("embedding_failures", url=["a", "b"], retry_scheduled=[True, False], failure_reason=["oom", "timeout"])
    | lines("thresholds", method=["f1", "roc", "pr", "mcc"], threshold=[0, 0.5, -1])
    | lines("health", cpu_percent=[None, 5]),
    max_size=20,
)


@given(LINES)
def test_chunks_do_not_matter(records: list[tuple[str, Any]]) -> None:
    """A stream's records one by one or all at once, also over the cap of series, make a crawl know the same."""
    in_order = sorted(records, key=lambda record: record[0])
    at_once, now_and_then = Crawl(series_cap=3), Crawl(series_cap=3)
    for at, (stream, record) in enumerate(in_order):
        now_and_then.observe(stream, f"/logs/{stream}.jsonl", [record])
        if at % 3 == 1:
            now_and_then.settle()
    for stream in sorted({stream for stream, _ in records}):
        at_once.observe(stream, f"/logs/{stream}.jsonl", [record for name, record in records if name == stream])

    assert state(crawl(*in_order, cap=3)) == state(now_and_then) == state(at_once)


@pytest.mark.invariant(15)
def test_which_tags_are_admitted_is_decided_by_the_order_of_pages() -> None:
    """Not by their categories, though pages of one category wait together."""
    tagged = [line("metadata", category=category, tags=[tag]) for category, tag in ("ax", "by", "az")]
    pipeline = Crawl(series_cap=2)
    pipeline.observe("metadata", "/logs/metadata.jsonl", tagged)

    assert {("a", "x"), ("b", "y")} < shown(pipeline, "crawl_tags_total").keys()


@given(LINES, LINES)
def test_merging_is_reading_on(first: list[tuple[str, Any]], second: list[tuple[str, Any]]) -> None:
    """Two crawls that saw a half each make one that saw all."""
    merged = crawl(*first)
    merged.merge(crawl(*second))
    whole = crawl(*first, *second)
    whole.settle()

    assert whole.metrics.state() == merged.metrics.state()


def test_its_state_can_be_stored() -> None:
    """What a crawl remembers comes back from its bytes."""
    remembered = crawl(*((stream, line(stream)) for stream in Crawl.streams)).state

    assert remembered == msgspec.msgpack.decode(msgspec.msgpack.encode(remembered), type=CrawlState)
