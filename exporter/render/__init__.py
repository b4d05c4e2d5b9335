"""What is written from the code rather than by hand: docs/metrics.md, docs/runbook.md, Prometheus' rules,
Alertmanager's configuration, and Grafana's dashboards.

In comes what a `Rendering` holds; out go files by name, the same bytes each time. `stale` says which of them lie
otherwise on disk, `left` which are there of pipelines that are gone.
"""

from pathlib import Path

import msgspec

from exporter.pipeline import Kinds
from exporter.render.alertmanager import alertmanager_file
from exporter.render.messages import MESSAGES
from exporter.render.metrics import metrics_page
from exporter.render.names import Links
from exporter.render.receivers import Receivers
from exporter.render.rules import RENDERED, rule_file
from exporter.render.runbook import runbook_page
from exporter.render.series import every_series
from exporter.render.tables import Table, tables

__all__ = [
    "ALERTMANAGER",
    "Links",
    "Receivers",
    "Rendering",
    "SdkMissingError",
    "left",
    "runbook",
    "stale",
    "tables",
    "write",
]

ALERTMANAGER = "alertmanager"
"""The folder of Alertmanager's files, where its secrets are, too."""
RULES = "prometheus/rules"
DASHBOARDS = "grafana/dashboards"
SDK = "grafana_foundation_sdk"


class SdkMissingError(Exception):
    """Dashboards can't be rendered, as Grafana's SDK is not installed."""


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """What files are rendered from: the pipelines, and the tables, links and receivers as a user wants them."""

    kinds: Kinds
    tables: tuple[Table, ...]
    links: Links = Links()
    receivers: Receivers = Receivers()

    @classmethod
    def of(cls, kinds: Kinds) -> "Rendering":
        """What lies in the repository, where nobody wants anything otherwise."""
        return cls(kinds=kinds, tables=tuple(tables(kinds)))


def files(given: Rendering) -> dict[str, str]:
    """Every rendered file by its path below the repository. Raises SdkMissingError."""
    rules = {f"{RULES}/{table.name}.yml": rule_file(table, given.links) for table in given.tables}
    return {
        "docs/metrics.md": metrics_page(given.kinds),
        "docs/runbook.md": runbook_page(given.tables),
        f"{ALERTMANAGER}/alertmanager.yml": alertmanager_file(given.tables, given.receivers),
        f"{ALERTMANAGER}/templates/pipelines.tmpl": MESSAGES,
        **rules,
        **_dashboards(given),
    }


def _dashboards(given: Rendering) -> dict[str, str]:
    try:
        from exporter.render.dashboards import dashboard_files  # the SDK is there where the program is developed
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != SDK:
            raise
        raise SdkMissingError(
            "dashboards are rendered by grafana-foundation-sdk, which is missing: "
            "pip install '.[dev]' in the repository"
        ) from None
    return dashboard_files(given.tables, every_series(given.kinds, given.tables), given.links)


def runbook(kinds: Kinds) -> str:
    """docs/runbook.md, which the exporter also serves."""
    return runbook_page(tables(kinds))


def write(given: Rendering, root: Path) -> list[str]:
    """Writes the files that lie otherwise on disk; returns their paths."""
    changed = _changed(given, root)
    for path, text in changed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    return list(changed)


def stale(given: Rendering, root: Path) -> list[str]:
    """The paths of files that are not what would be rendered."""
    return list(_changed(given, root))


def left(given: Rendering, root: Path) -> list[str]:
    """The paths of files that were rendered for pipelines that are gone, and would still be read."""
    known = {table.name for table in given.tables}
    rules = [path for path in sorted((root / RULES).glob("*.yml")) if path.stem not in known]
    gone = [path.stem for path in rules if (_read(path) or b"").startswith(RENDERED.encode())]
    paths = [path for name in gone for path in (f"{RULES}/{name}.yml", f"{DASHBOARDS}/{name}.json")]
    return [path for path in paths if (root / path).is_file()]


def _changed(given: Rendering, root: Path) -> dict[str, str]:
    return {path: text for path, text in files(given).items() if _read(root / path) != text.encode()}


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
