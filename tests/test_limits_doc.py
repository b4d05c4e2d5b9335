"""docs/limits.md says what the code does: each row is held against the constant or the setting that it names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exporter.config import Config, Limits
from exporter.pipeline import discover

pytestmark = pytest.mark.invariant(13)

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<most>[\d.]+) \| `(?P<by>[\w.]+)` \| (?P<beyond>[^|]+) \|$", re.MULTILINE)

NO_BOUNDS = {
    "units": {"MIB", "MILLIONTHS"},
    "bits": {"COVERED", "FACTS", "QUEUED", "STRONG", "TOPIC"},
    "definitions of figures": {"BASELINE_BATCHES", "DECIMALS", "RECENT"},
    "fairness": {"SURE_SECONDS"},
    "formats": {"LEVEL", "SCHEMA"},
    "ranges of settings": {"LAST_PORT"},
    "speed alone": {
        *("EXPIRY_SECONDS", "LARGE_BYTES", "MARKER_SPACING", "PARTS_PER_JOB", "PART_BYTES", "PIECE_LINES"),
        *("SETTLED_SECONDS", "STEPS", "STRETCH", "SWITCH_SECONDS", "TOGETHER", "WORTH_BYTES", "WORTH_SHOWING_BYTES"),
    },
    "what is shown": {"REFRESH_SECONDS", "TICK_SECONDS"},
    "advice to clients": {"RETRY_SECONDS"},
    "part of another row": {"DIRECTORY_REST"},
}
"""Numbers of the code that limit nothing, by what they are."""


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer((ROOT / "docs" / "limits.md").read_text()))


def constants() -> dict[str, set[float]]:
    """The numbers that modules of the exporter name, with all values that a name has; the demo and its like aside."""
    found: dict[str, set[float]] = {}
    for path in (ROOT / "exporter").rglob("*.py"):
        if path.relative_to(ROOT / "exporter").parts[0] not in ("demo", "render"):
            for name, value in named_numbers(ast.parse(path.read_text())):
                found.setdefault(name, set()).add(value)
    return found


def named_numbers(module: ast.Module) -> Iterator[tuple[str, float]]:
    for statement in module.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            value = number(statement.value)
            if name.isupper() and not name.startswith("_") and value is not None:
                yield name, value


def number(expression: ast.expr) -> float | None:
    """What an expression of numbers is worth."""
    allowed = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    if not all(isinstance(node, allowed) for node in ast.walk(expression)):
        return None
    value = eval(compile(ast.Expression(expression), "constant", "eval"))
    return value if isinstance(value, int | float) else None


def settings() -> dict[str, float]:
    """The defaults of all settings that are numbers, by how the configuration writes them."""
    found: dict[str, float] = {}
    structs: dict[str, type[msgspec.Struct]] = {"": Config, "limits.": Limits}
    structs |= {f"{name}.": kind.options_type for name, kind in discover().items()}
    for prefix, struct in structs.items():
        for field in msgspec.structs.fields(struct):
            if isinstance(field.default, int | float):
                found[f"{prefix}{field.name}"] = field.default
    return found


def test_there_is_something_to_compare() -> None:
    """A table that is written otherwise is not passed over."""
    lines = [line for line in (ROOT / "docs" / "limits.md").read_text().splitlines() if line.startswith("| ")]
    apart = [line for line in lines if not ROW.fullmatch(line) and "---" not in line]
    assert 30 < len(rows())
    assert all(line.count(" | ") < 3 or line.startswith("| what | at most | set by |") for line in apart), apart


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["by"])
def test_a_row_says_what_the_code_says(row: re.Match[str]) -> None:
    """The number is that of the constant or the setting's default."""
    known = settings()
    if row["by"] in known:
        assert known[row["by"]] == float(row["most"])
    else:
        assert {float(row["most"])} == constants().get(row["by"])


def test_every_setting_that_limits_is_there() -> None:
    """All of `limits`, and what is a time."""
    limits = {name for name in settings() if name.startswith("limits.") or "." not in name}
    assert set() == limits - {row["by"] for row in rows()}


def test_every_number_in_the_code_is_there() -> None:
    """Or it is said to be no bound."""
    told = {row["by"] for row in rows()} | set().union(*NO_BOUNDS.values())
    assert set() == constants().keys() - told
    assert set() == set().union(*NO_BOUNDS.values()) - constants().keys()
