"""The demo's writer: all logs, at the asked rate, rotated without losing a line, and what lies beside them."""

import json
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import accumulate
from statistics import mean

import pytest

from exporter import demo

from .reading import START


class Clock:
    """A clock that only moves when someone sleeps."""

    def __init__(self):
        self.now = START.timestamp()

    def sleep(self, seconds):
        self.now += seconds


RATE = 64
"""A power of two, so that line n is due at an exact time."""


def write(directory, seconds, *, clock=None, **options):
    """Runs the demo for some seconds of a clock that nobody waits for."""
    clock = clock or Clock()
    end = clock.now + seconds
    demo.run(directory, stop=lambda: clock.now >= end, clock=lambda: clock.now, sleep=clock.sleep, rate=RATE, **options)


def logs_of_filters(directory):
    """The logs of distillation, one for each of three filters."""
    found = sorted(directory.glob("distillation/*/metrics.jsonl"))
    assert 3 == len(found)
    return found


def logs(directory):
    """The lines of every log with its rotations, oldest first, by path without the rotation's number."""
    lines: dict[str, list[str]] = defaultdict(list)
    for path in sorted(directory.rglob("*.*"), key=lambda path: path.name, reverse=True):
        if re.search(r"\.(log|jsonl|ndjson)(\.\d)?$", path.name):
            text = path.read_bytes().decode()
            assert text.endswith("\n")
            lines[re.sub(r"\.\d$", "", path.relative_to(directory).as_posix())] += text.splitlines()
    return lines


class TestRun:
    def test_writes_every_log(self, tmp_path):
        """Each stream has its log, and a directory without metrics.jsonl has a text log."""
        write(tmp_path, 30)
        assert {
            "persona/generation.log",
            "distillation/uplifting/metrics.jsonl",
            "distillation/sustainability/metrics.jsonl",
            "distillation/investment-risk/metrics.jsonl",
            "distillation/legacy/distillation.log",
            "tagger/tagger.ndjson",
            "crawl/crawl_metadata.jsonl",
            "crawl/crawl_failures.jsonl",
            "crawl/false_positives.jsonl",
            "crawl/false_negatives.jsonl",
            "crawl/embedding_failures.jsonl",
            "crawl/threshold_logs.jsonl",
            "crawl/health.jsonl",
            "clustering/clustering.log",
        } == logs(tmp_path).keys()

    def test_begins_with_history(self, tmp_path):
        """Before any time has passed there are 2000 lines, the last of them due now, and eight closed batches."""
        write(tmp_path, 1 / RATE)
        written = logs(tmp_path)
        personas = [json.loads(line) for line in written["persona/generation.log"]]
        due = 2000 + 1
        assert due == sum(map(len, written.values()))
        assert START - timedelta(seconds=1) < datetime.fromisoformat(personas[-1]["ts"]) <= START
        assert len({each["persona_id"] for each in personas}) > 8 * demo.BATCH_SIZE

    def test_keeps_the_rate(self, tmp_path):
        """So many lines a second are written, over all logs, and about half of them are of personas."""
        write(tmp_path, 20)
        written = logs(tmp_path)
        due = 2000 + 20 * 64
        assert due == sum(map(len, written.values()))
        share = len(written["persona/generation.log"]) / sum(map(len, written.values()))
        assert share == pytest.approx(0.5, abs=0.01)

    def test_rotates_without_losing_a_line(self, tmp_path):
        """Logs are renamed before they get too big, and the pieces put together are the log that never was renamed."""
        write(tmp_path / "small", 5, rotate_bytes=200_000)
        write(tmp_path / "large", 5)
        assert (tmp_path / "small/persona/generation.log.2").exists()
        assert all(path.stat().st_size <= 200_000 for path in (tmp_path / "small").rglob("*.*"))
        assert logs(tmp_path / "large") == logs(tmp_path / "small")

    def test_keeps_three_rotations(self, tmp_path):
        """What is older than name.3 is gone; the youngest lines are all there."""
        write(tmp_path / "small", 1, rotate_bytes=20_000)
        write(tmp_path / "large", 1)
        names = {path.name for path in (tmp_path / "small/tagger").iterdir()}
        assert {"tagger.ndjson", "tagger.ndjson.1", "tagger.ndjson.2", "tagger.ndjson.3"} == names
        kept = logs(tmp_path / "small")["tagger/tagger.ndjson"]
        assert kept == logs(tmp_path / "large")["tagger/tagger.ndjson"][-len(kept) :]

    def test_writes_whole_lines_at_any_moment(self, tmp_path):
        """Whenever the writer pauses, every line that is there is whole."""
        clock = Clock()
        pauses = []

        def sleep(seconds):
            clock.sleep(seconds)
            pauses.append(sum(map(len, logs(tmp_path).values())))

        end = clock.now + 0.25
        demo.run(tmp_path, stop=lambda: clock.now >= end, clock=lambda: clock.now, sleep=sleep, rate=RATE)
        assert list(range(2001, 2017)) == pauses

    def test_goes_on_where_there_are_logs(self, tmp_path):
        """A second demo appends: no history, whole lines, later times, another run."""
        clock = Clock()
        write(tmp_path, 10, clock=clock)
        before = logs(tmp_path)
        write(tmp_path, 10, clock=clock)
        after = logs(tmp_path)
        due = 2000 + 20 * 64
        assert due == sum(map(len, after.values()))
        assert all(lines == after[path][: len(lines)] for path, lines in before.items())
        path = "persona/generation.log"
        old, new = ([json.loads(line) for line in lines] for lines in (before[path], after[path][len(before[path]) :]))
        assert {each["run_id"] for each in old}.isdisjoint(each["run_id"] for each in new)
        assert max(each["ts"] for each in old) < min(each["ts"] for each in new)

    def test_is_told_by_the_seed(self, tmp_path):
        """The same seed at the same time writes the same logs, another seed others."""
        for name, seed in (("a", 7), ("b", 7), ("c", 8)):
            write(tmp_path / name, 5, seed=seed)
        assert logs(tmp_path / "a") == logs(tmp_path / "b")
        assert logs(tmp_path / "a") != logs(tmp_path / "c")

    def test_collapse_follows_the_history(self, tmp_path):
        """When the demo starts the run is still healthy; its repairs climb within half a minute."""
        write(tmp_path, 30, scenario="collapse")
        personas = [json.loads(line) for line in logs(tmp_path)["persona/generation.log"]]
        past, live = personas[: 108 * 8], personas[108 * 10 :]
        assert mean(bool(each["repairs"]) for each in past) < 0.10
        assert mean(bool(each["repairs"]) for each in live) > 0.20

    def test_fails_more_crawls_in_collapse(self, tmp_path):
        """The share of failures is below 5 % in health, embeddings included, and above 10 % in collapse."""
        shares = {}
        for scenario in demo.SCENARIOS:
            write(tmp_path / scenario, 30, scenario=scenario)
            crawl = {path: len(lines) for path, lines in logs(tmp_path / scenario).items() if path.startswith("crawl/")}
            failed = [crawl[f"crawl/{name}_failures.jsonl"] for name in ("crawl", "embedding")]
            shares[scenario] = [
                each / (sum(failed) + crawl["crawl/crawl_metadata.jsonl"]) for each in accumulate(failed)
            ]
        assert max(shares["healthy"]) < 0.05
        assert min(shares["collapse"]) > 0.10

    def test_refuses_a_rate_of_zero(self, tmp_path):
        """A rate has to be above 0."""
        with pytest.raises(ValueError, match="rate `0` is not above 0"):
            demo.run(tmp_path, stop=lambda: True, rate=0)

    @pytest.mark.parametrize("rate", [1e-6, 1e-9, 5e-324])
    def test_refuses_a_rate_of_which_the_history_has_no_place(self, tmp_path, rate):
        """The lines that were due before now begin in 1970 at the earliest, whatever a calendar can take."""
        with pytest.raises(ValueError, match=f"rate `{rate}` is too low"):
            demo.run(tmp_path, stop=lambda: True, rate=rate)


class TestBesideTheLogs:
    def test_summaries_add_up(self, tmp_path):
        """When the demo ends, each filter's summary counts what its metrics.jsonl holds."""
        write(tmp_path, 30)
        for metrics in logs_of_filters(tmp_path):
            articles = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
            errors = Counter(each["error_type"] for each in articles if not each["success"])
            summary = json.loads(metrics.with_name("session_summary.json").read_text(encoding="utf-8"))
            assert len(articles) == summary["articles_attempted"]
            assert errors.total() == summary["articles_failed"]
            assert errors == summary["errors_by_type"]
            assert sum(each["attempts_made"] - 1 for each in articles) == summary["total_retries"]

    def test_summaries_are_whole_while_the_demo_runs(self, tmp_path):
        """A reader finds a whole summary at any moment, and no draft beside it."""
        clock = Clock()
        attempted = set()

        def sleep(seconds):
            clock.sleep(seconds)
            for path in tmp_path.glob("distillation/uplifting/*summary.json"):
                attempted.add(json.loads(path.read_text(encoding="utf-8"))["articles_attempted"])

        end = clock.now + 20
        demo.run(tmp_path, stop=lambda: clock.now >= end, clock=lambda: clock.now, sleep=sleep, rate=RATE)
        assert {each % 10 for each in attempted} == {0}
        assert len(attempted) > 2
        assert not list(tmp_path.rglob(".*"))

    def test_dumps_are_few(self, tmp_path):
        """Failed articles leave a dump named after article, attempt and time, twenty for each filter at most."""
        write(tmp_path, 120, scenario="collapse")
        for metrics in logs_of_filters(tmp_path):
            dumps = sorted(metrics.with_name("error_logs").iterdir())
            assert len(dumps) == 20
            assert all(re.fullmatch(r"[a-z]+_[0-9a-f]{12}_attempt3_\d{8}_\d{6}\.txt", dump.name) for dump in dumps)
            assert "Full Response:\n====" in dumps[0].read_text(encoding="utf-8")
