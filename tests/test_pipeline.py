"""What lines told waits for a while only, in every pipeline."""

import pytest

from exporter.metric import Counter
from exporter.pipeline import PENDING_BYTES, Pipeline
from exporter.pipelines.clustering import Clustering, Event
from exporter.pipelines.crawl import Correction, Crawl
from exporter.pipelines.distillation import Article, Distillation
from exporter.pipelines.persona import Persona
from exporter.pipelines.tagger import EnsembleResult, Tagger
from tests.pipelines.attempts import attempt

ARTICLE = Article(
    filter_name="f", llm_provider="p", success=True, attempts_made=1, time_taken_seconds=1.0, json_repaired=False
)


@pytest.mark.parametrize(
    ("pipeline", "stream", "record", "metric"),
    [
        (Persona(), "attempts", attempt(1), "persona_attempts_total"),
        (Distillation(), "articles", ARTICLE, "distillation_attempts_total"),
        (Tagger(), "events", EnsembleResult(lecture_id=1, total_returned=1), "tagger_results_total"),
        (Crawl(), "false_positives", Correction(correct_category="a"), "crawl_corrections_total"),
        (Clustering(), "events", Event(event="a"), "clustering_events_total"),
    ],
)
def test_lines_are_added_though_nobody_looks(pipeline: Pipeline, stream: str, record: object, metric: str):
    """After so many bytes, however many chunks or lines they were."""
    counter = next(each for each in pipeline.metrics if isinstance(each, Counter) and each.name == metric)
    values = []
    for _ in range(8):
        pipeline.take(stream, "/logs/a.log", [record], PENDING_BYTES // 4)
        values.append(sum(cell[0] for cell in counter.cells.values()))

    assert [0, 0, 0, 4, 4, 4, 4, 8] == values
