"""What holds for every dashboard and panel: that it says what it is, and where it stands."""

import json
from collections import Counter
from itertools import combinations

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model

from exporter.pipeline import discover
from exporter.render import tables
from tests.dashboards.committed import UIDS, dashboard, panels

TABLES = {table.name: table for table in tables(discover())}
FIRST_SCREEN = 21
"""Rows of 38 px that 1440 x 900 shows below Grafana's header and the variables."""


def each_panel(*types: str) -> pytest.MarkDecorator:
    """Once for each panel, of some types or of all."""
    chosen = [(uid, panel) for uid in UIDS for panel in panels(uid) if not types or panel["type"] in types]
    return pytest.mark.parametrize(("uid", "panel"), chosen, ids=[f"{uid}-{panel['id']}" for uid, panel in chosen])


def test_there_is_a_dashboard_for_each_table():
    """Each pipeline, the host and the exporter have one; beside them there is the overview alone."""
    assert sorted([*TABLES, "overview"]) == UIDS


@pytest.mark.parametrize("uid", UIDS)
def test_a_dashboard_says_what_it_is(uid):
    """File name and uid agree; title and description are there; it is of the classic model."""
    found = dashboard(uid)
    assert (uid, 42) == (found["uid"], found["schemaVersion"])
    assert found["title"]
    assert found["description"].endswith((".", ".py."))
    assert ["pipeline-exporter"] == found["tags"]


@pytest.mark.parametrize("uid", UIDS)
def test_the_crosshair_is_shared(uid):
    """Pointing at a moment in one panel shows it in all."""
    assert 1 == dashboard(uid)["graphTooltip"]


@pytest.mark.parametrize("uid", UIDS)
def test_the_sdk_reads_back_what_it_wrote(uid):
    """The JSON is a dashboard in the SDK's own model of the classic schema: nothing in it is unknown, or left out."""
    register_default_plugins()
    read = model.Dashboard.from_json(dashboard(uid))
    for link in read.links or ():
        link.placement = None  # type: ignore[assignment]
    assert dashboard(uid) == json.loads(json.dumps(read, cls=JSONEncoder))


@pytest.mark.parametrize("uid", UIDS)
def test_ids_and_titles_are_unique(uid):
    """No two panels share an id, and none that show something share a title."""
    ids = Counter(panel["id"] for panel in dashboard(uid)["panels"])
    titles = Counter(panel["title"] for panel in panels(uid))
    assert [] == [each for counter in (ids, titles) for each, times in counter.items() if times > 1]


@pytest.mark.parametrize("uid", UIDS)
def test_no_panel_overlaps_another(uid):
    """Panels are within 24 columns, and no two take the same place."""
    places = [panel["gridPos"] for panel in dashboard(uid)["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert [] == [(one, other) for one, other in combinations(places, 2) if overlap(one, other)]


def overlap(one, other) -> bool:
    """Whether two places have a cell in common."""
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


@pytest.mark.parametrize("uid", UIDS)
def test_no_row_is_left_empty(uid):
    """Below each panel another one begins, or the dashboard ends: nobody scrolls past nothing."""
    places = [panel["gridPos"] for panel in dashboard(uid)["panels"]]
    starts = {place["y"] for place in places}
    bottom = max(place["y"] + place["h"] for place in places)
    assert starts | {bottom} >= {max(p["y"] + p["h"] for p in places if p["y"] == y) for y in starts}


@pytest.mark.parametrize("uid", UIDS)
def test_the_first_question_needs_no_scrolling(uid):
    """Numbers and tables of the state are wholly within the first screen."""
    first = [panel for panel in dashboard(uid)["panels"] if panel["gridPos"]["y"] < FIRST_SCREEN]
    state = [panel for panel in first if panel["type"] == "stat" or panel["title"].startswith("By ")]
    assert [] == [p["title"] for p in state if p["gridPos"]["y"] + p["gridPos"]["h"] > FIRST_SCREEN]
    shown = [panel for panel in panels(uid) if panel["type"] == "stat"]
    assert all(panel in first for panel in shown)


@each_panel()
def test_a_panel_says_what_it_shows(uid, panel):
    """Title, description, unit, and a text for when there is no data."""
    defaults = panel["fieldConfig"]["defaults"]
    unit = panel["options"]["yAxis"]["unit"] if panel["type"] == "heatmap" else defaults["unit"]
    assert all((panel["title"], panel["description"], unit, defaults["noValue"]))
    assert panel["description"].rstrip().endswith((".", "`", ")"))


@each_panel("timeseries")
def test_a_legend_tells_last_and_max(uid, panel):
    """The legend is a table with the last and the greatest value of each line."""
    legend = panel["options"]["legend"]
    assert ("table", True) == (legend["displayMode"], legend["showLegend"])
    assert {"lastNotNull", "max"} <= set(legend["calcs"])


@each_panel("timeseries")
def test_a_lone_value_is_seen(uid, panel):
    """A value between two gaps has no line to either side, and is a point."""
    assert "auto" == panel["fieldConfig"]["defaults"]["custom"]["showPoints"]


def test_a_column_may_have_a_unit_of_its_own():
    """The last session's times are no plain numbers, as its other columns are."""
    (panel,) = (panel for panel in panels("distillation") if panel["title"].startswith("Last session,"))
    units = {column["matcher"]["options"]: setting(column, "unit") for column in panel["fieldConfig"]["overrides"]}
    assert {"time in all", "time in articles"} == {name for name, unit in units.items() if unit == "s"}
    assert {"s", "short"} == set(units.values())


def setting(override, name) -> object:
    """What an override says of one setting."""
    (value,) = (each["value"] for each in override["properties"] if each["id"] == name)
    return value


@each_panel("heatmap")
def test_a_heatmap_has_shades(uid, panel):
    """Grafana paints as many as the panel says, and none at all for 0, which the SDK fills in."""
    assert 1 < panel["options"]["color"]["steps"] <= 128


@each_panel("table")
def test_a_table_is_sorted(uid, panel):
    """By one of its columns."""
    (sorting,) = panel["options"]["sortBy"]
    legends = {target["legendFormat"] for target in panel["targets"]}
    matrices = [each["options"] for each in panel["transformations"] if each["id"] == "groupingToMatrix"]
    assert sorting["displayName"] in legends | {f"{matrix['rowField']}\\{matrix['columnField']}" for matrix in matrices}


@pytest.mark.parametrize(
    ("uid", "title", "reason"),
    [
        ("clustering", "Confidence in tags", "none logged this figure"),
        ("crawl", "CPU in use over time", "the log that tells this has no line"),
        ("host", "Memory of a watched process over time", "names nothing to watch"),
        ("persona", "Drift over time", "too few batches closed: trends take two, latency and drift four"),
        ("tagger", "Latency of reasoning", "its lines do not tell this"),
    ],
)
def test_an_empty_panel_does_not_say_that_nothing_happened(uid, title, reason):
    """There may have been jobs, pages, lectures or batches, and only this figure of them is not there."""
    (panel,) = (panel for panel in panels(uid) if panel["title"] == title)
    assert reason in panel["fieldConfig"]["defaults"]["noValue"]
