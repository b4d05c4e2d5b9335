"""What lines are counted: one log for each pipeline, the demo's lines, clean or with bad ones among them.

The ways to count them are in `benchmarks.ways`, mtail's programs in `benchmarks/programs`, both by the pipeline's name.
"""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from benchmarks import logs
from benchmarks.child import usage_of
from benchmarks.ways.counted import Counted, told_by
from exporter.pipeline import discover

MTAIL = shutil.which("mtail")
PROGRAMS = Path(__file__).with_name("programs")
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""The values of samples, by name and labels."""
BAD_EVERY = 100
"""One line in so many is bad."""


class Subject(NamedTuple):
    """A kind of log. Of each way to count it `page` says where the exposition is written."""

    title: str
    stream: str
    """As `PIPELINE.STREAM`."""
    lines: Callable[[int], Iterator[str]]
    at_most: float | None = None
    """The target: so many times the bare decode."""
    why: str = ""
    """What takes so long, where it is missed."""
    share: float = 1.0
    """How many lines are measured, by those of other subjects."""

    @property
    def pipeline(self) -> str:
        """Its name."""
        return self.stream.partition(".")[0]

    def write(self, directory: Path, count: int, *, bad: bool = False) -> Path:
        """Writes a log of so many lines by its share."""
        made = self.lines(max(1, round(count * self.share)))
        if bad:
            pipeline, _, stream = self.stream.partition(".")
            made = logs.spoiled(made, BAD_EVERY, discover()[pipeline].streams[stream].time or "")
        return logs.write(directory / f"{self.stream}{'.bad' if bad else ''}.log", made)

    def exporter(self, log: Path, page: Path) -> Counted:
        """The exporter's way."""
        return told_by("exporter", f"{self.stream}={log}", page)

    def bare(self, log: Path, source: str = "disk") -> Counted:
        """Decoding alone, of what is read meanwhile, or of what is in `memory` already."""
        return told_by("bare", self.stream, log, source)

    def naive(self, log: Path, page: Path, lines: int) -> Counted:
        """json and the Prometheus client's objects, for the first lines."""
        return told_by("naive", self.pipeline, log, lines, page)

    def mtail(self, log: Path, page: Path, lines: int, program: str = "") -> Counted:
        """A whole mtail, that counts so many lines by its program for the pipeline, or by another one."""
        file = PROGRAMS / f"{program or self.pipeline}.mtail"
        once = [MTAIL or "mtail", "--one_shot", "--one_shot_format", "prometheus", "--emit_prog_label=false"]
        usage = usage_of([*once, "--progs", str(file), "--logs", str(log)], page)
        return Counted(usage.seconds, lines, peak_bytes=usage.peak_bytes)


SUBJECTS = (
    Subject(
        "persona",
        "persona.attempts",
        logs.persona_lines,
        at_most=2.2,
        why="Scores, constraints and anchors are lists and objects, gone through in Python, and every text is hashed.",
    ),
    Subject(
        "distillation",
        "distillation.articles",
        partial(logs.lines, "distillation", "articles"),
        at_most=2.5,
        why="A short line is decoded so fast that splitting, checking and counting it in Python weigh more.",
    ),
    Subject(
        "tagger",
        "tagger.events",
        partial(logs.lines, "tagger", "events", ids='"lecture_id": "lec_'),
        at_most=2.5,
        why="Each line is told apart by its kind, and joined by its lecture in Python.",
    ),
    Subject(
        "crawl, pages",
        "crawl.metadata",
        partial(logs.lines, "crawl", "metadata"),
        at_most=2.5,
        why="Three histograms and the tags of each line are gone through in Python.",
    ),
    Subject(
        "clustering",
        "clustering.events",
        partial(logs.lines, "clustering", "events"),
        at_most=2.5,
        why="A short event is decoded so fast that telling its kind and counting it in Python weigh more. A job's line "
        "changes some thirty series.",
    ),
    Subject(
        "clustering, job lines alone",
        "clustering.events",
        partial(logs.lines, "clustering", "events", having='"clustering_metrics"'),
        share=0.25,
    ),
)
"""Those that are compared with every other way."""

OTHERS = tuple(
    Subject(f"crawl, {stream.replace('_', ' ')}", f"crawl.{stream}", partial(logs.lines, "crawl", stream), share=0.5)
    for stream in ("failures", "false_positives", "embedding_failures", "thresholds", "health")
)
"""Those that are compared with the bare decode alone: small logs beside the pages."""


def totals(page: Path) -> Samples:
    """Every sample of an exposition's counters and histograms that is not 0."""
    return {
        (sample.name, frozenset(_comparable(sample.labels))): sample.value
        for family in text_string_to_metric_families(page.read_text(encoding="utf-8"))
        if family.type in ("counter", "histogram")
        for sample in family.samples
        if sample.value
    }


def _comparable(labels: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Labels, a bucket's bound as the number that it is."""
    for name, value in labels.items():
        yield name, str(float(value)) if name == "le" else value
