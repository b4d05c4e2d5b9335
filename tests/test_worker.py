"""The worker: reading in one thread, questions between two chunks, and the gate after a start."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.worker import Worker, WorkerError
from tests.clock import Clock

PATIENCE = 10.0
"""Seconds after which a test that waits for a thread has failed."""


class Disk:
    """An engine of so many chunks, each of which is read when the test lets it."""

    def __init__(self, chunks: int = 0, *, free: bool = False) -> None:
        self.left = chunks
        self.aimed = 0
        self.read = 0
        self.logs = 1
        """How many chunks a round has."""
        self.long_lines = 0
        """Rounds that come to no end of a line."""
        self.scans = 0
        self.expired: list[float] = []
        self.closed = False
        self.bad = False
        self.slow = False
        """Whether a chunk that is not let keeps the reader waiting, as a disk may."""
        self._free = free
        self._chunks = threading.Semaphore(0)

    def let(self, chunks: int) -> None:
        for _ in range(chunks):
            self._chunks.release()

    def scan(self, *, settled: bool = False) -> None:
        self.scans += 1

    def aim(self) -> None:
        self.aimed = self.left

    def backlog(self) -> int:
        return max(0, self.aimed - self.read)

    def unread(self) -> bool:
        return self.left > 0 or self.long_lines > 0

    def steps(self) -> Iterator[None]:
        if self.long_lines:
            self.long_lines -= 1
            return
        for _ in range(self.logs):
            if not self.left or not (self._free or self._chunks.acquire(blocking=self.slow)):
                return
            if self.bad:
                raise ZeroDivisionError("a bug in a pipeline")
            self.left -= 1
            self.read += 1
            yield

    def expire(self, seconds: float) -> None:
        self.expired.append(seconds)

    def close(self) -> None:
        self.closed = True


class Running:
    """A worker in its thread, with what the test needs to wait for."""

    def __init__(self, disk: Disk, *, poll_seconds: float = 0.001, elapsed: Any = None) -> None:
        self.disk = disk
        self.caught_up = threading.Event()
        self.times = 0
        kwargs = {} if elapsed is None else {"elapsed": elapsed}
        engine: Any = disk
        self.worker = Worker(
            engine, poll_seconds=poll_seconds, catchup_timeout=300, on_caught_up=self._on_caught_up, **kwargs
        )

    def _on_caught_up(self, engine: Any) -> None:
        self.times += 1
        self.caught_up.set()

    def wait(self) -> None:
        assert self.caught_up.wait(PATIENCE)
        self.ask(lambda _: None)

    def ask(self, question: Any, **kwargs: Any) -> Any:
        return self.worker.ask(question, **{"timeout": PATIENCE} | kwargs)

    def until(self, question: Any) -> None:
        """Asks until the answer is yes."""
        for _ in range(100_000):
            if self.ask(question):
                return
        pytest.fail("it does not come true")


@pytest.fixture
def run() -> Iterator[Any]:
    started: list[Running] = []

    def run(disk: Disk, **kwargs: Any) -> Running:
        running = Running(disk, **kwargs)
        started.append(running)
        running.worker.start()
        return running

    yield run
    for running in started:
        running.disk.let(1000)
        running.worker.stop()


# The gate


@pytest.mark.invariant(7)
def test_the_gate_opens_when_everything_that_was_there_is_read(run) -> None:
    """Not a chunk earlier, and once."""
    running = run(disk := Disk(3))
    disk.let(2)
    running.until(lambda engine: engine.backlog() == 1)
    assert (False, 0) == (running.worker.caught_up, running.times)
    disk.let(1)
    running.wait()
    assert (True, 1) == (running.worker.caught_up, running.times)


def test_the_gate_is_open_where_nothing_was_there(run) -> None:
    """A log that does not exist yet is no backlog."""
    running = run(Disk())
    running.wait()
    assert running.worker.caught_up


@pytest.mark.invariant(7)
def test_the_gate_does_not_wait_for_what_comes_later(run) -> None:
    """A log that grows faster than it is read would keep it shut for ever."""
    running = run(disk := Disk(2))
    disk.let(1)
    running.until(lambda engine: engine.read == 1)

    def grow(engine: Any) -> None:
        engine.left += 5

    running.ask(grow)
    disk.let(1)
    running.wait()
    assert (2, 5) == (disk.read, disk.left)


@pytest.mark.invariant(7)
def test_the_gate_does_not_stay_shut_for_ever(run) -> None:
    """`catchup_timeout` ends it."""
    clock = Clock()
    running = run(disk := Disk(3), elapsed=clock)
    disk.let(1)
    running.until(lambda engine: engine.read == 1)
    assert not running.worker.caught_up
    clock.now += 300
    disk.let(1)
    running.wait()
    assert 1 == running.ask(lambda engine: engine.backlog())


@pytest.mark.invariant(7)
def test_a_reload_leaves_the_gate_shut(run) -> None:
    """The successor has the same backlog."""
    running = run(disk := Disk(3))
    disk.let(1)
    successor: Any = Disk(2)
    running.worker.replace(lambda _: successor)
    assert (2, False) == (running.ask(lambda engine: engine.backlog()), running.worker.caught_up)
    successor.let(2)
    running.wait()
    assert 2 == successor.read


# Questions


def test_a_question_is_answered_between_two_chunks(run) -> None:
    """A copy is one cut, and a scrape waits for one chunk at most."""
    running = run(disk := Disk(1000))
    disk.let(1000)
    seen = [running.ask(lambda engine: (engine.read, engine.left)) for _ in range(50)]
    assert {1000} == {read + left for read, left in seen}
    assert seen == sorted(seen)


def test_whoever_asks_gets_what_the_question_raises(run) -> None:
    """The worker goes on."""
    running = run(Disk())
    with pytest.raises(ZeroDivisionError):
        running.ask(lambda _: 1 / 0)
    assert 1 == running.ask(lambda _: 1)


def test_a_question_that_is_given_up_is_not_asked_later(run) -> None:
    """What its answer would change nobody expects any more."""
    disk = Disk(1)
    disk.slow = True
    running = run(disk)
    asked: list[int] = []
    with pytest.raises(TimeoutError):
        running.ask(lambda _: asked.append(1), timeout=0.01)
    disk.let(1)
    running.wait()
    assert [] == asked


def test_before_the_start_and_after_the_end_the_caller_answers(run) -> None:
    """The last snapshot is taken when nobody reads any more."""
    running = Running(disk := Disk(5, free=True))
    assert 5 == running.ask(lambda engine: engine.left)
    running.worker.start()
    running.wait()
    running.worker.stop()
    assert threading.current_thread() is running.ask(lambda _: threading.current_thread())
    assert 5 == disk.read


# Reading


@pytest.mark.invariant(12)
def test_a_line_without_end_is_read_without_a_pause(run) -> None:
    """Rounds that yield nothing are no reason to wait for the next poll, while there is more to read."""
    disk = Disk(1, free=True)
    disk.long_lines = 50
    running = run(disk, poll_seconds=3600)
    running.wait()
    assert (1, 0) == (disk.read, disk.long_lines)


def test_everything_is_looked_at_again_and_again(run) -> None:
    """New files are found by looking."""
    running = run(disk := Disk())
    running.until(lambda engine: engine.scans > 5)
    assert 0 == disk.read


def test_who_looks_hardly_ever_still_answers(run) -> None:
    """A pause longer than a thread can wait is as long as it can."""
    running = run(Disk(), poll_seconds=1e300)
    running.wait()
    assert [1, 1, 1] == [running.ask(lambda engine: engine.logs) for _ in range(3)]


def test_time_that_passed_is_told_to_the_pipelines(run) -> None:
    """A second at least at a time, and no more than has passed by a clock that nobody sets."""
    clock = Clock()
    running = run(disk := Disk(), elapsed=clock)
    running.wait()
    assert [] == disk.expired
    clock.now += 1.5
    running.until(lambda engine: engine.expired)
    assert [1.5] == disk.expired


# Reload


def test_a_successor_goes_on_and_the_old_one_is_closed(run) -> None:
    """A reload in the middle of a round, here an endless one, reads on in the successor only."""
    disk = Disk(10**9, free=True)
    disk.logs = 10**9
    running = run(disk)
    running.until(lambda engine: engine.read > 1)
    successor: Any = Disk(3, free=True)
    running.worker.replace(lambda _: successor)
    running.wait()
    assert (3, True, False) == (successor.read, disk.closed, successor.closed)


def test_a_successor_that_cannot_be_made_changes_nothing(run) -> None:
    """The present engine reads on."""
    running = run(disk := Disk(2))

    def fail(_: Any) -> Any:
        raise ValueError("no")

    disk.let(1)
    with pytest.raises(ValueError, match="no"):
        running.worker.replace(fail)
    disk.let(1)
    running.wait()
    assert (2, False) == (disk.read, disk.closed)


# The end


@pytest.mark.invariant(19)
def test_stopping_waits_for_one_chunk_only(run) -> None:
    """SIGTERM in the middle of a backlog ends it, and the gate was never open."""
    running = Running(disk := Disk(1000))
    running.worker.start()
    disk.let(1)
    running.until(lambda engine: engine.read == 1)
    disk.let(1)
    running.worker.stop()
    assert (False, 0) == (running.worker.caught_up, running.times)
    assert disk.read <= 2


@pytest.mark.invariant(19)
def test_stopping_does_not_wait_for_the_rest_of_a_round(run) -> None:
    """A round may be long."""
    disk = Disk(10**9, free=True)
    disk.logs = 10**9
    running = Running(disk)
    running.worker.start()
    running.until(lambda engine: engine.read > 1)
    running.worker.stop()
    assert not running.worker.caught_up
    assert disk.left > 0


def test_after_a_failure_nobody_gets_an_answer(run) -> None:
    """A chunk that was half folded is no cut: it is neither shown nor stored, and nobody waits for it."""
    running = run(disk := Disk(3))
    disk.bad = True
    disk.let(1)
    for _ in range(3):
        with pytest.raises(WorkerError, match="a bug in a pipeline"):
            running.until(lambda _: False)
    assert isinstance(running.worker.failure, ZeroDivisionError)


def test_a_failure_is_told_once(run) -> None:
    """Also to those who ask to be told when it has happened; an end that was asked for is none."""
    told = threading.Semaphore(0)
    well, failing = run(Disk()), run(disk := Disk(3))
    for running in (well, failing):
        running.worker.on_failure(told.release)
    well.worker.stop()
    assert not told.acquire(blocking=False)
    disk.bad = True
    disk.let(1)
    assert told.acquire(timeout=PATIENCE)
    failing.worker.on_failure(told.release)
    assert told.acquire(blocking=False)
    assert not told.acquire(blocking=False)


def test_a_failure_answers_those_who_wait(run) -> None:
    """Nobody hangs."""
    disk = Disk(3)
    disk.slow = disk.bad = True
    running = run(disk)
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            running.ask(lambda _: None)
        except BaseException as error:
            errors.append(error)

    askers = [threading.Thread(target=ask) for _ in range(5)]
    for asker in askers:
        asker.start()
    disk.let(1)
    for asker in askers:
        asker.join(PATIENCE)
    assert [WorkerError] * 5 == [type(error) for error in errors]
