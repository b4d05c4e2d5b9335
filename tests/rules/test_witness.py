"""The rules compare with the numbers that the seeds name, each as it was meant, and with no others."""

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.rules.files import alerts, rule_files
from tests.rules.witness import LIMITS, OWN, SEEDS, Row

COMPARISON = re.compile(r"(?P<table>\w+):(?P<indicator>\w+) (?P<operator>[<>=]+) (?P<number>-?[\d.]+)")


def rendered() -> list[tuple[str, str, str, str, Decimal]]:
    """Table, indicator, severity, operator and number of every alert, as the committed rules have them."""
    return [limit(rule) for table in rule_files() for rule in alerts(table)]


def limit(rule: dict[str, Any]) -> tuple[str, str, str, str, Decimal]:
    found = COMPARISON.fullmatch(rule["expr"])
    assert found is not None, f"{rule['alert']} compares otherwise: {rule['expr']}"
    severity = rule["labels"]["severity"]
    return found["table"], found["indicator"], severity, found["operator"], Decimal(found["number"])


def typed(row: Row) -> tuple[str, str, str, str, Decimal]:
    return row.table, row.indicator, row.severity, row.operator, row.number


def test_the_rules_have_these_limits_and_no_others() -> None:
    """Every row is an alert, and every alert is a row."""
    assert sorted(map(typed, LIMITS)) == sorted(rendered())


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: f"{row.table}:{row.indicator} {row.severity}")
def test_an_alert_has_the_words_of_its_table(row: Row) -> None:
    """What is compared has the number of the words that are shown, and its digits as they were written."""
    shown = [rule for rule in alerts(row.table) if limit(rule) == typed(row)]
    assert [row.limit] == [rule["annotations"]["limit"] for rule in shown]
    assert [f"{row.table}:{row.indicator} {row.comparison}"] == [rule["expr"] for rule in shown]


@pytest.mark.parametrize("table", ["tagger", "distillation"])
def test_a_seed_without_limits_never_pages(table: str) -> None:
    """Seeds 000 and 002 name none: what they measure is seen, and only a run that stands still is told of."""
    assert {"stalled"} >= {indicator for of, indicator, *_ in rendered() if of == table}
    assert not [row for row in SEEDS if row.table == table]


def test_every_limit_of_a_seed_is_quoted() -> None:
    """And what is not a seed's has no quote."""
    assert [] == [row for row in SEEDS if not row.quote]
    assert [] == [row for row in OWN if row.quote]
