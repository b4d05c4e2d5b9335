"""What is written from the code rather than by hand: docs/metrics.md, docs/runbook.md, and Prometheus' rules.

In come the pipelines; out go files by name, the same bytes each time. `stale` says which of them lie otherwise on disk.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.indicator import Indicator
from exporter.indicators import TABLES
from exporter.pipeline import Pipeline
from exporter.render.metrics import metrics_page
from exporter.render.rules import Links, rule_file
from exporter.render.runbook import runbook_page

Kinds = Mapping[str, type[Pipeline]]


def files(kinds: Kinds) -> dict[str, str]:
    """Every rendered file by its path below the repository."""
    rules = {
        f"prometheus/rules/{name}.yml": rule_file(name, indicators, source=source, links=Links())
        for name, source, indicators in tables(kinds)
    }
    return {"docs/metrics.md": metrics_page(kinds), "docs/runbook.md": runbook(kinds)} | rules


def runbook(kinds: Kinds) -> str:
    """docs/runbook.md, which the exporter also serves."""
    return runbook_page((name, indicators) for name, _, indicators in tables(kinds))


def tables(kinds: Kinds) -> Iterator[tuple[str, str, tuple[Indicator, ...]]]:
    """Every table of indicators: its name, the module that it stands in, and what is in it."""
    for name, kind in sorted(kinds.items()):
        yield name, kind.__module__.replace(".", "/") + ".py", kind.indicators
    for name, indicators in TABLES.items():
        yield name, f"exporter/indicators/{name}.py", indicators


def write(kinds: Kinds, root: Path) -> list[str]:
    """Writes the files that lie otherwise on disk; returns their paths."""
    changed = stale(kinds, root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files(kinds)[path], encoding="utf-8")
    return changed


def stale(kinds: Kinds, root: Path) -> list[str]:
    """The paths of files that are not what would be rendered."""
    return [path for path, text in files(kinds).items() if _read(root / path) != text]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None
