"""What is watched of a pipeline, and where it turns bad. The seeds' threshold tables have their one home here, as the
`indicators` of each pipeline's file; rules, runbook and dashboards are rendered from them.

Knows PromQL only as text, and no pipeline.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

import msgspec

SEVERITIES = ("info", "warning", "critical")
"""From the mildest to the worst: what is beyond a limit is beyond every milder one."""

_LIMIT = re.compile(r"(?P<operator><=?|>=?|==) *(?P<number>-?\d+(?:\.\d+)?)(?: *(?P<unit>%|[A-Za-z]+))?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_DURATION = re.compile(r"\d+[smhd]", re.ASCII)
_PLACEHOLDER = re.compile(r"{(\w+)}")


class Measure(NamedTuple):
    """How Prometheus' templates show a value, and the units that a limit may be in, each with its factor."""

    template: str
    factors: Mapping[str, int | Decimal] = {}


class Unit(Enum):
    """What an indicator is measured in."""

    RATIO = Measure("{{ $value | humanizePercentage }}", {"%": Decimal("0.01")})
    SECONDS = Measure("{{ $value | humanizeDuration }}", {"s": 1, "min": 60, "h": 3600})
    BYTES = Measure("{{ $value | humanize1024 }}B", {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30})
    BITS = Measure('{{ $value | printf "%.3g" }} bits')
    PER_BATCH = Measure('{{ $value | printf "%+.3g" }} per batch')
    USD = Measure('{{ $value | printf "%.2f" }} US dollars')
    USD_PER_HOUR = Measure('{{ $value | printf "%.2f" }} US dollars an hour')
    PER_SECOND = Measure('{{ $value | printf "%.3g" }}/s')
    BYTES_PER_SECOND = Measure("{{ $value | humanize1024 }}B/s")
    NUMBER = Measure('{{ $value | printf "%.3g" }}')
    FLAG = Measure("")
    """1 where something is so: no value worth showing."""


class LimitError(ValueError):
    """A limit that can't be read, or two that contradict each other."""


class Limit(msgspec.Struct, frozen=True):
    """One cell of a threshold table: `text` in the table's own words, what is compared, and with which number; `factor`
    is how much the unit of the text is in base units."""

    text: str
    operator: str
    number: Decimal
    factor: Decimal = Decimal(1)

    @classmethod
    def read(cls, text: str, unit: Unit = Unit.NUMBER) -> "Limit":
        """A limit from its words. Raises LimitError.

        >>> Limit.read("> 1024 MiB", Unit.BYTES).promql, Limit.read(">= 0.10", Unit.RATIO).promql
        ('> 1073741824', '>= 0.10')
        """
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise LimitError(f"`{text}` is no limit; write a comparison (<, <=, >, >=, ==) and a number, like `> 0.20`")
        factors = {"": 1} | dict(unit.value.factors)
        written = found["unit"] or ""
        if written not in factors:
            known = ", ".join(filter(None, factors)) or "none"
            raise LimitError(f"`{text}`: `{written}` is no unit of {unit.name.lower()} (there are: {known})")
        factor = Decimal(factors[written])
        return cls(text, found["operator"], Decimal(found["number"]) * factor, factor)

    @property
    def promql(self) -> str:
        """The comparison as PromQL has it, in base units, each digit as it was written."""
        return f"{self.operator} {self.number:f}"

    @property
    def direction(self) -> str:
        """`<`, `>` or `=`."""
        return self.operator[0]

    def includes(self, worse: "Limit") -> bool:
        """Whether all that is beyond a limit of the same direction, and more, is beyond this one."""
        if self.direction == "=":
            return False
        if self.number == worse.number:
            return self.operator != worse.operator and self.operator.endswith("=")
        return (self.number < worse.number) == (self.direction == ">")


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that tells how a pipeline does, recorded as `pipeline:name`. Raises LimitError for limits that can't be.

    `of` names what it is a figure of, with its labels in braces: "run {run_id}". Without a limit it is shown, and never
    pages. `pending` is how long it has to stay beyond a limit before the alert fires (`for`), `keep_firing_for` how
    long the alert stays afterwards, so that a figure that wavers pages once.
    """

    name: str
    title: str
    unit: Unit
    expr: str
    meaning: str
    of: str = ""
    info: str | None = None
    warning: str | None = None
    critical: str | None = None
    pending: str = "0s"
    keep_firing_for: str = "15m"
    impact: str = ""
    look: tuple[str, ...] = ()
    """Where to look first: PromQL, fields of the log, commands."""
    action: str = ""
    absent: str = ""
    """What it means that there is no value, where that is good news."""
    more_is_better: bool = False
    """Whether the least value is the worst, where no limit tells."""
    steps: Mapping[str, str] = {}
    """Further records that `expr` is made of, by name, in order."""

    def __post_init__(self) -> None:
        for name in (self.name, *self.steps):
            if not _NAME.fullmatch(name):
                raise ValueError(f"`{name}` is no name for a record; write it in snake_case")
        for duration in (self.pending, self.keep_firing_for):
            if not _DURATION.fullmatch(duration):
                raise ValueError(f"{self.name}: `{duration}` is no duration; write it like 30s, 15m or 6h")
        try:
            limits = self.limits
        except LimitError as error:
            raise LimitError(f"{self.name}: {error}") from None
        if limits and not (self.impact and self.look and self.action):
            raise ValueError(f"{self.name}: an alert without impact, look and action helps nobody")
        for milder, worse in pairwise(limits):
            self._compare(milder, worse)

    @property
    def limits(self) -> dict[str, Limit]:
        """The limits by severity, the mildest first."""
        cells = {severity: getattr(self, severity) for severity in SEVERITIES}
        return {severity: Limit.read(text, self.unit) for severity, text in cells.items() if text is not None}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that tell its series apart."""
        return tuple(_PLACEHOLDER.findall(self.of))

    def _compare(self, milder: str, worse: str) -> None:
        """Refuses two limits of which the worse one is not on the way of the milder one."""
        first, second = self.limits[milder], self.limits[worse]
        both = f"{self.name}: {milder} `{first.text}` and {worse} `{second.text}`"
        if first.direction != second.direction:
            raise LimitError(f"{both} point in opposite directions")
        if not first.includes(second):
            raise LimitError(f"{both} are crossed: what is {worse} has to be {milder} already")
