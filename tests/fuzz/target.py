"""What a fuzz target is. Each `*_fuzzer.py` beside this module has one, `TARGET`; nothing else knows it by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOGS = Path(__file__).parents[1] / "logs"
"""The sample logs, and the configurations that read them."""


@dataclass(frozen=True)
class Target:
    """A function that takes any bytes and raises where something does not hold; bytes that it makes much of; words that
    are worth trying."""

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    words: tuple[str, ...] = ()
