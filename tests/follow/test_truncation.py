"""A log that loses content it had."""

import os
import shutil

import pytest

from exporter.follow.likeness import HEAD_BYTES
from tests.follow.reading import append, compress, copy_truncate, write

LONG = ["x" * 900 + f" {number}" for number in range(8)]


def cut(path, size):
    os.truncate(path, size)


@pytest.mark.invariant(8)
def test_a_truncated_log_is_read_from_its_beginning(log, follow):
    """What is written after a truncation is new."""
    write(log, "one", "two")
    reading = follow(log)
    reading.poll()
    log.write_bytes(b"")
    assert [] == reading.poll()
    write(log, "three")
    assert ["three"] == reading.poll()
    assert (0, 1, 0) == reading.events


@pytest.mark.invariant(8)
@pytest.mark.parametrize("lines", [["3"], ["three", "four"], ["three", "fourth", "fifth"]])
def test_a_log_that_was_truncated_and_has_grown_again_is_read_from_its_beginning(log, follow, lines):
    """Whether it is now shorter, as long, or longer than before."""
    write(log, "one", "two.")
    reading = follow(log)
    reading.poll()
    log.write_text("".join(f"{line}\n" for line in lines))
    assert lines == reading.poll()
    assert (0, 1, 0) == reading.events


@pytest.mark.invariant(8)
def test_unread_bytes_that_are_truncated_are_counted_as_lost(log, follow_running):
    """They were seen, and nobody can read them now."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    append(log, "never to end")
    reading.poll()
    log.write_bytes(b"")
    reading.poll()
    assert (0, 1, len("never to end")) == reading.events


@pytest.mark.invariant(8)
def test_a_partial_line_that_is_taken_back_is_a_truncation(log, follow):
    """What was read stands, and reading goes on behind it."""
    write(log, "one")
    append(log, "two, which is never finished")
    reading = follow(log)
    assert ["one"] == reading.poll()
    cut(log, 4)
    assert [] == reading.poll()
    write(log, "three")
    assert ["three"] == reading.poll()
    assert (0, 1, len("two, which is never finished")) == reading.events


@pytest.mark.invariant(8)
def test_a_first_line_that_is_replaced_before_it_ended_is_read_anew(log, follow):
    """A file of which nothing was read yet is known by its first bytes."""
    append(log, "never to end" * 5)
    reading = follow(log, line_bytes=20)
    assert [] == reading.poll()
    log.write_text("one\n")
    assert ["one"] == reading.poll()
    assert (0, 1, 60) == reading.events
    assert 0 == reading.too_long


@pytest.mark.invariant(9)
@pytest.mark.parametrize("name", ["a.log.1", "a.log-20260131"])
def test_copytruncate_loses_nothing(log, follow, name):
    """The copy is no new log, and has what was written after the last read."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    write(log, "two")
    copy_truncate(log, name)
    write(log, "three")
    assert ["two", "three"] == reading.poll()
    assert [] == reading.poll()
    write(log, "four")
    assert ["four"] == reading.poll()
    assert (0, 1, 0) == reading.events


@pytest.mark.invariant(9)
def test_copytruncate_before_anything_was_read_loses_nothing(log, follow_running):
    """Also where the backlog was not begun."""
    write(log, "one", "two")
    reading = follow_running(log)
    reading.follower.scan()
    copy_truncate(log, "a.log.1")
    write(log, "three")
    assert ["one", "two", "three"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_chain_of_copytruncates_is_read_once(log, follow):
    """Copies are renamed, made and compressed while the log stays one file."""
    reading = follow(f"{log}*")
    for number in range(8):
        write(log, f"first {number}")
        assert [f"first {number}"] == reading.poll()
        write(log, f"last {number}")
        for older in range(number, 0, -1):
            path = log.with_name(f"a.log.{older}")
            path.rename(log.with_name(f"a.log.{older + 1}"))
        copy_truncate(log, "a.log.1")
        assert [f"last {number}"] == reading.poll()
    assert (0, 8, 0) == reading.events


@pytest.mark.invariant(9)
@pytest.mark.parametrize("copied", [0, 3, 8, 11])
def test_a_copy_that_is_being_made_is_not_a_new_log(log, follow, copied):
    """At no size is it mistaken, neither where it is empty nor before it reaches what was read."""
    write(log, "one", "two")
    reading = follow(f"{log}*")
    reading.poll()
    write(log, "three")
    content = log.read_bytes()
    copy = log.with_name("a.log.1")
    copy.write_bytes(content[:copied])
    assert ["three"] == reading.poll()
    append(copy, content[copied:])
    assert [] == reading.poll()
    log.write_bytes(b"")
    assert [] == reading.poll()
    write(log, "four")
    assert ["four"] == reading.poll()
    assert (0, 1, 0) == reading.events


@pytest.mark.invariant(9)
def test_a_backup_beside_the_log_is_not_read(log, follow):
    """A copy of a log that is followed counts nothing."""
    write(log, "one", "two")
    reading = follow(f"{log}*")
    assert ["one", "two"] == reading.poll()
    log.with_name("a.log.old").write_bytes(log.read_bytes())
    assert [] == reading.poll()
    write(log, "three")
    assert ["three"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_copy_that_takes_the_place_of_the_log_goes_on_where_the_log_was(log, follow):
    """First a copy, which is not read, then the log itself."""
    write(log, "one")
    reading = follow(f"{log}*")
    reading.poll()
    copy = log.with_name("a.log.bak")
    copy.write_bytes(log.read_bytes())
    write(log, "two")
    append(copy, "two\n")
    assert ["two"] == reading.poll()
    append(copy, "three\n")
    copy.rename(log)
    assert ["three"] == reading.poll()
    assert [] == reading.poll()


@pytest.mark.invariant(9)
def test_a_log_that_lost_its_tail_is_not_read_again(log, follow):
    """After a power cut a file may be shorter; all that is left of it was counted."""
    write(log, *LONG)
    reading = follow(log)
    assert LONG == reading.poll()
    cut(log, 3 * 903)
    assert [] == reading.poll()
    write(log, "new")
    assert ["new"] == reading.poll()
    assert (0, 1, 0) == reading.events


def test_a_short_log_that_lost_its_tail_during_a_restart_is_not_read_again(log, follow_running):
    """What was reached earlier tells where a file with few bytes is the same."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    write(log, "two", "three")
    reading.poll()
    reading.restart()
    cut(log, 8)
    assert [] == reading.poll()
    write(log, "new")
    assert ["new"] == reading.poll()


def test_a_torn_tail_that_was_written_over_is_read_from_the_last_place_that_stands(log, follow_running):
    """Of several places that were reached, the latest one whose bytes are still there counts."""
    lines = ["x" * 1000 + f" {number:04}" for number in range(300)]
    write(log, *lines)
    reading = follow_running(log)
    assert lines == reading.poll()
    reading.restart()
    size = len(lines[0]) + 1
    cut(log, 250 * size)
    write(log, *(line.replace("x", "y") for line in lines[250:]))
    again = reading.poll()
    assert 50 <= len(again) <= 50 + 64 * 1024 // size + 33
    assert [line.replace("x", "y") for line in lines[250:]] == again[-50:]
    assert 1 == reading.events[1]


@pytest.mark.invariant(9)
def test_a_log_truncated_while_a_long_head_is_shared_with_its_copy_starts_over(log, follow):
    """A copy that holds the old content tells a new beginning from a torn tail."""
    preamble = "x" * (2 * HEAD_BYTES)
    write(log, f"{preamble} one", f"{preamble} two")
    reading = follow(log)
    assert 2 == len(reading.poll())
    write(log, f"{preamble} three")
    copy_truncate(log, "a.log.1")
    write(log, f"{preamble} four")
    assert ["three", "four"] == [line.removeprefix(f"{preamble} ") for line in reading.poll()]


@pytest.mark.invariant(8)
def test_bytes_written_between_copy_and_truncation_are_lost_and_counted(log, follow_running):
    """This is what copytruncate cannot avoid."""
    write(log, "one")
    reading = follow_running(log)
    reading.follower.scan()
    copy = log.with_name("a.log.1")
    copy.write_bytes(log.read_bytes())
    write(log, "two")
    reading.follower.scan()
    log.write_bytes(b"")
    assert ["one"] == reading.poll()
    assert (0, 1, 4) == reading.events


@pytest.mark.invariant(8, 9)
@pytest.mark.parametrize("size", [10, 1000])
def test_lines_that_only_the_log_had_do_not_hide_its_copy(log, follow_running, size):
    """Nothing was read before the log was truncated, and it was seen longer than its copy: the copy is read."""
    write(log, "first")
    reading = follow_running(log)
    assert ["first"] == reading.poll()
    log.write_bytes(b"")
    assert [] == reading.poll()
    lines = [f"{number} {'x' * size}" for number in range(3)]
    write(log, *lines)
    shutil.copyfile(log, log.with_name("a.log.1"))
    write(log, "late")
    reading.follower.scan()
    log.write_bytes(b"")
    assert lines == reading.poll()
    assert len(b"late\n") == reading.events[2]


@pytest.mark.invariant(9)
def test_a_log_that_begins_like_its_copy_again_is_no_torn_one(log, follow_running):
    """A few bytes of a line say nothing, as all lines begin alike: what was read of the log is not read of its copy."""
    write(log, "alike 1", "alike 2")
    reading = follow_running(log)
    assert ["alike 1", "alike 2"] == reading.poll()
    copy_truncate(log, "a.log.1")
    append(log, "alike ")
    assert [] == reading.poll()
    append(log, "3\n")
    assert ["alike 3"] == reading.poll()


def test_a_hole_left_by_a_writer_without_append_is_passed_over(log, follow):
    """NUL bytes before a line are no line, however many there are."""
    write(log, "one", "two")
    reading = follow(log, line_bytes=100)
    reading.poll()
    with log.open("r+b") as writer:
        writer.truncate(0)
        writer.seek(1 << 18)
        writer.write(b"three\n")
    assert ["three"] == [line.lstrip("\0") for line in reading.poll()]
    assert 0 == reading.too_long


def test_the_same_lines_again_after_a_truncation_are_new(log, follow_running):
    """A few lines that are written again are no torn tail while nobody restarted."""
    lines = ["one"] * 500
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    write(log, *lines)
    reading.poll()
    log.write_text("one\none\n")
    assert ["one", "one"] == reading.poll()


@pytest.mark.invariant(7)
def test_a_backlog_that_is_taken_back_holds_up_no_start(log, follow_running):
    """What was there at the start and is no more need not be waited for, also when the log grows again."""
    append(log, "one\ntwo, which is never finished")
    reading = follow_running(log)
    reading.follower.scan()
    reading.follower.aim()
    assert ["one"] == reading.read()
    cut(log, 4)
    reading.poll()
    assert 0 == reading.follower.backlog()
    append(log, "three, which is not finished yet")
    reading.follower.scan()
    assert 0 == reading.follower.backlog()


@pytest.mark.invariant(9)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_line_begun_anew_after_it_was_taken_back_leaves_the_file_known(log, follow, ending):
    """What followed the last newline is none of the bytes by which a file is known."""
    append(log, "one\ntwo, which is never finished")
    reading = follow(f"{log}*")
    assert ["one"] == reading.poll()
    cut(log, 4)
    write(log, "three")
    assert ["three"] == reading.poll()
    old = log.rename(log.with_name("a.log.1"))
    write(log, "four")
    if ending:
        compress(old)
    assert ["four"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_partial_line_taken_back_before_a_copy_is_made_leaves_the_copy_known(log, follow):
    """The copy has all that was read."""
    append(log, "one\ntwo, which is never finished")
    reading = follow(log)
    assert ["one"] == reading.poll()
    cut(log, 4)
    copy_truncate(log, "a.log.1")
    write(log, "three")
    assert ["three"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_partial_line_taken_back_beside_a_backup_leaves_one_log(log, follow_running):
    """What is left is the beginning of what the backup has, and no new log."""
    append(log, "one\ntwo, which is never finished")
    reading = follow_running(log)
    reading.follower.scan()
    log.with_name("a.log.bak").write_bytes(log.read_bytes())
    reading.follower.scan()
    cut(log, 4)
    assert ["one"] == reading.poll()


@pytest.mark.invariant(8)
def test_a_partial_line_taken_back_before_anything_was_read_is_all_that_is_lost(log, follow_running):
    """Whole lines before it stand, and the file is the same."""
    append(log, "one\ntwo, which is never finished")
    reading = follow_running(log)
    reading.follower.scan()
    cut(log, 4)
    assert ["one"] == reading.poll()
    assert (0, 1, len("two, which is never finished")) == reading.events


@pytest.mark.invariant(8)
def test_a_rotation_after_a_truncation_is_counted(log, follow_running):
    """One event of each kind."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    log.write_text("two\n")
    assert ["two"] == reading.poll()
    log.rename(log.with_name("a.log.1"))
    assert [] == reading.poll()
    assert (1, 1, 0) == reading.events


@pytest.mark.invariant(9)
def test_a_log_that_lost_its_tail_beside_a_backup_is_not_read_again(log, follow):
    """The backup has what was lost, all of which was read; what is left is its beginning, and no new log."""
    write(log, *LONG)
    reading = follow(log)
    assert LONG == reading.poll()
    log.with_name("a.log.bak").write_bytes(log.read_bytes())
    assert [] == reading.poll()
    cut(log, 3 * 903)
    assert [] == reading.poll()
    write(log, "new")
    assert ["new"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_copy_made_over_the_one_before_is_read_once(log, follow):
    """As `cp a.log a.log.1` makes it, time after time: the same file has another content."""
    reading = follow(f"{log}*")
    for number in range(4):
        write(log, f"first {number}")
        assert [f"first {number}"] == reading.poll()
        write(log, f"last {number}")
        log.with_name("a.log.1").write_bytes(log.read_bytes())
        log.write_bytes(b"")
        assert [f"last {number}"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_log_of_lines_that_end_alike_is_known_by_its_beginning(log, follow):
    """Truncated and grown to the same place, it differs only at its beginning."""
    reading = follow(log)
    for number in range(3):
        line = f"{number} {'x' * 5000}"
        log.write_text(f"{line}\n")
        assert [line] == reading.poll()


@pytest.mark.invariant(8)
def test_what_a_shorter_copy_lacks_is_lost_and_counted(log, follow_running):
    """Where the file itself was deleted unread."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    log.with_name("a.log.1").write_bytes(log.read_bytes())
    write(log, "two")
    reading.follower.scan()
    log.unlink()
    reading.restart()
    assert [] == reading.poll()
    assert (1, 0, 4) == reading.events


@pytest.mark.invariant(9)
def test_a_copy_that_was_seen_empty_is_known_when_the_log_is_truncated_before_the_next_look(log, follow_running):
    """What became of the log is noticed while it is read, and what became of the copy is not known yet."""
    write(log, "one", "two")
    reading = follow_running(log)
    assert ["one", "two"] == reading.poll()
    copy = log.with_name("a.log.1")
    copy.touch()
    write(log, "three")
    reading.follower.scan()
    write(log, "four")
    copy.write_bytes(log.read_bytes())
    log.write_bytes(b"")
    write(log, "five")
    assert ["three", "four", "five"] == reading.read() + reading.poll()
    assert [] == reading.poll()


@pytest.mark.invariant(8, 9)
@pytest.mark.parametrize("size", [10, 1000])
def test_a_copy_without_the_last_lines_that_were_read_is_not_read_again(log, follow, size):
    """Lines were written, and read, after the copy was made; nobody had looked at the copy before the truncation."""
    lines = [f"{number} {'x' * size}" for number in range(3)]
    write(log, *lines)
    reading = follow(log)
    assert lines == reading.poll()
    before = log.read_bytes()
    write(log, "late")
    assert ["late"] == reading.poll()
    log.with_name("a.log.1").write_bytes(before)
    log.write_bytes(b"")
    write(log, "next")
    assert ["next"] == reading.poll()
    assert [] == reading.poll()


@pytest.mark.invariant(8, 9)
def test_what_was_written_after_the_look_is_not_read_before_the_next(log, follow_running):
    """It may come after a copy that nobody has seen yet, which would no longer hold all that was read."""
    write(log, "one", "two")
    reading = follow_running(log)
    reading.follower.scan()
    shutil.copyfile(log, log.with_name("a.log.1"))
    write(log, "late")
    assert ["one", "two"] == reading.read()
    log.write_bytes(b"")
    write(log, "next")
    assert ["next"] == reading.poll()
    assert [] == reading.poll()
