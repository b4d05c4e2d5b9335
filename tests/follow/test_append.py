"""A log that grows."""

import pytest

from exporter.follow.file import CHUNK_BYTES
from exporter.follow.likeness import HEAD_BYTES
from tests.follow.reading import append, write


@pytest.mark.invariant(9)
def test_lines_are_read_once_as_they_come(log, follow):
    """Each poll gives the lines written since the one before."""
    write(log, "one", "two")
    reading = follow(log)
    assert ["one", "two"] == reading.poll()
    assert [] == reading.poll()
    write(log, "three")
    assert ["three"] == reading.poll()
    assert (0, 0, 0) == reading.events


@pytest.mark.invariant(9)
def test_a_log_larger_than_a_chunk_is_read_to_its_end(log, follow):
    """Chunks end at a line's end, and nothing between two of them is left out."""
    lines = [f"{number} {'x' * (number % 700)}" for number in range(3 * CHUNK_BYTES // 350)]
    write(log, *lines)
    reading = follow(log)
    assert lines == reading.poll()
    assert log.stat().st_size == reading.bytes


def test_an_empty_log_is_read_when_it_grows(log, follow):
    """A file without content is followed like any other."""
    log.touch()
    reading = follow(log)
    assert [] == reading.poll()
    write(log, "one")
    assert ["one"] == reading.poll()


def test_a_log_that_does_not_exist_yet_is_read_when_it_comes(tmp_path, follow):
    """Neither the file nor its folder need be there at first."""
    log = tmp_path / "later" / "deep" / "a.log"
    reading = follow(log, tmp_path / "later" / "*" / "b*.log")
    assert [] == reading.poll()
    log.parent.mkdir(parents=True)
    assert [] == reading.poll()
    write(log, "one")
    write(log.with_name("b1.log"), "two")
    assert ["one", "two"] == reading.poll()


def test_a_log_in_a_relative_path_is_read(tmp_path, follow, monkeypatch):
    """Patterns are relative to the working folder."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.log", "one")
    reading = follow("*.log")
    assert ["one"] == reading.poll()
    (tmp_path / "a.log").rename("a.log.1")
    write(tmp_path / "a.log.1", "two")
    write(tmp_path / "a.log", "three")
    assert ["two", "three"] == reading.poll()
    assert {"a.log"} == set(reading.logs)


def test_a_path_with_the_characters_of_patterns_is_followed(tmp_path, follow):
    """What a pattern found is never taken for a pattern itself."""
    log = tmp_path / "a[1]*.log"
    write(log, "one", "two")
    reading = follow(tmp_path / "a*.log")
    assert ["one", "two"] == reading.poll()
    log.write_text("three\n")
    assert ["three"] == reading.poll()


def test_lag_and_backlog_shrink_to_nothing(log, follow_running):
    """Lag is what was not counted, backlog what was there at the start and was not looked at."""
    write(log, *map(str, range(CHUNK_BYTES)))
    append(log, "partial")
    reading = follow_running(log)
    reading.follower.scan()
    reading.follower.aim()
    size = log.stat().st_size
    assert (size, size) == (reading.follower.lag(), reading.follower.backlog())
    next(reading.follower.pieces()).take()
    assert 0 < reading.follower.backlog() < size
    write(log, " more")
    reading.poll()
    assert (0, 0) == (reading.follower.lag(), reading.follower.backlog())


def test_a_partial_line_is_lag_but_no_backlog(log, follow_running):
    """A line that does not end holds up no start."""
    append(log, "one\npart")
    reading = follow_running(log)
    reading.follower.scan()
    reading.follower.aim()
    assert ["one"] == reading.read()
    assert (4, 0) == (reading.follower.lag(), reading.follower.backlog())


@pytest.mark.invariant(9)
def test_a_chunk_that_was_not_taken_is_read_again(log, follow_running):
    """Reading and taking are two steps, so that what was not folded is not lost."""
    write(log, "one")
    reading = follow_running(log)
    reading.follower.scan()
    first = next(reading.follower.pieces())
    reading.restart()
    reading.follower.scan()
    assert first.chunk == next(reading.follower.pieces()).chunk


@pytest.mark.invariant(9)
def test_a_head_that_grows_line_by_line_is_still_the_same_file(log, follow):
    """A file is known by its first bytes also while there are only few of them."""
    reading = follow(log)
    lines = [f"{number:03}" for number in range(HEAD_BYTES // 3)]
    for line in lines:
        write(log, line)
        assert [line] == reading.poll()
    assert (0, 0, 0) == reading.events
