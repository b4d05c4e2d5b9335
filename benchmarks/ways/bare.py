"""The floor in Python: msgspec decodes each line into the type that the pipeline folds, and nothing else is done.

Lines of several kinds are sorted by kind beforehand, so that each is decoded once; those of a kind that nobody uses
become a struct without fields. What is timed is decoding alone, of chunks that are there already.

Arguments: the stream as `PIPELINE.STREAM`, and the log's path.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from benchmarks.ways.counted import Counted
from exporter.pipeline import Stream, discover

CHUNK = 64 << 10


class Skipped(msgspec.Struct):
    """A line of a kind that nobody uses."""


def main(name: str, path: str) -> None:
    """Decodes a log."""
    pipeline, _, stream = name.partition(".")
    found = discover()[pipeline].streams[stream]
    with Path(path).open("rb") as file:
        by_kind = _sorted(file, found)
    work = [(msgspec.json.Decoder(kind), list(_chunks(lines))) for kind, lines in by_kind.items()]
    lines = 0
    started = process_time()
    for decoder, chunks in work:
        for chunk in chunks:
            lines += len(decoder.decode_lines(chunk))
    Counted(process_time() - started, lines).tell()


def _sorted(lines: Iterable[bytes], stream: Stream) -> dict[Any, list[bytes]]:
    """The lines by the type that each becomes."""
    if stream.tag is None:
        return {stream.records[0]: list(lines)}
    kinds = {kind.__struct_config__.tag: kind for kind in stream.records}
    tag_of = msgspec.json.Decoder(dict[str, msgspec.Raw])
    found: dict[Any, list[bytes]] = {}
    for line in lines:
        tag = msgspec.json.decode(tag_of.decode(line)[stream.tag])
        found.setdefault(kinds.get(tag, stream.otherwise or Skipped), []).append(line)
    return found


def _chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
    yield b"".join(chunk)


if __name__ == "__main__":
    main(*sys.argv[1:])
