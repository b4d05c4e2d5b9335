"""What a benchmark finds: figures, some with a target, and the table that shows them."""

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
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
    def met(self) -> str:
        """Whether the target is met, empty where there is none."""
        if not self.target:
            return ""
        if self.value is None:
            return "not measured"
        low = self.at_least is None or self.value >= self.at_least
        return "yes" if low and (self.at_most is None or self.value <= self.at_most) else "**NO**"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured. The defaults take some four minutes."""

    lines: int = 200_000
    naive_lines: int = 10_000
    repeats: int = 3
    demo_lines: int = 20_000
    settle_seconds: float = 10
    watch_seconds: float = 15
    scrape_every: float = 5
    lines_per_second: int = 1000
    runs: int = 72
    """Persona runs in the state that is scraped; each shows some 145 series."""
    counters: int = 10_000
    """Label sets of one counter in the state that is scraped."""
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
    lines=20_000,
    naive_lines=2_000,
    repeats=2,
    demo_lines=2_000,
    settle_seconds=1,
    watch_seconds=3,
    scrape_every=1,
    runs=12,
    counters=2_000,
    scrapes=3,
    cuts=10,
    naive_cuts=3,
    history_lines=150_000,
    history_demo_lines=15_000,
)


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


def table(rows: Iterable[tuple[str, Figure]]) -> str:
    """A Markdown table of figures, each with the name of its benchmark."""
    head = ["| Benchmark | What | Figure | Target | Met | Remarks |", "|---|---|---:|---:|---|---|"]
    return "\n".join([*head, *(_row(name, figure) for name, figure in rows)]) + "\n"


def _row(name: str, figure: Figure) -> str:
    value = "missing" if figure.value is None else f"{_number(figure.value)} {figure.unit}".strip()
    return f"| {name} | {figure.what} | {value} | {figure.target} | {figure.met} | {figure.note} |"


def _number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> str:
    """This machine, its Python, and how busy it is with other things."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}, load {load:.1f}"
