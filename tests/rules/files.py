"""The committed rule files, as they are."""

from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parents[2] / "prometheus" / "rules"

Rule = dict[str, Any]


def rule_files() -> list[str]:
    """The tables that have a rule file."""
    return sorted(path.stem for path in RULES.glob("*.yml"))


def rules(table: str) -> list[Rule]:
    """The rules of a table's only group."""
    (group,) = yaml.safe_load((RULES / f"{table}.yml").read_text())["groups"]
    found: list[Rule] = group["rules"]
    return found


def records(table: str) -> list[Rule]:
    return [rule for rule in rules(table) if "record" in rule]


def alerts(table: str) -> list[Rule]:
    return [rule for rule in rules(table) if "alert" in rule]
