"""Time in a hurry: in the demo run a day passes in a minute, so that there is a yesterday to compare with.

Durations of rules and of dashboards' queries are shortened alike. None is made so short that scrapes would be missed.
"""

import re

DAY_SECONDS = 60
SCRAPE_SECONDS = 2
RATE_SECONDS = 4 * SCRAPE_SECONDS
"""What Grafana makes of `$__rate_interval` where points are as close as scrapes."""
LEAST_SECONDS = 10
"""No duration becomes shorter, but for those that are 0."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(
    r"(?P<place>\b(?:for|keep_firing_for): |\[|:|\boffset )(?P<number>\d+)(?P<unit>[smhd])(?=[\s\]),:]|$)", re.MULTILINE
)


def hurried(text: str) -> str:
    """The text of a rule file, or a query, with its durations shortened.

    >>> hurried("rate(lines_total[7d]) - rate(lines_total[15m] offset 1d)")
    'rate(lines_total[420s]) - rate(lines_total[10s] offset 60s)'
    >>> hurried("last_over_time(tags_total[3d:1h] offset 30d)")
    'last_over_time(tags_total[180s:10s] offset 1800s)'
    >>> hurried("for: 0s")
    'for: 0s'
    """
    return _DURATION.sub(lambda found: f"{found['place']}{_shorter(int(found['number']), found['unit'])}s", text)


def _shorter(number: int, unit: str) -> int:
    seconds = number * _SECONDS[unit]
    return max(seconds * DAY_SECONDS // _SECONDS["d"], LEAST_SECONDS) if seconds else 0
