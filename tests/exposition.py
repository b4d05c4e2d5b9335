"""What `once` prints, and the same read back as numbers by the Prometheus client's parser."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from exporter.cli import main

ROOT = Path(__file__).parents[1]
ITSELF = "pipeline_exporter_"


@dataclass
class Family:
    """One metric: its type, its label names (`le` aside), and its samples by how they are written, labels sorted."""

    type: str
    labels: set[str]
    samples: dict[str, float]
    bounds: list[str]
    """The upper bounds of a histogram, as they are written."""


def once(*args: str) -> str:
    """What `once` prints in a process of its own, started in the repository's root."""
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "once", *args], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def once_here(*args: str) -> str:
    """What `once` prints in this process: fast, for many small logs."""
    try:
        done = CliRunner().invoke(main, ["once", *args], catch_exceptions=False)
    finally:
        structlog.reset_defaults()
    assert (0, "") == (done.exit_code, done.stderr)
    return done.stdout


def key(name: str, **labels: str) -> str:
    """How a sample is written here.

    >>> key("jobs_total", wiki_id="1", outcome="tagged")
    'jobs_total{outcome="tagged",wiki_id="1"}'
    """
    inner = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name


def families(text: str) -> dict[str, Family]:
    """The metrics of an exposition by name, counters with their `_total`."""
    found = {}
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        samples = {key(sample.name, **sample.labels): sample.value for sample in family.samples}
        bounds = list(dict.fromkeys(sample.labels["le"] for sample in family.samples if "le" in sample.labels))
        found[name] = Family(family.type, labels, samples, bounds)
    return found


def samples(text: str) -> dict[str, float]:
    """All samples of an exposition."""
    return {
        key(sample.name, **sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
