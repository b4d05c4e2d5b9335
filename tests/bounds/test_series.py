"""Ten thousand different values of one label, through the real engine. RELIABILITY invariants 2, 13 and 15.

Every line of a flood adds the same to what its other labels count, so the ledger is a few lines of it, many times.
"""

import json
from collections import Counter as Counts
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import pytest

from exporter.config import Limits
from exporter.engine import Engine
from exporter.follow import file
from exporter.metric import OTHER, Counter, Gauge, Histogram
from exporter.pipelines import crawl
from tests.engines import KINDS, config, exposition, pipeline, read

LINES = 10_000
CAP = Limits().series_per_metric
MOST = CAP + CAP // 10 + 2
"""What metrics are documented to hold at most."""
SMALL_CHUNK = 5000


class Flood(NamedTuple):
    """A stream, the label that is flooded, and the fields that do so; each line has other fields besides."""

    stream: str
    label: str
    fields: Callable[[str], dict[str, Any]]

    @property
    def pipeline(self) -> str:
        return self.stream.partition(".")[0]


def error(value: str) -> dict[str, Any]:
    return {"status": "fail", "error": f"E{value}: it broke"}


FLOODS = [
    Flood("persona.attempts", "run_id", lambda value: {"run_id": value}),
    Flood("persona.attempts", "stage", lambda value: {"stage": value}),
    Flood("persona.attempts", "status", lambda value: {"status": value}),
    Flood("persona.attempts", "repair", lambda value: {"repairs": [value]}),
    Flood("persona.attempts", "opening_move", lambda value: {"opening_move": value}),
    Flood("persona.attempts", "constraint", lambda value: {"constraint_categories": [value]}),
    Flood("persona.attempts", "validator", lambda value: {"validator_scores": {value: 0.5}}),
    Flood("persona.attempts", "error", error),
    Flood("tagger.events", "category", lambda value: {"category": value}),
    Flood("tagger.events", "model", lambda value: {"model": value}),
    Flood("crawl.metadata", "category", lambda value: {"category": value}),
    Flood("crawl.metadata", "extraction_method", lambda value: {"extraction_method": value}),
    Flood("crawl.metadata", "tag", lambda value: {"tags": [value]}),
    Flood("crawl.failures", "stage", lambda value: {"stage": value}),
    Flood("crawl.failures", "exception_type", lambda value: {"exception_type": value}),
    Flood("crawl.failures", "code", lambda value: {"response_code": value}),
    Flood("crawl.failures", "domain", lambda value: {"url": f"https://{value}.example/page"}),
    Flood("crawl.false_positives", "category", lambda value: {"correct_category": value}),
    Flood("clustering.events", "event", lambda value: {"event": value}),
    Flood("clustering.events", "level", lambda value: {"event": "page_tagged", "level": value}),
    Flood("clustering.events", "wiki_id", lambda value: {"wiki_id": value}),
    Flood("clustering.events", "stage", lambda value: {"stage_durations": {value: 1}}),
    Flood("clustering.events", "type", lambda value: {"counters": {f"{value}_failures": 1}}),
    Flood("distillation.articles", "filter", lambda value: {"filter_name": value}),
    Flood("distillation.articles", "provider", lambda value: {"llm_provider": value}),
    Flood("distillation.articles", "error_type", lambda value: {"success": False, "error_type": value}),
]

WORTH = {"persona_cost_usd_total": 2, "distillation_attempts_total": 2}
"""What an observation adds where that is not 1."""

FEW = 20
ERRORS = ("llm_failures", "llm_timeouts", "parsing_errors", "propagation_conflicts", "database_errors")


def fields(stream: str, side: str) -> dict[str, Any]:
    """A line's other fields, so that each observation adds 1 to what it counts; `side` is left or right."""
    by_stream: dict[str, dict[str, Any]] = {
        "persona.attempts": {
            **{"run_id": f"run_{side}", "stage": side, "status": "success", "latency_ms": 1},
            **{"prompt_tokens": 1, "completion_tokens": 1, "opening_move": side, "repairs": [side]},
        },
        "tagger.events": {
            **{"kind": "category_reasoning_result", "lecture_id": 1, "category": side, "model": side},
            **{"chosen_ids": [1], "confidence": {"1": 0.5}, "prompt_tokens": 1, "latency_ms": 1},
        },
        "crawl.metadata": {
            **{"url": "https://a.example", "score": 0.5, "category": side, "tags": [side], "length": 1},
            **{"threshold_passed": True, "processing_time": 1, "extraction_method": side},
        },
        "crawl.failures": {"url": f"https://{side}.example", "stage": side, "exception_type": side},
        "crawl.false_positives": {"correct_category": side},
        "clustering.events": {
            **{"event": "clustering_metrics", "level": side, "wiki_id": side, "total_duration": 1, "gauges": {}},
            **{
                "counters": dict.fromkeys(ERRORS, 1) | {"pages_tagged": 1, "pages_untagged": 1, "total_tags_applied": 1}
            },
            **{"stage_durations": {side: 1}},
        },
        "distillation.articles": {
            **{"filter_name": side, "llm_provider": side, "success": True, "attempts_made": 2},
            **{"time_taken_seconds": 1, "json_repaired": True},
        },
    }
    return by_stream[stream]


def line(flood: Flood, at: int) -> bytes:
    made = fields(flood.stream, "left" if at % 2 else "right") | flood.fields(f"v{at}")
    return json.dumps(made | {"persona_id": at}).encode() + b"\n"


def observed(metric: Counter | Histogram, cell: list[int]) -> int:
    """How many observations a cell stands for."""
    return sum(cell[:-2]) if isinstance(metric, Histogram) else cell[0] // WORTH.get(metric.name, 1)


def sums(engine: Engine, label: str) -> dict[str, Counts[tuple[str, ...]]]:
    """What each metric counted, by its labels without the flooded one."""
    found: dict[str, Counts[tuple[str, ...]]] = {}
    for metric in pipeline(engine).metrics:
        if not isinstance(metric, Gauge) and metric.name != "persona_batches_total":
            found[metric.name] = Counts()
            for labels, cell in metric.cells.items():
                rest = tuple(value for name, value in zip(metric.labels, labels, strict=True) if name != label)
                found[metric.name][rest] += observed(metric, cell)
    return found


def capped(engine: Engine) -> dict[str, int]:
    """What `pipeline_exporter_series_capped_total` says of the pipeline's counters and histograms."""
    known = {metric.name for metric in pipeline(engine).metrics if not isinstance(metric, Gauge)}
    return {labels[0]: cell[0] for labels, cell in engine.itself.capped.cells.items() if labels[0] in known and cell[0]}


@pytest.mark.parametrize("flood", FLOODS, ids=[f"{flood.stream}:{flood.label}" for flood in FLOODS])
@pytest.mark.invariant(2, 13, 15)
def test_a_flood_in_one_label_leaves_every_sum_right(flood: Flood, tmp_path: Path, monkeypatch) -> None:
    """The series are bounded, what is over the cap is `other` and counted, and the other labels keep their sums; the
    same at another chunk size with a restart in the middle."""
    log = tmp_path / "flood.ndjson"
    lines = [line(flood, at) for at in range(LINES)]
    log.write_bytes(b"".join(lines[:FEW]))
    what = {flood.pipeline: {flood.stream.partition(".")[2]: log}}
    ledger = read(Engine(config(what), KINDS))
    ledger.settle()
    log.write_bytes(b"".join(lines))
    engine = read(Engine(config(what), KINDS))
    text = exposition(engine)
    flooded = [
        metric
        for metric in pipeline(engine).metrics
        if flood.label in metric.labels and not isinstance(metric, Gauge) and len(metric) > CAP
    ]
    assert flooded
    for metric in flooded:
        assert f'{flood.label}="{OTHER}"' in text
        assert MOST >= len(metric)
    expected = sums(ledger, flood.label)
    assert sums(engine, flood.label) == {
        name: Counts({labels: times * (LINES // FEW) for labels, times in counts.items()})
        for name, counts in expected.items()
    }
    assert LINES == engine.itself.records.cell(*what_stream(flood))[0]
    over = {
        metric.name: sum(observed(metric, cell) for labels, cell in metric.cells.items() if OTHER in labels)
        for metric in pipeline(engine).metrics
        if not isinstance(metric, Gauge)
    }
    assert {name: times for name, times in over.items() if times} == capped(engine)
    assert text == read_in_parts(what, log, lines, monkeypatch)


def what_stream(flood: Flood) -> tuple[str, str]:
    name, _, stream = flood.stream.partition(".")
    return name, stream


def read_in_parts(what: dict[str, dict[str, Path]], log: Path, lines: list[bytes], monkeypatch) -> str:
    """The exposition of one who read the same in small chunks, and was stopped twice."""
    monkeypatch.setattr(file, "CHUNK_BYTES", SMALL_CHUNK)
    stored = None
    log.write_bytes(b"")
    for start, end in pairwise((0, CAP - 7, LINES // 2, LINES)):
        with log.open("ab") as appended:
            appended.write(b"".join(lines[start:end]))
        engine = read(Engine(config(what), KINDS, stored=stored))
        engine.settle()
        stored = engine.store()
    return exposition(engine)


@pytest.mark.invariant(2, 13)
def test_a_flood_in_two_labels_leaves_the_total_right(tmp_path: Path) -> None:
    """When a tenth of the cap is spent on series that are other in one label, they are other in all."""
    both = Flood("tagger.events", "", lambda value: {"category": value, "model": f"m{value}"})
    log = tmp_path / "flood.ndjson"
    log.write_bytes(b"".join(line(both, at) for at in range(LINES)))
    engine = read(Engine(config({"tagger": {"events": log}}), KINDS))
    engine.settle()
    results = pipeline(engine).category_results
    assert LINES == sum(cell[0] for cell in results.cells.values())
    assert MOST >= len(results)
    assert 0 < results.cells[OTHER, OTHER, OTHER][0]


@pytest.mark.parametrize(
    ("stream", "gauges", "fields_of"),
    [
        ("crawl.thresholds", ("crawl_threshold", "crawl_threshold_pass_ratio"), lambda value: {"method": value}),
        ("clustering.events", ("clustering_clusters",), lambda value: {"wiki_id": value}),
    ],
)
@pytest.mark.invariant(13)
def test_a_gauge_over_the_cap_is_left_out_and_counted(stream: str, gauges, fields_of, tmp_path: Path) -> None:
    """A last value of `other` would be nobody's."""
    name, _, of = stream.partition(".")
    plain = {"threshold": 0.5, "pass_rate": 0.5, "event": "clustering_metrics", "total_duration": 1}
    plain |= {"counters": {}, "gauges": {"cluster_count": 3}}
    log = tmp_path / "flood.ndjson"
    log.write_bytes(b"".join(json.dumps(plain | fields_of(f"v{at}")).encode() + b"\n" for at in range(LINES)))
    engine = read(Engine(config({name: {of: log}}), KINDS))
    engine.settle()
    for gauge in gauges:
        assert CAP == engine.itself.series.values[gauge,]
        assert LINES - CAP == engine.itself.capped.cells[gauge,][0]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.invariant(2, 13, 15)
def test_runs_over_the_cap_are_counted_as_over_the_cap(size: int, tmp_path: Path, monkeypatch) -> None:
    """Each of their observations, in whatever chunks it came."""
    monkeypatch.setattr(file, "CHUNK_BYTES", size * 200)
    log = tmp_path / "flood.ndjson"
    flood = FLOODS[0]
    log.write_bytes(b"".join(line(flood, at // 2 % 50) for at in range(500)))
    engine = read(Engine(config({"persona": {"attempts": log}}, series_per_metric=20), KINDS))
    engine.settle()
    assert 500 == sum(cell[0] for cell in pipeline(engine).attempts.cells.values())
    counted = capped(engine)
    assert 300 == counted["persona_attempts_total"]
    assert (300, 300) == (counted["persona_repairs_total"], counted["persona_cost_usd_total"])
    assert 2 * 400 == counted["persona_tokens_total"], "two series for each run: ten runs have their own"


def test_a_long_url_is_cut_before_it_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library remembers the last ones whole."""
    seen: list[str] = []

    def take_apart(url: str) -> SplitResult:
        seen.append(url)
        return urlsplit(url)

    monkeypatch.setattr("exporter.pipelines.crawl.urlsplit", take_apart)
    assert "a.example" == crawl.domain("https://A.example/" + "x" * 1_000_000)
    assert [crawl.URL_CHARACTERS] == [len(url) for url in seen]


def test_what_a_long_name_had_is_forgotten_too() -> None:
    """A series is found by what its label became."""
    gauge = Gauge("errors", "", ("filter", "type"), cap=10)
    name = "line\n" + "x" * 200
    gauge.set(1, name, "timeout")
    gauge.discard_where("filter", name)
    assert 0 == len(gauge)
