"""One durable file for everything that must survive a kill, and the lock that keeps its directory to one writer.

In come bytes; out come the same bytes after a restart, or the ones before them where a disk damaged the last. Knows
nothing of what the bytes mean. RELIABILITY rules 1 and 16.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SCHEMA = 2
"""The version of what is inside; a program refuses others. No release wrote an older one."""

_MAGIC = b"PIPEXPRT"
_HEADER = struct.Struct("<8sIQ")
"""Magic, schema and length; a checksum of these and the content follows, then the content."""
_CHECKSUM_BYTES = 32


class StateError(Exception):
    """A state directory that cannot be used; its text says why in one line."""


class Store:
    """The snapshot file of one state directory, with the generation before it.

    Opening it locks the directory; raises StateError where that is impossible or somebody else has it.
    """

    def __init__(self, directory: str, *, fsync: Callable[[int], None] = os.fsync) -> None:
        self._directory = Path(directory)
        self._current = self._directory / "state.snapshot"
        self._previous = self._directory / "state.previous"
        self._fsync = fsync
        self.damaged = 0
        """Generations that were found damaged when loading."""
        self._is_whole = True
        """Whether the current generation, where there is one, is worth keeping."""
        self._lock = self._take_lock()

    def _take_lock(self) -> int:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (self._directory / "state.temporary").touch(mode=0o600)
        except BlockingIOError:
            os.close(lock)
            raise StateError(f"state directory {self._directory} is in use by another pipeline-exporter") from None
        except OSError as error:
            os.close(lock)
            raise self._unusable(error) from None
        return lock

    def _unusable(self, error: OSError) -> StateError:
        return StateError(f"state directory {self._directory} cannot be written: {error.strerror}")

    def close(self) -> None:
        """Lets go of the directory."""
        os.close(self._lock)

    def load(self) -> bytes | None:
        """The last snapshot that is whole, or None where there is none. Raises StateError for another version's."""
        for path in (self._current, self._previous):
            with suppress(FileNotFoundError):
                content = self._read(path)
                if content is not None:
                    return content
                self.damaged += 1
                if path == self._current:
                    self._is_whole = False
        return None

    def _read(self, path: Path) -> bytes | None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StateError(f"{path} cannot be read: {error.strerror}") from None
        if len(data) < _HEADER.size + _CHECKSUM_BYTES:
            return None
        magic, schema, length = _HEADER.unpack_from(data)
        content = data[_HEADER.size + _CHECKSUM_BYTES :]
        if magic != _MAGIC or len(content) != length or data != _sealed(data[: _HEADER.size], content):
            return None
        if schema != SCHEMA:
            other = "a newer" if schema > SCHEMA else "an older"
            raise StateError(f"{path} was written by {other} version: its schema is {schema}, this program's {SCHEMA}")
        return content

    def save(self, content: bytes) -> None:
        """Makes a snapshot durable; on OSError the one before it still stands.

        Between the two renames there is no current generation, but the previous one is all that was ever shown. No hard
        link bridges that, since not every file system has them.
        """
        temporary = self._directory / "state.temporary"
        data = _sealed(_HEADER.pack(_MAGIC, SCHEMA, len(content)), content)
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write(file, data)
            self._fsync(file)
        finally:
            os.close(file)
        if self._is_whole:
            with suppress(FileNotFoundError):
                self._current.rename(self._previous)
        temporary.rename(self._current)
        self._is_whole = True
        self._sync_directory()

    def _sync_directory(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._fsync(directory)
        finally:
            os.close(directory)


def _sealed(header: bytes, content: bytes) -> bytes:
    checksum = hashlib.sha256(header)
    checksum.update(content)
    return b"".join((header, checksum.digest(), content))


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
