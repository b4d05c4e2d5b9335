"""A line that is longer than any line may be."""

import tracemalloc

import pytest

from exporter.follow import file
from exporter.follow.file import CHUNK_BYTES
from tests.follow.reading import append, compress, write

SHORT = [(1, line_bytes) for line_bytes in (1, 6, 99)]
LONG = [
    (chunk_bytes, line_bytes)
    for chunk_bytes in (7, 4096, CHUNK_BYTES, 1 << 20)
    for line_bytes in (1, 6, 7, 8, 99, 4095, 4096, 4097)
]


@pytest.mark.invariant(15)
@pytest.mark.parametrize(("chunk_bytes", "line_bytes"), [*SHORT, *LONG])
def test_a_line_may_have_so_many_bytes_and_no_more(log, follow_running, monkeypatch, chunk_bytes, line_bytes):
    """The newline is not counted, and how much is read at a time makes no difference."""
    monkeypatch.setattr(file, "CHUNK_BYTES", chunk_bytes)
    fits, too_long = "x" * line_bytes, "y" * (line_bytes + 1)
    write(log, "1", fits, too_long, fits, too_long, too_long, fits)
    reading = follow_running(log, line_bytes=line_bytes)
    assert ["1", fits, fits, fits] == reading.poll()
    assert 3 == reading.too_long
    assert log.stat().st_size == reading.bytes


@pytest.mark.invariant(10)
def test_a_long_line_is_counted_once_when_it_ends(log, follow):
    """It may come over many polls and restarts."""
    write(log, "one")
    reading = follow(log, line_bytes=1000)
    reading.poll()
    for _ in range(20):
        append(log, "x" * 300)
        assert [] == reading.poll()
    assert 0 == reading.too_long
    append(log, "\ntwo\n")
    assert ["two"] == reading.poll()
    assert 1 == reading.too_long
    assert (0, 0, 0) == reading.events


@pytest.mark.invariant(13)
def test_a_long_line_takes_little_memory(log, follow_running):
    """Thirty million bytes without a newline are passed over in pieces."""
    with log.open("wb") as file:
        for _ in range(30):
            file.write(b"x" * 1_000_000)
        file.write(b"\ntwo\n")
    reading = follow_running(log, line_bytes=100_000)
    tracemalloc.start()
    try:
        assert ["two"] == reading.poll()
        assert 1_000_000 > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.invariant(12)
def test_a_long_line_is_passed_over_in_pieces(log, follow_running):
    """So that it holds up no other log; a piece without bytes says that there is more."""
    append(log, "x" * 1_000_000)
    other = log.with_name("b.log")
    write(other, "one")
    reading = follow_running(log, other, line_bytes=1000)
    reading.follower.scan()
    pieces = [(piece.log, piece.chunk) for piece in reading.follower.pieces()]
    assert [str(log), str(other)] == [name for name, _ in pieces]
    assert pieces[0][1].start == pieces[0][1].end
    assert reading.follower.unread()


def test_a_long_line_that_is_truncated_is_forgotten(log, follow):
    """What comes after it is read from its beginning."""
    append(log, "one\n" + "x" * 5000)
    reading = follow(log, line_bytes=1000)
    assert ["one"] == reading.poll()
    log.write_text("two\n")
    assert ["two"] == reading.poll()
    append(log, "x" * 5000)
    reading.poll()
    log.write_text("three\n" + "y" * 9000 + "\nfour\n")
    assert ["three", "four"] == reading.poll()
    assert 1 == reading.too_long


def test_long_lines_of_a_compressed_file_are_counted(log, follow):
    """Compressed files hold lines like any other."""
    write(log, "one", "x" * 300_000, "two", "y" * 200_000)
    compress(log)
    reading = follow(f"{log}*", line_bytes=1000)
    assert ["one", "two"] == reading.poll()
    assert 2 == reading.too_long
