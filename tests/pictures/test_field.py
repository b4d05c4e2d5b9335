"""Colours and words of values are those that the panel sets."""

from math import nan

import pytest

from pictures.colour import rgb
from pictures.field import Field, Shown

STEPS = [{"value": None, "color": "green"}, {"value": 0.1, "color": "orange"}, {"value": 0.2, "color": "red"}]


def panel(*overrides, **defaults):
    return {"fieldConfig": {"defaults": defaults, "overrides": list(overrides)}}


def override(matcher, of, **properties):
    listed = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": of}, "properties": listed}


@pytest.mark.parametrize(("value", "expected"), [(0.05, "green"), (0.1, "orange"), (0.19, "orange"), (7, "red")])
def test_a_colour_begins_at_its_value(value, expected):
    """That value included."""
    shown = Field(panel(thresholds={"steps": STEPS}, unit="percentunit"), "a").shown(value)
    assert rgb(expected) == shown.colour


def test_words_take_the_place_of_numbers():
    """As the state of a pipeline has them."""
    words = {"type": "value", "options": {"3": {"text": "critical", "color": "red"}}}
    assert Shown("critical", rgb("red")) == Field(panel(mappings=[words]), "a").shown(3.0)


def test_no_value_is_what_is_set_for_none():
    """With a colour of its own, or without."""
    none = {"type": "special", "options": {"match": "null+nan", "result": {"text": "-", "color": "transparent"}}}
    assert Shown("-", None) == Field(panel(mappings=[none]), "a").shown(nan)
    assert Shown("No run.", None) == Field(panel(noValue="No run."), "a").shown(nan)


@pytest.mark.parametrize(
    ("matcher", "of", "expected"),
    [
        *(("byName", "cost", "s"), ("byName", "costs", "short"), ("byRegexp", r"/\bcos/", "s")),
        *(("byRegexp", r"/\bos/", "short"), ("byType", "number", "s"), ("byType", "string", "short")),
    ],
)
def test_an_override_holds_for_some_fields(matcher, of, expected):
    """By name, by a part of it, by the kind of values."""
    assert expected == Field(panel(override(matcher, of, unit="s"), unit="short"), "cost").unit


def test_another_matcher_is_refused():
    """It would be drawn wrong."""
    with pytest.raises(ValueError, match="no such matcher `byFrameRefID`"):
        Field(panel(override("byFrameRefID", "A", unit="s")), "cost")
