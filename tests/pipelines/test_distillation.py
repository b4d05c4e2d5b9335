"""Distillation: seed 002's counts from metrics.jsonl, from distillation.log and from a session's summary."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.pipeline import FolderSize
from exporter.pipelines.distillation import Article, Distillation, SessionSummary, parse_log_line
from tests.pipelines.kept import shown, state

BY = ("uplifting", "gemini")
ERROR_TYPES = ("timeout", "json_parse_error", "json_extraction_failed", "llm_api_error", "empty_response", "unknown")
LOG = "/data/datasets/uplifting/distillation.log"


def distillation(*articles: Article, cap: int = 2000) -> Distillation:
    """A distillation that observed these articles."""
    pipeline = Distillation(series_cap=cap)
    pipeline.observe("articles", "/data/datasets/uplifting/metrics.jsonl", list(articles))
    return pipeline


def article(error: str | None = None, *, success: bool = False, provider: str = "gemini", **more: Any) -> Article:
    """An article; a failed one unless it says otherwise."""
    fields = {"attempts_made": 1, "time_taken_seconds": 10.0, "json_repaired": False} | more
    return Article(filter_name="uplifting", llm_provider=provider, success=success, error_type=error, **fields)


def read(*lines: str) -> Distillation:
    """A distillation that observed these lines of distillation.log."""
    pipeline = Distillation()
    pipeline.observe("log", LOG, [record for record in map(parse_log_line, lines) if record])
    return pipeline


SEED_LINES = (
    '{"timestamp": "2025-10-27T09:20:03.336184Z", "article_id": "github_1175a04f0e39", "filter_name": "uplifting",'
    ' "llm_provider": "gemini", "success": true, "attempts_made": 1, "time_taken_seconds": 11.46,'
    ' "json_repaired": false}',
    '{"timestamp": "2025-10-27T09:20:18.961907Z", "article_id": "github_8f3c05a0cedf", "filter_name": "uplifting",'
    ' "llm_provider": "gemini", "success": true, "attempts_made": 1, "time_taken_seconds": 15.52,'
    ' "json_repaired": false}',
    '{"timestamp": "2025-10-27T09:22:45.123456Z", "article_id": "github_abc123", "filter_name": "uplifting",'
    ' "llm_provider": "gemini", "success": false, "attempts_made": 3, "time_taken_seconds": 42.15,'
    ' "json_repaired": false, "error_type": "json_parse_error", "error_message":'
    " \"Expecting ',' delimiter: line 1 column 45\"}",
)


def test_the_seeds_metrics_lines_are_counted() -> None:
    """Seed 002's three lines give two successes and a failure after two retries."""
    pipeline = distillation(*(msgspec.json.decode(line, type=Article) for line in SEED_LINES))

    assert {(*BY, "success"): 2, (*BY, "failure"): 1} == shown(pipeline, "distillation_articles_total")
    assert {BY: (3, 69.13)} == shown(pipeline, "distillation_article_duration_seconds")
    assert {BY: 5} == shown(pipeline, "distillation_attempts_total")
    assert {BY: 1} == shown(pipeline, "distillation_retried_articles_total")
    assert {BY: 0} == shown(pipeline, "distillation_json_repaired_total")
    assert 1 == shown(pipeline, "distillation_errors_total")[*BY, "json_parse_error"]


def test_six_error_types_and_both_outcomes_are_born_with_the_first_article() -> None:
    """A filter and provider without failures shows 0 for each error type, and 0 failures."""
    pipeline = distillation(article(success=True))

    assert {(*BY, error_type): 0 for error_type in ERROR_TYPES} == shown(pipeline, "distillation_errors_total")
    assert {(*BY, "success"): 1, (*BY, "failure"): 0} == shown(pipeline, "distillation_articles_total")


def test_a_failure_without_error_type_is_unknown() -> None:
    """A new error type is a series of its own, none or an empty one is unknown, and a success has none."""
    errors = shown(
        distillation(article(), article(""), article("rate_limited"), article("timeout", success=True)),
        "distillation_errors_total",
    )

    assert {"unknown": 2, "rate_limited": 1} == {labels[2]: times for labels, times in errors.items() if times}


def test_providers_are_counted_apart() -> None:
    """Articles of alternating providers go to their own series, also those that were retried or repaired."""
    pipeline = distillation(
        article(success=True, json_repaired=True), article(provider="claude"), article(success=True, attempts_made=2)
    )

    assert {BY: 3, ("uplifting", "claude"): 1} == shown(pipeline, "distillation_attempts_total")
    assert {BY: 1, ("uplifting", "claude"): 0} == shown(pipeline, "distillation_retried_articles_total")
    assert {BY: 1, ("uplifting", "claude"): 0} == shown(pipeline, "distillation_json_repaired_total")


def test_the_time_limit_of_a_call_is_a_bucket_bound() -> None:
    """An article of just the 60 s after which a call times out is at most 60 s."""
    pipeline = distillation(article("timeout", time_taken_seconds=60.0))
    pipeline.settle()
    histogram = pipeline.duration

    assert 1 == histogram.cells[BY][histogram.bounds.index(60)]


SEED_LOG = (
    "2025-10-27 10:20:03 | INFO     | SUCCESS | article_123 | attempts=1 | time=11.46s | repaired=False",
    "2025-10-27 10:20:18 | INFO     | SUCCESS | article_456 | attempts=1 | time=15.52s | repaired=False",
    "2025-10-27 10:20:31 | WARNING  | FAILED  | article_789 | error=json_parse_error | attempts=3 | time=42.15s",
)


def test_the_seeds_log_lines_are_counted_under_the_directorys_name() -> None:
    """distillation.log names neither filter nor provider: the directory is the filter, the provider is unknown."""
    pipeline = read(*SEED_LOG)

    assert {("uplifting", "unknown", "success"): 2, ("uplifting", "unknown", "failure"): 1} == shown(
        pipeline, "distillation_articles_total"
    )
    assert {("uplifting", "unknown"): (3, 69.13)} == shown(pipeline, "distillation_article_duration_seconds")
    assert {("uplifting", "unknown"): 5} == shown(pipeline, "distillation_attempts_total")
    errors = shown(pipeline, "distillation_errors_total")
    assert {"json_parse_error": 1} == {labels[2]: times for labels, times in errors.items() if times}


def test_a_log_line_says_whether_the_json_was_repaired() -> None:
    """repaired=True is counted."""
    assert {("uplifting", "unknown"): 1} == shown(
        read(SEED_LOG[0].replace("repaired=False", "repaired=True"), SEED_LOG[1]), "distillation_json_repaired_total"
    )


def test_a_pipe_in_an_articles_id_is_no_field() -> None:
    """The fields are those at the line's end."""
    parsed = parse_log_line(SEED_LOG[2].replace("article_789", "a | b |c"))

    assert parsed is not None
    assert ("json_parse_error", 3) == (parsed.error_type, parsed.attempts_made)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Session started",
        "2025-10-27 10:20:03 | INFO     | Starting batch 1",
        SEED_LOG[0].replace("11.46s", "-1s"),
        SEED_LOG[0].replace("11.46s", "1e400s"),
        SEED_LOG[0].replace("attempts=1", "attempts=" + "9" * 5000),
        SEED_LOG[0].replace("repaired=False", "repaired=maybe"),
        SEED_LOG[0].replace("SUCCESS", "PENDING"),
        SEED_LOG[0] + " | more=1",
        SEED_LOG[0] + "\n" + SEED_LOG[0],
        *SEED_LINES[:1],
    ],
)
def test_a_log_line_of_another_shape_is_no_record(line: str) -> None:
    """What is not wholly an article's line is refused."""
    assert parse_log_line(line) is None


SEED_SESSION = """{
  "started_at": "2025-10-27T09:19:51.123456", "ended_at": "2025-10-27T11:45:32.654321", "duration_seconds": 9341.53,
  "articles_attempted": 150, "articles_succeeded": 142, "articles_failed": 8, "total_retries": 15,
  "errors_by_type": {"json_parse_error": 5, "timeout": 2, "json_extraction_failed": 1},
  "total_processing_time": 2847.32
}"""


def test_the_seeds_session_summary_is_shown() -> None:
    """The figures of session_summary.json are gauges of the directory's filter."""
    pipeline = Distillation()
    summary = msgspec.json.decode(SEED_SESSION, type=SessionSummary)
    pipeline.observe("session", "/data/datasets/uplifting/session_summary.json", [summary])

    assert {("uplifting", "success"): 142, ("uplifting", "failure"): 8} == shown(
        pipeline, "distillation_session_articles"
    )
    assert {("uplifting",): 15} == shown(pipeline, "distillation_session_retries")
    assert {
        ("uplifting", "json_parse_error"): 5,
        ("uplifting", "timeout"): 2,
        ("uplifting", "json_extraction_failed"): 1,
    } == shown(pipeline, "distillation_session_errors")
    assert {("uplifting",): 9341.53} == shown(pipeline, "distillation_session_duration_seconds")
    assert {("uplifting",): 2847.32} == shown(pipeline, "distillation_session_processing_seconds")


def session(summary: SessionSummary, *, filter_name: str = "a") -> Distillation:
    """A distillation that saw one summary."""
    pipeline = Distillation()
    pipeline.observe("session", f"/data/{filter_name}/session_summary.json", [summary])
    return pipeline


def test_a_later_summary_takes_an_earlier_ones_place() -> None:
    """What the filter's last session has no figure for is absent; other filters stay."""
    pipeline = session(SessionSummary(total_retries=1, errors_by_type={"timeout": 1}))
    pipeline.merge(session(SessionSummary(total_retries=2, errors_by_type={"timeout": 3}), filter_name="b"))
    pipeline.observe("session", "/data/a/session_summary.json", [SessionSummary(errors_by_type={"unknown": 0})])

    assert {("b",): 2} == shown(pipeline, "distillation_session_retries")
    assert {("a", "unknown"): 0, ("b", "timeout"): 3} == shown(pipeline, "distillation_session_errors")


def test_merging_a_later_summary_leaves_nothing_of_the_earlier() -> None:
    """A figure that only the earlier session has is gone."""
    pipeline = session(SessionSummary(total_retries=1, errors_by_type={"timeout": 1}))
    pipeline.merge(session(SessionSummary(errors_by_type={"unknown": 2})))

    assert {} == shown(pipeline, "distillation_session_retries")
    assert {("a", "unknown"): 2} == shown(pipeline, "distillation_session_errors")


def test_error_dumps_are_the_files_in_error_logs() -> None:
    """The folder's parent names the filter; an empty folder shows 0."""
    pipeline = Distillation()
    pipeline.observe("error_logs", "/data/datasets/uplifting/error_logs", [FolderSize(files=3), FolderSize(files=0)])

    assert {("uplifting",): 0} == shown(pipeline, "distillation_error_dumps")


ARTICLES = st.lists(
    st.builds(
        article,
        st.sampled_from([None, "timeout", "new", "newer"]),
        success=st.booleans(),
        provider=st.sampled_from(["gemini", "claude"]),
        attempts_made=st.integers(1, 3),
        time_taken_seconds=st.sampled_from([0.0, 0.1, 60.0]),
    ),
    max_size=20,
)


@given(ARTICLES, st.sampled_from([3, 13, 2000]))
def test_chunks_do_not_matter(articles: list[Article], cap: int) -> None:
    """Record by record or all at once, also over the cap of series, a distillation knows the same."""
    one_by_one = Distillation(series_cap=cap)
    for at, record in enumerate(articles):
        one_by_one.observe("articles", "metrics.jsonl", [record])
        if at % 3 == 1:
            one_by_one.settle()

    assert state(one_by_one) == state(distillation(*articles, cap=cap))


@given(ARTICLES, ARTICLES)
def test_merging_is_reading_on(first: list[Article], second: list[Article]) -> None:
    """Two distillations that saw a half each make one that saw all."""
    merged = distillation(*first)
    merged.merge(distillation(*second))

    whole = distillation(*first, *second)
    whole.settle()

    assert whole.metrics.state() == merged.metrics.state()
