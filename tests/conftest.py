"""What holds for every test: hypothesis runs the same examples each time, and in CI nothing may be skipped.

A test of one of RELIABILITY's invariants carries its number: `@pytest.mark.invariant(9)`. `pytest -k invariant -v` runs
them and tells how many there are of each; `pytest --invariant 9` runs those of one.
"""

import os
from collections import Counter
from itertools import chain

import pytest
from hypothesis import HealthCheck, settings

from tests.disk import use_disk

use_disk()
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

INVARIANT = "invariant"
INVARIANTS = range(1, 22)
TOLD = "told"
"""The property under which a test says what the summary shall tell."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--invariant`."""
    parser.addoption("--invariant", type=int, metavar="NUMBER", help="run the tests of this invariant only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Writes the numbers where reports find them; keeps only the tests of the invariant that was asked for."""
    for item in items:
        for mark in item.iter_markers(INVARIANT):
            for number in mark.args:
                if number not in INVARIANTS:
                    raise pytest.UsageError(f"{item.nodeid}: there is no invariant {number!r}")
                item.user_properties.append((INVARIANT, number))
    asked = config.getoption("--invariant")
    if asked is not None:
        kept = [item for item in items if (INVARIANT, asked) in item.user_properties]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def numbers(report: pytest.CollectReport | pytest.TestReport) -> list[int]:
    """The invariants that a report is about."""
    properties = getattr(report, "user_properties", [])
    return sorted({number for name, number in properties if name == INVARIANT})


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    """Shows the numbers beside the outcome of a test that passed."""
    if not (report.when == "call" and report.passed and numbers(report)):
        return None
    return "passed", ".", f"PASSED ({INVARIANT} {', '.join(map(str, numbers(report)))})"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells what tests want to be told, and how many tests of each invariant passed."""
    for report in chain.from_iterable(terminalreporter.stats.get(outcome, []) for outcome in ("passed", "failed")):
        for name, text in getattr(report, "user_properties", []):
            if name == TOLD:
                terminalreporter.write_line(text)
    passed = Counter(number for report in terminalreporter.stats.get("passed", []) for number in numbers(report))
    if passed:
        told = ", ".join(f"{number}: {passed[number]}" for number in INVARIANTS if passed[number])
        terminalreporter.write_line(f"invariants, and how many tests of each passed: {told}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Makes a skipped test a failure in CI."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
