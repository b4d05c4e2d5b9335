"""What a killed exporter left on its disk: every generation is whole, one cut, and not behind what was shown.

In come a state directory and the ledger; out come sentences about what is wrong with it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from exporter.config import Config
from exporter.config.reading import parse
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.intake import LineIntake
from exporter.metric import copied
from exporter.pipeline import discover
from exporter.snapshot import Store
from tests.torture.ledger import BATCH_SIZE, Ledger, TrueLog
from tests.torture.watch import Samples, parsed

OF_READING = tuple(
    f"pipeline_exporter_{name}_total" for name in ("lines", "records", "bytes", "skipped_lines", "rejected_lines")
)


def generations(state: Path) -> list[bytes]:
    """What both generations hold, the newer one first; a damaged one is left out."""
    found = []
    with tempfile.TemporaryDirectory(dir=state.parent) as folder:
        copy = Path(folder) / "state"
        shutil.copytree(state, copy)
        for name in ("state.snapshot", "state.previous"):
            store = Store(str(copy))
            content = store.load()
            store.close()
            (copy / name).unlink(missing_ok=True)
            if content is not None and content not in found:
                found.append(content)
    return found


def samples(engine: Engine) -> Samples:
    """What an engine has counted."""
    engine.settle()
    return parsed(CLASSIC.text(copied(engine.metrics())).decode())


def behind(engine: Engine, page: Samples) -> Iterator[tuple[str, str]]:
    """Where what is durable is less than what was shown, by series. RELIABILITY invariant 6."""
    durable = samples(engine)
    for series, value in page.items():
        if durable.get(series, -1.0) < value:
            yield series, f"was shown as {value!r}, durable is {durable.get(series)!r}"


def torn(engine: Engine, ledger: Ledger, folder: Path) -> Iterator[tuple[str, str]]:
    """Where what is durable is not what a recount finds below its offsets, by series. RELIABILITY invariant 5."""
    below: dict[str, dict[str, list[str]]] = {}
    for number, log in enumerate(ledger.logs):
        try:
            content = b"".join(_read_of(log, engine))
        except ValueError as error:
            yield str(log.path), str(error)
            return
        path = folder / f"below.{number}"
        path.write_bytes(content)
        below.setdefault(log.pipeline, {}).setdefault(log.stream, []).append(str(path))
    recount = Engine(configuration(below), discover())
    recount.scan(settled=True)
    for _ in recount.read_all():
        pass
    durable, counted = ({s: v for s, v in samples(one).items() if _is_of_logs(s)} for one in (engine, recount))
    recount.close()
    for series in sorted(durable.keys() | counted.keys()):
        if durable.get(series) != counted.get(series):
            yield series, f"is {durable.get(series)!r}, a recount below the offsets finds {counted.get(series)!r}"


def offsets(engine: Engine, log: TrueLog) -> dict[tuple[int, int], int]:
    """How far each file of a log was read, by device and inode."""
    return {
        file.identity: file.offset
        for intake in engine.intakes
        if isinstance(intake, LineIntake) and (intake.pipeline.name, intake.name) == (log.pipeline, log.stream)
        for path, state in intake.stored().files.logs.items()
        if path == str(log.path)
        for file in state.files
    }


def _read_of(log: TrueLog, engine: Engine) -> Iterator[bytes]:
    """What was read of a log's files, oldest first. Raises ValueError for an offset within a line."""
    read = offsets(engine, log)
    for file in log.known():
        offset = read.get(file.identity, 0) if file.identity else 0
        file.lines_below(offset)
        yield file.content()[:offset]


def _is_of_logs(series: str) -> bool:
    return not series.startswith("pipeline_exporter_") or series.startswith(OF_READING)


def configuration(logs: dict[str, dict[str, list[str]]]) -> Config:
    """A configuration that reads these paths, by pipeline and stream."""
    pipelines = {pipeline: dict(streams) for pipeline, streams in logs.items()}
    text = yaml.safe_dump({"pipelines": {name: _settings(name, streams) for name, streams in pipelines.items()}})
    return parse(text, source="torture", pipelines=discover(), environ={})


def _settings(pipeline: str, streams: dict[str, list[str]]) -> dict[str, object]:
    return {**streams, **({"batch_size": BATCH_SIZE} if pipeline == "persona" else {})}
