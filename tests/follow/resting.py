"""A clock for a follower that is to find its folders at rest, and times of folders that are fine enough for that.

A follower relies on a folder's times only when they have stood still for long; tests do all within one tick of the
system's clock.
"""

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

from exporter.follow.lookout import SETTLED_SECONDS

LOOKS = 3
"""So many looks with a pause after each are enough: the last one reads no folder."""


class Resting:
    """The time for a follower of what is in a folder; stands still but for `pause`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._now = 0.0
        self._before: dict[str, dict[str, int]] = {}
        self._ticks = count(1)

    def __call__(self) -> float:
        return self._now

    def pause(self) -> None:
        """Lets time pass."""
        self._now += SETTLED_SECONDS

    def stamp(self) -> None:
        """Gives every folder in which something came, went or was renamed a time that it never had."""
        there: dict[str, dict[str, int]] = {}
        for folder, _, _ in os.walk(self._root):
            with suppress(OSError), os.scandir(folder) as entries:
                there[folder] = {entry.name: entry.inode() for entry in entries}
        for folder, inodes in there.items():
            if self._before.get(folder) != inodes:
                os.utime(folder, ns=(0, next(self._ticks)))
        self._before = there
