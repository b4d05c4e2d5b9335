"""The exporter's way: the real follower, decoder and pipeline, up to metrics that are ready to be shown.

Arguments: the log as `PIPELINE[.STREAM]=PATH`, and the file that the page is written to afterwards.
"""

import sys
from pathlib import Path
from time import process_time

from benchmarks.ways.counted import Counted
from exporter import config
from exporter.engine import Engine
from exporter.exposition import CLASSIC
from exporter.metric import Counter, copied
from exporter.pipeline import discover


def main(log: str, page: str) -> None:
    """Counts a log."""
    kinds = discover()
    engine = Engine(config.with_logs(None, [log], pipelines=kinds), kinds)
    started = process_time()
    engine.scan(settled=True)
    for _ in engine.read_all():
        pass
    engine.settle()
    seconds = process_time() - started
    Counted(seconds, _sum(engine.itself.lines), _sum(engine.itself.rejected)).tell()
    Path(page).write_bytes(CLASSIC.text(copied(engine.metrics())))


def _sum(counter: Counter) -> int:
    return sum(cell[0] for cell in counter.cells.values())


if __name__ == "__main__":
    main(*sys.argv[1:])
