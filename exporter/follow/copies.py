"""Which unknown file of a log has what was not yet read of a known one.

In come what is known of a file and what lies around its log; out goes a reader to go on with. Says nothing of what
becomes of the file.
"""

from contextlib import ExitStack, closing

from exporter.follow.known import Known
from exporter.follow.likeness import FileState, begins_with, holds, is_inode
from exporter.follow.reader import Reader
from exporter.follow.scan import problem
from exporter.follow.surroundings import Entry, Surroundings


class Copies:
    """The unknown files of one log that may be copies of known ones."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def rest_of(
        self, state: FileState, around: Surroundings, *, now: Reader | None = None
    ) -> tuple[Reader, str] | None:
        """The unknown file that holds all that was read of a known one, and so what was not yet read of it.

        A rotated copy, compressed perhaps, or what an editor left at the path. Of several the one at the path, else the
        longest; the others are known as copies from now on. `now` is what the file itself holds today, if it may have
        lost its tail: where that is the beginning of a copy, nothing was replaced. Raises OSError where there may be
        copies that cannot be looked at now; one that we are not permitted to read is none.
        """
        if around.uncertain or around.missed:
            raise OSError("not everything can be looked at now")
        with ExitStack() as stack:
            found = self._found(state, around, now, stack)
            if not found:
                return None
            found.sort(key=lambda copy: (copy[2].path == self._known.path, copy[0]))
            *others, (_, longest, chosen) = found
            for _, reader, other in others:
                if begins_with(longest, reader):
                    self._known.pass_over(other.path, reader)
            self._drop_seen_empty(longest)
            return chosen.open(), chosen.path

    def _drop_seen_empty(self, longest: Reader) -> None:
        """Knows rotated files no longer that were empty when they were seen, and are copies by now."""
        for file in list(self._known.files):
            was_empty = file.state.path != self._known.path and not file.state.head
            if was_empty and file.reader is not None and begins_with(longest, file.reader):
                self._known.drop(file)

    def _found(
        self, state: FileState, around: Surroundings, now: Reader | None, stack: ExitStack
    ) -> list[tuple[int, Reader, Entry]]:
        """Those that can be gone on with, each with its size, open as long as the stack is.

        One that is renamed meanwhile may be the one: all are looked at again then.
        """
        known, found = self._known, []
        for path, entry in around.entries.items():
            if path == known.path or known.is_rotated(path):
                try:
                    reader = stack.enter_context(closing(entry.open()))
                    if self._may_continue(state, reader) and not (now and begins_with(reader, now)):
                        found.append((reader.size(), reader, entry))
                except PermissionError:
                    continue
                except OSError as error:
                    known.trouble[path] = problem(error)
                    raise
        return found

    def _may_continue(self, state: FileState, reader: Reader) -> bool:
        """Whether an unknown content has all that was read of a file. One that was seen empty is still unknown."""
        if not holds(state, reader):
            return False
        if any(is_inode(file.state, reader) and holds(file.state, reader) for file in self._known.files):
            return False
        return reader.is_complete() and reader.size() >= state.offset
