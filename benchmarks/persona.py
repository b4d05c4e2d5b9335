"""What does it cost to count a persona attempt, and how does that compare with mtail?"""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import fold, logs
from benchmarks.child import cpu_of, in_child
from benchmarks.figure import Figure, Sizes, say, spread
from benchmarks.fold import Counted

MTAIL = shutil.which("mtail")
PROGRAM = Path(__file__).with_name("persona.mtail")
MICROS = 4.0
RATIO = 3.0

_ATTEMPTS = re.compile(rb"^persona_attempts_total\{.*\} (\d+)", re.MULTILINE)


def run(directory: Path, sizes: Sizes, *, mtail: str | None = MTAIL) -> list[Figure]:
    """CPU time per line of the exporter, of mtail, of msgspec alone and of the naive way, taken in turns."""
    say(f"persona: writing {sizes.lines:,} lines")
    log = str(logs.write(directory / "generation.log", logs.persona_lines(sizes.lines)))
    ways: dict[str, Callable[[], Counted]] = {
        "exporter": lambda: in_child(fold.exporter, log),
        "once": lambda: _program([sys.executable, "-m", "exporter", "once", f"persona={log}"], directory / "once"),
        "decode": lambda: in_child(fold.bare_decode, log),
        "naive": lambda: in_child(fold.naive, log, sizes.naive_lines),
    }
    if mtail:
        ways["mtail"] = lambda: _mtail(mtail, log, directory / "mtail")
    taken: dict[str, list[Counted]] = {name: [] for name in ways}
    for repeat in range(sizes.repeats):
        for name, way in ways.items():
            say(f"persona: {name}, {repeat + 1} of {sizes.repeats}")
            taken[name].append(way())
    return _figures(taken, Path(log).stat().st_size / sizes.lines)


def _program(command: list[str], output: Path) -> Counted:
    seconds = cpu_of(command, output)
    return Counted(seconds, sum(map(int, _ATTEMPTS.findall(output.read_bytes().replace(b".0\n", b"\n")))))


def _mtail(program: str, log: str, output: Path) -> Counted:
    command = [program, "--one_shot", "--one_shot_format", "prometheus", "--progs", str(PROGRAM), "--logs", log]
    return _program(command, output)


def _figures(taken: dict[str, list[Counted]], line_bytes: float) -> list[Figure]:
    best = {name: min(counted.micros for counted in repeats) for name, repeats in taken.items()}
    ours = best["exporter"]

    def cost(name: str, what: str, note: str, at_most: float | None = None) -> Figure:
        scatter = spread(counted.micros for counted in taken[name])
        return Figure(what, best[name], "µs/line", note=f"{note}; {scatter}", at_most=at_most)

    figures = [
        *_ratios(
            best, agreed=len({repeat.attempts for name in ("exporter", "mtail") for repeat in taken.get(name, [])})
        ),
        Figure("decoding's share of it", 100 * best["decode"] / ours, "%"),
        cost(
            "exporter",
            "follow, decode, fold",
            f"best of {len(taken['exporter'])}, {line_bytes:.0f} bytes/line",
            at_most=MICROS,
        ),
        cost("once", "`once`, start of Python included", "whole process"),
        cost("decode", "msgspec alone, into the same types", "no UTF-8 check, no counting"),
        cost("naive", "json.loads and prometheus_client", f"only {taken['naive'][0].attempts:,} lines, scaled"),
    ]
    return [*figures, cost("mtail", "mtail --one_shot", "fewer metrics, no batches")] if "mtail" in best else figures


def _ratios(best: dict[str, float], *, agreed: int) -> list[Figure]:
    naive = Figure("naive way ÷ exporter", best["naive"] / best["exporter"], "times")
    if "mtail" not in best:
        missing = "**mtail is not installed: apt-get install mtail**"
        return [Figure("mtail ÷ exporter", None, "times", at_least=RATIO, note=missing), naive]
    note = "CPU time, both count the same attempts" if agreed == 1 else "**THEY COUNT DIFFERENTLY**"
    return [
        Figure("mtail ÷ exporter", best["mtail"] / best["exporter"], "times", at_least=RATIO, note=note),
        Figure("mtail ÷ `once`", best["mtail"] / best["once"], "times", note="whole processes"),
        naive,
    ]
