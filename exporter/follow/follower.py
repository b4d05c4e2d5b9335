"""One stream's logs: which files there are, which log each belongs to, and what is to be read next.

In come path patterns and what was stored; out go chunks of whole lines, one from each log in turn, so that a backlog in
one holds up none of the others. A chunk that was not taken is read again after a restart.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import inf
from time import monotonic

import msgspec

from exporter.follow.descriptors import Descriptors
from exporter.follow.file import Chunk, File
from exporter.follow.known import Events, LogState
from exporter.follow.log import Around, Log
from exporter.follow.lookout import Lookout
from exporter.follow.scan import Seen, join, matches, rotated_from
from exporter.follow.surroundings import Entry, Surroundings, entry_of, folders_of, surroundings_of

DESERTED_LOGS = 64
"""So many logs of which no file is left are remembered for each stream, and so many that the patterns do not match."""


class StreamState(msgspec.Struct):
    """What is stored of a stream's files. `looked` says that what is new from now on was born since."""

    logs: dict[str, LogState] = {}
    events: Events = msgspec.field(default_factory=Events)
    looked: bool = False


class Piece(msgspec.Struct):
    """A chunk, the log that it was read from, and how to say that it was taken."""

    log: str
    chunk: Chunk
    take: Callable[[], None]


class StreamFollower:
    """Follows the logs of one stream, at most so many files of them; further ones wait until there is room.

    Logs in `state` that the patterns no longer match are kept, and not followed.
    """

    def __init__(
        self,
        patterns: tuple[str, ...],
        state: StreamState,
        *,
        line_bytes: int,
        skip_history: bool = False,
        descriptors: Descriptors | None = None,
        most_files: float = inf,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self.state = state
        self._patterns = patterns
        self._line_bytes = line_bytes
        self._skip_history = skip_history
        self._descriptors = descriptors or Descriptors()
        self._most_files = most_files
        self._waiting: dict[str, str] = {}
        self._logs = {path: self._log(path, log) for path, log in state.logs.items() if self._matches(path)}
        self._others = _remembered({path: log for path, log in state.logs.items() if path not in self._logs})
        self._view: object = None
        self._lookout = Lookout(patterns, elapsed=elapsed)
        self._awake = dict(self._logs)
        """The logs that have something to do, in their order; all others wait to be written to."""
        self._resting: dict[str, Log] = {}
        """Those, by the paths of their files."""

    def _log(self, path: str, state: LogState) -> Log:
        return Log(path, state, self.state.events, line_bytes=self._line_bytes, descriptors=self._descriptors)

    def stored(self) -> StreamState:
        """What is to be stored. Shares what is live: encode it before anything is read."""
        self.state.logs = self._others | {path: log.state() for path, log in self._logs.items()}
        return self.state

    def paths(self) -> list[str]:
        """The files that are followed: those that match the patterns, and others that are still to be read."""
        return [file.state.path for file in self._files() if file.unread or file.state.path in self._lookout.seen.files]

    def unfollowed(self) -> dict[str, str]:
        """What matches the patterns but is not followed, by path, and why."""
        trouble = {path: why for log in self._logs.values() for path, why in log.trouble.items()}
        return self._lookout.seen.unfollowed | trouble | self._waiting

    def scan(self) -> None:
        """Looks what there is; nothing is dropped because a look failed."""
        doubtful = self._view is None or self._troubled() or (bool(self._waiting) and self._has_room())
        moved = self._lookout.look(closely=doubtful)
        self._wake(everybody=moved)
        for log in self._awake.values():
            log.look(self._lookout.statuses, self._around(log))
        if moved:
            identities = {path: (status.st_dev, status.st_ino) for path, status in self._lookout.statuses.items()}
            before, self._view = self._view, (identities, self._lookout.inodes)
            moved = self._view != before
        if doubtful or moved or self._troubled():  # by what was looked at just now
            self._reconcile(self._lookout.seen)
        if self._awake:
            for log in self._awake.values():
                log.tidy()
            self._forget_deserted()
            self._rest()

    def _wake(self, *, everybody: bool) -> None:
        """Wakes the logs that were written to, or all."""
        if everybody:
            self._awake, self._resting = dict(self._logs), {}
            return
        for path in self._lookout.written:
            log = self._resting.get(path)
            if log is not None:
                self._awake[log.path] = log

    def _rest(self) -> None:
        """Leaves alone, until they are written to or something comes or goes, the logs that have nothing to do."""
        for log in list(self._awake.values()):
            if log.rests(self._lookout.watch):
                del self._awake[log.path]
                self._resting.update((file.state.path, log) for file in log.files)

    def pieces(self) -> Iterator[Piece]:
        """One chunk from every log that has something to read, oldest file first."""
        for log in list(self._awake.values()):
            file = log.next_unread()
            if file is not None:
                yield from _piece(log, file, log.read(file, self._around(log)))

    def whole(self, path: str) -> Iterator[Piece]:
        """All that is left of one log, oldest file first, and at the end the last lines that have no newline."""
        log = self._logs[path]
        while (file := log.next_unread()) is not None:
            yield from _piece(log, file, log.read(file, self._around(log)))
        for file in log.files:
            yield from _piece(log, file, log.read_rest(file))

    def logs(self) -> dict[str, int]:
        """How many bytes were not counted yet, by log, where there are any."""
        lags = {path: sum(map(_lag, log.files)) for path, log in self._logs.items()}
        return {path: lag for path, lag in lags.items() if lag}

    def only(self, paths: Iterable[str]) -> StreamState:
        """The state of some logs, for another follower to read them. Shares what is live: encode it at once."""
        return StreamState({path: self._logs[path].state() for path in paths}, looked=True)

    def take_over(self, other: "StreamFollower") -> None:
        """Knows the logs as another follower left them, that had read `only` them."""
        for path, state in other.stored().logs.items():
            self._logs[path].close()
            self._logs[path] = self._awake[path] = self._log(path, state)

    def aim(self) -> None:
        """Makes everything that is there now a backlog."""
        for file in self._files():
            file.target = file.state.size

    def backlog(self) -> int:
        """Bytes of the backlog that were not looked at yet."""
        return sum(file.backlog for log in self._awake.values() for file in log.files)

    def lag(self) -> int:
        """Bytes that are there and were not counted yet."""
        return sum(map(_lag, self._files()))

    def unread(self) -> bool:
        """Whether there is anything that can be read."""
        return bool(self._awake) and any(log.next_unread() is not None for log in self._awake.values())

    def close(self) -> None:
        """Lets go of all descriptors."""
        for log in self._logs.values():
            log.close()

    def _files(self) -> Iterator[File]:
        return (file for log in self._logs.values() for file in log.files)

    def _has_room(self) -> bool:
        return sum(len(log.files) + len(log.passed) for log in self._logs.values()) < self._most_files

    def _troubled(self) -> bool:
        return bool(self._awake) and any(log.trouble for log in self._awake.values())

    # Which file is which

    def _reconcile(self, seen: Seen) -> None:
        """Finds out which file is which after something came, went or was renamed; again next time if a look failed."""
        self._wake(everybody=True)
        if not self._locate(seen):
            self._view = None
        unknown = self._unknown(seen)
        if seen.uncertain:
            self._view = None
        for path in unknown:
            if path not in self._logs:
                self._logs[path] = self._awake[path] = self._log(path, LogState())
        first = not self.state.looked
        for path, log in self._logs.items():
            log.adopt(unknown.get(path, []), matched=seen.files, first=first, skip=self._skip_history)
        self.state.looked = self.state.looked or "error" not in self.unfollowed().values()

    def _locate(self, seen: Seen) -> bool:
        """Finds the known files again; whether everything around them could be looked at."""
        elsewhere = {entry.identity: entry for entry in map(entry_of, seen.files, seen.files.values())}
        around: dict[tuple[str, ...], Surroundings] = {}
        for log in self._logs.values():
            folders = folders_of(log.path, seen)
            if folders not in around:
                around[folders] = surroundings_of(folders, seen, elsewhere)
            log.locate(around[folders], self._around(log))
        return all(surroundings.complete for surroundings in around.values())

    def _around(self, log: Log) -> Around:
        """A fresh look around a log."""

        def around() -> Surroundings:
            seen = Seen()
            return surroundings_of(folders_of(log.path, seen), seen, {})

        return around

    def _unknown(self, seen: Seen) -> dict[str, list[Entry]]:
        """The files that no log knows yet, by the log that they belong to; each file once."""
        known = {identity for log in self._logs.values() for identity in log.identities()}
        unknown: dict[str, list[Entry]] = {}
        self._waiting = {}
        for path, status in sorted(self._candidates(seen).items()):
            entry = entry_of(path, status)
            if entry.identity not in known:
                if len(known) >= self._most_files:
                    self._waiting[path] = "too_many"
                    continue
                known.add(entry.identity)
                unknown.setdefault(self._log_of(path, seen) or path, []).append(entry)
        return dict(sorted(unknown.items()))

    def _candidates(self, seen: Seen) -> dict[str, os.stat_result]:
        """What matches the patterns, and what looks like a rotation of a log."""
        found = dict(seen.files)
        for folder in seen.folders:
            for path in seen.paths(folder):
                if path not in found and self._log_of(path, seen) is not None and (status := seen.regular(path)):
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
        return any(matches(path, pattern) for pattern in self._patterns)

    def _forget_deserted(self) -> None:
        if all(log.files for log in self._awake.values()):
            return
        deserted = [path for path, log in self._logs.items() if not log.files]
        for path in deserted[:-DESERTED_LOGS]:
            del self._logs[path]
            self._awake.pop(path, None)


def _piece(log: Log, file: File, chunk: Chunk | None) -> Iterator[Piece]:
    if chunk is not None:
        yield Piece(log.path, chunk, partial(file.take, chunk))


def _lag(file: File) -> int:
    return max(0, file.state.size - file.state.offset)


def _remembered(logs: dict[str, LogState]) -> dict[str, LogState]:
    """Those of some logs of which a file is there, or may be, and the last few of the others."""
    deserted = [path for path, log in logs.items() if not any(_may_be_there(file.path) for file in log.files)]
    return {path: log for path, log in logs.items() if path not in set(deserted[:-DESERTED_LOGS])}


def _may_be_there(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116  # as in scan
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
