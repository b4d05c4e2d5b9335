"""One path as one endless log: the file at the path, the files it was rotated to, and what becomes of them.

In come the entries of the log's folder; out go chunks of lines, oldest file first. Knows nothing of patterns or of
other logs.
"""

import os
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import closing, suppress

import msgspec

from exporter.follow.copies import Copies
from exporter.follow.descriptors import Descriptors
from exporter.follow.file import ChangedError, Chunk, File
from exporter.follow.known import Events, Known, LogState
from exporter.follow.likeness import HEAD_BYTES, FileState, alike, holds, is_inode, torn_at
from exporter.follow.newcomers import Newcomers
from exporter.follow.reader import Reader, signature
from exporter.follow.scan import problem, regular
from exporter.follow.surroundings import Entry, Surroundings

KEPT_OPEN = 2
"""The newest files of a log stay open: the one at the path, and the one before, which may still be written to."""
LOOKED_AT = 8
"""Of the files that the patterns do not match, so many of the newest are looked at each time. An older one that is
written to is noticed when anything in its folder is made, renamed or deleted."""

Around = Callable[[], Surroundings]


class Log(Known):
    """Follows one path."""

    def __init__(
        self, path: str, state: LogState, events: Events, *, line_bytes: int, descriptors: Descriptors
    ) -> None:
        super().__init__(path, state, events, line_bytes=line_bytes, descriptors=descriptors)
        self._newcomers = Newcomers(self)
        self._copies = Copies(self)

    # Reading

    def next_unread(self) -> File | None:
        """The oldest file that has something to read and can be read."""
        return next((file for file in self.files if file.unread and self._can_be_read(file)), None)

    def _can_be_read(self, file: File) -> bool:
        return file.state.path not in self.trouble and not (file.gone and file.reader is None)

    def read(self, file: File, around: Around) -> Chunk | None:
        """The file's next lines; None where there are none or the file has changed."""
        try:
            self.open(file)
            return file.read()
        except ChangedError:
            self._look(file, around, closely=True)
        except OSError as error:
            self.fail(file, error)
        return None

    def read_rest(self, file: File) -> Chunk | None:
        """What follows the file's last newline, as the line that it would be."""
        try:
            self.open(file)
            return file.read_rest()
        except ChangedError:
            pass
        except OSError as error:
            self.fail(file, error)
        return None

    # How much there is to read

    def look(self, statuses: Mapping[str, os.stat_result], around: Around) -> None:
        """Looks how much there is to read. `statuses` are those of matching paths, and of others that are watched."""
        self.trouble = {}
        newest = self.files[-LOOKED_AT:]
        for file in self._one_by_one():
            status = statuses.get(file.state.path)
            if status is None and file.reader is None and not file.gone and file in newest:
                status = regular(file.state.path)
            if status is not None and (status.st_dev, status.st_ino) != file.state.identity:
                status = None
            if file.reader is not None or (status is not None and signature(status) != file.state.signature):
                self._look(file, around, status)

    def rests(self, watch: Callable[[str], os.stat_result | None]) -> bool:
        """Whether there is nothing to do for as long as the files that `watch` looks at stay as they are."""
        if self.trouble or any(file.unread or file.gone for file in self.files):
            return False
        older = len(self.files) - LOOKED_AT
        return all(
            self._is_known(file, watch(file.state.path))
            for at, file in enumerate(self.files)
            if at >= older or file.reader is not None
        )

    def _is_known(self, file: File, status: os.stat_result | None) -> bool:
        """Whether a status is the file's, and nothing was written to it."""
        if status is None or (status.st_dev, status.st_ino) != file.state.identity:
            return False
        return signature(status) == file.state.signature

    def _one_by_one(self) -> Iterator[File]:
        """The files, but those that one before made known no longer."""
        return (file for file in list(self.files) if not file.dropped)

    def _look(self, file: File, around: Around, status: os.stat_result | None = None, *, closely: bool = False) -> None:
        try:
            self.open(file)
            try:
                cut = file.look(status, closely=closely)
            except ChangedError:
                self._start_over(file, around())
                return
            self.events.truncations += cut > 0
            self.lose(cut)
            self._look_whether_new(file)
        except OSError as error:
            self.fail(file, error)

    def _look_whether_new(self, file: File) -> None:
        """Looks at the first bytes of a file that was empty before: a rotated one may be a copy that is being made.

        Raises OSError where that cannot be told now; it is still to be seen then.
        """
        if file.state.head or not file.unread or file.reader is None:
            return
        try:
            if file.state.path != self.path and self._newcomers.is_copy(file.reader, self.newest):
                self._pass(file, file.reader)
            else:
                file.learn_head()
        except OSError:
            file.unsee()
            raise

    def _start_over(self, file: File, around: Surroundings) -> None:
        """Goes on where the content was replaced, after the rest of the old content if a copy has it.

        A rotated file may have been replaced by a copy of the log, as by `cp` over the copy before.
        """
        assert file.reader is not None
        before, size = msgspec.structs.replace(file.state), file.state.size
        is_empty = not file.reader.size()
        is_copy = file.state.path != self.path and self._newcomers.is_copy(file.reader, self.newest)
        torn = torn_at(before, file.reader, by_markers=not file.looked_at)
        rest = self._copies.rest_of(before, around, now=file.reader if torn is not None else None)
        if rest is None and torn is not None:
            file.go_to(torn)
            self.lose(size - before.offset)
            self.events.truncations += 1
            return
        if rest is None:
            self.lose(size - before.offset)
            self.remember(before)
        else:
            other = self.insert_before(file, before, *rest)
            self.lose(size - other.state.size)  # what was written after the copy was made
        self.events.truncations += 1
        if is_copy:
            self._pass(file, file.reader)
        else:
            file.start_over()
            if is_empty:
                file.unsee()

    def _pass(self, file: File, reader: Reader) -> None:
        """Knows a file as a copy from now on."""
        self.pass_over(file.state.path, reader)
        self.drop(file)

    # Where the known files are

    def locate(self, around: Surroundings, look_again: Around) -> None:
        """Finds the known files again, wherever they were renamed to."""
        self.uncertain = around.uncertain or any(around.miss(file.state) for file in self.files)
        self.passed = [state for state in self.passed if self._is_passed(state, around)]
        for file in self._one_by_one():
            was_here = file.state.here
            self._locate(file, around, look_again)
            if not around.uncertain:
                file.state.here = file.state.path == self.path and not file.gone
                self.deserted = self.deserted or (was_here and not file.state.here)
        self.files.sort(key=lambda file: file.state.here)

    def _is_passed(self, state: FileState, around: Surroundings) -> bool:
        entry = around.find(state)
        if entry is None:
            return not around.lack(state)
        if entry.path == self.path:
            return False  # it is the log itself now
        if (entry.path, entry.signature) != (state.path, state.signature):
            try:
                with closing(entry.open()) as reader:
                    if not (is_inode(state, reader) and alike(reader.read(HEAD_BYTES, 0), state.head)):
                        return False
            except OSError as error:
                self.trouble[entry.path] = problem(error)
                return True
            state.path, state.signature = entry.path, entry.signature
        return True

    def _locate(self, file: File, around: Surroundings, look_again: Around) -> None:
        entry = around.find(file.state, at=self.path)
        if entry is not None and self._is_another(file, entry, around):
            file.gone = True
        elif entry is not None:
            file.state.path = entry.path
            file.gone = file.drained = False
            if file.reader is None and entry.signature != file.state.signature:
                self._look(file, look_again)  # what became of it may have come since
        elif around.lack(file.state):
            file.gone = True
        if file.gone and file.reader is None:
            self._pursue(file, around)

    def _is_another(self, file: File, entry: Entry, around: Surroundings) -> bool:
        """Whether a freed inode was handed out to a file with another name, where the file system does not tell."""
        named = entry.path in (file.state.path, self.path) or self.is_rotated(entry.path)
        if named or file.reader is not None or file.state.generation is not None:
            return False
        with suppress(OSError), closing(entry.open()) as reader:
            return not holds(file.state, reader) and (file.state.head != b"" or around.is_another_log(entry))
        return False

    def _pursue(self, file: File, around: Surroundings) -> None:
        """Goes on in a copy of a file that is gone; else gives it up, unless what may be a copy cannot be read now."""
        self.trouble.pop(file.state.path, None)
        before = msgspec.structs.replace(file.state)
        with suppress(OSError):
            rest = self._copies.rest_of(before, around)
            if rest is None:
                self.give_up(file)
                return
            self.remember(before)  # it may return beside its copy
            self.move(file, *rest)
            self.lose(before.size - file.state.size)

    # What else is there, and what is over

    def adopt(self, entries: list[Entry], *, matched: Container[str], first: bool, skip: bool) -> None:
        """Takes in unknown files of this log, unless they cannot be told from known ones now."""
        if self.uncertain:
            self.trouble.update({entry.path: "error" for entry in entries})
            return
        self._newcomers.adopt(entries, matched=matched, first=first, skip=skip)
        self.events.rotations += self.deserted
        self.deserted = False

    def tidy(self) -> None:
        """Lets go of what is done."""
        for file in list(self.files):
            if file.gone and file.reader is not None and not file.unread:
                if "error" in self.trouble.values():
                    continue  # what cannot be read now may be what became of it
                if file.drained:  # for what was written between the last read and the moment it went
                    self.give_up(file)
                file.drained = True
        for file in self.files[:-KEPT_OPEN]:
            if not file.unread and not file.gone:
                file.close()  # found again when it has grown
                del file.state.markers[:-1]
        for file in self.files[-KEPT_OPEN:]:
            if file.reader is None and file.state.path not in self.trouble and self.has_room():
                try:
                    self.open(file)
                except OSError as error:
                    self.fail(file, error)
