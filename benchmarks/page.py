"""What does a scrape spend its time on? Each step of making a page, timed with nothing beside it.

Only the copy holds up following; the snapshot and the rendering are other threads' work.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import TypeVar

from exporter import config
from exporter.births import Births
from exporter.config import Config, Limits
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.pipeline import discover
from exporter.publisher import Page
from exporter.snapshot import Store

T = TypeVar("T")


def config_of(pattern: str) -> Config:
    """The persona pipeline over a pattern, with room for more series than anybody should have."""
    pipelines = config.with_logs(None, [f"persona={pattern}"], pipelines=discover()).pipelines
    return Config(pipelines=pipelines, limits=Limits(series_per_metric=100_000))


def read(engine: Engine) -> Births:
    """Reads everything that is there and shows it at once."""
    engine.scan()
    for _ in engine.read_all():
        pass
    births = Births(0)
    births.admit(engine.metrics())
    return births


def steps(log: str, state: str, repeats: int) -> dict[str, tuple[float, str]]:
    """Milliseconds of each step by its name, the median of so many repeats, and what it is."""
    engine = Engine(config_of(log), discover())
    births = read(engine)
    store = Store(state)
    taken: dict[str, list[float]] = {}

    def timed(step: str, function: Callable[[], T]) -> T:
        started = perf_counter()
        result = function()
        taken.setdefault(step, []).append(1000 * (perf_counter() - started))
        return result

    timed("settling a backlog", engine.settle)
    for _ in range(repeats):
        timed("settle", engine.settle)
        shown = timed("births.show", lambda: births.show(engine.metrics()))
        stored = timed("store", engine.store)
        timed("snapshot to disk", lambda: store.save(stored))  # noqa: B023  # called at once
        page = Page(shown, [])
        timed("render", lambda: page.body(CLASSIC))  # noqa: B023
        timed("gzip", lambda: page.body(CLASSIC, compressed=True))  # noqa: B023
        timed("render OpenMetrics", lambda: page.body(OPENMETRICS))  # noqa: B023
    store.close()
    copied = sum(median(taken[step]) for step in ("settle", "births.show", "store"))
    alone = {step: (median(values), f"median of {len(values)}") for step, values in taken.items()}
    return {"copy = settle + births.show + store": (copied, "holds up following"), **alone}
