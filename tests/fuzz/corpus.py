"""Odd lines of every stream, written as they would stand in a log: name, line, and what becomes of it.

What is no UTF-8 is written as Python escapes it: `\\udcff` is the byte 0xFF. A line is a record, `SKIPPED`, or refused
with a reason. What holds for every field of a type is in `tests.fuzz.fields`.
"""

import json
from typing import Any

import msgspec

from exporter.decode import Reason
from exporter.pipeline import Source, Stream, discover
from exporter.pipelines.clustering import ClusterCreated, Event, Job
from exporter.pipelines.crawl import Correction, EmbeddingFailure, Failure, Health, Page, ThresholdRun
from exporter.pipelines.distillation import Article, parse_log_line
from exporter.pipelines.persona import Attempt
from exporter.pipelines.tagger import Candidate, CategoryResult, EnsembleResult
from exporter.plain import DEEPEST

KINDS = discover()
STREAMS: dict[str, Stream] = {
    f"{name}.{stream}": kind.streams[stream]
    for name, kind in KINDS.items()
    for stream in kind.streams
    if kind.streams[stream].source is Source.LINES
}
"""Every stream of lines, by pipeline and name."""

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


def declared(records: list[Any]) -> list[Any]:
    """Records of the types that their pipeline declares: by which way they were decoded does not show."""
    return [msgspec.convert(record, _declared(type(record)), from_attributes=True) for record in records]


def _declared(kind: Any) -> Any:
    """The type that was made closed, or is for any tag."""
    if kind.__struct_config__.forbid_unknown_fields:
        return kind.__base__
    return Event if kind.__name__ == Event.__name__ else kind


Lines = dict[str, tuple[str, Any]]


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

PERSONA: Lines = {
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
    "UTF-16": ("\udcff\udcfe{\0}\0", UTF8),
    "UTF-16 without a mark": ('{\0"\0a\0"\0:\0\x31\0}\0', JSON),
    "an overlong slash": (attempt("stage", '"\udcc0\udcaf"'), UTF8),
    "an overlong character of three bytes": (attempt("x", '"\udce0\udc80\udcaf"'), UTF8),
    "a character beyond Unicode": (attempt("x", '"\udcf4\udc90\udc80\udc80"'), UTF8),
    "a continuation byte alone": (attempt("x", '"\udc80"'), UTF8),
    "three bytes of four": (attempt("stage", '"\udcf0\udc9f\udc98"'), UTF8),
    "a character cut by the line's end": (f'{OPEN}, "x": "\udce2\udc98', UTF8),
    "Windows quotes": (attempt("x", '"\udc93x\udc94"'), UTF8),
    "a surrogate pair in UTF-8": (attempt("x", '"\udced\udca0\udcbd\udced\udcb8\udc80"'), UTF8),
    "invalid UTF-8 and no JSON": ("{\udcff", UTF8),
    "invalid UTF-8 alone": ("\udcff", UTF8),
    "no character": (attempt("stage", '"\ufffe\uffff"'), but(stage="\ufffe\uffff")),
    "NUL bytes before blanks": ("\0\0  \t", SKIPPED),
    "NUL bytes between blanks": (" \0 ", JSON),
    "NUL bytes before half a line": (f"\0\0{OPEN[9:]}", JSON),
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
    "a form feed behind": (f"{GOOD}\f", JSON),
    "CR CR LF between fields": (GOOD.replace(", ", ",\r\r"), RECORD),
    "separators of files and records": ("\x1c\x1d\x1e", JSON),
    "a next line": ("\x85", JSON),
    "a line separator": ("\u2028", JSON),
    "a line separator behind": (f"{GOOD}\u2028", JSON),
    "a line separator between objects": (f"{GOOD}\u2029{GOOD}", JSON),
    "a zero-width space before": (f"\u200b{GOOD}", JSON),
    "tabs between all": (GOOD.replace(" ", "\t"), RECORD),
    "no blanks": (GOOD.replace(" ", ""), RECORD),
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
    "Python's repr": (repr(ATTEMPT), JSON),
    "Python's constants": (attempt("x", "None"), JSON),
    "a comment at the end": (f"{GOOD} # good", JSON),
    "a semicolon": (f"{GOOD};", JSON),
    "a comma behind": (f"{GOOD},", JSON),
    "a comma before": (f",{GOOD}", JSON),
    "a closing brace more": (f"{GOOD}}}", JSON),
    "two commas": (GOOD.replace(",", ",,", 1), JSON),
    "no colon": (GOOD.replace(":", "", 1), JSON),
    "two colons": (GOOD.replace(":", "::", 1), JSON),
    "an equals sign": (GOOD.replace(":", " =", 1), JSON),
    "a name without value": (f'{OPEN}, "x"}}', JSON),
    "a value without name": (f'{OPEN}, : "x"}}', JSON),
    "a number as a name": (f"{OPEN}, 1: 2}}", JSON),
    "null as a name": (f"{OPEN}, null: 2}}", JSON),
    "a trailing comma in a list": (attempt("repairs", '["a",]'), JSON),
    "a trailing comma in an unused list": (attempt("x", "[1,]"), JSON),
    "a list closed as an object": (attempt("x", "[1}"), JSON),
    "an object closed as a list": (attempt("x", '{"a": 1]'), JSON),
    "a list that begins with a comma": (attempt("x", "[,1]"), JSON),
    "a raw newline escaped as none": (attempt("stage", '"a\\\\nb"'), but(stage="a\\nb")),
    "a log's prefix": (f"2026-01-31 INFO {GOOD}", JSON),
    "an SSE prefix": (f"data: {GOOD}", JSON),
    "a JSON sequence": (f"\x1e{GOOD}", JSON),
    "JSON in a string": (json.dumps(GOOD), TYPE),
    "HTML": ("<html><body>502 Bad Gateway</body></html>", JSON),
    "a stack trace": ('  File "x.py", line 1, in <module>', JSON),
    "CSV": ("25K,p,A,success,1250,2,3", JSON),
    "a false": ("false", TYPE),
    "an empty string": ('""', TYPE),
    "an infinite number": ("1e400", TYPE),
    "5000 digits alone": ("9" * 5000, TYPE),
    "an empty name": (attempt("", "1"), RECORD),
    "an empty name twice": (attempt("", '1, "": 2'), RECORD),
    "a name of 100 000 characters": (attempt("n" * 100_000, "1"), RECORD),
    "a name written in escapes": (GOOD.replace("run_id", r"run\u005fid"), RECORD),
    "a name in capitals": (GOOD.replace("run_id", "RUN_ID"), MISSING),
    "a name with a blank": (GOOD.replace("run_id", "run_id "), MISSING),
    "a name with a NUL": (GOOD.replace("run_id", r"run_id\u0000"), MISSING),
    "an unused name like a method": (attempt("__class__", '"x"'), RECORD),
    "10 000 unused fields": (json.dumps(ATTEMPT | {f"x{at}": at for at in range(10_000)}), RECORD),
    "10 000 elements": (attempt("x", f"[{'0,' * 9999}0]"), RECORD),
    # depth
    "arrays of the greatest depth": (attempt("x", "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)), RECORD),
    "arrays one too deep": (attempt("x", "[" * DEEPEST + "]" * DEEPEST), JSON),
    "objects of the greatest depth": (attempt("x", '{"a":' * (DEEPEST - 1) + "1" + "}" * (DEEPEST - 1)), RECORD),
    "objects one too deep": (attempt("x", '{"a":' * DEEPEST + "1" + "}" * DEEPEST), JSON),
    "arrays in objects one too deep": (attempt("x", '[{"a": ' * 250 + "1" + "}]" * 250), JSON),
    "the greatest depth and a whole-number float": (
        attempt("x", "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)).replace("1250", "1250.0"),
        RECORD,
    ),
    "deep, and a whole-number float": (attempt("x", "[" * 700 + "]" * 700).replace("1250", "1250.0"), JSON),
    "deep objects, and a whole-number float": (
        attempt("x", '{"a":' * 700 + "1" + "}" * 700).replace("1250", "1250.0"),
        JSON,
    ),
    "deep, but not too much for the parser": (attempt("x", "[" * 900 + "]" * 900), JSON),
    "about as deep as the stack": (attempt("x", "[" * 985 + "]" * 985), JSON),
    "100 arrays in a used field": (attempt("repairs", "[" * 100 + "]" * 100), TYPE),
    "deep arrays in scores": (attempt("validator_scores", '{"a": ' + "[" * 400 + "]" * 400 + "}"), TYPE),
    "many brackets beside each other": (attempt("x", f"[{'[],' * 1000}{{}}]"), RECORD),
    "many brackets in a string": (attempt("x", '"' + "[" * 1000 + '"'), RECORD),
    "many brackets in a string with quotes": (attempt("x", '"' + r"\"[\\" * 1000 + '"'), RECORD),
    "many brackets in a name": (attempt("{" * 1000, "1"), RECORD),
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
    "an exponent in capitals": (attempt("latency_ms", "1E+2"), but(latency_ms=100)),
    "a negative exponent": (attempt("latency_ms", "125000e-2"), RECORD),
    "an exponent of 20 digits": (attempt("latency_ms", "1e99999999999999999999"), RANGE),
    "a negative exponent of 20 digits": (attempt("latency_ms", "1e-99999999999999999999"), but(latency_ms=0)),
    "zero with an exponent of 20 digits": (attempt("latency_ms", "0e99999999999999999999"), but(latency_ms=0)),
    "minus zero as an integer": (attempt("latency_ms", "-0"), but(latency_ms=0)),
    "a fraction of 400 digits": (attempt("latency_ms", f"1250.{'0' * 400}"), RECORD),
    "a fraction of 400 digits that is one": (attempt("latency_ms", f"1250.{'3' * 400}"), TYPE),
    "5000 digits": (attempt("latency_ms", "9" * 5000), RANGE),
    "5000 digits with a fraction": (attempt("latency_ms", f"{'9' * 5000}.5"), RANGE),
    "5000 digits in an unused field": (attempt("x", "9" * 5000), RECORD),
    "5000 digits in an unused field, and a float": (
        attempt("x", "9" * 5000).replace("1250", "1250.0"),
        RECORD,
    ),
    "5000 digits as a score": (attempt("validator_scores", f'{{"a": {"9" * 5000}}}'), RANGE),
    "400 digits as a score": (attempt("validator_scores", f'{{"a": {HUGE}}}'), RANGE),
    "1e400 in an unused field, and a float": (attempt("x", "1e400").replace("1250", "1250.0"), RECORD),
    "the smallest number": (attempt("validator_scores", '{"a": 5e-324}'), but(validator_scores={"a": 5e-324})),
    "a minus sign alone": (attempt("latency_ms", "-"), JSON),
    "two minus signs": (attempt("latency_ms", "--1"), JSON),
    "an exponent without digits": (attempt("latency_ms", "1e"), JSON),
    "minus and a leading zero": (attempt("latency_ms", "-01"), JSON),
    "digits in groups": (attempt("latency_ms", "1_250"), JSON),
    "digits in groups by a comma": (attempt("latency_ms", "1,250"), JSON),
    "digits of another script": (attempt("latency_ms", "\u0661\u0662"), JSON),
    "a suffix": (attempt("latency_ms", "1250n"), JSON),
    "octal": (attempt("latency_ms", "0o17"), JSON),
    "nan": (attempt("latency_ms", "nan"), JSON),
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
    "null within null": (attempt("validator_scores", '{"a": {"b": null}}'), TYPE),
    "null for every optional field": (
        f'{OPEN}, "ts": null, "repairs": null, "validator_scores": null, "opening_move": null, '
        '"constraint_categories": null, "anchors_used": null, "error": null}',
        RECORD,
    ),
    "null in an unused field, and a float": (attempt("x", "[null]").replace("1250", "1250.0"), RECORD),
    "mixed lists": (attempt("repairs", '["a", 1]'), TYPE),
    "lists in lists": (attempt("repairs", '[["a"]]'), TYPE),
    "an object where text is expected": (attempt("stage", '{"name": "A"}'), TYPE),
    "a list where text is expected": (attempt("stage", '["A"]'), TYPE),
    "a boolean where text is expected": (attempt("stage", "false"), TYPE),
    "empty texts": (attempt("run_id", '""'), but(run_id="")),
    "an empty list": (attempt("repairs", "[]"), but(repairs=[])),
    "no scores": (attempt("validator_scores", "{}"), but(validator_scores={})),
    "an empty name of a score": (attempt("validator_scores", '{"": 1}'), but(validator_scores={"": 1.0})),
    "a new word": (attempt("status", '"cancelled"'), but(status="cancelled")),
    "a known word in capitals": (attempt("status", '"FAIL"'), but(status="FAIL")),
    "a missing field and a wrong one": (attempt("run_id", "7").replace('"stage"', '"s"'), TYPE),
    "null is not absent": (attempt("prompt_tokens", "null"), TYPE),
    # ids
    "a negative number as a name of things": (attempt("persona_id", "-7"), but(persona_id=-7)),
    "zero as a name of things": (attempt("persona_id", "0"), but(persona_id=0)),
    "an empty name of things": (attempt("persona_id", '""'), but(persona_id="")),
    "a boolean as a name of things": (attempt("persona_id", "true"), TYPE),
    "null as a name of things": (attempt("persona_id", "null"), TYPE),
    "2^53 + 1 as a name of things": (attempt("persona_id", str(2**53 + 1)), RANGE),
    "a long name of things": (attempt("persona_id", f'"{"p" * 100_000}"'), but(persona_id="p" * 100_000)),
    # duplicates
    "members twice": (attempt("validator_scores", '{"a": 0.1, "a": 0.2}'), but(validator_scores={"a": 0.2})),
    "a field twice, null at last": (attempt("repairs", '["a"], "repairs": null'), RECORD),
    "a required field twice, null at last": (attempt("latency_ms", '1250, "latency_ms": null'), TYPE),
    "a required field twice, null at first": (attempt("latency_ms", 'null, "latency_ms": 1250'), RECORD),
    "a field twice, once in escapes": (attempt("latency_ms", r'7, "latency\u005fms": 1250'), RECORD),
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
    "ISO with an offset": (attempt("ts", '"2026-01-31T14:32:01+05:30"'), but(ts="2026-01-31T14:32:01+05:30")),
    "ISO with a comma": (attempt("ts", '"2026-01-31T14:32:01,5Z"'), but(ts="2026-01-31T14:32:01,5Z")),
    "a naive time": (attempt("ts", '"2026-01-31 14:32:01"'), but(ts="2026-01-31 14:32:01")),
    "a date": (attempt("ts", '"2026-01-31"'), but(ts="2026-01-31")),
    "midnight as 24:00": (attempt("ts", '"2026-01-31T24:00:00Z"'), but(ts="2026-01-31T24:00:00Z")),
    "a leap second": (attempt("ts", '"2016-12-31T23:59:60Z"'), but(ts="2016-12-31T23:59:60Z")),
    "year 0": (attempt("ts", '"0000-01-01T00:00:00Z"'), but(ts="0000-01-01T00:00:00Z")),
    "year 1, east of Greenwich": (attempt("ts", '"0001-01-01T00:00:00+14:00"'), but(ts="0001-01-01T00:00:00+14:00")),
    "year 9999, west of it": (attempt("ts", '"9999-12-31T23:59:59-14:00"'), but(ts="9999-12-31T23:59:59-14:00")),
    "year 10 000": (attempt("ts", '"10000-01-01T00:00:00Z"'), but(ts="10000-01-01T00:00:00Z")),
    "February 30": (attempt("ts", '"2026-02-30T00:00:00Z"'), but(ts="2026-02-30T00:00:00Z")),
    "a time zone by name": (attempt("ts", '"2026-01-31 14:32:01 CET"'), but(ts="2026-01-31 14:32:01 CET")),
    "epoch seconds as digits": (attempt("ts", '"1769869921"'), but(ts="1769869921")),
    "epoch microseconds": (attempt("ts", "1769869921234000"), but(ts=1769869921234000)),
    "a negative epoch": (attempt("ts", "-62135596800"), but(ts=-62135596800)),
    "the epoch": (attempt("ts", "0"), but(ts=0)),
    "400 digits for a time": (attempt("ts", HUGE), but(ts=int(HUGE))),
    "5000 digits for a time": (attempt("ts", "9" * 5000), RANGE),
    "an infinite time": (attempt("ts", "1e400"), but(ts=2 * 2**53)),
    "an empty time": (attempt("ts", '""'), but(ts="")),
    "a long time": (attempt("ts", f'"{"2026" * 10_000}"'), but(ts="2026" * 10_000)),
    "a time with a NUL": (attempt("ts", r'"2026-01-31\u0000"'), but(ts="2026-01-31\0")),
    "an object for a time": (attempt("ts", '{"$date": 0}'), TYPE),
    "null for a time": (attempt("ts", "null"), RECORD),
    "a boolean for a time": (attempt("ts", "true"), TYPE),
    "a list for a time": (attempt("ts", "[]"), TYPE),
}

ENSEMBLE = '"lecture_id": "L", "total_returned": 4'
CATEGORY = '"lecture_id": "L", "category": "Topic", "model": "m", "chosen_ids": ["x"]'
AN_ENSEMBLE = EnsembleResult(lecture_id="L", total_returned=4)
A_CATEGORY = CategoryResult(lecture_id="L", category="Topic", model="m", chosen_ids=["x"])


def chosen(ids):
    """A category result that chose these ids."""
    return '{"kind": "category_reasoning_result", ' + CATEGORY.replace('"x"', ids) + "}"


TAGGER: Lines = {
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
    "400 digits in a list": (f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [{{"p": {HUGE}}}]}}', RANGE),
    "no object": ('["ensemble_result"]', TYPE),
    "an empty kind": ('{"kind": ""}', SKIPPED),
    "a known kind in capitals": ('{"kind": "ENSEMBLE_RESULT"}', SKIPPED),
    "a known kind with a blank": ('{"kind": "ensemble_result "}', SKIPPED),
    "a kind in escapes": (r'{"kind": "ensemble\u005fresult", ' + f"{ENSEMBLE}}}", AN_ENSEMBLE),
    "a kind's name in escapes": (r'{"k\u0069nd": "ensemble_result", ' + f"{ENSEMBLE}}}", AN_ENSEMBLE),
    "a boolean for a kind": (f'{{"kind": true, {ENSEMBLE}}}', TYPE),
    "5000 digits for a kind": (f'{{"kind": {"9" * 5000}, {ENSEMBLE}}}', TYPE),
    "a lone surrogate for a kind": (r'{"kind": "\ud800"}', JSON),
    "an unknown kind, too deep": ('{"kind": "x", "y": ' + "[" * 700 + "]" * 700 + "}", JSON),
    "both kinds' fields, the last kind counts": (
        f'{{"kind": "ensemble_result", {ENSEMBLE}, {CATEGORY}, "kind": "category_reasoning_result"}}',
        A_CATEGORY,
    ),
    "a kind twice, null at last": (f'{{"kind": "ensemble_result", {ENSEMBLE}, "kind": null}}', TYPE),
    "more than three best": (
        f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [{{}}, {{}}, {{}}, {{}}]}}',
        EnsembleResult(lecture_id="L", total_returned=4, top3=[Candidate()] * 4),
    ),
    "nobody best": (
        f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": []}}',
        EnsembleResult(lecture_id="L", total_returned=4, top3=[]),
    ),
    "the best without scores": (
        f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [{{"p": null, "r": null}}]}}',
        EnsembleResult(lecture_id="L", total_returned=4, top3=[Candidate()]),
    ),
    "a cosine below zero": (
        f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [{{"p": -0.5, "pth": -1}}]}}',
        EnsembleResult(lecture_id="L", total_returned=4, top3=[Candidate(p=-0.5, pth=-1)]),
    ),
    "a text for a cosine": (f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": [{{"p": "0.5"}}]}}', TYPE),
    "an object for a list": (f'{{"kind": "ensemble_result", {ENSEMBLE}, "top3": {{"p": 1}}}}', TYPE),
    "a confidence below zero": (
        f'{{"kind": "category_reasoning_result", {CATEGORY}, "confidence": {{"x": -1e-9}}}}',
        RANGE,
    ),
    "nothing chosen": (
        chosen(""),
        CategoryResult(lecture_id="L", category="Topic", model="m", chosen_ids=[]),
    ),
    "names of all kinds chosen": (
        chosen('"", 1, -1, 2.0'),
        CategoryResult(lecture_id="L", category="Topic", model="m", chosen_ids=["", 1, -1, 2]),
    ),
}

JOB = '"wiki_id": 1, "total_duration": 2.5, "counters": {}, "gauges": {}'
NEGATIVE_JOB = JOB.replace("{}", '{"a": -1}', 1)
NULL_JOB = JOB.replace("{}", '{"a": null}')
A_JOB = Job(wiki_id=1, total_duration=2.5, counters={}, gauges={})


def job(text, by):
    """A job's line with `by` in the place of `text`."""
    return '{"event": "clustering_metrics", ' + JOB.replace(text, by, 1) + "}"


CLUSTERING: Lines = {
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
    "an empty event": ('{"event": ""}', Event(event="")),
    "an event in escapes": (r'{"event": "clustering\u005fmetrics", ' + f"{JOB}}}", A_JOB),
    "an event of 100 000 characters": (f'{{"event": "{"e" * 100_000}"}}', Event(event="e" * 100_000)),
    "an event with 5000 digits elsewhere": (f'{{"event": "x", "gauges": {"9" * 5000}}}', Event(event="x")),
    "an infinite time, and 5000 digits elsewhere": (
        f'{{"event": "x", "timestamp": 1e400, "gauges": {"9" * 5000}}}',
        Event(event="x", timestamp=2 * 2**53),
    ),
    "a boolean for an event": ('{"event": true}', TYPE),
    "an object for an event": ('{"event": {"name": "x"}}', TYPE),
    "null for a level": ('{"event": "x", "level": null}', Event(event="x")),
    "an event's name in escapes": (r'{"\u0065vent": "x"}', Event(event="x")),
    "two events, both known": (f'{{"event": "cluster_created", {JOB}, "event": "clustering_metrics"}}', A_JOB),
    "a wiki by name": (
        job("1", '"en"'),
        Job(wiki_id="en", total_duration=2.5, counters={}, gauges={}),
    ),
    "a wiki that is a whole-number float": (
        job("1", "1.0"),
        A_JOB,
    ),
    "a gauge out of range": (f'{{"event": "clustering_metrics", {JOB[:-1]}"a": 1e300}}}}', RANGE),
    "a gauge of 400 digits": (f'{{"event": "clustering_metrics", {JOB[:-1]}"a": {HUGE}}}}}', RANGE),
    "a gauge that is a text": (f'{{"event": "clustering_metrics", {JOB[:-1]}"a": "1"}}}}', TYPE),
    "a coverage of more than all": (
        f'{{"event": "clustering_metrics", {JOB[:-1]}"coverage_percentage": 1e9}}}}',
        Job(wiki_id=1, total_duration=2.5, counters={}, gauges={"coverage_percentage": 1e9}),
    ),
    "more tagged than processed": (
        job("{}", '{"pages_processed": 1, "pages_tagged": 2}'),
        Job(wiki_id=1, total_duration=2.5, counters={"pages_processed": 1, "pages_tagged": 2}, gauges={}),
    ),
    "pages in no time": (
        job("2.5", "5e-324").replace("{}", '{"pages_processed": 9}', 1),
        Job(wiki_id=1, total_duration=5e-324, counters={"pages_processed": 9}, gauges={}),
    ),
    "a negative counter": (f'{{"event": "clustering_metrics", {NEGATIVE_JOB}}}', RANGE),
    "null inside": (f'{{"event": "clustering_metrics", {NULL_JOB}}}', A_JOB),
}

SUCCESS = "2025-10-27 10:20:03 | INFO     | SUCCESS | article_1 | attempts=1 | time=11.46s | repaired=False"
FAILED = "2025-10-27 10:20:31 | WARNING  | FAILED  | article_789"
AN_ARTICLE = parse_log_line(SUCCESS)

LOG: Lines = {
    "a good line": (SUCCESS, AN_ARTICLE),
    "CR LF": (f"{SUCCESS}\r", AN_ARTICLE),
    "nothing": ("", SKIPPED),
    "another shape": ("Session started", FORMAT),
    "an object": ("{}", FORMAT),
    "a time that is no number": (SUCCESS.replace("11.46", "NaN"), FORMAT),
    "a number too long": (SUCCESS.replace("11.46", HUGE), FORMAT),
    "digits of another script": (SUCCESS.replace("attempts=1", "attempts=\u0661"), FORMAT),
    "invalid UTF-8": (f"{SUCCESS}\udcff", UTF8),
    "two CR": (f"{SUCCESS}\r\r", AN_ARTICLE),
    "blanks": (" \t ", SKIPPED),
    "blanks before": (f" {SUCCESS}", FORMAT),
    "blanks behind": (f"{SUCCESS} \t", AN_ARTICLE),
    "NUL bytes before a line": (f"\0\0{SUCCESS}", AN_ARTICLE),
    "a NUL byte behind": (f"{SUCCESS}\0", FORMAT),
    "half a line": (SUCCESS[:40], FORMAT),
    "two lines on one": (f"{SUCCESS} {SUCCESS}", AN_ARTICLE),
    "a stack trace": ("Traceback (most recent call last):", FORMAT),
    "a time with milliseconds": (SUCCESS.replace("20:03", "20:03,123"), AN_ARTICLE),
    "a time that is none": (
        SUCCESS.replace("2025-10-27", "2025-99-99"),
        parse_log_line(SUCCESS.replace("2025-10-27", "2025-99-99")),
    ),
    "a negative time": (SUCCESS.replace("11.46", "-1"), FORMAT),
    "a time with an exponent": (SUCCESS.replace("11.46", "1e9"), FORMAT),
    "an infinite time": (SUCCESS.replace("11.46", "inf"), FORMAT),
    "a time without a fraction's digits": (SUCCESS.replace("11.46", "11."), FORMAT),
    "a time without a unit": (SUCCESS.replace("11.46s", "11.46"), FORMAT),
    "ten digits of seconds": (SUCCESS.replace("11.46", "1234567890"), FORMAT),
    "no attempts": (SUCCESS.replace("attempts=1", "attempts="), FORMAT),
    "a fraction of attempts": (SUCCESS.replace("attempts=1", "attempts=1.0"), FORMAT),
    "negative attempts": (SUCCESS.replace("attempts=1", "attempts=-1"), FORMAT),
    "a repair that is neither": (SUCCESS.replace("False", "false"), FORMAT),
    "an outcome that is neither": (SUCCESS.replace("SUCCESS", "SKIPPED"), FORMAT),
    "a pipe in the article's name": (SUCCESS.replace("article_1", "a | b"), AN_ARTICLE),
    "an empty error": (
        f"{FAILED} | error= | attempts=3 | time=42.15s",
        Article("", "unknown", False, 3, 42.15, False, "2025-10-27 10:20:31", ""),
    ),
    "an error of blanks": (
        f"{FAILED} | error=   | attempts=3 | time=42.15s",
        Article("", "unknown", False, 3, 42.15, False, "2025-10-27 10:20:31", "  "),
    ),
    "an error of a new word": (
        f"{FAILED} | error=quota \u2028 {{}} | attempts=3 | time=42.15s",
        Article("", "unknown", False, 3, 42.15, False, "2025-10-27 10:20:31", "quota \u2028 {}"),
    ),
    "no error": (
        f"{FAILED} | attempts=3 | time=42.15s",
        Article("", "unknown", False, 3, 42.15, False, "2025-10-27 10:20:31", None),
    ),
    "a line separator behind": (f"{SUCCESS}\u2028", AN_ARTICLE),
    "a byte order mark that begins no file": (f"\ufeff{SUCCESS}", FORMAT),
}


def line(record, **fields):
    """A record as a line, with some fields as they are written."""
    written = {name: json.dumps(value) for name, value in record.items()} | fields
    return "{" + ", ".join(f'"{name}": {value}' for name, value in written.items()) + "}"


ARTICLE: dict[str, Any] = {
    "filter_name": "law",
    "llm_provider": "gemini",
    "success": False,
    "attempts_made": 1,
    "time_taken_seconds": 1.5,
    "json_repaired": False,
}
ARTICLES: Lines = {
    "a good line": (line(ARTICLE), Article(**ARTICLE)),
    "no attempts": (line(ARTICLE, attempts_made="0"), Article(**ARTICLE | {"attempts_made": 0})),
    "1 for success": (line(ARTICLE, success="1"), TYPE),
    "a text for success": (line(ARTICLE, success='"false"'), TYPE),
    "a new error": (line(ARTICLE, error_type='"quota"'), Article(**ARTICLE, error_type="quota")),
    "an empty error": (line(ARTICLE, error_type='""'), Article(**ARTICLE, error_type="")),
    "an error of a success": (
        line(ARTICLE, success="true", error_type='"timeout"'),
        Article(**ARTICLE | {"success": True}, error_type="timeout"),
    ),
    "a time below a microsecond": (
        line(ARTICLE, time_taken_seconds="1e-9"),
        Article(**ARTICLE | {"time_taken_seconds": 1e-9}),
    ),
    "a time of millennia": (
        line(ARTICLE, time_taken_seconds="1e15"),
        Article(**ARTICLE | {"time_taken_seconds": 1e15}),
    ),
    "a line of distillation.log": (SUCCESS, JSON),
    "an empty filter": (line(ARTICLE, filter_name='""'), Article(**ARTICLE | {"filter_name": ""})),
    "a path for a filter": (
        line(ARTICLE, filter_name='"../../etc"'),
        Article(**ARTICLE | {"filter_name": "../../etc"}),
    ),
}

PAGE: dict[str, Any] = {
    "url": "https://example.com/a",
    "score": 0.5,
    "category": "research",
    "tags": ["alpha"],
    "length": 100,
    "threshold_passed": True,
    "processing_time": 1.25,
    "extraction_method": "trafilatura",
}
PAGES: Lines = {
    "a good line": (line(PAGE), Page(**PAGE)),
    "no tags": (line(PAGE, tags="[]"), Page(**PAGE | {"tags": []})),
    "one tag often": (line(PAGE, tags='["a", "a", "a"]'), Page(**PAGE | {"tags": ["a"] * 3})),
    "null for tags": (line(PAGE, tags="null"), TYPE),
    "a text for tags": (line(PAGE, tags='"alpha"'), TYPE),
    "a score above 1": (line(PAGE, score="7"), Page(**PAGE | {"score": 7.0})),
    "a score of minus nothing": (line(PAGE, score="-0.0"), Page(**PAGE | {"score": 0.0})),
    "a score below 0": (line(PAGE, score="-0.1"), RANGE),
    "no length": (line(PAGE, length="0"), Page(**PAGE | {"length": 0})),
    "a page without an address": (line(PAGE, url='""'), Page(**PAGE | {"url": ""})),
    "null for a judgement": (line(PAGE, threshold_passed="null"), TYPE),
}

FAILURE: dict[str, Any] = {"url": "https://example.com/a", "stage": "fetch", "exception_type": "Timeout"}


def failed_at(url):
    """A failure at an address, and its record."""
    return line(FAILURE, url=json.dumps(url)), Failure(**FAILURE | {"url": url})


FAILURES: Lines = {
    "a good line": (line(FAILURE), Failure(**FAILURE)),
    "a code": (line(FAILURE, response_code="404"), Failure(**FAILURE, response_code=404)),
    "a code as a float": (line(FAILURE, response_code="404.0"), Failure(**FAILURE, response_code=404)),
    "a code as text": (line(FAILURE, response_code='"404"'), Failure(**FAILURE, response_code="404")),
    "a code that is none": (line(FAILURE, response_code="404.5"), TYPE),
    "a code like `none`": (line(FAILURE, response_code='"none"'), Failure(**FAILURE, response_code="none")),
    "a negative code": (line(FAILURE, response_code="-1"), Failure(**FAILURE, response_code=-1)),
    "an address that is none": failed_at("not a url"),
    "an empty address": failed_at(""),
    "an address of version 6": failed_at("http://[::1]:80/"),
    "an address of version 6, broken": failed_at("http://[::1"),
    "an address of the future": failed_at("http://[v1.x]/"),
    "a zone in an address": failed_at("http://[fe80::1%25eth0]/"),
    "a user in an address": failed_at("http://user:secret@host/"),
    "a port that is none": failed_at("http://host:port/"),
    "a host in capitals": failed_at("HTTP://EXAMPLE.COM"),
    "a host beyond ASCII": failed_at("http://b\u00fccher.example/"),
    "a host that folds to a slash": failed_at("http://example.com\u2100.org/"),
    "a host with a newline": failed_at("http://exa\nmple.com/"),
    "a host with quotes": failed_at('http://"\\"/'),
    "a host of dots": failed_at("http://.../"),
    "a host of 100 000 characters": failed_at(f"http://{'h' * 100_000}/"),
    "no host": failed_at("file:///etc/passwd"),
    "JavaScript": failed_at("javascript:alert(1)"),
}

CORRECTION: dict[str, Any] = {"correct_category": "research"}
CORRECTIONS: Lines = {
    "a good line": (line(CORRECTION), Correction(**CORRECTION)),
    "an empty category": (line(CORRECTION, correct_category='""'), Correction(correct_category="")),
    "a number for a category": (line(CORRECTION, correct_category="7"), TYPE),
    "a time that is none": (
        line(CORRECTION, correction_timestamp='"soon"'),
        Correction(**CORRECTION, correction_timestamp="soon"),
    ),
    "another correction's fields": (line({"wrong_category": "x"}), MISSING),
}

EMBEDDING: dict[str, Any] = {"url": "u", "failure_reason": "OOM", "retry_scheduled": True}
EMBEDDINGS: Lines = {
    "a good line": (line(EMBEDDING), EmbeddingFailure(**EMBEDDING)),
    "a text for a retry": (line(EMBEDDING, retry_scheduled='"yes"'), TYPE),
    "an empty reason": (line(EMBEDDING, failure_reason='""'), EmbeddingFailure(**EMBEDDING | {"failure_reason": ""})),
    "a long address": (line(EMBEDDING, url=f'"{"u" * 10_000}"'), EmbeddingFailure(**EMBEDDING | {"url": "u" * 10_000})),
    "an empty address": (line(EMBEDDING, url='""'), EmbeddingFailure(**EMBEDDING | {"url": ""})),
}

THRESHOLD: dict[str, Any] = {"method": "otsu", "threshold": 0.5, "pass_rate": 0.25}


def threshold(value):
    """A run of this threshold, and its record."""
    return line(THRESHOLD, threshold=value), ThresholdRun(**THRESHOLD | {"threshold": float(value)})


THRESHOLDS: Lines = {
    "a good line": (line(THRESHOLD), ThresholdRun(**THRESHOLD)),
    "a threshold of 0": threshold("0"),
    "a threshold of minus nothing": threshold("-0.0"),
    "the smallest threshold": threshold("5e-324"),
    "a change without bounds": threshold("1e15"),
    "a threshold below 0": threshold("-1.5"),
    "a threshold out of range": (line(THRESHOLD, threshold="1e17"), RANGE),
    "a pass rate below 0": (line(THRESHOLD, pass_rate="-0.1"), RANGE),
}

HEALTH: Lines = {
    "a good line": (line({"cpu_percent": 5}), Health(cpu_percent=5.0)),
    "nothing at all": ("{}", Health()),
    "null for all": (line(dict.fromkeys(Health.__struct_fields__)), Health()),
    "more than all of the CPU": (line({"cpu_percent": 6400}), Health(cpu_percent=6400.0)),
    "less than nothing": (line({"cpu_percent": -1}), RANGE),
    "half a process": (line({"active_processes": 0.5}), TYPE),
    "all the memory of the world": (line({"memory_usage_mb": 1e15}), Health(memory_usage_mb=1e15)),
    "a percentage as text": (line({"cpu_percent": "5%"}), TYPE),
}

TABLES: dict[str, Lines] = {
    "persona.attempts": PERSONA,
    "distillation.articles": ARTICLES,
    "distillation.log": LOG,
    "tagger.events": TAGGER,
    "crawl.metadata": PAGES,
    "crawl.failures": FAILURES,
    "crawl.false_positives": CORRECTIONS,
    "crawl.false_negatives": CORRECTIONS,
    "crawl.embedding_failures": EMBEDDINGS,
    "crawl.thresholds": THRESHOLDS,
    "crawl.health": HEALTH,
    "clustering.events": CLUSTERING,
}
"""The odd lines of every stream by name, the first of them a good one."""


def as_bytes(line: str) -> bytes:
    """A line as it stands in a log."""
    return line.encode(errors="surrogateescape")
