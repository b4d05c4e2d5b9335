"""`python -m benchmarks` runs what is named, prints what it finds, and writes the page of a whole run."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.__main__ import BENCHMARKS, PAGE, Benchmark, main, measured
from benchmarks.figure import Figure, Found, Sizes
from benchmarks.report import Section


def test_benchmark_that_fails_is_a_row():
    """The others are still shown, and the exit code stays 0."""

    def fail(directory: Path, sizes: Sizes) -> Found:
        """Fails."""
        raise OSError("no room")

    assert measured(Benchmark("Failing", fail), Sizes()) == Section(
        "Failing", "Fails.", [Figure("**failed**", None, note="no room")]
    )


def command(monkeypatch, tmp_path, *arguments: str) -> Result:
    """Runs the command with one benchmark, that finds one figure, and a page of its own."""

    def found(directory: Path, sizes: Sizes) -> Found:
        """Finds."""
        return [Figure("found", 1.0)]

    monkeypatch.setattr("benchmarks.__main__.PAGE", tmp_path / "performance.md")
    monkeypatch.setattr("benchmarks.__main__.BENCHMARKS", {"idle": Benchmark("Idle", found)})
    return CliRunner().invoke(main, arguments)


def test_whole_run_prints_and_writes_the_page(monkeypatch, tmp_path):
    """What is printed and what is written are the same."""
    result = command(monkeypatch, tmp_path)
    assert (0, (tmp_path / "performance.md").read_text()) == (result.exit_code, result.stdout)
    assert "| found | 1 |" in result.stdout


@pytest.mark.parametrize("arguments", [("--quick",), ("idle",)])
def test_other_runs_only_print(monkeypatch, tmp_path, arguments):
    """Neither small sizes nor a part of the benchmarks take the place of a whole run."""
    assert 0 == command(monkeypatch, tmp_path, *arguments).exit_code
    assert not (tmp_path / "performance.md").exists()


def test_any_run_can_be_written_elsewhere(monkeypatch, tmp_path):
    """`--out` says where."""
    result = command(monkeypatch, tmp_path, "--quick", "--out", str(tmp_path / "here.md"))
    assert result.stdout == (tmp_path / "here.md").read_text()


def test_interrupted_run_writes_nothing(monkeypatch, tmp_path):
    """It ends with one line and the exit code of an interrupt."""

    def interrupted(benchmark: Benchmark, sizes: Sizes) -> Section:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.__main__.measured", interrupted)
    result = command(monkeypatch, tmp_path)
    assert (130, "interrupted, nothing is written\n", "") == (result.exit_code, result.stderr, result.stdout)
    assert not (tmp_path / "performance.md").exists()


def test_unknown_benchmark_is_refused():
    """The error lists those that there are."""
    result = CliRunner().invoke(main, ["speed"])
    assert 2 == result.exit_code
    assert all(name in result.output for name in BENCHMARKS)


def test_page_has_a_section_for_each_benchmark():
    """What lies in the repository is of a whole run of all that there are, in their order."""
    sections = [line.removeprefix("## ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "## "]
    titles = [benchmark.title for benchmark in BENCHMARKS.values()]
    assert ["How it is measured", "Targets", *titles, "What the floor is"] == sections
