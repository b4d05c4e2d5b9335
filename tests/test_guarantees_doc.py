"""docs/guarantees.md promises nothing that is not tested, and says nothing of others without its source."""

import ast
import re
from pathlib import Path

import pytest

from exporter.itself import Itself
from exporter.render.metrics import metrics_page
from tests.conftest import INVARIANTS

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "guarantees.md").read_text()
UNKNOWN = "not found in its documentation"


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def carried() -> set[int]:
    """The invariants that a mark in some test names, read from the source."""
    return {
        argument.value
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "invariant"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, int)
    }


def test_each_invariant_is_told_once_and_in_order() -> None:
    """Under the number that its tests carry."""
    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", section("The invariants"), re.MULTILINE)]
    assert list(INVARIANTS) == numbers


@pytest.mark.parametrize("number", INVARIANTS)
def test_each_invariant_is_tested(number: int) -> None:
    """At least one test carries its number."""
    assert number in carried()


def cells() -> list[tuple[str, str]]:
    """What the comparison says of others, each with the row's name."""
    _, _, *lines = [line for line in section("Beside others").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(row[0], cell) for row in rows for cell in row[2:]]


def test_what_is_said_of_others_has_a_source() -> None:
    """A cell without a link says that nothing was found."""
    assert 50 < len(cells())
    assert [] == [cell for cell in cells() if not re.search(r"\]\[[\w-]+\]", cell[1]) and cell[1] != UNKNOWN]


def test_each_source_is_used_and_each_link_has_one() -> None:
    """No link leads nowhere, and no source is left over."""
    used = set(re.findall(r"\]\[([\w-]+)\]", PAGE))
    named = dict(re.findall(r"^\[([\w-]+)\]: (https://\S+)$", PAGE, re.MULTILINE))
    assert used == named.keys()


def test_each_metric_that_shows_something_is_there() -> None:
    """What is said to grow can be scraped."""
    known = {metric.name for metric in Itself().metrics} | set(
        re.findall(r"`(pipeline_exporter_\w+)`", metrics_page({}))
    )
    assert set() == set(re.findall(r"pipeline_exporter_\w+", PAGE)) - known
