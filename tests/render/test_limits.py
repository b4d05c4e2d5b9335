"""`render --limits`: what becomes of rules and dashboards, and what is said of mistakes. The options for links."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.render.rendered import mistakes, render
from tests.tools import find

LIMITS = """\
persona:
  repair_ratio: {warning: ">= 0.12", critical: "> 25 %"}
  repair_trend: {critical: none}
  stalled: {for: 30m, keep_firing_for: 1h}
host:
  disk_ratio: {}
"""


def alerts(root: Path, table: str = "persona") -> dict[tuple[str, str], dict[str, Any]]:
    """The alerts of a rendered rule file by name and severity."""
    rules = yaml.safe_load((root / "prometheus" / "rules" / f"{table}.yml").read_text())["groups"][0]["rules"]
    return {(rule["alert"], rule["labels"]["severity"]): rule for rule in rules if "alert" in rule}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered without limits of one's own."""
    root = tmp_path_factory.mktemp("usual")
    render(root)
    return root


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered with `LIMITS`."""
    root = tmp_path_factory.mktemp("own")
    assert 0 == render(root, limits=LIMITS).code
    return root


def test_a_limit_takes_the_place_of_the_tables(own: Path) -> None:
    """In the expression, in base units, and in what the alert says, in the user's words."""
    warning, critical = (alerts(own)["PersonaRepairRatio", severity] for severity in ("warning", "critical"))
    assert ("persona:repair_ratio >= 0.12", ">= 0.12") == (warning["expr"], warning["annotations"]["limit"])
    assert ("persona:repair_ratio > 0.25", "> 25 %") == (critical["expr"], critical["annotations"]["limit"])
    assert "(critical > 25 %)" in critical["annotations"]["summary"]


def test_none_takes_an_alert_away(usual: Path, own: Path) -> None:
    """That one, and no other."""
    assert {("PersonaRepairTrend", "critical")} == alerts(usual).keys() - alerts(own).keys()
    assert set() == alerts(own).keys() - alerts(usual).keys()


def test_dashboards_have_limits_of_ones_own(own: Path) -> None:
    """As colours and lines, and in the overview in the user's words."""
    folder = own / "grafana" / "dashboards"
    panels = json.loads((folder / "persona.json").read_text())["panels"]
    (course,) = [panel for panel in panels if panel["title"] == "Repair rate over time"]
    steps = course["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [None, 0.12, 0.25] == [step["value"] and round(step["value"], 9) for step in steps]
    assert '"critical\\", \\"> 25 %' in (folder / "overview.json").read_text()


def test_durations_take_the_place_of_the_tables(own: Path) -> None:
    """Those that the file names."""
    stalled = alerts(own)["PersonaStalled", "warning"]
    assert ("30m", "1h") == (stalled["for"], stalled["keep_firing_for"])


def test_what_is_not_named_stays(usual: Path, own: Path) -> None:
    """Other indicators and other tables are as they were."""
    named = {"PersonaRepairRatio", "PersonaRepairTrend", "PersonaStalled"}
    kept = {key: rule for key, rule in alerts(usual).items() if key[0] not in named}
    assert kept == {key: rule for key, rule in alerts(own).items() if key[0] not in named}
    for table in ("host", "exporter", "crawl"):
        path = f"prometheus/rules/{table}.yml"
        assert (usual / path).read_text() == (own / path).read_text()


def test_promtool_accepts_the_rules(own: Path) -> None:
    """As it does those of the repository."""
    rules = own / "prometheus" / "rules" / "persona.yml"
    command = [find("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_limit_can_be_added(tmp_path: Path) -> None:
    """Where the table has texts for the runbook, a further severity is a further alert."""
    render(tmp_path, limits='persona: {repair_ratio: {info: "> 0.05"}}')
    assert "persona:repair_ratio > 0.05" == alerts(tmp_path)["PersonaRepairRatio", "info"]["expr"]


def test_check_knows_limits_of_ones_own(own: Path) -> None:
    """What was rendered with them is fresh with them, and stale without."""
    assert (0, "") == ((done := render(own, "--check", limits=LIMITS)).code, done.out)
    done = render(own, "--check")
    assert 1 == done.code
    dashboards = ["grafana/dashboards/overview.json", "grafana/dashboards/persona.json"]
    expected = ["docs/runbook.md", "prometheus/rules/persona.yml", *dashboards]
    assert expected == [line.split()[0] for line in done.out.splitlines()]


def test_the_runbook_tells_limits_of_ones_own(own: Path) -> None:
    """As its alerts do."""
    assert "Limits: warning `>= 0.12`, critical `> 25 %`" in (own / "docs" / "runbook.md").read_text()


def test_links_lead_where_they_are_told(tmp_path: Path) -> None:
    """To another runbook, another Grafana, another Alertmanager."""
    urls = {"runbook": "wiki.example.org/runbook", "dashboard": "grafana.example.org/d/", "alerts": "am.example.org/"}
    assert 0 == render(tmp_path, *(f"--{name}-url=https://{url}" for name, url in urls.items())).code
    told = alerts(tmp_path, "host")["HostCpuRatio", "warning"]["annotations"]
    assert "https://wiki.example.org/runbook#hostcpuratio" == told["runbook_url"]
    assert "https://grafana.example.org/d/host?var-instance={{$labels.instance|urlquery}}" == told["dashboard_url"]
    dashboard = (tmp_path / "grafana" / "dashboards" / "host.json").read_text()
    assert '"https://wiki.example.org/runbook#hostcpuratio"' in dashboard
    assert '"https://am.example.org/?filter=%7Balertname%3D%22HostCpuRatio%22%7D"' in dashboard


MISTAKES = {
    "personna: {}": (
        "personna: no such table (there are: clustering, crawl, distillation, persona, tagger, exporter, host); "
        "did you mean persona?"
    ),
    "host: {cpu_ration: {}}": (
        "host.cpu_ration: no such indicator (host has: process_memory, cpu_ratio, memory_ratio, disk_ratio); "
        "did you mean cpu_ratio?"
    ),
    "host: {cpu_ratio: {citical: 1}}": (
        "host.cpu_ratio.citical: no such setting (there are: info, warning, critical, for, keep_firing_for); "
        "did you mean critical?"
    ),
    "host: {cpu_ratio: {warning: 0.9}}": (
        "host.cpu_ratio.warning: `0.9` is no limit; write a comparison (<, <=, >, >=, ==) and a number, like `> 0.20`"
    ),
    "host: {cpu_ratio: {warning: '> 2 GiB'}}": (
        "host.cpu_ratio.warning: `> 2 GiB`: `GiB` is no unit of ratio (there are: %)"
    ),
    "host: {cpu_ratio: {warning: }}": (
        'host.cpu_ratio.warning: is empty; give a limit in quotes like "> 0.20", or none, or leave it out'
    ),
    "host: {cpu_ratio: {warning: [1]}}": (
        'host.cpu_ratio.warning: a list is not a limit in quotes like "> 0.20", or none'
    ),
    "host: {cpu_ratio: {critical: '> 70 %'}}": (
        "host.cpu_ratio: warning `> 80 %` and critical `> 70 %` are crossed: what is critical has to be warning already"
    ),
    "host: {cpu_ratio: {critical: '< 90 %'}}": (
        "host.cpu_ratio: warning `> 80 %` and critical `< 90 %` point in opposite directions"
    ),
    "host: {cpu_ratio: {for: soon}}": "host.cpu_ratio.for: `soon` is no duration; write it like 30s, 15m or 6h",
    "host: {cpu_ratio: {for: }}": "host.cpu_ratio.for: is empty; give a duration like 30s, 15m or 6h, or leave it out",
    "host: {disk_ratio: {warning: '> 90 %'}}": (
        "host.disk_ratio: an alert without impact, look and action helps nobody"
    ),
    "host: {cpu_ratio: 80 %}": "host.cpu_ratio: `80 %` is not a mapping (key: value)",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """In the file's own words, with the way out; nothing is written."""
    assert [f"limits.yml:1: {said}"] == mistakes(tmp_path, limits=text)
    assert not (tmp_path / "prometheus").exists()


def test_a_limit_without_quotes_is_explained(tmp_path: Path) -> None:
    """A `>` that begins a value is YAML's own."""
    (said,) = mistakes(tmp_path, limits="host:\n  cpu_ratio:\n    warning: > 0.9\n")
    assert said.startswith("limits.yml:3: not YAML")
    assert said.endswith("(a text that begins with > or | needs quotes)")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Of limits, durations, names and receivers alike."""
    limits = 'persona:\n  cost: {info: "> 1"}\n  drift: {for: 1, fro: 1m, critical: "== 2"}\n  pollyanna: {info: 1}\n'
    said = mistakes(tmp_path, limits=limits, receivers="critical: {pager: {}}")
    assert [
        "limits.yml:2: persona.cost",
        "limits.yml:3: persona.drift.for",
        "limits.yml:3: persona.drift.fro",
        "limits.yml:3: persona.drift",
        "limits.yml:4: persona.pollyanna.info",
        "receivers.yml:1: critical.pager",
    ] == [": ".join(one.split(": ")[:2]) for one in said]
