"""Every metric of the five pipelines equals an independent recount of the same logs, line by line in plain Python.

Whole numbers are compared exactly, ratios and slopes to nine digits. Bucket bounds are read from the exposition: the
goldens say which they are, this says what is in them. The goldens are recounted as well.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
import yaml

from tests.exposition import ROOT, Family, families, key, once
from tests.golden import golden

from . import clustering, crawl, distillation, persona, tagger
from .arithmetic import Found
from .logs import LOGS
from .reading import read
from .rough import Logs
from .witness import GAUGE, METRICS

BATCH_SIZES = (7, 100, 10_500)
"""The last holds more lines than the exporter lets wait before it adds them up."""
IN_TWO_LOGS = "2K_spread"
"""A run whose lines are in both logs: its batches are per log, so its gauges are of whichever closed one last."""
OF_ALL_LOGS = "persona_run_progress_ratio"
"""The gauge that is not."""
OF_ONE_LOG = {name for name, (kind, _) in METRICS["persona"].items() if kind == GAUGE} - {OF_ALL_LOGS}

RECOUNTS: dict[str, Callable[[Logs], Found]] = {
    "distillation": distillation.recount,
    "tagger": tagger.recount,
    "crawl": crawl.recount,
    "clustering": clustering.recount,
}
LONG = [*(f"persona by {size}" for size in BATCH_SIZES), *RECOUNTS]
SUBJECTS = [*LONG, *(f"{pipeline} golden" for pipeline in METRICS)]
EVERY_METRIC = [(subject, metric) for subject in SUBJECTS for metric in METRICS[subject.split()[0]]]


@dataclass
class Subject:
    """One pipeline with one setting: its logs, what `once` prints of them, and what a recount finds in them."""

    pipeline: str
    logs: Logs
    options: list[str]
    text: str
    shown: dict[str, Family]
    found: Found

    def numbers(self, metric: str) -> dict[str, float]:
        """The samples that the exposition should have of a metric."""
        names = METRICS[self.pipeline][metric][1].split()
        return self.found.samples(metric, names, self.shown[metric].bounds)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """Gives a subject by name, `PIPELINE [by BATCH SIZE]` or `PIPELINE golden`; each is read once."""

    @cache
    def generated(pipeline: str) -> Logs:
        return LOGS[pipeline](tmp_path_factory.mktemp(pipeline))

    @cache
    def get(name: str) -> Subject:
        pipeline, _, size = name.partition(" by ")
        if name.endswith(" golden"):
            pipeline = pipeline.removesuffix(" golden")
            options, logs, size = [], *sampled(pipeline)
            text = golden(pipeline).read_text(encoding="utf-8")
        else:
            logs = generated(pipeline)
            options = batches_of(int(size), tmp_path_factory.mktemp("config")) if size else []
            text = once(*options, *arguments(pipeline, logs))
        found = RECOUNTS[pipeline](logs) if pipeline in RECOUNTS else persona.recount(logs, int(size))
        return Subject(pipeline, logs, options, text, families(text), found)

    return get


def batches_of(size: int, folder: Path) -> list[str]:
    """The options that set the size of a batch."""
    config = folder / "config.yml"
    config.write_text(f"pipelines: {{persona: {{attempts: unused.log, batch_size: {size}}}}}\n")
    return ["--config", str(config)]


def sampled(pipeline: str) -> tuple[Logs, str]:
    """The logs of a golden, and the size of its batches."""
    settings = yaml.safe_load((golden(pipeline).parent / "config.yml").read_text())["pipelines"][pipeline]
    size = settings.pop("batch_size", "")
    paths = {stream: [given] if isinstance(given, str) else given for stream, given in settings.items()}
    return {stream: [ROOT / path for path in given] for stream, given in paths.items()}, size


def arguments(pipeline: str, logs: Logs) -> list[str]:
    """The logs as `once` takes them."""
    return [f"{pipeline}.{stream}={path}" for stream, paths in logs.items() for path in paths]


def of_one_log(samples: dict[str, float], metric: str) -> dict[str, float]:
    """The samples, but the gauges of one log of the run that is in two."""
    if metric not in OF_ONE_LOG:
        return samples
    return {name: value for name, value in samples.items() if f'run_id="{IN_TWO_LOGS}"' not in name}


@pytest.mark.parametrize(("name", "metric"), EVERY_METRIC)
def test_a_metric_equals_its_recount(subject, name, metric):
    """The exposition has the samples of a recount and no others, with the same values."""
    expected = of_one_log(subject(name).numbers(metric), metric)
    shown = of_one_log(subject(name).shown[metric].samples, metric)

    assert expected.keys() == shown.keys()
    for sample, value in expected.items():
        exact = isinstance(value, int)
        assert value == (shown[sample] if exact else pytest.approx(shown[sample], rel=1e-9)), sample


@pytest.mark.parametrize(("pipeline", "metric"), [(name, metric) for name in METRICS for metric in METRICS[name]])
def test_a_recount_is_not_vacuous(subject, pipeline, metric):
    """The logs hold something for every metric."""
    recounts = [of_one_log(subject(name).numbers(metric), metric) for name in SUBJECTS if name.startswith(pipeline)]

    assert any(chain.from_iterable(recount.values() for recount in recounts))


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_line_is_a_record_or_skipped_or_rejected_with_the_recounts_reason(subject, name):
    """Lines, records, skipped lines, rejections by reason and bytes of every stream are those of the files."""
    this = subject(name)
    for stream, paths in this.logs.items():
        of = {"pipeline": this.pipeline, "stream": stream}
        outcomes = Counter(record=len(paths)) if stream == "session" else read(f"{this.pipeline}.{stream}", paths)[1]
        rejected = Counter(outcomes)
        records, skipped = rejected.pop("record"), rejected.pop("skipped", 0)

        assert outcomes.total() == itself(this, "lines_total", **of)
        assert records == itself(this, "records_total", **of)
        assert skipped == itself(this, "skipped_lines_total", **of)
        assert sum(path.stat().st_size for path in paths) == itself(this, "bytes_total", **of)
        for reason in set(rejected) | {"too_long"}:
            assert rejected[reason] == itself(this, "rejected_lines_total", **of, reason=reason), reason


@pytest.mark.parametrize("pipeline", METRICS)
def test_the_logs_are_long_and_bad_in_every_way(subject, pipeline):
    """A pipeline's logs have 20 000 lines or more, and each of the reasons that they can have."""
    this = subject(next(name for name in LONG if name.startswith(pipeline)))
    outcomes = sum((read(f"{pipeline}.{stream}", paths)[1] for stream, paths in this.logs.items()), Counter())
    reasons = {"invalid_utf8", "invalid_json", "wrong_type", "missing_field", "out_of_range"}

    assert outcomes.total() >= 20_000
    assert reasons | {"record", "skipped"} <= outcomes.keys()


@pytest.mark.parametrize("pipeline", METRICS)
def test_the_metrics_are_those_of_the_design(subject, pipeline):
    """The exposition has the pipeline's metrics with their types and label names, and no others but its own."""
    metrics: dict[str, tuple[str, set[str]]] = {}
    for name in SUBJECTS:
        if name.startswith(pipeline):
            for metric, family in subject(name).shown.items():
                metrics[metric] = family.type, metrics.get(metric, ("", set()))[1] | family.labels
    expected = {metric: (kind, set(labels.split())) for metric, (kind, labels) in METRICS[pipeline].items()}

    assert expected == {name: what for name, what in metrics.items() if not name.startswith("pipeline_exporter_")}


@pytest.mark.parametrize("name", ["persona by 100", *RECOUNTS])
def test_the_order_of_two_logs_does_not_matter(subject, name):
    """Logs named the other way round give the same exposition, byte for byte."""
    this = subject(name)
    backwards = once(*this.options, *reversed(arguments(this.pipeline, this.logs)))

    assert settled(this.text) == settled(backwards)


def settled(text: str) -> list[str]:
    """The lines of an exposition, without the gauges of one log of the run that is in two."""
    gauges = tuple(OF_ONE_LOG)
    return [line for line in text.splitlines() if IN_TWO_LOGS not in line or not line.startswith(gauges)]


def test_each_drift_signal_is_on_for_one_run_and_off_for_another(subject):
    """The recount sees every signal both ways."""
    drift = subject("persona by 100").found.numbers["persona_drift_detected"]

    for signal in ("repairs", "variety", "positivity"):
        assert {0, 1} == {value for (_, name), value in drift.items() if name == signal}


def test_a_run_in_two_logs_has_batches_per_log(subject):
    """The gauges of such a run are those of one of its logs."""
    this = subject("persona by 100")
    each = [persona.recount({"attempts": [path]}, 100).numbers for path in this.logs["attempts"]]
    for metric in ("persona_batch_attempts", "persona_batch_latency_mean_seconds"):
        shown = this.shown[metric].samples[key(metric, run_id=IN_TWO_LOGS)]

        assert any(numbers[metric][IN_TWO_LOGS,] == pytest.approx(shown, rel=1e-9) for numbers in each)


def itself(this: Subject, name: str, **labels: str) -> float:
    """A figure of the exporter about its own reading."""
    metric = f"pipeline_exporter_{name}"
    return this.shown[metric].samples[key(metric, **labels)]
