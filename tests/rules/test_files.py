"""The rule files: one for each table, in the subset that old and new Prometheus share; promtool finds nothing."""

import subprocess

import pytest
import yaml

from exporter.pipeline import discover
from tests.rules.files import RULES, alerts, records, rule_files, rules
from tests.tools import find

OWN_TABLES = {"exporter", "host"}

LABELS = {"severity", "pipeline"}
ANNOTATIONS = {"summary", "description", "value", "limit", "runbook_url", "dashboard_url"}


def test_every_table_has_its_file() -> None:
    """A pipeline's file is named like it, and there is no other."""
    assert {*discover(), *OWN_TABLES} == set(rule_files())
    assert [] == [path.name for path in RULES.iterdir() if path.suffix != ".yml"]


@pytest.mark.parametrize("table", rule_files())
def test_promtool_has_nothing_to_say(table: str) -> None:
    """`promtool check rules` accepts the file with all of its lints."""
    command = [find("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(RULES / f"{table}.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    assert f"SUCCESS: {len(rules(table))} rules found" in done.stdout


@pytest.mark.parametrize("table", rule_files())
def test_a_file_holds_one_group_with_records_first(table: str) -> None:
    """The group is named like the file; alerts read what was recorded in the same evaluation."""
    (group,) = yaml.safe_load((RULES / f"{table}.yml").read_text())["groups"]
    assert {"name": table} == {key: value for key, value in group.items() if key != "rules"}
    assert records(table) + alerts(table) == rules(table)


@pytest.mark.parametrize("table", rule_files())
def test_a_file_says_where_to_edit(table: str) -> None:
    """Its head names the module that the table stands in, which exists."""
    first = (RULES / f"{table}.yml").read_text().splitlines()[0]
    source = first.removeprefix("# Rendered by `pipeline-exporter render` from the indicators in ").partition(":")[0]
    assert f"{table}.py" == source.rpartition("/")[2]
    assert (RULES.parents[1] / source).is_file()


@pytest.mark.parametrize("table", rule_files())
def test_only_what_old_and_new_prometheus_know_is_used(table: str) -> None:
    """Records are names and expressions; alerts keep to the fields that Prometheus 2.42 reads."""
    assert all({"record", "expr"} == rule.keys() for rule in records(table))
    fields = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
    assert all(fields == rule.keys() for rule in alerts(table))


@pytest.mark.parametrize("table", rule_files())
def test_every_record_is_named_by_its_table(table: str) -> None:
    """`table:name`, each once."""
    names = [rule["record"] for rule in records(table)]
    assert [] == [name for name in names if not name.startswith(f"{table}:")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("table", rule_files())
def test_every_alert_says_what_a_reader_needs(table: str) -> None:
    """Labels to route by, and texts with value, limit and links; none is empty."""
    for rule in alerts(table):
        assert rule["labels"].keys() <= LABELS
        assert "severity" in rule["labels"]
        assert ANNOTATIONS == rule["annotations"].keys()
        assert all([*rule["labels"].values(), *rule["annotations"].values()])
