"""The runbook: whoever is woken finds the alert's entry, in the docs and in the exporter, and can do what it says.

Queries are held against docs/metrics.md, whose own tests hold it against the code; fields against the seeds' own lines.
"""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from exporter import render
from exporter.indicator import Indicator
from exporter.pipeline import discover
from exporter.web.document import document
from tests.tools import find
from tests.web.page import Parsed

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "runbook.md").read_text()
PAGE = Parsed(document(TEXT, title="Runbook"))
INDICATORS = [(table.name, indicator) for table in render.tables(discover()) for indicator in table.indicators]
TABLES = "|".join({table for table, _ in INDICATORS} | {"pipeline_exporter"})
COMMANDS = {"amtool", "curl", "df", "docker", "jq", "journalctl", "pipeline-exporter", "semantic_cli.py", "tail"}


def alerts() -> dict[str, list[dict[str, Any]]]:
    """Every alert of every rule file, by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    found.setdefault(rule["alert"], []).append(rule)
    return found


def entry(heading: str) -> str:
    """What stands under a heading of the third level."""
    found = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return found[1]


@pytest.mark.parametrize(("name", "rules"), alerts().items())
def test_an_alert_leads_to_its_entry(name: str, rules: list[dict[str, Any]]) -> None:
    """Its link names a heading that is there, and that says each of its limits and how long it waits."""
    for rule in rules:
        address = urlsplit(rule["annotations"]["runbook_url"])
        assert ("/runbook", name.lower()) == (address.path, address.fragment)
        assert f"{rule['labels']['severity']} `{rule['annotations']['limit']}`" in entry(name)
        assert f"`for` {rule['for']}, stays for {rule['keep_firing_for']}." in entry(name)
    assert 1 == PAGE.ids.count(name.lower())


@pytest.mark.parametrize(("table", "indicator"), INDICATORS, ids=lambda value: getattr(value, "name", value))
def test_an_indicator_is_told_whole(table: str, indicator: Indicator) -> None:
    """Every text of it stands in its entry: that of its alert, or one under the name of its record."""
    record = f"{table}:{indicator.name}"
    told = entry(f"{table}_{indicator.name}".title().replace("_", "") if indicator.limits else record)
    texts = [f"`{record}`", indicator.title, indicator.meaning, indicator.impact, indicator.action, *indicator.look]
    assert [] == [text for text in map(cleandoc, texts) if text not in told]
    assert [] == [label for label in indicator.labels if f"`{label}`" not in told]


def test_every_link_leads_somewhere() -> None:
    """Within the page, headings are told apart; out of it, only the status page is linked to."""
    assert [] == [name for name, times in Counter(PAGE.ids).items() if times > 1]
    assert {"/"} == {link for link in PAGE.links if link.removeprefix("#") not in PAGE.ids}


def test_nothing_on_the_page_is_markdown_still() -> None:
    """Code and lists of the tables are shown as such."""
    assert "`" not in PAGE.text
    assert "**" not in PAGE.text
    assert "script" not in PAGE.tags


@pytest.mark.parametrize(
    ("heading", "advice"),
    [
        # 002, "Iterate on Solutions", and the causes in its table of error types
        ("distillation:error_share", "`json_parse_error`: review the prompt for clarity"),
        ("distillation:error_share", "raise\n  `max_tokens`, improve `repair_json()`"),
        ("distillation:error_share", "`timeout`: raise the timeout from 60 s to 90 or 120 s"),
        ("distillation:error_share", "shorten the article in `build_prompt()`"),
        ("distillation:error_share", "`json_extraction_failed`: the model does not follow instructions"),
        ("distillation:error_share", "improve the system prompt, add examples\n  to it, or try another provider"),
        ("distillation:error_share", "`llm_api_error`: network, authentication or rate limits"),
        ("distillation:error_share", "`empty_response`: content filters"),
        ("distillation:error_share", "`unknown`"),
        ("distillation:error_share", "`--batch-size 50 --max-batches 2`"),
        ("distillation:article_seconds", "Gemini is 5 times as fast as Claude"),
        # 004, "Automatic quality alerts"
        ("ClusteringSilhouetteScore", "Consider increasing `min_cluster_size`, or check data quality"),
        ("ClusteringOutlierRatio", "Wiki content may be too heterogeneous for clustering"),
        ("ClusteringTagsPerPage", "Consider lowering confidence thresholds"),
    ],
)
def test_the_seeds_advice_is_given(heading: str, advice: str) -> None:
    """What seeds 002 and 004 say one should do stands where one looks for it."""
    assert advice in entry(heading)


# What is to be done can be done


def code() -> Iterator[str]:
    """Everything in the entries that is marked as code."""
    for text in re.findall(r"^### .*?$(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", text)


def queries() -> list[str]:
    """The code that asks Prometheus for something of ours, records included."""
    found = {text for text in code() if re.search(rf"\b({TABLES})[_:]", text) and text.split()[0] not in COMMANDS}
    return sorted(found)


def known() -> set[str]:
    """The names of every series: metrics of docs/metrics.md, and records."""
    rows = re.findall(r"^\| (`[^|]+) \| (\w*) \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    metrics = {(name, kind) for names, kind in rows for name in re.findall(r"`(\w+)`", names)}
    parts = {f"{name}_{part}" for name, kind in metrics if kind == "histogram" for part in ("sum", "count", "bucket")}
    records = {f"{table}:{name}" for table, each in INDICATORS for name in (each.name, *each.steps)}
    return {name for name, kind in metrics if kind != "histogram"} | parts | records


def test_queries_ask_for_what_there_is() -> None:
    """Each name that looks like a series of ours is one."""
    asked = {name: query for query in queries() for name in re.findall(rf"\b(?:{TABLES})[_:]\w+", query)}
    assert len(asked) > 40
    assert {} == {name: query for name, query in asked.items() if name not in known()}


def test_queries_are_promql(tmp_path: Path) -> None:
    """They can be pasted as they stand."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run([find("promtool"), "check", "rules", path], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def programs() -> list[tuple[str, str]]:
    """The jq programs, each with the stem of the log that it reads."""
    found = [re.search(r"^jq -\w+ '?(.*?)'? ([\w.]+)(?: \||$)", text) for text in code() if text.startswith("jq ")]
    return [(each[1], each[2]) for each in found if each is not None]


def test_jq_asks_for_fields_that_are_logged() -> None:
    """Each field of a program is one of the seeds' own lines of that log."""
    assert len([text for text in code() if text.startswith("jq ")]) == len(programs()) > 8
    for program, log in programs():
        fields = set(re.findall(r"\.([a-z_]\w*)", program))
        assert fields
        assert set() == fields - logged(log), program


def logged(log: str) -> set[str]:
    """The fields in the seeds' lines of a log, those within others included."""
    folders = {"generation.log": "persona/seed-*.log", "clustering.log": "clustering/seed-*.log"}
    lines = [
        line
        for path in (ROOT / "tests" / "logs").glob(folders.get(log, f"*/seed-{log}"))
        for line in path.read_text().splitlines()
    ]
    found: set[str] = set()
    for line in lines:
        json.loads(line, object_hook=lambda fields: found.update(fields))
    return found
