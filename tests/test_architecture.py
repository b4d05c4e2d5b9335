"""The drawing in docs/architecture.md, read from the imports."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "exporter"
PAGE = ROOT.parent / "docs" / "architecture.md"

ALLOWED = {
    "follow": set(),
    "decode": {"pipeline", "plain", "record", "tags"},
    "tags": {"pipeline", "record"},
    "indicator": set(),
    "dashboard": {"indicator"},
    "indicators": {"dashboard", "indicator"},
    "promql": set(),
    "pipelines": {
        *("batch", "dashboard", "indicator", "join", "metric", "openbatch", "pipeline", "promql", "record"),
        "tally",
    },
    "openbatch": {"batch", "join", "metric", "record", "tally"},
    "pipeline": {"dashboard", "indicator", "metric", "pipelines", "record"},
    "tally": {"metric"},
    "join": {"record"},
    "batch": set(),
    "metric": set(),
    "plain": set(),
    "record": set(),
    "encoding": set(),
    "snapshot": set(),
    "cut": {"encoding", "metric"},
    "births": {"metric"},
    "layout": {"metric"},
    "families": {"layout"},
    "exposition": {"births", "families", "layout", "metric"},
    "gzipped": set(),
    "itself": {"decode", "metric"},
    "intake": {"config", "decode", "follow", "itself", "pipeline", "record"},
    "engine": {"config", "cut", "encoding", "follow", "intake", "itself", "metric", "pipeline"},
    "config": {"pipeline", "record"},
    "demo": set(),
    "directory": set(),
    "host": {"config", "directory"},
    "telling": set(),
    "ownlog": {"intake", "telling"},
    "history": {"config", "encoding", "engine", "intake", "metric", "pipeline"},
    "processes": {"config", "history"},
    "progress": set(),
    "render": {"config", "dashboard", "indicator", "indicators", "itself", "metric", "pipeline"},
    "worker": {"engine"},
    "publisher": {"births", "cut", "engine", "exposition", "gzipped", "metric", "snapshot", "worker"},
    "web": {"config", "engine", "exposition", "intake", "publisher", "telling", "worker"},
    "server": {
        *("births", "config", "engine", "host", "ownlog"),
        *("pipeline", "publisher", "render", "snapshot", "telling", "web", "worker"),
    },
    "cli": {
        *("config", "demo", "engine", "exposition", "follow", "history", "intake", "metric", "ownlog"),
        *("pipeline", "processes", "progress", "render", "server", "snapshot", "telling", "web"),
    },
    "__main__": {"cli"},
}
"""Which rooms each room may use. What reads is left of what is read, so there is no way back."""


def arrows() -> set[tuple[str, str]]:
    """Every import of one room by another."""
    found = set()
    for path in ROOT.rglob("*.py"):
        room = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            modules = []
            if isinstance(node, ast.ImportFrom) and node.module:
                below = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "exporter" else []
                modules = below or [node.module]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            rooms = {module.split(".")[1] for module in modules if module.startswith("exporter.")}
            found |= {(room, other) for other in rooms if other not in (room, "__version__")}
    return found


@pytest.mark.parametrize("room", sorted({room for room, _ in arrows()}))
def test_imports_follow_the_drawing(room):
    """A room uses only the rooms that the drawing lets it use."""
    assert set() == {other for using, other in arrows() if using == room} - ALLOWED[room]


def test_the_drawing_has_no_circle():
    """No room uses, by whatever way, a room that uses it; discovery alone looks into `pipelines`."""
    rooms = {room: others - {"pipelines"} for room, others in ALLOWED.items()}
    while leaves := {room for room, others in rooms.items() if not others & rooms.keys()}:
        rooms = {room: others for room, others in rooms.items() if room not in leaves}
    assert {} == rooms


def test_each_room_is_told_of():
    """The table says of every room what comes in, what goes out, and what it refuses to know."""
    table = re.findall(r"^\| (`.*?) \|.*\|.*\|.*\|$", PAGE.read_text(), re.MULTILINE)
    told = {path.split("/")[0].removesuffix(".py") for path in re.findall(r"`(.*?)`", " ".join(table))}
    rooms = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.rglob("*.py")}
    assert rooms - {"__init__", "__main__"} == told


def test_no_test_is_a_library():
    """What several test modules need is in a module without tests."""
    tests = [path.read_text() for path in (ROOT.parent / "tests").rglob("*.py")]
    assert [] == [name for text in tests for name in re.findall(r"^from (\S*\btest_\w+) import", text, re.MULTILINE)]


def test_one_room_knows_grafana():
    """Its SDK is imported where dashboards are rendered, and nowhere else."""
    knowing = {
        path for path in ROOT.rglob("*.py") if re.search("^(from|import) grafana", path.read_text(), re.MULTILINE)
    }
    assert {ROOT / "render" / "dashboards"} == {path.parent for path in knowing}
