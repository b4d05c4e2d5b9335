"""Configuration: YAML, or `PIPELINE[.STREAM]=PATH` arguments, to typed settings; every mistake at once, with its place.

In come texts and the pipelines that exist; out go frozen settings or one `ConfigError`. Opens no file but the
configuration itself: which logs there are is for `exporter.follow` to find. `exporter.config.reading`, which reads
files, is imported by who needs it: commands that are told their logs, and workers, do without YAML.
"""

from exporter.config.logs import overlaps, with_logs
from exporter.config.mistake import ConfigError, Mistake
from exporter.config.settings import Config, HostConfig, Limits, PipelineConfig, StreamConfig

__all__ = [
    "Config",
    "ConfigError",
    "HostConfig",
    "Limits",
    "Mistake",
    "PipelineConfig",
    "StreamConfig",
    "overlaps",
    "with_logs",
]
