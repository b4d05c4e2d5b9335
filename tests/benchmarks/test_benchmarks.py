"""Every benchmark runs at a tiny size and finds what it promises. How fast anything is, is not for tests to say."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import cut, history, holdup, logs, persona, scrape, serving
from benchmarks.__main__ import BENCHMARKS, main, measured
from benchmarks.figure import Figure, Sizes, table
from tests.tools import find

TINY = Sizes(
    lines=2_000,
    naive_lines=100,
    repeats=1,
    demo_lines=200,
    settle_seconds=0,
    watch_seconds=0.1,
    scrape_every=0.05,
    runs=1,
    counters=50,
    scrapes=1,
    cuts=2,
    naive_cuts=1,
    fresh_seconds=0,
    history_lines=1_000,
    history_demo_lines=100,
)


def whats(figures: list[Figure]) -> list[str]:
    return [figure.what for figure in figures]


def test_persona_compares_the_exporter_with_the_naive_way(tmp_path):
    """The fold is measured against its target, and beside ways that count the same lines."""
    figures = persona.run(tmp_path, TINY, mtail=None)
    assert "naive way ÷ exporter" in whats(figures)
    assert all(figure.value for figure in figures if figure.what != "mtail ÷ exporter")


def test_missing_mtail_is_said_loudly(tmp_path):
    """Without mtail the ratio is a row without a value that says how to get it."""
    first = persona.run(tmp_path, TINY, mtail=None)[0]
    assert ("mtail ÷ exporter", None, "not measured") == (first.what, first.value, first.met)
    assert "apt-get install mtail" in first.note


def test_mtail_counts_the_same_attempts(tmp_path, mtail):
    """The comparison is one of like with like."""
    first = persona.run(tmp_path, TINY, mtail=mtail)[0]
    assert "CPU time, both count the same attempts" == first.note


@pytest.fixture
def mtail():
    return find("mtail")


def test_idle_measures_memory_and_cpu(tmp_path):
    """All five pipelines are served from demo logs."""
    assert ["resident memory", "CPU, no scrapes"] == whats(serving.idle(tmp_path, TINY))[:2]


def test_following_appends_to_a_served_log(tmp_path):
    """What the target is for comes first."""
    assert "CPU at 1,000 lines/s" == serving.following(tmp_path, TINY)[0].what


def test_scrape_fetches_every_format(tmp_path):
    """The persona runs in four formats, the many counters in one."""
    assert [f"GET /metrics, {name}" for name in [*scrape.FORMATS, "classic"]] == whats(scrape.run(tmp_path, TINY))


def test_hold_up_scrapes_while_a_log_is_read(tmp_path):
    """What the target is for comes first."""
    assert "longest hold-up of following" == holdup.run(tmp_path, TINY)[0].what


def test_cut_compares_the_exporter_with_the_naive_way(tmp_path):
    """Both ways write the same lines, whose number is told; every step of both is measured."""
    figures = {figure.what: figure for figure in cut.run(tmp_path, TINY)}
    for name in ("mix", "labelled counters"):
        found = [figures[f"{name}: {step}"].value for step in (*cut.PAGE, *cut.NAIVE, "naive way ÷ exporter")]
        assert all(found)
        assert figures[f"{name}: the naive way"].note.startswith("the same lines, ")
        assert cut.LIMIT_MS == figures[f"{name}: snapshot and text"].at_most


def test_persona_lines_fill_runs_one_after_the_other():
    """Retries stay with their persona; a run ends with its last persona."""
    lines = list(logs.persona_lines(300, run_personas=100))
    runs = [line.partition('"run_id": "')[2][:12] for line in lines]
    assert sorted(set(runs)) == sorted(set(runs), key=runs.index)
    assert 3 == len(set(runs))


def test_table_says_which_targets_are_met():
    """A figure without a target has neither; one without a value was not measured."""
    figures = [
        Figure("cost", 5.0, "µs", at_most=4),
        Figure("ratio", 3.0, "times", at_least=3),
        Figure("share", 0.1, "%"),
        Figure("gone", None, at_least=3),
    ]
    assert table([("x", figure) for figure in figures]).splitlines()[2:] == [
        "| x | cost | 5 µs | ≤ 4 µs | **NO** |  |",
        "| x | ratio | 3 times | ≥ 3 times | yes |  |",
        "| x | share | 0.1 % |  |  |  |",
        "| x | gone | missing | ≥ 3 | not measured |  |",
    ]


def test_benchmark_that_fails_is_a_row():
    """The others are still shown, and the exit code stays 0."""

    def fail(directory: Path, sizes: Sizes) -> list[Figure]:
        raise OSError("no room")

    (figure,) = measured(fail, TINY)
    assert ("**failed**", "no room") == (figure.what, figure.note)


def test_unknown_benchmark_is_refused():
    """The error lists those that there are."""
    result = CliRunner().invoke(main, ["speed"])
    assert 2 == result.exit_code
    assert all(name in result.output for name in BENCHMARKS)


def test_history_is_read_by_one_process_and_by_two(tmp_path):
    """Both print the same; logs as small as these are read by one process in any case."""
    figures = history.run(tmp_path, TINY)
    assert [1.7, None] == [figure.at_least for figure in figures if "÷" in figure.what]
    assert all("the same bytes printed" in figure.note for figure in figures if "÷" in figure.what)
