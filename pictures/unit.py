"""Values in words, as Grafana writes them: three digits that tell, scaled by their unit."""

import math
from collections.abc import Callable, Sequence
from functools import partial

Scale = tuple[tuple[float, str], ...]
"""What a suffix stands for, from the least on."""

SHORT: Scale = ((1, ""), (1e3, " K"), (1e6, " Mil"), (1e9, " Bil"))
BYTES: Scale = ((1, " B"), (2**10, " KiB"), (2**20, " MiB"), (2**30, " GiB"), (2**40, " TiB"))
SECONDS: Scale = (
    *((1e-9, " ns"), (1e-6, " µs"), (1e-3, " ms"), (1, " s")),
    *((60, " mins"), (3600, " hours"), (86_400, " days"), (604_800, " weeks")),
)
USD: Scale = ((1, ""), (1e3, "K"), (1e6, "M"))
AGO = ((45, "a few seconds ago"), (90, "a minute ago"), (2700, "{minutes} minutes ago"), (5400, "an hour ago"))


def written(value: float, unit: str, *, now: float = 0) -> str:
    """A value with its unit; `now`, in seconds, is what times are told from.

    >>> written(0.12345, "percentunit"), written(1536, "bytes"), written(0.0421, "s"), written(2, "short")
    ('12.3%', '1.50 KiB', '42.1 ms', '2')
    >>> written(60, "s"), written(1, "s"), written(5400, "s")
    ('1 min', '1 s', '1.50 hours')
    >>> written(1.5, "suffix: bits"), written(1, "bool_yes_no"), written(0.45, "currencyUSD")
    ('1.50 bits', 'Yes', '$0.450')
    """
    if math.isnan(value):
        return ""
    if unit == "dateTimeFromNow":
        return _ago(now - value / 1000)
    return _written(value, unit, digits)


def ticks(values: Sequence[float], unit: str) -> list[str]:
    """Values on an axis: without digits that say nothing, with as many as tell them apart.

    >>> ticks([0, 0.5, 1], "percentunit"), ticks([0.09212, 0.09213], "percentunit")
    (['0%', '50%', '100%'], ['9.212%', '9.213%'])
    """
    for count in range(3, 8):
        texts = [_written(value, unit, partial(_stripped, count=count)) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def grain(value: float, unit: str) -> float:
    """What a value of that size is counted in: ticks are at round numbers of it.

    >>> grain(90, "s"), grain(2**21, "bytes"), grain(0.5, "percentunit")
    (60, 1048576, 1)
    """
    scales = {"s": SECONDS, "bytes": BYTES, "binBps": BYTES}
    return max((factor for factor, _ in scales.get(unit, SHORT[:1]) if factor <= abs(value)), default=1)


def digits(value: float, *, count: int = 3) -> str:
    """So many digits that tell, as Grafana chooses them; none behind the point of a whole number.

    >>> digits(1234.6), digits(12.345), digits(0.01234), digits(7.0)
    ('1235', '12.3', '0.0123', '7')
    """
    if value == int(value):
        return str(int(value))
    behind = max(count - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.{behind}f}"


def _stripped(value: float, *, count: int = 3) -> str:
    """Digits without zeros at the end; what arithmetic leaves behind is none.

    >>> _stripped(0.1 + 0.2), _stripped(100.0)
    ('0.3', '100')
    """
    text = digits(round(value, 10), count=count)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _written(value: float, unit: str, number: Callable[[float], str]) -> str:
    kind, _, suffix = unit.partition(":")
    match kind:
        case "percentunit":
            return f"{number(100 * value)}%"
        case "s":
            return _scaled(value, SECONDS, number)
        case "bytes":
            return _scaled(value, BYTES, number)
        case "binBps":
            return f"{_scaled(value, BYTES, number)}/s"
        case "currencyUSD":
            return f"${_scaled(value, USD, number)}"
        case "bool_yes_no":
            return "Yes" if value else "No"
        case "suffix":
            return f"{number(value)}{suffix}"
        case "short":
            return _scaled(value, SHORT, number)
        case "none":
            return number(value)
    raise ValueError(f"no such unit `{unit}`")


def _scaled(value: float, scale: Scale, number: Callable[[float], str]) -> str:
    """By the greatest part of the scale that it reaches; 0 has the one that stands for 1."""
    fitting = [part for part in scale if part[0] <= abs(value)] if value else [part for part in scale if part[0] == 1]
    factor, suffix = fitting[-1] if fitting else scale[0]
    text = number(value / factor)
    return f"{text}{suffix.removesuffix('s') if text == '1' and len(suffix) > 3 else suffix}"


def _ago(seconds: float) -> str:
    for limit, text in AGO:
        if seconds < limit:
            return text.format(minutes=round(seconds / 60))
    return f"{round(seconds / 3600)} hours ago"
