"""Odd lines: each is a record, skipped, or refused with its reason, wherever it stands. RELIABILITY invariant 11."""

import json
from pathlib import Path
from typing import Any

import pytest

from exporter import tags
from exporter.decode import Decoder, Reason
from exporter.follow import file
from exporter.follow.follower import StreamFollower, StreamState
from exporter.pipeline import Stream
from exporter.pipelines.clustering import Event
from exporter.plain import DEEPEST
from exporter.record import Record
from tests.fuzz.corpus import ATTEMPT, GOOD, JSON, OPEN, RECORD, SKIPPED, STREAMS, TABLES, as_bytes, attempt, declared

LINES = [
    pytest.param(stream, as_bytes(line), expected, id=f"{stream}: {name}")
    for stream, lines in TABLES.items()
    for name, (line, expected) in lines.items()
]
LINES += [
    pytest.param(stream, as_bytes(line.replace('"x": ', f'"{name}": ')), expected, id=f"{stream}: {oddity}, known")
    for stream in TABLES
    for name in STREAMS[stream].records[0].unused or ()
    for oddity, (line, expected) in TABLES[stream].items()
    if '"x": ' in line
]
FIRST = {
    stream: (as_bytes(line), record) for stream, ((line, record), *_) in ((s, [*t.values()]) for s, t in TABLES.items())
}


def outcome(decoded):
    """What became of one line."""
    assert decoded.lines == len(decoded.records) + decoded.skipped + len(decoded.rejections) == 1
    return (
        SKIPPED
        if decoded.skipped
        else [*declared(decoded.records), *(refused.reason for refused in decoded.rejections)][0]
    )


def outcomes(stream: str, path: Path, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """The records, the number skipped, and offset and reason of each refusal, as read from a file."""
    monkeypatch.setattr(file, "CHUNK_BYTES", chunk_bytes)
    follower = StreamFollower((str(path),), StreamState(), line_bytes=1 << 20)
    decoder = Decoder(STREAMS[stream])
    records: list[Any] = []
    refused: list[Any] = []
    skipped = 0
    follower.scan()
    while follower.unread():
        for piece in follower.pieces():
            decoded = decoder.decode(piece.chunk.data, at_start=piece.chunk.start == 0)
            records += declared(decoded.records)
            skipped += decoded.skipped
            refused += [(piece.chunk.start + one.offset, one.reason, one.text) for one in decoded.rejections]
            piece.take()
    follower.close()
    return records, skipped, refused


@pytest.mark.invariant(2, 11)
@pytest.mark.parametrize(("stream", "line", "expected"), LINES)
def test_a_line_has_one_outcome_wherever_it_stands(stream, line, expected):
    """Alone, or in the middle of good lines."""
    decoder = Decoder(STREAMS[stream])
    good, record = FIRST[stream]
    assert expected == outcome(decoder.decode(line + b"\n"))
    hole = len(line) - len(line.lstrip(b"\0"))
    for before, behind in ((0, 1), (1, 0), (2, 3)):
        chunk = (good + b"\n") * before + line + b"\n" + (good + b"\n") * behind
        decoded = decoder.decode(chunk)
        assert before + 1 + behind == decoded.lines
        if isinstance(expected, Reason):
            (refused,) = decoded.rejections
            assert (before, before * (len(good) + 1) + hole, expected, line[hole:]) == (
                refused.line,
                refused.offset,
                refused.reason,
                refused.text,
            )
            assert [record] * (before + behind) == declared(decoded.records)
        elif expected == SKIPPED:
            assert (1, [record] * (before + behind)) == (decoded.skipped, declared(decoded.records))
        else:
            assert [record] * before + [expected] + [record] * behind == declared(decoded.records)


def below(frames, function):
    """What the function returns, called from so deep in the stack."""
    return function() if frames == 0 else below(frames - 1, function)


@pytest.mark.invariant(15)
@pytest.mark.parametrize(
    ("depth", "expected"), [(DEEPEST - 1, RECORD), (DEEPEST, JSON), (700, JSON), (850, JSON), (985, JSON)]
)
@pytest.mark.parametrize("latency", ["1250", "1250.0"])
def test_how_deep_a_line_may_be_does_not_depend_on_the_stack(depth, expected, latency):
    """What one process counts, another one refuses else: a thread's stack is shorter than a test's."""
    line = attempt("x", "[" * depth + "]" * depth).replace("1250", latency).encode() + b"\n"
    decoder = Decoder(STREAMS["persona.attempts"])
    for frames in (0, 250):
        assert expected == below(frames, lambda: outcome(decoder.decode(line)))
        decoded = below(frames, lambda: decoder.decode(f"{GOOD}\n".encode() + line))
        assert [RECORD] * (1 + (expected == RECORD)) == declared(decoded.records)


PRETTY = json.dumps(ATTEMPT, indent=1)
OVER_LINES = {
    "an object over two lines": ([OPEN, "}"], [JSON, JSON]),
    "an object over two lines between objects": ([GOOD, OPEN, "}", GOOD], [JSON, JSON]),
    "an object broken after its braces": ([attempt("validator_scores", "{}").removesuffix("}"), "}"], [JSON, JSON]),
    "two objects on one line and one on two": ([GOOD + GOOD, OPEN, "}"], [JSON, JSON, JSON]),
    "pretty-printed": (PRETTY.split("\n"), [JSON] * (len(ATTEMPT) + 2)),
    "an array over lines": (["[", f"{GOOD},", GOOD, "]"], [JSON, JSON, JSON]),
    "a string over two lines": (attempt("stage", '"a\nb"').split("\n"), [JSON, JSON]),
    "braces at every line's ends": (['{"x": {}', '{"y": 1}}'], [JSON, JSON]),
}


@pytest.mark.invariant(11)
@pytest.mark.parametrize(("lines", "expected"), OVER_LINES.values(), ids=OVER_LINES)
def test_a_record_is_one_line(lines, expected):
    """What stands on two lines is two lines, whatever the parser makes of it."""
    decoded = Decoder(STREAMS["persona.attempts"]).decode("".join(f"{line}\n" for line in lines).encode())
    assert len(lines) == decoded.lines
    assert expected == [refused.reason for refused in decoded.rejections]
    assert [RECORD] * lines.count(GOOD) == declared(decoded.records)


def test_a_byte_order_mark_begins_a_file():
    """There it is passed over, elsewhere it is refused."""
    decoder = Decoder(STREAMS["persona.attempts"])
    chunk = f"\ufeff{GOOD}\n{GOOD}\n".encode()
    assert [RECORD, RECORD] == declared(decoder.decode(chunk, at_start=True).records)
    assert [RECORD] == declared(decoder.decode(chunk).records)
    assert 1 == decoder.decode("\ufeff\n".encode(), at_start=True).skipped


@pytest.mark.invariant(11, 15)
@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("before", ["", "\n", "\0\0", "{}\n"])
def test_a_byte_order_mark_in_a_file_has_one_outcome_at_any_chunk_size(tmp_path, monkeypatch, before, chunk_bytes):
    """At the very beginning only."""
    path = tmp_path / "log"
    path.write_text(f"{before}\ufeff{GOOD}\n{GOOD}\n")
    records, _, refused = outcomes("persona.attempts", path, chunk_bytes, monkeypatch)
    assert ([RECORD] if before else [RECORD, RECORD]) == records
    assert bool(before) == (JSON in [reason for _, reason, _ in refused])


@pytest.mark.parametrize("text", [GOOD, PRETTY, f"\ufeff{PRETTY}\r\n", f"\n\n{GOOD}\n"])
def test_a_document_is_one_record_on_any_number_of_lines(text):
    """It counts as one line."""
    decoded = Decoder(STREAMS["persona.attempts"]).decode_document(text.encode())
    assert (1, [RECORD]) == (decoded.lines, declared(decoded.records))


@pytest.mark.parametrize(("text", "expected"), [("", SKIPPED), ("\n \n", SKIPPED), ("{", JSON), (GOOD + GOOD, JSON)])
def test_a_document_that_is_no_record_has_a_reason(text, expected):
    """Like a line."""
    assert expected == outcome(Decoder(STREAMS["persona.attempts"]).decode_document(text.encode()))


CREATED, EVENT = "ClusterCreated", "Event"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (CREATED, r'{"event": "cluster_created", "page_count": 3}'),
        (CREATED, r'{"page_count":3,"event":"cluster_created"}'),
        (CREATED, r'{"event": "cluster\u005fcreated", "page_count": 3}'),
        (CREATED, r'{"\u0065vent": "cluster_created", "page_count": 3}'),
        (CREATED, r'{"event": "clustering_metrics", "event": "cluster_created", "page_count": 3}'),
        (CREATED, r'{"event": "cluster_created", "note": "clustering_metrics", "page_count": 3}'),
        (CREATED, r'{"event": "cluster_created", "inner": {"event": "clustering_metrics"}, "page_count": 3}'),
        (EVENT, r'{"event": "llm_timeout", "note": "cluster_created", "page_count": "many"}'),
        (EVENT, r'{"event": "cluster_created", "event": "llm_timeout", "page_count": "many"}'),
        (EVENT, r'{"cluster_created": 1, "event": "clustering_metrics\n"}'),
        (None, r'{"event": "cluster_created", "page_count": "many"}'),
        (None, r'{"event": "clustering_metrics", "note": "cluster_created"}'),
    ],
)
def test_a_line_is_of_the_type_that_its_tag_names(kind, line):
    """Wherever else a tag stands, and however it is written."""
    decoded = Decoder(STREAMS["clustering.events"]).decode(f"{line}\n".encode())
    assert ([kind] if kind else []) == [type(record).__name__ for record in decoded.records]


TAGGED = [param for param in LINES if STREAMS[str(param.values[0])].tag]


@pytest.mark.invariant(2, 11, 15)
@pytest.mark.parametrize("most", [0, 1, 64])
@pytest.mark.parametrize(("stream", "line", "expected"), TAGGED)
def test_a_line_has_one_outcome_whichever_tags_were_met(stream, line, expected, most, monkeypatch):
    """Whether its tag, or another one, has a type of its own by now, or there were too many."""
    monkeypatch.setattr(tags, "MOST_TAGS", most)
    decoder = Decoder(STREAMS[stream])
    tag = STREAMS[stream].tag
    decoder.decode("".join(f'{{"{tag}": "{name}"}}\n' for name in ("x", "y", "", "z")).encode())
    good, record = FIRST[stream]
    for _ in range(2):
        assert expected == outcome(decoder.decode(line + b"\n"))
        assert [record] == declared(decoder.decode(good + b"\n").records)


@pytest.mark.invariant(13)
def test_a_tag_without_end_gets_no_type_of_its_own():
    """A text that a program makes up for each event fills no memory, and each is a record with it."""
    decoder, before = Decoder(STREAMS["clustering.events"]), len(Record.__subclasses__())
    names = [f"page {number} done{' at last' * (number % 50)}" for number in range(500)]
    for name in names:
        assert [Event(event=name)] == declared(decoder.decode(f'{{"event": "{name}"}}\n'.encode()).records)
    assert tags.MOST_TAGS >= len(Record.__subclasses__()) - before


def test_an_empty_chunk_holds_nothing():
    """A part of a long line that was passed over is one."""
    assert (0, []) == (
        Decoder(STREAMS["persona.attempts"]).decode(b"").lines,
        Decoder(STREAMS["persona.attempts"]).decode(b"").records,
    )


def test_good_lines_are_decoded_at_once(monkeypatch):
    """This is what makes it fast; one odd line does not change what the others are."""
    decoder = Decoder(STREAMS["persona.attempts"])
    monkeypatch.setattr(decoder, "_parse", None)
    assert [RECORD] * 100 == declared(decoder.decode(f"{GOOD}\n".encode() * 100).records)


@pytest.mark.parametrize(
    ("stream", "line", "expected"),
    [("clustering.events", '{"event": "x"}', [Event(event="x")] * 100), ("tagger.events", '{"kind": "x"}', [])],
)
def test_lines_with_a_tag_of_no_record_type_are_decoded_at_once(stream, line, expected, monkeypatch):
    """From the next chunk on, whether they are records or skipped."""
    decoder = Decoder(STREAMS[stream])
    decoder.decode(f"{line}\n".encode())
    monkeypatch.setattr(decoder, "_parse", None)
    decoded = decoder.decode(f"{line}\n".encode() * 100)
    assert (100 - len(expected), expected) == (decoded.skipped, declared(decoded.records))


@pytest.mark.invariant(2, 11)
@pytest.mark.parametrize("bad", [attempt("x", '"\udcff"'), attempt("x", "[" * 600 + "]" * 600)])
@pytest.mark.parametrize("more", ['"x"', '"attempt"'])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_lines_with_more_fields_than_are_known_are_checked_like_others(bad, more, before):
    """Wherever in a chunk they begin: what is bad in a field that the parser passes over is found behind them."""
    extended = attempt("x", "[1]").replace('"x"', more)
    lines = [GOOD] * before + [extended, GOOD, bad, extended, GOOD]
    decoded = Decoder(STREAMS["persona.attempts"]).decode(b"".join(as_bytes(line) + b"\n" for line in lines))
    assert [RECORD] * (before + 4) == declared(decoded.records)
    assert [before + 2] == [refused.line for refused in decoded.rejections]


class Within(Record):
    """Has a record in it, which may have fields that nobody knows."""

    one: list[Record] | None = None

    unused = ()


def test_a_type_that_cannot_be_closed_is_refused():
    """What the parser passes over in a record within would go unseen."""
    with pytest.raises(TypeError, match="Within may hold what the parser passes over"):
        Decoder(Stream(records=(Within,), help="records in records"))
