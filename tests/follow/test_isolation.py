"""What lies beside a log holds it up by two polls at most. RELIABILITY invariant 12.

A poll is the least that one does: a look, and one chunk of every log.
"""

import errno
import os

import pytest

from exporter.follow.file import CHUNK_BYTES
from tests.follow.reading import write

pytestmark = pytest.mark.invariant(12)

LINE_BYTES = 1 << 20
POLLS = 5


@pytest.fixture
def pread(monkeypatch):
    """Counts the bytes that are read."""

    def count(descriptor, size, offset, real=os.pread):
        body = real(descriptor, size, offset)
        count.bytes += len(body)  # type: ignore[attr-defined]  # the fixture's users read and set it
        return body

    count.bytes = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(os, "pread", count)
    return count


def pipe(path):
    os.mkfifo(path)


def circle(path):
    path.symlink_to(path.name)


def line_of_100_megabytes(path):
    """A hole reads as NUL bytes, which are no newlines."""
    path.write_bytes(b"x")
    os.truncate(path, 100_000_000)


def backlog_of_10_gigabytes(path):
    """Lines, and a hole behind them: nobody can tell before the lines are read, which takes longer than these polls."""
    path.write_bytes(b"x" * 999 + b"\n")
    path.write_bytes(path.read_bytes() * 2000)
    os.truncate(path, 10_000_000_000)


def many_logs(path):
    """More of them than are held open."""
    for number in range(300):
        write(path.with_name(f"{number}{path.name}"), *["x" * 999] * 70)


def poll(reading):
    """The lines of `z.log` that a look and one chunk of every log give."""
    reading.follower.scan()
    lines: list[str] = []
    for piece in reading.follower.pieces():
        taken = reading.take(piece)
        lines += taken if piece.log.endswith("z.log") else []
    return lines


@pytest.mark.parametrize(
    "neighbour", [pipe, os.mkdir, circle, line_of_100_megabytes, backlog_of_10_gigabytes, many_logs]
)
def test_a_neighbour_holds_up_no_log(tmp_path, follow_running, pread, neighbour):
    """Neither at the start nor later, and however much there is of it, so much is read of it at a time."""
    neighbour(tmp_path / "a.log")
    log = tmp_path / "z.log"
    logs = sum(path.is_file() for path in tmp_path.iterdir()) + 1 if neighbour is not circle else 1
    reading = follow_running(tmp_path / "*.log", line_bytes=LINE_BYTES)
    for number in range(POLLS):
        write(log, f"line {number}")
        pread.bytes = 0
        assert [f"line {number}"] == poll(reading) or [f"line {number}"] == poll(reading)
        assert 2 * logs * (LINE_BYTES if neighbour is line_of_100_megabytes else CHUNK_BYTES) * 1.1 > pread.bytes


def test_a_file_that_nobody_may_read_holds_up_no_log(tmp_path, follow_running, monkeypatch):
    """It is reported, and read when it may be."""
    write(tmp_path / "a.log", "secret")
    real = os.open

    def refuse(path, *args, **kwargs):
        if str(path).endswith("a.log"):
            raise PermissionError(errno.EACCES, "no")
        return real(path, *args, **kwargs)

    reading = follow_running(tmp_path / "*.log")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        for number in range(POLLS):
            write(tmp_path / "z.log", f"line {number}")
            assert [f"line {number}"] == poll(reading)
            assert {"a.log": "permission"} == reading.unfollowed
    assert ["secret"] == reading.poll()


def test_a_log_that_is_rewritten_all_the_time_holds_up_no_log(tmp_path, follow_running):
    """What is read of it changes at every look."""
    reading = follow_running(tmp_path / "*.log")
    for number in range(POLLS):
        (tmp_path / "a.log").write_text(f"{number} {'x' * 99}\n" * 9999)
        write(tmp_path / "z.log", f"line {number}")
        assert [f"line {number}"] == poll(reading)
