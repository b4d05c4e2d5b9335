"""Reads the demo's lines back as records."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache

from exporter import demo

START = datetime(2026, 1, 31, 14, 32, tzinfo=UTC)


@cache
def records(pipeline, stream, count=2000, **options):
    """The first records of a stream."""
    return [json.loads(line) for line in demo.lines(pipeline, stream, count, start=START, **options)]


def kinds(records, field):
    """The records by what they have in a field."""
    by_kind = defaultdict(list)
    for record in records:
        by_kind[record[field]].append(record)
    return by_kind
