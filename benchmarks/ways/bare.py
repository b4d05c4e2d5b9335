"""The floor in Python: msgspec decodes each line into the type that the pipeline folds, and nothing else is done.

Lines of several kinds are sorted by kind beforehand, so that each is decoded once; those of a kind that nobody uses
become a struct without fields. What is timed is reading chunks of 64 KiB and decoding them, or decoding alone.

Arguments: the stream as `PIPELINE.STREAM`, the log's path, and where chunks come from while they are timed: `disk` or
`memory`.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import msgspec

from benchmarks.ways.counted import Counted
from exporter.pipeline import Stream, discover

CHUNK = 64 << 10


class Skipped(msgspec.Struct):
    """A line of a kind that nobody uses."""


def main(name: str, path: str, source: str) -> None:
    """Decodes a log."""
    pipeline, _, stream = name.partition(".")
    with TemporaryDirectory() as directory:
        by_kind = _sorted(Path(path), discover()[pipeline].streams[stream], Path(directory))
        work = [(msgspec.json.Decoder(kind), chunks(file)) for kind, file in by_kind.items()]
        if source == "memory":
            work = [(decoder, iter(list(found))) for decoder, found in work]
        lines = 0
        started = process_time()
        for decoder, found in work:
            for chunk in found:
                lines += len(decoder.decode_lines(chunk))
        Counted(process_time() - started, lines).tell()


def chunks(path: Path) -> Iterator[bytes]:
    """The lines of a file, some 64 KiB at a time. Not handled: a line that is longer, since no log here has one."""
    rest = b""
    with path.open("rb", buffering=0) as file:
        while read := file.read(CHUNK):
            whole, newline, begun = read.rpartition(b"\n")
            yield b"".join((rest, whole, newline))
            rest = begun


def _sorted(path: Path, stream: Stream, directory: Path) -> dict[Any, Path]:
    """Files of the lines by the type that each becomes."""
    if stream.tag is None:
        return {stream.records[0]: path}
    kinds = {kind.__struct_config__.tag: kind for kind in stream.records}
    members = msgspec.json.Decoder(dict[str, msgspec.Raw])
    found: dict[Any, Path] = {}
    with path.open("rb") as log, ExitStack() as files:
        into = {}
        for line in log:
            kind = kinds.get(msgspec.json.decode(members.decode(line)[stream.tag]), stream.otherwise or Skipped)
            if kind not in found:
                found[kind] = directory / str(len(found))
                into[kind] = files.enter_context(found[kind].open("wb"))
            into[kind].write(line)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
