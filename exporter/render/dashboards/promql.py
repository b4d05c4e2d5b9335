"""PromQL of panels as Grafana takes it: selectors narrowed by the dashboard's variables, windows by Grafana's names."""

import re
from collections.abc import Iterable

from exporter.render.series import Series

_WINDOW = re.compile(r"(?<=[\[:])(auto|shown|step)(?=[\]:])")
_WINDOWS = {"auto": "$__rate_interval", "shown": "$__range", "step": "$__interval"}
_SELECTOR = re.compile(r'(?<![\w:"$])(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<matchers>[^}]*)\})?')


def for_grafana(expr: str, variables: Iterable[str], series: Series) -> str:
    """The expression on one line, each selector narrowed by those variables that its series has as labels.

    >>> for_grafana('rate(a_total{b="1"}[auto])', ["run", "b"], {"a_total": ("run", "b")})
    'rate(a_total{b="1", run=~"$run"}[$__rate_interval])'
    """
    variables = tuple(variables)

    def narrowed(found: re.Match[str]) -> str:
        own = found["matchers"]
        labels = [label for label in variables if label in series.get(found["name"], ()) and not _has(own, label)]
        matchers = ", ".join(filter(None, (own, *(f'{label}=~"${label}"' for label in labels))))
        return f"{found['name']}{{{matchers}}}" if matchers else found[0]

    windows = _WINDOW.sub(lambda found: _WINDOWS[found[1]], " ".join(expr.split()))
    return _SELECTOR.sub(narrowed, windows)


def legend(text: str) -> str:
    """A text with labels in braces as a legend of Grafana's.

    >>> legend("run {run_id}")
    'run {{run_id}}'
    """
    return text.replace("{", "{{").replace("}", "}}")


def _has(matchers: str | None, label: str) -> bool:
    return re.search(rf"\b{label}\s*(=|!)", matchers or "") is not None
