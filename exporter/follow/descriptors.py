"""How many files are open at a time."""

import resource

from exporter.follow.file import File

OPEN_FILES = 256
"""So many files are kept open, or a quarter of what the process may open. An open file can be read to its end after it
was deleted."""


def most_open() -> int:
    """How many files this process keeps open."""
    may, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_FILES if may == resource.RLIM_INFINITY else min(OPEN_FILES, may // 4)


class Descriptors:
    """Lets go of the file that was not needed for the longest time when there are too many.

    A file that is gone cannot be opened again and stays open, beyond the bound if need be, until it is read.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most_open() if most is None else most
        self._held: dict[File, None] = {}

    def hold(self, file: File) -> None:
        """Notes that an open file is needed now."""
        self._held.pop(file, None)
        if self.full:
            self._let_go()
        self._held[file] = None

    @property
    def full(self) -> bool:
        """Whether another file can be opened only at the cost of one that is open."""
        return len(self._held) >= self._most

    def _let_go(self) -> None:
        self._held = {file: None for file in self._held if file.reader is not None}
        for file in list(self._held):
            if not self.full:
                return
            if not file.gone:
                file.close()
                del self._held[file]
