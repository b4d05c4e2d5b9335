"""A failure to look or to read is not absence, and drops nothing. RELIABILITY invariant 14."""

import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.follow.reading import Reading, append, compress, copy_truncate, failing, write

pytestmark = pytest.mark.invariant(14)

WITHOUT_DESCRIPTORS = """
import os, resource, sys
from pathlib import Path
from tests.follow.reading import Reading, write

folder = Path(sys.argv[1])
logs = [folder / name for name in ("a.log", "b.log", "c.log")]
for log in logs:
    write(log.with_name(log.name + ".1"), f"{log.name} old")
    write(log, f"{log.name} 1")
reading = Reading(folder / "*.log*")
assert 6 == len(reading.poll())
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

for number in range(2, 5):
    if number == 3:
        reading.restart()
    for log in logs:
        write(log, f"{log.name} {number}")
    logs[1].rename(folder / f"b.log.{number}")
    write(logs[1], f"b.log new {number}")
    first = os.open("/dev/null", os.O_RDONLY)
    os.close(first)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first, hard))
    lines = [line for _ in range(4) for line in reading.poll()]
    assert reading.unfollowed, "nothing failed"
    assert set(reading.unfollowed.values()) == {"error"}, reading.unfollowed
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for _ in range(3):
        lines += reading.poll()
    expected = [f"{log.name} {number}" for log in logs] + [f"b.log new {number}"]
    assert sorted(expected) == sorted(lines), lines
    assert {} == reading.unfollowed
assert (3, 0, 0) == reading.events, reading.events
"""


def test_running_out_of_descriptors_drops_nothing(tmp_path):
    """Neither in a process that holds its files open nor in one that just started, through a rotation."""
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_DESCRIPTORS, tmp_path], cwd=root, capture_output=True, text=True
    )
    assert ("", 0) == (run.stderr, run.returncode)


def rotate(log):
    log.rename(log.with_name("a.log.1"))
    write(log, "new")


def rotate_twice(log):
    log.rename(log.with_name("a.log.2"))
    write(log, "between")
    rotate(log)


def compress_at_once(log):
    rotate(log)
    compress(log.with_name("a.log.1"))


def copy_and_truncate(log):
    copy_truncate(log, "a.log.1")
    write(log, "new")


def save_with_an_editor(log):
    other = log.with_name("other")
    other.write_bytes(log.read_bytes())
    write(other, "new")
    other.rename(log)


def save_and_rotate(log):
    save_with_an_editor(log)
    log.rename(log.with_name("a.log.1"))


def grow(log):
    write(log, "new")


def come_back(log):
    other = log.with_name("elsewhere")
    other.mkdir()
    log.rename(other / "a.log")
    write(other / "a.log", "new")
    (other / "a.log").rename(log)


def truncate(log):
    """The unread line is lost."""
    log.write_bytes(b"")
    write(log, "new")


BEFALLS = [
    grow,
    rotate,
    rotate_twice,
    compress_at_once,
    copy_and_truncate,
    save_with_an_editor,
    save_and_rotate,
    come_back,
    truncate,
]


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarting"])
@pytest.mark.parametrize("rotated", [False, True], ids=["alone", "beside an old one"])
@pytest.mark.parametrize("call", ["open", "pread", "fstat", "scandir", "stat"])
@pytest.mark.parametrize("befall", BEFALLS)
def test_whatever_befalls_a_log_while_looks_fail_is_read_once(tmp_path, befall, call, rotated, restarts):
    """Whichever call of a look is the first that fails, and however many looks fail."""
    for after, times in itertools.product(range(16), (1, 3)):
        folder = tmp_path / f"{after} {times}"
        folder.mkdir()
        log = folder / "a.log"
        if rotated:
            write(log.with_name("a.log.7"), "old")
        write(log, "one")
        reading = Reading(f"{log}*")
        assert "one" in reading.poll()
        write(log, "two")
        befall(log)
        lines = []
        for _ in range(times):
            if restarts:
                reading.restart()
            with failing(call, errno.EIO, after):
                reading.follower.scan()
                pieces = list(reading.follower.pieces())
            lines += [line for piece in pieces for line in reading.take(piece)]
        for _ in range(3):
            lines += reading.poll()
        expected = {"two", "new"} | ({"between"} if befall is rotate_twice else set())
        assert sorted(expected - ({"two"} if befall is truncate else set())) == sorted(lines), (after, times)
        assert {} == reading.unfollowed
        reading.follower.close()


def test_history_stays_history_though_its_end_cannot_be_found(log, follow):
    """A file that could not be skipped is none that is to be read."""
    write(log.with_name("a.log.1"), *["history"] * 9)
    write(log, "one")
    for after in range(30):
        reading = follow(log)
        with failing("pread", errno.EIO, after):
            reading.follower.scan()
        assert ["one"] == reading.poll()


@pytest.mark.parametrize("call", ["stat", "open", "pread", "fstat"])
def test_a_copy_that_was_seen_empty_is_no_new_file_because_it_cannot_be_compared(tmp_path, call):
    """It is compared by the next look, though nobody writes to it any more."""
    for after in range(12):
        (tmp_path / str(after)).mkdir()
        log = tmp_path / str(after) / "a.log"
        write(log, "one")
        reading = Reading(log)
        assert ["one"] == reading.poll()
        log.with_name("a.log.1").touch()
        assert [] == reading.poll()
        write(log, "two")
        log.with_name("a.log.1").write_bytes(log.read_bytes())
        with failing(call, errno.EIO, after):
            reading.follower.scan()
            pieces = list(reading.follower.pieces())
        lines = [line for piece in pieces for line in reading.take(piece)]
        assert ["two"] == lines + reading.poll() + reading.poll(), after
        reading.follower.close()


def test_a_descriptor_is_closed_once_wherever_reading_fails(tmp_path, monkeypatch):
    """By the second time another thread may have it, for a client perhaps."""
    real, refused = os.close, []

    def close(descriptor):
        try:
            real(descriptor)
        except OSError as error:
            refused.append(error)

    monkeypatch.setattr(os, "close", close)
    for after in range(16):
        (tmp_path / str(after)).mkdir()
        log = tmp_path / str(after) / "a.log"
        write(log, "one")
        reading = Reading(log)
        with failing("pread", errno.EIO, after):
            reading.poll()
        rotate(log)
        with failing("pread", errno.EIO, after):
            reading.poll()
        reading.poll()
        reading.follower.close()
        assert [] == refused, after


def test_a_file_that_is_gone_is_read_when_reading_succeeds_again(log, follow_running):
    """It is not let go of because of a failure, as nothing leads to it any more."""
    write(log, "one")
    reading = follow_running(log)
    reading.poll()
    append(log, "two\n")
    log.unlink()
    reading.follower.scan()
    for _ in range(3):
        with failing("pread", errno.EIO):
            reading.follower.scan()
            assert [] == list(reading.follower.pieces())
    assert ["two"] == reading.poll()


def test_a_new_log_with_the_inode_of_a_copy_is_read_though_it_could_not_be_opened_at_first(tmp_path, follow_running):
    """What cannot be opened is not taken for the copy that is gone."""
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    copy = log.with_name("a.log.1")
    write(log, "one")
    reading = follow_running(log, other)
    reading.poll()
    for number in range(20):
        copy.write_bytes(log.read_bytes())
        assert [] == reading.poll()
        inode = copy.stat().st_ino
        copy.unlink()
        write(other, f"two {number}")
        with failing("pread", errno.EIO):
            reading.follower.scan()
        assert [f"two {number}"] == reading.poll()
        if inode == other.stat().st_ino:
            break
        other.unlink()
        reading.poll()
    assert inode == other.stat().st_ino


@pytest.mark.parametrize("call", ["scandir", "stat"])
def test_a_rotation_that_a_look_could_not_see_is_seen_by_the_next(tmp_path, follow_running, call):
    """Though nothing changes between the two."""
    link = tmp_path / "latest.log"
    (tmp_path / "run-0").touch()
    link.symlink_to("run-0")
    reading = follow_running(link)
    reading.poll()
    for number in range(1, 9):
        write(tmp_path / f"run-{number}", f"line {number}")
        link.unlink()
        link.symlink_to(f"run-{number}")
        with failing(call, errno.EIO, number - 1):
            reading.follower.scan()
        assert [f"line {number}"] == reading.poll()
        assert (number, 0, 0) == reading.events


def test_a_rename_that_a_look_could_not_see_is_seen_by_the_next(log, follow_running):
    """Also where no other file takes the place."""
    reading = follow_running(log)
    for number in range(1, 9):
        write(log, f"line {number}")
        assert [f"line {number}"] == reading.poll()
        log.rename(log.with_name(f"kept {number}"))
        with failing("stat", errno.EIO, number - 1):
            reading.follower.scan()
        assert [] == reading.poll()
        assert (number, 0, 0) == reading.events


def test_an_archive_is_no_copy_because_the_file_cannot_be_compared(tmp_path):
    """An editor saved a log that was not read yet, and what it saved was rotated and compressed."""
    for after in range(30):
        (tmp_path / str(after)).mkdir()
        log = tmp_path / str(after) / "a.log"
        write(log, "one" * 300_000)
        reading = Reading(log)
        reading.follower.scan()
        save_and_rotate(log)
        compress(log.with_name("a.log.1"))
        with failing("pread", errno.EIO, after):
            reading.follower.scan()
            pieces = list(reading.follower.pieces())
        lines = [line for piece in pieces for line in reading.take(piece)]
        assert ["one" * 300_000, "new"] == lines + reading.poll() + reading.poll()
        reading.follower.close()
