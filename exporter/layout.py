"""A metric's text but for its numbers, laid out once and used for as long as the metric has the same series.

In come a metric and its series; out go pieces of some lines each, in the order of the text, with slots for numbers.
Knows no numbers but the times at which series were first shown, which are part of what is laid out.
"""

from collections.abc import Container, Iterator
from itertools import chain, pairwise
from math import isfinite, isnan
from operator import add

import msgspec

from exporter.metric import AnyMetric, Counter, Gauge, Labels

PIECE_LINES = 256
"""About so many lines are a piece: few, so that most pieces hold no number that has changed."""
TOGETHER = 16
"""So many series that were born one after the other are looked at together."""
_WHOLE, _ANY = "%d.0", "%a"
_PLAIN_FIGURES = 6
"""A number with more before its point is written with an exponent."""
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\"", "%": "%%"})
"""How a text is written inside of quotes, in a layout."""


class Piece(msgspec.Struct, frozen=True, eq=False):
    """Some series that follow each other in the text."""

    starts: list[int]
    """Where the numbers of each begin, among those of all."""
    slots: bytes


class Layout(msgspec.Struct, frozen=True, eq=False):
    """A metric's text in pieces, and how it was written last. It holds for just these series, first shown then."""

    head: bytes
    series: list[Labels] = []
    stamps: list[float] = []
    pieces: list[Piece] = []
    where: list[int] = []
    """The piece of each series."""
    numbers: list[float] = []
    texts: list[bytes] = []
    """What each piece was with these numbers; empty where it is new."""

    def changed(self, numbers: list[float], width: int) -> set[int]:
        """The pieces of which these numbers make another text, and some more, whose series were born about then."""
        found = {at for at, text in enumerate(self.texts) if not text}
        step, before = TOGETHER * width, len(self.numbers)
        for begin in range(0, before, step):
            end = min(begin + step, before)
            if numbers[begin:end] != self.numbers[begin:end]:
                found.update(self.where[begin // width : end // width])
        return found


def laid_out(
    metric: AnyMetric, series: list[Labels], stamps: list[float], before: Layout | None, *, openmetrics: bool
) -> Layout:
    """A layout for these series. Where they are those of before and newborn ones, most pieces stay as they are."""
    if before is None or before.series != series[: len(before.series)]:
        before = Layout(head(metric.name, metric.help, metric.kind, openmetrics=openmetrics))
    width = metric.width
    starts = [*chain.from_iterable([piece.starts for piece in before.pieces])]
    starts += range(len(starts) * width, len(series) * width, width)
    starts.sort(key=lambda start: series[start // width])  # soon done where most are in order
    stale = {before.where[at] for at, (was, now) in enumerate(zip(before.stamps, stamps, strict=False)) if was != now}
    kept = {tuple(piece.starts): at for at, piece in enumerate(before.pieces) if at not in stale}
    cuts = {piece.starts[0] for piece in before.pieces[1:]}
    pieces: list[Piece] = []
    texts, where = [], [0] * len(series)
    for some in _cut(starts, cuts, max(1, PIECE_LINES // len(lines(metric)))):
        ats = [start // width for start in some]
        for at in ats:
            where[at] = len(pieces)
        known = kept.get(tuple(some))
        if known is None:
            slots = _with_slots(metric, [series[at] for at in ats], [stamps[at] for at in ats if stamps])
            pieces.append(Piece(some, slots))
            texts.append(b"")
        else:
            pieces.append(before.pieces[known])
            texts.append(before.texts[known])
    return Layout(before.head, series, stamps, pieces, where, before.numbers, texts)


def _cut(starts: list[int], where: Container[int], length: int) -> Iterator[list[int]]:
    """Cuts a list where it was cut before, and what is longer than two pieces into pieces."""
    cuts = [0, *[at for at, start in enumerate(starts) if at and start in where], len(starts)]
    for begin, end in pairwise(cuts):
        step = length if end - begin > 2 * length else 2 * length
        for at in range(begin, end, step):
            yield starts[at : min(at + step, end)]


def lines(metric: AnyMetric) -> list[tuple[str, str, str]]:
    """The lines of each series: what follows the metric's name, the `le`, and a slot for the number."""
    if isinstance(metric, Gauge):
        return [("", "", _ANY)]
    if isinstance(metric, Counter):
        return [("", "", _WHOLE if metric.whole else _ANY)]
    bounds = [*(str(float(bound)) for bound in metric.bounds), "+Inf"]
    return [*[("_bucket", bound, _WHOLE) for bound in bounds], ("_count", "", _WHOLE), ("_sum", "", _ANY)]


def _with_slots(metric: AnyMetric, series: list[Labels], stamps: list[float]) -> bytes:
    """The lines of some series with slots for their numbers, and the times of their first showing, if any."""
    of_each = lines(metric)
    sample = "".join([_sample(metric, metric.name + suffix, f"%{slot}", bound) for suffix, bound, slot in of_each])
    written = _written(metric, series)
    texts = [sample % (labels * len(of_each)) for labels in written]
    if any(stamps):
        created = _sample(metric, f"{_base(metric.name, metric.kind)}_created", "%s")
        times = [go_text(abs(stamp) / 1000) if stamp else "" for stamp in stamps]
        since = [created % (*labels, time) if time else "" for labels, time in zip(written, times, strict=True)]
        texts = list(map(add, texts, since))
    return "".join(texts).encode()


def in_words(slots: bytes) -> bytes:
    """The same with slots for numbers that are texts already. Only a slot stands before the end of a line."""
    return slots.replace(f" {_WHOLE}\n".encode(), b" %b\n").replace(f" {_ANY}\n".encode(), b" %b\n")


def head(name: str, help: str, kind: str, *, openmetrics: bool) -> bytes:
    """What stands before the samples of a metric, whose name ends in `_total` if it is a counter."""
    help = help.replace("\\", r"\\").replace("\n", r"\n")
    if openmetrics:
        name, help = _base(name, kind), help.replace('"', r"\"")
    return f"# HELP {name} {help}\n# TYPE {name} {kind}\n".encode()


def _base(name: str, kind: str) -> str:
    return name.removesuffix("_total") if kind == "counter" else name


def go_text(number: float) -> str:
    """A number as the Prometheus client writes it, which takes an exponent sooner than Python.

    >>> go_text(0.25), go_text(1_500_000), go_text(1e10), go_text(-1e6), go_text(float("-inf"))
    ('0.25', '1.5e+06', '1e+10', '-1000000.0', '-Inf')
    """
    if not isfinite(number):
        return "NaN" if isnan(number) else "+Inf" if number > 0 else "-Inf"
    text = repr(float(number))
    whole, dot, fraction = text.partition(".")
    if not dot or number < 0 or len(whole) <= _PLAIN_FIGURES:
        return text
    mantissa = f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0.")
    return f"{mantissa}e+{len(whole) - 1:02}"


def _sample(metric: AnyMetric, name: str, slot: str, bound: str = "") -> str:
    """A line with slots for the values of labels, in order of their names, and one for its number."""
    pairs = sorted([(label, "%s") for label in metric.labels] + ([("le", bound)] if bound else []))
    braced = ",".join([f'{label}="{value}"' for label, value in pairs])
    return f"{name}{{{braced}}} {slot}\n" if braced else f"{name} {slot}\n"


def _written(metric: AnyMetric, series: list[Labels]) -> list[Labels]:
    """The labels of each series as they are written, in order of the labels' names."""
    order = sorted(range(len(metric.labels)), key=metric.labels.__getitem__)
    everything = "".join(chain.from_iterable(series))
    escape = any(mark in everything for mark in '\\\n"%')
    return [tuple([labels[at].translate(_ESCAPES) if escape else labels[at] for at in order]) for labels in series]
