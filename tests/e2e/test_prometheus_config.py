"""prometheus/prometheus.yml: promtool accepts it, rules find their jobs, and of two pages each series comes once."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import Config
from exporter.config.scalar import duration
from tests.e2e.serving import Serving
from tests.engines import attempt
from tests.tools import find

FOLDER = Path(__file__).parents[2] / "prometheus"

OWN = {
    "pipeline_exporter_catching_up",
    "pipeline_exporter_lag_bytes",
    "pipeline_exporter_snapshot_duration_seconds",
    "pipeline_exporter_snapshot_timestamp_seconds",
    "pipeline_exporter_config_reload_success",
    "pipeline_exporter_web_config_reload_success",
}
"""What is taken from /metrics/self."""

Types = dict[str, str]


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    return config


@pytest.fixture(scope="module")
def jobs(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in config["scrape_configs"]}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Types]]:
    """The types of metrics by name, on each of the two pages of an exporter."""
    serving = Serving(tmp_path_factory.mktemp("pages"))
    try:
        serving.configure_web(http_server_config={})
        serving.write(attempt(), b"no JSON\n")
        serving.start()
        yield {path: types(serving.get(path).text) for path in ("/metrics", "/metrics/self")}
    finally:
        serving.close()


def types(page: str) -> Types:
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def taken(job: dict[str, Any], page: Types) -> Types:
    """What is left of a page after a job's relabeling."""
    (rule,) = job["metric_relabel_configs"]
    assert (["__name__"], True) == (rule["source_labels"], rule["action"] in ("keep", "drop"))
    keep = rule["action"] == "keep"
    return {name: type for name, type in page.items() if bool(re.fullmatch(rule["regex"], name)) == keep}


def test_promtool_accepts_it() -> None:
    """With its rule files, all of them."""
    command = [find("promtool"), "check", "config", str(FOLDER / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{len(list(FOLDER.glob('rules/*.yml')))} rule files found" in done.stdout


def test_each_series_is_taken_once(jobs: dict[str, dict[str, Any]], pages: dict[str, Types]) -> None:
    """What the two jobs take is together all that the exporter tells, and nothing is in both."""
    main = taken(jobs["pipeline-exporter"], pages["/metrics"])
    own = taken(jobs["pipeline-exporter-self"], pages["/metrics/self"])
    assert OWN == own.keys()
    assert set() == main.keys() & own.keys()
    assert pages["/metrics"].keys() | pages["/metrics/self"].keys() == main.keys() | own.keys()


def test_what_may_be_taken_back_by_a_kill_is_no_counter(
    jobs: dict[str, dict[str, Any]], pages: dict[str, Types]
) -> None:
    """/metrics/self is not durable first: from there come gauges alone."""
    assert {"gauge"} == set(taken(jobs["pipeline-exporter-self"], pages["/metrics/self"]).values())


def test_rules_name_jobs_that_there_are(jobs: dict[str, dict[str, Any]]) -> None:
    """A job that is called otherwise would be an exporter that is down."""
    named = {job for path in FOLDER.glob("rules/*.yml") for job in re.findall(r'\bjob="([^"]+)"', path.read_text())}
    assert {"pipeline-exporter", "pipeline-exporter-self"} == named
    assert set() == named - jobs.keys()


def test_both_jobs_ask_the_same_exporters(config: dict[str, Any], jobs: dict[str, dict[str, Any]]) -> None:
    """And Alertmanager is asked where alerts are sent: two lines hold the addresses."""
    assert jobs["pipeline-exporter"]["static_configs"] == jobs["pipeline-exporter-self"]["static_configs"]
    assert config["alerting"]["alertmanagers"][0]["static_configs"] == jobs["alertmanager"]["static_configs"]


def test_a_series_is_seen_at_zero_before_its_value(config: dict[str, Any]) -> None:
    """A scrape comes within `birth_hold`."""
    assert (duration(config["global"]["scrape_interval"]) or 0) < Config(pipelines={}).birth_hold
