"""Any order gives the same page: of reading, of files, of a hash seed. RELIABILITY invariant 15."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from exporter import demo
from exporter.config import Config
from exporter.engine import Engine
from tests.engines import config, exposition, read
from tests.exposition import families, once_here
from tests.fuzz.corpus import KINDS, TABLES, as_bytes
from tests.fuzz.fields import odd
from tests.fuzz.reading import outcome
from tests.fuzz.records import kinds_of
from tests.recount.witness import GAUGE, METRICS

START = datetime(2026, 1, 31, tzinfo=UTC)
SMALL_ENOUGH = 10_000


def odd_lines(stream: str) -> list[bytes]:
    """The lines of a stream that people wrote, and a few of those made for every field, each with its newline."""
    written = [as_bytes(line) for line, _ in TABLES[stream].values()]
    made = [as_bytes(one.line) for kind in kinds_of(stream) for one in list(odd(kind))[::7]]
    return [line + b"\n" for line in written + made if len(line) < SMALL_ENOUGH]


def demo_lines(pipeline: str, stream: str, count: int, *, seed: int) -> list[bytes]:
    return [line.encode() + b"\n" for line in demo.lines(pipeline, stream, count, start=START, seed=seed)]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A log of each stream, odd lines between those of the demo, as `once` takes them."""
    folder = tmp_path_factory.mktemp("logs")
    arguments = []
    for stream in TABLES:
        pipeline, _, name = stream.partition(".")
        path = folder / name / f"{pipeline}.log"
        path.parent.mkdir(exist_ok=True)
        lines = odd_lines(stream)
        if name != "log":  # the demo writes the other logs of articles
            lines = [
                line
                for pair in zip(demo_lines(pipeline, name, len(lines), seed=1), lines, strict=True)
                for line in pair
            ]
        path.write_bytes(b"".join(lines))
        arguments.append(f"{stream}={path}")
    return arguments


@pytest.mark.invariant(15)
def test_no_hash_seed_changes_a_byte(logs: list[str]) -> None:
    """Of all pipelines at once, odd lines included."""
    texts = {
        subprocess.run(
            [sys.executable, "-m", "exporter", "once", *logs],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("0", "1", "4294967295")
    }
    assert 1 == len(texts)
    assert texts.pop().count(b"\n") > 3000


@pytest.mark.invariant(15)
def test_the_order_of_arguments_changes_no_byte(logs: list[str]) -> None:
    """Each pipeline, and each stream of one, folds for itself."""
    assert once_here(*logs) == once_here(*reversed(logs))


@pytest.mark.invariant(2, 15)
@pytest.mark.parametrize("cap", [1, 3, 12])
@pytest.mark.parametrize("stream", TABLES)
def test_which_series_a_full_metric_admits_does_not_depend_on_the_chunks(
    stream: str, cap: int, logs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor on when somebody looked: the lines' order alone decides, and what is over the cap is counted once."""
    path = Path(dict(log.split("=") for log in logs)[stream])
    first, *others = [
        outcome(stream, path, chunk_bytes, monkeypatch, series_per_metric=cap) for chunk_bytes in (1, 5000, 1 << 20)
    ]
    for other in others:
        assert first == other


def runs(folder: Path, names: str) -> dict[str, Path]:
    """Three logs of two pipelines that share series, under these names in their folders: one run or wiki in each."""
    found = {}
    for number, name in enumerate(names):
        attempts = demo_lines("persona", "attempts", 1200, seed=number)
        first = attempts[0].split(b'"run_id": "')[1].split(b'"')[0]
        found[f"persona {name}"] = log = folder / "persona" / f"{name}.log"
        log.parent.mkdir(exist_ok=True, parents=True)
        log.write_bytes(b"".join(attempts).replace(first, b"run%d" % number) + b"".join(odd_lines("persona.attempts")))
    return found


@pytest.mark.invariant(15)
def test_the_order_of_files_changes_no_counter(tmp_path: Path) -> None:
    """Files are read in the order of their names: counters and histograms add up, and the gauges of a run that one log
    feeds are those of that log."""
    pages = []
    for names in ("abc", "cba", "bca"):
        runs(tmp_path / names, names)
        pages.append(families(once_here(f"persona={tmp_path / names}/persona/*.log")))
    for page in pages[1:]:
        assert pages[0].keys() == page.keys()
        for name, family in pages[0].items():
            if METRICS["persona"].get(name, ("",))[0] != GAUGE:
                assert family == page[name], name
            else:
                own = [sample for sample in family.samples if 'run_id="run' in sample]
                assert own or not family.samples, name
                assert [family.samples[sample] for sample in own] == [page[name].samples[sample] for sample in own]


COUNTED_ONLY = (
    *("persona.attempts", "distillation.articles", "crawl.metadata", "crawl.failures"),
    *("crawl.false_positives", "crawl.false_negatives"),
)
"""Streams whose lines, as far as these tests write them, change no gauge by their order. Each comes from two logs."""


@pytest.mark.invariant(2, 15)
@pytest.mark.parametrize("pipeline", KINDS)
def test_any_interleaving_gives_the_same_page(pipeline: str, tmp_path: Path) -> None:
    """Whoever of several producers writes first, and whenever it is read."""
    streams = [stream for stream in TABLES if stream.startswith(f"{pipeline}.") and stream != "distillation.log"]
    configured = config(
        {pipeline: {stream.partition(".")[2]: tmp_path / f"law/{stream}*" for stream in streams}}, kinds=KINDS
    )
    written = {tmp_path / f"law/{stream}": odd_lines(stream) for stream in streams}
    for stream in filter(streams.__contains__, COUNTED_ONLY):
        lines = written[tmp_path / f"law/{stream}"]
        written[tmp_path / f"law/{stream}"] = lines[::2]
        written[tmp_path / f"law/{stream}2"] = lines[1::2]
    pages = {
        interleaved(configured, {path: b"".join(lines) for path, lines in written.items()}, Random(seed))
        for seed in range(8)
    }
    assert 1 == len(pages)


def interleaved(configured: Config, left: dict[Path, bytes], rng: Random) -> str:
    """The page after the logs grew by turns, cut anywhere, and were read now and then."""
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    engine = Engine(configured, KINDS)
    while left:
        path = rng.choice(list(left))
        size = rng.choice((1, 100, 3000, 50_000))
        with path.open("ab") as log:
            log.write(left[path][:size])
        left[path] = left[path][size:]
        if not left[path]:
            del left[path]
        if rng.random() < 0.3:
            read(engine)
    page = exposition(read(engine))
    engine.close()
    return page
