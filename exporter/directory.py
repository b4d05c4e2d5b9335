"""How much a directory holds, found out without holding anybody up.

In comes a path; out goes a number of bytes, as it was when somebody last counted. Knows no metrics.
"""

import math
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

DIRECTORY_SECONDS = 60.0
"""A directory is not measured again sooner."""
DIRECTORY_REST = 10
"""Nor sooner than so many times as long as the last measuring took, so that a big tree costs a tenth of a core."""

Run = Callable[[Callable[[], None]], object]
"""Has work done without waiting for it."""


class Directory:
    """A directory's size, as it was measured last.

    It is measured in a thread, since that is the simplest way that never holds up a scrape: a walk in slices, one per
    scrape, would take hours for a million files, and one `stat` on a slow disk would hold up its slice all the same.
    There is at most one thread per directory, and it ends with its walk.
    """

    def __init__(self, path: str, *, monotonic: Callable[[], float], run: Run) -> None:
        self._path = path
        self._monotonic = monotonic
        self._run = run
        self._due = -math.inf
        self._size: int | None = None
        self._failed = False

    def size(self) -> int | None:
        """Bytes, or None before the first measuring is done; raises OSError where the last one failed."""
        now = self._monotonic()
        if now >= self._due:
            self._due = math.inf
            try:
                self._run(self._measure)
            except RuntimeError:  # no more threads
                self._due = now + DIRECTORY_SECONDS
                raise
        if self._failed:
            raise OSError(f"{self._path} could not be measured")
        return self._size

    def _measure(self) -> None:
        started = self._monotonic()
        try:
            self._size = directory_size(self._path)
            self._failed = False
        except (OSError, ValueError):
            self._failed = True
        finally:
            now = self._monotonic()
            self._due = now + max(DIRECTORY_SECONDS, DIRECTORY_REST * (now - started))


def in_background(work: Callable[[], None]) -> None:
    """Does work in a thread of its own that does not keep the process alive."""
    threading.Thread(target=work, name="directory-size", daemon=True).start()


def directory_size(path: str) -> int:
    """Bytes in the regular files in and below a directory: hard links once, symbolic links not followed. What vanishes
    meanwhile is passed over; raises OSError where something can't be read, as the sum would be wrong."""
    size = 0
    linked: set[tuple[int, int]] = set()
    for info in _entries(path):
        identity = info.st_dev, info.st_ino
        if stat.S_ISREG(info.st_mode) and identity not in linked:
            size += info.st_size
            if info.st_nlink > 1:
                linked.add(identity)
    return size


def _entries(path: str) -> Iterator[os.stat_result]:
    folders = [path]
    while folders:
        folder = folders.pop()
        try:
            listing = os.scandir(folder)
        except FileNotFoundError:
            if folder == path:
                raise
            continue
        with listing:
            for entry in listing:
                with suppress(FileNotFoundError):
                    info = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(info.st_mode):
                        folders.append(entry.path)
                    yield info
