"""Where everything meets: streams are read, records folded, and offsets and metrics stored as one cut.

Belongs to one thread. In come a configuration and what was stored; out go metrics, and bytes to store. Knows no clock
and no server. RELIABILITY rules 1 and 4.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from exporter.config import Config
from exporter.cut import Cut, PipelineCut
from exporter.encoding import decode, encode
from exporter.follow.descriptors import Descriptors
from exporter.intake import DocumentIntake, FolderIntake, Intake, LineIntake, OnRefused, Refused, StoredStream
from exporter.itself import Itself
from exporter.metric import AnyMetric, MetricState, copied
from exporter.pipeline import Kinds, Pipeline, Source

_NOTHING = msgspec.Raw(encode({}))


class _StoredPipeline(msgspec.Struct):
    """What is stored of a pipeline; streams that are not configured are carried along as they are."""

    metrics: msgspec.Raw = _NOTHING
    state: msgspec.Raw = _NOTHING
    streams: dict[str, msgspec.Raw] = {}


class _Stored(msgspec.Struct):
    """One cut through everything; pipelines that are not configured are carried along as they are."""

    itself: msgspec.Raw = _NOTHING
    pipelines: dict[str, msgspec.Raw] = {}


def _ignore(refused: Refused) -> None:
    pass


class Engine:
    """Folds what the configured streams hold. `stored` is what `store` returned before; the counts go on from it.

    Raises msgspec.DecodeError where `stored` is not that.
    """

    def __init__(
        self,
        config: Config,
        kinds: Kinds,
        *,
        stored: bytes | None = None,
        on_refused: OnRefused = _ignore,
    ) -> None:
        self._config = config
        before = msgspec.msgpack.decode(stored, type=_Stored) if stored else _Stored()
        self._idle_pipelines = {name: raw for name, raw in before.pipelines.items() if name not in config.pipelines}
        self._idle_streams: dict[str, dict[str, msgspec.Raw]] = {}
        self._descriptors = Descriptors()
        self.itself = Itself()
        self._common: dict[str, Any] = {"itself": self.itself, "on_refused": on_refused}
        self.pipelines: dict[str, Pipeline] = {}
        self.intakes: list[Intake] = []
        self.itself.restore(decode(before.itself, dict[str, MetricState]))
        for name in config.pipelines:
            stored_pipeline = before.pipelines.get(name, _NOTHING)
            self._add(name, kinds[name], msgspec.msgpack.decode(stored_pipeline, type=_StoredPipeline))

    def _add(self, name: str, kind: type[Pipeline], before: _StoredPipeline) -> None:
        config = self._config.pipelines[name]
        pipeline = kind(config.options, series_cap=self._config.limits.series_per_metric)
        self.pipelines[name] = pipeline
        self._restore(pipeline, before)
        self._idle_streams[name] = {
            stream: raw for stream, raw in before.streams.items() if stream not in config.streams
        }
        configured = [self._intake(pipeline, stream, before.streams) for stream in config.streams]
        folders = [
            FolderIntake(pipeline, stream, StoredStream(), beside=lambda: _paths(configured), **self._common)
            for stream, what in kind.streams.items()
            if what.source is Source.FOLDER
        ]
        self.intakes += [*configured, *folders]

    def _restore(self, pipeline: Pipeline, before: _StoredPipeline) -> None:
        """Goes on from what was stored; what this version defines otherwise starts anew, alone, and is counted."""
        self.itself.count_resets(pipeline.metrics.restore(decode(before.metrics, dict[str, MetricState])))
        try:
            pipeline.state = decode(before.state, pipeline.state_type)
        except msgspec.ValidationError:
            self.itself.count_resets([pipeline.state_type.__name__])

    def _intake(self, pipeline: Pipeline, name: str, before: Mapping[str, msgspec.Raw]) -> Intake:
        config = self._config.pipelines[pipeline.name].streams[name]
        stored = decode(before.get(name, _NOTHING), StoredStream)
        reading: dict[str, Any] = {"patterns": config.paths, "limits": self._config.limits}
        if pipeline.streams[name].source is Source.DOCUMENT:
            return DocumentIntake(pipeline, name, stored, **reading, **self._common)
        reading |= {"skip_history": config.start == "end", "descriptors": self._descriptors}
        return LineIntake(pipeline, name, stored, **reading, **self._common)

    # Reading

    def scan(self, *, settled: bool = False) -> None:
        """Looks what there is to read; `settled` says that nobody is writing it."""
        for intake in self.intakes:
            intake.scan(settled=settled)

    def steps(self) -> Iterator[None]:
        """One round over everything: a chunk of every log that has one."""
        for intake in self.intakes:
            yield from intake.steps()

    def unread(self) -> bool:
        """Whether something is left for another round, even if the last one yielded nothing."""
        return any(intake.unread() for intake in self.intakes)

    def read_all(self) -> Generator[None, None, None]:
        """Reads everything that a scan found to its end, last lines without a newline included.

        Streams come in the order of the configuration, their logs in that of their paths, one after the other.
        """
        for intake in self.intakes:
            yield from intake.read(intake.logs())

    # Reading in parts

    def only(self, intake: Intake, logs: Iterable[str]) -> tuple[Config, bytes]:
        """What makes an engine that reads some logs of one stream, as this one found them, and nothing else."""
        name, stream = intake.pipeline.name, intake.name
        whole = self._config.pipelines[name]
        part = msgspec.structs.replace(whole, streams={stream: whole.streams[stream]})
        stored = encode({"pipelines": {name: {"streams": {stream: intake.only(logs)}}}})
        return msgspec.structs.replace(self._config, pipelines={name: part}), stored

    def merge(self, later: "Engine") -> bool:
        """Takes in what an engine made of its part, as if this one had read it now.

        Returns whether it did: it does not where a bound makes a difference of what is known here already.
        """
        for name, pipeline in later.pipelines.items():
            if not self._has_records(name):
                self.pipelines[name].take_over(pipeline)
            elif self.pipelines[name].merges_exactly(pipeline):
                self.pipelines[name].merge(pipeline)
            else:
                return False
        ours = {(intake.pipeline.name, intake.name): intake for intake in self.intakes}
        for intake in later.intakes:
            ours[intake.pipeline.name, intake.name].take_over(intake)
        self.itself.metrics.merge(later.itself.metrics)
        return True

    def _has_records(self, pipeline: str) -> bool:
        return any(cell[0] for labels, cell in self.itself.records.cells.items() if labels[0] == pipeline)

    # How far it is

    def aim(self) -> None:
        """Makes everything that is there now the backlog of a start."""
        for intake in self.intakes:
            intake.aim()

    def backlog(self) -> int:
        """Bytes of it that were not looked at yet."""
        return sum(intake.backlog() for intake in self.intakes)

    def expire(self, seconds: float) -> None:
        """Tells the pipelines that time has passed."""
        for pipeline in self.pipelines.values():
            pipeline.expire(seconds)

    def close(self) -> None:
        """Lets go of all files."""
        for intake in self.intakes:
            intake.close()

    # What came of it

    def settle(self) -> None:
        """Brings every metric up to date; to be called before metrics or bytes are taken."""
        for pipeline in self.pipelines.values():
            pipeline.settle()
        for intake in self.intakes:
            intake.measure()
        self.itself.catching_up.set(int(self.backlog() > 0))
        for metric in chain.from_iterable(pipeline.metrics for pipeline in self.pipelines.values()):
            self.itself.measure(metric)

    def metrics(self) -> Iterator[AnyMetric]:
        """Every metric, the pipelines' first."""
        for pipeline in self.pipelines.values():
            yield from pipeline.metrics
        yield from self.itself.metrics

    def cut(self) -> Cut:
        """Offsets and metrics as one cut; `settle` comes before."""
        pipelines = {}
        for name, pipeline in self.pipelines.items():
            streams = {
                intake.name: msgspec.Raw(encode(intake.stored()))
                for intake in self.intakes
                if intake.pipeline is pipeline and intake.counted
            }
            state = msgspec.Raw(encode(pipeline.state))
            pipelines[name] = PipelineCut(copied(pipeline.metrics), state, self._idle_streams[name] | streams)
        return Cut(copied(self.itself.metrics), pipelines, self._idle_pipelines)

    def store(self) -> bytes:
        """The bytes of a cut."""
        return self.cut().encoded()


def _paths(intakes: list[Intake]) -> Iterator[str]:
    return chain.from_iterable(intake.paths() for intake in intakes)
