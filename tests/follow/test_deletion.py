"""A log that goes, and one that comes back."""

import os

import pytest

from exporter.follow import follower
from tests.disk import kind
from tests.follow.reading import append, write


def until_given_up(reading):
    for _ in range(3):
        assert [] == reading.poll()


@pytest.mark.invariant(9)
def test_a_deleted_file_is_read_to_its_end(log, follow_running):
    """As long as it is open its bytes can be read."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    with log.open("ab", buffering=0) as writer:
        writer.write(b"two\n")
        log.unlink()
        assert ["two"] == reading.poll()
        writer.write(b"three\n")
        assert ["three"] == reading.poll()
    until_given_up(reading)
    assert [] == reading.follower.paths()
    assert (1, 0, 0) == reading.events


@pytest.mark.invariant(8)
def test_what_was_deleted_unread_is_lost_and_counted(log, follow_running):
    """What was seen and cannot be read after a restart is a loss, counted once."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    write(log, "two")
    reading.follower.scan()
    log.unlink()
    reading.restart()
    until_given_up(reading)
    assert (1, 0, 4) == reading.events


@pytest.mark.invariant(8)
def test_a_deletion_is_one_event(log, follow):
    """However long the log stays away, and whatever comes after it."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    log.unlink()
    reading.poll()
    write(log, "two")
    assert ["two"] == reading.poll()
    until_given_up(reading)
    assert (1, 0, 0) == reading.events


@pytest.mark.invariant(9)
def test_a_new_file_with_the_inode_of_a_deleted_one_is_new(log, follow):
    """File systems hand a freed inode out again at once."""
    write(log, "one", "two")
    reading = follow(log)
    reading.poll()
    log.unlink()
    until_given_up(reading)
    for number in range(5):
        write(log, f"three {number}", "four")
        assert [f"three {number}", "four"] == reading.poll()
        log.unlink()
        reading.poll()


@pytest.mark.invariant(9)
def test_an_inode_that_was_handed_out_between_two_runs_is_another_file(log, follow_running):
    """Also where the new file has the old one's name, size and first bytes."""
    preamble = "x" * 2000
    write(log, f"{preamble} one")
    reading = follow_running(log)
    for number in range(20):
        reading.poll()
        inode = log.stat().st_ino
        reading.restart()
        log.unlink()
        write(log, f"{preamble} {number:03}")
        assert [f"{preamble} {number:03}"] == reading.poll()
        if inode == log.stat().st_ino:
            break
    assert inode == log.stat().st_ino


@pytest.mark.invariant(9)
def test_an_inode_that_goes_from_the_oldest_file_to_the_newest_is_another_file(log, follow):
    """A chain of rotations frees one inode and asks for one."""
    reading = follow(f"{log}*")
    for number in range(8):
        write(log, f"line {number}")
        assert [f"line {number}"] == reading.poll()
        log.with_name("a.log.2").unlink(missing_ok=True)
        for older in (1, 0):
            path = log.with_name(f"a.log.{older}") if older else log
            if path.exists():
                path.rename(log.with_name(f"a.log.{older + 1}"))


@pytest.mark.invariant(9)
def test_a_log_that_comes_back_is_read_on(log, follow):
    """A file that was away is known when it returns, long after it was given up."""
    write(log, "one")
    reading = follow(log)
    reading.poll()
    away = log.parent / "away"
    away.mkdir()
    log.rename(away / "a.log")
    until_given_up(reading)
    write(away / "a.log", "two")
    (away / "a.log").rename(log)
    assert ["two"] == reading.poll()
    assert [] == reading.poll()


@pytest.mark.invariant(9)
def test_a_log_made_anew_is_read_from_its_beginning(log, follow):
    """It is another file with the same name, though it says the same."""
    write(log, "one")
    reading = follow(log)
    for _ in range(3):
        assert ["one"] == reading.poll()
        log.unlink()
        until_given_up(reading)
        write(log, "one")


def test_a_folder_that_is_deleted_and_made_anew_is_followed(tmp_path, follow):
    """Files of a folder that is gone are gone."""
    log = tmp_path / "run" / "a.log"
    reading = follow(tmp_path / "*" / "a.log", log)
    for number in range(3):
        log.parent.mkdir()
        write(log, f"line {number}")
        assert [f"line {number}"] == reading.poll()
        log.unlink()
        log.parent.rmdir()
        until_given_up(reading)
        assert 0 == reading.follower.lag()
        assert [] == reading.follower.paths()


@pytest.mark.invariant(9)
def test_an_editor_that_replaces_the_file_goes_on_where_it_was(log, follow):
    """Written beside it and renamed over it, with the old content and more."""
    write(log, "one", "two")
    reading = follow(log)
    reading.poll()
    new = log.with_name("a.log.tmp")
    new.write_bytes(log.read_bytes() + b"three\n")
    new.rename(log)
    assert ["three"] == reading.poll()
    write(log, "four")
    assert ["four"] == reading.poll()
    assert (0, 0, 0) == reading.events


@pytest.mark.invariant(9)
def test_an_editor_that_keeps_a_backup_goes_on_where_it_was(log, follow):
    """The old file beside it is not read again, also where the patterns match it."""
    write(log, "one", "two")
    reading = follow(f"{log}*")
    reading.poll()
    content = log.read_bytes()
    log.rename(log.with_name("a.log~"))
    log.write_bytes(content + b"three\n")
    assert ["three"] == reading.poll()
    log.with_name("a.log~").rename(log.with_name("a.log~1~"))
    assert [] == reading.poll()
    log.with_name("a.log~1~").unlink()
    write(log, "four")
    assert ["four"] == reading.poll()


@pytest.mark.invariant(9)
def test_an_editor_that_replaces_an_unread_file_loses_nothing(log, follow_running):
    """What was not read of the old file is read of the new one."""
    write(log, "one", "two")
    reading = follow_running(log)
    reading.follower.scan()
    new = log.with_name("a.log.tmp")
    new.write_bytes(log.read_bytes() + b"three\n")
    new.rename(log)
    assert ["one", "two", "three"] == reading.poll()


@pytest.mark.invariant(9)
def test_an_unread_file_that_is_replaced_by_one_that_begins_alike_is_read(log, follow_running):
    """An equal head alone does not make two files one."""
    preamble = "x" * 2000
    write(log, f"{preamble} one", f"{preamble} two")
    reading = follow_running(log)
    reading.follower.scan()
    log.unlink()
    write(log, f"{preamble} three", f"{preamble} four", f"{preamble} five")
    assert ["one", "two", "three", "four", "five"] == [line[2001:] for line in reading.poll()]


def test_only_so_many_deserted_logs_are_remembered(tmp_path, follow_running):
    """What is stored does not grow with every file that ever was."""
    reading = follow_running(tmp_path / "*.log")
    for number in range(3 * follower.DESERTED_LOGS):
        path = tmp_path / f"{number}.log"
        write(path, f"line {number}")
        assert [f"line {number}"] == reading.poll()
        path.unlink()
    until_given_up(reading)
    assert follower.DESERTED_LOGS == len(reading.follower.stored().logs)
    assert 0 == len(os.listdir(tmp_path))


def test_no_descriptor_is_left_open(tmp_path, follow_running):
    """What was given up or closed holds nothing."""
    before = len(os.listdir("/proc/self/fd"))
    reading = follow_running(tmp_path / "*")
    for number in range(20):
        append(tmp_path / f"{number}.log", "one\n")
        reading.poll()
        (tmp_path / f"{number}.log").unlink()
    until_given_up(reading)
    assert before == len(os.listdir("/proc/self/fd"))
    write(tmp_path / "last.log", "one")
    reading.poll()
    reading.follower.close()
    assert before == len(os.listdir("/proc/self/fd"))


@pytest.mark.invariant(8)
def test_a_deletion_before_a_restart_is_one_event(log, follow_running):
    """What was counted before is not counted again, whether the file was still open or not."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    log.unlink()
    reading.follower.scan()
    assert (1, 0, 0) == reading.events
    reading.restart()
    until_given_up(reading)
    assert (1, 0, 0) == reading.events


@pytest.mark.invariant(9)
def test_a_freed_inode_is_handed_out_again(tmp_path):
    """What the tests of inodes rest on: other file systems hand out others, and prove less."""
    path, inodes = tmp_path / "a", []
    for number in range(100):
        path.write_text(str(number))
        inodes.append(path.stat().st_ino)
        path.unlink()
    if kind(tmp_path.resolve()) in {"ext2", "ext3", "ext4", "xfs"}:
        assert len(set(inodes)) < len(inodes)


@pytest.mark.invariant(8)
def test_a_rotated_file_that_goes_and_leaves_its_inode_to_the_log_is_no_rotation(log, follow_running):
    """The new file at the path never was the old one."""
    old = log.with_name("a.log.1")
    for number in range(20):
        write(old, f"old {number}")
        reading = follow_running(f"{log}*")
        reading.poll()
        inode = old.stat().st_ino
        old.unlink()
        reading.restart()
        write(log, f"new {number}")
        assert [f"new {number}"] == reading.poll()
        assert (0, 0, 0) == reading.events
        if inode == log.stat().st_ino:
            break
        log.unlink()
    assert inode == log.stat().st_ino


@pytest.mark.invariant(9)
def test_an_inode_that_goes_to_another_log_makes_it_no_rotation_of_the_first(tmp_path, follow_running, monkeypatch):
    """Where the file system tells no generations the content does."""
    monkeypatch.setattr("exporter.follow.reader._generation", lambda _: None)
    one, two = tmp_path / "a.log", tmp_path / "b.log"
    for number in range(20):
        write(one, f"one {number}")
        reading = follow_running(tmp_path / "*.log")
        assert [f"one {number}"] == reading.poll()
        inode = one.stat().st_ino
        one.unlink()
        reading.restart()
        write(two, f"two {number}")
        assert [f"two {number}"] == reading.poll()
        assert str(two) == reading.logs[-1]
        if inode == two.stat().st_ino:
            break
        two.unlink()
    assert inode == two.stat().st_ino


@pytest.mark.invariant(9)
def test_a_log_that_comes_back_beside_its_unread_copy_is_read_once(log, follow_running):
    """The copy was all that there was; the log has the same lines."""
    write(log, "one")
    reading = follow_running(log)
    reading.follower.scan()
    log.with_name("a.log.bak").write_bytes(log.read_bytes())
    reading.follower.scan()
    away = log.rename(log.with_name("away"))
    (log.parent / "elsewhere").mkdir()
    away = away.rename(log.parent / "elsewhere" / "a.log")
    reading.restart()
    reading.follower.scan()
    away.rename(log)
    assert ["one"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_log_that_comes_back_after_its_copy_was_read_and_deleted_is_read_once(log, follow_running):
    """What was reached in the copy was reached in the log."""
    write(log, "one")
    reading = follow_running(log)
    reading.follower.scan()
    copy = log.with_name("a.log.bak")
    copy.write_bytes(log.read_bytes())
    reading.follower.scan()
    (log.parent / "elsewhere").mkdir()
    away = log.rename(log.parent / "elsewhere" / "a.log")
    reading.restart()
    assert ["one"] == reading.poll()
    copy.unlink()
    until_given_up(reading)
    write(away, "two")
    away.rename(log)
    assert ["two"] == reading.poll()


@pytest.mark.invariant(9)
def test_an_editor_that_saves_beside_a_longer_backup_goes_on_in_what_it_saved(log, follow_running):
    """What is at the path is the log, however much more a copy has."""
    append(log, "one\ntwo, which is never finished, and is taken back")
    reading = follow_running(log)
    assert ["one"] == reading.poll()
    log.with_name("a.log.bak").write_bytes(log.read_bytes())
    reading.poll()
    reading.restart()
    new = log.with_name("new")
    write(new, "one", "three")
    new.rename(log)
    assert ["three"] == reading.poll()
    assert (0, 0) == reading.events[:2]
