"""Many files: a thousand that nobody writes to, and a hundred that are written to steadily, beside mtail."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

from benchmarks import logs, mtail
from benchmarks.child import served
from benchmarks.figure import Figure, Sizes, say
from benchmarks.neighbour import neighbour
from benchmarks.serving import config_for_persona
from benchmarks.watching import shares, steadily

LINES = 5
"""In each file at first, and for each busy one in each second."""


def run(directory: Path, sizes: Sizes) -> list[Figure]:
    """`serve` with many logs of persona attempts, looking at them twice a second, and mtail, which is told to look as
    often: the CPU of both over the same seconds, when nothing is written, and when some lines a second are appended to
    each file. A neighbour is at work: see [Idle](#idle)."""
    idle = _watched(directory / "idle", sizes.idle_files, sizes, busy=False)
    busy = _watched(directory / "busy", sizes.busy_files, sizes, busy=True)
    return [
        *_figures(f"{sizes.idle_files:,} idle files", idle, sizes),
        *_figures(f"{sizes.busy_files:,} busy files", busy, sizes, f"{LINES} lines/s each; "),
    ]


def _figures(what: str, found: list[float], sizes: Sizes, how: str = "") -> list[Figure]:
    over = f"{how}of a core over {sizes.watch_seconds:g} s, the least of {sizes.turns_watched}"
    ours, *theirs = found
    return [
        Figure(f"CPU with {what}", ours, "%", note=over),
        Figure(f"mtail's CPU with {what}", theirs[0] if theirs else None, "%", note="" if theirs else mtail.MISSING),
        Figure(f"mtail ÷ exporter, {what}", theirs[0] / ours if theirs and ours else None, "times"),
    ]


def _watched(directory: Path, files: int, sizes: Sizes, *, busy: bool) -> list[float]:
    """Percent of a core that the exporter takes, and mtail where it is installed."""
    directory.mkdir()
    lines = cycle(list(logs.persona_lines(logs.TEMPLATES // 10)))
    paths = [directory / f"generation{number:04}.log" for number in range(files)]
    for path in paths:
        path.touch()
    with ExitStack() as stack:
        theirs = stack.enter_context(mtail.following(directory)) if mtail.INSTALLED else None
        exporter = stack.enter_context(served(*config_for_persona(directory)))
        for path in paths:
            logs.write(path, islice(lines, LINES))
        if theirs:
            theirs.wait(files * LINES)
        step = _writing(stack, paths, lines) if busy else (lambda _: None)
        say(f"{files:,} files: watching for {sizes.turns_watched} times {sizes.watch_seconds:g} s")
        steadily(sizes.settle_seconds, 4 * LINES, step)
        stack.enter_context(neighbour())
        return shares(
            [exporter.process.pid, *([theirs.process.pid] if theirs else [])],
            sizes.watch_seconds,
            turns=sizes.turns_watched,
            meanwhile=lambda seconds: steadily(seconds, 4 * LINES, step),
        )


def _writing(stack: ExitStack, paths: list[Path], lines: Iterator[str]) -> Callable[[int], None]:
    """What appends a line to every fourth file at a time."""
    files = [stack.enter_context(path.open("a", encoding="utf-8")) for path in paths]

    def write(number: int) -> None:
        for file in files[number % 4 :: 4]:
            file.write(next(lines))
            file.flush()

    return write
