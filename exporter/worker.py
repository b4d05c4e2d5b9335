"""The one thread that owns the engine: it reads, folds, and answers questions between two chunks.

Nobody else touches what is counted, so a copy taken here is always one cut, and no lock is held while anything is
rendered or written. In come questions as functions of the engine; out go their answers. RELIABILITY rule 3.
"""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Generic, TypeVar

from exporter.engine import Engine

T = TypeVar("T")

SWITCH_SECONDS = 0.001
"""For so long this thread waits for one that is busy with Python, as it does each time that it has read a chunk; by
default it is five times as long."""
EXPIRY_SECONDS = 1.0
"""How often the pipelines are told that time has passed."""


class WorkerError(Exception):
    """The worker failed: what it holds is no longer one cut, and nobody may see or store it."""


class _Question(Generic[T]):
    def __init__(self, ask: Callable[[Engine], T]) -> None:
        self._ask = ask
        self.answered: Future[T] = Future()

    def answer(self, engine: Engine, failure: BaseException | None) -> None:
        if not self.answered.set_running_or_notify_cancel():
            return
        if failure is not None:
            self.answered.set_exception(WorkerError(f"reading has failed: {failure!r}"))
            return
        try:
            self.answered.set_result(self._ask(engine))
        except BaseException as error:
            self.answered.set_exception(error)


class Worker:
    """Runs an engine. `on_caught_up` is called in its thread when everything that was there at the start is read, or
    `catchup_timeout` seconds have passed."""

    def __init__(
        self,
        engine: Engine,
        *,
        poll_seconds: float,
        catchup_timeout: float,
        on_caught_up: Callable[[Engine], None],
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self.engine = engine
        self.poll_seconds = poll_seconds
        self.caught_up = False
        self.failure: BaseException | None = None
        self._failed: Future[None] = Future()
        self._catchup_timeout = catchup_timeout
        self._on_caught_up = on_caught_up
        self._elapsed = elapsed
        self._next_scan = 0.0
        self._questions: SimpleQueue[_Question[Any]] = SimpleQueue()
        self._lock = threading.Lock()
        """Held by who answers a question while no thread runs, or starts or ends that."""
        self._running = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._running = True
        self._thread.start()

    def stop(self) -> None:
        """Stops reading after the chunk at hand; what is asked from now on is answered by the caller's thread."""
        self._stopping = True
        self._questions.put(_Question(lambda _: None))
        self._thread.join()

    def on_failure(self, tell: Callable[[], object]) -> None:
        """Has `tell` called when reading fails, by the thread that reads; at once where it has failed already."""
        self._failed.add_done_callback(lambda _: tell())

    def ask(self, question: Callable[[Engine], T], *, timeout: float = 60.0) -> T:
        """What `question` returns of the engine, asked between two chunks.

        Raises what it raises, WorkerError where reading has failed, TimeoutError where it was not even asked in time.
        """
        asked = _Question(question)
        with self._lock:
            if self._running:
                self._questions.put(asked)
            else:
                asked.answer(self.engine, self.failure)
        try:
            return asked.answered.result(timeout)
        except TimeoutError:
            if asked.answered.cancel():
                raise
            return asked.answered.result()

    def replace(self, successor: Callable[[Engine], Engine]) -> None:
        """Goes on with the engine that `successor` makes of the present one; raises what it raises, and goes on."""

        def swap(engine: Engine) -> None:
            following = successor(engine)
            engine.close()  # before the next one opens files: together they may be too many
            if not self.caught_up:
                following.scan()
                following.aim()
            self.engine = following
            self._next_scan = 0.0

        self.ask(swap)

    def _run(self) -> None:
        try:
            self._catch_up()
            self._follow()
        except BaseException as error:
            self.failure = error
        with self._lock:
            self._running = False
            self._answer(0)
        if self.failure is not None:
            self._failed.set_result(None)

    def _catch_up(self) -> None:
        deadline = self._elapsed() + self._catchup_timeout
        self._scan()
        self.engine.aim()
        while not self._stopping:
            self._read()
            if not self.engine.backlog() or self._elapsed() >= deadline:
                self._on_caught_up(self.engine)
                self.caught_up = True
                return
            self._rest()

    def _follow(self) -> None:
        expired = self._elapsed()
        while not self._stopping:
            now = self._elapsed()
            if now - expired >= EXPIRY_SECONDS:
                self.engine.expire(now - expired)
                expired = now
            self._read()
            self._rest()

    def _read(self) -> None:
        """Reads one chunk of every log that has one."""
        engine = self.engine
        for _ in engine.steps():
            self._answer(0)
            if self._stopping or self.engine is not engine:
                return

    def _rest(self) -> None:
        """Answers questions; where everything is read, until it is time to look for more."""
        self._answer(0 if self.engine.unread() else self._next_scan - self._elapsed())
        if self._elapsed() >= self._next_scan and not self._stopping:
            self._scan()

    def _scan(self) -> None:
        self.engine.scan()
        self._next_scan = self._elapsed() + self.poll_seconds

    def _answer(self, patience: float) -> None:
        """Answers what was asked; waits for the first question, if need be, for so many seconds."""
        try:
            if patience > 0:
                self._questions.get(timeout=min(patience, threading.TIMEOUT_MAX)).answer(self.engine, self.failure)
            while True:
                self._questions.get_nowait().answer(self.engine, self.failure)
        except Empty:
            pass
