"""Any sequence of what befalls logs, against a model that knows which lines can be read. RELIABILITY invariant 9.

Each line is read at most once in any case, and exactly once where its bytes could be read at a poll.
"""

import gzip
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from exporter.follow.log import LOOKED_AT
from tests.follow.reading import Reading, append

KEPT = 6
"""So many rotated files are kept."""
HEAD = "h" * 1500
"""What some lines have in common, longer than what a file is known by."""
LENGTHS = {"short": 5, "long": 300, "alike": 0, "longer than a chunk": 40_000}


class Content:
    """What one inode holds: its whole lines, and the beginning of one more.

    Nobody writes to a copy, nor compresses a backup, which is one that no rotation made.
    """

    def __init__(self, lines=(), partial="", *, is_copy=False, is_backup=False):
        self.lines = list(lines)
        self.partial = partial
        self.is_copy = is_copy or is_backup
        self.is_backup = is_backup
        self.was_seen = False
        """Whether it stood at the log's path when somebody looked."""


class Following(RuleBasedStateMachine):
    """Writes, rotates, loses and finds files, and reads them."""

    @initialize(everything=st.booleans())
    def begin(self, everything):
        self.folder = Path(tempfile.mkdtemp(prefix="follow"))
        (self.folder / "away").mkdir()
        self.log = self.folder / "a.log"
        self.reading = Reading(f"{self.log}*" if everything else self.log)
        self.there: dict[str, Content] = {}
        """What there is, by name."""
        self.away: Content | None = None
        self.packed: set[str] = set()
        self.packing: tuple[str, bytes] | None = None
        """A name whose compressed copy is being written, and the rest of the copy."""
        self.open: Content | None = None
        """What is open in the follower for certain."""
        self.owed: set[str] = set()
        """Lines that no path leads to and that can be read all the same."""
        self.read: Counter[str] = Counter()
        self.distinct = False
        """Whether the next line must not begin like others, as nothing else would tell that the log was truncated."""
        self.copied = False
        """Whether a copy was made since the last poll, and must not be lost."""
        self.number = 0
        self.poll()

    def teardown(self):
        if hasattr(self, "folder"):
            self.reading.follower.close()
            shutil.rmtree(self.folder)

    # Writing

    def path(self, name):
        return self.folder / name

    def line(self, kind):
        self.number += 1
        kind, self.distinct = "short" if self.distinct and kind == "alike" else kind, False
        return f"{HEAD if kind == 'alike' else ''}{self.number:06}{'x' * (LENGTHS[kind] + self.number % 7)}"

    def append(self, name, text):
        content = self.there.setdefault(name, Content())
        append(self.path(name), text)
        *lines, content.partial = (content.partial + text).split("\n")
        content.lines += lines

    @rule(kind=st.sampled_from(sorted(LENGTHS)), count=st.integers(1, 3))
    def write(self, kind, count):
        for _ in range(count):
            self.append("a.log", f"{self.line(kind)}\n")

    @rule(kind=st.sampled_from(sorted(LENGTHS)), part=st.floats(0, 1))
    def write_partially(self, kind, part):
        line = self.line(kind)
        least = len(HEAD) + 6 if kind == "alike" else 6  # less would not tell a file from another
        self.append("a.log", line[: max(least, int(part * len(line)))])

    @rule(data=st.data())
    def write_to_an_old_file(self, data):
        names = [name for name in self.rotated() if name not in self.packed and not self.there[name].is_copy]
        if names and self.packing is None and len(self.there) <= LOOKED_AT:
            self.append(data.draw(st.sampled_from(names)), f"{self.line('short')}\n")

    # Files that come and go

    def rotated(self):
        return sorted(name for name in self.there if name.startswith("a.log.") or name.startswith("a.log-"))

    def rename(self, name, new):
        self.path(name).rename(self.path(new))
        self.there[new] = self.there.pop(name)
        if name in self.packed:
            self.packed.remove(name)
            self.packed.add(new)

    def remove(self, name):
        self.path(name).unlink()
        content = self.there.pop(name)
        self.packed.discard(name)
        if content is self.open and content not in self.there.values():
            self.owed |= set(content.lines)

    def make_room(self):
        """Renames .1 to .2 and so on; the last one goes."""
        self.finish_packing()
        for number in range(KEPT, 0, -1):
            for ending in ("", ".gz"):
                name = f"a.log.{number}{ending}"
                if name in self.there:
                    if number < KEPT:
                        self.rename(name, f"a.log.{number + 1}{ending}")
                    elif not self.copied:
                        self.remove(name)
                    else:
                        self.number += 1
                        self.rename(name, f"a.log-20260203{self.number:06}{ending}")

    @precondition(lambda self: "a.log" in self.there)
    @rule()
    def rotate(self):
        self.make_room()
        self.rename("a.log", "a.log.1")
        self.distinct = False

    @precondition(lambda self: "a.log" in self.there)
    @rule()
    def rotate_by_date(self):
        self.number += 1
        self.rename("a.log", f"a.log-20260131{self.number:06}")
        self.distinct = False

    @precondition(lambda self: "a.log" in self.there)
    @rule()
    def rotate_by_copying(self):
        self.make_room()
        shutil.copyfile(self.log, self.path("a.log.1"))
        content = self.there["a.log"]
        self.there["a.log.1"] = Content(content.lines, content.partial, is_copy=True)
        self.copied = True
        self.empty()

    @precondition(lambda self: "a.log" in self.there and not self.copied)
    @rule()
    def truncate(self):
        self.empty()
        self.distinct = True

    def empty(self):
        self.log.write_bytes(b"")
        content = self.there["a.log"]
        content.lines, content.partial = [], ""

    @precondition(lambda self: "a.log" in self.there and self.there["a.log"] is self.open)
    @rule()
    def back_up(self):
        """Copies a log that is followed; the copy is seen before anything else happens."""
        self.number += 1
        name = f"a.log-20260201{self.number:06}"
        shutil.copyfile(self.log, self.path(name))
        content = self.there["a.log"]
        self.there[name] = Content(content.lines, content.partial, is_backup=True)
        self.look()

    @precondition(lambda self: list(self.there.values()).count(self.there.get("a.log")) == 1)
    @rule()
    def save_with_an_editor(self):
        content = self.there["a.log"]
        self.path(".new").write_bytes(self.log.read_bytes())
        self.path(".new").rename(self.log)
        self.there["a.log"] = Content(content.lines, content.partial)
        self.write("short", 1)

    @precondition(lambda self: not self.copied and self.packing is None)
    @rule(data=st.data())
    def delete(self, data):
        if self.there:
            self.remove(data.draw(st.sampled_from(sorted(self.there))))

    @precondition(lambda self: "a.log" in self.there and self.away is None)
    @rule()
    def move_away(self):
        self.log.rename(self.folder / "away" / "a.log")
        self.away = self.there.pop("a.log")
        self.away.was_seen = False  # it may be given up

    @precondition(lambda self: "a.log" not in self.there and self.away is not None)
    @rule()
    def move_back(self):
        (self.folder / "away" / "a.log").rename(self.log)
        assert self.away is not None
        self.there["a.log"], self.away = self.away, None
        self.look()

    @precondition(lambda self: "a.log" in self.there)
    @rule()
    def link(self):
        self.number += 1
        name = f"link-{self.number}"
        self.path(name).hardlink_to(self.log)
        self.there[name] = self.there["a.log"]

    @rule()
    def link_by_name(self):
        self.number += 1
        self.path(f"a.log~{self.number}").symlink_to("a.log")

    # Compression

    @rule(data=st.data(), part=st.floats(0, 1))
    def pack(self, data, part):
        names = [name for name in self.rotated() if name not in self.packed and not self.there[name].is_backup]
        if names and self.packing is None:
            name = data.draw(st.sampled_from(names))
            content = gzip.compress(self.path(name).read_bytes())
            written = int(part * len(content))
            append(self.path(f"{name}.gz"), content[:written])
            self.packing = name, content[written:]

    @rule()
    def finish_packing(self):
        if self.packing is not None:
            name, rest = self.packing
            append(self.path(f"{name}.gz"), rest)
            self.packing = None
            content = self.there[name]
            self.there[f"{name}.gz"] = Content(content.lines, content.partial)
            self.packed.add(f"{name}.gz")
            self.remove(name)

    # Reading

    def count(self, lines):
        self.read.update(line.removesuffix("\r") for line in lines)
        assert [] == [line[-50:] for line in lines if self.read[line] > 1]

    def look(self):
        self.reading.follower.scan()
        self.open = self.there.get("a.log")
        if self.open is not None:
            self.open.was_seen = True
        self.copied = self.distinct = False

    @rule()
    def poll(self):
        self.look()
        self.count(self.reading.read())
        readable = {
            line
            for name, content in self.there.items()
            if content.was_seen or not name.startswith("link")
            for line in content.lines
        }
        readable |= self.owed
        assert [] == sorted(line[-50:] for line in readable if not self.read[line])
        self.owed = set()
        assert self.reading.too_long == 0

    @rule(pieces=st.integers(0, 2))
    def read_a_little(self, pieces):
        self.look()
        for _ in range(pieces):
            for piece in self.reading.follower.pieces():
                self.count(self.reading.take(piece))

    @rule()
    def restart(self):
        self.reading.restart()
        self.open = None
        self.owed = set()


TestFollowing = Following.TestCase
TestFollowing.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
