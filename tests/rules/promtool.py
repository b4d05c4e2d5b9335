"""`promtool test rules`: groups of samples and what is expected of them, put into one file for each rule file, run at
once, and told apart again by the groups' names."""

import re
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.rules.files import RULES
from tests.tools import find

_FAILURE = re.compile(
    r"^    (?:name: (?P<group>.*?),\n|expr: [^\n]* # (?P<figure>[^\n]*?)\", )(?P<said>.*?)(?=^    (?:name|expr): |\Z)",
    re.MULTILINE | re.DOTALL,
)
"""promtool names a group where its alerts are wrong; expressions get its name as a comment."""


class Group(NamedTuple):
    """Samples, one every `step` minutes, and what promtool shall find; rules are evaluated every `tick` minutes."""

    table: str
    name: str
    series: list[dict[str, str]]
    """As promtool's `input_series`."""
    step: int = 1
    tick: int = 1
    alerts: tuple[dict[str, Any], ...] = ()
    """As promtool's `alert_rule_test`."""
    figures: tuple[dict[str, Any], ...] = ()
    """As promtool's `promql_expr_test`."""


def failures(groups: Iterable[Group], folder: Path) -> dict[str, str]:
    """What promtool says of each group that fails, by its name. It is run once for each rule file and tick."""
    files: dict[tuple[str, int], list[Group]] = {}
    for group in groups:
        files.setdefault((group.table, group.tick), []).append(group)
    with ThreadPoolExecutor() as pool:
        said = pool.map(partial(_failures, folder), files, files.values())
    return {name: text for of_file in said for name, text in of_file.items()}


def _failures(folder: Path, file: tuple[str, int], groups: list[Group]) -> dict[str, str]:
    table, tick = file
    assert len(groups) == len({group.name for group in groups}), "two groups of one name"
    path = folder / f"{table}-{tick}.test.yml"
    path.write_text(yaml.safe_dump(_file(table, tick, groups), sort_keys=False, allow_unicode=True))
    done = subprocess.run([find("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    found: dict[str, str] = {}
    for failure in _FAILURE.finditer(done.stderr):
        name = failure["group"] or failure["figure"]
        found[name] = found.get(name, "") + failure[0]
    assert (done.returncode == 0) == (not found), f"promtool failed otherwise:\n{done.stdout}{done.stderr}"
    assert found.keys() <= {group.name for group in groups}, done.stderr
    return found


def _file(table: str, tick: int, groups: list[Group]) -> dict[str, Any]:
    return {
        "rule_files": [str(RULES / f"{table}.yml")],
        "evaluation_interval": f"{tick}m",
        "tests": [
            {
                "name": group.name,
                "interval": f"{group.step}m",
                "input_series": group.series,
                "alert_rule_test": list(group.alerts),
                "promql_expr_test": [figure | {"expr": f"{figure['expr']} # {group.name}"} for figure in group.figures],
            }
            for group in groups
        ],
    }
