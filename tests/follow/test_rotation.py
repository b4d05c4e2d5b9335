"""A log whose file is renamed, and another one that takes its place."""

import os
from contextlib import contextmanager

import pytest

from exporter.follow.file import RECENT_MARKERS
from tests.follow.reading import append, compress, copy_truncate, write

pytestmark = pytest.mark.invariant(9)


def rotate(log, name="a.log.1"):
    return log.rename(log.with_name(name))


@pytest.mark.parametrize("name", ["a.log.1", "a.log-20260131", "a.log.2026-01-31_12", "a.log.old", "kept", ".hidden"])
def test_a_renamed_file_is_read_to_its_end(log, follow, name):
    """Lines that come between the last read and the rename count, under whatever name."""
    write(log, "one")
    reading = follow(log)
    assert ["one"] == reading.poll()
    write(log, "two")
    rotate(log, name)
    write(log, "three")
    assert ["two", "three"] == reading.poll()
    assert {str(log)} == set(reading.logs)
    assert (1, 0, 0) == reading.events


def test_the_writer_may_keep_writing_to_the_renamed_file(log, follow):
    """A writer that was not told of the rotation loses nothing, for as long as it takes."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    old = rotate(log)
    for number in range(5):
        write(old, f"old {number}")
        assert [f"old {number}"] == reading.poll()
    log.touch()
    assert [] == reading.poll()
    for number in range(5):
        write(old, f"older {number}")
        write(log, f"new {number}")
        assert [f"older {number}", f"new {number}"] == reading.poll()
    assert (1, 0, 0) == reading.events


def test_a_writer_may_keep_writing_through_several_rotations(log, follow):
    """A file that was done is read on when it has grown."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    for number in range(1, 5):
        for older in range(number - 1, 0, -1):
            log.with_name(f"a.log.{older}").rename(log.with_name(f"a.log.{older + 1}"))
        rotate(log)
        log.touch()
        write(log.with_name(f"a.log.{number}"), f"late {number}")
        assert [f"late {number}"] == reading.poll()
    assert (4, 0, 0) == reading.events


def test_a_chain_of_rotations_is_read_in_order(log, follow):
    """Names go from .1 to .2 while files stay what they are."""
    reading = follow(log)
    for number in range(6):
        write(log, f"{number} first")
        assert [f"{number} first"] == reading.poll()
        write(log, f"{number} last")
        for older in range(3, 0, -1):
            path = log.with_name(f"a.log.{older}")
            if path.exists():
                path.rename(log.with_name(f"a.log.{older + 1}"))
        rotate(log)
        assert [f"{number} last"] == reading.poll()
    assert (6, 0, 0) == reading.events


def test_files_that_were_born_and_rotated_between_two_polls_are_read(log, follow):
    """Siblings that nobody saw at the path are read from their beginning, oldest first, once."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    write(log, "two")
    rotate(log, "a.log.3")
    for number in (2, 1):
        write(log, f"unseen {number}")
        rotate(log, f"a.log.{number}")
    write(log, "last")
    assert ["two", "unseen 2", "unseen 1", "last"] == reading.poll()
    assert [] == reading.poll()
    assert {str(log)} == set(reading.logs)


def test_an_unseen_file_that_was_compressed_is_read(log, follow):
    """It makes no difference that a sibling came compressed."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    write(log, "two")
    rotate(log, "a.log.2")
    write(log, "unseen")
    compress(rotate(log))
    write(log, "last")
    assert ["two", "unseen", "last"] == reading.poll()


def test_rotated_files_outside_the_patterns_are_history_at_first(log, follow):
    """What was rotated before the first look is not read; what is written to it afterwards is."""
    write(log.with_name("a.log.2"), "history 2")
    write(log.with_name("a.log.1"), "history 1")
    write(log, "one")
    reading = follow(log)
    assert ["one"] == reading.poll()
    rotate(log.with_name("a.log.2"), "a.log.3")
    rotate(log.with_name("a.log.1"), "a.log.2")
    rotate(log)
    write(log, "two")
    assert ["two"] == reading.poll()
    write(log.with_name("a.log.2"), "late")
    rotate(log, "a.log-20260131")
    assert ["late"] == reading.poll()


def test_however_much_history_there_is_none_of_it_is_read(log, follow):
    """A folder may keep more rotated files than anyone wants to remember."""
    for number in range(50):
        write(log.with_name(f"a.log.{number + 1}"), f"history {number}")
    for number in range(50):
        write(log.with_name(f"a.log.{number + 100}"), f"compressed {number}")
        compress(log.with_name(f"a.log.{number + 100}"))
    write(log, "one")
    reading = follow(log)
    assert ["one"] == reading.poll()
    for number in range(3):
        log.with_name(f"unrelated {number}").touch()
        assert [] == reading.poll()


def test_rotated_files_inside_the_patterns_are_read_oldest_first(log, follow):
    """They are parts of one log."""
    for number in (3, 2, 1):
        write(log.with_name(f"a.log.{number}"), f"rotated {number}")
    write(log, "one")
    reading = follow(f"{log}*")
    assert ["rotated 3", "rotated 2", "rotated 1", "one"] == reading.poll()
    assert {str(log)} == set(reading.logs)
    rotate(log, "a.log.0")
    write(log, "two")
    assert ["two"] == reading.poll()
    assert (1, 0, 0) == reading.events


def test_rotated_files_of_a_log_that_is_not_there_are_one_log(log, follow):
    """The patterns tell the log's name although no file has it."""
    write(log.with_name("a.log.2"), "rotated 2")
    write(log.with_name("a.log.1"), "rotated 1")
    reading = follow(log.parent / "**" / "a.log*")
    assert ["rotated 2", "rotated 1"] == reading.poll()
    write(log, "one")
    assert ["one"] == reading.poll()
    assert {str(log)} == set(reading.logs)


def test_shards_with_numbers_are_logs_of_their_own(tmp_path, follow):
    """A number at the end means a rotation only where the patterns would take the name without it."""
    write(tmp_path / "shard.1", "one")
    write(tmp_path / "shard.2", "two")
    reading = follow(tmp_path / "shard.*")
    assert ["one", "two"] == reading.poll()
    write(tmp_path / "shard.1", "three")
    assert ["three"] == reading.poll()
    assert [str(tmp_path / "shard.1"), str(tmp_path / "shard.2"), str(tmp_path / "shard.1")] == reading.logs


def test_all_files_that_match_are_followed_as_they_grow(log, follow):
    """Also those that look like old rotations and have long been done."""
    paths = [log.with_name(f"a.log.{number}") for number in range(6)]
    for path in paths:
        write(path, path.name)
    reading = follow(f"{log}*")
    assert len(paths) == len(reading.poll())
    for path in paths:
        write(path, f"{path.name} grew")
        assert [f"{path.name} grew"] == reading.poll()
    assert sorted(map(str, paths)) == sorted(reading.follower.paths())


def test_a_log_named_anew_within_the_patterns_stays_one_log(tmp_path, follow):
    """A file is who it is, not what it is called."""
    write(tmp_path / "a.log", "one")
    reading = follow(tmp_path / "*.log")
    reading.poll()
    (tmp_path / "a.log").rename(tmp_path / "b.log")
    write(tmp_path / "b.log", "two")
    assert ["two"] == reading.poll()
    write(tmp_path / "a.log", "three")
    assert ["three"] == reading.poll()


def test_a_file_moved_to_another_folder_that_is_followed_is_not_read_twice(tmp_path, follow):
    """It is found again wherever the patterns lead."""
    for folder in ("now", "archive"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "now" / "a.log", "one")
    reading = follow(tmp_path / "**" / "*.log")
    reading.poll()
    (tmp_path / "now" / "a.log").rename(tmp_path / "archive" / "a-1.log")
    for _ in range(4):
        assert [] == reading.poll()
    write(tmp_path / "archive" / "a-1.log", "two")
    assert ["two"] == reading.poll()


def test_a_file_that_was_moved_out_of_sight_is_read_to_its_end(tmp_path, follow_running):
    """An open file can be read wherever it goes."""
    log = tmp_path / "a.log"
    (tmp_path / "elsewhere").mkdir()
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    write(log, "two")
    moved = log.rename(tmp_path / "elsewhere" / "a.log")
    write(log, "three")
    assert ["two", "three"] == reading.poll()
    write(moved, "four")
    assert ["four"] == reading.poll()


def test_logs_that_change_places_are_both_read_once(tmp_path, follow):
    """Two files that swap their names go on where they were."""
    one, two = tmp_path / "a.log", tmp_path / "b.log"
    write(one, "one")
    write(two, "two")
    reading = follow(tmp_path / "*.log")
    reading.poll()
    one.rename(tmp_path / "c")
    two.rename(one)
    (tmp_path / "c").rename(two)
    assert [] == reading.poll()
    write(one, "two more")
    write(two, "one more")
    assert {"one more", "two more"} == set(reading.poll())


def test_equal_beginnings_do_not_confuse_files(log, follow):
    """Files whose first kilobytes are the same are told apart by what follows."""
    preamble = "x" * 3000
    write(log, f"{preamble} one")
    reading = follow(log)
    assert 1 == len(reading.poll())
    write(log, f"{preamble} two")
    rotate(log, "a.log.3")
    write(log, f"{preamble} unseen 2", f"{preamble} unseen again")
    rotate(log, "a.log.2")
    write(log, f"{preamble} unseen 1")
    rotate(log, "a.log.1")
    write(log, f"{preamble} last")
    assert ["two", "unseen 2", "unseen again", "unseen 1", "last"] == [line[3001:] for line in reading.poll()]


def test_the_same_lines_again_after_a_rotation_are_new(log, follow):
    """A new file that happens to say what the old one said is still a new file."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    for name in ("a.log.2", "a.log.1", "kept.log"):
        rotate(log, name)
        write(log, "one")
        assert ["one"] == reading.poll()


def test_a_torn_line_at_the_end_of_a_rotated_file_holds_up_nothing(log, follow):
    """The new file is read while the old one waits for its newline."""
    write(log, "one")
    append(log, "part")
    reading = follow(log)
    assert ["one"] == reading.poll()
    old = rotate(log)
    write(log, "two")
    assert ["two"] == reading.poll()
    append(old, "ial\n")
    assert ["partial"] == reading.poll()


def test_files_that_say_the_same_are_no_copies(log, follow):
    """Neither at the first look nor where several were rotated unseen: copies are made of the file at the path."""
    for number in (3, 2, 1):
        write(log.with_name(f"a.log.{number}"), *["one"] * number)
    write(log, *["one"] * 4)
    reading = follow(f"{log}*")
    assert ["one"] * 10 == reading.poll()
    rotate(log, "a.log.0")
    write(log, "one", "one")
    rotate(log, "a.log-20260131")
    write(log, "one")
    assert ["one"] * 3 == reading.poll()


def know_as_copy(copy, log, reading):
    """Makes a copy that is known for one as long as it is not lost from sight: the log went on, and was emptied."""
    write(log, "one")
    assert ["one"] == reading.poll()
    copy.write_bytes(log.read_bytes())
    assert [] == reading.poll()
    for number in range(RECENT_MARKERS + 2):  # so that nobody remembers where the copy ends
        write(log, f"two {number}")
        assert [f"two {number}"] == reading.poll()
    log.write_bytes(b"")
    write(log, "three")
    assert ["three"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_copy_that_is_renamed_while_we_look_is_no_new_file(log, follow_running, monkeypatch):
    """A listing is older than what stands under its names; what it missed was not gone."""
    copy = log.with_name("a.log.1")
    reading = follow_running(log)
    know_as_copy(copy, log, reading)

    def rotate(path, *, real=os.stat, **kwargs):
        if str(path) == str(copy) and not copy.with_name("a.log.2").exists():
            copy.rename(copy.with_name("a.log.2"))
            copy.write_bytes(log.read_bytes())
        return real(path, **kwargs)

    write(log.with_name("b.log"), "something else comes, so that everything is looked at")
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", rotate)
        assert [] == reading.poll()
    assert copy.with_name("a.log.2").exists()
    assert [] == reading.poll()
    assert [] == reading.poll()


@contextmanager
def renaming(monkeypatch, path, to, *, then):
    """Renames a file when it is about to be opened, once; `then` makes another in its place."""

    def rename(name, *args, real=os.open, **kwargs):
        if str(name) == str(path) and not to.exists():
            path.rename(to)
            then(path)
        return real(name, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", rename)
        yield
    assert to.exists()


@pytest.mark.invariant(9)
@pytest.mark.parametrize("then", [lambda path: None, lambda path: write(path, "three")], ids=["gone", "another"])
def test_a_copy_that_is_renamed_before_it_is_opened_is_read_on_once(log, follow_running, monkeypatch, then):
    """The next rotation comes while it is looked for what a truncated log held."""
    reading = follow_running(log)
    write(log, "one")
    assert ["one"] == reading.poll()
    write(log, "two")
    copy_truncate(log, "a.log.1")
    write(log, "three")
    with renaming(monkeypatch, log.with_name("a.log.1"), log.with_name("a.log.2"), then=then):
        seen = reading.poll()
    assert ["two", "three"] == seen + reading.poll() + reading.poll()
    assert 0 == reading.events[2], "nothing is lost"


@pytest.mark.invariant(9)
def test_a_known_copy_that_is_renamed_before_it_is_opened_stays_known(log, follow_running, monkeypatch):
    """It has another name than when it was known, and gets a third one while it is looked at."""
    first, second, third = (log.with_name(f"a.log.{number}") for number in (1, 2, 3))
    reading = follow_running(log)
    know_as_copy(first, log, reading)
    first.rename(second)
    with renaming(monkeypatch, second, third, then=lambda path: path.write_bytes(log.read_bytes())):
        assert [] == reading.poll()
    assert [] == reading.poll()
    assert [] == reading.poll()
