"""One path as one endless log: the file at the path, the files it was rotated to, and what became of them.

In come the entries of the log's folder; out go chunks of lines, oldest file first. Knows nothing of patterns or of
other logs.
"""

import os
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress

import msgspec

from exporter.follow.descriptors import Descriptors
from exporter.follow.file import ChangedError, Chunk, File
from exporter.follow.likeness import HEAD_BYTES, FileState, alike, begins_with, holds, is_inode, torn_at
from exporter.follow.reader import Identity, Reader, Signature, open_reader, signature
from exporter.follow.scan import problem, rotated_from
from exporter.follow.surroundings import Entry, Surroundings

GONE_FILES = 16
"""So many files that are no longer there are remembered for each log, to know their copies."""
KEPT_OPEN = 2
"""The newest files of a log stay open: the one at the path, and the one before, which may still be written to."""

Around = Callable[[], Surroundings]


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


class Log:
    """Follows one path. Its files are read in order; the last one is the one at the path, if there is one."""

    def __init__(
        self, path: str, state: LogState, events: Events, *, line_bytes: int, descriptors: Descriptors
    ) -> None:
        self.path = path
        self.files = [File(file, line_bytes=line_bytes) for file in state.files]
        self.trouble: dict[str, str] = {}
        """What could not be opened or read since the last look, by path, and why."""
        self._passed = state.passed
        self._gone = state.gone
        self._events = events
        self._line_bytes = line_bytes
        self._descriptors = descriptors
        self._deserted = False
        self._incomplete: dict[str, Signature] = {}

    def state(self) -> LogState:
        """What is to be stored. Shares what is live: encode it before anything is read."""
        return LogState([file.state for file in self.files], self._passed, self._gone)

    def identities(self) -> Iterator[Identity]:
        """Every file that is known and there."""
        yield from (file.state.identity for file in self.files)
        yield from (state.identity for state in self._passed)

    def close(self) -> None:
        """Lets go of all descriptors."""
        for file in self.files:
            file.close()

    # Reading

    def next_unread(self) -> File | None:
        """The oldest file that has something to read and can be read."""
        return next((file for file in self.files if file.unread and file.state.path not in self.trouble), None)

    def read(self, file: File, around: Around) -> Chunk | None:
        """The file's next lines; None where there are none or the file has changed."""
        try:
            self._open(file)
            return file.read()
        except ChangedError:
            self._look(file, around, closely=True)
        except OSError as error:
            self._fail(file, error)
        return None

    def read_rest(self, file: File) -> Chunk | None:
        """What follows the file's last newline, as the line that it would be."""
        try:
            self._open(file)
            return file.read_rest()
        except (ChangedError, OSError):
            return None

    # How the known files are

    def look(self, statuses: Mapping[str, os.stat_result], around: Around) -> None:
        """Looks how much there is to read. `statuses` are those of matching paths."""
        self.trouble = {}
        for file in list(self.files):
            status = statuses.get(file.state.path)
            if status is not None and (status.st_dev, status.st_ino) != file.state.identity:
                status = None
            if file.reader is not None or (status is not None and signature(status) != file.state.signature):
                self._look(file, around, status)

    def _look(self, file: File, around: Around, status: os.stat_result | None = None, *, closely: bool = False) -> None:
        try:
            self._open(file)
            cut = file.look(status, closely=closely)
            self._events.truncations += cut > 0
            self._events.lost_bytes += cut
            self._look_whether_new(file)
        except ChangedError:
            self._start_over(file, around())
        except OSError as error:
            self._fail(file, error)

    def _look_whether_new(self, file: File) -> None:
        """Looks at the first bytes of a file that was empty before: a rotated one may be a copy that is being made."""
        if file.state.head or not file.unread or file.reader is None:
            return
        if file.state.path != self.path and self._is_copy(file.reader):
            self.files.remove(file)
            self._pass(file.state.path, file.reader)
        else:
            file.learn_head()

    def _start_over(self, file: File, around: Surroundings) -> None:
        """Goes on where the content was replaced, after the rest of the old content if a copy has it."""
        assert file.reader is not None
        before = file.state
        self._events.truncations += 1
        size = before.size
        rest = self._rest_of(before, around)
        torn = None if rest else torn_at(before, file.reader, by_markers=not file.looked_at)
        if rest is not None:
            copy = File(before, line_bytes=self._line_bytes)
            self.files.insert(self.files.index(file), copy)
            file.start_over()
            self._move(copy, *rest)
            self._events.lost_bytes += max(0, size - copy.state.size)  # what was written after the copy was made
            return
        self._lose(before)
        if torn is not None:
            file.go_to(torn)
        else:
            self._remember(before)
            file.start_over()

    # Where the known files are

    def locate(self, around: Surroundings) -> None:
        """Finds the known files again, wherever they were renamed to."""
        self._passed = [state for state in self._passed if self._is_passed(state, around)]
        for file in list(self.files):
            was_here = not file.gone and file.state.path == self.path
            self._locate(file, around)
            if was_here and (file.gone or file.state.path != self.path):
                self._deserted = True

    def _is_passed(self, state: FileState, around: Surroundings) -> bool:
        entry = around.find(state)
        if entry is None:
            return not around.lack(state)
        if entry.path == self.path:
            return False  # it is the log itself now
        if (entry.path, entry.signature) != (state.path, state.signature):
            with suppress(OSError):
                reader = open_reader(entry.path)
                same = is_inode(state, reader) and alike(reader.read(HEAD_BYTES, 0), state.head)
                reader.close()
                if not same:
                    return False
            state.path, state.signature = entry.path, entry.signature
        return True

    def _locate(self, file: File, around: Surroundings) -> None:
        entry = around.find(file.state)
        if entry is None:
            file.gone = file.gone or around.lack(file.state)
        else:
            file.state.path = entry.path
            if file.reader is None and entry.signature != file.state.signature:
                self._look(file, lambda: around)
            else:
                file.gone = file.drained = False
        if file.gone and file.reader is None:
            self._pursue(file, around)

    def _pursue(self, file: File, around: Surroundings) -> None:
        """Goes on in a copy of a file that is gone; else gives it up."""
        self.trouble.pop(file.state.path, None)
        rest = self._rest_of(file.state, around)
        if rest is None:
            self._give_up(file)
        else:
            self._move(file, *rest)

    def _rest_of(self, state: FileState, around: Surroundings) -> tuple[Reader, str] | None:
        """The unknown file of this log that holds all that was read of one, and so what was not yet read of it.

        A rotated copy, compressed perhaps, or what an editor left at the path.
        """
        read = {file.state.identity for file in self.files}
        found: tuple[Reader, str] | None = None
        for entry in around.entries.values():
            if entry.identity in read or not (entry.path == self.path or self._is_rotated(entry.path)):
                continue
            with suppress(OSError):
                reader = open_reader(entry.path)
                least = found[0].size() + 1 if found else state.offset
                alike = holds(state, reader) and (bool(state.markers) or not self._is_archive(reader))
                if alike and reader.is_complete() and reader.size() >= least:
                    found, worse = (reader, entry.path), found
                    reader = worse[0] if worse else None
                if reader:
                    reader.close()
        return found

    def _is_archive(self, reader: Reader) -> bool:
        return reader.immutable and any(state.identity == reader.identity for state in self._passed)

    def _is_rotated(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return (folder, rotated_from(name)) == os.path.split(self.path)

    # What else is there

    def adopt(self, entries: list[Entry], *, matched: Container[str], first: bool, skip: bool) -> None:
        """Takes in unknown files of this log: the one at its path, and rotated ones that were born unseen.

        At the first look of a stream, rotated files are history: they are read only if the patterns match them, and
        if history is not to be skipped altogether.
        """
        for entry in sorted(entries, key=lambda entry: (entry.path != self.path, entry.signature[1])):
            try:
                self._adopt(entry, history=first and (skip or entry.path not in matched))
            except OSError as error:
                self.trouble[entry.path] = problem(error)
        if self._deserted:
            self._events.rotations += 1
            self._deserted = False

    def _adopt(self, entry: Entry, *, history: bool) -> None:
        if self._is_being_compressed(entry.path):
            return
        if self._incomplete.pop(entry.path, None) == entry.signature:
            self._incomplete[entry.path] = entry.signature
            self.trouble[entry.path] = "incomplete"
            return
        reader = open_reader(entry.path)
        if self._returns(entry.path, reader) or (entry.path == self.path and self._goes_on(reader)):
            return
        if entry.path != self.path and ((history and reader.immutable) or self._is_copy(reader)):
            self._pass(entry.path, reader)
        elif not reader.is_complete() or (entry.path.endswith(".gz") and not reader.immutable):
            reader.close()
            self._incomplete[entry.path] = entry.signature
            self.trouble[entry.path] = "incomplete"
        else:
            file = File(FileState(entry.path, reader.identity, reader.generation), line_bytes=self._line_bytes)
            self._insert(file, reader)
            file.measure()
            if history:
                file.skip_to_end()

    def _is_being_compressed(self, path: str) -> bool:
        """Whether the file that this is a compressed copy of is still there, as it is until the copy is done."""
        plain = path.removesuffix(".gz")
        return plain != path and any(file.state.path == plain and not file.gone for file in self.files)

    def _returns(self, path: str, reader: Reader) -> bool:
        """Goes on with a file that had gone elsewhere, if this is one."""
        for state in self._gone:
            if is_inode(state, reader) and reader.size() >= state.offset and holds(state, reader):
                self._gone = [other for other in self._gone if other is not state]
                state.path = path
                file = File(state, line_bytes=self._line_bytes)
                self._insert(file, reader)
                file.measure()
                return True
        return False

    def _goes_on(self, reader: Reader) -> bool:
        """Goes on in what an editor made of the file that was at the path, if this is such a file.

        Not handled: one that the editor is still writing, which is taken for a new file.
        """
        before = self.files[-1] if self.files else None
        if before is None or not (before.gone or not self._is_rotated(before.state.path)):
            return False
        if not before.state.markers and before.reader is not None:
            same = begins_with(reader, before.reader)
        else:
            same = holds(before.state, reader)
        if same:
            if not before.gone:
                self._passed = [*self._passed, msgspec.structs.replace(before.state)]
            self._move(before, reader, self.path)
            self._deserted = False
        return same

    def _insert(self, file: File, reader: Reader) -> None:
        here = file.state.path != self.path and bool(self.files) and self.files[-1].state.path == self.path
        self.files.insert(len(self.files) - here, file)
        file.use(reader)
        file.learn_head()
        self._descriptors.hold(file)

    def _pass(self, path: str, reader: Reader) -> None:
        """Knows a copy or an archive from now on, without reading it."""
        state = FileState(path, reader.identity, reader.generation, signature=reader.signature())
        state.head = reader.read(HEAD_BYTES, 0)
        reader.close()
        self._passed = [*self._passed, state]

    def _is_copy(self, reader: Reader) -> bool:
        """Whether a rotated file holds what a known one held, or is still growing into it."""
        head = reader.read(HEAD_BYTES, 0)
        return any(alike(file.state.head, head) and self._is_copy_of(file, reader) for file in self.files) or any(
            state.markers and holds(state, reader) for state in self._gone
        )

    def _is_copy_of(self, file: File, reader: Reader) -> bool:
        """Whether the content is the beginning of the file's, or was until the file was truncated a moment ago."""
        with suppress(OSError):
            self._open(file)
            if file.reader is reader:
                return False
            if file.reader is not None:
                return begins_with(file.reader, reader) or (
                    not holds(file.state, file.reader) and bool(file.state.markers) and holds(file.state, reader)
                )
        return bool(file.state.markers) and holds(file.state, reader)

    # What is over

    def tidy(self) -> None:
        """Lets go of what is done."""
        for file in list(self.files):
            if file.gone and not file.unread:
                if file.drained:  # for what was written between the last read and the moment it went
                    self._give_up(file)
                file.drained = True
        for file in self.files[:-KEPT_OPEN]:
            if not file.unread and not file.gone:
                file.close()  # found again when it has grown
                del file.state.markers[:-1]
        for file in self.files[-KEPT_OPEN:]:
            if file.reader is None and file.state.path not in self.trouble and not self._descriptors.full:
                try:
                    self._open(file)
                except OSError as error:
                    self._fail(file, error)

    def _give_up(self, file: File) -> None:
        self._lose(file.state)
        file.close()
        self.files.remove(file)
        self._remember(file.state)

    def _lose(self, state: FileState) -> None:
        self._events.lost_bytes += max(0, state.size - state.offset)

    def _remember(self, state: FileState) -> None:
        state.markers = state.markers[-1:]
        self._gone = [*self._gone, state][-GONE_FILES:]

    # Descriptors

    def _open(self, file: File) -> None:
        """Opens a file that was closed. Raises OSError; FileNotFoundError where another file is at its path now."""
        if file.reader is None:
            reader = open_reader(file.state.path)
            if not is_inode(file.state, reader):
                reader.close()
                if file.state.identity == reader.identity:
                    self._deserted = self._deserted or (not file.gone and file.state.path == self.path)
                    file.gone = True
                raise FileNotFoundError(file.state.path)
            file.use(reader)
        self._descriptors.hold(file)

    def _move(self, file: File, reader: Reader, path: str) -> None:
        self._passed = [state for state in self._passed if state.identity != reader.identity]
        file.move_to(reader, path)
        self._descriptors.hold(file)

    def _fail(self, file: File, error: OSError) -> None:
        self.trouble[file.state.path] = problem(error)
        file.close()
