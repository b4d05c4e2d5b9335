"""What a line costs is guarded without a clock: in bytecodes, which are the same on a fast machine and a busy one."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter import config, demo
from exporter.engine import Engine
from exporter.pipeline import discover
from tests.bytecodes import bytecodes

LINES = 1000
KINDS = discover()
MOST = {
    "persona.attempts": 410,
    "distillation.articles": 95,
    "distillation.log": 330,
    "tagger.events": 280,
    "crawl.metadata": 180,
    "crawl.failures": 85,
    "crawl.false_positives": 25,
    "crawl.false_negatives": 25,
    "crawl.embedding_failures": 140,
    "crawl.thresholds": 90,
    "crawl.health": 10,
    "clustering.events": 105,
}
"""Bytecodes for a line, twice what it takes: other versions of Python need some more or fewer."""
MOST_OF_A_JOB = 640
"""Likewise for a line of metrics in clustering's log."""
TORN = '{"torn": '


def folding(path: Path, stream: str, lines: list[str]) -> int:
    """The bytecodes that it takes to read, decode and fold lines of a log."""
    path.write_text("".join(f"{line}\n" for line in lines))
    engine = Engine(config.with_logs(None, [f"{stream}={path}"], pipelines=KINDS), KINDS)
    engine.scan(settled=True)

    def fold() -> None:
        for _ in engine.read_all():
            pass
        engine.settle()

    try:
        return bytecodes(fold)
    finally:
        engine.close()


def a_line(tmp_path: Path, stream: str, change: Callable[[list[str]], list[str]] = list) -> float:
    """The bytecodes for one line more."""
    pipeline, _, name = stream.partition(".")
    lines = change(list(demo.lines(pipeline, name, 2 * LINES, start=datetime(2026, 1, 31, tzinfo=UTC))))
    half = len(lines) // 2
    fewer, more = (folding(tmp_path / f"{count}.log", stream, lines[:count]) for count in (half, 2 * half))
    return (more - fewer) / half


@pytest.mark.parametrize("stream", MOST)
def test_a_line_costs_no_more_than_it_should(tmp_path, stream):
    """Reading, decoding, folding and settling; what it costs to begin is left out."""
    assert MOST[stream] > a_line(tmp_path, stream)


def test_a_refused_line_costs_the_lines_around_it_nothing(tmp_path):
    """One in a hundred is torn."""

    def torn(lines: list[str]) -> list[str]:
        return [TORN if at % 100 == 50 else line for at, line in enumerate(lines)]

    assert 1.2 * a_line(tmp_path, "persona.attempts") > a_line(tmp_path, "persona.attempts", torn)


def test_a_jobs_line_costs_no_more_than_it_should(tmp_path):
    """It adds to some thirty series, and shows twelve figures if it is its wiki's last."""

    def jobs(lines: list[str]) -> list[str]:
        return [line for line in lines if '"clustering_metrics"' in line] * 10

    assert MOST_OF_A_JOB > a_line(tmp_path, "clustering.events", jobs)


def test_runs_that_take_turns_cost_little_more_than_one(tmp_path):
    """Two runs in one log, line by line."""

    def turns(lines: list[str]) -> list[str]:
        return [line.replace('"run_id": "', '"run_id": "other_', at % 2) for at, line in enumerate(lines)]

    assert 1.5 * a_line(tmp_path, "persona.attempts") > a_line(tmp_path, "persona.attempts", turns)


def test_a_field_that_nobody_knows_costs_little_in_every_line(tmp_path):
    """Lines are not refused one by one for it."""

    def extended(lines: list[str]) -> list[str]:
        return [line.replace('"run_id"', '"host": "h", "run_id"') for line in lines]

    assert 1.1 * a_line(tmp_path, "persona.attempts") > a_line(tmp_path, "persona.attempts", extended)
