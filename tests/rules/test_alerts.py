"""Every limit of every indicator: inside, at the boundary, beyond, recovered, gone, without data, not a number, and
after a reset of its counters; promtool evaluates the committed rules, and compares labels and annotations in full.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.rules.figure import Figure
from tests.rules.figures import FIGURES
from tests.rules.promtool import Group, failures
from tests.rules.series import NAN, STALE, Sample, text, with_reset
from tests.rules.witness import LIMITS, Row

Check = tuple[int, Decimal | None]
"""At which minute, and the value that alerts then tell if it is beyond their limits; None where there is no value."""


Situation = Callable[[Figure, Row, str], Group]
"""Makes a group of a figure, one of its limits, and a name."""

BATCH_MINUTES = 10
"""How long a batch's figure stands, where it wavers."""


def alerts(figure: Figure, check: Check) -> dict[str, Any]:
    """All alerts of a figure that there are to be at one minute."""
    minute, value = check
    expected = []
    if value is not None:
        expected = [
            {
                "exp_labels": dict(figure.labels) | {"severity": row.severity},
                "exp_annotations": figure.annotations(row, value),
            }
            for row in figure.limits
            if row.holds(value)
        ]
    return {"eval_time": f"{minute}m", "alertname": figure.alert, "exp_alerts": expected}


def group(figure: Figure, name: str, values: Sequence[Sample], *checks: Check, reset: int | None = None) -> Group:
    series = figure.make(values)
    if reset is not None:
        series = with_reset(series, at=reset)
    expected = tuple(alerts(figure, check) for check in checks)
    return Group(figure.table, name, text(series), figure.step, figure.tick, alerts=expected)


def values_until(figure: Figure, minute: int, value: Sample) -> list[Sample]:
    """The same value at every step up to a minute, and at it."""
    return [value] * (minute // figure.step + 1)


def fires(figure: Figure) -> int:
    """From which minute on alerts fire and tell the value."""
    return max(figure.first + figure.pending, figure.full)


def past(figure: Figure, row: Row, sign: int) -> Decimal:
    """A value that is just beyond a limit, or just inside it."""
    upwards = row.operator in (">", ">=", "==")
    return row.number + sign * (figure.nudge if upwards else -figure.nudge)


def beyond(figure: Figure, row: Row) -> Decimal:
    """Just beyond; a flag has nothing beyond 1."""
    return row.number if row.operator == "==" else past(figure, row, 1)


def inside(figure: Figure, row: Row) -> Decimal:
    """Just inside; what is never below 0 has nothing inside 0."""
    return row.number if row.number == 0 else past(figure, row, -1)


def turns(figure: Figure) -> int:
    """A minute after alerts fire at which a new sample may come."""
    return (fires(figure) // figure.step + 2) * figure.step


def just_inside(figure: Figure, row: Row, name: str) -> Group:
    """No alert of this severity."""
    end = turns(figure)
    value = inside(figure, row)
    assert not row.holds(value)
    return group(figure, name, values_until(figure, end, value), (fires(figure) + figure.tick, value))


def at_the_boundary(figure: Figure, row: Row, name: str) -> Group:
    """An alert exactly if the comparison includes it."""
    assert row.holds(row.number) == ("=" in row.operator)
    return group(figure, name, values_until(figure, turns(figure), row.number), (fires(figure), row.number))


def just_beyond(figure: Figure, row: Row, name: str) -> Group:
    """The alert, with all its labels and texts; not before `for` has passed, and with its milder ones."""
    value = beyond(figure, row)
    assert row.holds(value)
    before = figure.first + figure.pending - figure.slack - figure.tick
    early = [(before, None)] if before >= 0 else []
    return group(figure, name, values_until(figure, turns(figure), value), *early, (fires(figure), value))


def recovered(figure: Figure, row: Row, name: str) -> Group:
    """The alert ends, `keep_firing_for` after the figure is back inside; until then it tells the last bad value."""
    slowly = falls_slowly(figure, row)
    turn = turns(figure)
    end = _evaluated(figure, turn + figure.keep + (figure.window + figure.step if slowly else 0))
    value = beyond(figure, row)
    values = values_until(figure, turn - figure.step, value)
    values += [figure.healthy] * ((end - turn) // figure.step + 2)
    last = () if figure.forgets else ((turn - figure.tick, value),)
    kept = () if slowly or figure.keep <= figure.tick else ((turn, value), (turn + figure.keep - figure.tick, value))
    return group(figure, name, values, *last, *kept, (end, None))


def falls_slowly(figure: Figure, row: Row) -> bool:
    """Whether it is inside all limits only when its whole window is healthy: below the mildest it falls at once."""
    return figure.lingers or (figure.window > 0 and row != figure.limits[0])


def gone(figure: Figure, row: Row, name: str) -> Group:
    """The alert ends with its series."""
    turn = turns(figure)
    end = _evaluated(figure, turn + figure.window + figure.keep + 2 * figure.step)
    value = beyond(figure, row)
    last = () if figure.forgets else ((turn - figure.tick, value),)
    return group(figure, name, [*values_until(figure, turn - figure.step, value), STALE], *last, (end, None))


def no_data(figure: Figure, row: Row, name: str) -> Group:
    """Nothing, where nothing is known."""
    return group(figure, name, [], (fires(figure) + figure.tick, None))


def not_a_number(figure: Figure, row: Row, name: str) -> Group:
    """Nothing: NaN is neither beyond nor inside."""
    return group(figure, name, values_until(figure, turns(figure), NAN), (fires(figure) + figure.tick, None))


def reset_inside(figure: Figure, row: Row, name: str) -> Group:
    """No false alert from counters that begin anew."""
    value = inside(figure, row)
    end = turns(figure) + figure.step
    at = fires(figure) // figure.step - 1
    check = (fires(figure) + figure.tick, None if figure.forgets else value)
    return group(figure, name, values_until(figure, end, value), check, reset=at)


def reset_beyond(figure: Figure, row: Row, name: str) -> Group:
    """A true alert in spite of counters that begin anew."""
    value = beyond(figure, row)
    end = turns(figure) + figure.step
    at = fires(figure) // figure.step - 1
    return group(figure, name, values_until(figure, end, value), (fires(figure), value), reset=at)


def next_evaluation(figure: Figure, row: Row, name: str) -> Group:
    """A figure of a batch that is beyond pages with the scrape that brings it."""
    value = beyond(figure, row)
    return group(figure, name, [figure.healthy] * 3 + [value] * 2, (2, None), (3, value))


def wavering(figure: Figure, row: Row, name: str) -> Group:
    """A figure that is beyond in every other batch keeps its alert in between."""
    value = beyond(figure, row)
    values = ([value] * BATCH_MINUTES + [figure.healthy] * BATCH_MINUTES) * 2
    return group(figure, name, values, *((minute, value) for minute in range(0, len(values), BATCH_MINUTES // 2)))


def too_short(figure: Figure, row: Row, name: str) -> Group:
    """A figure that is back inside before `for` has passed never pages."""
    value = beyond(figure, row)
    values = [figure.healthy] * 2 + ([value] * figure.pending + [figure.healthy]) * 3
    return group(figure, name, values, *((minute, None) for minute in range(2, len(values), 2)))


def _evaluated(figure: Figure, minute: int) -> int:
    """The first evaluation from a minute on."""
    return minute + -minute % figure.tick


def situations(figure: Figure, row: Row) -> Iterator[Situation]:
    """Those that make sense for an indicator."""
    if inside(figure, row) != row.number:
        yield just_inside
    yield at_the_boundary
    yield from (just_beyond, recovered, not_a_number)
    if not figure.absent_fires:
        yield from (gone, no_data)
    if figure.counts:
        yield reset_inside
        if not figure.forgets:
            yield reset_beyond
    elif figure.pending > 1:
        yield too_short
    elif figure.pending == 0:
        yield next_evaluation
        if figure.keep > BATCH_MINUTES:
            yield wavering


def cases() -> Iterator[Group]:
    for figure in FIGURES:
        for row in figure.limits:
            for situation in situations(figure, row):
                words = situation.__name__.replace("_", " ")
                yield situation(figure, row, f"{row.table}:{row.indicator} {row.severity} {words}")


CASES = tuple(cases())


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of the cases that fail; it is run once for each rule file."""
    return failures(CASES, tmp_path_factory.mktemp("promtool"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_alert_fires_when_it_should(said: dict[str, str], case: Group) -> None:
    """promtool finds the alerts that the case expects, and no others."""
    if case.name in said:
        pytest.fail(said[case.name], pytrace=False)


def test_every_limit_has_its_figure() -> None:
    """No row of the tables is left out, and no figure is without a row."""
    assert {(row.table, row.indicator) for row in LIMITS} == {(figure.table, figure.indicator) for figure in FIGURES}
