"""docs/performance.md: what was measured on what, every target and whether it is met, and a section per benchmark.

It knows figures and tables, not what they are about.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Figure, Found, Table

_HEAD = """\
# Performance

What the exporter costs, beside what could be used instead, and beside what no Python program can beat. Ratios first:
they hold on other machines, the times do not. Written by `make bench`; figures are measured, targets are those that the
exporter was built for, and nothing fails where one is missed.
"""
_QUICK = "\n**Small sizes, so no evidence of speed.**\n"
_HOW = """
## How it is measured

- **On** {machine}.
- **With** {versions}; {date}, load {before:.1f} before the run and {after:.1f} after it.
- Everything here comes from one run. What is compared is taken in turns, several times each, and the least is told:
  whatever else the machine does can only add.
- A Python that was built with optimization by profiles, as Debian's and that of the image are, takes 10 to 20 % less
  than one that was not, as pyenv builds it by default; the ratios to the bare decode are much the same.
- Times per line are CPU time, user and system, of a process that does just that.
- The logs are those of `pipeline-exporter demo`, with as many ids as a long run has.
"""
_FLOOR = """
## What the floor is

- **In Python:** the bare decode. msgspec parses a line into the type that the pipeline folds, and nothing is done with
  it: no files, offsets, bad lines, counts, caps. It is the fastest parser that Python has for known types; a fold in
  Python can come near it, not below.
- **Without Python:** a parser that makes no objects, with a fold in C++ behind it, would be a few times cheaper still;
  and no program passes over a file faster than memory lets it, at some gigabytes a second.
"""


class Section(NamedTuple):
    """A benchmark and what it found."""

    title: str
    text: str
    found: Found

    @property
    def figures(self) -> list[Figure]:
        """Its figures without the tables."""
        return [one for one in self.found if isinstance(one, Figure)]


class Machine(NamedTuple):
    """What is measured on, and how busy it was with other things before."""

    name: str
    versions: str
    load: float

    @classmethod
    def here(cls) -> "Machine":
        """This one."""
        info = Path("/proc/cpuinfo")
        lines = info.read_text().splitlines() if info.exists() else []
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
        cores = os.cpu_count()
        used = [f"{name} {version(name)}" for name in ("msgspec", "prometheus_client")]
        whose = " of the system" if sys.base_prefix == "/usr" else ""
        versions = [f"Python {platform.python_version()}{whose}", *used, _mtail()]
        return cls(f"{model}, {cores} cores, {platform.system()}", ", ".join(versions), os.getloadavg()[0])


def _mtail() -> str:
    program = shutil.which("mtail")
    if program is None:
        return "no mtail"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", done.stdout + done.stderr)
    return f"mtail {found[1] if found else 'of unknown version'}"


def page(sections: Sequence[Section], before: Machine, *, quick: bool = False) -> str:
    """The page, in Markdown."""
    how = _HOW.format(
        machine=before.name,
        versions=before.versions,
        before=before.load,
        after=os.getloadavg()[0],
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )
    parts = [_HEAD, _QUICK if quick else "", how, _targets(sections), *map(_section, sections), _FLOOR]
    return "".join(parts)


def _targets(sections: Iterable[Section]) -> str:
    """All targets, and why those are missed that are."""
    aimed = [(section.title, figure) for section in sections for figure in section.figures if figure.target]
    if not aimed:
        return ""
    head = ["Benchmark", "What", "Figure", "Target", "Met"]
    rows = [[_link(title), one.what, one.text, one.target, one.met] for title, one in aimed]
    met = f"{sum(one.value is not None and not one.missed for _, one in aimed)} of {len(aimed)} are met."
    reasons = _reasons(one for _, one in aimed if one.missed)
    return f"\n## Targets\n\n{met}\n\n{_table(head, rows, numbers=(2, 3))}{reasons}"


def _reasons(missed: Iterable[Figure]) -> str:
    """Why targets are missed, a reason that several share only once."""
    by_reason: dict[str, list[str]] = {}
    for one in missed:
        by_reason.setdefault(one.why or "not looked into.", []).append(f"*{one.what}*")
    lines = [f"- {', '.join(whats)}: {why[0].lower()}{why[1:]}\n" for why, whats in by_reason.items()]
    return "\nWhy some are missed:\n\n" + "".join(lines) if lines else ""


def _link(title: str) -> str:
    """A link to a section.

    >>> _link("Many files")
    '[Many files](#many-files)'
    """
    return f"[{title}](#{re.sub('[^a-z0-9 -]', '', title.lower()).replace(' ', '-')})"


def _section(section: Section) -> str:
    return f"\n## {section.title}\n\n{section.text}\n" + "".join(_tables(section.found))


def _tables(found: Found) -> Iterator[str]:
    """Figures that follow each other are one table."""
    figures: list[Figure] = []
    for one in found:
        if isinstance(one, Figure):
            figures.append(one)
        else:
            yield from _figures(figures)
            figures = []
            yield _side_by_side(one)
    yield from _figures(figures)


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    if figures:
        rows = [[one.what, one.text, one.target, one.met, one.note] for one in figures]
        yield "\n" + _table(["What", "Figure", "Target", "Met", "Remarks"], rows, numbers=(1, 2))


def _side_by_side(table: Table) -> str:
    numbers = range(1, len(table.head))
    title, note = (f"\n{text}\n" if text else "" for text in (table.title, table.note))
    return f"{title}\n{_table(table.head, table.rows, numbers=numbers)}{note}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int]) -> str:
    """A Markdown table, some of whose columns are numbers."""
    right = set(numbers)
    lines = [head, ["---:" if at in right else "---" for at in range(len(head))], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
