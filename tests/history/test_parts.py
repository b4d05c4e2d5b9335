"""A history that is read in parts prints what one process prints, byte by byte."""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config import Config
from exporter.history import History
from tests.engines import BAD, attempt
from tests.fuzz.records import kinds_of, lines
from tests.history.reading import KINDS, MANY, Inline, alone, apart, begun, configured, ended, write

STREAMS = [
    f"{pipeline}.{stream}"
    for pipeline, kind in KINDS.items()
    for stream in kind.streams
    if kinds_of(f"{pipeline}.{stream}")
]

names = st.sampled_from(["a", "b", "2_x"])
counts = st.sampled_from([0, 1, 700])
numbers = st.sampled_from([0, 0.25, 1.0])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": names,
    "id": st.sampled_from(["x", "y", 1, 2]),
    "flag": st.booleans(),
    "count": counts,
    "quantity": numbers,
    "number": numbers | st.just(-1),
    "texts": st.lists(names, max_size=2),
    "ids": st.lists(counts, max_size=1),
    "counts": st.dictionaries(names | st.just("llm_errors"), counts, max_size=2),
    "quantities": st.dictionaries(names | st.just("pollyanna"), numbers, max_size=2),
    "numbers": st.dictionaries(names | st.just("cluster_count"), numbers, max_size=2),
}
"""So few values that logs speak of the same things."""


def logs_of(stream: str) -> st.SearchStrategy[list[bytes]]:
    """Some logs of a stream, of which each may end without a newline."""
    known = st.one_of([lines(kind, VALUES) for kind in kinds_of(stream)])
    some = st.lists(known | st.sampled_from(BAD), max_size=12)
    ends = st.sampled_from([b"\n", b""])
    return st.lists(st.builds(lambda text, end: b"\n".join(text) + end, some, ends), max_size=3)


def written(folder: Path, streams: dict[str, list[bytes]], **settings: int) -> Config:
    """A configuration that reads these logs."""
    given = [
        f"{stream}={write(folder / stream / f'{at}.log', content)}"
        for stream, contents in streams.items()
        for at, content in enumerate(contents)
    ]
    return configured(*given, **settings)


@settings(max_examples=25)
@given(
    st.fixed_dictionaries({stream: logs_of(stream) for stream in STREAMS}).filter(lambda logs: any(logs.values())),
    st.integers(1, 3),
    st.sampled_from([2, 3, MANY]),
)
def test_logs_of_all_pipelines(streams: dict[str, list[bytes]], batch_size: int, jobs: int) -> None:
    """However many processes read them, whatever they hold; and nothing has to be read by one process."""
    with TemporaryDirectory() as folder:
        found = written(Path(folder), streams, batch_size=batch_size)
        assert (alone(found), []) == apart(found, jobs=jobs)


@pytest.mark.parametrize("stream", STREAMS)
def test_logs_of_one_stream(stream: str) -> None:
    """The logs of each stream alone, and many of them."""

    @settings(max_examples=50)
    @given(logs_of(stream).filter(bool), logs_of(stream), st.integers(1, 3))
    def reads(first: list[bytes], second: list[bytes], batch_size: int) -> None:
        with TemporaryDirectory() as folder:
            found = written(Path(folder), {stream: first + second}, batch_size=batch_size)
            assert (alone(found), []) == apart(found)

    reads()


@settings(max_examples=50)
@given(
    st.fixed_dictionaries({stream: logs_of(stream) for stream in STREAMS}).filter(lambda logs: any(logs.values())),
    st.integers(1, 8),
)
def test_logs_that_are_more_than_a_metric_admits(streams: dict[str, list[bytes]], cap: int) -> None:
    """A cap that is met by one log, by several together or in between makes no difference either."""
    with TemporaryDirectory() as folder:
        found = written(Path(folder), streams, batch_size=1, cap=cap)
        assert alone(found) == apart(found).text


def test_files_of_one_log_are_one_part(tmp_path: Path) -> None:
    """Batches go on over rotated files, compressed ones too, in the order in which they were written."""
    for log in ("a.log", "b.log"):
        for at, name in enumerate((f"{log}.2.gz", f"{log}.1", log)):
            content = b"".join(attempt(persona_id=3 * at + of, latency_ms=at) for of in range(3))
            write(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content)
    found = configured(f"persona={tmp_path}/*.log*", batch_size=4)
    assert (alone(found), []) == apart(found)
    assert 'persona_batches_total{run_id="25K_1"} 4.0\n' in alone(found)


def test_the_last_log_by_path_shows_its_batch(tmp_path: Path) -> None:
    """Logs are read one after the other, in the order of their paths, not in that of the arguments."""
    later = write(tmp_path / "b.log", attempt(latency_ms=2000) + attempt(persona_id="q"))
    first = write(tmp_path / "a.log", attempt(latency_ms=1000) + attempt(persona_id="q", latency_ms=1000) * 999)
    found = configured(f"persona={later}", f"persona={first}", batch_size=1)
    assert 'persona_batch_latency_mean_seconds{run_id="25K_1"} 2.0\n' in alone(found)
    assert (alone(found), []) == apart(found)


def test_documents_and_folders_come_with_logs(tmp_path: Path) -> None:
    """They are read where they are configured to come, by the process that prints."""
    article = b'{"filter_name": "law", "llm_provider": "p", "success": true, "attempts_made": 1, '
    article += b'"time_taken_seconds": 1, "json_repaired": false}\n'
    given = []
    for name in ("law", "art"):
        write(tmp_path / name / "error_logs" / "1.txt", b"")
        summary = write(tmp_path / name / "session_summary.json", b'{"total_retries": 3}')
        given += [
            f"distillation={write(tmp_path / name / 'metrics.jsonl', article)}",
            f"distillation.session={summary}",
        ]
    found = configured(*given)
    assert (alone(found), []) == apart(found)
    assert 'distillation_session_retries{filter="art"} 3.0\n' in alone(found)
    assert 'distillation_error_dumps{filter="art"} 1.0\n' in alone(found)


def test_a_log_that_changes_meanwhile_is_read_here(tmp_path: Path) -> None:
    """What a worker made of it is not taken, so that nothing of it counts twice."""
    changing = write(tmp_path / "b.log", attempt() * 100)
    found = configured(f"persona={write(tmp_path / 'a.log', attempt())}", f"persona={changing}")

    class Changing(Inline):
        def __enter__(self) -> "Changing":
            changing.write_bytes(attempt(stage="new"))
            return self

    engine = begun(found)
    changing.write_bytes(attempt(stage="new"))
    for _ in engine.read_all():
        pass
    changing.write_bytes(attempt() * 100)
    said = ["persona.attempts: files changed while they were read, and are read again"]
    assert (ended(engine), said) == apart(found, pool=Changing)


def test_what_was_read_is_known_while_workers_read(tmp_path: Path) -> None:
    """The backlog falls with what they tell, and never rises."""
    logs = [f"persona={write(tmp_path / f'{at}.log', attempt() * 300)}" for at in range(3)]
    engine = begun(configured(*logs))
    history = History(engine, jobs=MANY, pool=Inline, say=lambda _: None)
    left = [history.backlog(), *(history.backlog() for _ in history.read_all()), history.backlog()]
    assert (900 * len(attempt()), 0) == (left[0], left[-1])
    assert sorted(left, reverse=True) == left
