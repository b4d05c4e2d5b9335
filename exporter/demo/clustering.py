"""Clustering jobs as structlog writes them: events on the way, then one line with the job's metrics. Seed 004."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from statistics import mean

from exporter.demo.stream import DemoStream, Record, Setting, with_z

WIKIS = {1: 25, 2: 12, 3: 8, 7: 2}
"""How many clusters each wiki has, by wiki_id."""
PLAIN_WIKI = 7
"""A wiki whose jobs log only gauges that cannot be told from the counters."""
_TRACEBACK = 'Traceback (most recent call last):\n  File "propagate.py", line 88, in apply\nKeyError: 12'


def events(setting: Setting) -> Iterator[Record]:
    """The events of one job, then of the next. In collapse clusters get blurred and outliers many."""
    for done in count():
        yield from _job(setting, setting.strain(done, 10))


def _job(setting: Setting, strain: float) -> Iterator[Record]:
    rng = setting.rng
    wiki = rng.choice(list(WIKIS))
    sizes = [rng.randint(8, 33) for _ in range(WIKIS[wiki])]
    outliers = round(sum(sizes) * setting.around(0.14 + 0.6 * strain, 0.2))
    pages = sum(sizes) + outliers
    errors: Counter[str] = Counter()
    options = {"min_cluster_size": 5, "algorithm": "hdbscan"}
    yield _event(setting, "clustering_started", "info", wiki_id=wiki, page_count=pages, options=options)
    for cluster, size in enumerate(sizes):
        yield _cluster(setting, wiki, cluster, size)
        if setting.chance(0.04 + 0.1 * strain):
            errors["llm_timeouts"] += 1
            yield _event(setting, "llm_timeout", "warning", cluster_id=cluster, attempt=1, timeout_seconds=30)
        if setting.chance(0.01):
            errors["propagation_conflicts"] += 1
            yield _event(setting, "propagation_failed", "error", cluster_id=cluster, error="12", traceback=_TRACEBACK)
    errors.update(kind for kind in ("llm_failures", "parsing_errors", "database_errors") if setting.chance(0.1))
    yield _metrics(setting, wiki, sizes, pages, errors, strain)


def _event(setting: Setting, event: str, level: str, **fields: object) -> Record:
    return {**fields, "event": event, "level": level, "timestamp": with_z(setting.now())}


def _cluster(setting: Setting, wiki: int, cluster: int, size: int) -> Record:
    pages = sorted(setting.rng.sample(range(1000), 3))
    return _event(
        setting,
        "cluster_created",
        "info",
        wiki_id=wiki,
        cluster_id=cluster,
        page_count=size,
        representative_pages=pages,
    )


def _metrics(setting: Setting, wiki: int, sizes: list[int], pages: int, errors: Counter[str], strain: float) -> Record:
    """The job's line: `ClusteringMetrics.to_dict()`, whose counters lack what was never counted."""
    stages = _stage_durations(setting, len(sizes))
    tagged = pages - round(pages * setting.around(0.04 + 0.2 * strain, 0.5))
    counters = {
        "pages_processed": pages,
        "pages_tagged": tagged,
        "pages_untagged": pages - tagged,
        "total_tags_applied": round(pages * setting.around(5.0 - 3.5 * strain, 0.15)),
        **errors,
        "total_errors": errors.total(),
    }
    total = round(sum(stages.values()) + 0.8, 3)
    gauges = _gauges(setting, sizes, strain)
    if wiki != PLAIN_WIKI:
        gauges |= _derivable(counters, pages - sum(sizes), total)
    return _event(
        setting,
        "clustering_metrics",
        "info",
        total_duration=total,
        stage_durations=stages,
        counters={name: counted for name, counted in counters.items() if counted},
        gauges=gauges,
        wiki_id=wiki,
        job_id=f"cluster_wiki_{wiki}_{setting.rng.getrandbits(24):06x}",
    )


def _stage_durations(setting: Setting, clusters: int) -> dict[str, float]:
    seconds = {"clustering": 0.5, "tag_generation": 7.2, "propagation": 2.1}
    return {stage: setting.around(each * clusters, 0.2) for stage, each in seconds.items()}


def _gauges(setting: Setting, sizes: list[int], strain: float) -> Record:
    return {
        "avg_llm_latency_ms": setting.around(2400, 0.2, 1),
        "cluster_count": len(sizes),
        "avg_cluster_size": round(mean(sizes), 1),
        "min_cluster_size": min(sizes),
        "max_cluster_size": max(sizes),
        "silhouette_score": setting.around(0.42 - 0.3 * strain, 0.15),
        "avg_cluster_confidence": setting.around(0.78 - 0.2 * strain, 0.1),
        "tags_per_cluster": setting.around(4.5, 0.2, 1),
        "min_tags_per_page": int(setting.chance(0.5)),
        "max_tags_per_page": round(setting.around(11, 0.3)),
    }


def _derivable(counters: dict[str, int], outliers: int, seconds: float) -> Record:
    """The gauges that counters and duration imply as well."""
    pages = counters["pages_processed"]
    return {
        "pages_per_second": round(pages / seconds, 3),
        "outlier_count": outliers,
        "outlier_percentage": round(100 * outliers / pages, 1),
        "avg_tags_per_page": round(counters["total_tags_applied"] / pages, 2),
        "coverage_percentage": round(100 * counters["pages_tagged"] / pages, 1),
    }


STREAMS = {"events": DemoStream(records=events, path="clustering/clustering.log", weight=(6, 6))}
