"""Whether a content is one that was read before.

Paths lie and inodes are handed out again, so a file is known by its first bytes and by the bytes before the places that
were reached. In come a reader and what is remembered of a file; out goes yes, no, or where to go on.
"""

import msgspec

from exporter.follow.reader import Identity, Reader, Signature

HEAD_BYTES = 1024
MARKER_BYTES = 512


Marker = tuple[int, bytes]
"""A place in a content, and the bytes before it."""


class FileState(msgspec.Struct):
    """What is known of a file: where it was last seen, who it is, how far it was read.

    `offset` always stands at a line's start. `markers` are the bytes before the last few offsets, newest last; `seen`
    is one before the end that was first seen, for as long as nothing was read. `size` is that of the content,
    `signature` that of the file on the disk when it was last looked at. `here` says that it was at its log's path when
    it was last found; a rotation is what ends that.
    """

    path: str
    identity: Identity
    generation: int | None = None
    head: bytes = b""
    offset: int = 0
    size: int = 0
    markers: list[Marker] = []
    seen: Marker = (0, b"")
    signature: Signature = (0, 0)
    here: bool = False


def known_head(state: FileState) -> bytes:
    """The first bytes by which a file is known: those read, or whole lines; what follows may be taken back."""
    return state.head[: state.offset or state.head.rfind(b"\n") + 1 or None]


def is_inode(state: FileState, reader: Reader) -> bool:
    """Whether this is the very file, whatever is in it now; an inode's next file has another generation."""
    unlike = state.generation != reader.generation and None not in (state.generation, reader.generation)
    return state.identity == reader.identity and not unlike


def holds(state: FileState, reader: Reader) -> bool:
    """Whether the content begins like the file that was read and reaches the same place by the same bytes."""
    head = known_head(state)
    if not head or reader.read(len(head), 0) != head:
        return False
    return _stands(state.markers[-1] if state.markers else state.seen, reader)


def was_read(state: FileState, reader: Reader) -> bool:
    """Whether a content is a copy of what was read of a file, made before all of that was written: it begins like the
    file, is shorter than what was read, and has the same bytes before a place that was reached."""
    head = known_head(state)
    size = reader.size()
    if not head or size >= state.offset or reader.read(len(head), 0) != head[:size]:
        return False
    return any(offset <= size and _stands((offset, before), reader) for offset, before in state.markers)


def begins_with(whole: Reader, part: Reader) -> bool:
    """Whether one content begins with all of another, as far as the other's first and last bytes tell."""
    size = part.size()
    if not 0 < size <= whole.size():
        return False
    last = min(size, MARKER_BYTES), size - min(size, MARKER_BYTES)
    return whole.read(*last) == part.read(*last) and alike(whole.read(HEAD_BYTES, 0), part.read(HEAD_BYTES, 0))


def alike(head: bytes, other: bytes) -> bool:
    """Whether two beginnings are the same as far as both go."""
    size = min(len(head), len(other))
    return size > 0 and head[:size] == other[:size]


def torn_at(state: FileState, reader: Reader, *, by_markers: bool) -> int | None:
    """Where to go on in a file that lost its tail, as after a power cut; None where its content is another.

    That is its size, all of which was read, or where it has grown again, the last marker that still stands. The whole
    head must be there, or `by_markers`, an older marker. Not told apart: a log written anew with the very same
    beginning, as long as it is shorter than what was read.
    """
    if not alike(known_head(state), reader.read(HEAD_BYTES, 0)):
        return None
    size = reader.size()
    within = [marker for marker in state.markers if marker[0] <= size]
    standing = [marker for marker in within if _stands(marker, reader)]
    if size < HEAD_BYTES or len(state.head) < HEAD_BYTES:
        standing = standing if by_markers else []
        within = within or [(0, b"")]
    if size < state.offset:
        return size if len(standing) == len(within) else None
    return standing[-1][0] if standing else None


def marker_at(offset: int, reader: Reader) -> Marker:
    """The marker before a place."""
    start = max(0, offset - MARKER_BYTES)
    return offset, reader.read(offset - start, start)


def last_line_at(reader: Reader) -> Marker:
    """The marker before the end of the last whole line, or before the end where none is near."""
    end = reader.size()
    tail = marker_at(end, reader)[1]
    return marker_at(end - len(tail) + tail.rfind(b"\n") + 1 if b"\n" in tail else end, reader)


def _stands(marker: Marker, reader: Reader) -> bool:
    offset, before = marker
    return reader.read(len(before), offset - len(before)) == before
