"""A table's rows are what Grafana's transformations would make of the answers."""

from math import nan

import pytest

from pictures.answers import Series
from pictures.rows import Table, table


def panel(*letters, **options):
    """A table with so many queries."""
    organize = {"excludeByName": {"job": True}, "indexByName": {}, "renameByName": {}} | options
    return {
        "title": "a table",
        "targets": [{"refId": letter} for letter in letters],
        "transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}],
        "options": {},
    }


def one(value, query="A", **labels):
    return Series(name="", labels=labels, values=[value], query=query)


def test_answers_with_the_same_labels_are_one_row():
    """What a query does not answer is missing."""
    found = [one(1.0, run="a"), one(2.0, run="b"), one(3.0, "B", run="a")]
    made = table(panel("A", "B", renameByName={"Value #A": "first"}), found)
    assert ["run", "first", "Value #B"] == made.columns
    assert ["a", 1.0, 3.0] == made.rows[0]
    assert str(["b", 2.0, nan]) == str(made.rows[1])


def test_columns_are_hidden_and_in_order():
    """Those without a place come last."""
    made = table(panel("A", indexByName={"Value": 0, "run": 1}), [one(1.0, job="j", run="a", stage="B")])
    assert Table(["Value", "run", "stage"], [[1.0, "a", "B"]]) == made


@pytest.mark.parametrize(("desc", "expected"), [(True, ["b", "a", "c"]), (False, ["a", "b", "c"])])
def test_rows_are_sorted(desc, expected):
    """By a column; those without a value come last either way."""
    found = [one(1.0, run="a"), one(2.0, run="b"), one(3.0, "B", run="c")]
    shown = panel("A", "B") | {"options": {"sortBy": [{"displayName": "Value #A", "desc": desc}]}}
    assert expected == [row[0] for row in table(shown, found).rows]


def test_two_labels_are_a_matrix():
    """A pair that never was has an empty cell."""
    options = {"rowField": "tag", "columnField": "category", "valueField": "Value"}
    shown = panel("A") | {"transformations": [{"id": "groupingToMatrix", "options": options}]}
    found = [one(1.0, tag="x", category="news"), one(2.0, tag="y", category="other")]
    assert Table(["tag\\category", "news", "other"], [["x", 1.0, ""], ["y", "", 2.0]]) == table(shown, found)


def test_another_transformation_is_refused():
    """It would be drawn wrong."""
    with pytest.raises(ValueError, match="no such transformation as that of `a table`"):
        table(panel("A") | {"transformations": [{"id": "reduce", "options": {}}]}, [])
