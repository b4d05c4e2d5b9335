"""One stream of one pipeline: what was read is folded, and each line of it accounted for.

In come decoded chunks and documents; out go records to a pipeline and counts of what was read, skipped and refused.
What reads them is for each kind of stream to say. An offset moves only together with what was folded.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache
from math import inf
from typing import Any

import msgspec

from exporter.decode import Decoded, Decoder, Reason
from exporter.follow.document import Version
from exporter.follow.follower import StreamState
from exporter.itself import Itself
from exporter.pipeline import Pipeline
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
    """One stream of one pipeline. This counts and folds; the kinds of stream differ in what they read."""

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
            self.pipeline.take(self.name, whole(log), decoded.records, size)
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


@lru_cache(4096)
def whole(path: str) -> str:
    """The path from the root, so that a log's folder has a name wherever it is read from."""
    return os.path.abspath(path)  # noqa: PTH100  # Path.absolute costs ten times as much
