"""What is there: path patterns to regular files, with the folders they lie in.

Looks by `os.scandir` and `os.stat`, so that a failure to look is told from absence; `glob.glob` returns nothing for
both. Opens no file.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from fnmatch import translate
from pathlib import Path

import msgspec

Names = dict[str, "os.DirEntry[str]"]

_MAGIC = re.compile(r"[*?\\[]")
_ROTATED = re.compile(
    r"""(?P<base>.+?)
    (?: \.\d+ | [.\-_]\d{4}[.\-_]?\d\d[.\-_]?\d\d.* | \.(?:old|prev|orig|bak) )
    (?P<gz>\.gz)?""",
    re.VERBOSE,
)


class Seen(msgspec.Struct):
    """One look at the file system for the patterns of one stream."""

    files: dict[str, os.stat_result] = {}
    """The regular files that match, by path, in order."""
    unfollowed: dict[str, str] = {}
    """What matches but cannot be followed, by path: directory, special, permission or error."""
    folders: dict[str, Names] = {}
    """The folders that were read, with all their entries."""
    unseen: set[str] = set()
    """The folders that could not be read: nothing may be concluded of what is in them."""


def rotated_from(name: str) -> str | None:
    """The name of the log whose rotation this name looks like.

    >>> rotated_from("a.log.1"), rotated_from("a.log-20260131.gz"), rotated_from("a.log.gz"), rotated_from("a.log")
    ('a.log', 'a.log', 'a.log', None)
    """
    match = _ROTATED.fullmatch(name)
    if match:
        return match["base"]
    return name.removesuffix(".gz") if name.endswith(".gz") else None


def look(patterns: Iterable[str]) -> Seen:
    """Looks for everything that the patterns match: `*`, `?` and `[…]` within a name, `**` for any folders."""
    seen = Seen()
    matches = {path for pattern in patterns for path in _expand(pattern, seen)}
    for path in sorted(matches):
        try:
            status = os.stat(path)  # noqa: PTH116  # Path.stat costs three times as much, twice a second for each file
        except FileNotFoundError:
            continue
        except OSError as error:
            seen.unfollowed[path] = problem(error)
            continue
        if stat.S_ISREG(status.st_mode):
            seen.files[path] = status
        else:
            seen.unfollowed[path] = "directory" if stat.S_ISDIR(status.st_mode) else "special"
    return seen


def regular(path: str) -> os.stat_result | None:
    """The status of a regular file; None for anything else, also where it cannot be told."""
    try:
        status = os.stat(path)  # noqa: PTH116  # as in `look`
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def join(folder: str, name: str) -> str:
    """The path of a name in a folder, as `look` writes it."""
    return name if folder == "." else os.path.join(folder, name)  # noqa: PTH118  # as `look`


def problem(error: OSError) -> str:
    """The kind of a failure to look or to open, as a label value."""
    return "permission" if isinstance(error, PermissionError) else "error"


def _expand(pattern: str, seen: Seen) -> Iterator[str]:
    """The existing paths that a pattern matches; reads every folder that it passes through, once a look."""
    path = Path(pattern)
    found = [path.anchor or "."]
    parts = path.parts[1:] if path.anchor else path.parts
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == "**":
            found = [below for folder in found for below in _folders_below(folder, seen)]
        elif not last and not _MAGIC.search(part):
            found = [join(folder, part) for folder in found]
        elif not _MAGIC.search(part):
            found = [join(folder, part) for folder in found if part in _read(folder, seen)]
        else:
            fits = re.compile(translate(part)).match
            hidden = part.startswith(".")
            found = [
                join(folder, name)
                for folder in found
                for name, entry in _read(folder, seen).items()
                if fits(name) and (hidden or not name.startswith(".")) and (last or _is_folder(entry))
            ]
    yield from found


def _read(folder: str, seen: Seen) -> Names:
    names = seen.folders.get(folder)
    if names is None and folder not in seen.unseen:
        try:
            with os.scandir(folder) as entries:
                names = seen.folders[folder] = {entry.name: entry for entry in entries}
        except OSError as error:
            seen.unseen.add(folder)
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                seen.unfollowed[folder] = problem(error)
    return names or {}


def _folders_below(folder: str, seen: Seen) -> Iterator[str]:
    yield folder
    for name, entry in _read(folder, seen).items():
        if not entry.is_symlink() and _is_folder(entry):
            yield from _folders_below(join(folder, name), seen)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
