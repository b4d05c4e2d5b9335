"""Odd lines of every stream before a real `serve`. RELIABILITY invariant 11."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from tests.e2e.serving import Serving
from tests.exposition import key
from tests.fuzz.corpus import TABLES, as_bytes
from tests.tools import check_metrics

OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    serving.close()


@pytest.mark.invariant(2, 11)
def test_a_server_lives_with_all_odd_lines_at_once(serving: Serving) -> None:
    """All pages are there, the next lines count, a start after a kill finds the same, and its own log is clean."""
    pipelines: dict[str, dict[str, str]] = {}
    for stream, table in TABLES.items():
        pipeline, _, name = stream.partition(".")
        path = serving.logs / name / f"{stream}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"".join(as_bytes(line) + b"\n" for line, _ in table.values()))
        pipelines.setdefault(pipeline, {})[name] = str(path)
    serving.config["pipelines"] = pipelines
    serving.start()
    assert {200} == {serving.get(path).status for path in ("/metrics", "/metrics/self", "/", "/-/ready", "/-/healthy")}
    assert "" == check_metrics(serving.get("/metrics").content)
    assert list(parse_openmetrics(serving.get("/metrics", **OPENMETRICS).text))
    for stream, table in TABLES.items():
        odd_lines = [as_bytes(line) + b"\n" for line, _ in table.values()]
        serving.write(*odd_lines[::-1], name=f"{stream.partition('.')[2]}/{stream}.log")
    for stream, table in TABLES.items():
        pipeline, _, name = stream.partition(".")
        labels = {"pipeline": pipeline, "stream": name}
        seen = serving.eventually(key("pipeline_exporter_lines_total", **labels), 2 * len(table))
        rejected = sum(
            value
            for series, value in seen.items()
            if series.startswith(f'pipeline_exporter_rejected_lines_total{{pipeline="{pipeline}",')
            and series.endswith(f'stream="{name}"}}')
        )
        parts = ("records", "skipped_lines")
        counted = sum(seen[key(f"pipeline_exporter_{part}_total", **labels)] for part in parts)
        assert 2 * len(table) == counted + rejected
    before = serving.scrape()
    serving.kill()
    serving.start()
    after = serving.scrape()
    assert {} == {
        series: (value, after.get(series))
        for series, value in before.items()
        if after.get(series) != value and not re.match("process_|python_|host_|pipeline_exporter_snapshot_", series)
    }
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", serving.stderr.read_bytes())
