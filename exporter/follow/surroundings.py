"""What lies around a log: the regular files of its folder, by identity, so that renamed files are found again."""

import errno
import os
import stat
from collections.abc import Iterable, Mapping

import msgspec

from exporter.follow.likeness import FileState
from exporter.follow.reader import Identity, Reader, Signature, open_reader, signature
from exporter.follow.scan import Seen, problem, rotated_from


class Entry(msgspec.Struct, frozen=True):
    """A regular file that is there, under one of its paths."""

    path: str
    identity: Identity
    signature: Signature

    def open(self) -> Reader:
        """Opens it. Raises OSError, also where another file has come to its path since it was seen."""
        reader = open_reader(self.path)
        if reader.identity != self.identity:
            reader.close()
            raise OSError(errno.ESTALE, "renamed while it was looked at", self.path)
        return reader


def entry_of(path: str, status: os.stat_result) -> Entry:
    """The entry that a regular file's status makes."""
    return Entry(path, (status.st_dev, status.st_ino), signature(status))


class Surroundings:
    """The regular files among some paths. `complete` says that these are all that there are; `elsewhere` are files in
    other folders, in which one may be found that was moved there.

    `uncertain` says that a look failed that may succeed the next time; one that is not permitted will not.
    """

    def __init__(
        self, paths: Iterable[str], *, complete: bool, uncertain: bool, elsewhere: Mapping[Identity, Entry]
    ) -> None:
        self.entries: dict[str, Entry] = {}
        self._by_identity: dict[Identity, Entry] = {}
        self.uncertain = uncertain
        self._elsewhere = elsewhere
        self.complete = complete
        self.failed: set[str] = set()
        """The paths that could not be looked at."""
        self.missed = False
        """Whether a rotated file is not among the entries, since it was renamed while all was looked at."""
        self._moved: set[int] = set()
        """The inodes of names that were made or renamed while all was looked at."""
        for path in sorted(paths):
            self._add(path)

    def _add(self, path: str) -> None:
        try:
            status = os.stat(path)  # noqa: PTH116  # as in scan
        except FileNotFoundError:
            return
        except OSError as error:
            leads_nowhere = os.path.islink(path)  # noqa: PTH114  # as a circle of links does
            self.failed.add(path)
            self.complete = self.complete and leads_nowhere
            self.uncertain = self.uncertain or not (leads_nowhere or isinstance(error, PermissionError))
            return
        if stat.S_ISREG(status.st_mode):
            self.entries[path] = entry = entry_of(path, status)
            self._by_identity.setdefault(entry.identity, entry)

    def look_again(self, before: Mapping[str, int], after: Mapping[str, int]) -> None:
        """Takes in which names stood for which inodes before and after: what is renamed while we look is not gone, and
        what may be a rotated file that was missed leaves everything uncertain."""
        moved = {name: inode for name, inode in after.items() if before.get(name) != inode}
        self._moved = set(moved.values())
        found = {identity[1] for identity in self._by_identity}
        missed = {inode for name, inode in moved.items() if inode not in found and rotated_from(name) is not None}
        self.missed = bool(missed)
        self.uncertain = self.uncertain or not missed <= set(before.values())

    def find(self, state: FileState, *, at: str | None = None) -> Entry | None:
        """The entry that has the file's identity: the one at a path, or where it last was, or any."""
        for path in (at, state.path):
            entry = self.entries.get(path) if path else None
            if entry is not None and entry.identity == state.identity:
                return entry
        return self._by_identity.get(state.identity) or self._elsewhere.get(state.identity)

    def is_another_log(self, entry: Entry) -> bool:
        """Whether an entry is a file that the patterns match, and so may be a log of its own."""
        return entry.identity in self._elsewhere

    def miss(self, state: FileState) -> bool:
        """Whether the file was renamed while all was looked at, to where nobody looked."""
        return state.identity[1] in self._moved and self.find(state) is None

    def lack(self, state: FileState) -> bool:
        """Whether the file is certainly not here. A failure to look is not absence, nor is being renamed meanwhile."""
        if not self.complete or state.path in self.failed or state.identity[1] in self._moved:
            return False
        return self.find(state) is None


def folders_of(path: str, seen: Seen) -> tuple[str, ...]:
    """The folder of a path, and that of what it is a link to; of one that changes just now it cannot be told, and the
    look has failed there."""
    folder, name = os.path.split(path)
    folder = folder or "."
    entry = seen.names(folder).get(name)
    try:
        if entry is None or not entry.is_symlink():
            return (folder,)
        return folder, os.path.dirname(os.path.realpath(path))  # noqa: PTH120  # as in scan
    except OSError as error:
        seen.failed.add(path)
        seen.unfollowed[path] = problem(error)
        return folder, path


def surroundings_of(folders: Iterable[str], seen: Seen, elsewhere: Mapping[Identity, Entry]) -> Surroundings:
    """What lies in some folders, of which a look has the names; they are looked at once more when all is done."""
    paths = [path for folder in folders for path in seen.paths(folder)]
    why = [seen.unfollowed[folder] for folder in folders if folder in seen.failed]
    found = Surroundings(paths, complete=not why, uncertain="error" in why, elsewhere=elsewhere)
    found.look_again(_inodes(folders, seen), _inodes(folders, Seen()))
    return found


def _inodes(folders: Iterable[str], seen: Seen) -> dict[str, int]:
    return {name: inode for folder in folders if seen.names(folder) for name, inode in seen.inodes[folder].items()}
