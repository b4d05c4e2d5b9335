"""What is stored is all that a new process needs. The other tests restart too; these restart at worse moments."""

import msgspec
import pytest

from exporter.follow.follower import StreamState
from exporter.follow.likeness import FileState
from tests.follow.reading import Reading, append, copy_truncate, write

pytestmark = pytest.mark.invariant(9)


@pytest.fixture
def reading(log):
    reading = Reading(f"{log}*")
    yield reading
    reading.follower.close()


def test_nothing_is_read_twice_or_left_out_at_any_restart(log, reading):
    """A process may be killed after any chunk that it took."""
    lines = [f"{number} {'x' * 990}" for number in range(1000)]
    write(log, *lines)
    read = []
    for _ in range(1000):
        reading.restart()
        reading.follower.scan()
        piece = next(reading.follower.pieces(), None)
        if piece is None:
            break
        read += reading.take(piece)
    assert lines == read


def test_everything_that_befalls_a_log_may_befall_it_between_two_runs(log, reading):
    """Rotation, truncation, copy and deletion are seen afterwards as they are seen while it runs."""
    write(log, "one")
    assert ["one"] == reading.poll()
    reading.restart()
    write(log, "two")
    log.rename(log.with_name("a.log.2"))
    write(log, "three")
    log.rename(log.with_name("a.log.1"))
    write(log, "four")
    assert ["two", "three", "four"] == reading.poll()
    reading.restart()
    write(log, "five")
    copy_truncate(log, "a.log.0")
    write(log, "six")
    assert ["five", "six"] == reading.poll()
    reading.restart()
    for number in (2, 1, 0):
        log.with_name(f"a.log.{number}").unlink()
    assert [] == reading.poll()
    reading.restart()
    content = log.read_bytes()
    log.unlink()
    log.write_bytes(content + b"seven\n")
    assert ["seven"] == reading.poll()


def test_a_restart_right_after_a_truncation_was_seen_loses_nothing(log, reading):
    """The rest of the old content is part of what is stored."""
    write(log, "one")
    reading.poll()
    write(log, "two")
    copy_truncate(log, "a.log.1")
    write(log, "three")
    reading.follower.scan()
    reading.restart()
    assert ["two", "three"] == reading.poll()


def test_what_is_stored_says_where_each_file_stands(log, reading):
    """Offsets stand at a line's start, with the bytes before them and the file's first bytes."""
    append(log, "one\ntwo\npart")
    reading.poll()
    (state,) = reading.follower.stored().logs[str(log)].files
    assert (str(log), 8, 12, [(8, b"one\ntwo\n")]) == (state.path, state.offset, state.size, state.markers)
    assert b"one\ntwo\n" == state.head


def test_what_is_stored_of_a_file_is_small(log, reading):
    """However long a log is, a head and a few markers are kept of it."""
    for _ in range(10):
        write(log, *("x" * 999 for _ in range(300)))
        reading.poll()
    assert 5000 > len(msgspec.msgpack.encode(reading.follower.stored()))


def test_nothing_is_stored_for_what_was_never_there(reading):
    """A stream without files has an empty state."""
    reading.poll()
    assert StreamState(looked=True) == reading.follower.stored()


def test_logs_that_the_patterns_no_longer_match_are_kept_and_not_read(tmp_path):
    """A pattern may be taken away for a while without a line being counted twice."""
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    write(one, "1")
    write(two, "2")
    both = Reading(one, two)
    assert ["1", "2"] == both.poll()
    both.patterns = (str(two),)
    both.restart()
    write(one, "3")
    write(two, "4")
    assert ["4"] == both.poll()
    assert [str(two)] == both.follower.paths()
    both.patterns = (str(one), str(two))
    both.restart()
    assert ["3"] == both.poll()
    both.follower.close()


def test_a_file_system_without_generations_is_followed_by_content(log, reading, monkeypatch):
    """Head and markers tell files apart where inodes have no generation."""
    monkeypatch.setattr("exporter.follow.reader._generation", lambda _: None)
    write(log, "one")
    reading.poll()
    for number in range(5):
        reading.restart()
        log.unlink()
        write(log, f"another {number}")
        assert [f"another {number}"] == reading.poll()
    assert {None} == {file.generation for file in reading.follower.stored().logs[str(log)].files}


def test_a_generation_that_is_unknown_tells_nothing(log, reading):
    """What was stored on another kernel is still the same file."""
    write(log, "one")
    reading.poll()
    state: FileState = reading.follower.stored().logs[str(log)].files[0]
    state.generation = None
    reading.restart()
    write(log, "two")
    assert ["two"] == reading.poll()
