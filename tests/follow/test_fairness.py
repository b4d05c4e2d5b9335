"""Many logs at a time: none holds up another, and what is held open is bounded. RELIABILITY invariants 12 and 13."""

import os

import pytest

from exporter.follow import descriptors
from exporter.follow.file import CHUNK_BYTES
from tests.follow.reading import write


def open_files():
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(descriptors, "OPEN_FILES", 5)


@pytest.mark.invariant(12)
def test_a_backlog_holds_up_no_other_log(tmp_path, follow_running):
    """Each round gives one chunk of every log."""
    write(tmp_path / "large.log", *("x" * 999 for _ in range(1000)))
    write(tmp_path / "small.log", "one")
    reading = follow_running(tmp_path / "*.log")
    reading.follower.scan()
    sizes = {}
    for piece in reading.follower.pieces():
        sizes[piece.log] = len(piece.chunk.data)
        piece.take()
    assert {str(tmp_path / "large.log"), str(tmp_path / "small.log")} == set(sizes)
    assert CHUNK_BYTES >= max(sizes.values())


@pytest.mark.invariant(12)
def test_a_new_log_is_found_while_a_backlog_is_read(tmp_path, follow_running):
    """The next look finds it, however much is left of the others."""
    write(tmp_path / "large.log", *("x" * 999 for _ in range(1000)))
    reading = follow_running(tmp_path / "*.log")
    reading.follower.scan()
    next(reading.follower.pieces()).take()
    write(tmp_path / "new.log", "one")
    reading.follower.scan()
    assert b"one\n" in [piece.chunk.data for piece in reading.follower.pieces()]


def test_the_files_of_one_log_are_read_in_order(log, follow):
    """Its newest file waits until the older ones are read."""
    old = [f"old {number} {'x' * 900}" for number in range(200)]
    write(log.with_name("a.log.1"), *old)
    write(log, "new")
    assert [*old, "new"] == follow(f"{log}*").poll()


@pytest.mark.invariant(13)
def test_so_many_files_are_open_and_no_more(tmp_path, few, follow):
    """Files beyond the bound are opened to be read and closed again."""
    before = open_files()
    paths = [tmp_path / f"{number}.log" for number in range(20)]
    for path in paths:
        write(path, f"{path.name} 0")
    reading = follow(tmp_path / "*.log")
    for number in range(1, 6):
        assert {f"{path.name} {number - 1}" for path in paths} == set(reading.poll())
        assert before + 5 >= open_files()
        for path in paths:
            write(path, f"{path.name} {number}")
    assert (0, 0, 0) == reading.events


@pytest.mark.invariant(9)
def test_a_closed_file_is_verified_when_it_is_opened_again(tmp_path, few, follow):
    """It may have been renamed, replaced or truncated meanwhile."""
    paths = [tmp_path / f"{number:02}.log" for number in range(20)]
    for path in paths:
        write(path, f"{path.name} 0")
    reading = follow(tmp_path / "*.log")
    assert 20 == len(reading.poll())
    expected = []
    for number, path in enumerate(paths):
        write(path, f"{path.name} 1")
        if number % 4 == 0:
            path.rename(path.with_name(f"{path.name}.1"))
            write(path, f"{path.name} 2")
            expected += [f"{path.name} 1", f"{path.name} 2"]
        elif number % 4 == 1:
            path.unlink()
            write(path, f"{path.name} 3")
            expected.append(f"{path.name} 3")
        elif number % 4 == 2:
            path.write_text(f"{path.name}\n")
            expected.append(path.name)
        else:
            expected.append(f"{path.name} 1")
    optional = {f"{path.name} 1" for path in paths[1::4]}
    assert sorted(expected) == sorted(line for line in reading.poll() if line not in optional)
    assert [] == reading.poll()


@pytest.mark.invariant(9)
def test_files_that_are_gone_stay_open_until_they_are_read(tmp_path, few, follow_running):
    """Nothing of them could be read otherwise."""
    paths = [tmp_path / f"{number:02}.log" for number in range(5)]
    for path in paths:
        write(path, *(f"{path.name} {number} {'x' * 900}" for number in range(100)))
    reading = follow_running(tmp_path / "*.log")
    reading.follower.scan()
    for path in paths:
        path.unlink()
    for number in range(10):
        write(tmp_path / f"new {number}.log", "new")
    assert 510 == len(reading.poll())


@pytest.mark.invariant(13)
def test_two_thousand_logs_are_followed(tmp_path, follow_running):
    """A process may open a thousand files as a rule."""
    before = open_files()
    for number in range(2000):
        write(tmp_path / f"{number}.log", f"line {number}")
    reading = follow_running(tmp_path / "*.log")
    assert 2000 == len(reading.poll())
    assert descriptors.OPEN_FILES >= open_files() - before
    assert 2000 == len(reading.follower.paths())
