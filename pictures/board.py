"""A committed dashboard as it is to be drawn: panels with their places, variables, marks; and the stamp of all that.

Reads Grafana's classic JSON, and refuses nothing: what cannot be drawn is found where panels are drawn by their kind.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"
KINDS = Path(__file__).parent / "kinds"
UNSEEN = {"description", "links", "uid", "tags", "tooltip"}
"""What no picture shows, at whatever depth."""


class Board:
    """One dashboard."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self._json: Json = json.loads((FOLDER / f"{uid}.json").read_text(encoding="utf-8"))
        self.title: str = self._json["title"]
        self.panels: list[Json] = self._json["panels"]
        self.marks: list[Json] = self._json["annotations"]["list"]

    @property
    def variables(self) -> list[tuple[str, str]]:
        """Label and choice of each variable."""
        listed = self._json["templating"]["list"]
        return [(each.get("label") or each["name"], _chosen(each["current"]["text"])) for each in listed]

    @property
    def names(self) -> list[str]:
        """The variables by the names that queries have for them."""
        return [each["name"] for each in self._json["templating"]["list"]]

    @property
    def stamp(self) -> str:
        """Changes with whatever a picture shows of the dashboard."""
        seen = json.dumps(_seen(self._json), sort_keys=True)
        return hashlib.sha256(seen.encode()).hexdigest()[:16]


def boards() -> list[str]:
    """The uid of each committed dashboard."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def drawable() -> set[str]:
    """The kinds of panels that can be drawn: each has a module."""
    return {path.stem for path in KINDS.glob("[a-z]*.py")}


def queries(panel: Json) -> Iterator[Json]:
    """The queries of a panel, none for headings."""
    yield from panel.get("targets", ())


def _chosen(text: str | list[str]) -> str:
    return text if isinstance(text, str) else " + ".join(text)


def _seen(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _seen(value) for key, value in node.items() if key not in UNSEEN}
    return [_seen(each) for each in node] if isinstance(node, list) else node
