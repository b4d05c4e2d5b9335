"""Variables are used and fed, and links lead somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.dashboards.committed import UIDS, dashboard, fed_from, panels, queries, used_variables, variables
from tests.dashboards.known import KNOWN
from tests.rules.files import alerts, rule_files

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
GRAFANA = {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("uid", UIDS)
def test_variables_are_used(uid):
    """Every variable is in a query, and every one in a query is declared."""
    used = {name for _, expr in queries(uid) for name in used_variables(expr)}
    assert set(variables(uid)) == used


@pytest.mark.parametrize(
    ("uid", "name"), [pytest.param(uid, name, id=f"{uid}-{name}") for uid in UIDS for name in variables(uid)]
)
def test_a_variable_is_fed(uid, name):
    """Its values come from series that have the label; several can be chosen, and all are at first."""
    found = variables(uid)[name]
    selector, label = fed_from(found)
    (pattern,) = re.findall(r'__name__=~"(.+)"', selector)
    assert [series for series, labels in KNOWN.items() if re.fullmatch(pattern, series) and label in labels]
    assert (name, GRAFANA) == (label, found["datasource"])
    chosen = (found["multi"], found["includeAll"], found["allValue"], found["current"]["value"])
    assert (True, True, ".*", ["$__all"]) == chosen


@pytest.mark.parametrize("uid", UIDS)
def test_the_datasource_is_the_first_variable(uid):
    """Prometheus is chosen before anything is asked of it; at first it is the provisioned one."""
    first = dashboard(uid)["templating"]["list"][0]
    assert ("datasource", "datasource", "prometheus") == (first["type"], first["name"], first["query"])
    assert "prometheus" == first["current"]["value"]


@pytest.mark.parametrize("table", rule_files())
def test_an_alert_finds_its_variables(table):
    """The variables in the links of a table's alerts are those of its dashboard."""
    urls = [alert["annotations"]["dashboard_url"] for alert in alerts(table)]
    assert set() == {name for url in urls for name in re.findall(r"var-(\w+)=", url)} - set(variables(table))
    assert {table} >= {re.sub(r"\?.*", "", url).rpartition("/")[2] for url in urls}


def links(uid: str) -> list[str]:
    """Every address that a dashboard links to."""
    found = [link["url"] for link in dashboard(uid)["links"] if link["type"] == "link"]
    for panel in panels(uid):
        found += [link["url"] for link in [*panel["links"], *panel["fieldConfig"]["defaults"].get("links", ())]]
        for override in panel["fieldConfig"]["overrides"]:
            found += [link["url"] for each in override["properties"] if each["id"] == "links" for link in each["value"]]
    return found


@pytest.mark.parametrize("uid", UIDS)
def test_links_lead_somewhere(uid):
    """To a dashboard, to a heading of the runbook, or to an alert of Alertmanager's."""
    names = {alert["alert"] for table in rule_files() for alert in alerts(table)}
    headings = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", RUNBOOK, re.MULTILINE)}
    for url in map(unquote, links(uid)):
        match url.partition("#"):
            case ("http://localhost:10210/runbook", _, anchor):
                assert anchor in headings | {""}
            case ("http://localhost:9093/", _, anchor):
                name = re.sub(r'^/alerts\?filter=\{alertname="(.+)"\}$', r"\1", anchor)
                assert name in names | {"/alerts", "${__value.raw}"}
            case (path, _, _):
                target = re.match(r"/d/([^?]+)\?", path)
                assert target is not None
                assert target[1] in {*UIDS, "${__value.raw}", "${__field.labels.pipeline}"}


@pytest.mark.parametrize("uid", UIDS)
def test_dashboards_lead_to_each_other(uid):
    """A list of all of them, in the time that is shown."""
    others = [link for link in dashboard(uid)["links"] if link["type"] == "dashboards"]
    assert [(["pipeline-exporter"], True)] == [(link["tags"], link["keepTime"]) for link in others]
