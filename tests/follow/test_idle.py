"""What a poll costs, without a clock: in calls of the system, which are the same on every machine, and in bytecodes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.follow.descriptors import Descriptors
from exporter.follow.follower import StreamFollower, StreamState
from exporter.follow.log import LOOKED_AT
from tests.bytecodes import bytecodes
from tests.follow.reading import counting, write
from tests.follow.resting import LOOKS, Resting

MOST = 70
"""Bytecodes for an idle file, twice what it takes."""


class Polling:
    """Follows what patterns match in a folder, until it is at rest; reads to the end at each poll."""

    def __init__(self, folder: Path, *patterns: str, open_files: int | None = None) -> None:
        self.clock = Resting(folder)
        self.follower = StreamFollower(
            tuple(f"{folder}/{pattern}" for pattern in patterns),
            StreamState(),
            line_bytes=1 << 20,
            descriptors=Descriptors(open_files),
            elapsed=self.clock,
        )
        self.lines = 0
        self.clock.stamp()
        for _ in range(LOOKS):
            self.poll()
            self.clock.pause()

    def poll(self) -> None:
        self.follower.scan()
        while self.follower.unread():
            for piece in self.follower.pieces():
                piece.take()
                self.lines += piece.chunk.data.count(b"\n")


@pytest.fixture
def poll() -> Iterator[Callable[..., Polling]]:
    made: list[Polling] = []

    def make(*args: Any, **kwargs: Any) -> Polling:
        made.append(Polling(*args, **kwargs))
        return made[-1]

    yield make
    for polling in made:
        polling.follower.close()


def calls(function: Callable[[], object]) -> dict[str, int]:
    """How often a call asks the system, by what it asks."""
    with counting() as counted:
        function()
    return dict(counted)


def logs(folder: Path, count: int, name: str = "{}.log") -> Path:
    """A folder with so many logs of one line."""
    for number in range(count):
        path = folder / name.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, f"line {number}")
    return folder


LAYOUTS = {
    "one path": (1, "{}.log", "0.log", 1),
    "one folder": (20, "{}.log", "*.log", 1),
    "a folder for each": (20, "{}/a.log", "*/a.log", 21),
    "folders below": (20, "x/{}/a.log", "**/*.log", 22),
}
"""Logs, their names, a pattern, and the folders that it passes through."""


@pytest.mark.parametrize(("count", "name", "pattern", "folders"), LAYOUTS.values(), ids=LAYOUTS)
def test_an_idle_file_costs_one_stat_and_so_does_a_folder(tmp_path, poll, count, name, pattern, folders):
    """Nothing is read, nothing is opened, wherever the logs lie."""
    polling = poll(logs(tmp_path, count, name), pattern)
    assert count == polling.lines
    assert {"stat": count + folders} == calls(polling.poll)


def test_an_idle_rotated_file_costs_one_stat_too(tmp_path, poll):
    """Of those that the pattern does not match, the newest are looked at: they may still be written to."""
    write(tmp_path / "a.log", "one")
    polling = poll(tmp_path, "*.log")
    for number in range(3):
        (tmp_path / "a.log").rename(tmp_path / f"a.log.{number}")
        write(tmp_path / "a.log", "one")
        polling.clock.stamp()
        polling.poll()
    for _ in range(LOOKS):
        polling.poll()
        polling.clock.pause()
    assert {"stat": 1 + 4} == calls(polling.poll)
    write(tmp_path / "a.log.0", "late")
    polling.poll()
    assert 5 == polling.lines


def test_a_link_to_a_log_costs_no_more(tmp_path, poll):
    """Where it leads to is looked for only when something has moved."""
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere" / "a.txt", "one")
    (tmp_path / "latest.log").symlink_to("elsewhere/a.txt")
    polling = poll(tmp_path, "*.log")
    assert {"stat": 2} == calls(polling.poll)
    assert 1 == polling.lines


def test_a_path_that_is_not_there_costs_a_look_at_its_folder(tmp_path, poll):
    """Logs of which nothing was written yet are the rule."""
    polling = poll(tmp_path, "a.log", "none/a.log", "none/*.log")
    assert {"stat": 2} == calls(polling.poll)


def test_a_busy_file_costs_the_idle_ones_nothing(tmp_path, poll):
    """It is checked and read; the others are looked at once, as when all are idle."""
    polling = poll(logs(tmp_path, 20), "*.log")
    write(tmp_path / "7.log", "one", "two")
    assert {"stat": 21, "pread": 3} == calls(polling.poll)
    assert 22 == polling.lines


def test_an_idle_file_costs_few_bytecodes(tmp_path, poll):
    """Twice as many files cost twice as much."""
    fewer, more = (poll(logs(tmp_path / str(count), count), "*.log") for count in (100, 200))
    assert MOST > (bytecodes(more.poll) - bytecodes(fewer.poll)) / 100


def test_what_is_done_for_a_busy_file_does_not_grow_with_the_idle_ones(tmp_path, poll):
    """Beyond the look at them."""

    def busy(count: int) -> int:
        folder = logs(tmp_path / str(count), count)
        polling = poll(folder, "*.log")
        idle = bytecodes(polling.poll)
        write(folder / "7.log", "one")
        return bytecodes(polling.poll) - idle

    assert 1.1 * busy(50) > busy(200)


@pytest.mark.invariant(9)
def test_a_log_with_something_left_to_read_does_not_rest(tmp_path, poll):
    """Of many rotated files only few are open at a time."""
    count = 3 * LOOKED_AT
    polling = poll(logs(tmp_path, count, "a.log.{}"), "a.log*", open_files=2)
    assert count == polling.lines
    for number in range(count):
        write(tmp_path / f"a.log.{number}", "two")
    polling.follower.scan()
    assert polling.follower.unread()
    polling.poll()
    assert 2 * count == polling.lines
