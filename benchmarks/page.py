"""An exporter without a server, to make pages of."""

from exporter import config
from exporter.births import Births
from exporter.config import Config, Limits
from exporter.engine import Engine
from exporter.pipeline import discover

KINDS = discover()


def config_of(logs: list[str]) -> Config:
    """What is to be read, as `PIPELINE[.STREAM]=PATH`, with room for more series than anybody should have."""
    pipelines = config.with_logs(None, logs, pipelines=KINDS).pipelines
    return Config(pipelines=pipelines, limits=Limits(series_per_metric=100_000))


def read(engine: Engine) -> Births:
    """Reads everything that is there and shows it at once."""
    engine.scan()
    for _ in engine.read_all():
        pass
    births = Births(0)
    births.admit(engine.metrics())
    return births
