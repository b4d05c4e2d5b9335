"""`promtool test rules`: groups of samples and what is expected of them, put into one file for each rule file, run at
once, and told apart again by the groups' names."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.rules.series import Series, text
from tests.tools import find

RULES = Path(__file__).parents[2] / "prometheus" / "rules"

_FAILURE = re.compile(r"^    name: (?P<name>.*?),\n(?P<said>.*?)(?=^    name: |\Z)", re.MULTILINE | re.DOTALL)


class Group(NamedTuple):
    """Samples, one every `step` minutes, and what promtool shall find; rules are evaluated every `tick` minutes."""

    table: str
    name: str
    series: Series
    step: int = 1
    tick: int = 1
    alerts: tuple[dict[str, Any], ...] = ()
    """As promtool's `alert_rule_test`."""
    figures: tuple[dict[str, Any], ...] = ()
    """As promtool's `promql_expr_test`."""


def failures(groups: Iterable[Group], folder: Path) -> dict[str, str]:
    """What promtool says of each group that fails, by its name; all groups have one table and tick."""
    groups = tuple(groups)
    assert len(groups) == len({group.name for group in groups}), "two groups of one name"
    ((table, tick),) = {(group.table, group.tick) for group in groups}
    path = folder / f"{table}-{tick}.test.yml"
    path.write_text(yaml.safe_dump(_file(table, tick, groups), sort_keys=False, allow_unicode=True))
    done = subprocess.run([find("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    found = {failure["name"]: failure["said"] for failure in _FAILURE.finditer(done.stderr)}
    assert (done.returncode == 0) == (not found), f"promtool failed otherwise:\n{done.stdout}{done.stderr}"
    assert found.keys() <= {group.name for group in groups}, done.stderr
    return found


def _file(table: str, tick: int, groups: Iterable[Group]) -> dict[str, Any]:
    return {
        "rule_files": [str(RULES / f"{table}.yml")],
        "evaluation_interval": f"{tick}m",
        "tests": [
            {
                "name": group.name,
                "interval": f"{group.step}m",
                "input_series": text(group.series),
                "alert_rule_test": list(group.alerts),
                "promql_expr_test": list(group.figures),
            }
            for group in groups
        ],
    }
