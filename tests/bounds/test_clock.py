"""A clock on the wall that steps by an hour or a year changes nothing. RELIABILITY invariant 17."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.serving import Serving
from tests.engines import attempt
from tests.exposition import key

pytestmark = pytest.mark.invariant(17)

ROOT = Path(__file__).parents[2] / "exporter"

WALL = {
    "births": "when a series was first shown, which goes on from before where the clock was put back",
    "publisher": "when a snapshot was written, shown as it is",
    "web": "how long ago a stream's last record was, on the status page",
}
"""Who may look at the clock on the wall, and for what; the demo writes logs and counts nothing."""

JUMPING = """
import itertools, time
real, steps = time.time, itertools.cycle([0, 3600, -3600, 365 * 86400, -365 * 86400, {offset}])
time.time = lambda: real() + next(steps)
"""

ATTEMPTS = key("persona_attempts_total", run_id="25K_1", stage="A", status="success")
CREATED = "persona_attempts_created"


def looks_at_the_wall(tree: ast.AST) -> bool:
    """Whether a module gets the time from a clock that somebody may set."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time" and {"time", "time_ns"} & names(node):
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today", "time_ns", "localtime"):
            return True
        if isinstance(node, ast.Attribute) and (node.attr, ast.unparse(node.value)) == ("time", "time"):
            return True
    return False


def names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def test_few_modules_look_at_the_clock_on_the_wall() -> None:
    """What is counted, in which order, held for how long, forgotten when: none of it knows what time it is."""
    looking = {
        path.relative_to(ROOT).parts[0].removesuffix(".py")
        for path in ROOT.rglob("*.py")
        if looks_at_the_wall(ast.parse(path.read_text()))
    }
    assert WALL.keys() == looking - {"demo"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    serving.close()


def created(serving: Serving) -> list[str]:
    """The lines that say when series of attempts were first shown."""
    text = serving.get("/metrics", Accept="application/openmetrics-text").text
    return [line for line in text.splitlines() if line.startswith(CREATED)]


@pytest.mark.invariant(1, 3, 4)
def test_a_clock_that_jumps_changes_no_count(serving: Serving) -> None:
    """A process whose clock jumps at every look counts, shows, gates and remembers as any other, through a kill after
    which the clock is years off."""
    serving.write(attempt() * 100)
    serving.start(code=JUMPING.format(offset=0))
    assert 100 == serving.scrape()[ATTEMPTS]
    serving.write(attempt() * 50)
    before = serving.eventually(ATTEMPTS, 150)
    first = created(serving)
    serving.kill()
    serving.write(attempt() * 25)
    for offset in (-20 * 365 * 86400, 20 * 365 * 86400):
        serving.start(code=JUMPING.format(offset=offset))
        after = serving.scrape()
        assert 175 == after[ATTEMPTS]
        assert [] == [series for series in before if series.startswith("persona_") and series not in after]
        assert first == created(serving)
        serving.kill()
