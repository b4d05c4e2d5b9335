"""Decisions taken from bytes, so that whoever changes the bytes, a fuzzer or hypothesis, changes the decisions."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Takes decisions, one after the other; where the bytes end, all further ones are the first of what there is."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        """A number from 0 on, below 65 536 at most."""
        width = 1 if below <= 256 else 2
        taken = self._data[self._at : self._at + width]
        self._at += width
        return int.from_bytes(taken, "little") % below

    def one(self, of: Sequence[T]) -> T:
        """One of several things."""
        return of[self.number(len(of))]

    def some(self, length: int) -> bytes:
        """So many bytes, or what is left."""
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken

    def rest(self) -> bytes:
        """All that is left."""
        return self.some(len(self._data))
