"""What an unknown file of a log is: a new one, a copy, an archive, or a known one that came back.

In come the entries of unknown files; they are known afterwards. Says nothing of what becomes of them.
"""

import errno
from collections.abc import Container
from contextlib import suppress

import msgspec

from exporter.follow.file import File
from exporter.follow.known import Known
from exporter.follow.likeness import HEAD_BYTES, FileState, alike, begins_with, holds, is_inode, known_head, was_read
from exporter.follow.reader import Reader, Signature
from exporter.follow.scan import problem
from exporter.follow.surroundings import Entry


class Newcomers:
    """The unknown files of one log."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._incomplete: dict[str, Signature] = {}

    def adopt(self, entries: list[Entry], *, matched: Container[str], first: bool, skip: bool) -> None:
        """Takes in the file at the log's path, and rotated ones that were born unseen, oldest first.

        At the first look of a stream, rotated files are history: they are read only if the patterns match them, and
        if history is not to be skipped altogether.
        """
        before = self._known.newest
        unknown = {entry.path for entry in entries}
        self._incomplete = {path: seen for path, seen in self._incomplete.items() if path in unknown}
        for entry in sorted(entries, key=lambda entry: (entry.path != self._known.path, entry.signature[1])):
            try:
                self._adopt(entry, before, history=first and (skip or entry.path not in matched))
            except OSError as error:
                self._known.trouble[entry.path] = problem(error)

    def is_copy(self, reader: Reader, newest: File | None) -> bool:
        """Whether a rotated file is a copy of a known one, complete or still growing.

        A plain copy can only be one of the file that is, or was, at the path; an archive one of any.
        """
        if not reader.immutable:
            return newest is not None and newest.state.path == self._known.path and self._is_copy_of(newest, reader)
        head = reader.read(HEAD_BYTES, 0)
        return any(alike(known_head(file.state), head) and self._is_copy_of(file, reader) for file in self._known.files)

    def _adopt(self, entry: Entry, before: File | None, *, history: bool) -> None:
        if self._is_being_compressed(entry.path) or self._is_incomplete_still(entry):
            return
        reader = entry.open()
        try:
            self._adopt_content(entry, reader, before, history=history)
        finally:
            if not any(file.reader is reader for file in self._known.files):
                reader.close()

    def _adopt_content(self, entry: Entry, reader: Reader, before: File | None, *, history: bool) -> None:
        rotated = entry.path != self._known.path
        is_empty = not reader.size()
        if rotated and ((history and reader.immutable) or self.is_copy(reader, before) or self._was_read(reader)):
            self._known.pass_over(entry.path, reader)
        elif not reader.is_complete() or (entry.path.endswith(".gz") and not reader.immutable):
            self._incomplete[entry.path] = entry.signature
            self._known.trouble[entry.path] = "incomplete"
        elif not (self._returns(entry.path, reader) or self._goes_on(entry.path, reader, before)):
            file = self._known.insert(FileState(entry.path, reader.identity, reader.generation), reader)
            if is_empty:
                file.unsee()
            elif history:
                self._skip(file)

    def _was_read(self, reader: Reader) -> bool:
        """Whether the content is a copy of what was read of a log, which was then truncated."""
        return not reader.immutable and any(was_read(state, reader) for state in self._known.gone)

    def _skip(self, file: File) -> None:
        """Leaves out what is there; a file of which that cannot be told is not known yet."""
        try:
            file.skip_to_end()
        except OSError:
            self._known.drop(file)
            raise

    def _is_being_compressed(self, path: str) -> bool:
        """Whether the file that this is a compressed copy of is still there, as it is until the copy is done."""
        plain = path.removesuffix(".gz")
        return plain != path and any(file.state.path == plain and not file.gone for file in self._known.files)

    def _is_incomplete_still(self, entry: Entry) -> bool:
        """Whether a compressed file that was not whole has not changed since."""
        if self._incomplete.pop(entry.path, None) != entry.signature:
            return False
        self._incomplete[entry.path] = entry.signature
        self._known.trouble[entry.path] = "incomplete"
        return True

    def _returns(self, path: str, reader: Reader) -> bool:
        """Goes on with a file that had gone, if this is one, or the archive of one.

        A copy of it may have been read further in the meantime.
        """
        known = self._known
        gone = [state for state in known.gone if holds(state, reader)]
        if not any(is_inode(state, reader) or (reader.immutable and state.markers) for state in gone):
            return False
        copies = [file for file in known.files if holds(file.state, reader)]
        furthest = max(gone + [file.state for file in copies], key=lambda state: state.offset)
        known.insert(msgspec.structs.replace(furthest, path=path, markers=list(furthest.markers)), reader)
        known.gone = [state for state in known.gone if not any(state is other for other in gone)]
        for file in copies:  # what is left of them is read here
            if file.gone:
                known.drop(file)
                known.deserted = known.deserted and path != known.path
            elif file.state.path != known.path and begins_with(reader, known.open(file)):
                known.pass_over(file.state.path, known.open(file))
                known.drop(file)
        return True

    def _goes_on(self, path: str, reader: Reader, before: File | None) -> bool:
        """Goes on in what an editor made of the file that was at the path, if this is such a file.

        The old file is gone, or a backup whose name ends in `~`. Not handled: an old file that has another name, and a
        new one that the editor is still writing; both are taken for new files.
        """
        known = self._known
        over = [file for file in known.files if file.gone or (file is before and file.state.path.endswith("~"))]
        file = next((file for file in reversed(over) if holds(file.state, reader)), None)
        if file is None:
            return False
        if not file.gone:
            known.pass_over(file.state.path, known.open(file))
        known.move(file, reader, path)
        file.state.here = path == known.path
        known.deserted = known.deserted and path != known.path
        return True

    def _is_copy_of(self, file: File, reader: Reader) -> bool:
        """Whether the content is the beginning of the file's, or was until the file was truncated a moment ago.

        Raises OSError where it is the beginning of what came into the file since it was looked at.
        """
        with suppress(FileNotFoundError):
            source = self._known.open(file)
            if begins_with(source, reader):
                if known_head(file.state) and not holds(file.state, source):
                    raise OSError(errno.ESTALE, "replaced since it was looked at", file.state.path)
                return source is not reader
            if holds(file.state, source):
                return False
        return holds(file.state, reader)
