"""What is written from the code rather than by hand: today docs/metrics.md.

In come the pipelines; out go files by name, the same bytes each time. `stale` says which of them lie otherwise on disk.
"""

from collections.abc import Mapping
from pathlib import Path

from exporter.pipeline import Pipeline
from exporter.render.metrics import metrics_page


def files(kinds: Mapping[str, type[Pipeline]]) -> dict[str, str]:
    """Every rendered file by its path below the repository."""
    return {"docs/metrics.md": metrics_page(kinds)}


def write(kinds: Mapping[str, type[Pipeline]], root: Path) -> list[str]:
    """Writes the files that lie otherwise on disk; returns their paths."""
    changed = stale(kinds, root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files(kinds)[path], encoding="utf-8")
    return changed


def stale(kinds: Mapping[str, type[Pipeline]], root: Path) -> list[str]:
    """The paths of files that are not what would be rendered."""
    return [path for path, text in files(kinds).items() if _read(root / path) != text]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None
