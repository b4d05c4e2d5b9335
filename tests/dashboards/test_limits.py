"""Every indicator is on its dashboard and on the overview, and its limits are where the seeds have them.

Limits are those of tests/rules/witness.py, typed by hand; colours are read as Grafana does: a colour holds from its
value on.
"""

import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.indicator import Indicator, Unit
from exporter.pipeline import discover
from exporter.render import tables
from tests.dashboards.committed import Json, panels
from tests.rules.witness import LIMITS, Row
from tests.tools import find

SEVERITY_OF_COLOUR = {"red": "critical", "orange": "warning", "blue": "info"}
LEVELS = {"critical": 3, "warning": 2, "info": 1, None: 0}
HAIR = Decimal("0.000001")

INDICATORS = [(table.name, indicator) for table in tables(discover()) for indicator in table.indicators]
LIMITED = [(table, indicator) for table, indicator in INDICATORS if indicator.limits]


def each_of(indicators: list[tuple[str, Indicator]]) -> pytest.MarkDecorator:
    """Once for each indicator."""
    ids = [f"{table}:{indicator.name}" for table, indicator in indicators]
    return pytest.mark.parametrize(("table", "indicator"), indicators, ids=ids)


def rows(table: str, indicator: Indicator) -> list[Row]:
    return [row for row in LIMITS if (row.table, row.indicator) == (table, indicator.name)]


def severity(table: str, indicator: Indicator, value: Decimal) -> str | None:
    """The worst severity that a value has by the seeds."""
    beyond = {row.severity for row in rows(table, indicator) if row.holds(value)}
    return next((name for name in ("critical", "warning", "info") if name in beyond), None)


def telling_values(table: str, indicator: Indicator) -> list[Decimal]:
    """On each limit, and a hair to either side of it; 0 and 1 where nothing else can be."""
    if indicator.unit is Unit.FLAG:
        return [Decimal(0), Decimal(1)]
    return [row.number + hair for row in rows(table, indicator) for hair in (-HAIR, Decimal(0), HAIR)]


def colour(steps: list[Json], value: Decimal) -> str:
    """The colour that Grafana gives to a value."""
    (first, *others) = steps
    assert first["value"] is None
    assert sorted(step["value"] for step in others) == [step["value"] for step in others]
    found: str = [first, *(step for step in others if float(value) >= step["value"])][-1]["color"]
    return found


def panel_of(table: str, title: str) -> Json:
    (found,) = [panel for panel in panels(table) if panel["title"] == title]
    return found


def assert_coloured(table: str, indicator: Indicator, steps: list[Json], good: str) -> None:
    """Each telling value has the colour of its severity, and `good` within all limits."""
    values = telling_values(table, indicator)
    expected = [severity(table, indicator, value) for value in values]
    found = [colour(steps, value) for value in values]
    assert expected == [SEVERITY_OF_COLOUR.get(name) for name in found]
    assert {good} == {name for name, worst in zip(found, expected, strict=True) if worst is None}


@each_of(INDICATORS)
def test_an_indicator_is_shown_over_time(table, indicator):
    """By its record, with a text that says what it means."""
    panel = panel_of(table, f"{indicator.title} over time")
    (target,) = panel["targets"]
    assert target["expr"].partition("{")[0] == f"{table}:{indicator.name}"
    assert panel["description"].startswith(indicator.meaning)


@each_of(LIMITED)
def test_limits_are_drawn(table, indicator):
    """As lines and areas on the right side, within what the axis shows; what is good stays clear."""
    panel = panel_of(table, f"{indicator.title} over time")
    defaults = panel["fieldConfig"]["defaults"]
    assert ("absolute", "dashed+area") == (
        defaults["thresholds"]["mode"],
        defaults["custom"]["thresholdsStyle"]["mode"],
    )
    assert_coloured(table, indicator, defaults["thresholds"]["steps"], "transparent")
    low, high = defaults["custom"]["axisSoftMin"], defaults["custom"]["axisSoftMax"]
    assert all(low <= float(row.number) <= high for row in rows(table, indicator))


@each_of(LIMITED)
def test_a_number_has_the_colour_of_its_limits(table, indicator):
    """The worst value of an indicator is a number on a coloured ground, grey or green where there is none."""
    panel = panel_of(table, indicator.title)
    defaults = panel["fieldConfig"]["defaults"]
    assert ("stat", "background") == (panel["type"], panel["options"]["colorMode"])
    assert_coloured(table, indicator, defaults["thresholds"]["steps"], "green")
    (nothing,) = [each["options"] for each in defaults["mappings"] if each["type"] == "special"]
    assert ("null+nan", defaults["noValue"]) == (nothing["match"], nothing["result"]["text"])
    assert nothing["result"]["color"] == ("green" if indicator.absent else "#808080")


@each_of([each for each in LIMITED if not each[1].absent])
def test_the_worst_value_is_shown(table, indicator):
    """It is the least where less is worse."""
    (target,) = panel_of(table, indicator.title)["targets"]
    worst = "min" if rows(table, indicator)[0].operator.startswith("<") else "max"
    assert target["expr"].startswith(f"{worst}({table}:{indicator.name}")


def columns() -> list[Any]:
    """Every column of a table that compares runs, wikis, …, as table, indicator and properties."""
    found = []
    for table in tables(discover()):
        for panel in panels(table.name):
            for override in panel["fieldConfig"]["overrides"] if panel["title"].startswith("By ") else ():
                properties = {each["id"]: each["value"] for each in override["properties"]}
                for indicator in table.indicators:
                    if indicator.limits and override["matcher"]["options"] == indicator.title:
                        name = f"{table.name}-{panel['id']}-{indicator.name}"
                        found.append(pytest.param(table.name, indicator, properties, id=name))
    return found


@pytest.mark.parametrize(("table", "indicator", "properties"), columns())
def test_a_cell_has_the_colour_of_its_limits(table, indicator, properties):
    """In the tables that compare; a cell without a value has no colour."""
    assert_coloured(table, indicator, properties["thresholds"]["steps"], "green")
    (nothing,) = [each["options"]["result"] for each in properties["mappings"] if each["type"] == "special"]
    assert "transparent" == nothing["color"]


def overview_query(column: str) -> str:
    (found,) = [
        target for panel in panels("overview") for target in panel["targets"] if target["legendFormat"] == column
    ]
    expr: str = found["expr"]
    return expr


@each_of(INDICATORS)
@pytest.mark.parametrize("column", ["state", "now", "yesterday", "change"])
def test_the_overview_has_every_indicator(table, indicator, column):
    """With its limits in the words of its table, in each column."""
    query = overview_query(column)
    start = query.index(f'"pipeline", "{table}", "", ""), "indicator", "{indicator.title}", "", "")')
    row = query[start:].partition(" or label_replace(")[0]
    for limit in rows(table, indicator):
        assert f'"{limit.severity}", "{limit.limit}", "", ""' in row
    assert len(rows(table, indicator)) == sum(f'"{name}", "' in row for name in ("info", "warning", "critical"))


def figure(column: str, table: str, indicator: Indicator, value: float) -> Json:
    """What promtool expects of an indicator's row in a column of the overview."""
    row = {"pipeline": table, "indicator": indicator.title}
    labels = row | {limit.severity: limit.limit for limit in rows(table, indicator)}
    only = f'label_replace(vector(1), "pipeline", "{table}", "", "")'
    only = f'label_replace({only}, "indicator", "{indicator.title}", "", "")'
    text = ",".join(f'{name}="{each}"' for name, each in labels.items())
    expr = f"({overview_query(column)}) * on (pipeline, indicator) group_left () {only}"
    return {"expr": expr, "eval_time": "0m", "exp_samples": [{"labels": f"{{{text}}}", "value": value}]}


def test_the_overview_tells_the_worst_severity(tmp_path):
    """By Prometheus itself: on each limit, and a hair to either side, the state is what the seeds make of the value."""
    groups = []
    for table, indicator in LIMITED:
        for value in telling_values(table, indicator):
            level = LEVELS[severity(table, indicator, value)]
            series = [{"series": f"{table}:{indicator.name}", "values": f"{value:f}"}]
            groups.append({"input_series": series, "promql_expr_test": [figure("state", table, indicator, level)]})
    assert "" == promtool(tmp_path, groups)


def test_the_overview_tells_when_nothing_is_known(tmp_path):
    """Without data an indicator has no state, but where that is good news."""
    figures = [figure("state", table, indicator, 0 if indicator.absent else -2) for table, indicator in INDICATORS]
    assert "" == promtool(tmp_path, [{"input_series": [], "promql_expr_test": figures}])


def test_the_overview_shows_values_in_the_unit_of_their_limits(tmp_path):
    """A gibibyte beside `> 1024 MiB` is 1024, and a third beside `> 30 %` is 33."""
    shown = {
        "host:process_memory": (2**30, 1024),
        "clustering:outlier_ratio": (0.25, 25),
        "persona:repair_ratio": (0.25, 0.25),
    }
    groups = []
    for table, indicator in INDICATORS:
        record = f"{table}:{indicator.name}"
        if record in shown:
            value, number = shown[record]
            series = [{"series": record, "values": str(value)}]
            groups.append({"input_series": series, "promql_expr_test": [figure("now", table, indicator, number)]})
    assert len(shown) == len(groups)
    assert "" == promtool(tmp_path, groups)


def promtool(folder: Path, groups: list[Json]) -> str:
    """What promtool finds wrong."""
    path = folder / "overview.test.yml"
    path.write_text(yaml.safe_dump({"tests": [{"interval": "1m", **group} for group in groups]}))
    done = subprocess.run([find("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("persona", "persona:success_ratio"),
        ("distillation", "distillation:success_ratio"),
        ("tagger", "tagger:coverage_ratio"),
        ("clustering", "clustering:coverage_ratio"),
    ],
)
def test_the_worst_is_the_least_where_more_is_better(table, record):
    """Without a limit to tell so, too: no dashboard shows the best run or wiki as the worst."""
    shown = [target["expr"] for uid in (table, "overview") for panel in panels(uid) for target in panel["targets"]]
    folded = {found[1] for expr in shown for found in re.finditer(rf"(\w+)(?: by \([^)]*\) )?\({record}\b", expr)}
    assert {"min"} == folded


def test_the_worst_row_of_a_table_is_at_the_top():
    """Of providers, that with the fewest successes."""
    (sorting,) = panel_of("distillation", "By filter and provider")["options"]["sortBy"]
    assert {"displayName": "Success rate", "desc": False} == sorting
