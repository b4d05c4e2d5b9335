"""Mistakes in what a user wrote: each has a place and a sentence that tells the way out; all are raised together."""

import re
from collections.abc import Iterable
from typing import NamedTuple

SHOWN_CHARACTERS = 80
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Mistake(NamedTuple):
    """One mistake: `place` is `file:line`, or the argument as it was given; as text it is one line."""

    place: str
    message: str

    def __str__(self) -> str:
        line = f"{self.place}: {self.message}"
        return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


class ConfigError(ValueError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def shown(text: str) -> str:
    """A value as a message quotes it.

    >>> shown("fast")
    '`fast`'
    """
    return f"`{text}`" if len(text) <= SHOWN_CHARACTERS else f"`{text[:SHOWN_CHARACTERS]}…`"
