"""Logs to measure on: the demo's lines, given as many runs and personas as a benchmark needs.

Making a line takes longer than folding it, so a few thousand are made and used again under other run and persona ids;
only these two fields repeat nothing.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

from exporter import demo

TEMPLATES = 20_000
RUN_PERSONAS = 25_000
"""Personas in a run, as seed 001's 25K runs have: 25 batches of 1000."""
START = datetime(2026, 1, 31, tzinfo=UTC)

_IDS = re.compile(r'"run_id": "([^"]*)", "persona_id": "([^"]*)"')


def persona_lines(count: int, *, run_personas: int = RUN_PERSONAS, first_run: int = 0) -> Iterator[str]:
    """So many attempts, some 500 bytes each with a newline, in runs of so many personas, healthy and collapsing."""
    made = demo.lines(
        "persona",
        "attempts",
        min(count, TEMPLATES),
        start=START,
        scenario="collapse",
        interval=timedelta(milliseconds=50),
    )
    persona, last = -1, ""
    for before, ids, after in islice(cycle([_split(line) for line in made]), count):
        if ids != last:
            persona, last = persona + 1, ids
        run, number = divmod(persona, run_personas)
        yield f'{before}"run_id": "25K_run_{first_run + run:04}", "persona_id": "{number:05}"{after}\n'


def _split(line: str) -> tuple[str, str, str]:
    found = _IDS.search(line)
    assert found is not None
    return line[: found.start()], found[0], line[found.end() :]


def write(path: Path, lines: Iterator[str]) -> Path:
    """Writes lines to a new file."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
    return path


def demo_logs(directory: Path, lines: int) -> None:
    """Writes so many lines of all five pipelines, as the demo does, without waiting for their time to come."""
    left = iter(range(lines))
    seconds = iter(range(1_769_850_000, 1_800_000_000))
    demo.run(
        directory,
        stop=lambda: next(left, None) is None,
        clock=lambda: float(next(seconds)),
        sleep=lambda _: None,
    )
