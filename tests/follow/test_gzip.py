"""Rotated files that are compressed."""

import gzip

import pytest

from exporter.follow.reader import open_reader
from tests.follow.reading import append, compress, write

LINES = [f"{number} {'x' * (number * 37 % 500)}" for number in range(4000)]


def test_a_compressed_file_is_read(log, follow):
    """It is a log like any other where the patterns match it."""
    write(log, *LINES)
    compress(log)
    reading = follow(f"{log}*")
    assert LINES == reading.poll()
    assert [] == reading.poll()
    assert {str(log)} == set(reading.logs)


@pytest.mark.invariant(9)
def test_a_compressed_file_that_was_read_before_is_not_read_again(log, follow):
    """Its content is known, at every stage of its life."""
    reading = follow(f"{log}*")
    for number in range(6):
        write(log, f"first {number}", f"last {number}")
        assert [f"first {number}", f"last {number}"] == reading.poll()
        for older in range(number, 0, -1):
            path = log.with_name(f"a.log.{older}.gz")
            path.rename(log.with_name(f"a.log.{older + 1}.gz"))
        compress(log.rename(log.with_name("a.log.1")))
        assert [] == reading.poll()
    assert (6, 0, 0) == reading.events


@pytest.mark.invariant(9)
def test_only_what_was_not_read_is_read_of_a_compressed_file(log, follow):
    """Bytes that came after the last read are read of the compressed copy."""
    write(log, *LINES)
    reading = follow(log)
    assert LINES == reading.poll()
    write(log, "late")
    compress(log.rename(log.with_name("a.log-20260131")))
    write(log, "new")
    assert ["late", "new"] == reading.poll()


@pytest.mark.invariant(9)
def test_a_backlog_is_read_on_in_a_compressed_copy_after_a_restart(log, follow_running):
    """Where the file itself is gone its copy will do."""
    write(log, *LINES)
    reading = follow_running(log)
    reading.follower.scan()
    pieces = [piece for _ in range(3) for piece in reading.follower.pieces() if piece.take() is None]
    read = b"".join(piece.chunk.data for piece in pieces).decode().split("\n")[:-1]
    reading.restart()
    compress(log.rename(log.with_name("a.log.1")))
    write(log, "new")
    assert [*LINES, "new"] == read + reading.poll()
    assert (1, 0, 0) == reading.events


@pytest.mark.invariant(9)
@pytest.mark.parametrize("rounds", [2, 5])
def test_an_old_file_that_is_compressed_late_is_not_read_again(log, follow, rounds):
    """As with delaycompress: only files that have long been read are compressed."""
    reading = follow(f"{log}*")
    for number in range(rounds + 1):
        write(log, f"line {number}")
        assert [f"line {number}"] == reading.poll()
        for older in range(number, 0, -1):
            path = log.with_name(f"a.log.{older}")
            if path.exists():
                path.rename(log.with_name(f"a.log.{older + 1}"))
        log.rename(log.with_name("a.log.1"))
    assert [] == reading.poll()
    compress(log.with_name(f"a.log.{rounds}"))
    assert [] == reading.poll()


@pytest.mark.invariant(9)
@pytest.mark.parametrize("written", [0, 1, 5, 30, 300, 5000])
def test_a_copy_that_is_being_compressed_is_not_read(log, follow, written):
    """Neither while it grows nor afterwards, also where the file has long been done."""
    reading = follow(f"{log}*")
    for number in range(4):
        write(log, *(f"{number} {line}" for line in LINES[:100]))
        reading.poll()
        for older in range(number, 0, -1):
            log.with_name(f"a.log.{older}").rename(log.with_name(f"a.log.{older + 1}"))
        log.rename(log.with_name("a.log.1"))
    for name in ("a.log.3", "a.log.1"):
        old = log.with_name(name)
        target = old.with_name(f"{name}.gz")
        content = gzip.compress(old.read_bytes())
        target.write_bytes(content[:written])
        assert [] == reading.poll()
        append(target, content[written:])
        assert [] == reading.poll()
        old.unlink()
        assert [] == reading.poll()
        assert [] == reading.poll()


@pytest.mark.invariant(9)
@pytest.mark.parametrize("written", [0, 1, 5, 30, 3000, -8, -1])
def test_a_compressed_file_that_is_cut_short_is_reported_until_it_is_whole(log, follow, written):
    """Nothing of it is counted before."""
    write(log, *LINES)
    content = gzip.compress(log.read_bytes())
    log.unlink()
    archive = log.with_name("a.log.1.gz")
    archive.write_bytes(content[:written])
    reading = follow(f"{log}*")
    for _ in range(2):
        if written == 1:
            assert 1 >= len(reading.poll())
            return
        assert [] == reading.poll()
        assert {"a.log.1.gz": "incomplete"} == reading.unfollowed
    archive.write_bytes(content)
    assert LINES == reading.poll()
    assert {} == reading.unfollowed


def test_an_empty_file_that_was_compressed_is_whole(log, follow):
    """It holds nothing, and nothing is wrong with it."""
    log.touch()
    compress(log)
    reading = follow(f"{log}*")
    assert [] == reading.poll()
    assert {} == reading.unfollowed


@pytest.mark.invariant(9)
def test_a_copytruncated_file_that_is_compressed_is_read_once(log, follow):
    """Copied, truncated and compressed between two polls."""
    reading = follow(f"{log}*")
    for number in range(5):
        write(log, f"first {number}")
        assert [f"first {number}"] == reading.poll()
        write(log, f"last {number}")
        for older in range(number, 0, -1):
            log.with_name(f"a.log.{older}.gz").rename(log.with_name(f"a.log.{older + 1}.gz"))
        log.with_name("a.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
        log.write_bytes(b"")
        assert [f"last {number}"] == reading.poll()


def test_several_compressed_files_in_one_are_one(tmp_path, follow):
    """As `cat a.gz b.gz` makes them, with padding."""
    archive = tmp_path / "a.log.gz"
    archive.write_bytes(gzip.compress(b"one\ntw") + gzip.compress(b"o\n") + gzip.compress(b"") + bytes(512))
    assert ["one", "two"] == follow(archive).poll()


def test_a_compressed_file_is_decompressed_once(log, monkeypatch):
    """Reading it chunk by chunk does not begin anew with every chunk."""
    write(log, *LINES)
    archive = compress(log)
    reader = open_reader(str(archive))
    rewound = []
    monkeypatch.setattr(reader, "_rewind", lambda: rewound.append(1))
    offset, content = 0, b""
    while chunk := reader.read(30_000 + 512, max(0, offset - 512))[min(offset, 512) :]:
        content += chunk[: len(chunk) // 2 + 1]
        offset += len(chunk) // 2 + 1
    assert "".join(f"{line}\n" for line in LINES).encode() == content
    assert [] == rewound
    reader.close()


def test_a_compressed_file_can_be_read_anywhere(log):
    """Also backwards, and beyond its end."""
    write(log, *LINES)
    content = log.read_bytes()
    reader = open_reader(str(compress(log)))
    assert len(content) == reader.size()
    for offset in (0, 500_000, 100, 99, 700_000, len(content) - 1, len(content), len(content) + 1, 3):
        assert content[offset : offset + 1000] == reader.read(1000, offset)
    reader.close()


def test_a_compressed_file_that_is_damaged_ends_where_it_is(log):
    """What comes before can be read, and it is not complete."""
    write(log, *LINES)
    content = log.read_bytes()
    packed = bytearray(gzip.compress(content))
    packed[len(packed) // 2] ^= 0xFF
    archive = log.with_name("b.gz")
    archive.write_bytes(packed)
    reader = open_reader(str(archive))
    assert not reader.is_complete()
    assert content[:100] == reader.read(100, 0)
    reader.close()
