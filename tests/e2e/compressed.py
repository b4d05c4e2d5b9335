"""Rendered rules and routes with their time made shorter: what takes a quarter of an hour is seen in seconds.

Only durations are changed: how long an alert waits and stays, ranges of PromQL, how Alertmanager groups. No limit is.
"""

import re

FACTOR = 100
"""A minute becomes 0.6 seconds, a quarter of an hour nine seconds."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(
    r"(?P<place>\b(?:for|keep_firing_for|group_wait|group_interval|repeat_interval): |\[|\boffset )"
    r"(?P<number>\d+)(?P<unit>[smhd])\b"
)


def compressed(text: str) -> str:
    """The text of a rule file or of an alertmanager.yml, its durations divided by `FACTOR`.

    >>> compressed("for: 1m"), compressed("expr: increase(lines_total[10m]) > 600")
    ('for: 600ms', 'expr: increase(lines_total[6000ms]) > 600')
    """
    return _DURATION.sub(_shorter, text)


def _shorter(found: re.Match[str]) -> str:
    milliseconds = 1000 * int(found["number"]) * _SECONDS[found["unit"]] // FACTOR
    return f"{found['place']}{milliseconds}ms"
