"""Drives a follower by hand and collects the lines that it yields."""

import gzip
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exporter.follow.follower import StreamFollower, StreamState
from tests.follow.resting import LOOKS, Resting

IDLE = 20
"""So many rounds may give nothing although something is said to be left."""


class Reading:
    """Follows patterns. A poll is a look and everything that can be read after it.

    With `restarts`, what is stored is all that survives from one chunk to the next. With `rests`, polls are so far
    apart that folders are found unchanged.
    """

    def __init__(self, *patterns, line_bytes=1 << 20, skip_history=False, restarts=False, rests=False):
        self.patterns = tuple(map(str, patterns))
        self.line_bytes = line_bytes
        self.skip_history = skip_history
        self.restarts = restarts
        self.rests = rests
        self.resting = Resting(_folder(self.patterns[0]))
        self.too_long = 0
        self.bytes = 0
        self.logs = []
        """The log of each line."""
        self.follower = self._follower(StreamState())

    def _follower(self, state):
        return StreamFollower(
            self.patterns,
            state,
            line_bytes=self.line_bytes,
            skip_history=self.skip_history,
            elapsed=self.resting,
        )

    def poll(self):
        """The lines that a look and reading to the end give."""
        if self.restarts:
            self.restart()
        self.resting.stamp()
        self.follower.scan()
        lines = self.read()
        for _ in range(LOOKS if self.rests else 0):
            self.resting.pause()
            self.follower.scan()
            lines += self.read()
        return lines

    def read(self):
        """The lines that are left of what the last look found."""
        lines = []
        idle = 0
        while True:
            assert idle < IDLE
            pieces = 0
            for piece in self.follower.pieces():
                lines += self.take(piece)
                pieces += 1
                if self.restarts and piece.chunk.end > piece.chunk.start:
                    self.restart()
                    self.follower.scan()
                    break
            idle = 0 if pieces else idle + 1
            if not pieces and not self.follower.unread():
                return lines

    def rest(self):
        """The last lines, which have no newline."""
        logs = self.follower.logs()
        return [line for log in logs for piece in self.follower.whole(log) for line in self.take(piece)]

    def restart(self):
        """Goes on as a new process does, with what was stored."""
        stored = msgspec.msgpack.encode(self.follower.stored())
        self.follower.close()
        self.follower = self._follower(msgspec.msgpack.decode(stored, type=StreamState))

    @property
    def events(self):
        """Rotations, truncations and lost bytes."""
        return msgspec.structs.astuple(self.follower.state.events)

    @property
    def unfollowed(self):
        """What is not followed, by name."""
        return {Path(path).name: why for path, why in self.follower.unfollowed().items()}

    def take(self, piece):
        """Takes a piece; its lines."""
        chunk = piece.chunk
        assert chunk.data[-1:] in (b"\n", b"")
        assert len(chunk.data) <= chunk.end - chunk.start + 1
        lines = chunk.data.decode().split("\n")[:-1]
        self.logs += [piece.log] * len(lines)
        self.too_long += chunk.too_long
        self.bytes += chunk.end - chunk.start
        piece.take()
        return lines


def _folder(pattern: str) -> Path:
    """The deepest folder that all that matches lies in."""
    path = Path(pattern)
    return next(folder for folder in path.parents if not any(character in str(folder) for character in "*?["))


@contextmanager
def failing(call, number, after=0) -> Iterator[None]:
    """Has a call of the system fail, after so many that do not."""
    real, succeeding = getattr(os, call), iter(range(after))

    def fail(*args, **kwargs):
        if next(succeeding, None) is None:
            raise OSError(number, os.strerror(number))
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, fail)
        yield


ASKED = ("stat", "lstat", "fstat", "scandir", "open", "pread", "readlink")
"""What is asked of the system about files."""


@contextmanager
def meanwhile(*acts: tuple[int, Callable[[], object]]) -> Iterator[list[tuple[int, Callable[[], object]]]]:
    """Has things done, each right before so many-th call of those that ask the system about files, or at the end.

    Gives those that are still to be done.
    """
    due, numbers = sorted(acts, key=lambda act: act[0]), itertools.count()

    def asking(real: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: Any, **kwargs: Any) -> Any:
            number = next(numbers)
            with real_calls():
                while due and due[0][0] <= number:
                    due.pop(0)[1]()
            return real(*args, **kwargs)

        return ask

    real = {name: getattr(os, name) for name in ASKED}
    wrapped = {name: asking(call) for name, call in real.items()}

    @contextmanager
    def real_calls() -> Iterator[None]:
        vars(os).update(real)
        try:
            yield
        finally:
            vars(os).update(wrapped)

    try:
        vars(os).update(wrapped)
        yield due
    finally:
        vars(os).update(real)
    for _, act in due:
        act()


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Counts what is asked of the system about files, by what is called."""
    counted: Counter[str] = Counter()

    def counted_call(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("stat", "lstat", "fstat", "scandir", "listdir", "open", "close", "pread", "readlink"):
            patch.setattr(os, name, counted_call(name, getattr(os, name)))
        yield counted


def write(path, *lines):
    """Appends lines to a file; makes it where there is none."""
    append(path, "".join(f"{line}\n" for line in lines))


def append(path, text):
    """Appends text, or bytes, as it is."""
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def compress(path):
    """Does what gzip does: writes the copy, then removes the file."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return target


def copy_truncate(path, name):
    """Does what logrotate's copytruncate does."""
    copy = path.with_name(name)
    shutil.copyfile(path, copy)
    path.write_bytes(b"")
    return copy
