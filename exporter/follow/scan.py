"""What is there: path patterns to regular files, with the folders they lie in.

Looks by `os.scandir` and `os.stat`, so that a failure to look is told from absence; `glob.glob` returns nothing for
both. Opens no file.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

import msgspec

Names = dict[str, "os.DirEntry[str]"]
FolderSignature = tuple[int, int, int, int] | None
"""Device, inode and times of the last change: what differs when anything in a folder came, went or was renamed. None
where there is no such folder."""
_UNKNOWN = -1
"""The kind of what could not be looked at."""

_MAGIC = re.compile(r"[*?\[]")
_ROTATED = re.compile(
    r"""(?P<base>.+?)
    (?: \.\d+ | [.\-_]\d{4}[.\-_]?\d\d[.\-_]?\d\d.* | \.(?:old|prev|orig|bak) )
    (?P<gz>\.gz)?""",
    re.VERBOSE | re.DOTALL,
)


class Seen(msgspec.Struct):
    """One look at the file system for the patterns of one stream."""

    files: dict[str, os.stat_result] = {}
    """The regular files that match, by path, in order."""
    unfollowed: dict[str, str] = {}
    """What matches but cannot be followed, by path: directory, special, permission or error."""
    folders: dict[str, Names] = {}
    """The folders that were looked into, with all their entries; none where there is no such folder."""
    inodes: dict[str, dict[str, int]] = {}
    """The same, with what their names stand for."""
    signatures: dict[str, FolderSignature] = {}
    """The same, with what they were like before they were read."""
    kinds: dict[str, int] = {}
    """What is no regular file, or a link that may lead to a folder, by path, as `kind` tells. Where it is a link, that
    may change without its folder."""
    failed: set[str] = set()
    """The folders that could not be read: nothing may be concluded of what is in them."""
    uncertain: bool = False
    """Whether a look at a single file failed that may succeed the next time."""

    @property
    def has_failures(self) -> bool:
        """Whether a look failed, at a folder or at a file."""
        return not {"permission", "error"}.isdisjoint(self.unfollowed.values())

    def names(self, folder: str) -> Names:
        """The entries of a folder, read once a look; none where that fails."""
        if folder not in self.folders and folder not in self.failed:
            try:
                self._read(folder)
            except OSError as error:
                self.failed.add(folder)
                self.unfollowed[folder] = problem(error)
        return self.folders.get(folder, {})

    def _read(self, folder: str) -> None:
        signature = folder_signature(folder)
        try:
            with os.scandir(folder) as entries:
                names = {entry.name: entry for entry in entries}
        except (FileNotFoundError, NotADirectoryError):
            names = {}
        self.signatures[folder] = signature
        self.folders[folder] = names
        self.inodes[folder] = {name: entry.inode() for name, entry in names.items()}

    def is_folder(self, path: str, entry: "os.DirEntry[str]") -> bool:
        """Whether an entry is a folder, or a link to one."""
        if not _is_link(entry):
            return _is_folder(entry)
        try:
            self.kinds[path] = kind(path)
        except OSError:
            self.kinds[path] = _UNKNOWN
        return self.kinds[path] == stat.S_IFDIR

    def regular(self, path: str) -> os.stat_result | None:
        """The status of a regular file; None for anything else, also where it cannot be told."""
        try:
            status = os.stat(path)  # noqa: PTH116  # as in `look`
        except (FileNotFoundError, PermissionError):
            return None
        except OSError:
            self.uncertain = self.uncertain or not os.path.islink(path)  # noqa: PTH114  # a circle of links
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def paths(self, folder: str) -> list[str]:
        """The paths of a folder's entries whose names are text."""
        return [join(folder, name) for name in self.names(folder) if _is_text(name)]


def rotated_from(name: str) -> str | None:
    """The name of the log whose rotation this name looks like.

    >>> rotated_from("a.log.1"), rotated_from("a.log-20260131.gz"), rotated_from("a.log.gz"), rotated_from("a.log")
    ('a.log', 'a.log', 'a.log', None)
    """
    match = _ROTATED.fullmatch(name)
    if match:
        return match["base"]
    return (name.removesuffix(".gz") or None) if name.endswith(".gz") else None


def look(patterns: Iterable[str]) -> Seen:
    """Looks for everything that the patterns match: `*`, `?` and `[…]` within a name, `**` for any folders."""
    seen = Seen()
    for path in sorted({path for pattern in patterns for path in _expand(pattern, seen)}):
        if not _is_text(path):
            seen.unfollowed[path.encode(errors="backslashreplace").decode()] = "special"
            continue
        try:
            status = os.stat(path)  # noqa: PTH116  # Path.stat costs three times as much, twice a second for each file
        except FileNotFoundError:
            seen.kinds[path] = 0
            continue
        except OSError as error:
            seen.unfollowed[path] = problem(error)
            continue
        if stat.S_ISREG(status.st_mode):
            seen.files[path] = status
        else:
            seen.kinds[path] = stat.S_IFMT(status.st_mode)
            seen.unfollowed[path] = "directory" if stat.S_ISDIR(status.st_mode) else "special"
    return seen


def matches(path: str, pattern: str) -> bool:
    """Whether `look` would take the path for one that the pattern means, if it were there.

    >>> matches("logs/a.log", "logs/*.log"), matches("logs/x/y/a.log", "logs/**/a.*"), matches("logs/.a", "logs/*")
    (True, True, False)
    """
    return _match(Path(path).parts, _parts(pattern))


def regular(path: str) -> os.stat_result | None:
    """The status of a regular file; None for anything else, also where it cannot be told."""
    try:
        status = os.stat(path)  # noqa: PTH116  # as in `look`
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def kind(path: str) -> int:
    """What a path leads to, as `stat.S_IFMT` tells, and 0 where it leads to nothing. Raises OSError."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116  # as in `look`
    except FileNotFoundError:
        return 0


def folder_signature(folder: str) -> FolderSignature:
    """What differs when a folder has changed, in the limits of its file system's clock. Raises OSError."""
    try:
        status = os.stat(folder)  # noqa: PTH116  # as in `look`
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def join(folder: str, name: str) -> str:
    """The path of a name in a folder, as `look` writes it."""
    return name if folder == "." else os.path.join(folder, name)  # noqa: PTH118  # as `look`


def problem(error: OSError) -> str:
    """The kind of a failure to look or to open, as a label value."""
    return "permission" if isinstance(error, PermissionError) else "error"


def _expand(pattern: str, seen: Seen) -> Iterator[str]:
    """The existing paths that a pattern matches; reads every folder that it passes through, once a look."""
    anchor, parts = _parsed(pattern)
    found = [anchor or "."]
    *folders, name = parts[bool(anchor) :] or ("",)
    for part in folders:
        if part == "**":
            found = [below for folder in found for below in _folders_below(folder, seen)]
        elif _MAGIC.search(part):
            fits = _fitting(part)
            found = [
                join(folder, name)
                for folder in found
                for name, entry in seen.names(folder).items()
                if fits(name) and seen.is_folder(join(folder, name), entry)
            ]
        else:
            found = [join(folder, part) for folder in found]
    fits = _fitting(name)
    for folder in found:
        names = seen.names(folder)
        if _MAGIC.search(name):
            yield from (join(folder, there) for there in names if fits(there))
        elif name in names or folder in seen.failed:  # what is in a folder may be readable where its names are not
            yield join(folder, name)


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> tuple[str, tuple[str, ...]]:
    """A pattern's anchor and parts: parsing it takes as long as reading its folder."""
    return Path(pattern).anchor, _parts(pattern)


def _parts(pattern: str) -> tuple[str, ...]:
    parts = Path(pattern).parts
    return (*parts, "*") if parts[-1:] == ("**",) else parts


def _folders_below(folder: str, seen: Seen) -> Iterator[str]:
    yield folder
    for name, entry in seen.names(folder).items():
        if not _is_link(entry) and not name.startswith(".") and _is_folder(entry):
            yield from _folders_below(join(folder, name), seen)


def _match(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    if not parts:
        return not names
    if not names:
        return False
    if parts[0] == "**":
        return _match(names, parts[1:]) or (not names[0].startswith(".") and _match(names[1:], parts))
    return bool(_fitting(parts[0])(names[0])) and _match(names[1:], parts[1:])


@lru_cache
def _fitting(part: str) -> Callable[[str], object]:
    """What tells whether a name fits one part of a pattern; one that begins with a dot does only if the part does."""
    if not _MAGIC.search(part):
        return part.__eq__
    hidden = "" if part.startswith(".") else r"(?!\.)"
    return re.compile(hidden + translate(part)).match


def _is_link(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_symlink()
    except OSError:  # some file systems have to be asked for each name
        return False


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_text(name: str) -> bool:
    """Whether a name is UTF-8, which what is stored and shown must be."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
