"""One history, read in both ways."""

import pickle
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from exporter import config
from exporter.config import Config, Limits
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.history import History, PoolMaker, fold
from exporter.metric import copied
from exporter.pipeline import discover

KINDS = discover()
MANY = 50
"""So many processes that no two logs are one part."""


class Inline:
    """Folds parts in this process, at once; what goes in and comes out travels as between processes."""

    def __init__(self, jobs: int, parts: int) -> None:
        self._read = [0] * parts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def submit(self, at: int, config: Config, stored: bytes) -> "Future[bytes | None]":
        """Folds a part."""
        done: Future[bytes | None] = Future()
        config, stored = pickle.loads(pickle.dumps((config, stored)))
        done.set_result(fold(config, stored, partial(self._read.__setitem__, at)))
        return done

    def read(self, at: int) -> int:
        """How many bytes were read of it."""
        return self._read[at]


class Outcome(NamedTuple):
    """What was printed, and what was said meanwhile."""

    text: str
    said: list[str]


def configured(*logs: str, batch_size: int = 1000, cap: int = 2000) -> Config:
    """What reads these logs, given as on the command line."""
    found = config.with_logs(None, logs, pipelines=KINDS)
    pipelines = {
        name: pipeline
        if name != "persona"
        else type(pipeline)(streams=pipeline.streams, options=KINDS[name].options_type(batch_size=batch_size))
        for name, pipeline in found.pipelines.items()
    }
    return Config(pipelines=pipelines, limits=Limits(series_per_metric=cap))


def begun(found: Config) -> Engine:
    """An engine that has looked what there is."""
    engine = Engine(found, KINDS)
    engine.scan(settled=True)
    engine.aim()
    return engine


def alone(found: Config) -> str:
    """What one process makes of it."""
    engine = begun(found)
    for _ in engine.read_all():
        pass
    return ended(engine)


def apart(found: Config, *, jobs: int = MANY, pool: PoolMaker = Inline) -> Outcome:
    """What several make of it."""
    said: list[str] = []
    engine = begun(found)
    for _ in History(engine, jobs=jobs, pool=pool, say=said.append).read_all():
        pass
    return Outcome(ended(engine), said)


def ended(engine: Engine) -> str:
    """The exposition of what was read."""
    engine.settle()
    engine.close()
    return CLASSIC.text(copied(engine.metrics())).decode()


def write(path: Path, content: bytes) -> Path:
    """A file with this content, in folders that are made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
