"""A line of which only a part is there. RELIABILITY invariant 10."""

import pytest

from tests.follow.reading import append, write

pytestmark = pytest.mark.invariant(10)

LINES = "one\r\nzăpadă ☃ \U0001f600\r\n\r\nend\n".encode()


@pytest.mark.parametrize("at", range(len(LINES)))
def test_a_line_is_read_when_it_has_its_newline(log, follow, at):
    """Cut at any byte, within a character or between CR and LF, it is one line."""
    append(log, LINES[:at])
    reading = follow(log)
    first = reading.poll()
    assert LINES[:at].count(b"\n") == len(first)
    assert [] == reading.poll()
    append(log, LINES[at:])
    assert LINES.decode().split("\n")[:-1] == first + reading.poll()


def test_a_line_that_comes_byte_by_byte_is_one_line(log, follow):
    """However long it takes."""
    reading = follow(log)
    for at in range(len(LINES)):
        append(log, LINES[at : at + 1])
        expected = LINES[: at + 1].decode(errors="ignore").split("\n")[-2:-1] if LINES[at] == 0x0A else []
        assert expected == reading.poll()


def test_a_partial_line_of_a_rotated_file_is_finished_there(log, follow):
    """It does not run into the first line of the next file."""
    append(log, "one\ntw")
    reading = follow(log)
    assert ["one"] == reading.poll()
    old = log.rename(log.with_name("a.log.1"))
    append(log, "thr")
    assert [] == reading.poll()
    append(log, "ee\n")
    append(old, "o\n")
    assert ["two", "three"] == reading.poll()


def test_a_partial_line_of_a_deleted_file_is_lost_and_counted(log, follow):
    """Nobody will ever end it."""
    append(log, "one\ntw")
    reading = follow(log)
    reading.poll()
    log.unlink()
    for _ in range(3):
        assert [] == reading.poll()
    assert (1, 0, 2) == reading.events


def test_who_reads_to_an_end_gets_the_last_lines_without_newline(tmp_path, follow_running):
    """Each log may have one, and it is got once."""
    append(tmp_path / "a.log", "one\ntwo")
    append(tmp_path / "b.log", "three")
    write(tmp_path / "c.log", "four")
    append(tmp_path / "d.log", b"\0\0")
    append(tmp_path / "e.log", "x" * 99)
    append(tmp_path / "f.log", "x" * 21)
    reading = follow_running(tmp_path / "*.log", line_bytes=20)
    assert ["one", "four"] == reading.poll()
    assert ["two", "three"] == reading.rest()
    assert 2 == reading.too_long
    assert [] == reading.rest()
    assert 0 == reading.follower.lag()


def test_a_last_line_that_cannot_be_read_is_left_out(log, follow_running):
    """A file that is gone when its end is asked for stops nobody."""
    append(log, "one\ntwo")
    reading = follow_running(log)
    reading.poll()
    reading.follower.close()
    log.unlink()
    assert [] == reading.rest()
