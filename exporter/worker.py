"""The one thread that owns the engine: it reads, folds, and answers questions between two chunks.

Nobody else touches what is counted, so a copy taken here is always one cut, and no lock is held while anything is
rendered or written. In come questions as functions of the engine; out go their answers. RELIABILITY rule 3.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeVar

from exporter.engine import Engine

T = TypeVar("T")

EXPIRY_SECONDS = 1.0
"""How often the pipelines are told that time has passed."""


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
        self._catchup_timeout = catchup_timeout
        self._on_caught_up = on_caught_up
        self._elapsed = elapsed
        self._questions: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Stops reading after the chunk at hand; what is asked from now on is answered by the caller's thread."""

        def stop() -> None:
            self._stopping = True

        self._questions.put(stop)
        self._thread.join()

    def ask(self, question: Callable[[Engine], T], *, timeout: float = 60.0) -> T:
        """What `question` returns of the engine, asked between two chunks. Raises what it raises, or TimeoutError."""
        if not self._thread.is_alive():
            return question(self.engine)
        future: Future[T] = Future()

        def answer() -> None:
            try:
                future.set_result(question(self.engine))
            except BaseException as error:
                future.set_exception(error)

        self._questions.put(answer)
        return future.result(timeout)

    def replace(self, successor: Callable[[Engine], Engine]) -> None:
        """Goes on with the engine that `successor` makes of the present one; raises what it raises, and goes on."""

        def swap(engine: Engine) -> None:
            self.engine = successor(engine)
            engine.close()

        self.ask(swap)

    def _run(self) -> None:
        try:
            self._catch_up()
            self._follow()
        except BaseException as error:
            self.failure = error

    def _catch_up(self) -> None:
        deadline = self._elapsed() + self._catchup_timeout
        next_scan = self._elapsed() + self.poll_seconds
        self.engine.scan(settled=True)
        self.engine.aim()
        while not self._stopping:
            progress = self._round()
            if not self.engine.backlog() or self._elapsed() >= deadline:
                self._on_caught_up(self.engine)
                self.caught_up = True
                return
            if not progress or self._elapsed() >= next_scan:
                self._answer(0 if progress else self.poll_seconds)
                self.engine.scan()
                next_scan = self._elapsed() + self.poll_seconds

    def _follow(self) -> None:
        expired = self._elapsed()
        next_scan = expired
        while not self._stopping:
            now = self._elapsed()
            if now - expired >= EXPIRY_SECONDS:
                self.engine.expire(now - expired)
                expired = now
            if now >= next_scan:
                next_scan = now + self.poll_seconds
                self.engine.scan()
            if not self._round():
                self._answer(max(0.0, next_scan - self._elapsed()))

    def _round(self) -> bool:
        """One chunk of every log; whether there was any."""
        progress = False
        for _ in self.engine.steps():
            progress = True
            self._answer(0)
            if self._stopping:
                break
        return progress

    def _answer(self, patience: float) -> None:
        """Answers what was asked; waits for the first question, if need be, for so many seconds."""
        try:
            self._questions.get(timeout=patience)() if patience else self._questions.get_nowait()()
            while True:
                self._questions.get_nowait()()
        except Empty:
            pass
