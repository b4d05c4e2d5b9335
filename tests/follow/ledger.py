"""Reads a world through a follower, and holds against each other what was written and what was counted.

A *cut* is what one snapshot stores: the follower's state, and what was counted until then. After a kill both go back to
an earlier cut, and every rule holds as if nothing had been counted since.
"""

import os
from collections import Counter

import msgspec

from exporter.follow.follower import Piece, StreamFollower, StreamState
from tests.follow.reading import IDLE, failing
from tests.follow.resting import LOOKS, Resting
from tests.follow.world import LINK, LOGS, Content, World

SAVED = -1
FIRST = msgspec.msgpack.encode(StreamState())


class Account:
    """What was counted, and seen by a look; goes back together with the follower's state."""

    def __init__(self, other=None):
        self.looked = other is not None and other.looked
        self.has_failed = other is not None and other.has_failed
        """Whether a look failed that may have seen what the next one did not."""
        self.counted = set(other.counted if other else ())
        self.history = dict(other.history if other else {})
        """What was rotated before the first look and is not matched by the patterns, with its lines."""
        self.known = set(other.known if other else ())
        """What stood at a log's path at any look."""
        self.seen = set(other.seen if other else ())
        """The lines in it."""
        self.at = dict(other.at if other else {})
        """What stood at each path at the last look, and how often it had been truncated, if it was not empty."""
        self.rotations = other.rotations if other else 0
        self.truncations = other.truncations if other else 0
        """How many events there must have been by now; of truncations, at least."""
        self.unsure = other.unsure if other else 0
        """How often an editor saved a log that had lost something, or been empty: it may go on or not."""


class Ledger:
    """Follows the logs of a world and keeps the books."""

    def __init__(self, world: World, patterns, *, matches_rotated, rests=False):
        self.world = world
        self.rests = rests
        """Whether looks are so far apart that folders are found unchanged."""
        self.resting = Resting(world.root)
        self.patterns = tuple(patterns)
        self.matches_rotated = matches_rotated
        self.descriptors = len(os.listdir("/proc/self/fd"))
        self.cuts = [(FIRST, Account())]
        self.follower = self._follower(FIRST)
        self.account = Account()
        self.open: dict[str, Content] = {}
        """What is open in the follower for certain, by its log."""
        self.owed: set[str] = set()
        """Lines that no path leads to and that can be read all the same."""
        self.started = True

    def _follower(self, state):
        stored = msgspec.msgpack.decode(state, type=StreamState)
        return StreamFollower(self.patterns, stored, line_bytes=self.world.line_bytes, elapsed=self.resting)

    # Snapshots, stops and kills

    def store(self):
        """Keeps what a snapshot would."""
        self.cuts.append((msgspec.msgpack.encode(self.follower.stored()), Account(self.account)))

    def forget_cuts(self, *, first=False):
        """Leaves nothing to go back to but what is now, and the very beginning, or not even that."""
        self.cuts = [cut for cut in self.cuts[:1] if cut[0] == FIRST and not first]
        self.store()

    def restart(self, back=0):
        """Goes on as a new process does, from so many cuts ago, or from the first; later cuts are no more."""
        del self.cuts[max(1, len(self.cuts) - back) :]
        state, account = self.cuts[-1]
        self.close()
        self.follower = self._follower(state)
        self.account = Account(account)
        self.open, self.owed = {}, set()
        self.started = True

    def close(self):
        """Lets go of all files; none is left open."""
        self.follower.close()
        assert self.descriptors == len(os.listdir("/proc/self/fd"))

    # What the follower cannot see

    def saw_removal(self, content):
        """What is open can be read although no path leads to it."""
        if content in self.open.values() and not self.world.names_of(content):
            self.owed |= set(content.lines)

    def saw_save(self, before, after):
        """What an editor saved goes on where the old file was, at every cut that has it."""
        for account in (self.account, *(account for _, account in self.cuts)):
            for log, (content, empties) in account.at.items():
                if content is before:
                    account.at[log] = after, SAVED
                    account.unsure += content.was_cut or content.empties != (0 if empties == SAVED else empties)

    # Looking

    def look(self):
        """Looks what there is, and whether the events are those that must come of it."""
        self.resting.stamp()
        self.follower.scan()
        for _ in range(LOOKS if self.rests else 0):
            self.resting.pause()
            self.follower.scan()
        if self.started:
            self.follower.aim()
            self.started = False
        self._expect_events()
        world, account = self.world, self.account
        self.open = {log: content for log in (*LOGS, LINK) if (content := world.at(log)) is not None}
        account.at = {
            log: (content, content.empties if content.lines or content.partial else None)
            for log, content in self.open.items()
        }
        account.known |= set(self.open.values())
        account.seen |= {line for content in self.open.values() for line in content.lines}
        if not account.looked and not self.matches_rotated:
            rotated = [world.there[name].origin for log in LOGS for name in world.rotated(log)]
            account.history = {content: set(content.lines) for content in rotated}
        account.looked = True
        self.check_events()

    def look_failing(self, call, number, after):
        """Looks and reads while a call of the system fails, after so many that do not."""
        with failing(call, number, after):
            self.follower.scan()
            pieces = list(self.follower.pieces())
        for piece in pieces:
            self.take(piece)
        self.open, self.owed = {}, set()
        self.account.has_failed = True
        for log, (content, empties) in self.account.at.items():
            self.account.at[log] = content, None
            self.account.unsure += empties == SAVED  # it may have been seen, or not

    def _expect_events(self):
        account = self.account
        names = [name for name in self.world.there if self.world.reuses_inodes or "link-" not in name]
        there = {
            id(self.world.there[name]) for name in names
        }  # without generations a link to another content is no link
        for log, (content, empties) in account.at.items():
            is_new = empties == SAVED and content.empties > 0
            account.rotations += is_new or self.world.at(log) is not content
            account.truncations += empties not in (None, SAVED) and content.empties > empties and id(content) in there

    def check_events(self):
        """A file that left its path is one rotation, whatever became of it; each truncation is seen, and once."""
        events = self.follower.state.events
        assert self.account.truncations <= events.truncations
        assert self.account.rotations <= events.rotations
        if not self.account.has_failed:
            assert events.rotations <= self.account.rotations + self.account.unsure
            assert events.truncations <= self.world.truncations

    # Reading

    def take(self, piece: Piece):
        """Takes a piece; it is what the log's file has between the offsets, and counts nothing twice."""
        chunk, world = piece.chunk, self.world
        before = self._offsets(piece.log)
        piece.take()
        assert chunk.end - chunk.start == self._offsets(piece.log) - before
        lines = chunk.data.split(b"\n")
        assert b"" == lines.pop()
        if chunk.too_long:
            assert (1, []) == (chunk.too_long, lines)
            names = [world.too_long[chunk.end - chunk.start - 1]]
        else:
            assert chunk.end - chunk.start == len(chunk.data)
            names = [world.name_of(line) for line in lines]
            assert [world.written[name] for name in names] == lines
            assert [] == [name for name, line in zip(names, lines, strict=True) if len(line) > world.line_bytes]
        assert {str(world.path(world.log_of(name))) for name in names} <= {piece.log}
        twice = [name for name, times in Counter(names).items() if times > 1 or name in self.account.counted]
        assert [] == twice
        assert [] == sorted(set().union(*self.account.history.values()).intersection(names) - self.account.seen)
        self.account.counted.update(names)

    def _offsets(self, log):
        return sum(file.offset for file in self.follower.stored().logs[log].files)

    def read(self):
        """Reads everything that the last look found."""
        idle = 0
        while idle < IDLE:
            pieces = [self.take(piece) for piece in self.follower.pieces()]
            idle = 0 if pieces else idle + 1
            if not pieces and not self.follower.unread():
                break
        assert idle < IDLE
        self.check_lines()
        self.check_loss()
        assert 0 == self.follower.backlog()
        self.owed = set()

    def read_rounds(self, rounds):
        """Reads so many rounds, one chunk of each log in each."""
        for _ in range(rounds):
            for piece in self.follower.pieces():
                self.take(piece)

    def readable(self):
        """The lines that a path leads to which is promised to be found, or an open file; a backup promises nothing."""
        world = self.world
        names = {*LOGS, *(name for log in LOGS for name in world.rotated(log))}
        there = [content for name, content in world.there.items() if name in names and not content.is_backup]
        known = [
            content
            for content in world.there.values()
            if content in self.account.known and (world.reuses_inodes or not content.empties)
        ]
        latest = world.at(LINK)
        contents = [*there, *known, *([latest] if latest else [])]
        history = self.account.history
        return self.owed.union(*(set(content.lines) - history.get(content.origin, set()) for content in contents))

    def check_lines(self):
        """Everything that can be read was counted; what was not was removed unread."""
        assert [] == sorted(self.readable() - self.account.counted)

    def check_loss(self, *, settled=False):
        """Lost are at most all lines that were not counted, and when nothing changes any more at least those seen."""
        world, account = self.world, self.account
        present = {line for contents in (world.there, world.away) for each in contents.values() for line in each.lines}
        gone = world.written.keys() - account.counted - present

        def size(lines):
            return sum(len(world.written[line]) + 1 for line in lines)

        begun = sum(len(content.partial) for content in world.there.values() if content.is_copy)
        lost = self.follower.state.events.lost_bytes
        assert not settled or size(gone & account.seen) - begun <= lost
        assert account.has_failed or lost <= size(world.written.keys() - account.counted) + world.scraps

    def check_lag(self):
        """When nothing is left to read, what lags behind are lines that have not ended."""
        at = {id(content): len(content.partial) for content in self.open.values()}
        there = {id(content): len(content.partial) for content in self.world.there.values()}
        assert sum(at.values()) <= self.follower.lag() <= sum(there.values())
