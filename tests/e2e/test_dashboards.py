"""Every query of every dashboard, asked of a Prometheus that scraped a demo of all five pipelines."""

import re
from collections.abc import Iterator

import pytest

from exporter.pipeline import discover
from exporter.render import tables
from exporter.render.names import record_name
from tests.dashboards.committed import UIDS, Json, filled_in, marks, panels, used_variables, variables
from tests.e2e.demonstration import BEFORE_SECONDS, Demonstration
from tests.e2e.grafana import Grafana
from tests.promql import selectors

NEVER = {
    "persona:stalled": "is there only while a run stands still, for ten minutes or more",
    "distillation:stalled": "is there only while a session stands still, for ten minutes or more",
    "clustering:stalled": "is there only while a job stands still, for ten minutes or more",
}
"""Series that a demo in good order does not have, and why. Queries that ask for nothing else are rightly empty."""
NOT_NOW = {
    "exporter:down": "is there only while an exporter is down: for a moment, when it is started again",
}
"""Series that are there over time, but not at the end."""

FIRING = 'ALERTS{{alertstate="firing", pipeline=~"{}"}}'
TABLES = [uid for uid in UIDS if uid != "overview"]
PANELS = [pytest.param(uid, panel, id=f"{uid}-{panel['title']}") for uid in UIDS for panel in panels(uid)]
VARIABLES = [pytest.param(uid, name, id=f"{uid}-{name}") for uid in UIDS for name in variables(uid)]
MARKS = [
    pytest.param(uid, mark, id=f"{uid}-{mark['name']}")
    for uid in UIDS
    for mark in marks(uid)
    if mark["name"] != "Alert"
]


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    """Sees runs that collapse, a line that is rejected, and an exporter that was down and is started again."""
    with Demonstration(tmp_path_factory.mktemp("demonstration")) as demonstration:
        demonstration.start()
        demonstration.demo(scenario="collapse")
        demonstration.scraped(10)
        demonstration.write(b"no JSON\n")
        demonstration.restart()
        demonstration.scraped(20)
        yield demonstration.grafana()


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_a_panel_has_data(grafana, uid, panel):
    """Each of its queries has, with everything chosen, but for those that rightly have none."""
    shown = {target["legendFormat"]: grafana.shows(target) for target in panel["targets"]}
    assert {target["legendFormat"]: not rightly_empty(target) for target in panel["targets"]} == shown


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_a_panel_has_data_of_one_value(grafana, uid, panel):
    """Each of its queries has, with one value chosen of one variable, whichever it asks for."""
    for target in panel["targets"]:
        for name in used_variables(target["expr"]):
            if not rightly_empty(target):
                values = grafana.values(variables(uid)[name])
                assert any(grafana.shows(target, {name: [value]}) for value in values), (target["legendFormat"], name)


@pytest.mark.parametrize("column", ["state", "now", "yesterday", "change"])
def test_the_overview_has_each_indicator(grafana, column):
    """With its state, and with values unless it is rightly absent."""
    (panel,) = (panel for panel in panels("overview") if panel["title"].startswith("Indicators"))
    (expr,) = (target["expr"] for target in panel["targets"] if target["legendFormat"] == column)
    expected = {
        (table.name, indicator.title)
        for table in tables(discover())
        for indicator in table.indicators
        if column == "state" or record_name(table.name, indicator.name) not in NEVER.keys() | NOT_NOW.keys()
    }
    labels = [dict(re.findall(r'(\w+)="([^"]*)"', series)) for series in grafana.now(expr)]
    assert expected == {(row["pipeline"], row["indicator"]) for row in labels}


@pytest.mark.parametrize(("uid", "name"), VARIABLES)
def test_a_variable_has_values(grafana, uid, name):
    """There is something to choose from."""
    assert [] != grafana.values(variables(uid)[name])


@pytest.mark.parametrize("uid", TABLES)
def test_alerts_are_marked(grafana, uid):
    """On a table's dashboard where one of its alerts fired, and on no other; the machine may be busy, or not."""
    (mark,) = (mark for mark in marks(uid) if mark["name"] == "Alert")
    assert bool(grafana.marks(FIRING.format(uid))) == bool(grafana.marks(mark["expr"]))


@pytest.mark.parametrize(("uid", "mark"), MARKS)
def test_what_happens_is_marked(grafana, uid, mark):
    """Starts of runs, of jobs and of exporters; ends of sessions; thresholds that move."""
    assert grafana.marks(mark["expr"])


def test_a_run_starts_once(grafana):
    """It does not when the exporter starts again and tells of it anew."""
    (mark,) = (mark for mark in marks("persona") if mark["name"] == "Run starts")
    spans = [max(times) - min(times) for times in grafana.marks(mark["expr"]).values()]
    assert BEFORE_SECONDS >= max(spans)


@pytest.mark.parametrize("name", [*NEVER, *NOT_NOW])
def test_what_may_be_empty_is_asked_for(name):
    """The lists name nothing that no dashboard asks for."""
    targets = [target for uid in UIDS for panel in panels(uid) for target in panel["targets"] if rightly_empty(target)]
    assert any(name in asked_for(target) for target in targets)


def rightly_empty(target: Json) -> bool:
    """Whether a query asks for nothing but series that are not there."""
    absent = NEVER.keys() | (NOT_NOW.keys() if target["instant"] else set())
    return asked_for(target) <= absent


def asked_for(target: Json) -> set[str]:
    """The series that a query reads."""
    return {selector.name or "" for selector in selectors(filled_in(target["expr"]))}
