"""Logs to measure on: the demo's lines, given as many runs, personas and other ids as a benchmark needs.

Making a line takes longer than folding it, so some thousand are made and used again under other ids; only what is
joined or counted distinct repeats nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator
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


def lines(pipeline: str, stream: str, count: int, *, ids: str = "", having: str = "") -> Iterator[str]:
    """So many lines of a healthy stream, only those `having` a text; what follows the text `ids` is made anew whenever
    they begin again.
    """
    made = demo.lines(pipeline, stream, min(count * (20 if having else 1), TEMPLATES), start=START)
    again = [line for line in made if having in line]
    for at in range(count):
        line = f"{again[at % len(again)]}\n"
        yield line.replace(ids, f"{ids}{at // len(again)}_", 1) if ids else line


def spoiled(lines: Iterable[str], every: int, time: str) -> Iterator[str]:
    """The same lines, but that one in so many is torn, no UTF-8, or has a list in the field `time`, in turn."""
    for at, line in enumerate(lines, 1):
        if at % every:
            yield line
        else:
            yield _SPOIL[at // every % len(_SPOIL)](line, time)


def _torn(line: str, time: str) -> str:
    return f"{line[: len(line) // 2]}\n"


def _no_utf8(line: str, time: str) -> str:
    return line.replace(': "', ': "\udcff', 1)


def _wrong_type(line: str, time: str) -> str:
    return json.dumps(json.loads(line) | {time: []}, ensure_ascii=False) + "\n"


_SPOIL = (_torn, _no_utf8, _wrong_type)


def write(path: Path, lines: Iterator[str]) -> Path:
    """Writes lines to a new file; a lone surrogate from U+DC80 on is the byte that it stands for."""
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
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
