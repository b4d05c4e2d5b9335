"""The tagger: seed 000's counts, and its joins by lecture."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.pipelines.tagger import Candidate, CategoryResult, EnsembleResult, Tagger, TaggerState
from tests.pipelines.kept import shown, state

Event = CategoryResult | EnsembleResult


def tagger(*records: Event, cap: int = 2000) -> Tagger:
    """A tagger that observed these records."""
    pipeline = Tagger(series_cap=cap)
    pipeline.observe("events", "tagger.ndjson", list(records))
    return pipeline


def chose(*ids: str, lecture: str | int = "L1", category: str = "Topic", **more: Any) -> CategoryResult:
    """A category result."""
    return CategoryResult(lecture_id=lecture, category=category, model="gpt", chosen_ids=list(ids), **more)


def returned(tags: int, *top3: Candidate, lecture: str | int = "L1", **more: Any) -> EnsembleResult:
    """An ensemble result."""
    return EnsembleResult(lecture_id=lecture, total_returned=tags, top3=list(top3), **more)


STRONG = Candidate(combined=0.5, r=0.0, p=0.7, pth=0.6)
WEAK = Candidate(combined=0.5, r=0.0, p=0.5, pth=0.6)


def test_the_seeds_lines_are_records() -> None:
    """What seed 000's two calls of log_line write is folded, null tokens and unused fields included."""
    lines = (
        '{"kind": "category_reasoning_result", "lecture_id": "L-17", "category": "Topic", "model": "gpt-4o-mini",'
        ' "chosen_ids": ["ml"], "confidence": {"ml": 0.9}, "rationales_count": 1, "prompt_tokens": null,'
        ' "latency_ms": null, "ts": 1769869921234}',
        '{"kind": "ensemble_result", "lecture_id": "L-17", "backfill_triggered": false, "agreement_count": 1, "top3":'
        ' [{"label_id": "ml", "combined": 0.82, "r": 0.9, "p": 0.7, "pth": 0.6}], "total_returned": 4, "ts": 1}',
    )
    pipeline = tagger(*(msgspec.json.decode(line, type=Event) for line in lines))

    assert {("Topic", "gpt-4o-mini", "chosen"): 1, ("Topic", "gpt-4o-mini", "empty"): 0} == shown(
        pipeline, "tagger_category_results_total"
    )
    assert {(): 1} == shown(pipeline, "tagger_lectures_covered")


def test_category_results_count_by_outcome_and_both_are_born() -> None:
    """An empty choice is counted apart, and either outcome shows as 0 from the first result on."""
    assert {
        ("Topic", "gpt", "chosen"): 1,
        ("Topic", "gpt", "empty"): 1,
        ("Level", "gpt", "chosen"): 0,
        ("Level", "gpt", "empty"): 1,
    } == shown(tagger(chose("ml"), chose(), chose(category="Level")), "tagger_category_results_total")


def test_time_tokens_and_confidence_are_counted_where_they_are_logged() -> None:
    """A result without them adds nothing; fractions of a millisecond count."""
    pipeline = tagger(
        chose("a", latency_ms=640.5, prompt_tokens=800, confidence={"a": 0.9, "b": 0.25}),
        chose("a", latency_ms=359.5, prompt_tokens=200),
        chose("a"),
    )

    assert {("Topic", "gpt"): (2, 1.0)} == shown(pipeline, "tagger_category_duration_seconds")
    assert {("Topic", "gpt"): 1000} == shown(pipeline, "tagger_tokens_total")
    assert {("Topic",): (2, 1.15)} == shown(pipeline, "tagger_confidence")


def test_ensemble_results_are_counted() -> None:
    """Results, those with a tag, backfills, agreements and tags add up."""
    pipeline = tagger(returned(4, agreement_count=2), returned(0, backfill_triggered=True), returned(1))

    assert {(): 3} == shown(pipeline, "tagger_results_total")
    assert {(): 2} == shown(pipeline, "tagger_covered_results_total")
    assert {(): 1} == shown(pipeline, "tagger_backfills_total")
    assert {(): 2} == shown(pipeline, "tagger_agreements_total")
    assert {(): (3, 5)} == shown(pipeline, "tagger_tags_returned")


def test_the_top_score_is_of_the_first_of_top3() -> None:
    """The best tag's scores are observed by component; one below 0 counts as 0, so that no sum ever falls."""
    best = Candidate(combined=0.75, r=0.5, p=-0.25)

    assert {("combined",): (1, 0.75), ("reasoning",): (1, 0.5), ("prototype",): (1, 0)} == shown(
        tagger(returned(2, best, STRONG)), "tagger_top_score"
    )


def test_lectures_are_absent_before_the_first() -> None:
    """A tagger that saw no lecture shows no number of lectures."""
    for name in ("tagger_lectures", "tagger_lectures_covered", "tagger_possible_misses"):
        assert {} == shown(Tagger(), name)


def test_a_lecture_counts_once_and_its_last_result_says_whether_it_is_covered() -> None:
    """Several lines of one lecture are one lecture; a later empty result uncovers it."""
    pipeline = tagger(chose("a"), returned(2), chose(lecture="L2"), returned(3, lecture="L2"))
    assert ({(): 2}, {(): 2}) == (shown(pipeline, "tagger_lectures"), shown(pipeline, "tagger_lectures_covered"))

    pipeline.observe("events", "tagger.ndjson", [returned(0)])
    assert ({(): 2}, {(): 1}) == (shown(pipeline, "tagger_lectures"), shown(pipeline, "tagger_lectures_covered"))


@pytest.mark.parametrize(
    ("misses", "records"),
    [
        (1, [chose(), returned(3, STRONG)]),
        (1, [returned(3, WEAK, STRONG), chose()]),
        (1, [returned(3, STRONG)]),
        (1, [chose("a", category="Level"), returned(3, STRONG)]),
        (1, [chose("a"), chose(), returned(3, STRONG)]),
        (1, [returned(3, Candidate(p=1.0))]),
        (1, [returned(3, Candidate(pth=0.0))]),
        (0, [returned(3, Candidate(p=0.99))]),
        (0, [returned(3, Candidate())]),
        (0, [chose("a"), returned(3, STRONG)]),
        (0, [chose(), returned(3, WEAK)]),
        (0, [chose(), returned(3)]),
        (0, [chose()]),
        (0, [returned(3, STRONG), returned(3, WEAK)]),
        (0, [chose("a"), returned(3, STRONG), chose("a", lecture="L2"), chose(lecture="L2")]),
    ],
)
def test_a_possible_miss_is_a_strong_tag_without_a_topic(misses: int, records: list[Event]) -> None:
    """Seed 000's rule: no Topic in the last choice, and p ≥ pth in the last top3, 0 and 1 where they are missing."""
    assert {(): misses} == shown(tagger(*records), "tagger_possible_misses")


EVENTS = st.lists(
    st.builds(
        chose,
        lecture=st.sampled_from(["L1", "L2", 1]),
        category=st.sampled_from(["Topic", "Level", "Form", "Use", "Age"]),
        latency_ms=st.sampled_from([None, 5.0]),
        prompt_tokens=st.sampled_from([None, 7]),
        confidence=st.sampled_from([None, {"a": 0.3}]),
    )
    | st.builds(returned, st.integers(0, 2), st.sampled_from([WEAK, STRONG]), lecture=st.sampled_from(["L1", "L2", 1])),
    max_size=20,
)


@given(EVENTS, EVENTS)
def test_chunks_do_not_matter(first: list[Event], second: list[Event]) -> None:
    """Record by record or all at once, also over the cap of series, a tagger knows the same."""
    one_by_one = Tagger(series_cap=3)
    for at, record in enumerate(first + second):
        one_by_one.observe("events", "tagger.ndjson", [record])
        if at % 3 == 1:
            one_by_one.settle()

    assert state(one_by_one) == state(tagger(*first, *second, cap=3))


@given(EVENTS, EVENTS)
def test_merging_is_reading_on(first: list[Event], second: list[Event]) -> None:
    """Two taggers that saw a half each make one that saw all."""
    merged = tagger(*first)
    merged.merge(tagger(*second))
    whole = tagger(*first, *second)
    whole.settle()

    assert whole.metrics.state() == merged.metrics.state()


def test_its_state_can_be_stored() -> None:
    """What a tagger remembers comes back from its bytes."""
    remembered = tagger(chose("a"), returned(2, STRONG, lecture=7)).state

    assert remembered == msgspec.msgpack.decode(msgspec.msgpack.encode(remembered), type=TaggerState)
