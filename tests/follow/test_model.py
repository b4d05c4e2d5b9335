"""Any sequence of what befalls logs and who follows them, against a model that knows which lines can be read.

RELIABILITY invariants 8, 9, 10, 14 and 15: each line is counted at most once in any case, and exactly once where its
bytes can be read at a poll, across stops and kills at any moment, in chunks of any size. `MODEL_EXAMPLES=5000 pytest
tests/follow/test_model.py` looks for other sequences each time; it prints what it found and how to see it again.
"""

import errno
import os

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from exporter.follow import file, reader
from exporter.follow.known import GONE_FILES
from exporter.follow.likeness import MARKER_BYTES
from exporter.follow.log import LOOKED_AT
from tests.follow.ledger import Ledger
from tests.follow.world import KEPT, LINK, LOGS, World

EXAMPLES = os.environ.get("MODEL_EXAMPLES")
PATTERNS = {
    "paths": [*LOGS, LINK],
    "globs": ["*.log", "**/*.log", "sub/c*.log", "[ab].log", "**/[bc].log"],
    "everything": ["*.log*", "a.log*", "**/*.log*"],
}
CHUNKS = {
    "64 bytes": (64, 4096),
    "1000 bytes": (1000, 4096),
    "64 KiB": (1 << 16, 1 << 20),
    "64 KiB, short": (1 << 16, 4096),
}
"""Bytes of a chunk and of the longest line."""
log = st.sampled_from(["a.log", "a.log", "a.log", "b.log", "sub/c.log"])
which = st.integers(0, 9)
kind = st.sampled_from(["short", "long", "alike", "longest", "too long", "foreign"])


class Following(RuleBasedStateMachine):
    """Writes, rotates, loses and finds files, reads them, and is stopped and killed."""

    @initialize(
        patterns=st.sampled_from(sorted(PATTERNS)),
        chunks=st.sampled_from(sorted(CHUNKS)),
        generations=st.booleans(),
        rests=st.booleans(),
    )
    def begin(self, patterns, chunks, generations, rests):
        self.patch = pytest.MonkeyPatch()
        chunk_bytes, line_bytes = CHUNKS[chunks]
        self.patch.setattr(file, "CHUNK_BYTES", chunk_bytes)
        if not generations:  # as in memory, or in a container; then no inode may be handed out again, see decisions.md
            self.patch.setattr(reader, "_generation", lambda _: None)
        longest = min(chunk_bytes * 3 // 2, line_bytes // 2) if chunk_bytes < line_bytes else 3000
        self.world = World(longest=longest, line_bytes=line_bytes, reuses_inodes=generations)
        self.ledger = Ledger(
            self.world,
            [self.world.path(pattern) for pattern in PATTERNS[patterns]],
            matches_rotated=patterns == "everything",
            rests=rests,
        )
        self.copied: set[str] = set()
        """Logs of which a copy was made since the last look, and must not be lost."""
        self.departed = 0
        """How many files may have come to be remembered as gone."""

    def teardown(self):
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.world.close()
            self.patch.undo()

    # Writing

    @rule(log=log, kind=kind, count=st.integers(1, 3))
    def write(self, log, kind, count):
        """Appends lines; also to a file that was moved away."""
        if log in self.world.away:
            self.world.write_away(log)
        for _ in range(count):
            self.world.write(log, self.world.line(log, kind))

    @rule(log=log, kind=kind, part=st.floats(0, 1))
    def write_partially(self, log, kind, part):
        line = self.world.line(log, kind)
        least = line.index(b"%06d" % self.world.number) + 6  # less would not tell a file from another
        self.world.append(log, line[: max(least, int(part * len(line)))])

    @rule(log=log, which=which)
    def write_to_an_old_file(self, log, which):
        names = self.world.rotated(log)
        written = [name for name in names if name not in self.world.packed and not self.world.there[name].is_copy]
        if written and self.world.packing is None and len(names) < LOOKED_AT:
            self.world.write(written[which % len(written)], self.world.line(log, "short"))

    # Files that come and go

    def is_there(self, log):
        return log in self.world.there

    def remove(self, name):
        self.departed += 1
        self.ledger.saw_removal(self.world.remove(name))

    def finish_packing(self):
        if self.world.packing is not None:
            content = self.world.there[self.world.packing[0]]
            self.world.finish_packing()
            self.departed += 1
            self.ledger.saw_removal(content)

    def make_room(self, log):
        """Renames .1 to .2 and so on; the last one goes."""
        self.finish_packing()
        world = self.world
        for number in range(KEPT, 0, -1):
            for ending in ("", ".gz"):
                name = f"{log}.{number}{ending}"
                if name in world.there:
                    if number < KEPT:
                        world.rename(name, f"{log}.{number + 1}{ending}")
                    elif log not in self.copied:
                        self.delete_it(name)
                    else:
                        world.rename(name, f"{world.dated(log, '20260203')}{ending}")

    @rule(log=log, by=st.sampled_from(["name", "date", "copy"]))
    def rotate(self, log, by):
        if not self.is_there(log):
            return
        if by == "date":
            self.world.rename(log, self.world.dated(log, "20260131"))
            return
        self.make_room(log)
        if by == "name":
            self.world.rename(log, f"{log}.1")
        else:
            self.world.copy(log, f"{log}.1", is_copy=True)
            self.copied.add(log)
            self.departed += 1
            self.world.empty(log)

    @rule(log=log, whole=st.booleans(), seen=st.booleans())
    def truncate(self, log, whole, seen):
        """Takes everything from a log, or the line that has not ended, after it was seen, or unseen."""
        if seen:
            self.look()
        if whole and self.is_there(log) and log not in self.copied:
            self.departed += 1
            self.world.empty(log)
            self.world.there[log].was_replaced = True
        elif self.is_there(log) and 0 < len(self.world.there[log].partial) < MARKER_BYTES:
            self.world.take_partial_back(log)

    @rule(log=log)
    def back_up(self, log):
        """Copies a log that is followed; the copy is seen and stored before anything else happens."""
        if self.is_there(log) and self.world.there[log] is self.ledger.open.get(log):
            self.world.copy(log, self.world.dated(log, "20260201"), is_backup=True)
            self.look()
            self.ledger.forget_cuts(first=True)

    @rule(log=log)
    def save_with_an_editor(self, log):
        if self.is_there(log) and len(self.world.names_of(self.world.there[log])) == 1:
            before = self.world.there[log]
            self.world.save(log)
            self.departed += 1
            self.ledger.saw_save(before, self.world.there[log])
            self.world.write(log, self.world.line(log, "short"))

    @rule(log=log, which=which)
    def delete(self, log, which):
        names = [name for name in sorted(self.world.there) if name.startswith(log) or "link-" in name]
        if names and not self.copied and self.world.packing is None:
            self.delete_it(names[which % len(names)])

    def delete_it(self, name):
        """A copy may be all that tells a log that was truncated from one that lost its tail."""
        if self.world.there[name].is_copy:
            self.look()
            self.ledger.forget_cuts()
        self.remove(name)

    @rule(log=log)
    def move_away_or_back(self, log):
        """What comes back, and what an editor saved, is seen and stored before anything else happens to it."""
        if log not in self.world.away and self.is_there(log):
            if self.world.there[log].is_saved:
                self.look()
                self.ledger.forget_cuts()
            self.world.move_away(log)
            self.departed = 0
        elif log in self.world.away and not self.is_there(log) and 2 * self.departed < GONE_FILES:
            self.world.move_back(log)
            self.look()
            self.ledger.forget_cuts()

    @rule(log=log, by_name=st.booleans())
    def link(self, log, by_name):
        if by_name:
            self.world.link_by_name(log)
        elif self.is_there(log):
            self.world.link(log)

    @rule(lines=st.integers(0, 2), turned=st.booleans())
    def write_to_runs(self, lines, turned):
        """Lines come to the old run until the link is turned, and to the new one before it is."""
        world, runs = self.world, self.runs()
        for name in runs[-2:]:
            world.write(name, world.line(name, "short"))
        if turned and len(runs) < LOOKED_AT:
            world.number += 1
            name = f"runs/{world.number:06}"
            world.append(name, b"")
            for _ in range(lines):
                world.write(name, world.line(name, "short"))
            world.turn(name)

    def runs(self):
        return [name for name in sorted(self.world.there) if name.startswith("runs/")]

    # Compression

    @rule(log=log, which=which, part=st.floats(0, 1))
    def pack(self, log, which, part):
        """Begins to compress a file, or ends it."""
        world = self.world
        names = [name for name in world.rotated(log) if name not in world.packed and not world.there[name].is_backup]
        if world.packing is not None:
            self.finish_packing()
        elif names:
            world.pack(names[which % len(names)], part)
            if part == 1:
                self.finish_packing()

    # Reading

    def look(self):
        self.ledger.look()
        self.copied = set()

    @rule(times=st.integers(1, 3))
    def poll(self, times):
        for _ in range(times):
            self.look()
            self.ledger.read()
        if times == 3:
            self.ledger.check_lag()
            self.ledger.check_loss(settled=True)

    @rule(rounds=st.integers(0, 3))
    def read_a_little(self, rounds):
        self.look()
        self.ledger.read_rounds(rounds)

    @rule(
        call=st.sampled_from(["open", "pread", "fstat", "scandir", "stat"]),
        number=st.sampled_from([errno.EMFILE, errno.EIO, errno.ESTALE]),
        after=st.integers(0, 9),
    )
    def poll_in_vain(self, call, number, after):
        if self.ledger.account.looked:
            self.ledger.look_failing(call, number, after)

    # Snapshots, stops and kills

    @rule()
    def store(self):
        self.ledger.store()

    @rule()
    def stop(self):
        self.ledger.store()
        self.ledger.restart()

    @rule(back=st.sampled_from([0, 0, 1, 2, 99]))
    def kill(self, back):
        """Goes back to the last snapshot, to one before it, or to the very beginning."""
        self.ledger.restart(back)


TestFollowing = pytest.mark.invariant(8, 9, 10, 14, 15)(Following.TestCase)
TestFollowing.settings = settings(
    max_examples=int(EXAMPLES or 400),
    stateful_step_count=60 if EXAMPLES else 40,
    derandomize=not EXAMPLES,
    print_blob=bool(EXAMPLES),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
