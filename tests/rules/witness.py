"""The seeds' threshold tables, typed a second time: beside each limit stands the seed's own line.

Nothing here is read from the code under test. Numbers are in base units, as PromQL compares them; `limit` is what an
alert shows.
"""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


class Row(NamedTuple):
    """One limit: where it stands in the rules, what it compares with, and where it comes from."""

    table: str
    indicator: str
    severity: str
    comparison: str
    limit: str
    quote: str

    @property
    def operator(self) -> str:
        return self.comparison.split()[0]

    @property
    def number(self) -> Decimal:
        return Decimal(self.comparison.split()[1])

    def holds(self, value: Decimal) -> bool:
        """Whether a value is beyond the limit."""
        return COMPARISONS[self.operator](value, self.number)


_REPAIRS = "| Repair rate | <10% | 10-20% | >20% |"
_REPAIR_TREND = "| Repair rate trend | Stable | +5%/batch | +10%/batch |"
_ENTROPY = "| Opening entropy | >2.0 | 1.5-2.0 | <1.5 |"
_POLLYANNA = "| Pollyanna score | 0.5-0.7 | 0.7-0.85 | >0.85 |"
_ANCHORS = "| Anchor diversity | >0.8 | 0.6-0.8 | <0.6 |"
_LATENCY = "| Mean latency | Stable | +20% | +50% |"
_MEMORY = '"memory_usage_mb": 1024,  # Alert if memory usage exceeds 1GB'
_CPU = '"cpu_percent": 80,        # Alert if CPU usage exceeds 80%'
_ERRORS = '"error_rate": 0.10,       # Alert if error rate exceeds 10%'
_ERRORS_CHECK = '"pass": error_rate < 0.05,'
_CRAWL_TIME = '"avg_crawl_time": 5.0,    # Alert if average crawl time exceeds 5s'
_CACHE = '"cache_hit_rate": 0.30,   # Alert if cache hit rate drops below 30%'
_THRESHOLD = '"threshold_drift": 0.20   # Alert if threshold changes by more than 20%'
_MEMORY_CHECK = '"pass": memory_usage < 80,'
_TAGS = "if recent_freq > historical_freq * 3:"

SEEDS = (
    # 001: "Warning" and "Critical" of a range hold their own edges where the range beside them does not.
    Row("persona", "repair_ratio", "warning", ">= 0.10", ">= 0.10", _REPAIRS),
    Row("persona", "repair_ratio", "critical", "> 0.20", "> 0.20", _REPAIRS),
    Row("persona", "repair_trend", "warning", ">= 0.05", ">= 0.05", _REPAIR_TREND),
    Row("persona", "repair_trend", "critical", ">= 0.10", ">= 0.10", _REPAIR_TREND),
    Row("persona", "opening_entropy", "warning", "<= 2.0", "<= 2.0", _ENTROPY),
    Row("persona", "opening_entropy", "critical", "< 1.5", "< 1.5", _ENTROPY),
    Row("persona", "pollyanna", "warning", ">= 0.70", ">= 0.70", _POLLYANNA),
    Row("persona", "pollyanna", "critical", "> 0.85", "> 0.85", _POLLYANNA),
    Row("persona", "anchor_diversity", "warning", "<= 0.8", "<= 0.8", _ANCHORS),
    Row("persona", "anchor_diversity", "critical", "< 0.6", "< 0.6", _ANCHORS),
    Row("persona", "latency_change", "warning", ">= 0.20", ">= 0.20", _LATENCY),
    Row("persona", "latency_change", "critical", ">= 0.50", ">= 0.50", _LATENCY),
    Row("persona", "drift", "warning", "== 1", "== 1", '"drift_detected": any(['),
    # 003: ALERT_THRESHOLDS are compared by `>`; its health checks fail from their number on. Of the error rate the
    # milder number is the check's, and exceeding it is meant; a cache that hits too seldom is below its number.
    Row("host", "process_memory", "warning", "> 1073741824", "> 1024 MiB", _MEMORY),
    Row("host", "cpu_ratio", "warning", "> 0.80", "> 80 %", _CPU),
    Row("host", "memory_ratio", "warning", ">= 0.80", ">= 80 %", _MEMORY_CHECK),
    Row("crawl", "error_ratio", "warning", "> 0.05", "> 0.05", _ERRORS_CHECK),
    Row("crawl", "error_ratio", "critical", "> 0.10", "> 0.10", _ERRORS),
    Row("crawl", "page_seconds", "warning", "> 5", "> 5 s", _CRAWL_TIME),
    Row("crawl", "cache_hit_ratio", "warning", "< 0.30", "< 0.30", _CACHE),
    Row("crawl", "cpu_ratio", "warning", "> 0.80", "> 80 %", _CPU),
    Row("crawl", "threshold_change", "warning", "> 0.20", "> 0.20", _THRESHOLD),
    Row("crawl", "tag_share_change", "warning", "> 3", "> 3", _TAGS),
    # 004
    Row("clustering", "silhouette_score", "warning", "< 0.2", "< 0.2", "if metrics['silhouette_score'] < 0.2:"),
    Row("clustering", "outlier_ratio", "warning", "> 0.30", "> 30 %", "if metrics['outlier_percentage'] > 30:"),
    Row("clustering", "tags_per_page", "info", "< 2", "< 2", "if metrics['avg_tags_per_page'] < 2:"),
)
"""What the seeds name. 000 says "No new product logic. No thresholds. Just visibility.", and 002 names no number to
alert at: of theirs nothing pages, save a distillation session that stalled."""

OWN = (
    # No seed asks for these: a run that stands still, and the exporter itself.
    Row("persona", "stalled", "warning", "< 1", "< 1", ""),
    Row("distillation", "stalled", "warning", "> 0", "> 0", ""),
    Row("clustering", "stalled", "warning", "> 0", "> 0", ""),
    Row("exporter", "down", "critical", "== 1", "== 1", ""),
    Row("exporter", "unserved", "critical", "== 1", "== 1", ""),
    Row("exporter", "catching_up", "warning", "== 1", "== 1", ""),
    Row("exporter", "rejected_ratio", "warning", "> 0.01", "> 1 %", ""),
    Row("exporter", "rejected_ratio", "critical", "> 0.10", "> 10 %", ""),
    Row("exporter", "lag", "warning", "> 67108864", "> 64 MiB", ""),
    Row("exporter", "unfollowed_files", "warning", "> 0", "> 0", ""),
    Row("exporter", "lost_bytes", "warning", "> 0", "> 0", ""),
    Row("exporter", "series_capped", "warning", "> 0", "> 0", ""),
    Row("exporter", "snapshot_age", "warning", "> 120", "> 2 min", ""),
    Row("exporter", "snapshot_age", "critical", "> 600", "> 10 min", ""),
    Row("exporter", "state_resets", "warning", "> 0", "> 0", ""),
    Row("exporter", "reload_failed", "warning", "== 1", "== 1", ""),
    Row("exporter", "web_reload_failed", "warning", "== 1", "== 1", ""),
)

LIMITS = SEEDS + OWN
