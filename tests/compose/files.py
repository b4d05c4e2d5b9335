"""The compose file and what belongs to it, read as they lie in the repository: variables are not yet filled in."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
PROVISIONING = ROOT / "grafana" / "provisioning"


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = read(COMPOSE)["services"]
    return found


def read(path: Path) -> Any:
    """What a YAML file says."""
    return yaml.safe_load(path.read_text())


def explained() -> dict[str, str]:
    """The variables of .env.example, and the value that stands behind each."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
