"""The demo's lines follow from the seed, have the fields of the seeds and show all that the seeds allow."""

import re
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from exporter import demo

from .reading import START, kinds, records

ALL_STREAMS = [(pipeline, stream) for pipeline, streams in demo.STREAMS.items() for stream in streams]

# The seeds' fields, a second time on purpose: required, then those that a line may lack.
ARTICLE = (
    "timestamp article_id filter_name llm_provider success attempts_made time_taken_seconds json_repaired",
    "error_type error_message",
)
CORRECTION = (
    "url original_score original_tags correct_category correction_reason corrected_by correction_timestamp",
    "",
)
FIELDS = {
    ("persona", "attempts"): (
        "ts run_id persona_id stage attempt status latency_ms prompt_tokens completion_tokens repairs validator_scores"
        " opening_move constraint_categories anchors_used error",
        "",
    ),
    ("distillation", "articles"): ARTICLE,
    ("distillation", "session"): (
        "started_at ended_at duration_seconds articles_attempted articles_succeeded articles_failed total_retries"
        " errors_by_type total_processing_time",
        "",
    ),
    ("crawl", "metadata"): (
        "url score category tags length embedding_id threshold_passed processing_time extraction_method model_version",
        "timestamp",
    ),
    ("crawl", "failures"): ("timestamp url stage error exception_type retry_count user_agent response_code", ""),
    ("crawl", "false_positives"): CORRECTION,
    ("crawl", "false_negatives"): CORRECTION,
    ("crawl", "embedding_failures"): (
        "url content_hash failure_reason attempt_count last_attempt content_length retry_scheduled",
        "",
    ),
    ("crawl", "thresholds"): (
        "timestamp method threshold pass_rate samples config_hash random_seed versions hardware_info",
        "",
    ),
    ("crawl", "health"): (
        "timestamp memory_usage_mb cpu_percent disk_usage_percent active_processes chromadb_size_mb cache_hit_rate"
        " avg_crawl_time",
        "",
    ),
}
FIELDS_BY_KIND = {
    ("tagger", "events"): {
        "category_reasoning_result": (
            "kind lecture_id category model chosen_ids confidence rationales_count ts",
            "prompt_tokens latency_ms",
        ),
        "ensemble_result": ("kind lecture_id backfill_triggered agreement_count top3 total_returned ts", ""),
        "prompt_cache_flushed": ("kind entries ts", ""),
    },
    ("clustering", "events"): {
        "clustering_started": ("wiki_id page_count options event level timestamp", ""),
        "cluster_created": ("wiki_id cluster_id page_count representative_pages event level timestamp", ""),
        "llm_timeout": ("cluster_id attempt timeout_seconds event level timestamp", ""),
        "propagation_failed": ("cluster_id error traceback event level timestamp", ""),
        "clustering_metrics": (
            "total_duration stage_durations counters gauges wiki_id job_id event level timestamp",
            "",
        ),
    },
}


@pytest.mark.parametrize(("pipeline", "stream"), ALL_STREAMS)
@pytest.mark.parametrize("scenario", demo.SCENARIOS)
class TestLines:
    def test_follow_from_the_seed(self, pipeline, stream, scenario):
        """The same arguments give the same lines, another seed gives others."""
        first, again, other = (
            list(demo.lines(pipeline, stream, 20, start=START, seed=seed, scenario=scenario)) for seed in (1, 1, 2)
        )
        assert first == again
        assert first != other

    def test_are_as_many_as_asked_for(self, pipeline, stream, scenario):
        """A stream has no end."""
        asked = 300
        lines = list(demo.lines(pipeline, stream, asked, start=START, scenario=scenario))
        assert asked == len(lines)
        assert not any("\n" in line or not line for line in lines)


@pytest.mark.parametrize("scenario", demo.SCENARIOS)
class TestSchema:
    @pytest.mark.parametrize("names", FIELDS)
    def test_is_the_seeds(self, names, scenario):
        """Every record has the seed's fields in the seed's order and no other."""
        assert_fields(records(*names, 300, scenario=scenario), *FIELDS[names])

    @pytest.mark.parametrize(("names", "tag"), [(("tagger", "events"), "kind"), (("clustering", "events"), "event")])
    def test_is_the_seeds_for_each_kind(self, names, tag, scenario):
        """All the kinds occur, and each has its own fields."""
        by_kind = kinds(records(*names, scenario=scenario), tag)
        assert FIELDS_BY_KIND[names].keys() == by_kind.keys()
        for kind, fields in FIELDS_BY_KIND[names].items():
            assert_fields(by_kind[kind], *fields, ordered=False)


def assert_fields(records, required, optional, *, ordered=True):
    required, optional = required.split(), optional.split()
    for record in records:
        names = [name for name in record if name not in optional]
        assert required == names if ordered else set(required) == set(names)
    assert set(optional) <= {name for record in records for name in record}
    assert not any(all(name in record for record in records) for name in optional)


def test_every_stream_is_checked():
    """No JSON stream of the demo is without a table of fields here."""
    assert set(ALL_STREAMS) - {("distillation", "log")} == FIELDS.keys() | FIELDS_BY_KIND.keys()


@pytest.mark.parametrize(
    ("pipeline", "stream"), [("persona", "attempt"), ("personas", "attempts"), ("crawl", "attempts")]
)
def test_an_unknown_stream_is_refused_at_once(pipeline, stream):
    """The error says what there is, before a line is taken."""
    with pytest.raises(ValueError, match=r"no such .*(there are|has): "):
        demo.lines(pipeline, stream, 1, start=START)


def test_an_unknown_scenario_is_refused_at_once():
    """The error says which scenarios there are, before a line is taken."""
    with pytest.raises(ValueError, match=r"no such scenario `doom` \(there are: healthy, collapse\)"):
        demo.lines("persona", "attempts", 1, start=START, scenario="doom")


class TestVariety:
    def test_of_time_formats(self):
        """Times are ISO 8601 with Z, naive ISO 8601 and epoch milliseconds, as each seed writes them."""
        assert records("persona", "attempts", 2)[1]["ts"] == "2026-01-31T14:32:01.000Z"
        assert records("distillation", "articles", 2)[1]["timestamp"] == "2026-01-31T14:32:01.000000Z"
        assert records("distillation", "session", 2)[1]["ended_at"] == "2026-01-31T14:32:01"
        assert records("crawl", "health", 2)[1]["timestamp"] == "2026-01-31T14:32:01"
        assert records("tagger", "events", 2)[1]["ts"] == START.timestamp() * 1000 + 1000

    def test_of_interval(self):
        """Lines are an interval apart."""
        first, second = records("tagger", "events", 2, interval=timedelta(milliseconds=20))
        assert second["ts"] - first["ts"] == 20

    def test_of_letters(self):
        """Romanian is written as UTF-8, not as escapes."""
        text = "".join(demo.lines("persona", "attempts", 500, start=START))
        assert "piața din Bălți" in text
        assert "\\u" not in text

    def test_of_personas(self):
        """Attempts of a persona are of one stage and numbered from 1, up to 3; what failed has an error, else null."""
        attempts = records("persona", "attempts")
        personas = defaultdict(list)
        for attempt in attempts:
            personas[attempt["run_id"], attempt["persona_id"]].append(attempt)
        numbers = {tuple(each["attempt"] for each in tries) for tries in personas.values()}
        assert {(1,), (1, 2), (1, 2, 3)} == numbers
        assert {1} == {len({each["stage"] for each in tries}) for tries in personas.values()}
        assert {"B", "C", "validation"} == {each["stage"] for each in attempts}
        assert {"success", "fail", "repair"} == {each["status"] for each in attempts}
        assert all((each["status"] == "fail") == (each["error"] is not None) for each in attempts)

    def test_of_articles(self):
        """All filters, providers, numbers of attempts and the six error types occur."""
        articles = records("distillation", "articles")
        assert {"uplifting", "sustainability", "investment-risk"} == {each["filter_name"] for each in articles}
        assert {"gemini", "gpt4", "claude"} == {each["llm_provider"] for each in articles}
        assert {1, 2, 3} == {each["attempts_made"] for each in articles}
        assert {
            None,
            "timeout",
            "json_parse_error",
            "json_extraction_failed",
            "llm_api_error",
            "empty_response",
            "unknown",
        } == {each.get("error_type") for each in articles}

    def test_of_text_articles(self):
        """distillation.log has the two shapes that the seed shows."""
        stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
        success = rf"{stamp} \| INFO     \| SUCCESS \| \w+ \| attempts=\d \| time=\d+\.\d\ds \| repaired=(True|False)"
        failure = rf"{stamp} \| WARNING  \| FAILED  \| \w+ \| error=\w+ \| attempts=\d \| time=\d+\.\d\ds"
        shapes = Counter(
            bool(re.fullmatch(success, line)) - bool(re.fullmatch(failure, line))
            for line in demo.lines("distillation", "log", 1000, start=START)
        )
        assert shapes.keys() == {1, -1}

    def test_of_lectures(self):
        """There are backfills, agreements, possible misses, nulls, and results with and without tags."""
        by_kind = kinds(records("tagger", "events"), "kind")
        finals = by_kind["ensemble_result"]
        reasoned = by_kind["category_reasoning_result"]
        topics = {each["lecture_id"]: each["chosen_ids"] for each in reasoned if each["category"] == "Topic"}
        assert {True, False} == {each["backfill_triggered"] for each in finals}
        assert {0, 1} < {each["agreement_count"] for each in finals}
        assert {0, 1, 2, 3} == {len(each["top3"]) for each in finals}
        assert any(not topics[each["lecture_id"]] and any(i["p"] >= i["pth"] for i in each["top3"]) for each in finals)
        assert None in {each.get("prompt_tokens", 0) for each in reasoned}
        assert len(finals) == len({each["lecture_id"] for each in finals})

    def test_of_crawls(self):
        """There are failures without a response, several hosts, and embeddings that are and are not tried again."""
        failures = records("crawl", "failures", 200)
        assert {None, 200, 404, 503} == {each["response_code"] for each in failures}
        assert len({each["url"].split("/")[2] for each in failures}) > 3
        assert {True, False} == {each["retry_scheduled"] for each in records("crawl", "embedding_failures")}
        assert len({each["method"] for each in records("crawl", "thresholds", 10)}) == 2

    def test_of_jobs(self):
        """Counters that counted nothing are missing, derived gauges too in one wiki, and parts add up to the whole."""
        jobs = kinds(records("clustering", "events", 10_000), "event")["clustering_metrics"]
        assert len({job["wiki_id"] for job in jobs}) > 2
        assert {True, False} == {"total_errors" in job["counters"] for job in jobs}
        assert {True, False} == {"outlier_percentage" in job["gauges"] for job in jobs}
        for job in jobs:
            counters = job["counters"]
            assert counters["pages_processed"] == counters["pages_tagged"] + counters.get("pages_untagged", 0)
            assert job["stage_durations"].keys() == {"clustering", "tag_generation", "propagation"}
