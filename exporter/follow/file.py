"""One file on disk, read once from its beginning to wherever it ends today.

In come a reader and what was known of the file; out go chunks of whole lines. At every read the bytes before the place
that was reached must still be those that were read.
"""

import os

import msgspec

from exporter.follow.likeness import HEAD_BYTES, MARKER_BYTES, FileState, holds, known_head, last_line_at, marker_at
from exporter.follow.reader import Reader, Signature, signature

MARKERS = 6
RECENT_MARKERS = 3
MARKER_SPACING = 64 * 1024
"""Markers older than the newest stand at least this far apart, so that one is left when a tail is torn."""
CHUNK_BYTES = 64 * 1024


class ChangedError(Exception):
    """The bytes before the place that was reached are no longer those that were read."""


class Chunk(msgspec.Struct):
    """Whole lines of a file, each with its newline, and the bytes `start` to `end` that they were read from.

    `too_long` counts lines that were discarded for their length; they are not in `data`. One without any bytes says
    that a part of such a line was passed over.
    """

    data: bytes
    start: int
    end: int
    too_long: int = 0


class File:
    """A file that is known. Without a reader it is closed; it can be opened again as long as a path leads to it."""

    def __init__(self, state: FileState, *, line_bytes: int) -> None:
        self.state = state
        self.examined = state.offset
        """How far bytes were looked at; beyond `offset` lies a line that has not ended yet."""
        self.reader: Reader | None = None
        self.gone = False
        """Whether no path leads to it any more; what is open can still be read."""
        self.drained = False
        """Whether it was read to its end after it was gone."""
        self.dropped = False
        """Whether its log knows it no longer."""
        self.looked_at = False
        """Whether it was looked at since it is held here; before, a power cut may have torn it."""
        self.target = 0
        """The size up to which it counts as backlog."""
        self._line_bytes = line_bytes
        self._discarding = False

    @property
    def unread(self) -> bool:
        """Whether there are bytes that were not looked at yet."""
        return self.state.size > self.examined

    @property
    def backlog(self) -> int:
        """Bytes that are still to be looked at before the target is reached."""
        return max(0, self.target - self.examined)

    # What is read from

    def use(self, reader: Reader) -> None:
        """Reads through `reader` from now on."""
        self.close()
        self.reader = reader

    def move_to(self, reader: Reader, path: str) -> None:
        """Goes on at the same offset in another file with the same content."""
        state = self.state
        state.path, state.identity, state.generation = path, reader.identity, reader.generation
        self.use(reader)
        self.learn_head()
        self.gone = self.drained = False
        self.measure()

    def start_over(self) -> None:
        """Goes on at the beginning of what is in the file now."""
        state = self.state
        self.state = FileState(state.path, state.identity, state.generation, here=state.here)
        self.target = 0
        self._go_back()
        self.learn_head()
        self.measure()

    def unsee(self) -> None:
        """Was empty when it was looked at: what came into it meanwhile is still to be seen."""
        state = self.state
        state.head, state.seen, state.size, state.signature, self.target = b"", (0, b""), 0, (0, 0), 0

    def go_to(self, offset: int) -> None:
        """Goes on at another offset, a line's start."""
        before = marker_at(offset, self._reader)[1]
        self.measure()
        self.state.offset = offset
        self.state.head = self.state.head[:offset]
        self.state.markers = [marker for marker in self.state.markers if marker[0] < offset]
        self._mark(before)
        self._go_back()

    def skip_to_end(self) -> None:
        """Leaves out all whole lines that are there."""
        end = self._reader.size()
        while end > 0:
            start = max(0, end - CHUNK_BYTES)
            newline = self._reader.read(end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        self.go_to(end)

    def close(self) -> None:
        """Lets go of the descriptor."""
        if self.reader is not None:
            self.reader.close()
            self.reader = None

    # How it changes

    def measure(self) -> None:
        """Takes in how large it is now."""
        now = self._reader.signature()
        self._learn_size(self._size(now), now)

    def look(self, status: os.stat_result | None = None, *, closely: bool = False) -> int:
        """Looks how large the file is now, or takes it from `status`; returns how many unread bytes it lost.

        Where nothing says that it was written to, only a close look goes into it. Raises OSError; ChangedError where
        it was truncated, also where it has regrown to the size it had.
        """
        state = self.state
        now = signature(status) if status else self._reader.signature()
        if now == state.signature and self.looked_at and not closely:
            return 0
        size = self._size(now)
        if size < state.offset:
            raise ChangedError
        self._check()
        cut = max(0, state.size - size)
        if cut:
            self._go_back()
        self._learn_size(size, now)
        return cut

    def _size(self, now: Signature) -> int:
        """The bytes of content there were when it looked like that: of one moment with it, or nobody looks again."""
        return self._reader.size() if self._reader.immutable else now[0]

    def _learn_size(self, size: int, now: Signature) -> None:
        self.state.size, self.state.signature, self.looked_at = size, now, True
        self.target = min(self.target, size)  # what was taken away is no backlog, also where it grows again

    # Lines

    def read(self) -> Chunk | None:
        """The next lines, some 64 KiB of them, or None where no line has ended. Nothing is taken before `take`.

        Raises OSError, and ChangedError where the file is no longer the one that was read.
        """
        if self._discarding:
            return self._read_discarding()
        size = min(CHUNK_BYTES, self._line_bytes + 1)
        body = self._read_on(min(size, self.state.size - self.state.offset))  # what came since may not be in a copy
        if body.startswith(b"\0"):
            return self._chunk(b"", len(body) - len(body.lstrip(b"\0")))
        end = body.rfind(b"\n") + 1
        if end:
            return self._chunk(body[:end], end)
        return self._read_long() if len(body) == size else self._wait(len(body))

    def read_rest(self) -> Chunk | None:
        """What follows the last newline, as the line that it would be."""
        length = self.state.size - self.state.offset
        if length <= 0:
            return None
        if length > self._line_bytes:
            return self._chunk(b"", length, too_long=1)
        body = self._read_on(length)
        return self._chunk(body + b"\n" if body.strip(b"\0") else b"", len(body))

    def take(self, chunk: Chunk) -> None:
        """Marks a chunk as read."""
        if chunk.end == chunk.start:
            return
        state = self.state
        before = state.markers[-1][1] if state.markers else b""
        state.offset = chunk.end
        state.size = max(state.size, chunk.end)
        self.examined = max(self.examined, chunk.end)
        if len(chunk.data) == chunk.end - chunk.start:
            self._mark((before + chunk.data[-MARKER_BYTES:])[-MARKER_BYTES:])
            if chunk.start < HEAD_BYTES:
                state.head = (state.head[: chunk.start] + chunk.data)[:HEAD_BYTES]
        else:
            self._mark(marker_at(chunk.end, self._reader)[1])
            self.learn_head()

    def _read_long(self) -> Chunk | None:
        """A line longer than a chunk; over the limit it is discarded up to its newline, bit by bit."""
        body = self._read_on(self._line_bytes + 1)
        end = body.find(b"\n") + 1
        if end:
            return self._chunk(body[:end], end)
        if len(body) <= self._line_bytes:
            return self._wait(len(body))
        self._discarding = True
        self.examined = self.state.offset + len(body)
        return self._chunk(b"", 0)

    def _read_discarding(self) -> Chunk | None:
        self._check()
        body = self._reader.read(CHUNK_BYTES, self.examined)
        if not body:
            raise ChangedError
        end = body.find(b"\n") + 1
        self.examined += end or len(body)
        if not end:
            return self._chunk(b"", 0)
        self._discarding = False
        return self._chunk(b"", self.examined - self.state.offset, too_long=1)

    def _wait(self, length: int) -> Chunk | None:
        """Waits for the rest of a line of which `length` bytes are there."""
        self.examined = self.state.offset + length
        if self.unread:
            raise ChangedError  # there was more
        return None

    def _chunk(self, data: bytes, length: int, *, too_long: int = 0) -> Chunk:
        return Chunk(data, self.state.offset, self.state.offset + length, too_long)

    # What tells whether it is still the same

    def _check(self) -> None:
        if self._reader.immutable:
            return
        if self.state.head and not holds(self.state, self._reader):
            raise ChangedError

    def _read_on(self, size: int) -> bytes:
        """Bytes from the offset on, after those before it, or the first ones, were seen to stand."""
        state = self.state
        before = state.markers[-1][1] if state.markers else b""
        body = self._reader.read(len(before) + size, state.offset - len(before))
        if not body.startswith(before or known_head(state)[:size]):
            raise ChangedError
        return body[len(before) :]

    def _go_back(self) -> None:
        """Forgets what was seen of a line that has not ended."""
        self.examined = self.state.offset
        self._discarding = False

    def _mark(self, before: bytes) -> None:
        """Remembers the place that was reached, with the last few and some that are further apart."""
        markers = self.state.markers
        if not before:
            return
        markers.append((self.state.offset, before))
        self.state.seen = (0, b"")
        if len(markers) > RECENT_MARKERS + 1:
            older = len(markers) - RECENT_MARKERS - 1
            if markers[older][0] - markers[older - 1][0] < MARKER_SPACING:
                del markers[older]
        del markers[:-MARKERS]

    def learn_head(self) -> None:
        """Takes in the first bytes, as many as there are now, and where they end if that is all that is known."""
        state = self.state
        if not state.head:
            state.seen = last_line_at(self._reader)
        if len(state.head) < HEAD_BYTES:
            head = self._reader.read(HEAD_BYTES, 0)
            if head.startswith(known_head(state)):  # else it is another file's
                state.head = head

    def be_known_by(self, size: int) -> None:
        """Is known by its first `size` bytes at most, for as long as nothing was read."""
        state = self.state
        if not state.markers and (not state.head or size < state.seen[0]):
            state.head = self._reader.read(min(size, HEAD_BYTES), 0)
            state.seen = marker_at(size, self._reader)

    @property
    def _reader(self) -> Reader:
        assert self.reader is not None
        return self.reader
