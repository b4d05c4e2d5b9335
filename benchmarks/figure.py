"""What a benchmark finds: figures, some with a target, and tables; and how much it measures."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured value. `at_most` and `at_least` are its target, if it has one; without a value it says `missing`."""

    what: str
    value: float | None
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""
    why: str = ""
    """Why the target is missed, where it is: a sentence without figures, since another run has others."""

    @property
    def text(self) -> str:
        """The value with its unit, or `missing`.

        >>> Figure("cost", 1234.5, "µs/line").text, Figure("ratio", 2.1967).text
        ('1,234 µs/line', '2.2')
        """
        return "missing" if self.value is None else f"{number(self.value)} {self.unit}".strip()

    @property
    def target(self) -> str:
        """The target as text, empty where there is none.

        >>> Figure("share", 0.1, "%", at_most=0.5).target
        '≤ 0.5 %'
        """
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {self.unit}".strip()
        return "" if self.at_least is None else f"≥ {self.at_least:g} {self.unit}".strip()

    @property
    def missed(self) -> bool:
        """Whether there is a value that misses the target."""
        if self.value is None:
            return False
        low = self.at_least is not None and self.value < self.at_least
        return low or (self.at_most is not None and self.value > self.at_most)

    @property
    def met(self) -> str:
        """Whether the target is met, empty where there is none."""
        if not self.target:
            return ""
        if self.value is None:
            return "not measured"
        return "**no**" if self.missed else "yes"


class Table(NamedTuple):
    """Figures that are read side by side: the first column says what, the others are numbers."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


Found = Sequence[Figure | Table]
"""What a benchmark finds, in the order in which it is shown."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured."""

    lines: int = 100_000
    naive_lines: int = 15_000
    turns: int = 10
    """How often each way to count lines is gone."""
    memory_lines: int = 1_000_000
    repeats: int = 5
    demo_lines: int = 20_000
    settle_seconds: float = 10
    watch_seconds: float = 10
    scrape_every: float = 5
    turns_watched: int = 3
    """How often a running process is watched for so long."""
    rests: int = 3
    """How often memory is touched after a second's rest."""
    idle_files: int = 1000
    busy_files: int = 100
    samples: tuple[int, ...] = (1_000, 10_000, 100_000)
    """About so many samples are on the pages that are made and scraped."""
    catchup_bytes: int = 1_000_000_000
    scrapes: int = 10
    cuts: int = 100
    """Pages that are made step by step."""
    naive_cuts: int = 20
    fresh_seconds: float = 1.1
    """Between two scrapes, so that the second gets a page of its own."""
    history_lines: int = 1_000_000
    """Of each of two persona logs that are folded; each some 500 MB."""
    history_demo_lines: int = 100_000
    """Of each of two logs of each pipeline that are folded."""


QUICK = Sizes(
    lines=5_000,
    naive_lines=1_000,
    turns=1,
    memory_lines=20_000,
    repeats=1,
    demo_lines=2_000,
    settle_seconds=0.5,
    watch_seconds=0.5,
    scrape_every=0.2,
    turns_watched=1,
    rests=1,
    idle_files=100,
    busy_files=10,
    samples=(1_000,),
    catchup_bytes=10_000_000,
    scrapes=1,
    cuts=10,
    naive_cuts=3,
    history_lines=75_000,
    history_demo_lines=2_000,
)
"""Small, so that all benchmarks together take less than a minute; but two logs of a history are worth a worker each."""


def say(text: str) -> None:
    """Tells on stderr what is being done."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def spread(values: Iterable[float], digits: int = 1) -> str:
    """How far repeats lie apart.

    >>> spread([4.0, 4.2, 5.0])
    'median 4.2, worst 5.0'
    """
    values = list(values)
    return f"median {median(values):.{digits}f}, worst {max(values):.{digits}f}"


def number(value: float) -> str:
    """Three significant digits, without an exponent.

    >>> number(12345.6), number(0.12345)
    ('12,346', '0.123')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
