"""The demo's streams by pipeline and name, and their lines for given times. Touches no file and no clock."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from exporter.demo import clustering, crawl, distillation, persona, tagger
from exporter.demo.stream import SCENARIOS, DemoStream, Record, Setting

STREAMS: Mapping[str, Mapping[str, DemoStream]] = {
    "persona": persona.STREAMS,
    "distillation": distillation.STREAMS,
    "tagger": tagger.STREAMS,
    "crawl": crawl.STREAMS,
    "clustering": clustering.STREAMS,
}


def lines(
    pipeline: str,
    stream: str,
    count: int,
    *,
    start: datetime,
    seed: int = 0,
    scenario: str = "healthy",
    interval: timedelta = timedelta(seconds=1),
) -> Iterator[str]:
    """The first `count` lines of a stream, without newlines: the same arguments give the same lines.

    The first is written at `start`, which has a time zone, each other one `interval` later. The stream `session` is a
    document, not a log: its lines are what it holds from rewrite to rewrite. Raises ValueError for a pipeline, stream
    or scenario that does not exist.

    >>> from datetime import UTC
    >>> next(lines("tagger", "events", 1, start=datetime(2026, 1, 31, tzinfo=UTC)))[:35]
    '{"kind": "category_reasoning_result'
    """
    found = _find(pipeline, stream)
    moment = start
    source = records(found, seed=f"{seed} {pipeline}.{stream}", scenario=scenario, now=lambda: moment)

    def timed() -> Iterator[str]:
        nonlocal moment
        for record in islice(source, count):
            yield found.render(record)
            moment += interval

    return timed()


def records(stream: DemoStream, *, seed: str, scenario: str, now: Callable[[], datetime]) -> Iterator[Record]:
    """The endless records of a stream; `now` is asked for the time of each when it is taken."""
    if scenario not in SCENARIOS:
        raise ValueError(f"no such scenario `{scenario}` (there are: {', '.join(SCENARIOS)})")
    return stream.records(Setting(Random(seed), scenario, now))


def _find(pipeline: str, stream: str) -> DemoStream:
    if pipeline not in STREAMS:
        raise ValueError(f"no such pipeline `{pipeline}` (there are: {', '.join(STREAMS)})")
    if stream not in STREAMS[pipeline]:
        raise ValueError(f"no such stream `{stream}` ({pipeline} has: {', '.join(STREAMS[pipeline])})")
    return STREAMS[pipeline][stream]
