"""One stream's logs: which files there are, which log each belongs to, and what is to be read next.

In come path patterns and what was stored; out go chunks of whole lines, one from each log in turn, so that a backlog in
one holds up none of the others. A chunk that was not taken is read again after a restart.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import PurePath

import msgspec

from exporter.follow.file import ChangedError, Chunk, File, Identity
from exporter.follow.log import Entry, Events, Log, LogState, Surroundings
from exporter.follow.scan import Seen, join, look, problem, regular, rotated_from

DESERTED_LOGS = 64
"""So many logs of which no file is left are remembered for each stream."""


class StreamState(msgspec.Struct):
    """What is stored of a stream's files."""

    logs: dict[str, LogState] = {}
    events: Events = msgspec.field(default_factory=Events)
    looked: bool = False


class Piece(msgspec.Struct):
    """A chunk, the log that it was read from, and how to say that it was taken."""

    log: str
    chunk: Chunk
    take: Callable[[], None]


class StreamFollower:
    """Follows the logs of one stream."""

    def __init__(
        self, patterns: tuple[str, ...], state: StreamState, *, line_bytes: int, skip_history: bool = False
    ) -> None:
        self.state = state
        self._patterns = patterns
        self._line_bytes = line_bytes
        self._skip_history = skip_history
        self._logs = {path: Log(path, log, state.events, line_bytes=line_bytes) for path, log in state.logs.items()}
        self._view: object = None
        self._seen = Seen()

    @property
    def logs(self) -> Mapping[str, Log]:
        """The logs by path."""
        return self._logs

    def unfollowed(self) -> dict[str, str]:
        """What matches the patterns but is not followed, by path, and why."""
        return self._seen.unfollowed | {path: why for log in self._logs.values() for path, why in log.trouble.items()}

    def folders(self) -> set[str]:
        """The folders in which there are logs."""
        return {os.path.dirname(path) for path in self._seen.files}  # noqa: PTH120  # as in scan

    def stored(self) -> StreamState:
        """What is to be stored. Shares what is live: encode it before anything is read."""
        self.state.logs = {path: log.state() for path, log in self._logs.items()}
        return self.state

    def scan(self) -> None:
        """Looks what there is; nothing is dropped because a look failed."""
        self._seen = seen = look(self._patterns)
        view = (
            {path: (status.st_dev, status.st_ino) for path, status in seen.files.items()},
            {folder: {name: entry.inode() for name, entry in names.items()} for folder, names in seen.folders.items()},
        )
        if view != self._view or any(log.trouble for log in self._logs.values()):
            self._view = view
            self._reconcile(seen)
        for log in self._logs.values():
            log.refresh(seen.files, partial(self._look_around, log))

    def pieces(self) -> Iterator[Piece]:
        """One chunk from every log that has something to read, oldest file first."""
        for log in list(self._logs.values()):
            for file in log.files:
                if file.unread and file.reader is not None:
                    chunk = self._read(log, file)
                    if chunk is not None:
                        yield Piece(log.path, chunk, partial(file.take, chunk))
                    break

    def rest(self) -> Iterator[Piece]:
        """The last lines that have no newline, for whoever reads to an end."""
        for log in self._logs.values():
            for file in log.files:
                chunk = file.read_rest()
                if chunk is not None:
                    yield Piece(log.path, chunk, partial(file.take, chunk))

    def aim(self) -> None:
        """Makes everything that is there now a backlog."""
        for file in self._files():
            file.target = file.state.size

    def backlog(self) -> int:
        """Bytes of the backlog that were not looked at yet."""
        return sum(file.backlog for file in self._files())

    def lag(self) -> int:
        """Bytes that are there and were not counted yet."""
        return sum(max(0, file.state.size - file.state.offset) for file in self._files())

    def unread(self) -> bool:
        """Whether there is anything to read."""
        return any(file.unread and file.reader is not None for file in self._files())

    def close(self) -> None:
        """Lets go of all descriptors."""
        for log in self._logs.values():
            log.close()

    def _files(self) -> Iterator[File]:
        return (file for log in self._logs.values() for file in log.files)

    def _read(self, log: Log, file: File) -> Chunk | None:
        try:
            return file.read()
        except ChangedError:
            log.truncated(file, self._look_around(log))
        except OSError as error:
            log.trouble[file.state.path] = problem(error)
            file.close()
        return None

    def _reconcile(self, seen: Seen) -> None:
        """Finds out which file is which after something came, went or was renamed."""
        around: dict[str, Surroundings] = {}
        for log in self._logs.values():
            log.locate(self._around(log, seen, around))
        claimed = {state.identity for log in self._logs.values() for state in log.known()}
        unknown = self._unknown(seen, claimed)
        first = not self.state.looked
        for path in unknown:
            if path not in self._logs:
                self._logs[path] = Log(path, LogState(), self.state.events, line_bytes=self._line_bytes)
        for path, log in self._logs.items():
            log.adopt(unknown.get(path, []), self._around(log, seen, around), matched=seen.files, first=first)
            if first and self._skip_history:
                for file in log.files:
                    file.skip_to_end()
        self.state.looked = True
        self._forget_deserted()

    def _look_around(self, log: Log) -> Surroundings:
        """A fresh look at the folder of a log."""
        return self._around(log, look([log.path]), {})

    def _around(self, log: Log, seen: Seen, known: dict[str, Surroundings]) -> Surroundings:
        folder = os.path.dirname(log.path) or "."  # noqa: PTH120  # as in scan
        if folder not in known:
            names = seen.folders.get(folder)
            known[folder] = Surroundings([join(folder, name) for name in names or ()], complete=names is not None)
        return known[folder]

    def _unknown(self, seen: Seen, claimed: set[Identity]) -> dict[str, list[Entry]]:
        """The files that no log knows yet, by the log that they belong to; each file once."""
        unknown: dict[str, list[Entry]] = {}
        for path, status in sorted(self._candidates(seen).items()):
            identity = status.st_dev, status.st_ino
            if identity in claimed:
                continue
            claimed.add(identity)
            entry = Entry(path, identity, status.st_size, status.st_mtime_ns)
            unknown.setdefault(self._log_of(path, seen) or path, []).append(entry)
        return dict(sorted(unknown.items()))

    def _candidates(self, seen: Seen) -> dict[str, os.stat_result]:
        """What matches the patterns, and what looks like a rotation of a log."""
        found = dict(seen.files)
        for folder, names in seen.folders.items():
            for name in names:
                path = join(folder, name)
                if path not in found and self._log_of(path, seen) is not None and (status := regular(path)):
                    found[path] = status
        return found

    def _log_of(self, path: str, seen: Seen) -> str | None:
        """The log that a path is a rotation of."""
        folder, name = os.path.split(path)
        base = rotated_from(name)
        if base is None:
            return None
        log = join(folder or ".", base)
        return log if log in seen.files or log in self._logs or self._matches(log) else None

    def _matches(self, path: str) -> bool:
        return any(PurePath(path).match(pattern) for pattern in self._patterns)

    def _forget_deserted(self) -> None:
        deserted = [path for path, log in self._logs.items() if not log.files]
        for path in deserted[:-DESERTED_LOGS]:
            del self._logs[path]
