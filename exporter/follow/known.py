"""The files of one log that are known, and what is known of them.

In come readers and what was stored; out goes which files to read, oldest first. Decides nothing: that is for the log,
and for its newcomers.
"""

import os
from collections.abc import Iterator

import msgspec

from exporter.follow.descriptors import Descriptors
from exporter.follow.file import RECENT_MARKERS, File
from exporter.follow.likeness import HEAD_BYTES, FileState, begins_with, is_inode
from exporter.follow.reader import Identity, Reader, open_reader
from exporter.follow.scan import problem, rotated_from

GONE_FILES = 16
"""So many files that are no longer there are remembered for each log, to know them and their archives again."""


class Events(msgspec.Struct):
    """What befell the logs of a stream; the numbers only grow."""

    rotations: int = 0
    truncations: int = 0
    lost_bytes: int = 0


class LogState(msgspec.Struct):
    """What is stored of a log: its files, oldest first; copies and archives that are there and are not to be read;
    and files that are no longer there."""

    files: list[FileState] = []
    passed: list[FileState] = []
    gone: list[FileState] = []


class Known:
    """The known files of the log at `path`. The last one is the one at the path, if there is one."""

    def __init__(
        self, path: str, state: LogState, events: Events, *, line_bytes: int, descriptors: Descriptors
    ) -> None:
        self.path = path
        self.events = events
        self.files = [File(file, line_bytes=line_bytes) for file in state.files]
        self.passed = state.passed
        self.gone = state.gone
        self.trouble: dict[str, str] = {}
        """What could not be opened or read since the last look, by path, and why."""
        self.deserted = False
        """Whether the file at the path is no longer there, which makes a rotation unless it goes on in another."""
        self.uncertain = False
        """Whether known files may be where the last look failed: what is unknown may then be one of them."""
        self._line_bytes = line_bytes
        self._descriptors = descriptors

    def state(self) -> LogState:
        """What is to be stored. Shares what is live: encode it before anything is read."""
        return LogState([file.state for file in self.files], self.passed, self.gone)

    def identities(self) -> Iterator[Identity]:
        """Every file that is known and there."""
        yield from (file.state.identity for file in self.files)
        yield from (state.identity for state in self.passed)

    @property
    def newest(self) -> File | None:
        """The file at the path, or the last that was there."""
        return self.files[-1] if self.files else None

    def is_rotated(self, path: str) -> bool:
        """Whether a path looks like a rotation of this log."""
        folder, name = os.path.split(path)
        return (folder, rotated_from(name)) == os.path.split(self.path)

    # What is known from now on

    def insert(self, state: FileState, reader: Reader) -> File:
        """Knows another file: the newest at the path, or the newest but that one."""
        file = File(state, line_bytes=self._line_bytes)
        here = state.path != self.path and bool(self.files) and self.files[-1].state.path == self.path
        self.files.insert(len(self.files) - here, file)
        self._take_in(file, reader, state.path)
        return file

    def insert_before(self, file: File, state: FileState, reader: Reader, path: str) -> File:
        """Knows another file that is older than a known one."""
        other = File(state, line_bytes=self._line_bytes)
        self.files.insert(self.files.index(file), other)
        self._take_in(other, reader, path)
        return other

    def _take_in(self, file: File, reader: Reader, path: str) -> None:
        """Goes on with a file that was not known; it still is not where it cannot be read."""
        file.state.here = path == self.path
        try:
            self.move(file, reader, path)
        except OSError:
            self.drop(file)
            raise

    def move(self, file: File, reader: Reader, path: str) -> None:
        """Goes on with a known file through another reader, of a file that was passed over or seen empty before."""
        self.passed = [state for state in self.passed if state.identity != reader.identity]
        for other in [other for other in self.files if other is not file and is_inode(other.state, reader)]:
            self.drop(other)
        file.move_to(reader, path)
        self._descriptors.hold(file)

    def pass_over(self, path: str, reader: Reader) -> None:
        """Knows a copy or an archive without reading it. One of the newest file may soon be all that is left of it."""
        newest = self.newest
        if newest is not None and newest.reader is not None and begins_with(newest.reader, reader):
            newest.be_known_by(reader.size())
        state = FileState(path, reader.identity, reader.generation, signature=reader.signature())
        state.head = reader.read(HEAD_BYTES, 0)
        self.passed = [*(other for other in self.passed if other.identity != state.identity), state]

    # What is over

    def give_up(self, file: File) -> None:
        """Reads no more of a file."""
        self.lose(file.state.size - file.state.offset)
        self.drop(file)
        self.remember(file.state)

    def drop(self, file: File) -> None:
        """Knows a file no longer."""
        file.dropped = True
        file.close()
        self.files.remove(file)

    def remember(self, state: FileState) -> None:
        """Knows what is no longer there, if it should return."""
        state.markers = state.markers[-RECENT_MARKERS:]
        self.gone = [*self.gone, state][-GONE_FILES:]

    def lose(self, size: int) -> None:
        """Counts bytes that were seen and cannot be read."""
        self.events.lost_bytes += max(0, size)

    # Descriptors

    def open(self, file: File) -> Reader:
        """Opens a file if it is closed. Raises OSError; FileNotFoundError where another file is at its path now."""
        if file.reader is None:
            reader = open_reader(file.state.path)
            if not is_inode(file.state, reader):
                reader.close()
                if file.state.identity == reader.identity:
                    file.gone = True
                raise FileNotFoundError(file.state.path)
            file.use(reader)
        self._descriptors.hold(file)
        assert file.reader is not None
        return file.reader

    def fail(self, file: File, error: OSError) -> None:
        """Notes that a file could not be opened or read."""
        self.trouble[file.state.path] = problem(error)
        if not file.gone:  # else it could not be opened again
            file.close()

    def has_room(self) -> bool:
        """Whether a file can be opened without closing another."""
        return not self._descriptors.full

    def close(self) -> None:
        """Lets go of all descriptors."""
        for file in self.files:
            file.close()
