"""Where a bound is met, what counts depends on every line before: then one process reads on where parts were merged."""

import json
from pathlib import Path

import pytest

from exporter import join
from exporter.history import fold, unfolded
from exporter.metric import Gauge
from tests.engines import attempt
from tests.history.reading import alone, apart, begun, configured, write

SAID = "{}: a bound is met, so what counts depends on order: one process reads the rest"


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def lecture(thing: int, tags: int) -> bytes:
    return line(kind="ensemble_result", lecture_id=thing, total_returned=tags)


def test_series_over_the_cap(tmp_path: Path) -> None:
    """One process reads the log that fills a metric and those behind it; that is told once, and of one pipeline."""
    stages = [[attempt(stage=stage) for stage in several] for several in ("ab", "bc", "ad", "e")]
    logs = [f"persona={write(tmp_path / f'{at}.log', b''.join(several))}" for at, several in enumerate(stages)]
    failures = [write(tmp_path / name, line(url="u", stage="s", exception_type="E")) for name in ("f.log", "g.log")]
    found = configured(*logs, *(f"crawl.failures={log}" for log in failures), cap=4)
    assert (alone(found), [SAID.format("persona")]) == apart(found)
    assert 'persona_attempts_total{run_id="25K_1",stage="other",status="success"} 1.0\n' in alone(found)


def test_a_first_log_over_the_cap_is_taken_as_it_is(tmp_path: Path) -> None:
    """Nothing was counted before it, so nothing of it depends on that; what comes behind it does."""
    first = write(tmp_path / "a.log", b"".join(attempt(stage=stage) for stage in "abcdefgh"))
    empty = write(tmp_path / "b.log", b"nope\n")
    found = configured(f"persona={first}", f"persona={empty}", cap=3)
    assert (alone(found), [SAID.format("persona")]) == apart(found)
    assert (alone(configured(f"persona={first}", cap=3)), []) == apart(configured(f"persona={first}", cap=3))


def test_runs_over_the_cap(tmp_path: Path) -> None:
    """A run in several logs is one for each log, and the fifth has no batches."""
    logs = [f"persona={write(tmp_path / f'{at}.log', attempt(run_id='r'))}" for at in range(5)]
    found = configured(*logs, cap=4)
    assert (alone(found), [SAID.format("persona")]) == apart(found)
    assert 'persona_attempts_total{run_id="other",stage="A",status="success"} 1.0\n' in alone(found)


def test_things_over_the_bound_of_a_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lectures that are settled in between count again when they are told of again."""
    monkeypatch.setattr(join, "OPEN_THINGS", 10)
    logs = [range(6), range(4, 11), range(3), range(3)]
    for at, things in enumerate(logs):
        write(tmp_path / f"{at}.log", b"".join(lecture(thing, at % 2) for thing in things))
    found = configured(f"tagger={tmp_path}/*.log")
    assert (alone(found), [SAID.format("tagger")]) == apart(found)
    assert "tagger_lectures 14.0\n" in alone(found)


def test_things_that_were_settled_by_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later log over the bound by itself is read again, as its first lectures may be known."""
    monkeypatch.setattr(join, "OPEN_THINGS", 10)
    write(tmp_path / "a.log", lecture(0, 0))
    write(tmp_path / "b.log", b"".join(lecture(thing, 1) for thing in range(12)))
    found = configured(f"tagger={tmp_path}/*.log")
    assert (alone(found), [SAID.format("tagger")]) == apart(found)


def test_a_worker_tells_how_many_series_a_gauge_had(tmp_path: Path) -> None:
    """Some are gone in the end, and may have filled the metric before."""
    runs = [line(method="f1", threshold=threshold, pass_rate=1) for threshold in (0.5, 1, 0, 1)]
    engine = begun(configured(f"crawl.thresholds={write(tmp_path / 'a.log', b''.join(runs))}"))
    config, stored = engine.only(engine.intakes[0], engine.intakes[0].logs().keys())
    folded = fold(config, stored, lambda read: None)
    assert folded is not None
    found = {metric.name: metric for metric in unfolded(config, folded).metrics()}
    change = found["crawl_threshold_change_ratio"]
    assert isinstance(change, Gauge)
    assert (0, 1) == (len(change), change.most)
