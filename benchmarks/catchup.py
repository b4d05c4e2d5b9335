"""How soon is the exporter ready after a long stop?"""

from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from benchmarks import logs, page, subjects
from benchmarks.child import served
from benchmarks.figure import Figure, Found, Sizes, Table, number, say, spread
from benchmarks.memory import PEAK_MIB, RUNS
from benchmarks.serving import config_for_persona
from benchmarks.watching import cpu_seconds

MB_PER_SECOND = 150.0
WHY = (
    "What a line takes above the bare decode is told under Lines; the start of Python, finding the files and the first "
    "snapshot come on top."
)
LINE_BYTES = 500


class Start(NamedTuple):
    """A start until all was read: CPU seconds, seconds by the clock, and MiB at the highest."""

    cpu: float
    wall: float
    peak: float | None


def run(directory: Path, sizes: Sizes) -> Found:
    """`serve` is started on a log of persona attempts that it has never seen, until `/-/ready` says that all of it is
    read: CPU time of the whole process, its start and its first snapshot included, and its memory at the highest.
    Beside it, in turns, the bare decode of the same log; and once `mtail --one_shot`, which counts most of what the
    exporter does, and takes minutes.
    """
    persona = subjects.SUBJECTS[0]
    count = sizes.catchup_bytes // LINE_BYTES
    say(f"catch-up: writing {count:,} lines")
    log = logs.write(directory / "generation.log", logs.persona_lines(count, run_personas=max(1, count // RUNS)))
    size = log.stat().st_size / 1e6
    starts, bare = [], []
    for turn in range(sizes.repeats):
        say(f"catch-up: {size:,.0f} MB, {turn + 1} of {sizes.repeats}")
        starts.append(_caught_up(directory, turn))
        bare.append(persona.bare(log).seconds)
    rows = [_row("exporter", size, min(starts).cpu), _row("bare decode", size, min(bare))]
    if subjects.MTAIL:
        say("catch-up: mtail")
        rows.append(_row("mtail --one_shot", size, persona.mtail(log, directory / "mtail", count).seconds))
    table = [(*row, number(count / float(row[1]))) for row in rows]
    what = f"{size:,.0f} MB, {count:,} lines"
    return [*_figures(what, size, starts), Table("Catch-up", ("Way", "CPU (s)", "MB/s", "lines/s"), table)]


def _figures(what: str, size: float, starts: list[Start]) -> list[Figure]:
    ours = min(starts)
    peak = max((one.peak for one in starts), key=lambda mib: mib or 0.0)
    seconds = f"{ours.cpu:.1f} s of CPU, {spread(one.cpu for one in starts)}; ready after {ours.wall:.1f} s"
    note = f"{what}; {seconds}"
    return [
        Figure("catch-up on one core", size / ours.cpu, "MB/s", at_least=MB_PER_SECOND, note=note, why=WHY),
        Figure("peak memory while catching up", peak, "MiB", at_most=PEAK_MIB),
    ]


def _caught_up(directory: Path, turn: int) -> Start:
    """What a `serve` takes that knows nothing yet of the logs in the directory."""
    fresh = directory / f"turn-{turn}"
    fresh.mkdir()
    config, environ = config_for_persona(fresh)
    started = perf_counter()
    with served(config, environ | {"LOGS_DIR": str(directory)}) as exporter:
        wall = perf_counter() - started
        return Start(cpu_seconds(exporter.process.pid), wall, page.peak_mib(exporter.process.pid))


def _row(way: str, size: float, seconds: float) -> tuple[str, str, str]:
    return way, f"{max(seconds, 0.001):.3f}", number(size / max(seconds, 0.001))
