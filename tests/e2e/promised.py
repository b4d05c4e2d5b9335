"""What is promised to a user of a real exporter, whatever its clients do."""

import errno
import json
import os
import time

from tests.e2e.serving import Serving

SCRAPE_SECONDS = 2.0
"""Within so many seconds a scrape is answered."""


def scrape_in_time(serving: Serving) -> None:
    """A scrape, as promised."""
    started = time.monotonic()
    answer = serving.get("/metrics", timeout=SCRAPE_SECONDS)
    assert 200 == answer.status
    assert time.monotonic() - started < SCRAPE_SECONDS


def log_is_clean(serving: Serving) -> None:
    """Its own log holds nothing but entries, and none of a failure: no client can fill it with traces.

    But a snapshot that finds no file to open may say so, which it does once a minute.
    """
    if serving.starts:
        entries = [json.loads(line) for line in serving.stderr.read_text().splitlines()]
        failures = [entry for entry in entries if "exception" in entry or entry["level"] == "error"]
        assert [] == [entry for entry in failures if entry.get("error") != os.strerror(errno.EMFILE)]
