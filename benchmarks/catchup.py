"""How soon is the exporter ready after a long stop?"""

from pathlib import Path
from time import perf_counter

from benchmarks import logs, page, subjects
from benchmarks.child import served
from benchmarks.figure import Figure, Found, Sizes, Table, number, say
from benchmarks.memory import PEAK_MIB, RUNS
from benchmarks.serving import config_for_persona
from benchmarks.watching import cpu_seconds

MB_PER_SECOND = 150.0
WHY = (
    "What a line takes above the bare decode is told under Lines; the start of Python, finding the files and the first "
    "snapshot come on top."
)
LINE_BYTES = 500


def run(directory: Path, sizes: Sizes) -> Found:
    """`serve` is started on a log of persona attempts that it has never seen, until `/-/ready` says that all of it is
    read: CPU time of the whole process, its start and its first snapshot included, and its memory at the highest.
    Beside it the bare decode of the same log, and `mtail --one_shot`, which counts most of what the exporter does.
    """
    persona = subjects.SUBJECTS[0]
    count = sizes.catchup_bytes // LINE_BYTES
    say(f"catch-up: writing {count:,} lines")
    log = logs.write(directory / "generation.log", logs.persona_lines(count, run_personas=max(1, count // RUNS)))
    size = log.stat().st_size / 1e6
    say(f"catch-up: serve, {size:,.0f} MB")
    started = perf_counter()
    with served(*config_for_persona(directory)) as exporter:
        wall = perf_counter() - started
        ours, peak = cpu_seconds(exporter.process.pid), page.peak_mib(exporter.process.pid)
    say("catch-up: bare decode")
    bare = persona.bare(log).seconds
    rows = [_row("exporter", size, ours), _row("bare decode", size, bare)]
    if subjects.MTAIL:
        say("catch-up: mtail")
        rows.append(_row("mtail --one_shot", size, persona.mtail(log, directory / "mtail", count).seconds))
    note = f"{size:,.0f} MB, {count:,} lines; ready after {wall:.1f} s"
    return [
        Figure("catch-up on one core", size / ours, "MB/s", at_least=MB_PER_SECOND, note=note, why=WHY),
        Figure("peak memory while catching up", peak, "MiB", at_most=PEAK_MIB),
        Table(
            "Catch-up", ("Way", "CPU (s)", "MB/s", "lines/s"), [(*row, number(count / float(row[1]))) for row in rows]
        ),
    ]


def _row(way: str, size: float, seconds: float) -> tuple[str, str, str]:
    return way, f"{max(seconds, 0.001):.3f}", number(size / max(seconds, 0.001))
