"""What lines told waits for a while only."""

import pytest

from exporter.pending import PENDING_CHUNKS, Pending
from exporter.pipeline import Pipeline
from exporter.pipelines.clustering import Clustering, Event
from exporter.pipelines.crawl import Correction, Crawl
from exporter.pipelines.distillation import Article, Distillation
from exporter.pipelines.tagger import EnsembleResult, Tagger

ARTICLE = Article(
    filter_name="f", llm_provider="p", success=True, attempts_made=1, time_taken_seconds=1.0, json_repaired=False
)


def test_as_many_chunks_wait_as_may():
    """Each that is told of counts, and the last one fills it."""
    pending = Pending()

    assert [False] * (PENDING_CHUNKS - 1) + [True] == [pending.is_full() for _ in range(PENDING_CHUNKS)]


@pytest.mark.parametrize(
    ("pipeline", "stream", "record", "metric"),
    [
        (Distillation(), "articles", ARTICLE, "distillation_attempts_total"),
        (Tagger(), "events", EnsembleResult(lecture_id=1, total_returned=1), "tagger_results_total"),
        (Crawl(), "false_positives", Correction(correct_category="a"), "crawl_corrections_total"),
        (Clustering(), "events", Event(event="a"), "clustering_events_total"),
    ],
)
def test_lines_are_added_though_nobody_looks(pipeline: Pipeline, stream: str, record: object, metric: str):
    """After so many chunks."""
    counter = next(each for each in pipeline.metrics if each.name == metric)
    values: list[float] = []
    for _ in range(PENDING_CHUNKS):
        pipeline.observe(stream, "/logs/a.log", [record])
        values.append(sum(counter.numbers()))

    assert [0] * (PENDING_CHUNKS - 1) + [PENDING_CHUNKS] == values
