"""A configuration's text to a `Config`: which keys there are, and which of them hold lists and mappings.

Which numbers and words are right is for `scalar` to say, which paths for `logs`, which pipelines there are for the
caller.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from exporter.config.document import Document, Value, text_of
from exporter.config.logs import by_text, pattern_problem, rivals, streams_of
from exporter.config.mistake import shown
from exporter.config.scalar import Reader, read_members, readers
from exporter.config.settings import Config, HostConfig, Limits, PipelineConfig, StreamConfig
from exporter.pipeline import Kinds, Pipeline, Source

TextReader = Callable[[Value], str | None]

LAST_PORT = 65535
_GLOBS = "a glob or a list of globs"
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[\da-fA-F:.]+(?:%\w+)?)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>\d{1,5})", re.ASCII)


def load(path: str, *, pipelines: Kinds, environ: Mapping[str, str]) -> Config:
    """Reads a configuration file. Raises ConfigError."""
    return parse(text_of(path), source=path, pipelines=pipelines, environ=environ)


def parse(text: str, *, source: str, pipelines: Kinds, environ: Mapping[str, str]) -> Config:
    """Reads a configuration's text, whose mistakes are placed in `source`. Raises ConfigError."""
    document = Document(text, source=source, environ=environ)
    by_key = readers(Config) | {
        "pipelines": partial(_pipelines, pipelines=pipelines),
        "listen": _listen,
        "host": _host,
        "limits": lambda value: Limits(**read_members(value, readers(Limits))),
    }
    read = read_members(document.root, by_key)
    if "pipelines" not in document.root.members:
        _no_pipeline(document.root, pipelines)
    document.check()
    return Config(**read)


def _pipelines(value: Value, *, pipelines: Kinds) -> dict[str, PipelineConfig]:
    if not value.members:
        _no_pipeline(value, pipelines)
    by_key = {name: partial(_pipeline, pipeline=pipeline) for name, pipeline in pipelines.items()}
    return read_members(value, by_key, what="pipeline")


def _no_pipeline(value: Value, pipelines: Kinds) -> None:
    if value.empty or value.is_mapping:
        value.mistake(f"no pipeline is on; name at least one under pipelines (there are: {', '.join(pipelines)})")


def _pipeline(value: Value, *, pipeline: type[Pipeline]) -> PipelineConfig:
    """Streams and settings, side by side under the pipeline's name."""
    streams = dict.fromkeys(streams_of(pipeline), _stream)
    folders = {name: _folder for name, stream in pipeline.streams.items() if stream.source is Source.FOLDER}
    options = readers(pipeline.options_type)
    known = f"{pipeline.name} has: {'; '.join(', '.join(names) for names in (streams, options) if names)}"
    read = read_members(value, options | streams | folders, what="stream or setting", known=known)
    if not value.members.keys() - options.keys() and (value.empty or value.is_mapping):
        value.mistake(f"no stream; name at least one ({pipeline.name} has: {', '.join(streams)})")
    found = {name: read.pop(name) for name in streams if name in read}
    for name, problem in rivals(found, pipeline, match=by_text):
        value.members[name].mistake(problem)
    return PipelineConfig(streams=found, options=pipeline.options_type(**read))


def _folder(value: Value) -> None:
    value.mistake("is a folder that is found beside the pipeline's logs; leave it out")


def _stream(value: Value) -> StreamConfig:
    if not value.is_mapping:
        return StreamConfig(paths=_patterns(value))
    if "paths" not in value.members:
        value.mistake(f"has no paths; give {_GLOBS}")
    return StreamConfig(**{"paths": ()} | read_members(value, readers(StreamConfig) | {"paths": _patterns}))


def _patterns(value: Value) -> tuple[str, ...]:
    if not value.is_list:
        return tuple(filter(None, [_pattern(value)]))
    patterns = _list(value, _pattern, _GLOBS)
    if not value.items(_GLOBS):
        value.mistake(f"is an empty list; give {_GLOBS}")
    return patterns


def _pattern(value: Value) -> str | None:
    pattern = value.text(_GLOBS)
    problem = pattern and pattern_problem(pattern)
    if problem:
        value.mistake(problem)
    return pattern


def _listen(value: Value) -> tuple[str, int] | None:
    parts = _ADDRESS.fullmatch(str(value.scalar()))
    if parts and int(parts["port"]) <= LAST_PORT:
        return parts["ipv6"] or parts["host"], int(parts["port"])
    value.wrong("HOST:PORT, such as 127.0.0.1:10210 or [::1]:10210")
    return None


def _host(value: Value) -> HostConfig:
    by_key: dict[str, Reader] = {
        "disks": lambda disks: _list(disks, _path, "a list of mount points"),
        "directories": partial(_named, reader=_path),
        "processes": partial(_named, reader=_regex),
    }
    return HostConfig(**read_members(value, by_key))


def _path(value: Value) -> str | None:
    return value.text("a path")


def _regex(value: Value) -> str | None:
    regex = value.text("a regular expression")
    try:
        re.compile(regex or "")
    except (re.error, OverflowError, RecursionError) as error:
        value.mistake(f"{shown(regex or '')} is not a regular expression: {error}")
    return regex


def _list(value: Value, reader: TextReader, expected: str) -> tuple[str, ...]:
    return tuple(text for item in value.items(expected) if (text := reader(item)))


def _named(value: Value, reader: TextReader) -> dict[str, str]:
    return {name: text for name, member in value.members.items() if (text := reader(member))}
