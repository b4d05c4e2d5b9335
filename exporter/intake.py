"""How a stream's bytes become records in its pipeline, and how each line is accounted for.

In come chunks and documents from the follower; out go records to a pipeline and counts of what was read, skipped and
refused. An offset moves only together with what was folded.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from math import inf
from typing import Any

import msgspec

from exporter.config import Limits
from exporter.decode import Decoded, Decoder, Reason
from exporter.follow.descriptors import Descriptors
from exporter.follow.document import DocumentFollower, FolderFollower, Version
from exporter.follow.follower import Piece, StreamFollower, StreamState
from exporter.follow.known import Events
from exporter.itself import Itself
from exporter.pipeline import FolderSize, Pipeline
from exporter.record import Timestamp, event_time

TIME_CHARACTERS = 64
"""The longest event time that is worth keeping."""
FORGOTTEN = ""
"""Stands for all logs that are no longer known; no log has this path."""


class Refused(msgspec.Struct):
    """A refused line and where it stood: its log, its offset there in bytes, its number among the lines read."""

    pipeline: str
    stream: str
    log: str
    offset: int
    number: int
    reason: Reason
    text: bytes


OnRefused = Callable[[Refused], None]


class StoredStream(msgspec.Struct):
    """What is stored of a stream: how far its files were read, and the last event time in each log."""

    files: StreamState = msgspec.field(default_factory=StreamState)
    documents: dict[str, Version] = {}
    times: dict[str, Timestamp] = {}


class Intake:
    """One stream of one pipeline. The base counts and folds; the kinds of stream differ in what they read."""

    counted = True
    """Whether what is read counts as lines."""
    patterns: tuple[str, ...] = ()
    """Where its files are said to be."""

    def __init__(
        self, pipeline: Pipeline, name: str, stored: StoredStream, *, itself: Itself, on_refused: OnRefused
    ) -> None:
        self.pipeline = pipeline
        self.name = name
        self._stored = stored
        self._itself = itself
        self._on_refused = on_refused
        self._stream = pipeline.streams[name]
        self._decoder = Decoder(self._stream)
        self._numbers: dict[str, int] = {}
        """How many lines of the file at hand were read, by log."""
        if self.counted:
            itself.birth(pipeline.name, name)

    def scan(self, *, settled: bool = False) -> None:
        """Looks what there is to read; `settled` says that nobody is writing it."""

    def steps(self) -> Iterator[None]:
        """Folds what there is, one bounded step at a time: a chunk of every log, or a document."""
        raise NotImplementedError

    def unread(self) -> bool:
        """Whether something is left of what was found, even if the last steps yielded nothing."""
        return False

    def logs(self) -> dict[str, int]:
        """The logs that there is something to read in, in order, with their bytes; none where it does not read logs."""
        return {}

    def read(self, logs: Iterable[str]) -> Iterator[None]:
        """Folds these logs to their end, last lines without newline included; or all there is, if it reads no logs."""
        return self.steps()

    def only(self, logs: Iterable[str]) -> StoredStream:
        """What an intake needs to have stored to read these logs and no others. Shares what is live."""
        raise NotImplementedError

    def is_undisturbed(self) -> bool:
        """Whether everything was read as it had been found."""
        return True

    def stored(self) -> StoredStream:
        """What is to be stored. Shares what is live: encode it before anything is read."""
        return self._stored

    def take_over(self, other: Any) -> None:
        """Goes on where another intake left what it had read of this one's."""

    def _forget_all_but(self, known: Collection[str]) -> None:
        """Forgets logs that are no longer known; of their last event times the latest is kept, under `FORGOTTEN`."""
        times = self._stored.times
        gone = times.keys() - known
        if gone - {FORGOTTEN}:
            latest = max((times[log] for log in gone), key=lambda time: event_time(time) or -inf)
            self._stored.times = {log: time for log, time in times.items() if log in known} | {FORGOTTEN: latest}
        self._numbers = {log: number for log, number in self._numbers.items() if log in known}

    def paths(self) -> list[str]:
        """The logs, documents or folders that are there."""
        raise NotImplementedError

    def unfollowed(self) -> dict[str, str]:
        """What matches but is not followed, by path, and why."""
        return {}

    def lag(self) -> int:
        """Bytes that are there and were not counted yet."""
        return 0

    def backlog(self) -> int:
        """Bytes that `aim` found and that were not looked at yet."""
        return 0

    def aim(self) -> None:
        """Makes everything that is there now a backlog."""

    def close(self) -> None:
        """Lets go of all files."""

    def measure(self) -> None:
        """Brings the exporter's metrics about this stream up to date."""
        labels = self.pipeline.name, self.name
        self._itself.files.set(len(self.paths()), *labels)
        self._itself.lag.set(self.lag(), *labels)
        why = list(self.unfollowed().values())
        for reason in ("directory", "special", "permission", "incomplete", "too_many", "error"):
            self._itself.unfollowed.set(why.count(reason), *labels, reason)
        times = [time for time in map(event_time, self._stored.times.values()) if time is not None]
        self._itself.last_record.set(max(times, default=None), *labels)

    def _fold(self, log: str, start: int, size: int, decoded: Decoded, too_long: int = 0) -> None:
        if decoded.records:
            self.pipeline.take(self.name, _whole(log), decoded.records, size)
            self._note_time(log, decoded.records)
        self._itself.count(self.pipeline.name, self.name, decoded, size, too_long)
        before = self._numbers.get(log, 0) if start else 0
        self._numbers[log] = before + decoded.lines + too_long
        for rejection in decoded.rejections:
            self._refuse(log, start + rejection.offset, before + rejection.line + 1, rejection.reason, rejection.text)
        if too_long:
            self._refuse(log, start, before + 1, Reason.TOO_LONG, b"")

    def _refuse(self, log: str, offset: int, number: int, reason: Reason, text: bytes) -> None:
        self._on_refused(Refused(self.pipeline.name, self.name, log, offset, number, reason, text))

    def _note_time(self, log: str, records: list[Any]) -> None:
        """Keeps the event time of the last record that has one; it is read only when someone asks."""
        field = self._stream.time
        if field is not None:
            for record in reversed(records):
                time = getattr(record, field, None)
                if event_time(time) is not None and len(str(time)) <= TIME_CHARACTERS:  # it is stored as it is
                    self._stored.times[log] = time
                    return


class LineIntake(Intake):
    """Reads logs."""

    def __init__(
        self,
        *args: Any,
        patterns: tuple[str, ...],
        limits: Limits,
        descriptors: Descriptors,
        skip_history: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.patterns = patterns
        self._follower = StreamFollower(
            patterns,
            self._stored.files,
            line_bytes=limits.line_bytes,
            skip_history=skip_history,
            descriptors=descriptors,
            most_files=limits.files_per_stream,
        )

    def scan(self, *, settled: bool = False) -> None:
        self._follower.scan()

    def steps(self) -> Iterator[None]:
        for piece in self._follower.pieces():
            self._take(piece)
            yield

    def unread(self) -> bool:
        return self._follower.unread()

    def logs(self) -> dict[str, int]:
        return self._follower.logs()

    def read(self, logs: Iterable[str]) -> Iterator[None]:
        for log in logs:
            for piece in self._follower.whole(log):
                self._take(piece)
                yield

    def only(self, logs: Iterable[str]) -> StoredStream:
        return StoredStream(self._follower.only(logs))

    def is_undisturbed(self) -> bool:
        return not (self.lag() or self.unfollowed()) and self._follower.state.events == Events()

    def take_over(self, other: "LineIntake") -> None:
        self._follower.take_over(other._follower)
        self._stored.times |= other._stored.times

    def _take(self, piece: Piece) -> None:
        chunk = piece.chunk
        decoded = self._decoder.decode(chunk.data, at_start=chunk.start == 0)
        self._fold(piece.log, chunk.start, chunk.end - chunk.start, decoded, chunk.too_long)
        piece.take()

    def stored(self) -> StoredStream:
        files = self._stored.files = self._follower.stored()
        self._forget_all_but(files.logs)
        return self._stored

    def paths(self) -> list[str]:
        return self._follower.paths()

    def unfollowed(self) -> dict[str, str]:
        return self._follower.unfollowed()

    def lag(self) -> int:
        return self._follower.lag()

    def backlog(self) -> int:
        return self._follower.backlog()

    def aim(self) -> None:
        self._follower.aim()

    def close(self) -> None:
        self._follower.close()

    def measure(self) -> None:
        super().measure()
        events = self._follower.state.events
        labels = self.pipeline.name, self.name
        self._itself.rotations.cell(*labels)[0] = events.rotations
        self._itself.truncations.cell(*labels)[0] = events.truncations
        self._itself.lost.cell(*labels)[0] = events.lost_bytes


class DocumentIntake(Intake):
    """Reads documents, each as one line whenever it changed."""

    def __init__(self, *args: Any, patterns: tuple[str, ...], limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patterns = patterns
        self._follower = DocumentFollower(
            patterns, self._stored.documents, limit=limits.line_bytes, most_files=limits.files_per_stream
        )

    def scan(self, *, settled: bool = False) -> None:
        self._follower.scan(settled=settled)

    def steps(self) -> Iterator[None]:
        for document in self._follower.documents():
            if document.content is None:
                self._fold(document.path, 0, document.size, Decoded(0, []), too_long=1)
            else:
                self._fold(document.path, 0, document.size, self._decoder.decode_document(document.content))
            document.take()
            yield

    def stored(self) -> StoredStream:
        self._forget_all_but(self._stored.documents)
        return self._stored

    def paths(self) -> list[str]:
        return sorted(self._follower.paths())

    def unfollowed(self) -> dict[str, str]:
        return self._follower.unfollowed()


class FolderIntake(Intake):
    """Counts the files in folders beside the pipeline's other files. Nothing is stored: they are counted anew."""

    counted = False

    def __init__(self, *args: Any, beside: Callable[[], Iterable[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._beside = beside
        self._follower = FolderFollower(self._stream.folder or self.name)
        self._due = False

    def scan(self, *, settled: bool = False) -> None:
        self._due = True

    def steps(self) -> Iterator[None]:
        if self._due:
            self._due = False
            for folder in self._follower.counts(self._beside()):
                self.pipeline.observe(self.name, _whole(folder.path), [FolderSize(files=folder.files)])
                yield

    def paths(self) -> list[str]:
        return []

    def measure(self) -> None:
        pass


@lru_cache(4096)
def _whole(path: str) -> str:
    """The path from the root, so that a log's folder has a name wherever it is read from."""
    return os.path.abspath(path)  # noqa: PTH100  # Path.absolute costs ten times as much
