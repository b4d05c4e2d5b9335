"""Texts as gzip: one member that anybody can read, and nothing compressed twice."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exporter import gzipped
from exporter.gzipped import LARGE_BYTES, Gzip

pieces = st.lists(st.binary(max_size=40) | st.integers(1, 3).map(lambda times: b"text " * (times * LARGE_BYTES // 8)))


@given(st.lists(pieces, min_size=1, max_size=4))
def test_what_is_compressed_comes_back(texts: list[list[bytes]]) -> None:
    """Whatever was compressed before; in one member, since not everybody reads more than the first."""
    compressor = Gzip()
    for text in texts:
        compressed = compressor.compressed(text)
        assert b"".join(text) == gzip.decompress(compressed)
        reader = zlib.decompressobj(31)
        reader.decompress(compressed)
        assert (True, b"") == (reader.eof, reader.unused_data)


def test_what_was_there_the_last_time_is_not_compressed_again(monkeypatch) -> None:
    """Of large pieces only those that have changed cost anything."""
    large = [bytes([at]) * LARGE_BYTES for at in range(5)]
    compressor = Gzip()
    compressor.compressed(large)
    deflated: list[bytes] = []
    compress = gzipped._deflated

    def noted(piece: bytes) -> bytes:
        deflated.append(piece)
        return compress(piece)

    monkeypatch.setattr(gzipped, "_deflated", noted)
    changed = [*large[:2], b"new" * LARGE_BYTES, *large[3:]]
    assert b"".join(changed) == gzip.decompress(compressor.compressed(changed))
    assert [changed[2]] == deflated


def test_small_pieces_are_put_together() -> None:
    """A thousand of them take no more than their text would as one."""
    text = [b"series %d\n" % at for at in range(1000)]
    assert 1.1 * len(gzip.compress(b"".join(text), gzipped.LEVEL)) > len(Gzip().compressed(text))
