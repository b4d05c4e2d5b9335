"""A folder with logs on the disk, and what is known of every file in it.

Knows which lines each file holds, whatever befalls it. Knows nothing of following.
"""

import gzip
import re
import shutil
import tempfile
from pathlib import Path

from tests.follow.reading import append

LOGS = ("a.log", "b.log", "sub/c.log")
LINK = "runs/latest.log"
"""A log that is a link to the latest of several runs."""
KEPT = 6
"""So many rotated files are kept."""
HEAD = b"h" * 1500
"""What some lines have in common, longer than what a file is known by."""
NAME = re.compile(rb"[abcr]\d{6}")


def letter(log):
    """What the names of a log's lines begin with."""
    return "r" if log.startswith("runs/") else log.removeprefix("sub/")[0]


class Content:
    """What one inode holds: its whole lines, by name, and the beginning of one more.

    Nobody writes to a copy, nor compresses a backup, which is one that no rotation made.
    """

    def __init__(self, lines=(), partial=b"", *, is_copy=False, is_backup=False):
        self.lines = list(lines)
        self.partial = partial
        self.is_copy = is_copy or is_backup
        self.is_backup = is_backup
        self.origin = self
        """What it was compressed from."""
        self.is_saved = False
        """Whether an editor made it of another one."""
        self.was_cut = False
        """Whether a line was taken back from it before it ended."""
        self.empties = 0
        """How often it was truncated to nothing."""
        self.was_replaced = False
        """Whether it was truncated and no copy has what it held: then its first line must not begin like another."""


class World:
    """Logs, their rotations, copies, archives and links. Names are relative to the folder."""

    def __init__(self, *, longest, line_bytes, reuses_inodes):
        self.root = Path(tempfile.mkdtemp(prefix="follow"))
        self.folder = self.root / "logs"
        for folder in ("logs/sub", "logs/runs", "away/sub", "buried"):
            (self.root / folder).mkdir(parents=True)
        self.line_bytes = line_bytes
        self.kinds = {"short": 5, "long": 300, "longest": longest, "too long": line_bytes}
        self.reuses_inodes = reuses_inodes
        """Whether the inode of a deleted file is freed, which the file system then hands out to the next one."""
        self.there: dict[str, Content] = {}
        """What there is, by name."""
        self.away: dict[str, Content] = {}
        self.packed: set[str] = set()
        self.packing: tuple[str, bytes] | None = None
        """A name whose compressed copy is being written, and the rest of the copy."""
        self.written: dict[str, bytes] = {}
        """Every line that was ever whole, by name."""
        self.too_long: dict[int, str] = {}
        """Those that are too long, by their length: nothing else is known of them when they are passed over."""
        self.number = 0
        self.truncations = 0
        """How often something was taken from a file."""
        self.scraps = 0
        """Bytes of lines that went before they ended, and of files that were moved away."""

    def close(self):
        shutil.rmtree(self.root)

    def path(self, name):
        return self.folder / name

    # Writing

    def line(self, log, kind):
        """A new line; its name tells its log."""
        self.number += 1
        name = f"{letter(log)}{self.number:06}".encode()
        content = self.there.get(log)
        if kind == "alike":
            is_first = content is None or not (content.lines or content.partial)
            is_taken_for_another = content is not None and content.was_replaced and is_first
            return (b"" if is_taken_for_another else HEAD) + name + b"x" * (self.number % 7)
        if kind == "foreign":
            return name + " zăpadă ☃ \U0001f600".encode() * (1 + self.number % 3) + b"\r"
        length = self.kinds[kind] + self.number % 7
        return name + (name * (1 + length // len(name)))[:length]  # so that no two lines end alike

    def write(self, name, text):
        """Appends a line, or ends one; those that are too long are all of different lengths."""
        whole = len(self.there[name].partial if name in self.there else b"") + len(text)
        while whole > self.line_bytes and whole in self.too_long:
            text, whole = text + b"z", whole + 1
        self.append(name, text + b"\n")

    def append(self, name, text):
        """Appends bytes; a file is made where there is none."""
        content = self.there.setdefault(name, Content())
        append(self.path(name), text)
        *lines, content.partial = (content.partial + text).split(b"\n")
        content.lines += map(self._register, lines)

    def name_of(self, line):
        """A line's name: its log's letter, and a number."""
        found = NAME.search(line)
        assert found is not None
        return found.group().decode()

    def log_of(self, name):
        """The log that a line was written for."""
        return next(log for log in (*LOGS, LINK) if name[0] == letter(log))

    def _register(self, line):
        name = self.name_of(line)
        self.written[name] = line
        if len(line) > self.line_bytes:
            self.too_long[len(line)] = name
        return name

    # Files that come and go

    def rotated(self, log):
        return sorted(name for name in self.there if name.startswith((f"{log}.", f"{log}-")))

    def dated(self, log, day):
        self.number += 1
        return f"{log}-{day}{self.number:06}"

    def rename(self, name, new):
        self.path(name).rename(self.path(new))
        self.there[new] = self.there.pop(name)
        if name in self.packed:
            self.packed.remove(name)
            self.packed.add(new)

    def remove(self, name):
        """Deletes a path; what it led to."""
        self.bury(name)
        self.path(name).unlink()
        content = self.there.pop(name)
        self.packed.discard(name)
        self.scraps += len(content.partial)
        return content

    def bury(self, name):
        """Keeps the inode of a file that goes, unless inodes are to be handed out again."""
        if not self.reuses_inodes:
            self.number += 1
            (self.root / "buried" / str(self.number)).hardlink_to(self.path(name))

    def copy(self, log, name, **kind):
        shutil.copyfile(self.path(log), self.path(name))
        content = self.there[log]
        self.there[name] = Content(content.lines, content.partial, **kind)

    def empty(self, log):
        content = self.there[log]
        self.path(log).write_bytes(b"")
        self.truncations += bool(content.lines or content.partial)
        self.scraps += len(content.partial)
        content.lines, content.partial = [], b""
        content.empties += 1

    def take_partial_back(self, log):
        """Cuts a file at its last newline."""
        content = self.there[log]
        with self.path(log).open("r+b") as file:
            size = self.path(log).stat().st_size
            file.truncate(size - len(content.partial))
        self.truncations += 1
        self.scraps += len(content.partial)
        content.partial = b""
        content.was_cut = True
        content.was_replaced = content.was_replaced or not content.lines
        content.empties += not content.lines

    def save(self, log):
        """Puts a new file with the same content in a log's place."""
        content = self.there[log]
        new = self.path(log).with_name(".new")
        new.write_bytes(self.path(log).read_bytes())
        self.bury(log)
        new.rename(self.path(log))
        self.there[log] = Content(content.lines, content.partial)
        self.there[log].is_saved = True
        self.scraps += len(content.partial)

    def move_away(self, log):
        self.scraps += self.path(log).stat().st_size
        self.path(log).rename(self.root / "away" / log)
        self.away[log] = self.there.pop(log)

    def move_back(self, log):
        (self.root / "away" / log).rename(self.path(log))
        self.there[log] = self.away.pop(log)

    def write_away(self, log):
        """Appends a line to a log that was moved away."""
        line = self.line(log, "short") + b"\n"
        content = self.away[log]
        append(self.root / "away" / log, line)
        self.scraps += len(line)
        *lines, content.partial = (content.partial + line).split(b"\n")
        content.lines += map(self._register, lines)

    def link(self, log):
        """Gives a log's file another name."""
        self.number += 1
        name = f"{log.rpartition('/')[0]}/link-{self.number}".lstrip("/")
        self.path(name).hardlink_to(self.path(log))
        self.there[name] = self.there[log]

    def link_by_name(self, log):
        """Makes a name that leads to whatever is at a log's path."""
        self.number += 1
        self.path(f"{log}~{self.number}").symlink_to(Path(log).name)

    def turn(self, name):
        """Makes the link lead to another run, at once."""
        new = self.path("runs/.new")
        new.symlink_to(Path(name).name)
        new.rename(self.path(LINK))

    def at(self, log):
        """What a log's path leads to."""
        if log == LINK:
            path = self.path(LINK)
            return self.there[f"runs/{path.readlink()}"] if path.is_symlink() else None
        return self.there.get(log)

    def names_of(self, content):
        return [name for name, other in self.there.items() if other is content]

    # Compression

    def pack(self, name, part):
        """Begins to compress a file."""
        packed = gzip.compress(self.path(name).read_bytes())
        written = int(part * len(packed))
        append(self.path(f"{name}.gz"), packed[:written])
        self.packing = name, packed[written:]

    def finish_packing(self):
        """Ends it: the copy is whole, and the file goes."""
        if self.packing is not None:
            name, rest = self.packing
            append(self.path(f"{name}.gz"), rest)
            self.packing = None
            content = self.remove(name)
            packed = self.there[f"{name}.gz"] = Content(content.lines, content.partial, is_copy=content.is_copy)
            packed.origin = content.origin
            self.packed.add(f"{name}.gz")
