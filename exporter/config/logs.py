"""Where logs are: patterns, streams that must not meet, and the `PIPELINE[.STREAM]=PATH` arguments of commands."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

import msgspec

from exporter.config.mistake import ConfigError, Mistake, shown
from exporter.config.settings import Config, PipelineConfig, StreamConfig
from exporter.pipeline import Kinds, Pipeline, Source, main_stream

Matcher = Callable[[str], Iterable[str]]
"""The paths of the files that a pattern matches."""


def with_logs(config: Config | None, logs: Sequence[str], *, pipelines: Kinds) -> Config:
    """The configuration, or the defaults where there is none, with these logs in place of its paths: only pipelines
    named in `logs` stay on, with their settings. Without logs it stays as it is. Raises ConfigError."""
    if config and not logs:
        return config
    mistakes = [] if logs else [Mistake("LOG", "no log is given; name one as PIPELINE[.STREAM]=PATH")]
    paths: dict[str, dict[str, tuple[str, ...]]] = {}
    for log in logs:
        try:
            name, stream, path = _split(log, pipelines)
        except ValueError as error:
            mistakes.append(Mistake(log, str(error)))
        else:
            streams = paths.setdefault(name, {})
            streams[stream] = (*streams.get(stream, ()), path)
    changed = _with_paths(config, paths, pipelines)
    mistakes += overlaps(changed, pipelines=pipelines, match=by_text)
    if mistakes:
        raise ConfigError(mistakes)
    return changed


def _with_paths(config: Config | None, paths: Mapping[str, Mapping[str, tuple[str, ...]]], pipelines: Kinds) -> Config:
    known = config.pipelines if config else {}
    named = {
        name: PipelineConfig(
            streams={stream: StreamConfig(paths=given) for stream, given in streams.items()},
            options=known[name].options if name in known else pipelines[name].options_type(),
        )
        for name, streams in paths.items()
    }
    return msgspec.structs.replace(config, pipelines=named) if config else Config(pipelines=named)


def _split(log: str, pipelines: Kinds) -> tuple[str, str, str]:
    """Pipeline, stream and path of an argument; raises ValueError with what is wrong."""
    target, equals, path = log.partition("=")
    if not equals:
        raise ValueError("is not PIPELINE[.STREAM]=PATH")
    name, dot, stream = target.partition(".")
    if name not in pipelines:
        raise ValueError(f"no such pipeline {shown(name)} (there are: {', '.join(pipelines)})")
    streams = streams_of(pipelines[name])
    if not dot:
        stream = main_stream(pipelines[name]) or ""
    if not dot and not stream:
        targets = ", ".join(f"{name}.{stream}" for stream in streams)
        raise ValueError(f"{shown(name)} has no main stream: name one ({targets})")
    if stream not in streams:
        raise ValueError(f"no such stream {shown(stream)} ({name} has: {', '.join(streams)})")
    if problem := pattern_problem(path):
        raise ValueError(problem)
    return name, stream, path


def streams_of(pipeline: type[Pipeline]) -> list[str]:
    """The streams that may be configured: all but folders, which are found beside the others."""
    return [name for name, stream in pipeline.streams.items() if stream.source is not Source.FOLDER]


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a path or glob, if anything is."""
    if not pattern:
        return "the path is empty"
    if pattern.endswith("/"):
        return f"{shown(pattern)} is a folder; name the files in it, such as {pattern}*.log"
    if any("**" in part and part != "**" for part in pattern.split("/")):
        return f"{shown(pattern)} has ** beside other characters; ** stands for any folders alone, between slashes"
    return None


def overlaps(config: Config, *, pipelines: Kinds, match: Matcher) -> list[Mistake]:
    """Where a stream that stands in for another one meets it in a folder, among the files that `match` finds."""
    return [
        Mistake(f"pipelines.{name}.{stream}", message)
        for name, pipeline in config.pipelines.items()
        for stream, message in rivals(pipeline.streams, pipelines[name], match=match)
    ]


def rivals(
    streams: Mapping[str, StreamConfig], pipeline: type[Pipeline], *, match: Matcher
) -> Iterator[tuple[str, str]]:
    """The streams of one pipeline that meet the stream they stand in for, each with what is wrong."""
    for name, stream in pipeline.streams.items():
        other = stream.instead_of
        if other and name in streams and other in streams:
            theirs = _by_folder(streams[other], match)
            for folder, path in _by_folder(streams[name], match).items():
                if folder in theirs:
                    yield (
                        name,
                        f"{shown(path)} stands in for {other}, but {shown(theirs[folder])} is in the same folder; "
                        f"leave one of them out, or lines count twice",
                    )


def _by_folder(stream: StreamConfig, match: Matcher) -> dict[PurePath, str]:
    return {PurePath(path).parent: path for pattern in stream.paths for path in match(pattern)}


def by_text(pattern: str) -> list[str]:
    """The matcher that looks at no file: a pattern matches its own text."""
    return [pattern]
