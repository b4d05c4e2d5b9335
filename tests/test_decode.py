"""Odd lines: each is a record, skipped, or refused with its reason, wherever it stands. RELIABILITY invariant 11."""

import json
from pathlib import Path
from typing import Any

import pytest

from exporter.decode import Decoder, Reason
from exporter.follow import file
from exporter.follow.follower import StreamFollower, StreamState
from exporter.pipelines.clustering import ClusterCreated, Clustering, Event, Job
from exporter.pipelines.distillation import Distillation, parse_log_line
from exporter.pipelines.persona import Attempt, Persona
from exporter.pipelines.tagger import CategoryResult, EnsembleResult, Tagger

STREAMS = {
    "persona": Persona.streams["attempts"],
    "tagger": Tagger.streams["events"],
    "clustering": Clustering.streams["events"],
    "distillation log": Distillation.streams["log"],
}
SKIPPED = "skipped"
UTF8, JSON, FORMAT = Reason.INVALID_UTF8, Reason.INVALID_JSON, Reason.INVALID_FORMAT
TYPE, MISSING, RANGE = Reason.WRONG_TYPE, Reason.MISSING_FIELD, Reason.OUT_OF_RANGE

ATTEMPT: dict[str, Any] = {
    "run_id": "r",
    "persona_id": "p",
    "stage": "A",
    "status": "success",
    "latency_ms": 1250,
    "prompt_tokens": 2,
    "completion_tokens": 3,
}
RECORD = Attempt(**ATTEMPT)


def attempt(field, text):
    """An attempt as a line, with the field as it is written."""
    fields = {name: json.dumps(value) for name, value in ATTEMPT.items()} | {field: text}
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


def but(**fields):
    """The record of an attempt that differs in some fields."""
    return Attempt(**ATTEMPT | fields)


GOOD = json.dumps(ATTEMPT)
OPEN = GOOD[:-1]
HUGE = "9" * 400

PERSONA = {
    "a good line": (GOOD, RECORD),
    "an unknown field": (attempt("x", '{"y": [1, "z", null, true, -0.5e-7]}'), RECORD),
    # bytes
    "invalid UTF-8 in a used field": (attempt("stage", '"\udcff"'), UTF8),
    "invalid UTF-8 in an unused field": (attempt("x", '"\udcff"'), UTF8),
    "invalid UTF-8 in a name": (attempt("\udcff", "1"), UTF8),
    "invalid UTF-8 outside of strings": (f"{GOOD}\udcff", UTF8),
    "a surrogate in UTF-8": (attempt("x", '"\udced\udca0\udc80"'), UTF8),
    "an overlong character": (attempt("x", '"\udcc0\udc80"'), UTF8),
    "half a character": (attempt("stage", '"\udce2\udc98"'), UTF8),
    "Latin-1": (attempt("stage", '"\udce9"'), UTF8),
    "characters of any length": (attempt("stage", '"é☃😀"'), but(stage="é☃😀")),
    "line ends that are none": (attempt("stage", '"a\u2028b\u2029c\x85d"'), but(stage="a\u2028b\u2029c\x85d")),
    "NUL bytes before a line": (f"\0\0\0{GOOD}", RECORD),
    "NUL bytes alone": ("\0\0\0", SKIPPED),
    "NUL bytes before CR": ("\0\0\r", SKIPPED),
    "a NUL byte inside": (f"{OPEN}\0}}", JSON),
    "a NUL byte in a string": (attempt("stage", '"\0"'), JSON),
    "NUL bytes behind": (f"{GOOD}\0", JSON),
    "a BOM that begins no file": (f"\ufeff{GOOD}", JSON),
    "a BOM inside": (attempt("stage", '"\ufeff"'), but(stage="\ufeff")),
    # white space
    "nothing": ("", SKIPPED),
    "blanks": (" \t\v\f ", SKIPPED),
    "CR alone": ("\r", SKIPPED),
    "CR LF": (f"{GOOD}\r", RECORD),
    "two CR": (f"{GOOD}\r\r", RECORD),
    "a CR between fields": (GOOD.replace(", ", ",\r"), RECORD),
    "a CR in a string": (attempt("stage", '"a\rb"'), JSON),
    "a CR between objects": (f"{GOOD}\r{GOOD}", JSON),
    "blanks around": (f" \t{GOOD} \t", RECORD),
    "blanks that JSON does not know": (f"\v{GOOD}", JSON),
    "a no-break space": ("\xa0", JSON),
    # JSON
    "two objects": (GOOD + GOOD, JSON),
    "two objects with a blank": (f"{GOOD} {GOOD}", JSON),
    "an array of objects": (f"[{GOOD}]", TYPE),
    "an empty array": ("[]", TYPE),
    "a string": ('"x"', TYPE),
    "a number": ("1", TYPE),
    "true": ("true", TYPE),
    "null": ("null", TYPE),
    "a bare word": ("attempt", JSON),
    "an unfinished object": (OPEN, JSON),
    "an unfinished string": (OPEN[:-30], JSON),
    "the end of an object": ("}", JSON),
    "the beginning of an object": ("{", JSON),
    "an empty object": ("{}", MISSING),
    "a trailing comma": (f"{OPEN},}}", JSON),
    "no comma": (GOOD.replace(",", ""), JSON),
    "a comment behind": (f"{GOOD} // good", JSON),
    "a comment before": (f"/* good */ {GOOD}", JSON),
    "single quotes": (GOOD.replace('"', "'"), JSON),
    "no quotes": ("{run_id: 1}", JSON),
    "a control character in a used string": (attempt("stage", '"a\tb"'), JSON),
    "a control character in an unused string": (attempt("x", '"a\x1bb"'), JSON),
    "escapes": (attempt("stage", r'"\u0000\n\"\\\/\u00e9\ud83d\ude00"'), but(stage='\0\n"\\/é😀')),
    "an escape that is none": (attempt("x", r'"\q"'), JSON),
    "an escape cut short": (attempt("x", r'"\u12"'), JSON),
    "a lone surrogate in a used field": (attempt("stage", r'"\ud800"'), JSON),
    "a lone surrogate in an unused field": (attempt("x", r'"\udc00"'), JSON),
    "a lone surrogate in a name": (attempt(r"\ud800", "1"), JSON),
    "surrogates the wrong way round": (attempt("stage", r'"\ude00\ud83d"'), JSON),
    "deep arrays": (attempt("x", "[" * 100_000 + "]" * 100_000), JSON),
    "deep arrays in a used field": (attempt("repairs", "[" * 100_000 + "]" * 100_000), JSON),
    "deep objects": (attempt("x", '{"a":' * 100_000 + "1" + "}" * 100_000), JSON),
    "deep and unfinished": ("[" * 100_000, JSON),
    "NaN": (attempt("latency_ms", "NaN"), JSON),
    "NaN in an unused field": (attempt("x", "NaN"), JSON),
    "NaN inside": (attempt("validator_scores", '{"a": NaN}'), JSON),
    "Infinity": (attempt("x", "Infinity"), JSON),
    "-Infinity": (attempt("latency_ms", "-Infinity"), JSON),
    "a leading zero": (attempt("x", "01"), JSON),
    "a plus sign": (attempt("x", "+1"), JSON),
    "no digit before the point": (attempt("x", ".5"), JSON),
    "no digit behind the point": (attempt("latency_ms", "5."), JSON),
    "hexadecimal": (attempt("x", "0x10"), JSON),
    # numbers
    "a whole-number float": (attempt("latency_ms", "1250.0"), RECORD),
    "an exponent": (attempt("latency_ms", "1.25e3"), RECORD),
    "a fraction for a whole number": (attempt("latency_ms", "1250.5"), TYPE),
    "minus zero": (attempt("latency_ms", "-0.0"), but(latency_ms=0)),
    "2^53": (attempt("latency_ms", str(2**53)), but(latency_ms=2**53)),
    "2^53 as a float": (attempt("latency_ms", f"{2**53}.0"), but(latency_ms=2**53)),
    "2^53 + 1": (attempt("latency_ms", str(2**53 + 1)), RANGE),
    "2^63": (attempt("latency_ms", str(2**63)), RANGE),
    "2^64": (attempt("latency_ms", str(2**64)), RANGE),
    "400 digits": (attempt("latency_ms", HUGE), RANGE),
    "400 digits below zero": (attempt("latency_ms", f"-{HUGE}"), RANGE),
    "400 digits in an unused field": (attempt("x", HUGE), RECORD),
    "1e300": (attempt("latency_ms", "1e300"), RANGE),
    "1e400": (attempt("latency_ms", "1e400"), RANGE),
    "-1e400": (attempt("latency_ms", "-1e400"), RANGE),
    "1e400 inside": (attempt("validator_scores", '{"a": 1e400}'), RANGE),
    "1e400 in an unused field": (attempt("x", '[1e400, {"y": -1e400}]'), RECORD),
    "1e-400": (attempt("validator_scores", '{"a": 1e-400}'), but(validator_scores={"a": 0.0})),
    "a negative number": (attempt("latency_ms", "-1"), RANGE),
    "a negative score": (attempt("validator_scores", '{"a": -0.1}'), RANGE),
    "a boolean for a number": (attempt("latency_ms", "true"), TYPE),
    "a boolean for a score": (attempt("validator_scores", '{"a": false}'), TYPE),
    "a string for a number": (attempt("latency_ms", '"1250"'), TYPE),
    "a number for a string": (attempt("stage", "1"), TYPE),
    "a number as a name of things": (attempt("persona_id", "7"), but(persona_id=7)),
    "a whole-number float as a name of things": (attempt("persona_id", "7.0"), but(persona_id=7)),
    "a fraction as a name of things": (attempt("persona_id", "7.5"), TYPE),
    "400 digits as a name of things": (attempt("persona_id", HUGE), RANGE),
    # null and absence
    "null for a number": (attempt("latency_ms", "null"), TYPE),
    "null for a string": (attempt("run_id", "null"), TYPE),
    "null in an optional field": (attempt("opening_move", "null"), RECORD),
    "null for a list": (attempt("repairs", "null"), RECORD),
    "null inside": (attempt("validator_scores", '{"a": null, "b": 0.5}'), but(validator_scores={"b": 0.5})),
    "null in a list": (attempt("repairs", '["a", null]'), TYPE),
    "a missing field": (GOOD.replace('"latency_ms"', '"latency"'), MISSING),
    "an object for a list": (attempt("repairs", "{}"), TYPE),
    "a list for an object": (attempt("validator_scores", "[]"), TYPE),
    "a string for a list": (attempt("repairs", '"a"'), TYPE),
    # duplicates
    "a field twice": (attempt("latency_ms", '7, "latency_ms": 1250'), RECORD),
    "a field twice, wrong at first": (attempt("latency_ms", 'true, "latency_ms": 1250'), RECORD),
    "a field twice, wrong at last": (attempt("latency_ms", '1250, "latency_ms": true'), TYPE),
    # times
    "an ISO time": (attempt("ts", '"2026-01-31T14:32:01Z"'), but(ts="2026-01-31T14:32:01Z")),
    "a time that is none": (attempt("ts", '"yesterday"'), but(ts="yesterday")),
    "epoch seconds": (attempt("ts", "1769869921.5"), but(ts=1769869921.5)),
    "epoch milliseconds": (attempt("ts", "1769869921234"), but(ts=1769869921234)),
    "epoch nanoseconds": (attempt("ts", "1769869921234000000"), but(ts=1769869921234000000)),
    "a time before all times": (attempt("ts", "-1e300"), but(ts=-1e300)),
    "a boolean for a time": (attempt("ts", "true"), TYPE),
    "a list for a time": (attempt("ts", "[]"), TYPE),
}

ENSEMBLE = '"lecture_id": "L", "total_returned": 4'
CATEGORY = '"lecture_id": "L", "category": "Topic", "model": "m", "chosen_ids": ["x"]'
AN_ENSEMBLE = EnsembleResult(lecture_id="L", total_returned=4)
A_CATEGORY = CategoryResult(lecture_id="L", category="Topic", model="m", chosen_ids=["x"])

TAGGER = {
    "a good line": (f'{{"kind": "ensemble_result", {ENSEMBLE}}}', AN_ENSEMBLE),
    "the kind at the end": (f'{{{CATEGORY}, "kind": "category_reasoning_result"}}', A_CATEGORY),
    "an unknown kind": ('{"kind": "x"}', SKIPPED),
    "an unknown kind with odd numbers": ('{"kind": "x", "latency_ms": 1e400}', SKIPPED),
    "an unknown kind that is no JSON": ('{"kind": "x", "latency_ms": NaN}', JSON),
    "no kind": (f"{{{ENSEMBLE}}}", MISSING),
    "null for a kind": (f'{{"kind": null, {ENSEMBLE}}}', TYPE),
    "a number for a kind": (f'{{"kind": 5, {ENSEMBLE}}}', TYPE),
    "a list for a kind": (f'{{"kind": ["ensemble_result"], {ENSEMBLE}}}', TYPE),
    "a missing field": ('{"kind": "ensemble_result"}', MISSING),
    "the other kind's fields": (f'{{"kind": "category_reasoning_result", {ENSEMBLE}}}', MISSING),
    "two kinds": (f'{{"kind": "ensemble_result", "kind": "category_reasoning_result", {CATEGORY}}}', A_CATEGORY),
    "two kinds, one unknown at first": (
        f'{{"kind": "x", {CATEGORY}, "kind": "category_reasoning_result"}}',
        A_CATEGORY,
    ),
    "two kinds, one unknown at last": (f'{{"kind": "category_reasoning_result", {CATEGORY}, "kind": "x"}}', SKIPPED),
    "null in a list": (f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [null]}}', TYPE),
    "a number out of range in a list": (f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [{{"p": 1e400}}]}}', RANGE),
    "no object": ('["ensemble_result"]', TYPE),
}

JOB = '"wiki_id": 1, "total_duration": 2.5, "counters": {}, "gauges": {}'
NEGATIVE_JOB = JOB.replace("{}", '{"a": -1}', 1)
NULL_JOB = JOB.replace("{}", '{"a": null}')
A_JOB = Job(wiki_id=1, total_duration=2.5, counters={}, gauges={})

CLUSTERING = {
    "a good line": (f'{{"event": "clustering_metrics", {JOB}}}', A_JOB),
    "an unknown event": ('{"event": "x", "level": "info"}', Event(event="x", level="info")),
    "an event with fields of another type": ('{"event": "x", "wiki_id": [], "gauges": 5}', Event(event="x")),
    "a cluster": ('{"event": "cluster_created", "page_count": 5}', ClusterCreated(page_count=5)),
    "a cluster with a float": ('{"event": "cluster_created", "page_count": 5.0}', ClusterCreated(page_count=5)),
    "a cluster with a boolean": ('{"event": "cluster_created", "page_count": true}', TYPE),
    "no event": ("{}", MISSING),
    "null for an event": ('{"event": null}', TYPE),
    "a number for an event": ('{"event": 5}', TYPE),
    "a number for a level": ('{"event": "x", "level": 5}', TYPE),
    "a job without figures": ('{"event": "clustering_metrics"}', MISSING),
    "two events, a job at last": (f'{{"event": "x", "event": "clustering_metrics", {JOB}}}', A_JOB),
    "two events, a job at first": (f'{{"event": "clustering_metrics", {JOB}, "event": "x"}}', Event(event="x")),
    "a negative counter": (f'{{"event": "clustering_metrics", {NEGATIVE_JOB}}}', RANGE),
    "null inside": (f'{{"event": "clustering_metrics", {NULL_JOB}}}', A_JOB),
}

SUCCESS = "2025-10-27 10:20:03 | INFO     | SUCCESS | article_1 | attempts=1 | time=11.46s | repaired=False"
AN_ARTICLE = parse_log_line(SUCCESS)

LOG = {
    "a good line": (SUCCESS, AN_ARTICLE),
    "CR LF": (f"{SUCCESS}\r", AN_ARTICLE),
    "nothing": ("", SKIPPED),
    "another shape": ("Session started", FORMAT),
    "an object": ("{}", FORMAT),
    "a time that is no number": (SUCCESS.replace("11.46", "NaN"), FORMAT),
    "a number too long": (SUCCESS.replace("11.46", HUGE), FORMAT),
    "digits of another script": (SUCCESS.replace("attempts=1", "attempts=\u0661"), FORMAT),
    "invalid UTF-8": (f"{SUCCESS}\udcff", UTF8),
}

TABLES: tuple[dict[str, Any], ...] = (PERSONA, TAGGER, CLUSTERING, LOG)
LINES = [
    pytest.param(stream, line.encode(errors="surrogateescape"), expected, id=f"{stream}: {name}")
    for stream, lines in zip(STREAMS, TABLES, strict=True)
    for name, (line, expected) in lines.items()
]
FIRST = {
    stream: (line.encode(), expected)
    for (stream, line, expected) in (
        (stream, *lines["a good line"]) for stream, lines in zip(STREAMS, TABLES, strict=True)
    )
}


def outcome(decoded):
    """What became of one line."""
    assert decoded.lines == len(decoded.records) + decoded.skipped + len(decoded.rejections) == 1
    return SKIPPED if decoded.skipped else [*decoded.records, *(refused.reason for refused in decoded.rejections)][0]


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
            records += decoded.records
            skipped += decoded.skipped
            refused += [(piece.chunk.start + one.offset, one.reason, one.text) for one in decoded.rejections]
            piece.take()
    follower.close()
    return records, skipped, refused


@pytest.mark.parametrize(("stream", "line", "expected"), LINES)
def test_a_line_has_one_outcome_wherever_it_stands(stream, line, expected):
    """Alone, or in the middle of good lines."""
    decoder = Decoder(STREAMS[stream])
    good, record = FIRST[stream]
    assert expected == outcome(decoder.decode(line + b"\n"))
    for before, behind in ((0, 1), (1, 0), (2, 3)):
        chunk = (good + b"\n") * before + line + b"\n" + (good + b"\n") * behind
        decoded = decoder.decode(chunk)
        assert before + 1 + behind == decoded.lines
        if isinstance(expected, Reason):
            (refused,) = decoded.rejections
            assert (before, before * (len(good) + 1), expected, line) == (
                refused.line,
                refused.offset,
                refused.reason,
                refused.text,
            )
            assert [record] * (before + behind) == decoded.records
        elif expected == SKIPPED:
            assert (1, [record] * (before + behind)) == (decoded.skipped, decoded.records)
        else:
            assert [record] * before + [expected] + [record] * behind == decoded.records


@pytest.mark.parametrize("stream", STREAMS)
def test_all_lines_have_the_same_outcome_at_any_chunk_size(stream, tmp_path, monkeypatch):
    """However much is read at a time."""
    path = tmp_path / "log"
    lines: list[Any] = [parameters.values[1] for parameters in LINES if parameters.values[0] == stream]
    good = FIRST[stream][0]
    path.write_bytes(b"".join(line + b"\n" + good + b"\n" for line in lines if len(line) < 10_000))
    expected = outcomes(stream, path, 1 << 20, monkeypatch)
    assert len(lines) < len(expected[0])
    for chunk_bytes in (1, 7, 4096):
        assert expected == outcomes(stream, path, chunk_bytes, monkeypatch)


def test_deep_lines_have_the_same_outcome_at_any_chunk_size(tmp_path, monkeypatch):
    """Also those that are larger than a chunk."""
    path = tmp_path / "log"
    path.write_bytes("".join(f"{line}\n{GOOD}\n" for name, (line, _) in PERSONA.items() if "deep" in name).encode())
    expected = outcomes("persona", path, 1 << 20, monkeypatch)
    assert (4, [JSON] * 4) == (len(expected[0]), [reason for _, reason, _ in expected[2]])
    for chunk_bytes in (7, 4096):
        assert expected == outcomes("persona", path, chunk_bytes, monkeypatch)


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


@pytest.mark.parametrize(("lines", "expected"), OVER_LINES.values(), ids=OVER_LINES)
def test_a_record_is_one_line(lines, expected):
    """What stands on two lines is two lines, whatever the parser makes of it."""
    decoded = Decoder(STREAMS["persona"]).decode("".join(f"{line}\n" for line in lines).encode())
    assert len(lines) == decoded.lines
    assert expected == [refused.reason for refused in decoded.rejections]
    assert [RECORD] * lines.count(GOOD) == decoded.records


def test_a_byte_order_mark_begins_a_file():
    """There it is passed over, elsewhere it is refused."""
    decoder = Decoder(STREAMS["persona"])
    chunk = f"\ufeff{GOOD}\n{GOOD}\n".encode()
    assert [RECORD, RECORD] == decoder.decode(chunk, at_start=True).records
    assert [RECORD] == decoder.decode(chunk).records
    assert 1 == decoder.decode("\ufeff\n".encode(), at_start=True).skipped


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("before", ["", "\n", "\0\0", "{}\n"])
def test_a_byte_order_mark_in_a_file_has_one_outcome_at_any_chunk_size(tmp_path, monkeypatch, before, chunk_bytes):
    """At the very beginning only."""
    path = tmp_path / "log"
    path.write_text(f"{before}\ufeff{GOOD}\n{GOOD}\n")
    records, _, refused = outcomes("persona", path, chunk_bytes, monkeypatch)
    assert ([RECORD] if before else [RECORD, RECORD]) == records
    assert bool(before) == (JSON in [reason for _, reason, _ in refused])


@pytest.mark.parametrize("text", [GOOD, PRETTY, f"\ufeff{PRETTY}\r\n", f"\n\n{GOOD}\n"])
def test_a_document_is_one_record_on_any_number_of_lines(text):
    """It counts as one line."""
    decoded = Decoder(STREAMS["persona"]).decode_document(text.encode())
    assert (1, [RECORD]) == (decoded.lines, decoded.records)


@pytest.mark.parametrize(("text", "expected"), [("", SKIPPED), ("\n \n", SKIPPED), ("{", JSON), (GOOD + GOOD, JSON)])
def test_a_document_that_is_no_record_has_a_reason(text, expected):
    """Like a line."""
    assert expected == outcome(Decoder(STREAMS["persona"]).decode_document(text.encode()))


def test_an_empty_chunk_holds_nothing():
    """A part of a long line that was passed over is one."""
    assert (0, []) == (Decoder(STREAMS["persona"]).decode(b"").lines, Decoder(STREAMS["persona"]).decode(b"").records)


def test_good_lines_are_decoded_at_once(monkeypatch):
    """This is what makes it fast; one odd line does not change what the others are."""
    decoder = Decoder(STREAMS["persona"])
    monkeypatch.setattr(decoder, "_parse", None)
    assert [RECORD] * 100 == decoder.decode(f"{GOOD}\n".encode() * 100).records
