"""The crawler's seven logs: pages, failures, corrections, embedding failures, thresholds, health. Seed 003.

In collapse pages get slow, the cache misses, memory and CPU fill up and thresholds jump; failures are frequent from
the start, for how many of them there are is a matter of the streams' weights.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import count

from exporter.demo.stream import DemoStream, Record, Setting, naive, with_z

DOMAINS = ("example.com", "broken.com", "Quant.Example.org:8443", "știri.example.md", "blog.example.net")
"""Hosts as links have them: with a port, with capitals, with letters beyond ASCII."""
CATEGORIES = {
    "research": ("momentum", "alpha", "factor-models"),
    "news": ("earnings", "macro", "momentum"),
    "tutorial": ("python", "backtesting", "alpha"),
}
"""The tags of each category."""
METHODS = {"percentile": 0.62, "isotonic": 0.48}
"""The threshold that each method finds in health."""
FAILURES = (
    ("fetch", "ConnectTimeout", "connection timed out after 10 s", None),
    ("fetch", "SSLError", "certificate has expired", None),
    ("fetch", "HTTPError", "404 Not Found", 404),
    ("fetch", "HTTPError", "503 Service Unavailable", 503),
    ("extraction", "ValueError", "ValueError: no text in page", 200),
    ("embedding", "IndexError", "IndexError: list index out of range", 200),
)
"""Stage, exception type, error, response code."""
EMBEDDING_FAILURES = ("OOM during embedding generation", "timeout after 30 s", "model returned NaN")
EMBEDDING_ATTEMPTS = 3
CORRECTIONS = {
    "false_positives": ("off-topic content", "breaking news, not research"),
    "false_negatives": ("missed financial signal", "știre relevantă"),
}


def metadata(setting: Setting) -> Iterator[Record]:
    """Pages; the seed gives them no time, and half of these have none."""
    rng = setting.rng
    for done in count():
        category = rng.choice(list(CATEGORIES))
        score = round(rng.betavariate(5, 2), 2)
        page = {
            "url": _url(setting),
            "score": score,
            "category": category,
            "tags": rng.sample(CATEGORIES[category], rng.randint(0, 3)),
            "length": rng.randint(200, 20_000),
            "embedding_id": f"article_{rng.randrange(10_000)}",
            "threshold_passed": score >= 0.6,
            "processing_time": setting.around(1.2 + 5.8 * setting.strain(done, 300), 0.5),
            "extraction_method": rng.choices(("trafilatura", "readability", "raw"), (7, 2, 1))[0],
            "model_version": "sentence-transformers-2.2.2",
        }
        yield page | ({"timestamp": with_z(setting.now())} if setting.chance(0.5) else {})


def failures(setting: Setting) -> Iterator[Record]:
    """Failed URLs; without a response the code is null."""
    while True:
        stage, exception, error, code = setting.rng.choice(FAILURES)
        yield {
            "timestamp": with_z(setting.now()),
            "url": _url(setting),
            "stage": stage,
            "error": error,
            "exception_type": exception,
            "retry_count": setting.rng.randrange(4),
            "user_agent": "Mozilla/5.0 (compatible; demo)",
            "response_code": code,
        }


def false_positives(setting: Setting) -> Iterator[Record]:
    """Pages that passed and should not have."""
    return _corrections(setting, CORRECTIONS["false_positives"], 0.8)


def false_negatives(setting: Setting) -> Iterator[Record]:
    """Pages that should have passed."""
    return _corrections(setting, CORRECTIONS["false_negatives"], 0.4)


def _corrections(setting: Setting, reasons: tuple[str, ...], score: float) -> Iterator[Record]:
    rng = setting.rng
    while True:
        yield {
            "url": _url(setting),
            "original_score": setting.around(score, 0.2, 2),
            "original_tags": rng.sample(CATEGORIES["research"], 2),
            "correct_category": rng.choice(list(CATEGORIES)),
            "correction_reason": rng.choice(reasons),
            "corrected_by": "manual_review",
            "correction_timestamp": with_z(setting.now(), "seconds"),
        }


def embedding_failures(setting: Setting) -> Iterator[Record]:
    """Failures of 200 URLs, each scheduled again until its attempts are spent."""
    rng = setting.rng
    attempts: Counter[int] = Counter()
    while True:
        article = rng.randrange(200)
        attempts[article] = attempts[article] % EMBEDDING_ATTEMPTS + 1
        yield {
            "url": f"https://example.com/article/{article}",
            "content_hash": hashlib.sha256(str(article).encode()).hexdigest(),
            "failure_reason": rng.choice(EMBEDDING_FAILURES),
            "attempt_count": attempts[article],
            "last_attempt": with_z(setting.now(), "seconds"),
            "content_length": 500 + 97 * article,
            "retry_scheduled": attempts[article] < EMBEDDING_ATTEMPTS,
        }


def thresholds(setting: Setting) -> Iterator[Record]:
    """Threshold runs of the methods in turn; in collapse every other run of a method lands far off."""
    for done in count():
        method, threshold = list(METHODS.items())[done % len(METHODS)]
        if done // len(METHODS) % 2:
            threshold *= 1 + 0.4 * setting.strain(done, 8)
        yield {
            "timestamp": with_z(setting.now()),
            "method": method,
            "threshold": setting.around(threshold, 0.03, 5),
            "pass_rate": setting.around(0.4, 0.1),
            "samples": setting.rng.randint(500, 2000),
            "config_hash": hashlib.sha256(method.encode()).hexdigest(),
            "random_seed": 42,
            "versions": {
                "sentence_transformers": "2.2.2",
                "cleanlab": "2.5.0",
                "txtai": "6.3.0",
                "python_version": "3.11.7 (main, Dec  8 2023, 18:56:57) [GCC 12.2.0]",
                "platform": "Linux-6.1.0-x86_64-with-glibc2.36",
            },
            "hardware_info": {"cpu_count": 8, "memory_gb": 32},
        }


def health(setting: Setting) -> Iterator[Record]:
    """The host as the crawler sees it, by naive timestamps."""
    for done in count():
        strain = setting.strain(done, 15)
        yield {
            "timestamp": naive(setting.now()),
            "memory_usage_mb": setting.around(700 + 600 * strain, 0.1),
            "cpu_percent": setting.around(45 + 46 * strain, 0.08, 1),
            "disk_usage_percent": 61.4,
            "active_processes": setting.rng.randint(180, 220),
            "chromadb_size_mb": round(512 + 0.25 * done, 2),
            "cache_hit_rate": setting.around(0.72 - 0.55 * strain, 0.1),
            "avg_crawl_time": setting.around(1.2 + 5.8 * strain, 0.1),
        }


def _url(setting: Setting) -> str:
    return f"https://{setting.rng.choice(DOMAINS)}/article/{setting.rng.randrange(100_000)}"


STREAMS = {
    "metadata": DemoStream(records=metadata, path="crawl/crawl_metadata.jsonl", weight=(12, 12)),
    "failures": DemoStream(records=failures, path="crawl/crawl_failures.jsonl", weight=(0.25, 2.0)),
    "false_positives": DemoStream(records=false_positives, path="crawl/false_positives.jsonl", weight=(0.15, 0.15)),
    "false_negatives": DemoStream(records=false_negatives, path="crawl/false_negatives.jsonl", weight=(0.15, 0.15)),
    "embedding_failures": DemoStream(
        records=embedding_failures, path="crawl/embedding_failures.jsonl", weight=(0.15, 0.5)
    ),
    "thresholds": DemoStream(records=thresholds, path="crawl/threshold_logs.jsonl", weight=(0.3, 0.3)),
    "health": DemoStream(records=health, path="crawl/health.jsonl", weight=(0.5, 0.5)),
}
