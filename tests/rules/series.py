"""How series are made that bring an indicator to a wanted value: for a gauge the values themselves, for a ratio of
counters their increments, for a stall a start and then silence.

All take one wanted value for each step and give the samples of each series, None where there is none. Counters of
ratios begin high, so that nothing is extrapolated to their zero, and their steps are a fifth of the window: what
Prometheus extrapolates by is then 1 (ranges closed, 2.42) or 1.25 (left-open, 3), and exact in both.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate

Sample = Decimal | None
Values = Sequence[Sample]
Series = dict[str, list[Sample]]
Maker = Callable[[Values], Series]

STALE = Decimal("sNaN")
"""The series ends here."""
NAN = Decimal("NaN")

MAIN = 'job="pipeline-exporter",instance="host:10210"'
SELF = 'job="pipeline-exporter-self",instance="host:10210"'

HIGH = Decimal(10**7)
"""What counters begin at."""
BUSY_MINUTES = 5
"""So long something goes on before it stalls."""


def gauge(name: str, *, job: str = MAIN, of: Callable[[Decimal], Decimal] = lambda value: value) -> Maker:
    """A series that has the wanted value, or what makes it so; `name` may have labels of its own."""
    return lambda values: {_series(name, job): [_mapped(of, value) for value in values]}


def beside(make: Maker, **others: Decimal) -> Maker:
    """Further series, by their name, that stand still."""
    return lambda values: make(values) | {name: [value] * len(values) for name, value in others.items()}


def counters(*parts: tuple[str, Callable[[Decimal], Decimal | int]], job: str = MAIN) -> Maker:
    """Counters, each with what it grows by in a step for the wanted value."""
    return lambda values: {_series(name, job): _counted(values, by) for name, by in parts}


def together(*makers: Maker) -> Maker:
    """The series of several."""
    return lambda values: {name: samples for make in makers for name, samples in make(values).items()}


def begun(name: str, *, of: Callable[[Decimal], Decimal | int] = lambda value: value) -> Maker:
    """A counter born at 0 that grows once, after `BUSY_MINUTES` steps of one minute, by what is wanted first."""

    def make(values: Values) -> Series:
        first = next((value for value in values if value is not None), Decimal(0))
        return {_series(name, MAIN): _jump(values, at=BUSY_MINUTES, by=Decimal(of(first)))}

    return make


def ended(name: str) -> Maker:
    """A counter that grows by what is no longer wanted, at once."""

    def make(values: Values) -> Series:
        first = values[0] if values else None
        return {_series(name, MAIN): [None if _no(value) else _sure(first) - _sure(value) for value in values]}

    return make


def summary(name: str) -> Maker:
    """A gauge that is there as soon as something else is wanted than at first."""
    return lambda values: {_series(name, MAIN): [None if _no(v) or v == values[0] else Decimal(300) for v in values]}


def daily_tags(values: Values) -> Series:
    """Tags that a category had each day: 3 times of 92 in the first 24 samples, then as often as it takes.

    After a week at q a day the share of 7 days is q / 92, that of 30 is (7 q + 23 · 3) / (30 · 92): the first wanted
    value is their quotient.
    """
    wanted = values[0] if values else None
    often = wanted if _no(wanted) else 69 * _sure(wanted) / (30 - 7 * _sure(wanted))
    days = [value if _no(value) else (Decimal(3) if day < 25 else often) for day, value in enumerate(values)]
    tag = 'crawl_tags_total{category="research",tag="%s"}'
    return counters((tag % "alpha", lambda times: times), (tag % "rest", lambda times: 92 - times))(days)


def with_reset(series: Series, *, at: int) -> Series:
    """The same series, their counters begun again at 0 before a step."""
    return {
        name: [*samples[:at], *_since(samples[at - 1], samples[at:])] if _counts(name) else samples
        for name, samples in series.items()
    }


def _counts(series: str) -> bool:
    return series.partition("{")[0].endswith(("_total", "_sum", "_count"))


def _series(name: str, job: str) -> str:
    return f"{name[:-1]},{job}}}" if name.endswith("}") else f"{name}{{{job}}}"


def _no(value: Sample) -> bool:
    return value is None or value.is_nan()


def _sure(value: Sample) -> Decimal:
    return Decimal(0) if value is None or value.is_nan() else value


def _mapped(of: Callable[[Decimal], Decimal | int], value: Sample) -> Sample:
    return value if value is None or value.is_nan() else Decimal(of(value))


def _counted(values: Values, by: Callable[[Decimal], Decimal | int]) -> list[Sample]:
    """A counter's samples; where a value is not a number, neither is the sample."""
    grown = accumulate((_sure(_mapped(by, value)) for value in values), initial=HIGH)
    return [value if _no(value) else total for value, total in zip(values, list(grown)[1:], strict=True)]


def _jump(values: Values, *, at: int, by: Decimal) -> list[Sample]:
    return [value if _no(value) else by if step >= at else Decimal(0) for step, value in enumerate(values)]


def _since(last: Sample, samples: Sequence[Sample]) -> list[Sample]:
    return [sample if _no(sample) else _sure(sample) - _sure(last) for sample in samples]


def text(samples: Mapping[str, Sequence[Sample]]) -> list[dict[str, str]]:
    """Series as promtool reads them."""
    return [{"series": name, "values": " ".join(map(_text, values))} for name, values in samples.items()]


def _text(sample: Sample) -> str:
    if sample is None:
        return "_"
    if sample.is_nan():
        return "stale" if sample.is_snan() else "NaN"
    return f"{sample:f}"
