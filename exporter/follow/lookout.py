"""Looks at what patterns match, again and again, and reads only folders in which something may have happened.

In come patterns; out goes what there is, and what of it was written to. What comes, goes or is renamed changes its
folder's signature; that is relied on only where it has been the same for long enough.
"""

import os
import stat
from collections.abc import Callable, Iterable
from math import inf
from time import monotonic

from exporter.follow.scan import FolderSignature, Seen, folder_signature, kind, look, regular

SETTLED_SECONDS = 2.0
"""A folder may change once more under the same signature for so long: times are counted in ticks, of two seconds with
FAT. What was read later than that after a signature was first seen is what stands under it."""
REREAD_SECONDS = 10.0
"""Folders are read so often whatever their signatures say: some file systems keep no times, some networks are late."""


class Lookout:
    """What the patterns of one stream match now. Where nothing came or went, a look takes one `stat` for each folder
    and each file."""

    def __init__(self, patterns: Iterable[str], *, elapsed: Callable[[], float] = monotonic) -> None:
        self.seen = Seen()
        """What there was when folders were last read."""
        self.inodes: dict[str, dict[str, int]] = {}
        """What the names in the folders that the patterns pass through stood for then."""
        self.statuses: dict[str, os.stat_result] = {}
        """The present status of every file that matches, and of others that are watched."""
        self.written: list[str] = []
        """Those of them that were written to since the look before, where nothing came or went."""
        self._signatures: dict[str, FolderSignature] = {}
        self._patterns = tuple(patterns)
        self._elapsed = elapsed
        self._since = inf
        self._read = -inf
        self._is_settled = False
        self._lies = False
        """Whether something came or went under an unchanged signature, as it will again: all is read at every look."""

    def look(self, *, closely: bool = False) -> bool:
        """Whether anything may have come, gone or been renamed since the last look; a close look does not ask."""
        now = self._elapsed()
        self.written = []
        if not closely and self._is_settled and now - self._read < REREAD_SECONDS and self._is_same():
            return False
        self.seen = seen = look(self._patterns)
        self.statuses, self.written = dict(seen.files), []
        if self._signatures != seen.signatures:
            self._since = self._elapsed()
        elif self._is_settled and self.inodes != seen.inodes:
            self._lies = True
        self.inodes, self._signatures = dict(seen.inodes), dict(seen.signatures)
        self._read = now
        self._is_settled = now - self._since >= SETTLED_SECONDS and not self._lies and not seen.has_failures
        return True

    def watch(self, path: str) -> os.stat_result | None:
        """The status of a regular file, which is looked at from now on until anything comes or goes."""
        status = self.statuses.get(path) or regular(path)
        if status is not None:
            self.statuses[path] = status
        return status

    def _is_same(self) -> bool:
        """Whether all that was there is, and nothing else, as far as signatures tell."""
        try:
            for folder, before in self._signatures.items():
                if folder_signature(folder) != before:
                    return False
            for path, kind_before in self.seen.kinds.items():
                if kind(path) != kind_before:
                    return False
            return self._are_there()
        except OSError:
            return False

    def _are_there(self) -> bool:
        """Whether every file is still the one at its path. Raises OSError."""
        statuses = self.statuses
        for path, before in statuses.items():
            now = os.stat(path)  # noqa: PTH116  # as in scan
            if now.st_ino != before.st_ino or now.st_dev != before.st_dev:
                return False
            if now.st_mtime_ns != before.st_mtime_ns or now.st_size != before.st_size:
                if not stat.S_ISREG(now.st_mode):  # it has the inode of the file that was there
                    return False
                statuses[path] = now
                self.written.append(path)
        return True
