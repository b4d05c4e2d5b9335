"""How dashboards come to be: the same bytes each time, with the SDK or not at all, narrowed by their variables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.render.dashboards.promql import for_grafana

ROOT = Path(__file__).parents[2]


def python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs code in an interpreter of its own, in the repository."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_bytes_are_rendered(seed):
    """Whatever order Python gives to sets, nothing is stale."""
    done = python("from exporter.cli import main; main(['render', '--check'])", PYTHONHASHSEED=seed)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def test_a_missing_sdk_is_named():
    """Who renders without it is told how to get it."""
    missing = "import sys; sys.modules['grafana_foundation_sdk'] = None"
    done = python(f"{missing}; from exporter.cli import main; main(['render', '--check'])")
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr == (
        "pipeline-exporter: dashboards are rendered by grafana-foundation-sdk, which is missing: "
        "pip install '.[dev]' in the repository\n"
    )


def test_only_rendering_takes_the_sdk():
    """Every other command works where it is not installed."""
    done = python("import sys, exporter.cli.render, exporter.server; print('grafana_foundation_sdk' in sys.modules)")
    assert "False\n" == done.stdout


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("a_total", 'a_total{run=~"$run"}'),
        ("sum by (run) (a_total)", 'sum by (run) (a_total{run=~"$run"})'),
        ("a_total offset 1m", 'a_total{run=~"$run"} offset 1m'),
        ('a_total{b="a_total"}', 'a_total{b="a_total", run=~"$run"}'),
        ('a_total{run="1"}', 'a_total{run="1"}'),
        ('a_total{rerun="1"}', 'a_total{rerun="1", run=~"$run"}'),
        ("t:a_total", "t:a_total"),
        ("a_total_sum", "a_total_sum"),
        ("other", "other"),
        ("rate(other[auto]) / increase(other[shown])", "rate(other[$__rate_interval]) / increase(other[$__range])"),
        ("max_over_time(other[shown:1m])", "max_over_time(other[$__range:1m])"),
        ("\n  a_total\n  + other\n", 'a_total{run=~"$run"} + other'),
    ],
)
def test_selectors_are_narrowed(expr, expected):
    """By the variables that a series has as labels, and that are not matched already."""
    assert expected == for_grafana(expr, ["run"], {"a_total": ("run", "b"), "other": ()})
