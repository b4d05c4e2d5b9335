"""Files that are read whole, again whenever they change, and folders whose files are counted.

In come path patterns; out go contents and counts. A document counts as written when two looks in a row found it the
same, so that one in the middle of being written is not read.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from time import monotonic

import msgspec

from exporter.follow.lookout import Lookout
from exporter.follow.reader import open_reader, signature
from exporter.follow.scan import problem

Version = tuple[int, int, int, int]
"""Device, inode, size and time of the last change: what differs when a document was changed."""


class Document(msgspec.Struct):
    """A document's content, None where it is over the limit, and how to say that it was taken."""

    path: str
    content: bytes | None
    size: int
    take: Callable[[], None]


class FolderCount(msgspec.Struct):
    """How many files a folder holds."""

    path: str
    files: int


class DocumentFollower:
    """Follows the documents of one stream, at most so many; `taken` says in which version each was last taken."""

    def __init__(
        self,
        patterns: tuple[str, ...],
        taken: dict[str, Version],
        *,
        limit: int,
        most_files: int | None = None,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self.taken = taken
        self._lookout = Lookout(patterns, elapsed=elapsed)
        self._limit = limit
        self._most_files = most_files
        self._waiting: dict[str, str] = {}
        self._last: dict[str, Version] = {}
        self._trouble: dict[str, str] = {}
        self._due: dict[str, Version] = {}

    def scan(self, *, settled: bool = False) -> None:
        """Looks which documents changed; `settled` says that nobody is writing them."""
        moved = self._lookout.look()
        if moved or self._lookout.written or self._last != self.taken:
            self._compare(self._lookout.statuses, settled=settled)

    def _compare(self, statuses: Mapping[str, os.stat_result], *, settled: bool) -> None:
        """Finds out which documents are to be read."""
        known_first = sorted(statuses, key=lambda path: path not in self.taken)
        self._waiting = dict.fromkeys(known_first[self._most_files :] if self._most_files else [], "too_many")
        now = {
            path: (status.st_dev, status.st_ino, *signature(status))
            for path, status in statuses.items()
            if path not in self._waiting
        }
        self._due = {
            path: version
            for path, version in now.items()
            if version != self.taken.get(path) and (settled or version == self._last.get(path))
        }
        self._last = now
        self._trouble = {}
        seen = self._lookout.seen
        if not seen.failed:
            for path in self.taken.keys() - statuses.keys() - seen.unfollowed.keys():
                del self.taken[path]

    def documents(self) -> Iterator[Document]:
        """Those that changed, with their content. One that cannot be read now waits for the next look."""
        for path, version in list(self._due.items()):
            try:
                content = _read(path, version, self._limit)
            except OSError as error:
                del self._due[path]
                if not isinstance(error, _WrittenError):
                    self._trouble[path] = problem(error)
                continue
            yield Document(path, content, version[2], partial(self._take, path, version))

    def _take(self, path: str, version: Version) -> None:
        self.taken[path] = version
        self._due.pop(path, None)

    def paths(self) -> set[str]:
        """The documents that are there."""
        return set(self._last)

    def unfollowed(self) -> dict[str, str]:
        """What matches the patterns but is not followed, by path, and why."""
        return self._lookout.seen.unfollowed | self._trouble | self._waiting


class FolderFollower:
    """Counts the files of folders with one name that lie beside given paths, again when they change."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._beside: list[str] = []
        self._folders: list[str] = []
        self._last: dict[str, int] = {}

    def counts(self, beside: Iterable[str]) -> Iterator[FolderCount]:
        """The folders that changed since the last call, or in the moment before it, with their number of files.

        One that is no longer there has none.
        """
        last, self._last = self._last, {}
        paths = list(beside)
        if paths != self._beside:
            parents = {os.path.dirname(path) for path in paths}  # noqa: PTH120
            self._beside, self._folders = paths, [os.path.join(parent, self._name) for parent in sorted(parents)]  # noqa: PTH118
        for folder in self._folders:
            try:
                changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
                if last.get(folder) == changed:
                    self._last[folder] = changed
                    continue
                with os.scandir(folder) as entries:
                    files = sum(entry.is_file(follow_symlinks=False) for entry in entries)
            except FileNotFoundError:
                if folder in last:
                    yield FolderCount(folder, 0)
                continue
            except OSError:
                if folder in last:
                    self._last[folder] = last[folder]
                continue
            self._last[folder] = changed if last.get(folder) == -changed else -changed  # minus: look once more
            yield FolderCount(folder, files)


class _WrittenError(OSError):
    """The document is no longer what it was at the look."""


def _read(path: str, version: Version, limit: int) -> bytes | None:
    reader = open_reader(path)
    try:
        content = reader.read(limit + 1, 0)
        if (*reader.identity, *reader.signature()) != version:
            raise _WrittenError(path)
    finally:
        reader.close()
    return content if len(content) <= limit else None
