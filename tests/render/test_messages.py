"""What messages say, rendered by amtool from the templates that Alertmanager reads."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from exporter.render import messages
from tests.render.rendered import render
from tests.tools import find

Alert = dict[str, Any]

REPAIR: Alert = {
    "labels": {"alertname": "PersonaRepairRatio", "run_id": "deep_<1>"},
    "annotations": {
        "summary": "Repair rate, run deep_<1>: 24% (critical > 0.20)",
        "description": "Needed a repair. What to do: Pause the run & look.",
        "value": "24%",
        "limit": "> 0.20",
        "runbook_url": "http://localhost:10210/runbook#personarepairratio",
        "dashboard_url": "http://localhost:3000/d/persona?var-run_id=deep_%3C1%3E",
    },
}
DOWN: Alert = {
    "labels": {"alertname": "ExporterDown"},
    "annotations": {
        "summary": "Exporter down, here:10210",
        "description": "Not reached. What to do: Start it.",
        "value": "1",
        "limit": "== 1",
        "runbook_url": "http://localhost:10210/runbook#exporterdown",
        "dashboard_url": "http://localhost:3000/d/exporter",
    },
}

FIRING = """\
Repair rate, run deep_<1>: 24% (critical > 0.20)
Needed a repair. What to do: Pause the run & look.
Value: 24%, limit: > 0.20, run: deep_<1>
Runbook: http://localhost:10210/runbook#personarepairratio
Dashboard: http://localhost:3000/d/persona?var-run_id=deep_%3C1%3E

"""

RESOLVED = """\
Resolved:

Exporter down, here:10210
Not reached. What to do: Start it.
Value: 1, limit: == 1
Runbook: http://localhost:10210/runbook#exporterdown
Dashboard: http://localhost:3000/d/exporter

"""

SLACK = """\
*Repair rate, run deep_&lt;1&gt;: 24% (critical &gt; 0.20)*
Needed a repair. What to do: Pause the run &amp; look.
Value: 24%, limit: &gt; 0.20, run: deep_&lt;1&gt;
<http://localhost:10210/runbook#personarepairratio|Runbook> · \
<http://localhost:3000/d/persona?var-run_id=deep_%3C1%3E|Dashboard>

*Resolved:*

*Exporter down, here:10210*
Not reached. What to do: Start it.
Value: 1, limit: == 1
<http://localhost:10210/runbook#exporterdown|Runbook> · <http://localhost:3000/d/exporter|Dashboard>

"""


def said(root: Path, template: str, *, firing: tuple[Alert, ...] = (), resolved: tuple[Alert, ...] = ()) -> str:
    """What a template makes of alerts."""
    render(root)
    alerts = [alert | {"status": "firing"} for alert in firing] + [alert | {"status": "resolved"} for alert in resolved]
    data = {"status": "firing" if firing else "resolved", "alerts": alerts}
    (root / "data.json").write_text(json.dumps(data))
    templates = root / "alertmanager" / "templates" / "*.tmpl"
    command = ["template", "render", f"--template.glob={templates}", f"--template.data={root / 'data.json'}"]
    done = subprocess.run([find("amtool"), *command, f"--template.text={template}"], capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_a_text_says_what_and_what_to_do(tmp_path: Path) -> None:
    """Value, limit, run and links of each alert; what is over comes last."""
    assert FIRING + RESOLVED == said(tmp_path, messages.TEXT, firing=(REPAIR,), resolved=(DOWN,))


def test_a_text_for_slack_is_escaped(tmp_path: Path) -> None:
    """All but its own links."""
    assert SLACK == said(tmp_path, messages.SLACK_TEXT, firing=(REPAIR,), resolved=(DOWN,))


@pytest.mark.parametrize(
    ("firing", "resolved", "title"),
    [
        ((REPAIR,), (), "[FIRING] Repair rate, run deep_<1>: 24% (critical > 0.20)"),
        ((), (REPAIR,), "[RESOLVED] Repair rate, run deep_<1>: 24% (critical > 0.20)"),
        ((DOWN,), (REPAIR,), "[FIRING] Exporter down, here:10210"),
        ((DOWN, REPAIR), (), "[FIRING] Exporter down, here:10210, one of 2 alerts"),
    ],
)
def test_a_title_is_the_summary(
    tmp_path: Path, firing: tuple[Alert, ...], resolved: tuple[Alert, ...], title: str
) -> None:
    """Of the first alert that fires, or else of the first that is over."""
    escaped = title.replace("<", "&lt;").replace(">", "&gt;")
    assert title == said(tmp_path, messages.TITLE, firing=firing, resolved=resolved)
    assert escaped == said(tmp_path, messages.SLACK_TITLE, firing=firing, resolved=resolved)


def test_a_page_of_pagerduty_has_what_fires_apart_from_what_is_over(tmp_path: Path) -> None:
    """As its details, with links to runbook and dashboard."""
    assert FIRING == said(tmp_path, messages.FIRING, firing=(REPAIR,), resolved=(DOWN,))
    assert RESOLVED.removeprefix("Resolved:\n\n") == said(tmp_path, messages.RESOLVED, resolved=(DOWN,))
    assert REPAIR["annotations"]["runbook_url"] == said(tmp_path, messages.RUNBOOK, firing=(REPAIR,))
    assert REPAIR["annotations"]["dashboard_url"] == said(tmp_path, messages.DASHBOARD, firing=(REPAIR,))
