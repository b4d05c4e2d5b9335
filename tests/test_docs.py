"""The docs say what is so: their examples run, and what is rendered is fresh."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exporter import render
from exporter.config.reading import load
from exporter.pipeline import discover
from tests.tools import find

ROOT = Path(__file__).parent.parent


def test_rendered_files_are_fresh():
    """What is rendered from the code lies in the repository as it would be rendered."""
    given = render.Rendering.of(discover())
    assert ([], []) == (render.stale(given, ROOT), render.left(given, ROOT))


@pytest.mark.parametrize("name", ["example.yml", "demo.yml"])
def test_example_configurations_are_good(name):
    """A configuration from the docs is accepted as it stands."""
    found = load(str(ROOT / "docs" / name), pipelines=discover(), environ={})
    assert set(discover()) == set(found.pipelines)


def test_the_demo_watches_a_process_that_is_there():
    """It is one of those that `make run` starts, and not the exporter, which leaves itself out."""
    started = [line for line in (ROOT / "deploy" / "run-demo").read_text().splitlines() if line.endswith(" &")]
    watched = load(str(ROOT / "docs" / "demo.yml"), pipelines=discover(), environ={}).host.processes.values()
    assert [[True, False] for _ in watched] == [[bool(re.search(each, line)) for line in started] for each in watched]
    assert "pipeline-exporter serve" in started[1]


@pytest.fixture(scope="module")
def sixth(tmp_path_factory):
    """A copy of the program with the pipeline of docs/adding-a-pipeline.md, and a log of it."""
    folder = tmp_path_factory.mktemp("sixth")
    shutil.copytree(ROOT / "exporter", folder / "exporter", ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "docs" / "adding-a-pipeline.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    (folder / "exporter" / "pipelines" / "translation.py").write_text(code[1])
    line = re.search(r'^    (\{"ts".*\})$', text, re.MULTILINE)
    assert line is not None
    bad = json.dumps({"language": "ro"})
    (folder / "sentences.ndjson").write_text(f"{line[1]}\n{line[1]}\n{bad}\n")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the copied program."""
    command = [sys.executable, "-m", "exporter", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def rendered(sixth):
    """The same copy, with everything rendered in it."""
    assert 0 == run(sixth, "render").returncode
    return sixth


def test_a_sixth_pipeline_is_one_file(sixth):
    """The documented file alone makes `once` count the sixth pipeline's lines."""
    lines = run(sixth, "once", "translation=sentences.ndjson").stdout.splitlines()
    assert 'translation_sentences_total{language="ro"} 2.0' in lines
    assert 'translation_glossary_hits_total{language="ro"} 4.0' in lines
    assert 'translation_sentence_duration_seconds_sum{language="ro"} 2.5' in lines
    refused = 'pipeline_exporter_rejected_lines_total{pipeline="translation",reason="missing_field",stream="sentences"}'
    assert f"{refused} 1.0" in lines


def test_lint_knows_the_sixth_pipeline(sixth):
    """`lint` finds the bad line of the sixth pipeline."""
    done = run(sixth, "lint", "translation=sentences.ndjson")
    assert 1 == done.returncode
    assert 'sentences.ndjson:3: missing_field: {"language": "ro"}\n' == done.stdout


def test_the_docs_follow_the_sixth_pipeline(rendered):
    """`render` writes the sixth pipeline's metrics into the docs."""
    assert "`translation_sentences_total`" in (rendered / "docs" / "metrics.md").read_text()


def test_the_routes_follow_the_sixth_pipeline(rendered):
    """`render` gives its alerts receivers of their own."""
    assert "receiver: translation-critical" in (rendered / "alertmanager" / "alertmanager.yml").read_text()


def test_what_is_left_of_a_sixth_pipeline_is_told(rendered):
    """When its file is taken away, `render` names its rules and its dashboard, which would still be read."""
    code = rendered / "exporter" / "pipelines" / "translation.py"
    (rendered / "prometheus" / "rules" / "own.yml").write_bytes(b"# somebody's own \xff\n")
    kept = code.rename(rendered / "translation.kept")
    try:
        assert 0 == run(rendered, "render").returncode
        done = run(rendered, "render", "--check")
    finally:
        kept.rename(code)
        run(rendered, "render")
    files = ("prometheus/rules/translation.yml", "grafana/dashboards/translation.json")
    assert [f"{file} is left of a pipeline that is gone: remove it" for file in files] == done.stdout.splitlines()
    assert 1 == done.returncode


def test_a_configuration_takes_the_sixth_pipeline(sixth):
    """The sixth pipeline's name and stream are configuration keys."""
    (sixth / "logs.yml").write_text("pipelines: {translation: {sentences: sentences.ndjson}}")
    done = run(sixth, "check", "--config", "logs.yml")
    assert (0, "translation.sentences: sentences.ndjson") == (done.returncode, done.stdout.splitlines()[0])


def test_the_rules_follow_the_sixth_pipeline(rendered):
    """`render` writes a rule file from its indicators, and promtool has nothing to say of it."""
    path = rendered / "prometheus" / "rules" / "translation.yml"
    assert "from the indicators in exporter/pipelines/translation.py:" in path.read_text()
    (group,) = yaml.safe_load(path.read_text())["groups"]
    expected = ["translation:sentence_seconds", "translation:sentence_seconds > 2", "translation:sentence_seconds > 5"]
    assert expected == [rule.get("record", rule["expr"]) for rule in group["rules"]]
    command = [find("promtool"), "check", "rules", "--lint=all", "--lint-fatal", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr), done.stdout


def test_the_dashboards_follow_the_sixth_pipeline(rendered):
    """`render` writes one for it, with its indicator and its own panel, and the overview leads there."""
    dashboards = rendered / "grafana" / "dashboards"
    shown = json.loads((dashboards / "translation.json").read_text())
    expected = {
        'max(translation:sentence_seconds{language=~"$language"})',
        'translation:sentence_seconds{language=~"$language"}',
        "histogram_quantile(0.99, sum by (le, language) "
        '(rate(translation_sentence_duration_seconds_bucket{language=~"$language"}[$__rate_interval])))',
    }
    assert expected <= {target["expr"] for panel in shown["panels"] for target in panel.get("targets", ())}
    assert ["datasource", "language"] == [variable["name"] for variable in shown["templating"]["list"]]
    assert "translation" in (dashboards / "overview.json").read_text()
