"""A log that only grows and is renamed when it gets big, as logrotate does it."""

import os
from itertools import pairwise
from pathlib import Path

KEPT = 3
"""How many renamed logs are kept: name.1, the youngest, to name.3."""


class RotatingLog:
    """One log, opened for appending; its directory is made if need be.

    Each line is one `os.write`, so a reader never sees half of one. A write that the disk cuts short is not completed:
    the demo has nothing to lose.
    """

    def __init__(self, path: Path, rotate_bytes: int) -> None:
        self.path = path
        self.rotate_bytes = rotate_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def write(self, line: str) -> None:
        """Appends a line, in a new log where it would make this one bigger than `rotate_bytes`."""
        data = f"{line}\n".encode()
        if self._size and self._size + len(data) > self.rotate_bytes:
            self._rotate()
        self._size += os.write(self._file, data)

    def close(self) -> None:
        """Closes the log; nothing is buffered."""
        os.close(self._file)

    def _open(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._size = os.fstat(self._file).st_size

    def _rotate(self) -> None:
        self.close()
        names = [self.path, *(self.path.with_name(f"{self.path.name}.{age}") for age in range(1, KEPT + 1))]
        for younger, older in reversed(list(pairwise(names))):
            if younger.exists():
                younger.replace(older)
        self._open()
