"""What a pipeline is: the streams it reads, the metrics it keeps, and how a record changes them.

A pipeline lives in one file of `exporter.pipelines`, named like itself; `discover` finds it there and nothing else
knows it by name. It sees records, never files, clocks or Prometheus.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ClassVar

import msgspec

from exporter import pipelines
from exporter.dashboard import Dashboard
from exporter.indicator import Indicator
from exporter.metric import Metrics
from exporter.record import Record

PENDING_BYTES = 24 * 64 * 1024
"""What lines of so many bytes told may wait to be added to metrics: labels, caps and buckets cost less when many values
come at once."""


class Source(Enum):
    """What a stream's path stands for."""

    LINES = "lines"
    """A log that grows by whole lines."""
    DOCUMENT = "document"
    """A file that is one record and is read again when it changes."""
    FOLDER = "folder"
    """A folder of files; its record is how many there are. Found beside the pipeline's other files."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file that a pipeline reads.

    `records` are its record types: one, or several told apart by the text in the field `tag`, each then declared with
    that `tag_field` and its own `tag`. A line with another tag is an `otherwise` record, or skipped where that is None.
    `parse` replaces JSON for text lines: it returns a record, or None for a line of another shape.
    """

    records: tuple[type[Record], ...]
    help: str
    main: bool = False
    source: Source = Source.LINES
    tag: str | None = None
    otherwise: type[Record] | None = None
    parse: Callable[[str], Record | None] | None = None
    time: str | None = None
    """The field that holds the event time, if any does."""
    folder: str | None = None
    """For a folder: its name beside the pipeline's other files."""
    instead_of: str | None = None
    """The stream that this one stands in for: files of both in one folder are a configuration mistake."""


class FolderSize(Record):
    """The record of a folder stream: how many files are in it."""

    files: int


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipeline's settings beside its streams. Every field has a default."""


class State(msgspec.Struct):
    """What a pipeline remembers beside its metrics: open batches, joins. Plain data, stored with them."""


class Pipeline:
    """Folds records into metrics. The same records in the same order always give the same state."""

    name: ClassVar[str]
    streams: ClassVar[Mapping[str, Stream]]
    options_type: ClassVar[type[Options]] = Options
    state_type: ClassVar[type[State]] = State
    indicators: ClassVar[tuple[Indicator, ...]] = ()
    """What is watched of it, and the limits: its threshold table."""
    dashboard: ClassVar[Dashboard] = Dashboard()
    """What its dashboard shows beside the indicators."""

    def __init_subclass__(cls) -> None:
        cls.name = cls.__module__.rpartition(".")[2]

    def __init__(self, options: Any = None, *, series_cap: int = 2000) -> None:
        self.options = self.options_type() if options is None else options
        self.metrics = Metrics(cap=series_cap)
        self.state: Any = self.state_type()
        self._unsettled = 0
        self.declare(self.metrics)

    def declare(self, metrics: Metrics) -> None:
        """Declares the metrics and keeps them as attributes."""
        raise NotImplementedError

    def take(self, stream: str, log: str, records: list[Any], size: int) -> None:
        """Folds records of lines of so many bytes, as `observe` does, and settles when enough of them wait."""
        self.observe(stream, log, records)
        self._unsettled += size
        if self._unsettled >= PENDING_BYTES:
            self._unsettled = 0
            self.settle()

    def observe(self, stream: str, log: str, records: list[Any]) -> None:
        """Folds records, in the order of their lines, of one stream read from one log (its path)."""
        raise NotImplementedError

    def settle(self) -> None:
        """Brings the metrics up to date with everything observed; called before anyone looks at them."""

    def expire(self, seconds: float) -> None:
        """Is told that time has passed, and drops what has been quiet for too long. Only a live server calls it."""

    def take_over(self, other: "Pipeline") -> None:
        """Goes on from what another instance counted, in place of what this one did."""
        other.settle()
        self.metrics.restore(other.metrics.state())
        self.state = other.state

    def merges_exactly(self, later: Any) -> bool:
        """Whether `merge` gives what one instance had that folded all logs, one after the other.

        Where a bound was met, what was counted depends on every line before it.
        """
        self.settle()
        later.settle()
        return self.metrics.merges_exactly(later.metrics)

    def merge(self, other: Any) -> None:
        """Adds what another instance counted over later logs, none of which this one has read."""
        self.settle()
        other.settle()
        self.metrics.merge(other.metrics)


Kinds = Mapping[str, type[Pipeline]]
"""The pipelines that there are, by name."""


def main_stream(pipeline: type[Pipeline]) -> str | None:
    """The stream that a pipeline's name alone stands for."""
    return next((name for name, stream in pipeline.streams.items() if stream.main), None)


def discover() -> dict[str, type[Pipeline]]:
    """Every pipeline by name: the `Pipeline` that each module of `exporter.pipelines` defines."""
    found = {}
    for info in pkgutil.iter_modules(pipelines.__path__):
        module = importlib.import_module(f"{pipelines.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Pipeline) and value.__module__ == module.__name__:
                found[info.name] = value
    return found
