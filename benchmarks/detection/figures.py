"""What many runs say together: targets, what became of the runs, each alert, each slope. Numbers only, no text."""

from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from benchmarks.detection.outcome import Outcome
from benchmarks.detection.truth import Key, Row

SLOPES = (1.0, 3.0, 8.0, 24.0)
"""Upper bounds of the classes of slopes: batches that the fastest fall of a run takes to its critical limit."""


class Targets(NamedTuple):
    """What has to be reached."""

    missed: int
    """Runs with a closed batch beyond a critical limit, and without that limit's alert."""
    late: int
    """Batches from one that is closed beyond a critical limit to that limit's alert, at most; 0 is before the next."""
    false: int
    """Healthy runs with a page, and collapsing ones with a page before anything was wrong."""

    @property
    def met(self) -> bool:
        """Whether they are reached."""
        return not self.missed and self.late <= 1 and not self.false


class Share(NamedTuple):
    """What became of the healthy runs, or of those that collapse."""

    runs: int
    crossed: int
    """Beyond a critical limit in a closed batch."""
    paged: int
    open: int
    """Beyond one only in the last batch, which is never closed."""
    never: int
    never_warned: int
    """Of those, with a warning since the collapse began."""
    warned: int
    early: int
    """With a warning while nothing was wrong."""


class Seen(NamedTuple):
    """How one limit fared."""

    crossed: int
    """Runs with a closed batch beyond it."""
    fired: int
    """Runs with its alert."""
    alone: int
    """Runs with one and not the other: the rules and the seed disagree."""
    late: int
    """Scrapes from the one that first shows the crossing to the alert, at most."""
    early: int
    """Runs with its alert while nothing was wrong."""


class Class(NamedTuple):
    """The collapsing runs of some slopes."""

    over: float
    to: float
    runs: int
    warned: list[int]
    """Batches from the beginning to the first warning, of each run that has one."""
    paged: list[int]


def targets(outcomes: Iterable[Outcome]) -> Targets:
    """What has to be reached, as it is."""
    runs = list(outcomes)
    pages = [(run, key) for run in runs for key in run.crossed if _page(key)]
    lates = [late // run.plan.size.steps for run, key in pages if (late := run.late(key)) is not None]
    return Targets(
        missed=len({run.plan.run_id for run, key in pages if key not in run.fired}),
        late=max(lates, default=0),
        false=sum(run.early("critical") for run in runs),
    )


def share(outcomes: Iterable[Outcome]) -> Share:
    """What became of these runs."""
    runs = list(outcomes)
    crossed = [run for run in runs if any(map(_page, run.crossed))]
    in_open = [run for run in runs if run not in crossed and any(map(_page, run.crossed_open))]
    never = [run for run in runs if run not in crossed and run not in in_open]
    return Share(
        runs=len(runs),
        crossed=len(crossed),
        paged=sum(run.alerted("critical") for run in runs),
        open=len(in_open),
        never=len(never),
        never_warned=sum(run.took("warning") is not None for run in never),
        warned=sum(run.alerted("warning") for run in runs),
        early=sum(run.early("warning") for run in runs),
    )


def seen(outcomes: Iterable[Outcome], key: Key) -> Seen:
    """How the limit of an alert and a severity fared."""
    runs = list(outcomes)
    return Seen(
        crossed=sum(key in run.crossed for run in runs),
        fired=sum(key in run.fired for run in runs),
        alone=sum((key in run.crossed) != (key in run.fired) for run in runs),
        late=max((late for run in runs if (late := run.late(key)) is not None), default=0),
        early=sum(key in run.fired and run.seen(key) < run.sound for run in runs),
    )


def nearest(outcomes: Iterable[Outcome], row: Row) -> float:
    """The worst figure of a closed batch of a healthy run."""
    return (min if row.limits["warning"].startswith("<") else max)(sound(outcomes, row))


def sound(outcomes: Iterable[Outcome], row: Row) -> list[float]:
    """The figures of all closed batches of healthy runs that are judged."""
    healthy = [run for run in outcomes if not run.collapses]
    return [batch[row.figure] for run in healthy for batch in run.history[row.since - 1 : -1] if row.figure in batch]


def classes(outcomes: Iterable[Outcome]) -> list[Class]:
    """The collapsing runs by slope, the steepest first."""
    runs = [run for run in outcomes if run.collapses]
    found = []
    for over, to in zip((0.0, *SLOPES), SLOPES, strict=False):
        these = [run for run in runs if over < run.plan.steepest <= to]
        took = {severity: [run.took(severity) for run in these] for severity in ("warning", "critical")}
        found.append(Class(over, to, len(these), _there(took["warning"]), _there(took["critical"])))
    return found


def spread(values: list[int]) -> str:
    """The middle and the worst.

    >>> spread([1, 2, 9]), spread([])
    ('2, 9', 'none')
    """
    return f"{median(values):g}, {max(values)}" if values else "none"


def _page(key: Key) -> bool:
    return key[1] == "critical"


def _there(values: list[int | None]) -> list[int]:
    return [value for value in values if value is not None]
