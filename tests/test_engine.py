"""The engine: every line accounted for, and the same outcome however reading is cut up."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import Config
from exporter.decode import Reason
from exporter.demo import lines as demo_lines
from exporter.engine import Engine
from exporter.intake import Refused
from exporter.metric import Metrics
from exporter.pipeline import Pipeline, State, Stream
from exporter.record import Count, Record
from tests.engines import KINDS, MIXED, START, attempt, config, counted, exposition, pipeline, read, rounds, stored


def rejected(engine: Engine) -> dict[str, int]:
    return {labels[-1]: cell[0] for labels, cell in engine.itself.rejected.cells.items() if cell[0]}


def resets(engine: Engine) -> int:
    return engine.itself.state_resets.cell("definition")[0]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "generation.log"


@pytest.fixture
def persona(log: Path) -> Config:
    return config({"persona": {"attempts": log}})


@pytest.fixture
def make(persona: Config) -> Callable[..., Engine]:
    def make(stored: bytes | None = None, **kwargs: Any) -> Engine:
        return Engine(persona, KINDS, stored=stored, **kwargs)

    return make


# Accounting


@pytest.mark.invariant(2)
def test_every_line_is_a_record_skipped_or_rejected_at_every_step(make, log: Path) -> None:
    """At no moment is a line lost or counted twice, and bytes match offsets."""
    log.write_bytes(MIXED * 3)
    engine = make()
    for _ in rounds(engine):
        now = counted(engine)
        assert now["lines"] == now["records"] + now["skipped"] + now["rejected"]
        assert now["bytes"] + engine.intakes[0].lag() == len(MIXED) * 3
        engine.settle()
        assert now["records"] == sum(cell[0] for cell in pipeline(engine).attempts.cells.values())
    assert MIXED.count(b"\n") * 3 == counted(engine)["lines"]


def test_each_reason_is_counted(make, log: Path) -> None:
    """A refused line says why."""
    log.write_bytes(b"\xff\n{\n[]\n{}\n" + attempt(latency_ms=-1) + b"x" * 2**20 + b"x\n" + attempt())
    engine = read(make())
    reasons = ("invalid_utf8", "invalid_json", "wrong_type", "missing_field", "out_of_range", "too_long")
    assert dict.fromkeys(sorted(reasons), 1) == dict(sorted(rejected(engine).items()))
    assert 1 == counted(engine)["records"]


def test_a_refused_line_is_reported_with_its_place(make, log: Path) -> None:
    """`lint` and the exporter's own log name the line's number and offset."""
    log.write_bytes(attempt() + b"\nnope\n" + attempt())
    seen: list[Refused] = []
    read(make(on_refused=seen.append))
    offset = len(attempt()) + 1
    assert [Refused("persona", "attempts", str(log), offset, 3, Reason.INVALID_JSON, b"nope")] == seen


def test_a_refused_line_is_numbered_in_its_own_file(tmp_path: Path) -> None:
    """A rotated log's files are read one after the other, each with lines of its own."""
    (tmp_path / "generation.log.1").write_bytes(attempt() * 5)
    (tmp_path / "generation.log").write_bytes(attempt() + b"nope\n")
    seen: list[Refused] = []
    engine = Engine(config({"persona": {"attempts": tmp_path / "generation.log*"}}), KINDS, on_refused=seen.append)
    read(engine)
    assert ([2], 7) == ([refused.number for refused in seen], counted(engine)["lines"])


@pytest.mark.invariant(11)
def test_lines_over_the_limit_are_counted_as_one_each(tmp_path: Path, log: Path) -> None:
    """They cost no memory, and the next line counts."""
    seen: list[Refused] = []
    log.write_bytes(attempt() + b"y" * 5000 + b"\n" + attempt() + b"z" * 200_000 + b"\n" + attempt())
    engine = Engine(config({"persona": {"attempts": log}}, line_bytes=1024), KINDS, on_refused=seen.append)
    read(engine)
    assert ({"too_long": 2}, 3) == (rejected(engine), counted(engine)["records"])
    assert [(len(attempt()), b""), (2 * len(attempt()) + 5001, b"")] == [(one.offset, one.text) for one in seen]
    assert log.stat().st_size == counted(engine)["bytes"]


@pytest.mark.invariant(10)
def test_a_line_without_newline_waits_for_it(make, log: Path) -> None:
    """It is neither counted nor rejected before."""
    log.write_bytes(attempt() + attempt()[:-1])
    engine = read(make())
    assert 1 == counted(engine)["lines"]
    with log.open("ab") as file:
        file.write(b"\n")
    assert 2 == counted(read(engine))["lines"]


def test_reading_to_the_end_counts_a_last_line_without_newline(make, log: Path) -> None:
    """`once` reads a finished log: nobody will write the newline."""
    log.write_bytes(attempt() + attempt()[:-1])
    engine = make()
    engine.scan(settled=True)
    assert 1 <= len(list(engine.read_all()))
    assert (2, len(attempt()) * 2 - 1) == (counted(engine)["records"], counted(engine)["bytes"])


@pytest.mark.invariant(11)
def test_absurd_numbers_do_not_stop_anything(make, log: Path) -> None:
    """Sums beyond 64 bits are stored and restored as they are."""
    huge = {"prompt_tokens": 2**53, "ts": 10**30, "validator_scores": {"x": 2**53}}
    log.write_bytes(attempt(**huge) * 3000)
    engine = read(make())
    assert 3000 == counted(engine)["records"]
    engine.settle()
    assert 3000 * 2**53 == pipeline(engine).tokens.cells["25K_1", "prompt"][0]
    assert exposition(engine) == exposition(read(make(stored(engine))))


# Cuts


@pytest.mark.invariant(1)
def test_stopping_at_any_step_changes_nothing(make, log: Path) -> None:
    """Offsets and counts are one cut, so whoever goes on from it comes to the same end."""
    log.write_bytes(MIXED * 3)
    whole = exposition(read(make()))
    cuts = []
    engine = make()
    for _ in rounds(engine):
        cuts.append(stored(engine))
    assert len(cuts) > 4
    assert {whole} == {exposition(read(make(cut))) for cut in cuts}


@pytest.mark.invariant(10, 15)
@given(st.lists(st.tuples(st.integers(0, 9000), st.booleans()), max_size=8))
def test_however_the_log_grows_the_outcome_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, bool]]
) -> None:
    """Pieces may end in the middle of a line or a character, and the exporter may restart after any of them."""
    text = MIXED[:9000] + "ș\n".encode() * 3
    log = tmp_path_factory.mktemp("logs") / "generation.log"
    grown = config({"persona": {"attempts": log}})
    engine = Engine(grown, KINDS)
    start = 0
    for end, restarts in [*sorted(cuts), (len(text), False)]:
        with log.open("ab") as file:
            file.write(text[start:end])
        start = end
        read(engine)
        if restarts:
            cut = stored(engine)
            engine.close()
            engine = Engine(grown, KINDS, stored=cut)
    read(engine)
    whole = read(Engine(grown, KINDS))
    assert exposition(whole) == exposition(engine)
    engine.close()
    whole.close()


@pytest.mark.invariant(1)
def test_all_pipelines_go_on_from_any_cut(tmp_path: Path) -> None:
    """Whatever a pipeline remembers is part of the cut."""
    paths: dict[str, dict[str, Path]] = {}
    for name, kind in KINDS.items():
        for stream, what in kind.streams.items():
            if what.source.value == "lines" and not what.instead_of:
                path = tmp_path / name / stream / "a.log"
                path.parent.mkdir(parents=True)
                path.write_text("".join(line + "\n" for line in demo_lines(name, stream, 300, start=START)))
                paths.setdefault(name, {})[stream] = path
    everything = config(paths)
    whole = exposition(read(Engine(everything, KINDS)))
    engine = Engine(everything, KINDS)
    for step, _ in enumerate(rounds(engine)):
        if step % 5 == 0:
            again = Engine(everything, KINDS, stored=stored(engine))
            assert whole == exposition(read(again))
            again.close()


@pytest.mark.invariant(15)
def test_logs_may_be_read_in_any_order(tmp_path: Path) -> None:
    """Counters of several logs add up."""
    for name, count in (("a", 400), ("b", 90)):
        text = "".join(line + "\n" for line in demo_lines("tagger", "events", count, start=START, seed=count))
        (tmp_path / f"{name}.ndjson").write_text(text)
    both = config({"tagger": {"events": tmp_path / "*.ndjson"}})
    whole = read(Engine(both, KINDS))
    one_by_one = Engine(config({"tagger": {"events": tmp_path / "b.ndjson"}}), KINDS)
    one_by_one = read(Engine(both, KINDS, stored=stored(read(one_by_one))))
    counters = [line for line in exposition(whole).splitlines() if "_total" in line or "_bucket" in line]
    assert counters == [line for line in exposition(one_by_one).splitlines() if "_total" in line or "_bucket" in line]


# What is not configured, or means something else


def test_what_is_not_configured_is_carried_along(tmp_path: Path, log: Path) -> None:
    """A pipeline or stream that is taken out for a while goes on where it was."""
    for name, text in {"generation.log": attempt(), "metadata": b"{}\n", "failures": b"{}\n"}.items():
        (tmp_path / name).write_bytes(text)
    crawl = {name: tmp_path / name for name in ("metadata", "failures")}
    full = config({"persona": {"attempts": log}, "crawl": crawl})
    less = config({"crawl": {"metadata": crawl["metadata"]}})
    before = read(Engine(full, KINDS))
    between = read(Engine(less, KINDS, stored=stored(before)))
    assert ["crawl"] == list(between.pipelines)
    after = read(Engine(full, KINDS, stored=stored(between)))
    assert exposition(before) == exposition(after)


def test_what_is_not_configured_is_measured_no_more(tmp_path: Path, log: Path) -> None:
    """A lag that stays for ever would be an alert that stays for ever; counts stay, as nothing may fall."""
    log.write_bytes(attempt() + b"{")
    other = tmp_path / "metadata"
    full = config({"persona": {"attempts": log}, "crawl": {"metadata": other}})
    before = read(Engine(full, KINDS))
    assert 'pipeline_exporter_lag_bytes{pipeline="persona",stream="attempts"} 1.0' in exposition(before)
    after = exposition(read(Engine(config({"crawl": {"metadata": other}}), KINDS, stored=stored(before))))
    assert 'lag_bytes{pipeline="persona"' not in after
    assert 'series{metric="persona' not in after
    assert 'pipeline_exporter_lines_total{pipeline="persona",stream="attempts"} 1.0' in after


class Ping(Record):
    """A line of a small pipeline."""

    ms: Count


class Small(Pipeline):
    """A pipeline of two metrics."""

    streams = {"pings": Stream(records=(Ping,), help="", main=True)}
    bounds: tuple[float, ...] = (1, 2)

    def declare(self, metrics: Metrics) -> None:
        self.pings = metrics.counter("small_pings_total", "Pings.")
        self.seconds = metrics.histogram("small_seconds", "Time.", bounds=self.bounds, per_unit=1000)

    def observe(self, stream: str, log: str, records: list[Any]) -> None:
        self.pings.add(len(records))
        self.seconds.observe_all([record.ms for record in records])


class Finer(Small):
    """The same with other buckets."""

    bounds = (0.5, 1, 2)


class Memory(State):
    """What another version remembers."""

    last: dict[str, int] = {}


class Remembering(Small):
    """The same with a memory."""

    state_type = Memory


class Forgetful(State):
    """What yet another version remembers under the same name."""

    last: list[str] = []


class Otherwise(Small):
    """The same with another memory."""

    state_type = Forgetful


for kind in (Small, Finer, Remembering, Otherwise):
    kind.name = "small"


def small(path: Path, kind: type[Small], stored: bytes | None = None) -> Engine:
    kinds = {"small": kind}
    return Engine(config({"small": {"pings": path}}, kinds=kinds), kinds, stored=stored)


@pytest.mark.invariant(20)
def test_a_metric_whose_definition_changed_resets_alone(log: Path) -> None:
    """It starts at 0, is counted, and is born again; the other one goes on."""
    log.write_bytes(b'{"ms": 700}\n' * 3)
    before = read(small(log, Small))
    for metric in before.metrics():
        if hasattr(metric, "cells"):
            for cell in metric.cells.values():
                cell[-1] = 1
    after = read(small(log, Finer, stored(before)))
    assert ([3, 1], [0, 0, 0, 0, 0, 0]) == (pipeline(after).pings.cell(), pipeline(after).seconds.cell())
    assert (0, 1) == (resets(before), resets(after))
    assert 1 == resets(read(small(log, Finer, stored(after))))


def test_a_memory_that_is_not_understood_resets_alone(log: Path) -> None:
    """A new version may remember otherwise; counts and offsets do not depend on it."""
    log.write_bytes(b'{"ms": 700}\n' * 3)
    before = read(small(log, Remembering))
    pipeline(before).state.last["x"] = 1
    after = read(small(log, Otherwise, stored(before)))
    assert ([3, 0], 1) == (pipeline(after).pings.cell(), resets(after))
    assert [] == pipeline(after).state.last


@pytest.mark.invariant(20)
def test_a_new_price_resets_the_cost_alone(log: Path) -> None:
    """What was counted was worth something else."""
    log.write_bytes(attempt() * 4)
    before = read(Engine(config({"persona": {"attempts": log}}), KINDS))
    dearer = KINDS["persona"].options_type(price_per_1000_tokens=1)
    after = Engine(config({"persona": {"attempts": log}}, options=dearer), KINDS, stored=stored(before))
    assert ({}, 1) == (pipeline(after).cost.cells, resets(after))
    assert 4 == counted(read(after))["lines"]


@pytest.mark.parametrize("content", [b"\x00", b"\xc1", msgspec.msgpack.encode({"pipelines": 1})])
def test_bytes_of_something_else_are_refused(make, content: bytes) -> None:
    """Whoever starts with them is told, instead of counting everything again."""
    with pytest.raises(msgspec.DecodeError):
        make(content)


def test_offsets_that_are_not_understood_are_refused(make, log: Path) -> None:
    """Without offsets everything would be counted twice."""
    log.write_bytes(attempt())
    content = msgspec.msgpack.decode(stored(read(make())))
    content["pipelines"]["persona"]["streams"]["attempts"]["files"] = 1
    with pytest.raises(msgspec.DecodeError):
        make(msgspec.msgpack.encode(content))


# Documents and folders


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "law" / "session_summary.json"
    path.parent.mkdir()
    return path


def summary() -> str:
    return next(demo_lines("distillation", "session", 1, start=START))


@pytest.fixture
def distillation(session: Path) -> Config:
    return config({"distillation": {"session": session}})


def test_a_document_is_one_line_each_time_it_changed(distillation: Config, session: Path) -> None:
    """What stands still for two looks was written to its end."""
    engine = Engine(distillation, KINDS)
    for text in (summary(), summary() + "\n", "{"):
        session.write_text(text)
        for _ in range(3):
            read(engine)
    now = counted(engine, "distillation", "session")
    assert (3, 2, 1) == (now["lines"], now["records"], now["rejected"])
    assert {"invalid_json": 1} == rejected(engine)


def test_a_document_is_read_at_once_where_nobody_writes_it(distillation: Config, session: Path) -> None:
    """`once` looks only once."""
    session.write_text(summary())
    engine = Engine(distillation, KINDS)
    engine.scan(settled=True)
    assert [None] == list(engine.read_all())
    assert 1 == counted(engine, "distillation", "session")["records"]


@pytest.mark.invariant(19)
def test_a_document_is_not_read_again_after_a_restart(distillation: Config, session: Path) -> None:
    """Which version was taken is part of the cut."""
    session.write_text(summary())
    before = read(read(Engine(distillation, KINDS)))
    after = read(read(Engine(distillation, KINDS, stored=stored(before))))
    assert exposition(before) == exposition(after)


@pytest.mark.invariant(11)
def test_a_document_over_the_limit_is_refused(session: Path) -> None:
    """It is not read into memory."""
    session.write_text(summary() + " " * 5000)
    engine = Engine(config({"distillation": {"session": session}}, line_bytes=1024), KINDS)
    read(read(engine))
    assert ({"too_long": 1}, 1) == (rejected(engine), counted(engine, "distillation", "session")["lines"])


def test_folders_beside_the_logs_are_counted(distillation: Config, session: Path) -> None:
    """Error dumps are files in a folder; they are no lines."""
    session.write_text(summary())
    dumps = session.parent / "error_logs"
    dumps.mkdir()
    (dumps / "1.txt").write_text("")
    engine = read(Engine(distillation, KINDS))
    assert 'distillation_error_dumps{filter="law"} 1.0' in exposition(engine)
    (dumps / "2.txt").write_text("")
    assert 'distillation_error_dumps{filter="law"} 2.0' in exposition(read(engine))
    assert {("distillation", "session")} == set(engine.itself.lines.cells)


# What the exporter says of itself


@pytest.mark.invariant(7)
def test_the_backlog_is_what_was_there_when_it_was_aimed_at(make, log: Path) -> None:
    """What is written later does not keep the gate shut."""
    log.write_bytes(attempt() * 3)
    engine = make()
    engine.scan()
    engine.aim()
    assert 3 * len(attempt()) == engine.backlog()
    with log.open("ab") as file:
        file.write(attempt())
    for _ in engine.steps():
        pass
    assert 0 == engine.backlog()


def test_a_stream_is_shown_before_its_log_is_there(make) -> None:
    """A rate needs a 0 to start from."""
    shown = exposition(make())
    assert 'pipeline_exporter_lines_total{pipeline="persona",stream="attempts"} 0.0' in shown
    assert 'pipeline_exporter_files{pipeline="persona",stream="attempts"} 0.0' in shown
    assert 'reason="too_long",stream="attempts"} 0.0' in shown
    assert "last_record_timestamp_seconds{" not in shown


def test_series_are_counted_and_those_over_the_cap_too(log: Path) -> None:
    """A cap that is reached can be seen, and totals stay right."""
    log.write_bytes(b"".join(attempt(stage=f"s{number}") for number in range(50)))
    engine = Engine(config({"persona": {"attempts": log}}, series_per_metric=20), KINDS)
    shown = exposition(read(engine))
    assert 'pipeline_exporter_series{metric="persona_attempts_total"} 21.0' in shown
    assert 'pipeline_exporter_series_capped_total{metric="persona_attempts_total"} 30.0' in shown
    assert 'persona_attempts_total{run_id="25K_1",stage="other",status="success"} 30.0' in shown


def test_the_last_record_is_told_by_its_own_time(tmp_path: Path) -> None:
    """Of several logs the latest counts."""
    for name, ts in (("a", "2026-01-31T00:00:01Z"), ("b", "2026-01-31T00:00:00Z")):
        (tmp_path / f"{name}.log").write_bytes(attempt(ts=ts))
    engine = read(Engine(config({"persona": {"attempts": tmp_path / "*.log"}}), KINDS))
    expected = datetime(2026, 1, 31, 0, 0, 1, tzinfo=UTC).timestamp()
    engine.settle()
    assert {("persona", "attempts"): expected} == engine.itself.last_record.values


@pytest.mark.invariant(12)
def test_what_cannot_be_followed_is_counted(tmp_path: Path) -> None:
    """A folder that matches stops nothing."""
    (tmp_path / "a.log").mkdir()
    (tmp_path / "b.log").write_bytes(attempt())
    engine = read(Engine(config({"persona": {"attempts": tmp_path / "*.log"}}), KINDS))
    shown = exposition(engine)
    assert 'unfollowed_files{pipeline="persona",reason="directory",stream="attempts"} 1.0' in shown
    assert 'files{pipeline="persona",stream="attempts"} 1.0' in shown


@pytest.mark.invariant(8)
def test_rotations_and_truncations_are_counted(make, log: Path) -> None:
    """What befell a log can be seen, and goes on after a restart."""
    log.write_bytes(attempt() * 3)
    engine = read(make())
    log.rename(log.with_suffix(".log.1"))
    log.write_bytes(attempt(stage="B") * 2)
    read(engine)
    log.write_bytes(b"")
    engine = read(make(stored(read(engine))))
    engine.settle()
    counts = [
        counter.cell("persona", "attempts")[0] for counter in (engine.itself.rotations, engine.itself.truncations)
    ]
    assert [1, 1] == counts
    assert 5 == counted(engine)["records"]
