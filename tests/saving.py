"""Saving a snapshot step by step: what a kill, or a disk that fails, can come between."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def steps(before: Callable[[int], None]) -> Iterator[None]:
    """Has `before` called with the number of each system call by which saving changes something, before it is made."""
    made = 0
    looking = False

    def stepping(call: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **kwargs: object) -> object:
            nonlocal made, looking
            if not looking:
                made += 1
                looking = True
                try:
                    before(made)
                finally:
                    looking = False
            return call(*args, **kwargs)

        return step

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "write", "fsync", "unlink", "link", "rename"):
            patch.setattr(os, name, stepping(getattr(os, name)))
        yield


def copying(state: Path, folder: Path, copies: list[Path]) -> Callable[[int], None]:
    """Keeps what a kill at each step would leave."""

    def copy(step: int) -> None:
        copies.append(folder / f"copy {len(copies)}")
        shutil.copytree(state, copies[-1])

    return copy
