"""Random access to the content of one file, compressed or not, and which file it is.

In comes a path; out go bytes. Knows nothing of lines or of what was read before.
"""

import fcntl
import os
import stat
import struct
import zlib
from collections.abc import Iterator

Identity = tuple[int, int]
"""Device and inode."""
Signature = tuple[int, int]
"""Size on the disk and time of the last change: what differs when a file was written to."""

RAW_BYTES = 16 * 1024
"""So much is decompressed at a time; it holds at most a thousand times as much."""

_CLOSED = -1
"""No file's descriptor."""
_GET_GENERATION = 0x80087601  # FS_IOC_GETVERSION
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's word for a gzip header


class Reader:
    """Reads a file as it is."""

    immutable = False

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self.identity: Identity = status.st_dev, status.st_ino
        self.generation = _generation(descriptor)
        self._descriptor = descriptor

    def read(self, size: int, offset: int) -> bytes:
        """At most `size` bytes from `offset`; fewer at the end. Raises OSError."""
        return os.pread(self._descriptor, size, offset)

    def size(self) -> int:
        """The bytes of content there are. Raises OSError."""
        return os.fstat(self._descriptor).st_size

    def signature(self) -> Signature:
        """What differs when the file was written to. Raises OSError."""
        return signature(os.fstat(self._descriptor))

    def is_complete(self) -> bool:
        """Whether the content can be read to its end."""
        return True

    def close(self) -> None:
        """Lets go of the file, once: its descriptor is another file's by the next time."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)


class GzipReader(Reader):
    """Reads a compressed file's content, best from its beginning to its end.

    One that is cut short or damaged ends where it can no longer be read. Not handled: one that grows.
    """

    immutable = True

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        super().__init__(descriptor, status)
        self._size: int | None = None
        self._complete = False
        self._start = 0
        self._window = b""
        self._blocks = self._inflated()

    def read(self, size: int, offset: int) -> bytes:
        if offset < self._start:
            self._rewind()
        while self._start + len(self._window) < offset + size and (block := self._next()):
            passed = min(len(self._window), max(0, offset - self._start))
            self._start += passed
            self._window = self._window[passed:] + block
        at = offset - self._start
        return self._window[at : at + size]

    def size(self) -> int:
        if self._size is None:
            self._size = sum(map(len, self._inflated()))
        return self._size

    def is_complete(self) -> bool:
        self.size()
        return self._complete

    def _next(self) -> bytes:
        try:
            return next(self._blocks, b"")
        except OSError:
            self._rewind()  # what failed once would say that it is at its end
            raise

    def _rewind(self) -> None:
        self._start = 0
        self._window = b""
        self._blocks = self._inflated()

    def _inflated(self) -> Iterator[bytes]:
        """The content in pieces, none of them empty; one file may hold several compressed ones in a row."""
        inflate = zlib.decompressobj(_GZIP)
        at = 0
        while raw := os.pread(self._descriptor, RAW_BYTES, at):
            at += len(raw)
            while raw:
                if inflate.eof:
                    if not raw.startswith(_GZIP_MAGIC[: len(raw)]):
                        self._complete = True  # what follows is padding
                        return
                    inflate = zlib.decompressobj(_GZIP)
                try:
                    block = inflate.decompress(raw)
                except zlib.error:
                    return
                raw = inflate.unused_data
                if block:
                    yield block
        self._complete = inflate.eof


def open_reader(path: str) -> Reader:
    """Opens a regular file. Raises OSError, also where it is something else than a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        compressed = os.pread(descriptor, len(_GZIP_MAGIC), 0) == _GZIP_MAGIC
    except OSError:
        os.close(descriptor)
        raise
    return (GzipReader if compressed else Reader)(descriptor, status)


def signature(status: os.stat_result) -> Signature:
    """What differs when the file was written to."""
    return status.st_size, status.st_mtime_ns


def _generation(descriptor: int) -> int | None:
    """The inode's generation, which tells a file from an earlier one with its inode; None where there is none."""
    try:
        found: int = struct.unpack_from("i", fcntl.ioctl(descriptor, _GET_GENERATION, bytes(8)))[0]
    except OSError:
        return None
    return found
