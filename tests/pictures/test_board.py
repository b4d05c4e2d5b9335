"""What is read of a dashboard: panels that can be drawn, and a stamp of what can be seen."""

import json

import pytest

from pictures import board
from pictures.answers import Window, answers
from pictures.board import Board, boards, drawable
from pictures.field import Field
from pictures.unit import written
from tests.dashboards import committed

WINDOW = Window(start=0, end=90)


@pytest.mark.parametrize("uid", boards())
def test_every_panel_can_be_drawn(uid):
    """For each kind there is a module."""
    assert set() == {panel["type"] for panel in Board(uid).panels} - drawable()


@pytest.mark.parametrize("uid", boards())
def test_every_unit_can_be_written(uid):
    """No panel, column or axis has a unit without words."""
    for panel in committed.panels(uid):
        axis = panel["options"].get("yAxis", {}).get("unit", "short")
        names = [target["legendFormat"] for target in panel["targets"]]
        for unit in (axis, *(Field(panel, name).unit for name in names)):
            assert written(1.5, unit)


@pytest.mark.parametrize("uid", boards())
def test_every_query_is_asked(uid):
    """Each of panels and marks is sent once, with nothing left of Grafana's variables."""
    asked = []

    def ask(path):
        asked.append(path)
        return {"data": {"result": []}}

    answers(Board(uid), ask, WINDOW)
    assert len(list(committed.queries(uid))) == len(asked)
    assert [] == [path for path in asked if "%24" in path]


@pytest.fixture
def changed(tmp_path, monkeypatch):
    """Makes a board of the host's dashboard after a change to its JSON."""

    def make(change):
        content = committed.dashboard("host")
        change(content)
        (tmp_path / "host.json").write_text(json.dumps(content))
        return Board("host")

    monkeypatch.setattr(board, "FOLDER", tmp_path)
    return make


def test_the_stamp_changes_with_what_is_seen(changed):
    """A query is seen by what it answers."""
    before = changed(lambda content: None).stamp
    assert before != changed(lambda content: content["panels"][0].update(title="another")).stamp
    assert before != changed(lambda content: content["panels"][0]["targets"][0].update(expr="vector(1)")).stamp


def test_the_stamp_stays_with_what_is_not(changed):
    """Nobody draws pictures anew for a description or a link."""
    before = changed(lambda content: None).stamp
    assert before == changed(lambda content: content["panels"][0].update(description="another", links=[])).stamp
