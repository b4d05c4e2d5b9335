"""Texts as gzip, for who asks for the same text again and again, a little of it changed.

In come the pieces of a text; out goes one gzip member. A piece that was there the last time is not compressed again:
each ends at a byte, and takes nothing of what came before.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

LEVEL = 1
LARGE_BYTES = 8192
"""Smaller pieces are put together: each costs some bytes, and some microseconds."""

_HEAD = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x04\xff"
"""gzip, deflated, no name, no time, as fast as can be, on an unknown system."""
_END = b"\x03\x00"
"""A last block with nothing in it."""
_TRAILER = struct.Struct("<LL")


class Gzip:
    """Compresses the texts of one page after the other."""

    def __init__(self) -> None:
        self._last: dict[bytes, bytes] = {}
        """What came of each piece of the last text."""

    def compressed(self, pieces: Iterable[bytes]) -> bytes:
        """The text that these pieces are."""
        before, now = self._last, dict[bytes, bytes]()
        parts, checksum, size = [_HEAD], 0, 0
        for piece in _together(pieces):
            deflated = now[piece] = before.get(piece) or _deflated(piece)
            parts.append(deflated)
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
        self._last = now
        return b"".join([*parts, _END, _TRAILER.pack(checksum, size % 2**32)])


def _together(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Large pieces as they are, small ones in groups."""
    group: list[bytes] = []
    size = 0
    for piece in pieces:
        if group and size + len(piece) > LARGE_BYTES:
            yield b"".join(group)
            group, size = [], 0
        group.append(piece)
        size += len(piece)
    if group:
        yield b"".join(group)


def _deflated(piece: bytes) -> bytes:
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)
