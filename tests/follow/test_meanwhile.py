"""What befalls a log between two calls of one look. RELIABILITY invariants 8 and 9.

Nothing that was looked up once is still so at the next call: every step happens right before every call, the steps
before it before the look, and those after it at once, or after the look.
"""

import itertools
from functools import partial

import pytest

from tests.follow.reading import Reading, append, compress, meanwhile, write

pytestmark = pytest.mark.invariant(9)


def renamed(log):
    log.rename(log.with_name("a.log.1"))
    yield
    write(log.with_name("a.log.1"), "late")
    yield
    log.touch()
    yield
    write(log, "new")
    yield
    write(log, "newer")


def copied_and_truncated(log):
    copy = log.with_name("a.log.1")
    copy.touch()
    yield
    copy.write_bytes(log.read_bytes())
    yield
    log.write_bytes(b"")
    yield
    write(log, "new")


def copied_truncated_and_compressed(log):
    yield from copied_and_truncated(log)
    yield
    compress(log.with_name("a.log.1"))


def copied_and_truncated_again(log):
    """The first time is over before the look."""
    first = log.with_name("a.log.1")
    first.write_bytes(log.read_bytes())
    log.write_bytes(b"")
    write(log, "between")
    yield
    first.rename(log.with_name("a.log.2"))
    yield
    yield from copied_and_truncated(log)


def saved_with_a_backup(log):
    new = log.with_name(".new")
    new.write_bytes(log.read_bytes())
    write(new, "new")
    yield
    log.rename(log.with_name("a.log~"))
    yield
    new.rename(log)


def moved_and_linked_anew(log):
    """The log is a link from now on."""
    log.rename(log.with_name("run-1"))
    log.symlink_to("run-1")
    yield
    write(log.with_name("run-2"), "new")
    yield
    log.unlink()
    yield
    log.symlink_to("run-2")


BEFALLS = {
    renamed: ["late", "new", "newer"],
    copied_and_truncated: ["new"],
    copied_truncated_and_compressed: ["new"],
    copied_and_truncated_again: ["between", "new"],
    saved_with_a_backup: ["new"],
    moved_and_linked_anew: ["new"],
}
"""What a log may meet with, and the lines that come of it."""
FIRST = {copied_and_truncated_again: 1, moved_and_linked_anew: 1}
"""So many steps are over before the look, where others are not promised to be seen through."""


def go(befalling, many):
    """Takes so many steps, if there are."""
    list(itertools.islice(befalling, many))


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarting"])
@pytest.mark.parametrize("many", [1, 3, 9], ids=["one step", "three steps", "all steps"])
@pytest.mark.parametrize("befall", BEFALLS)
def test_whatever_befalls_a_log_while_it_is_looked_at_is_read_once(tmp_path, befall, many, restarts):
    """Whichever steps come between whichever two calls."""
    (tmp_path / "count").mkdir()
    steps = 1 + sum(1 for _ in befall(written(tmp_path / "count" / "a.log")))
    for first in range(FIRST.get(befall, 0), steps):
        for number in itertools.count():
            folder = tmp_path / f"{first} {number}"
            folder.mkdir()
            log = written(folder / "a.log")
            reading = Reading(log)
            assert ["one"] == reading.poll()
            write(log, "two")
            befalling = befall(log)
            go(befalling, first)
            if restarts:
                reading.restart()
            with meanwhile((number, partial(go, befalling, many))) as due:
                lines = reading.poll()
                is_over = bool(due)
            go(befalling, steps)
            assert sorted(["two", *BEFALLS[befall]]) == sorted(lines + settled(reading)), (first, number)
            assert (0, {}) == (reading.events[2], reading.unfollowed), (first, number)
            if is_over:
                break


def written(log):
    write(log, "one")
    return log


def settled(reading):
    """The lines that come when nothing happens any more."""
    lines = [line for _ in range(3) for line in reading.poll()]
    reading.follower.close()
    return lines


@pytest.mark.invariant(8)
def test_a_log_that_is_truncated_after_everything_was_looked_at_is_read_on_in_its_copy(tmp_path):
    """A line came to it before, so that it is looked at more closely."""
    for first, second in itertools.combinations(range(20), 2):
        folder = tmp_path / f"{first} {second}"
        folder.mkdir()
        log = written(folder / "a.log")
        reading = Reading(log)
        assert ["one"] == reading.poll()
        reading.restart()
        rest = copied_and_truncated(log)
        with meanwhile((first, partial(append, log, "two\n")), (second, partial(list, rest))):
            lines = reading.poll()
        assert ["new", "two"] == sorted(lines + settled(reading)), (first, second)
        assert 0 == reading.events[2], (first, second)


def test_a_copy_over_an_older_file_is_read_by_nobody(tmp_path):
    """It was empty for a moment, in which it was looked at."""
    for number in itertools.count():
        folder = tmp_path / str(number)
        folder.mkdir()
        log = written(folder / "a.log")
        copy = log.with_name("a.log.1")
        reading = Reading(log)
        assert ["one"] == reading.poll()
        log.rename(copy)
        write(log, "two")
        assert ["two"] == reading.poll()
        copy.write_bytes(b"")
        with meanwhile((number, partial(append, copy, log.read_bytes()))) as due:
            lines = reading.poll()
            is_over = bool(due)
        lines += reading.poll()
        log.write_bytes(b"")
        write(log, "new")
        assert ["new"] == lines + settled(reading), number
        if is_over:
            break


def test_a_copy_of_what_came_into_a_log_since_it_was_looked_at_is_not_passed_over(tmp_path):
    """It may soon be all that has it."""
    for first, second in itertools.combinations(range(36), 2):
        folder = tmp_path / f"{first} {second}"
        folder.mkdir()
        log = written(folder / "a.log")
        copy = log.with_name("a.log.1")
        reading = Reading(log)
        assert ["one"] == reading.poll()
        copy.write_bytes(log.read_bytes())
        assert [] == reading.poll()
        log.write_bytes(b"")
        write(log, "two")
        with meanwhile((first, partial(copy.rename, log.with_name("a.log.2"))), (second, partial(copy_to, copy, log))):
            lines = reading.poll()
        log.write_bytes(b"")
        write(log, "new")
        assert ["new", "two"] == sorted(lines + settled(reading)), (first, second)


def copy_to(copy, log):
    copy.write_bytes(log.read_bytes())
