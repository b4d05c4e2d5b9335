"""Does memory grow with the lines that were read?"""

from pathlib import Path
from sys import executable

from benchmarks import logs
from benchmarks.child import usage_of
from benchmarks.figure import Figure, Sizes, say
from benchmarks.page import SAMPLE

PEAK_MIB = 64.0
RUNS = 7
"""Of attempts; each shows some 145 series, so they are about 1000."""
TIMES = 10
"""How much longer the long log is."""


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """The memory of `once`, at its highest, over two logs of persona attempts that show about as many series. One is
    ten times as long as the other.
    """
    short, long = (_peak(directory, lines) for lines in (sizes.memory_lines // TIMES, sizes.memory_lines))
    grown = long.value - short.value if long.value and short.value else None
    return [long, short._replace(at_most=None), Figure("difference", grown, "MiB")]


def _peak(directory: Path, lines: int) -> Figure:
    say(f"memory: {lines:,} lines")
    log = logs.write(directory / "generation.log", logs.persona_lines(lines, run_personas=max(1, lines // RUNS)))
    size = log.stat().st_size / 1e6
    usage = usage_of([executable, "-m", "exporter", "once", f"persona={log}"], directory / "page")
    series = len(SAMPLE.findall((directory / "page").read_bytes()))
    log.unlink()
    return Figure(
        f"peak memory at {size:,.0f} MB",
        usage.peak_bytes / (1 << 20),
        "MiB",
        at_most=PEAK_MIB,
        note=f"{lines:,} lines, {series:,} series, {usage.seconds:.1f} s of CPU",
    )
