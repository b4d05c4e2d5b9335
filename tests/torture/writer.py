"""Producers: each writes one log as real ones do, in bursts and in pieces, and rotates it.

In comes chance; out go bytes, to the ledger first and then to the log. What can be lost is never lost here: a line is
finished in the file in which it was begun.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

from tests.recount.rough import made, odd, rough_lines
from tests.torture.ledger import TrueFile, TrueLog

LATEST = 2_000_000
"""So many days after the first one lines are dated at most; in the year 9999 Python's calendar ends."""


def endless(pipeline: str, stream: str, *, seed: int, block: int) -> Iterator[bytes]:
    """The demo's lines of one stream made rough, bad ones in between; no two logs of one seed share a run.

    Every `block` records another run of personas begins.
    """
    rng = Random(f"{seed} {pipeline}.{stream}")
    for number in count(seed * 1000):
        records = made(pipeline, stream, block, seed=number, days=number % LATEST)
        for line in rough_lines(f"{pipeline}.{stream}", records, rng):
            yield odd(line, rng) + b"\n"


class Writer:
    """Writes a log until it is told to stop. `rotate` makes room for another file when chance has it."""

    def __init__(
        self, log: TrueLog, lines: Iterator[bytes], rng: Random, *, rotate: Callable[["Writer"], None], pause: float
    ) -> None:
        self.log = log
        self.rng = rng
        self.lock = threading.Lock()
        """Held while anything is written or rotated."""
        self.rotated: list[tuple[Path, TrueFile]] = []
        """The files that the log was rotated to, newest first."""
        self.may_rotate = False
        """Whether an exporter has looked at the log: what was rotated before is history."""
        self.risked = 0
        """Lines that were in a log for a moment only, and in no copy."""
        self._lines = lines
        self._rotate = rotate
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failure: BaseException | None = None
        log.path.parent.mkdir(parents=True, exist_ok=True)
        self.open()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> int:
        """Ends after the line at hand; returns how many lines it may have lost. Raises what went wrong."""
        self._stop.set()
        self._thread.join()
        os.close(self._file)
        if self.failure is not None:
            raise self.failure
        return self.risked

    def _run(self) -> None:
        try:
            while not self._stop.wait(self.rng.uniform(0, self._pause)):
                with self.lock:
                    self.step()
        except BaseException as error:
            self.failure = error

    def step(self) -> None:
        """Writes something, or rotates."""
        if self.rng.random() < 0.02 and self.may_rotate:
            self._rotate(self)
        elif self.rng.random() < 0.2:
            self.write_in_pieces(self.next_line())
        else:
            self.write(b"".join(self.next_line() for _ in range(self.rng.choice((1, 1, 1, 2, 5, 30)))))

    def next_line(self) -> bytes:
        return next(self._lines)

    def write_in_pieces(self, line: bytes) -> None:
        """Writes a line with pauses at any byte, within a character or before the newline."""
        cuts = sorted(self.rng.sample(range(len(line)), min(3, len(line))))
        for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
            self.write(line[start:end])
            self._stop.wait(self.rng.uniform(0, self._pause))

    def write(self, data: bytes) -> None:
        """Appends; the ledger knows before anyone else can."""
        self.file.add(data)
        while data:
            data = data[os.write(self._file, data) :]

    # Files

    def open(self) -> None:
        """Goes on in a new file at the log's path."""
        self.file = self.log.begin()
        self._file = os.open(self.log.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o644)
        status = os.fstat(self._file)
        self.file.identity = status.st_dev, status.st_ino

    def reopen(self) -> None:
        """Lets go of the file that was renamed, perhaps some lines later, and goes on in a new one."""
        for _ in range(self.rng.choice((0, 0, 1, 3))):
            self.write_in_pieces(self.next_line())
        os.close(self._file)
        self.open()

    def truncate(self) -> None:
        """Empties the log, whose content is in a copy by now."""
        identity = self.file.identity
        self.file = self.log.begin()
        self.file.identity = identity
        os.truncate(self._file, 0)

    def make_room(self) -> Path:
        """Renames name.1 to name.2 and so on; returns the path of name.1."""
        for number in range(len(self.rotated), 0, -1):
            path, file = self.rotated[number - 1]
            older = self.log.path.with_name(f"{self.log.path.name}.{number + 1}")
            path.rename(older)
            self.rotated[number - 1] = older, file
        return self.log.path.with_name(f"{self.log.path.name}.1")


def rename(writer: Writer) -> None:
    """What logging handlers and logrotate do: name.1, name.2 and so on."""
    younger = writer.make_room()
    writer.log.path.rename(younger)
    writer.rotated.insert(0, (younger, writer.file))
    writer.reopen()


def rename_by_date(writer: Writer) -> None:
    """What logrotate does with `dateext`."""
    dated = writer.log.path.with_name(f"{writer.log.path.name}-20260131{len(writer.log.files):06}")
    writer.log.path.rename(dated)
    writer.rotated.insert(0, (dated, writer.file))
    writer.reopen()


def copy_and_truncate(writer: Writer) -> None:
    """What logrotate does with `copytruncate`, while nobody writes."""
    copy(writer)
    writer.truncate()


def copy_and_truncate_late(writer: Writer) -> None:
    """What logrotate does with `copytruncate`, while somebody writes on: those lines are in no copy."""
    copy(writer)
    for _ in range(writer.rng.choice((0, 1, 3))):
        writer.write_in_pieces(writer.next_line())
        writer.risked += 1
    writer.truncate()


def copy(writer: Writer) -> None:
    """Makes a copy of the log as name.1."""
    younger = writer.make_room()
    shutil.copyfile(writer.log.path, younger)
    writer.rotated.insert(0, (younger, writer.file))
