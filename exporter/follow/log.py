"""One path as one endless log: the file at the path, the files it was rotated to, and what became of them.

In come the entries of the log's folder; out go chunks of lines, oldest file first. Knows nothing of patterns or of
other logs.
"""

import os
import stat
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress

import msgspec

from exporter.follow.file import (
    HEAD_BYTES,
    MARKER_BYTES,
    ChangedError,
    File,
    FileState,
    Identity,
    Reader,
    holds,
    open_reader,
    resume_at,
)
from exporter.follow.scan import problem, rotated_from

RETIRED_FILES = 16
"""So many files that were read to their end are remembered for each log, to know them and their copies again."""


class Events(msgspec.Struct):
    """What befell the logs of a stream; the numbers only grow."""

    rotations: int = 0
    truncations: int = 0
    lost_bytes: int = 0


class LogState(msgspec.Struct):
    """What is stored of a log: the files still to be read or growing, oldest first, and those that are done."""

    files: list[FileState] = []
    retired: list[FileState] = []


class Entry(msgspec.Struct, frozen=True):
    """A regular file that is there, under one of its paths."""

    path: str
    identity: Identity
    size: int
    written: int


class Surroundings:
    """The regular files of one folder. `complete` says that all of it could be looked at."""

    def __init__(self, paths: Iterable[str], *, complete: bool = True) -> None:
        self.entries: dict[str, Entry] = {}
        self.complete = complete
        for path in sorted(paths):
            try:
                status = os.stat(path)  # noqa: PTH116  # as in scan
            except FileNotFoundError:
                continue
            except OSError:
                self.complete = False
                continue
            if stat.S_ISREG(status.st_mode):
                identity = status.st_dev, status.st_ino
                self.entries[path] = Entry(path, identity, status.st_size, status.st_mtime_ns)

    def find(self, state: FileState) -> Entry | None:
        """The entry that has the file's identity, at the path it last had if it is still there."""
        entry = self.entries.get(state.path)
        if entry is not None and entry.identity == state.identity:
            return entry
        return next((entry for entry in self.entries.values() if entry.identity == state.identity), None)


class Log:
    """Follows one path. Its files are read in order; the last one is the one at the path, if there is one."""

    def __init__(self, path: str, state: LogState, events: Events, *, line_bytes: int) -> None:
        self.path = path
        self.files = [File(file, line_bytes=line_bytes) for file in state.files]
        self.retired = state.retired
        self._events = events
        self._line_bytes = line_bytes
        self._deserted = False
        self.trouble: dict[str, str] = {}
        """What could not be opened at the last look, by path, and why."""

    def state(self) -> LogState:
        """What is to be stored. Shares what is live: encode it before anything is read."""
        return LogState([file.state for file in self.files], self.retired)

    def known(self) -> Iterator[FileState]:
        """Every file that this log has read or is reading, newest first."""
        yield from (file.state for file in reversed(self.files))
        yield from reversed(self.retired)

    def close(self) -> None:
        """Lets go of all descriptors."""
        for file in self.files:
            file.close()

    # Where the known files are now

    def locate(self, around: Surroundings) -> None:
        """Finds the known files again, wherever they were renamed to, and opens those that are still to be read."""
        for state in self.retired:
            entry = around.find(state)
            if entry is None:
                continue
            if (entry.path, entry.size) != (state.path, state.size) and not _is_same(state, entry):
                state.identity = (0, 0)  # its inode is another file's now
            else:
                state.path, state.size = entry.path, entry.size
        self.trouble = {}
        for file in list(self.files):
            try:
                self._locate(file, around)
            except OSError as error:
                self.trouble[file.state.path] = problem(error)

    def _locate(self, file: File, around: Surroundings) -> None:
        was_here = file.state.path == self.path
        entry = around.find(file.state)
        if entry is None:
            file.gone = around.complete
        elif file.reader is None:
            self._open(file, entry, around)
        else:
            file.state.path = entry.path
        if file.gone and file.reader is None:
            self._pursue(file, around)
        if was_here and (file.gone or file.state.path != self.path):
            self._deserted = True

    def _open(self, file: File, entry: Entry, around: Surroundings) -> None:
        """Opens a file after a start; its inode may be another file's by now, its content may have changed."""
        reader, found = open_reader(entry.path)
        state = file.state
        if found.generation != state.generation and None not in (found.generation, state.generation):
            reader.close()
            file.gone = True
            return
        state.path, state.generation = entry.path, found.generation
        offset = resume_at(state, reader)
        file.use(reader)
        if offset is None:
            self.truncated(file, around)
        elif offset < state.offset:
            self._events.truncations += 1
            file.go_to(offset)

    def _pursue(self, file: File, around: Surroundings) -> None:
        """Goes on in a copy of a file that is gone, compressed perhaps; else gives it up."""
        rest = self._rest_of(file.state, around)
        if rest is None:
            self._retire(file)
        else:
            file.move_to(*rest)

    def _rest_of(self, state: FileState, around: Surroundings) -> tuple[Reader, FileState] | None:
        """The rotated copy that holds everything read of a file, and so what was not yet read of it."""
        in_use = {file.state.identity for file in self.files}
        for entry in around.entries.values():
            if entry.identity in in_use or not self._is_rotated(entry.path):
                continue
            with suppress(OSError):
                reader, found = open_reader(entry.path)
                if holds(state, reader):
                    self.retired = [known for known in self.retired if known.identity != found.identity]
                    return reader, found
                reader.close()
        return None

    def _is_rotated(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return (folder, rotated_from(name)) == os.path.split(self.path)

    # What else is there

    def adopt(self, entries: list[Entry], around: Surroundings, *, matched: Container[str], first: bool) -> None:
        """Takes in unknown files of this log: the one at its path, and rotated ones that were born unseen.

        At the first look of a stream, rotated files are history: they are read only if the patterns match them.
        """
        for entry in sorted(entries, key=lambda entry: (entry.path == self.path, entry.written)):
            try:
                self._adopt(entry, around, unread=not first or entry.path in matched)
            except OSError as error:
                self.trouble[entry.path] = problem(error)
        if self._deserted:
            self._events.rotations += 1
            self._deserted = False

    def _adopt(self, entry: Entry, around: Surroundings, *, unread: bool) -> None:
        reader, state = open_reader(entry.path)
        if entry.path == self.path:
            self._arrive(reader, state, around)
        elif entry.size and not reader.read(1, 0):
            reader.close()
            self.trouble[entry.path] = "incomplete"  # still being compressed
        elif unread and not self._is_copy(reader):
            self._insert(reader, state)
        else:
            state.head = reader.read(HEAD_BYTES, 0)
            state.size = entry.size
            reader.close()
            self._remember(state)

    def _arrive(self, reader: Reader, state: FileState, around: Surroundings) -> None:
        """Takes in the file at the path: a new one, or what an editor made of the one before."""
        before = self.files[-1] if self.files else None
        replaced = before is not None and (before.gone or not self._is_rotated(before.state.path))
        if before is not None and replaced and holds(before.state, reader):
            before.move_to(reader, state)
            self._deserted = False
            return
        file = File(state, line_bytes=self._line_bytes)
        file.use(reader)
        self.files.append(file)

    def _insert(self, reader: Reader, state: FileState) -> None:
        file = File(state, line_bytes=self._line_bytes)
        file.use(reader)
        here = bool(self.files) and self.files[-1].state.path == self.path
        self.files.insert(len(self.files) - here, file)

    def _is_copy(self, reader: Reader) -> bool:
        """Whether a rotated file holds what a known one held, or is still growing into it."""
        if any(holds(state, reader) for state in self.known()):
            return True
        size = reader.size()
        end = reader.read(MARKER_BYTES, max(0, size - MARKER_BYTES))
        return any(
            file.reader is not None
            and 0 < size < file.state.size
            and file.reader.read(len(end), size - len(end)) == end
            and file.reader.read(HEAD_BYTES, 0)[:size] == reader.read(HEAD_BYTES, 0)
            for file in self.files
        )

    # How the files change

    def refresh(self, statuses: Mapping[str, os.stat_result], around: Callable[[], Surroundings]) -> None:
        """Looks how much there is to read, and lets go of what is done. `statuses` are those of matching paths."""
        for file in list(self.files):
            if file.reader is None:
                continue
            status = statuses.get(file.state.path)
            if status is not None and (status.st_dev, status.st_ino) != file.state.identity:
                status = None
            try:
                file.refresh(status)
            except ChangedError:
                self.truncated(file, around())
        for file in self.files[:-2]:
            if not file.unread and file.state.path not in statuses:
                self._retire(file)
        for file in list(self.files):
            if file.gone and not file.unread:
                if file.drained:
                    self._retire(file)
                file.drained = True

    def truncated(self, file: File, around: Surroundings) -> None:
        """Starts over in a file whose content was replaced, after the rest of the old content if a copy has it."""
        assert file.reader is not None
        before = file.state
        self._events.truncations += 1
        rest = self._rest_of(before, around)
        if rest is None:
            self._events.lost_bytes += max(0, before.size - before.offset)
        else:
            copy = File(before, line_bytes=self._line_bytes)
            self.files.insert(self.files.index(file), copy)
            copy.move_to(*rest)
        file.start_over()

    def _retire(self, file: File) -> None:
        self._events.lost_bytes += max(0, file.state.size - file.state.offset)
        file.close()
        self.files.remove(file)
        self._remember(file.state)

    def _remember(self, state: FileState) -> None:
        self.retired = [*self.retired, state][-RETIRED_FILES:]


def _is_same(state: FileState, entry: Entry) -> bool:
    """Whether the entry is the file that had its inode; where it cannot be opened, nothing says otherwise."""
    try:
        reader, found = open_reader(entry.path)
    except OSError:
        return True
    try:
        return found.generation == state.generation and reader.read(len(state.head), 0) == state.head
    finally:
        reader.close()
