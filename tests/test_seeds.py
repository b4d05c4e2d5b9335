"""The seeds' own example lines are accepted as they stand and give the values that one reads off them by eye.

The fixtures are tests/logs/PIPELINE/seed-*. The figures below were worked out by hand from the seeds' text.
"""

import json
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import CapturingLogger

from tests.exposition import ITSELF, ROOT, families, key, once_here, samples
from tests.recount.witness import FIELDS

LOGS = ROOT / "tests" / "logs"

PERSONA_SCHEMA = """
persona_attempts_total{run_id="25K_20260131_143200",stage="B|C|validation",status="success|fail|repair"} 1
persona_attempt_duration_seconds_count{run_id="25K_20260131_143200",stage="B|C|validation"} 1
persona_attempt_duration_seconds_sum{run_id="25K_20260131_143200",stage="B|C|validation"} 1.25
persona_tokens_total{run_id="25K_20260131_143200",type="prompt"} 450
persona_tokens_total{run_id="25K_20260131_143200",type="completion"} 320
persona_cost_usd_total{run_id="25K_20260131_143200"} 0.0003465
persona_batches_total{run_id="25K_20260131_143200"} 0
persona_repaired_attempts_total{run_id="25K_20260131_143200"} 1
persona_repairs_total{run_id="25K_20260131_143200",repair="trait_leak"} 1
persona_repairs_total{run_id="25K_20260131_143200",repair="opening_repetition"} 1
persona_validator_score_count{run_id="25K_20260131_143200",validator="trait_leak"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="trait_leak"} 0
persona_validator_score_count{run_id="25K_20260131_143200",validator="opening_variation"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="opening_variation"} 1
persona_validator_score_count{run_id="25K_20260131_143200",validator="pollyanna"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="pollyanna"} 0.7
persona_validator_score_count{run_id="25K_20260131_143200",validator="anchor_specificity"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="anchor_specificity"} 0.8
persona_opening_moves_total{run_id="25K_20260131_143200",opening_move="situational_hook"} 1
persona_constraints_total{run_id="25K_20260131_143200",constraint="time_pressure"} 1
persona_constraints_total{run_id="25K_20260131_143200",constraint="family_duty"} 1
persona_run_info{run_id="25K_20260131_143200",tier="25K"} 1
persona_run_progress_ratio{run_id="25K_20260131_143200"} 0.00004
"""
PERSONA_EXAMPLE = """
persona_attempts_total{run_id="25K_20260131_143200",stage="B",status="success"} 1
persona_attempt_duration_seconds_count{run_id="25K_20260131_143200",stage="B"} 1
persona_attempt_duration_seconds_sum{run_id="25K_20260131_143200",stage="B"} 1.234
persona_tokens_total{run_id="25K_20260131_143200",type="prompt"} 450
persona_tokens_total{run_id="25K_20260131_143200",type="completion"} 320
persona_cost_usd_total{run_id="25K_20260131_143200"} 0.0003465
persona_batches_total{run_id="25K_20260131_143200"} 0
persona_repaired_attempts_total{run_id="25K_20260131_143200"} 1
persona_repairs_total{run_id="25K_20260131_143200",repair="trait_leak"} 1
persona_validator_score_count{run_id="25K_20260131_143200",validator="trait_leak"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="trait_leak"} 0
persona_validator_score_count{run_id="25K_20260131_143200",validator="opening_variation"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="opening_variation"} 0.8
persona_validator_score_count{run_id="25K_20260131_143200",validator="pollyanna"} 1
persona_validator_score_sum{run_id="25K_20260131_143200",validator="pollyanna"} 0.6
persona_opening_moves_total{run_id="25K_20260131_143200",opening_move="situational_hook"} 1
persona_constraints_total{run_id="25K_20260131_143200",constraint="time_pressure"} 1
persona_run_info{run_id="25K_20260131_143200",tier="25K"} 1
persona_run_progress_ratio{run_id="25K_20260131_143200"} 0.00004
"""
ARTICLES = """
distillation_articles_total{filter="FILTER",provider="PROVIDER",outcome="success"} 2
distillation_articles_total{filter="FILTER",provider="PROVIDER",outcome="failure"} 1
distillation_article_duration_seconds_count{filter="FILTER",provider="PROVIDER"} 3
distillation_article_duration_seconds_sum{filter="FILTER",provider="PROVIDER"} 69.13
distillation_attempts_total{filter="FILTER",provider="PROVIDER"} 5
distillation_retried_articles_total{filter="FILTER",provider="PROVIDER"} 1
distillation_json_repaired_total{filter="FILTER",provider="PROVIDER"} 0
distillation_errors_total{filter="FILTER",provider="PROVIDER",error_type="timeout"} 0
distillation_errors_total{filter="FILTER",provider="PROVIDER",error_type="json_parse_error"} 1
distillation_errors_total{filter="FILTER",provider="PROVIDER",error_type="json_extraction_failed"} 0
distillation_errors_total{filter="FILTER",provider="PROVIDER",error_type="llm_api_error"} 0
distillation_errors_total{filter="FILTER",provider="PROVIDER",error_type="empty_response"} 0
distillation_errors_total{filter="FILTER",provider="PROVIDER",error_type="unknown"} 0
"""
ERROR_DUMPS = """
distillation_error_dumps{filter="seed-uplifting"} 1
"""
SESSION = """
distillation_session_articles{filter="seed-uplifting",outcome="success"} 142
distillation_session_articles{filter="seed-uplifting",outcome="failure"} 8
distillation_session_retries{filter="seed-uplifting"} 15
distillation_session_errors{filter="seed-uplifting",error_type="json_parse_error"} 5
distillation_session_errors{filter="seed-uplifting",error_type="timeout"} 2
distillation_session_errors{filter="seed-uplifting",error_type="json_extraction_failed"} 1
distillation_session_duration_seconds{filter="seed-uplifting"} 9341.53
distillation_session_processing_seconds{filter="seed-uplifting"} 2847.32
"""
TAGGER = """
tagger_category_results_total{category="Topic",model="gpt-4o-mini",outcome="chosen"} 1
tagger_category_results_total{category="Topic",model="gpt-4o-mini",outcome="empty"} 1
tagger_category_results_total{category="Level",model="gpt-4o-mini",outcome="chosen"} 0
tagger_category_results_total{category="Level",model="gpt-4o-mini",outcome="empty"} 1
tagger_category_duration_seconds_count{category="Topic",model="gpt-4o-mini"} 1
tagger_category_duration_seconds_sum{category="Topic",model="gpt-4o-mini"} 0.64
tagger_tokens_total{category="Topic",model="gpt-4o-mini"} 812
tagger_confidence_count{category="Topic"} 2
tagger_confidence_sum{category="Topic"} 1.45
tagger_results_total 2
tagger_covered_results_total 2
tagger_backfills_total 1
tagger_agreements_total 1
tagger_tags_returned_count 2
tagger_tags_returned_sum 5
tagger_top_score_count{component="combined"} 2
tagger_top_score_sum{component="combined"} 1.14
tagger_top_score_count{component="reasoning"} 2
tagger_top_score_sum{component="reasoning"} 0.9
tagger_top_score_count{component="prototype"} 2
tagger_top_score_sum{component="prototype"} 1.5
tagger_lectures 2
tagger_lectures_covered 2
tagger_possible_misses 1
"""
CRAWL_METADATA = """
crawl_pages_total{category="research",extraction_method="trafilatura",passed="true"} 1
crawl_page_score_count{category="research"} 1
crawl_page_score_sum{category="research"} 0.92
crawl_page_duration_seconds_count{extraction_method="trafilatura"} 1
crawl_page_duration_seconds_sum{extraction_method="trafilatura"} 1.234
crawl_page_length_chars_count 1
crawl_page_length_chars_sum 2123
crawl_tags_total{category="research",tag="momentum"} 1
crawl_tags_total{category="research",tag="alpha"} 1
"""
CRAWL_FAILURES = """
crawl_failures_total{stage="embedding",exception_type="IndexError",code="200"} 1
crawl_domain_failures_total{domain="broken.com"} 1
"""
FALSE_POSITIVES = """
crawl_corrections_total{kind="false_positive",category="news"} 1
crawl_corrections_total{kind="false_negative",category="news"} 0
"""
FALSE_NEGATIVES = """
crawl_corrections_total{kind="false_positive",category="news"} 0
crawl_corrections_total{kind="false_negative",category="news"} 1
"""
EMBEDDING_FAILURES = """
crawl_embedding_failures_total{reason="oom"} 1
crawl_embedding_retry_queue 1
"""
THRESHOLDS = """
crawl_threshold{method="percentile"} 0.625
crawl_threshold_pass_ratio{method="percentile"} 0.42
crawl_threshold_change_ratio{method="percentile"} 0.25
"""
HEALTH = """
crawl_health_memory_bytes 1074266112
crawl_health_cpu_ratio 0.125
crawl_health_disk_ratio 0.614
crawl_health_processes 213
crawl_health_chromadb_bytes 537133056
crawl_health_cache_hit_ratio 0.72
crawl_health_crawl_time_seconds 1.2
"""
EVENTS = """
clustering_events_total{event="clustering_started",level="info"} 1
clustering_events_total{event="cluster_created",level="info"} 1
clustering_events_total{event="llm_timeout",level="warning"} 1
clustering_events_total{event="propagation_failed",level="error"} 1
clustering_cluster_size_count 1
clustering_cluster_size_sum 20
"""
JOB = """
clustering_events_total{event="clustering_metrics",level="info"} 1
clustering_jobs_total{wiki_id="1"} 1
clustering_job_duration_seconds_count{wiki_id="1"} 1
clustering_job_duration_seconds_sum{wiki_id="1"} 245.3
clustering_stage_duration_seconds_count{wiki_id="1",stage="clustering"} 1
clustering_stage_duration_seconds_sum{wiki_id="1",stage="clustering"} 12.5
clustering_stage_duration_seconds_count{wiki_id="1",stage="tag_generation"} 1
clustering_stage_duration_seconds_sum{wiki_id="1",stage="tag_generation"} 180.2
clustering_stage_duration_seconds_count{wiki_id="1",stage="propagation"} 1
clustering_stage_duration_seconds_sum{wiki_id="1",stage="propagation"} 52.6
clustering_pages_total{wiki_id="1",outcome="tagged"} 485
clustering_pages_total{wiki_id="1",outcome="untagged"} 15
clustering_tags_applied_total{wiki_id="1"} 2600
clustering_errors_total{wiki_id="1",type="llm_failures"} 2
clustering_errors_total{wiki_id="1",type="llm_timeouts"} 0
clustering_errors_total{wiki_id="1",type="parsing_errors"} 0
clustering_errors_total{wiki_id="1",type="propagation_conflicts"} 0
clustering_errors_total{wiki_id="1",type="database_errors"} 0
clustering_clusters{wiki_id="1"} 25
clustering_cluster_size_avg{wiki_id="1"} 20.4
clustering_outlier_ratio{wiki_id="1"} 0.123
clustering_silhouette_score{wiki_id="1"} 0.42
clustering_coverage_ratio{wiki_id="1"} 0.97
clustering_tags_per_page{wiki_id="1"} 5.2
clustering_pages_per_second{wiki_id="1"} 2.0383204240
"""


def articles(filter: str, provider: str) -> str:
    """The three articles of seed 002, which its two logs tell alike."""
    return ARTICLES.replace("FILTER", filter).replace("PROVIDER", provider)


SEEDS = {
    "persona/seed-schema.log": ("persona.attempts", PERSONA_SCHEMA),
    "persona/seed-example.log": ("persona.attempts", PERSONA_EXAMPLE),
    "distillation/seed-uplifting/metrics.jsonl": (
        "distillation.articles",
        articles("uplifting", "gemini") + ERROR_DUMPS,
    ),
    "distillation/seed-legacy/distillation.log": ("distillation.log", articles("seed-legacy", "unknown")),
    "distillation/seed-uplifting/session_summary.json": ("distillation.session", SESSION + ERROR_DUMPS),
    "tagger/seed-tagger.ndjson": ("tagger.events", TAGGER),
    "crawl/seed-crawl_metadata.jsonl": ("crawl.metadata", CRAWL_METADATA),
    "crawl/seed-crawl_failures.jsonl": ("crawl.failures", CRAWL_FAILURES),
    "crawl/seed-false_positives.jsonl": ("crawl.false_positives", FALSE_POSITIVES),
    "crawl/seed-false_negatives.jsonl": ("crawl.false_negatives", FALSE_NEGATIVES),
    "crawl/seed-embedding_failures.jsonl": ("crawl.embedding_failures", EMBEDDING_FAILURES),
    "crawl/seed-threshold_logs.jsonl": ("crawl.thresholds", THRESHOLDS),
    "crawl/seed-health.jsonl": ("crawl.health", HEALTH),
    "clustering/seed-events.log": ("clustering.events", EVENTS),
    "clustering/seed-metrics.log": ("clustering.events", JOB),
}
"""Each fixture's stream, and all that it gives but buckets and what counts nothing."""


def stream_of(kind: str) -> str:
    """The stream that holds a kind of line, by `PIPELINE.KIND`."""
    pipeline = kind.partition(".")[0]
    return f"{pipeline}.events" if pipeline in ("tagger", "clustering") else kind


RECORDS: dict[str, dict[str, Any]] = {
    "persona.attempts": json.loads((LOGS / "persona/seed-schema.log").read_text()),
    "distillation.articles": json.loads(
        (LOGS / "distillation/seed-uplifting/metrics.jsonl").read_text().split("\n")[2]
    ),
    "tagger.category_reasoning_result": json.loads((LOGS / "tagger/seed-tagger.ndjson").read_text().split("\n")[2]),
    "tagger.ensemble_result": json.loads((LOGS / "tagger/seed-tagger.ndjson").read_text().split("\n")[3]),
    "crawl.metadata": json.loads((LOGS / "crawl/seed-crawl_metadata.jsonl").read_text()),
    "crawl.failures": json.loads((LOGS / "crawl/seed-crawl_failures.jsonl").read_text()),
    "crawl.false_positives": json.loads((LOGS / "crawl/seed-false_positives.jsonl").read_text()),
    "crawl.false_negatives": json.loads((LOGS / "crawl/seed-false_negatives.jsonl").read_text()),
    "crawl.embedding_failures": json.loads((LOGS / "crawl/seed-embedding_failures.jsonl").read_text()),
    "crawl.thresholds": json.loads((LOGS / "crawl/seed-threshold_logs.jsonl").read_text().split("\n")[0]),
    "crawl.health": json.loads((LOGS / "crawl/seed-health.jsonl").read_text()),
    "clustering.cluster_created": json.loads((LOGS / "clustering/seed-events.log").read_text().split("\n")[1]),
    "clustering.clustering_metrics": json.loads((LOGS / "clustering/seed-metrics.log").read_text()),
}
"""One record of each kind."""
TIMES = {
    "persona": "ts",
    "distillation": "timestamp",
    "tagger": "ts",
    "clustering": "timestamp",
    "crawl": "timestamp",
    "crawl.false_positives": "correction_timestamp",
    "crawl.false_negatives": "correction_timestamp",
    "crawl.embedding_failures": "last_attempt",
}
"""The field that holds the event time, of a kind or else of its pipeline."""
NOON = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC).timestamp()


@pytest.fixture
def fold(tmp_path):
    """Gives the samples that `once` prints of these lines of one stream."""

    def fold(stream: str, *lines: object) -> dict[str, float]:
        log = tmp_path / "some.log"
        log.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return samples(once_here(f"{stream}={log}"))

    return fold


def itself(shown: dict[str, float], name: str, stream: str, **labels: str) -> float | None:
    """A figure of the exporter about its reading of a stream."""
    pipeline, _, stream = stream.partition(".")
    return shown.get(key(f"{ITSELF}{name}", pipeline=pipeline, stream=stream, **labels))


def rejected(shown: dict[str, float]) -> dict[str, float]:
    """The rejections that there were."""
    return {name: value for name, value in shown.items() if name.startswith(f"{ITSELF}rejected") and value}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeds_lines_are_accepted_as_they_stand(seed):
    """Each line becomes a record; none is rejected or skipped."""
    stream, _ = SEEDS[seed]
    path = LOGS / seed
    lines = 1 if path.suffix == ".json" else len(path.read_text().splitlines())
    shown = samples(once_here(f"{stream}={path}"))

    assert lines == itself(shown, "lines_total", stream)
    assert lines == itself(shown, "records_total", stream)
    assert {} == rejected(shown)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeds_lines_give_the_values_that_they_tell(seed):
    """The exposition holds these samples and, buckets and empty unlabelled metrics aside, no others."""
    stream, expected = SEEDS[seed]
    shown = families(once_here(f"{stream}={LOGS / seed}"))
    told = {
        name: value
        for metric, family in shown.items()
        for name, value in family.samples.items()
        if not metric.startswith(ITSELF) and "_bucket{" not in name and (value or "{" in name)
    }

    assert pytest.approx(samples(expected), rel=1e-9) == told


def test_buckets_hold_what_is_at_most_their_bound():
    """The 1.25 s of seed 001's attempt are over 1 s and under 1.5 s; a score of 0.7 is in the bucket 0.7."""
    shown = samples(once_here(f"persona={LOGS / 'persona/seed-schema.log'}"))
    run = {"run_id": "25K_20260131_143200"}
    duration = "persona_attempt_duration_seconds_bucket"
    score = "persona_validator_score_bucket"

    assert 0 == shown[key(duration, **run, stage="B|C|validation", le="1.0")]
    assert 1 == shown[key(duration, **run, stage="B|C|validation", le="1.5")]
    assert 0 == shown[key(score, **run, validator="pollyanna", le="0.6")]
    assert 1 == shown[key(score, **run, validator="pollyanna", le="0.7")]


def test_the_events_are_what_structlog_writes_for_the_seeds_calls():
    """JSONRenderer turns seed 004's calls, and the job's `to_dict()`, into the lines of the fixtures."""
    job = RECORDS["clustering.clustering_metrics"]
    fields = {name: value for name, value in job.items() if name not in ("event", "level", "timestamp")}
    trace = "Traceback (most recent call last):\n  ...\nKeyError: 12\n"
    written = CapturingLogger()
    times = iter(["2026-01-24T10:00:00.000000Z"] * 4 + ["2026-01-24T10:00:00Z"])
    logger = structlog.wrap_logger(
        written,
        processors=[
            structlog.processors.add_log_level,
            lambda _logger, _method, event: {**event, "timestamp": next(times)},
            structlog.processors.JSONRenderer(),
        ],
    )
    logger.info("clustering_started", wiki_id=1, page_count=500, options={"min_cluster_size": 5})
    logger.info("cluster_created", wiki_id=1, cluster_id=7, page_count=20, representative_pages=[11, 12, 15])
    logger.warning("llm_timeout", cluster_id=7, attempt=2, timeout_seconds=30)
    logger.error("propagation_failed", cluster_id=7, error="12", traceback=trace)
    logger.info("clustering_metrics", **fields)
    lines = [line for name in ("seed-events.log", "seed-metrics.log") for line in _lines(LOGS / "clustering" / name)]

    assert lines == [call.args[0] for call in written.calls]


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


# Variations


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-31T12:00:00.250Z", NOON),
        ("2026-01-31T12:00:00.250000", NOON),
        ("2026-01-31T14:00:00.250+02:00", NOON),
        ("2026-01-31 12:00:00.250", NOON),
        (1769860800250, NOON),
        (1769860800.25, NOON),
        (1769860800, NOON - 0.25),
        ("yesterday", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("kind", RECORDS)
def test_a_time_is_understood_however_it_is_written(fold, kind, written, meant):
    """ISO 8601 with Z, an offset or neither, epoch seconds and milliseconds; another text is no time and no fault."""
    field = TIMES.get(kind, TIMES[kind.partition(".")[0]])
    shown = fold(stream_of(kind), RECORDS[kind] | {field: written})

    assert 1 == itself(shown, "records_total", stream_of(kind))
    assert meant == itself(shown, "last_record_timestamp_seconds", stream_of(kind))


@pytest.mark.parametrize("kind", RECORDS)
def test_a_line_may_lack_its_time(fold, kind):
    """A record without its time field counts; when it was is not known."""
    field = TIMES.get(kind, TIMES[kind.partition(".")[0]])
    shown = fold(stream_of(kind), {name: value for name, value in RECORDS[kind].items() if name != field})

    assert 1 == itself(shown, "records_total", stream_of(kind))
    assert None is itself(shown, "last_record_timestamp_seconds", stream_of(kind))


def required(kind: str) -> list[str]:
    """The fields that a record cannot do without."""
    tag = {"tagger": ["kind"], "clustering": ["event"]}.get(kind.partition(".")[0], [])
    return tag + [name for name, what in FIELDS[kind].items() if what.endswith("!")]


@pytest.mark.parametrize("kind", RECORDS)
def test_what_is_not_required_is_optional(fold, kind):
    """A record of its required fields alone counts, and so does one whose other fields are all null."""
    bare = {name: value for name, value in RECORDS[kind].items() if name in required(kind)}
    shown = fold(stream_of(kind), bare, dict.fromkeys(RECORDS[kind]) | bare)

    assert {} == rejected(shown)
    assert 2 == itself(shown, "records_total", stream_of(kind))


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in RECORDS for field in required(kind)])
def test_what_is_required_is_missed(fold, kind, field):
    """A line without a required field is rejected as `missing_field`, one with null there as `wrong_type`."""
    lacking = {name: value for name, value in RECORDS[kind].items() if name != field}
    shown = fold(stream_of(kind), lacking, lacking | {field: None})

    assert 1 == itself(shown, "rejected_lines_total", stream_of(kind), reason="missing_field")
    assert 1 == itself(shown, "rejected_lines_total", stream_of(kind), reason="wrong_type")


@pytest.mark.parametrize("ascii_only", [True, False])
def test_romanian_letters_are_the_same_escaped_or_not(fold, ascii_only):
    """`ensure_ascii` changes bytes, not labels."""
    attempt = RECORDS["persona.attempts"] | {
        "run_id": "probă_1",
        "opening_move": "întrebare directă",
        "constraint_categories": ["sărbători", "Țară și învățătură"],
        "error": "Eroare: piața închisă",
        "status": "fail",
    }
    shown = fold("persona.attempts", json.dumps(attempt, ensure_ascii=ascii_only))

    assert 1 == shown[key("persona_opening_moves_total", run_id="probă_1", opening_move="întrebare directă")]
    assert 1 == shown[key("persona_constraints_total", run_id="probă_1", constraint="sărbători")]
    assert 1 == shown[key("persona_constraints_total", run_id="probă_1", constraint="Țară și învățătură")]
    assert 1 == shown[key("persona_failures_total", run_id="probă_1", stage="B|C|validation", error="Eroare")]
    assert 1 == shown[key("persona_run_info", run_id="probă_1", tier="probă")]


def persona_log(path: Path, *batches: list[dict[str, object]]) -> Path:
    """An attempt of a persona of its own for each of the records, and one more attempt that closes the last batch."""
    records: list[dict[str, object]] = [*chain(*batches), {}]
    attempts = [RECORDS["persona.attempts"] | record for record in records]
    lines = [json.dumps(attempt | {"persona_id": number}) for number, attempt in enumerate(attempts)]
    path.write_text("\n".join(lines) + "\n")
    return path


def repairs(count: int) -> list[dict[str, object]]:
    """Ten attempts, so many with a repair."""
    return [{"repairs": ["trait_leak"] if number < count else []} for number in range(10)]


def moves(count: int) -> list[dict[str, object]]:
    """Ten attempts of two opening moves, so many of the first."""
    return [{"opening_move": "proverb" if number < count else "contrast"} for number in range(10)]


def pollyanna(score: float) -> list[dict[str, object]]:
    """Ten attempts of this score."""
    return [{"validator_scores": {"pollyanna": score}}] * 10


@pytest.mark.parametrize(
    ("signal", "before", "after", "drifts"),
    [
        ("repairs", repairs(1), repairs(6), 0),
        ("repairs", repairs(1), repairs(7), 1),
        ("variety", moves(5), moves(6), 0),
        ("variety", moves(5), moves(7), 1),
        ("positivity", pollyanna(0.5), pollyanna(0.7), 0),
        ("positivity", pollyanna(0.5), pollyanna(0.71), 1),
    ],
)
def test_drift_is_a_slope_beyond_the_seeds_limit(tmp_path, signal, before, after, drifts):
    """Slopes of 0.5 repairs and of 0.2 pollyanna are no drift yet; of entropy, -0.029 bits are none and -0.119 one."""
    config = tmp_path / "config.yml"
    config.write_text("pipelines: {persona: {attempts: unused.log, batch_size: 10}}")
    log = persona_log(tmp_path / "some.log", before, after)
    shown = samples(once_here("--config", str(config), f"persona={log}"))
    run = "25K_20260131_143200"

    assert 2 == shown[key("persona_batches_total", run_id=run)]
    assert drifts == shown[key("persona_drift_detected", run_id=run, signal=signal)]


def test_a_failed_article_without_an_error_type_is_unknown(fold):
    """Missing and null are the same; a type that the seed does not name is counted under its own name."""
    failed = RECORDS["distillation.articles"]
    unnamed = {name: value for name, value in failed.items() if name != "error_type"}
    shown = fold("distillation.articles", unnamed, failed | {"error_type": None}, failed | {"error_type": "new"})
    by = {"filter": "uplifting", "provider": "gemini"}

    assert 2 == shown[key("distillation_errors_total", **by, error_type="unknown")]
    assert 1 == shown[key("distillation_errors_total", **by, error_type="new")]
    assert 3 == shown[key("distillation_articles_total", **by, outcome="failure")]


def test_a_failure_without_a_response_has_no_code(fold):
    """A null response code counts as `none`, a number in quotes as that number."""
    failure = RECORDS["crawl.failures"]
    shown = fold("crawl.failures", failure | {"response_code": None}, failure | {"response_code": "200"}, failure)
    of = {"stage": "embedding", "exception_type": "IndexError"}

    assert 1 == shown[key("crawl_failures_total", **of, code="none")]
    assert 2 == shown[key("crawl_failures_total", **of, code="200")]


def test_health_is_that_of_the_last_line(fold):
    """A figure that the last line lacks is absent, not the one of the line before."""
    shown = fold("crawl.health", RECORDS["crawl.health"], {"cpu_percent": 80, "memory_usage_mb": None})
    health = {name: value for name, value in shown.items() if name.startswith("crawl_health_")}

    assert {"crawl_health_cpu_ratio": 0.8} == health


def test_a_wikis_figures_are_those_of_its_last_job(fold):
    """A figure that the last job lacks is absent; counters go on."""
    job = RECORDS["clustering.clustering_metrics"]
    last = job | {"gauges": {"cluster_count": 3}, "counters": {"pages_processed": 10, "pages_tagged": 4}}
    shown = fold("clustering.events", job, last)

    assert 3 == shown[key("clustering_clusters", wiki_id="1")]
    assert 0.4 == shown[key("clustering_coverage_ratio", wiki_id="1")]
    assert key("clustering_silhouette_score", wiki_id="1") not in shown
    assert 489 == shown[key("clustering_pages_total", wiki_id="1", outcome="tagged")]
    assert 21 == shown[key("clustering_pages_total", wiki_id="1", outcome="untagged")]


def test_a_url_stays_queued_until_its_last_line_says_otherwise(fold):
    """The retry queue counts URLs, not lines; the last line of a URL decides."""
    failure = RECORDS["crawl.embedding_failures"]
    other = failure | {"url": "https://example.com/other"}
    shown = fold("crawl.embedding_failures", failure, failure, other, failure | {"retry_scheduled": False})

    assert 1 == shown["crawl_embedding_retry_queue"]
    assert 4 == shown[key("crawl_embedding_failures_total", reason="oom")]


def test_an_unknown_kind_is_skipped_and_an_unknown_event_counted(fold):
    """The tagger's log may hold other kinds; clustering's events need no level."""
    tagger = fold("tagger.events", {"kind": "prompt_cache_flushed", "entries": 3})
    clustering = fold("clustering.events", {"event": "cache_warmed"})

    assert 1 == itself(tagger, "skipped_lines_total", "tagger.events")
    assert 1 == itself(clustering, "records_total", "clustering.events")
    assert 1 == shown_sum(clustering, "clustering_events_total")


def shown_sum(shown: dict[str, float], metric: str) -> float:
    """The sum of a metric over its labels."""
    return sum(value for name, value in shown.items() if name.partition("{")[0] == metric)


def test_the_last_telling_of_a_lecture_wins(fold):
    """A lecture whose Topic is chosen later is no possible miss any more; its results are all counted."""
    missed = [json.loads(line) for line in _lines(LOGS / "tagger/seed-tagger.ndjson") if "lec-2" in line]
    topic = missed[0] | {"chosen_ids": ["climate"]}
    nothing = missed[1] | {"total_returned": 0, "top3": []}

    assert 1 == fold("tagger.events", *missed)["tagger_possible_misses"]
    assert 0 == fold("tagger.events", *missed, topic)["tagger_possible_misses"]
    assert 0 == fold("tagger.events", *missed, nothing)["tagger_lectures_covered"]
    assert 2 == fold("tagger.events", *missed, nothing)["tagger_results_total"]
