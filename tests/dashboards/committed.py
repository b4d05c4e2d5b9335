"""The committed dashboards as plain data, as Grafana reads them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "grafana" / "dashboards"
Json = dict[str, Any]

UIDS = sorted(path.stem for path in FOLDER.glob("*.json"))

_WINDOWS = {"$__rate_interval": "1m", "$__range": "6h", "$__interval": "15s"}
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def dashboard(uid: str) -> Json:
    found: Json = json.loads((FOLDER / f"{uid}.json").read_text())
    return found


def panels(uid: str) -> list[Json]:
    """All that show something: headings do not."""
    return [panel for panel in dashboard(uid)["panels"] if panel["type"] != "row"]


def marks(uid: str) -> list[Json]:
    found: list[Json] = dashboard(uid)["annotations"]["list"]
    return found


def variables(uid: str) -> dict[str, Json]:
    """Those with values of a label."""
    return {each["name"]: each for each in dashboard(uid)["templating"]["list"] if each["type"] == "query"}


def queries(uid: str) -> Iterator[tuple[str, str]]:
    """Every query with where it is: panels', then marks'."""
    for panel in panels(uid):
        for target in panel["targets"]:
            yield f"{uid}: {panel['title']}: {target['legendFormat']}", target["expr"]
    for mark in marks(uid):
        yield f"{uid}: mark {mark['name']}", mark["expr"]


def every_query() -> list[tuple[str, str]]:
    return [query for uid in UIDS for query in queries(uid)]


def filled_in(expr: str) -> str:
    """A query as Grafana sends it: each variable with all its values."""
    return _VARIABLE.sub(".*", with_windows(expr))


def with_windows(expr: str) -> str:
    """A query with Grafana's windows filled in, and with variables as they are."""
    for name, window in _WINDOWS.items():
        expr = expr.replace(name, window)
    return expr


def used_variables(expr: str) -> set[str]:
    """The variables in a text that are not Grafana's own."""
    return {name for name in _VARIABLE.findall(expr) if not name.startswith("__")}


def fed_from(variable: Json) -> tuple[str, str]:
    """The selector and the label that a variable's values come from."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found is not None
    return found[1], found[2]
