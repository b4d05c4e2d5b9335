"""Worker processes that fold parts of a history, and that end with this process, whatever ends it."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from ctypes import c_longlong
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import RawArray
from threading import Thread
from types import TracebackType
from typing import Any, Self

from exporter.config import Config
from exporter.history import fold

_read: Any = None
"""In a worker: how far each part was read. Shared memory cannot be sent with a task, only given to a new process."""


class Processes:
    """A pool of so many worker processes for so many parts.

    They are spawned: a forked one would begin with whatever locks the threads of this process held.
    """

    def __init__(self, jobs: int, parts: int) -> None:
        self._read = RawArray(c_longlong, parts)  # each number has one writer, and no lock that could die with it
        self._others = set(active_children())
        self._pool = ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._read,)
        )

    def submit(self, at: int, config: Config, stored: bytes) -> "Future[bytes | None]":
        """Has a worker fold part number `at`."""
        with _undisturbed():  # a worker may be started here
            return self._pool.submit(_fold, at, config, stored)

    def read(self, at: int) -> int:
        """How many bytes of that part were read so far."""
        return int(self._read[at])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends all workers at once; what they had to say was heard, or nobody wants to hear it."""
        for worker in set(active_children()) - self._others:
            worker.kill()
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Processes that are started here never hear of Ctrl-C, which goes to all at a terminal; this one does, later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(read: Any) -> None:
    """Makes this process a worker."""
    global _read
    _read = read
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _fold(at: int, config: Config, stored: bytes) -> bytes | None:
    return fold(config, stored, partial(_read.__setitem__, at))
