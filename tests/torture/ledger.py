"""The truth about the logs: every byte that was written to them, file by file, and what was removed unread.

In come bytes, before anyone can see them in a log; out come bounds on what may be counted, and the series that a
recount finds. Shares no code with the exporter.
"""

import os
import threading
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.exposition import key
from tests.recount import clustering, distillation, persona, tagger
from tests.recount.arithmetic import Found
from tests.recount.reading import read

BATCH_SIZE = 100
"""Personas in a batch."""

Identity = tuple[int, int]
"""Device and inode."""

Logs = dict[str, list[Path]]
"""The logs of each stream."""

RECOUNTS: dict[str, Callable[[Logs], Found]] = {
    "persona": partial(persona.recount, batch_size=BATCH_SIZE),
    "distillation": distillation.recount,
    "tagger": tagger.recount,
    "clustering": clustering.recount,
}


class TrueFile:
    """What one file of a log holds, in a file of its own that nobody else touches."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity: Identity | None = None
        """Which file on the disk this is; None once it is another's."""
        self.readable: int | None = None
        """So many of its bytes can be counted at most, if it was removed before the rest was read."""
        self._ends = [0]
        """Where its lines end."""
        self._size = 0
        self._file = path.open("wb", buffering=0)

    def add(self, data: bytes) -> None:
        """Takes in what is about to be written."""
        at = data.find(b"\n")
        while at >= 0:
            self._ends.append(self._size + at + 1)
            at = data.find(b"\n", at + 1)
        self._size += len(data)
        self._file.write(data)

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return self._size

    @property
    def lines(self) -> int:
        """Whole lines that were written."""
        return len(self._ends) - 1

    def lines_below(self, offset: int) -> int:
        """Whole lines below an offset. Raises ValueError where no line begins there, NUL bytes before it aside."""
        number = bisect_right(self._ends, offset) - 1
        if self.path.read_bytes()[self._ends[number] : offset].strip(b"\0"):
            raise ValueError(f"no line of {self.path} begins at {offset}")
        return number

    def remove(self, offset: int) -> int:
        """Notes that what lies beyond `offset` is gone for good; returns how many lines that are."""
        self.identity = None
        self.readable = offset
        return self.lines - self.lines_below(offset)

    def content(self) -> bytes:
        """What can be counted of it."""
        return self.path.read_bytes()[: self.readable]

    def close(self) -> None:
        self._file.close()


class TrueLog:
    """One log: its files, oldest first."""

    def __init__(self, pipeline: str, stream: str, path: Path, truth: Path) -> None:
        self.pipeline = pipeline
        self.stream = stream
        self.path = path
        self.files: list[TrueFile] = []
        self._truth = truth
        self._truth.mkdir(parents=True)
        self._lock = threading.Lock()

    def begin(self) -> TrueFile:
        """Begins another file."""
        with self._lock:
            self.files.append(TrueFile(self._truth / f"{len(self.files):04}"))
            return self.files[-1]

    def known(self) -> list[TrueFile]:
        """The files there are now."""
        with self._lock:
            return list(self.files)

    @property
    def lines(self) -> int:
        """Whole lines that were written."""
        return sum(file.lines for file in self.known())

    @property
    def bytes(self) -> int:
        """Bytes that were written."""
        return sum(file.size for file in self.known())

    def file_of(self, identity: Identity) -> TrueFile | None:
        """The file that has an inode now."""
        return next((file for file in reversed(self.known()) if file.identity == identity), None)

    def written(self, folder: Path) -> Path:
        """Everything that can be counted, as one file. A line that has no newline yet is not counted."""
        path = folder / f"{self.pipeline}.{self.stream}.{self._truth.name}"
        lines = (file.content() for file in self.known())
        path.write_bytes(b"".join(data[: data.rfind(b"\n") + 1] for data in lines))
        return path


class Ledger:
    """All logs."""

    def __init__(self, folder: Path) -> None:
        self.logs: list[TrueLog] = []
        self._folder = folder

    def open(self, pipeline: str, stream: str, path: Path) -> TrueLog:
        """Begins the truth about a log."""
        self.logs.append(TrueLog(pipeline, stream, path, self._folder / "truth" / str(len(self.logs))))
        return self.logs[-1]

    def lines(self) -> Counter[tuple[str, str]]:
        """Whole lines that were written, by pipeline and stream."""
        lines: Counter[tuple[str, str]] = Counter()
        for log in self.logs:
            lines[log.pipeline, log.stream] += log.lines
        return lines

    def countable(self) -> "Countable":
        """What a recount finds in everything that can be counted."""
        folder = self._folder / "countable"
        folder.mkdir(exist_ok=True)
        logs: dict[str, Logs] = {}
        for log in self.logs:
            logs.setdefault(log.pipeline, {}).setdefault(log.stream, []).append(log.written(folder))
        return Countable(logs)

    def close(self) -> None:
        for log in self.logs:
            for file in log.files:
                file.close()


class Countable:
    """Logs that are whole, and what is in them."""

    def __init__(self, logs: dict[str, Logs]) -> None:
        self.logs = logs

    def counters(self) -> dict[str, float]:
        """The exporter's counters about its reading, as they should be in the end."""
        wanted: dict[str, float] = {}
        for pipeline, streams in self.logs.items():
            for stream, paths in streams.items():
                outcomes = read(f"{pipeline}.{stream}", paths)[1]
                of = {"pipeline": pipeline, "stream": stream}
                wanted[key("pipeline_exporter_lines_total", **of)] = outcomes.total()
                wanted[key("pipeline_exporter_records_total", **of)] = outcomes.pop("record", 0)
                wanted[key("pipeline_exporter_skipped_lines_total", **of)] = outcomes.pop("skipped", 0)
                for reason, times in outcomes.items():
                    wanted[key("pipeline_exporter_rejected_lines_total", **of, reason=reason)] = times
                wanted[key("pipeline_exporter_bytes_total", **of)] = sum(os.path.getsize(path) for path in paths)  # noqa: PTH202
        return wanted

    def found(self) -> dict[str, Found]:
        """What a recount finds, by pipeline."""
        return {name: RECOUNTS[name](defaultdict(list, logs)) for name, logs in self.logs.items()}
