"""What is watched of a pipeline, and where it turns bad. The seeds' threshold tables have their one home here, as the
`indicators` of each pipeline's file; rules, runbook and dashboards are rendered from them.

Knows PromQL only as text, and no pipeline.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from itertools import pairwise

import msgspec

SEVERITIES = ("info", "warning", "critical")
"""From the mildest to the worst: what is beyond a limit is beyond every milder one."""

_LIMIT = re.compile(r"(?P<operator><=?|>=?|==)\s*(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>%|[A-Za-z]+|)", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_DURATION = re.compile(r"\d+[smhd]", re.ASCII)
_PLACEHOLDER = re.compile(r"{(\w+)}")


class Unit(Enum):
    """What an indicator is measured in: how Prometheus' templates show a value, and which units a limit may name,
    with the factor that brings each to the base unit.
    """

    RATIO = "{{ $value | humanizePercentage }}", {"%": "0.01"}
    SECONDS = "{{ $value | humanizeDuration }}", {"s": "1", "min": "60", "h": "3600"}
    BYTES = "{{ $value | humanize1024 }}B", {"KiB": "1024", "MiB": "1048576", "GiB": "1073741824"}
    BITS = '{{ $value | printf "%.3g" }} bits', {}
    PER_BATCH = '{{ $value | printf "%+.3g" }} per batch', {}
    USD = '{{ $value | printf "%.2f" }} US dollars', {}
    NUMBER = '{{ $value | printf "%.3g" }}', {}
    FLAG = "", {}
    """1 where something is so: no value worth showing."""

    @property
    def template(self) -> str:
        """A value of an alert, as Prometheus fills it in."""
        template: str = self.value[0]
        return template

    @property
    def factors(self) -> dict[str, Decimal]:
        """The units that a limit may be written in, the base unit unnamed."""
        return {"": Decimal(1)} | {unit: Decimal(factor) for unit, factor in self.value[1].items()}


class LimitError(ValueError):
    """A limit that can't be read, or two that contradict each other."""


class Limit(msgspec.Struct, frozen=True):
    """One cell of a threshold table: `text` in the table's own words, what is compared, and with which number."""

    text: str
    operator: str
    number: Decimal

    @classmethod
    def read(cls, text: str, unit: Unit = Unit.NUMBER) -> "Limit":
        """A limit from its words. Raises LimitError.

        >>> Limit.read("> 1024 MiB", Unit.BYTES).promql, Limit.read(">= 0.10", Unit.RATIO).promql
        ('> 1073741824', '>= 0.10')
        """
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise LimitError(f"`{text}` is no limit; write a comparison (<, <=, >, >=, ==) and a number, like `> 0.20`")
        if found["unit"] not in unit.factors:
            known = ", ".join(filter(None, unit.factors)) or "none"
            raise LimitError(f"`{text}` has a unit that a figure in {unit.name.lower()} has not (there are: {known})")
        return cls(text, found["operator"], Decimal(found["number"]) * unit.factors[found["unit"]])

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
