"""One file on disk, read once from its beginning to wherever it ends today.

Paths lie and inodes are handed out again, so a file is known by its first bytes and by the bytes before the place that
was reached; these are checked at every read. In come a path and what was known; out go chunks of whole lines.
"""

import fcntl
import gzip
import os
import stat
import struct
import zlib
from contextlib import suppress
from typing import Protocol

import msgspec

HEAD_BYTES = 1024
MARKER_BYTES = 512
MARKERS = 4
MARKER_SPACING = 64 * 1024
"""Markers older than the newest stand at least this far apart, so that one is left when a tail is torn."""
CHUNK_BYTES = 32 * 1024

_GET_GENERATION = 0x80087601  # FS_IOC_GETVERSION
_GZIP_MAGIC = b"\x1f\x8b"

Identity = tuple[int, int]
"""Device and inode."""


class ChangedError(Exception):
    """The bytes before the place that was reached are no longer those that were read."""


class FileState(msgspec.Struct):
    """What is known of a file: where it was last seen, who it is, how far it was read.

    `offset` always stands at a line's start. `markers` are the bytes before the last few offsets, newest last.
    """

    path: str
    identity: Identity
    generation: int | None = None
    head: bytes = b""
    offset: int = 0
    size: int = 0
    markers: list[tuple[int, bytes]] = []


class Chunk(msgspec.Struct):
    """Whole lines of a file, each with its newline, and the bytes `start` to `end` that they were read from.

    `too_long` counts lines that were discarded for their length; they are not in `data`.
    """

    data: bytes
    start: int
    end: int
    too_long: int = 0


class Reader(Protocol):
    """Random access to a file's content."""

    immutable: bool

    def read(self, size: int, offset: int) -> bytes:
        """At most `size` bytes from `offset`; fewer at the end. Raises OSError."""

    def size(self) -> int:
        """The bytes there are. Raises OSError."""

    def written(self) -> int:
        """When the content last changed, as a number that only serves to be compared. Raises OSError."""

    def close(self) -> None:
        """Lets go of the file."""


class PlainReader:
    """Reads a file as it is."""

    immutable = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, size: int, offset: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def written(self) -> int:
        return os.fstat(self._descriptor).st_mtime_ns

    def close(self) -> None:
        os.close(self._descriptor)


class GzipReader:
    """Reads a compressed file's content. One that is cut short ends where it can no longer be read."""

    immutable = True

    def __init__(self, descriptor: int) -> None:
        self._raw = os.fdopen(descriptor, "rb")
        self._file = gzip.GzipFile(fileobj=self._raw)
        self._size: int | None = None

    def read(self, size: int, offset: int) -> bytes:
        with suppress(EOFError, zlib.error, gzip.BadGzipFile):
            self._file.seek(offset)
            return self._file.read(size)
        return b""

    def size(self) -> int:
        if self._size is None:
            end = 0
            while block := self.read(1 << 20, end):
                end += len(block)
            self._size = end
        return self._size

    def written(self) -> int:
        return 0

    def close(self) -> None:
        self._file.close()
        self._raw.close()


def open_reader(path: str) -> tuple[Reader, FileState]:
    """Opens a regular file and says who it is. Raises OSError, also where it is something else than a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        state = FileState(path, (status.st_dev, status.st_ino), _generation(descriptor))
        compressed = os.pread(descriptor, 2, 0) == _GZIP_MAGIC
    except OSError:
        os.close(descriptor)
        raise
    return (GzipReader(descriptor) if compressed else PlainReader(descriptor)), state


def _generation(descriptor: int) -> int | None:
    """The inode's generation, which tells a file from an earlier one with its inode; None where there is none."""
    try:
        found: int = struct.unpack_from("i", fcntl.ioctl(descriptor, _GET_GENERATION, bytes(8)))[0]
    except OSError:
        return None
    return found


def holds(state: FileState, reader: Reader) -> bool:
    """Whether the content begins like the followed file and reaches the same place by the same bytes."""
    if not state.head or reader.read(len(state.head), 0) != state.head:
        return False
    return not state.markers or _stands(state.markers[-1], reader)


def resume_at(state: FileState, reader: Reader) -> int | None:
    """The offset from which to go on in what was followed before; None where this is something else.

    A file that lost its tail, as after a power cut, goes on at its size, all of which was counted, or at the last
    marker that still stands. Not told apart: a log rewritten in place with the very same first 1024 bytes.
    """
    if reader.read(len(state.head), 0) != state.head:
        return None
    if not state.markers or _stands(state.markers[-1], reader):
        return state.offset
    size = reader.size()
    if size < state.offset and len(state.head) == HEAD_BYTES:
        return size
    standing = [offset for offset, marker in state.markers if _stands((offset, marker), reader)]
    return standing[-1] if standing else None


def _stands(marker: tuple[int, bytes], reader: Reader) -> bool:
    offset, before = marker
    return reader.read(len(before), offset - len(before)) == before


class File:
    """A file that is being read. Between calls it holds at most a descriptor."""

    def __init__(self, state: FileState, *, line_bytes: int) -> None:
        self.state = state
        self.examined = state.offset
        """How far bytes were looked at; beyond `offset` lies a line that has not ended yet."""
        self.reader: Reader | None = None
        self.gone = False
        """Whether no path leads to it any more; what is open can still be read."""
        self.drained = False
        """Whether it was read to its end after it was gone."""
        self.target = 0
        """The size up to which it counts as backlog."""
        self._line_bytes = line_bytes
        self._discarding = False
        self._written = 0

    @property
    def unread(self) -> bool:
        """Whether there are bytes that were not looked at yet."""
        return self.state.size > self.examined

    @property
    def backlog(self) -> int:
        """Bytes that are still to be looked at before the target is reached."""
        return max(0, self.target - self.examined)

    def use(self, reader: Reader) -> None:
        """Reads through `reader` from now on."""
        self.close()
        self.reader = reader
        self._learn_head()

    def move_to(self, reader: Reader, found: FileState) -> None:
        """Goes on at the same offset in another file with the same content."""
        self.use(reader)
        self.state.path, self.state.identity, self.state.generation = found.path, found.identity, found.generation
        self.state.size = max(reader.size(), self.state.offset)
        self.gone = self.drained = False

    def start_over(self) -> None:
        """Goes on at the beginning of what is in the file now."""
        assert self.reader is not None
        self.state = FileState(self.state.path, self.state.identity, self.state.generation)
        self.examined = self.target = 0
        self._discarding = False
        self._learn_head()
        self.state.size = self.reader.size()

    def close(self) -> None:
        """Lets go of the descriptor."""
        if self.reader is not None:
            self.reader.close()
            self.reader = None

    def go_to(self, offset: int) -> None:
        """Goes on at another offset, a line's start."""
        self.state.offset = self.examined = offset
        self._discarding = False
        self.state.markers = [mark for mark in self.state.markers if mark[0] < offset]
        self._mark(self._before(offset))

    def skip_to_end(self) -> None:
        """Leaves out all whole lines that are there."""
        assert self.reader is not None
        end = self.state.size = self.reader.size()
        while end > 0:
            start = max(0, end - CHUNK_BYTES)
            newline = self.reader.read(end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        self.go_to(end)

    def refresh(self, status: os.stat_result | None = None) -> None:
        """Looks how large the file is now, or takes it from `status`. Raises OSError; ChangedError where the file was
        truncated, also where it has regrown to the size it had."""
        assert self.reader is not None
        known = None if self.reader.immutable else status
        size = known.st_size if known else self.reader.size()
        written = known.st_mtime_ns if known else self.reader.written()
        if size < self.state.offset:
            raise ChangedError
        self.state.size = size
        self.examined = min(self.examined, size)
        if written != self._written and not self.unread:
            self._read_on(0)
        self._written = written

    def read(self) -> Chunk | None:
        """The next lines, some 32 KiB of them, or None where no line has ended. Nothing is taken before `take`.

        Raises OSError, and ChangedError where the file is no longer the one that was read.
        """
        assert self.reader is not None
        if self._discarding:
            return self._read_discarding()
        body = self._read_on(min(CHUNK_BYTES, self._line_bytes + 1))
        if body.startswith(b"\0"):
            return self._chunk(b"", self.state.offset + len(body) - len(body.lstrip(b"\0")))
        end = body.rfind(b"\n") + 1
        if end:
            return self._chunk(body[:end], self.state.offset + end)
        if len(body) < min(CHUNK_BYTES, self._line_bytes + 1):
            self.examined = self.state.offset + len(body)
            return None
        return self._read_long()

    def read_rest(self) -> Chunk | None:
        """What follows the last newline, as the line that it would be."""
        if self.state.size <= self.state.offset:
            return None
        if self._discarding:
            return self._chunk(b"", self.state.size, too_long=1)
        body = self._read_on(self._line_bytes)
        return self._chunk(body + b"\n", self.state.offset + len(body))

    def take(self, chunk: Chunk) -> None:
        """Marks a chunk as read."""
        state = self.state
        before = state.markers[-1][1] if state.markers else b""
        tail = chunk.data[-MARKER_BYTES:]
        if len(chunk.data) != chunk.end - chunk.start:
            tail = self._before(chunk.end)
        elif len(tail) < MARKER_BYTES:
            tail = (before + tail)[-MARKER_BYTES:]
        state.offset = chunk.end
        self.examined = max(self.examined, chunk.end)
        state.size = max(state.size, chunk.end)
        self._mark(tail)
        if len(state.head) < HEAD_BYTES:
            self._learn_head()

    def _read_on(self, size: int) -> bytes:
        """Bytes from the offset on, after the marker before them was seen to stand."""
        assert self.reader is not None
        state = self.state
        if self.reader.immutable or not state.markers:
            return self.reader.read(size, state.offset)
        marker = state.markers[-1][1]
        bytes_read = self.reader.read(len(marker) + size, state.offset - len(marker))
        if not bytes_read.startswith(marker):
            raise ChangedError
        return bytes_read[len(marker) :]

    def _read_long(self) -> Chunk | None:
        """A line longer than a chunk; over the limit it is discarded up to its newline, bit by bit."""
        limit = self._line_bytes + 1
        body = self._read_on(limit)
        end = body.find(b"\n") + 1
        if end:
            return self._chunk(body[:end], self.state.offset + end)
        self.examined = self.state.offset + len(body)
        self._discarding = len(body) == limit
        return None

    def _read_discarding(self) -> Chunk | None:
        assert self.reader is not None
        body = self.reader.read(max(CHUNK_BYTES, self._line_bytes), self.examined)
        end = body.find(b"\n") + 1
        if not end:
            self.examined += len(body)
            return None
        self._discarding = False
        return self._chunk(b"", self.examined + end, too_long=1)

    def _chunk(self, data: bytes, end: int, *, too_long: int = 0) -> Chunk:
        return Chunk(data, self.state.offset, end, too_long)

    def _before(self, offset: int) -> bytes:
        assert self.reader is not None
        start = max(0, offset - MARKER_BYTES)
        return self.reader.read(offset - start, start)

    def _mark(self, before: bytes) -> None:
        markers = self.state.markers
        if len(markers) > 1 and markers[-1][0] - markers[-2][0] < MARKER_SPACING:
            markers.pop()
        markers.append((self.state.offset, before))
        del markers[:-MARKERS]

    def _learn_head(self) -> None:
        assert self.reader is not None
        if len(self.state.head) < HEAD_BYTES:
            self.state.head = self.reader.read(HEAD_BYTES, 0)
