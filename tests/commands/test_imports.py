"""What a command does not use it does not import: most of a short command's time would go there."""

import subprocess
import sys

import pytest

from tests.exposition import ROOT

HEAVY = {
    *("asyncio", "grafana_foundation_sdk", "http.server", "markdown_it", "prometheus_client", "psutil"),
    *("rich", "ssl", "starlette", "structlog", "uvicorn", "yaml"),
}
"""What takes long to import, or much memory."""
LOG = "persona=tests/logs/persona/attempts.ndjson"


def imported(*arguments: str) -> set[str]:
    """What of the heavy modules a command imports in a process of its own."""
    code = f"""
import atexit, sys
atexit.register(lambda: print("\\n", *sys.modules))
sys.argv[1:] = {arguments!r}
from exporter.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    modules = set(done.stdout.splitlines()[-1].split())
    assert "exporter.cli" in modules, done.stderr
    return HEAVY & modules


@pytest.mark.parametrize(
    ("allowed", "arguments"),
    [
        (set(), ("--version",)),
        (set(), ("once", "--jobs", "1", LOG)),
        (set(), ("lint", LOG)),
        (set(), ("demo", "--rate", "0", "nowhere")),
        ({"yaml"}, ("--help",)),
        ({"yaml"}, ("check", "--config", "docs/demo.yml")),
        ({"yaml", "grafana_foundation_sdk"}, ("render", "--check")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_short_command_imports_only_what_it_uses(allowed: set[str], arguments: tuple[str, ...]) -> None:
    """No server, no logger, no client of Prometheus; YAML where a file is read or written."""
    assert allowed == imported(*arguments)


def test_the_server_starts_without_what_few_ask_for() -> None:
    """The runbook and Markdown are for who looks at it."""
    code = "import sys, exporter.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set() == {"markdown_it", "exporter.render", "exporter.indicators"} & set(done.stdout.split())
