"""What a webhook is told of alerts: one page for each alert of a notification."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


class Page(NamedTuple):
    """One alert, as it was told to a receiver."""

    receiver: str
    status: str
    """`firing` or `resolved`."""
    labels: dict[str, str]
    annotations: dict[str, str]
    fingerprint: str

    def is_about(self, **labels: str) -> bool:
        """Whether it has all these labels."""
        return labels.items() <= self.labels.items()


def pages(notifications: Iterable[dict[str, Any]]) -> Iterator[Page]:
    """The alerts of notifications, in the order in which they came."""
    for notification in notifications:
        for alert in notification["alerts"]:
            told = {name: alert[name] for name in ("status", "labels", "annotations", "fingerprint")}
            yield Page(receiver=notification["receiver"], **told)
