"""What does a line cost, of each pipeline, and how does that compare with other ways to count it?"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import subjects
from benchmarks.figure import Figure, Found, Sizes, Table, number, say, spread
from benchmarks.subjects import Subject, totals
from benchmarks.ways.counted import Counted

MTAIL = 6.0
"""So many times the exporter's CPU time mtail is to take for persona lines; and the naive way:"""
NAIVE = 7.0
WAYS = ("exporter", "bare", "naive", "mtail", "memory", "bad")
LEAN = "persona_lean"
"""mtail's program that counts less."""

_NONE = "-"
_MIB = 1 << 20
_NEAR = 1e-9

Way = Callable[[], Counted]


class Compared(NamedTuple):
    """What each way took for a log, in each turn; what it is that mtail counts differently."""

    subject: Subject
    line_bytes: float
    taken: dict[str, list[Counted]]
    samples: int = 0
    differing: tuple[str, ...] = ()

    def best(self, way: str) -> Counted | None:
        """The turn that took least, if that way was gone."""
        return min(self.taken.get(way, ()), key=lambda counted: counted.micros, default=None)

    def micros(self, way: str) -> float | None:
        """CPU microseconds per line."""
        best = self.best(way)
        return best and best.micros

    def ratio(self, dividend: str, divisor: str = "exporter") -> float | None:
        """How many times as much one way takes as the other."""
        over, under = self.micros(dividend), self.micros(divisor)
        return over / under if over and under else None


def run(directory: Path, sizes: Sizes) -> Found:
    """CPU time per line of each pipeline's log, counted in four ways.

    - *exporter*: the real follower, decoder, pipeline and metrics, as `serve` and `once` use them: offsets, bad lines,
      caps, event time, batches and joins included
    - *bare decode*: the log is read in chunks of 64 KiB, and msgspec decodes each line into the type that it becomes;
      lines of several kinds are sorted by kind beforehand. *In memory*: the chunks are there already, nothing is read.
    - *naive*: `json.loads` and the Prometheus client's objects, for every counter and histogram that needs no more than
      a line to be known
    - *mtail*: a whole `mtail --one_shot` with a program for each pipeline, in `benchmarks/programs/`, for the same
      counters and histograms; that they agree with the exporter's is checked in each run

    Bad lines are torn, no UTF-8, or have a wrong type, in turn. mtail is left out there: at the first byte that is no
    UTF-8 Debian's stops counting, and takes longer for each line behind it.
    """
    found = [compared(subject, directory, sizes) for subject in subjects.SUBJECTS]
    others = [compared(subject, directory, sizes, alone=True) for subject in subjects.OTHERS]
    return [*_targets(found), *_tables(found), _streams(others)]


def compared(subject: Subject, directory: Path, sizes: Sizes, *, alone: bool = False) -> Compared:
    """Counts a log in every way, in turns, or `alone` beside the bare decode."""
    say(f"lines: writing {subject.title}")
    log = subject.write(directory, sizes.lines)
    bad = subject.write(directory, sizes.lines, bad=True)
    lines, size = _measured(log)
    ways = _ways(subject, log, bad, lines, sizes, alone=alone)
    taken: dict[str, list[Counted]] = {name: [] for name in ways}
    for turn in range(sizes.turns):
        for name, way in ways.items():
            say(f"lines: {subject.title}: {name}, {turn + 1} of {sizes.turns}")
            taken[name].append(way())
    bad.unlink()
    log.unlink()
    found = Compared(subject, size / lines, taken)
    return _agreed(found, _page(log, "exporter"), _page(log, "mtail")) if "mtail" in ways else found


def _ways(subject: Subject, log: Path, bad: Path, lines: int, sizes: Sizes, *, alone: bool) -> dict[str, Way]:
    ways: dict[str, Way] = {
        "exporter": lambda: subject.exporter(log, _page(log, "exporter")),
        "bare": lambda: subject.bare(log),
        "memory": lambda: subject.bare(log, "memory"),
        "bad": lambda: subject.exporter(bad, _page(log, "bad")),
    }
    if not alone:
        ways["naive"] = lambda: subject.naive(log, _page(log, "naive"), sizes.naive_lines)
        if subjects.MTAIL:
            ways["mtail"] = lambda: subject.mtail(log, _page(log, "mtail"), lines)
            if subject.pipeline == "persona":
                ways[LEAN] = lambda: subject.mtail(log, _page(log, LEAN), lines, LEAN)
    return ways


def _page(log: Path, way: str) -> Path:
    return log.with_suffix(f".{way}")


def _measured(log: Path) -> tuple[int, int]:
    """How many lines and bytes a log has."""
    with log.open("rb") as file:
        return sum(1 for _ in file), log.stat().st_size


def _agreed(found: Compared, ours: Path, theirs: Path) -> Compared:
    """What of mtail's samples the exporter has differently."""
    mine, its = totals(ours), totals(theirs)
    names = {name for name, _ in its}
    keys = [key for key in mine.keys() | its.keys() if key[0] in names]
    wrong = {key[0] for key in keys if abs(mine.get(key, 0.0) - its.get(key, 0.0)) > _NEAR * its.get(key, 0.0)}
    return found._replace(samples=len(keys), differing=tuple(sorted(wrong)))


def _targets(found: Iterable[Compared]) -> Iterator[Figure]:
    """The ratios that have a target."""
    for one in found:
        title, at_most, why = one.subject.title, one.subject.at_most, one.subject.why
        if one.subject.pipeline == "persona":
            mtail, naive = one.ratio("mtail"), one.ratio("naive")
            yield Figure(f"{title}: mtail ÷ exporter", mtail, "times", at_least=MTAIL, note=_lean(one), why=why)
            yield Figure(f"{title}: naive ÷ exporter", naive, "times", at_least=NAIVE, why=why)
        if at_most is not None:
            note = f"exporter: {spread((counted.micros for counted in one.taken['exporter']), 2)} µs"
            bare = one.ratio("exporter", "bare")
            yield Figure(f"{title}: exporter ÷ bare decode", bare, "times", at_most=at_most, note=note, why=why)


def _lean(persona: Compared) -> str:
    lean = persona.ratio(LEAN)
    if lean is None:
        return "**mtail is not installed: apt-get install mtail**"
    return f"{lean:.1f} times by a program without scores, constraints, error classes and further repairs"


def _tables(found: list[Compared]) -> Iterator[Table]:
    yield Table(
        "The same for every log:",
        (
            "Log",
            "exporter ÷ bare decode",
            "÷ in memory",
            "naive ÷ exporter",
            "mtail ÷ exporter",
            "1 % bad lines ÷ none",
        ),
        [
            (
                one.subject.title,
                *(_cell(one.ratio("exporter", way)) for way in ("bare", "memory")),
                *(_cell(one.ratio(way)) for way in ("naive", "mtail", "bad")),
            )
            for one in found
        ],
        note=agreement(found),
    )
    yield Table(
        "CPU µs per line:",
        ("Log", "bytes per line", "exporter", "bare decode", "naive", "mtail", "in memory", "1 % bad lines"),
        [(one.subject.title, f"{one.line_bytes:.0f}", *(_cell(one.micros(way)) for way in WAYS)) for one in found],
    )
    yield Table(
        "What one core reads in a second:",
        ("Log", "exporter, lines", "exporter, MB", "bare decode, MB", "naive, MB", "mtail, MB"),
        [
            (one.subject.title, _pace(one, 1.0), *(_pace(one, one.line_bytes / 1e6, way) for way in WAYS[:4]))
            for one in found
        ],
    )
    yield Table(
        "Memory of the process at its highest, in MiB:",
        ("Log", "exporter", "naive", "mtail"),
        [(one.subject.title, *(_peak(one, way) for way in ("exporter", "naive", "mtail"))) for one in found],
        note="The exporter's is Python, msgspec and all five pipelines, for the most part.",
    )


def _streams(found: Iterable[Compared]) -> Table:
    return Table(
        "The crawler's other streams:",
        ("Log", "bytes per line", "exporter, µs", "bare decode, µs", "exporter ÷ bare", "1 % bad lines, µs"),
        [
            (
                one.subject.title,
                f"{one.line_bytes:.0f}",
                *(_cell(one.micros(way)) for way in ("exporter", "bare")),
                _cell(one.ratio("exporter", "bare")),
                _cell(one.micros("bad")),
            )
            for one in found
        ],
    )


def agreement(found: Iterable[Compared]) -> str:
    """Whether mtail and the exporter count the same, as a sentence."""
    compared = [one for one in found if one.samples]
    differing = sorted({name for one in compared for name in one.differing})
    if differing:
        return f"**mtail and the exporter count differently: {', '.join(differing)}.**"
    samples = sum(one.samples for one in compared)
    return f"Exporter and mtail agree on each of {samples:,} samples." if compared else ""


def _cell(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _pace(one: Compared, of_a_line: float, way: str = "exporter") -> str:
    micros = one.micros(way)
    return _NONE if micros is None else number(float(f"{1e6 * of_a_line / micros:.3g}"))


def _peak(one: Compared, way: str) -> str:
    best = one.best(way)
    return _NONE if best is None else f"{best.peak_bytes / _MIB:.0f}"
