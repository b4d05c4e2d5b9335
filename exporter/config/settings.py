"""The settings by name, type, range and default. Knows neither YAML nor files."""

from typing import Literal

import msgspec

from exporter.pipeline import Options
from exporter.record import Quantity


class StreamConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where one stream's files are, as paths or globs, and from which end a file is read at first sight."""

    paths: tuple[str, ...]
    start: Literal["beginning", "end"] = "beginning"


class PipelineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One pipeline that is on: its streams by name, at least one, and its own settings."""

    streams: dict[str, StreamConfig]
    options: Options


class HostConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Measured of the host: mount points, directories by label, command lines (regular expressions) by label."""

    disks: tuple[str, ...] = ("/",)
    directories: dict[str, str] = {}
    processes: dict[str, str] = {}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What is never exceeded, whatever logs and clients do."""

    series_per_metric: int = 2000
    files_per_stream: int = 10_000
    line_bytes: int = 1048576
    connections: int = 64
    header_seconds: float = 10.0


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. `pipelines` are those that are on, by name."""

    pipelines: dict[str, PipelineConfig]
    listen: tuple[str, int] = ("127.0.0.1", 10210)
    state: str = "./state"
    host: HostConfig = HostConfig()
    limits: Limits = Limits()
    poll_seconds: float = 0.5
    catchup_timeout: Quantity = 300.0
    birth_hold: Quantity = 20.0
