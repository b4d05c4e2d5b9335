"""The page tells what was measured, against which targets, and why those are missed that are."""

from benchmarks.figure import Figure, Table
from benchmarks.report import Machine, Section, page


def section(title: str, *found: Figure | Table) -> Section:
    return Section(title, "What it measures.", found)


def shown(*sections: Section, quick: bool = False) -> str:
    return page(sections, Machine("a machine", "Python 3", 0.0), quick=quick)


def test_section_says_which_targets_are_met():
    """A figure without a target has neither; one without a value was not measured."""
    text = shown(
        section(
            "Cost",
            Figure("cost", 5.0, "µs", at_most=4),
            Figure("ratio", 3.0, "times", at_least=3),
            Figure("share", 0.1, "%", note="of all"),
            Figure("gone", None, at_least=3),
        )
    )
    assert text.partition("## Cost")[2].partition("##")[0].strip().splitlines() == [
        "What it measures.",
        "",
        "| What | Figure | Target | Met | Remarks |",
        "| --- | ---: | ---: | --- | --- |",
        "| cost | 5 µs | ≤ 4 µs | **no** |  |",
        "| ratio | 3 times | ≥ 3 times | yes |  |",
        "| share | 0.1 % |  |  | of all |",
        "| gone | missing | ≥ 3 | not measured |  |",
    ]


def test_page_begins_with_every_target_and_why_it_is_missed():
    """Figures without a target are not among them, nor reasons why one is missed that is met."""
    slow = Figure("cost", 5.0, "µs", at_most=4, why="It snows.")
    other = Figure("pace", 3.0, "/s", at_least=4, why="It snows.")
    quick = Figure("memory", 5.0, "MiB", at_most=6, why="Ice.")
    sections = section("Many files", slow, other, Figure("share", 1.0)), section("Idle", quick)
    targets = shown(*sections).partition("## Targets")[2]
    assert targets.partition("## ")[0].strip().splitlines() == [
        "1 of 3 are met.",
        "",
        "| Benchmark | What | Figure | Target | Met |",
        "| --- | --- | ---: | ---: | --- |",
        "| [Many files](#many-files) | cost | 5 µs | ≤ 4 µs | **no** |",
        "| [Many files](#many-files) | pace | 3 /s | ≥ 4 /s | **no** |",
        "| [Idle](#idle) | memory | 5 MiB | ≤ 6 MiB | yes |",
        "",
        "Why some are missed:",
        "",
        "- *cost*, *pace*: it snows.",
    ]


def test_tables_stand_between_figures():
    """What is found is shown in its order; figures that follow each other are one table."""
    table = Table("By size", ("size", "ms"), [("1k", "2"), ("10k", "20")], note="Growing.")
    text = shown(section("Size", Figure("first", 1.0), table, Figure("last", 2.0)))
    assert text.partition("| first | 1 |  |  |  |\n")[2].partition("| last")[0].strip().splitlines() == [
        "By size",
        "",
        "| size | ms |",
        "| --- | ---: |",
        "| 1k | 2 |",
        "| 10k | 20 |",
        "",
        "Growing.",
        "",
        "| What | Figure | Target | Met | Remarks |",
        "| --- | ---: | ---: | --- | --- |",
    ]


def test_page_of_small_sizes_says_so():
    """Nobody shall take a quick run's figures for evidence."""
    assert "Small sizes, so no evidence of speed." in shown(quick=True)
    assert "Small sizes" not in shown()
