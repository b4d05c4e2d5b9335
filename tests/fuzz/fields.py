"""What becomes of a field by its type, whatever its name: each way of writing a value, and its outcome.

Put into every field of every kind of line that `tests.recount.witness` knows, each in a line that is good otherwise.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from exporter.decode import Reason
from tests.fuzz.corpus import HUGE
from tests.recount.witness import FIELDS, TAGS

RECORD = "record"
JSON, TYPE, RANGE = Reason.INVALID_JSON, Reason.WRONG_TYPE, Reason.OUT_OF_RANGE
Outcomes = dict[str, Any]

NO_VALUES: Outcomes = dict.fromkeys(
    (
        *("01", "-01", "+1", ".5", "1.", "-", "--1", "1e", "1e+", "1.5.2", "0x10", "1_000", "1 2", "\u0663"),
        *("NaN", "nan", "-NaN", "Infinity", "-Infinity", "inf", "None", "True", "nul", "undefined", "'x'", "x"),
        *("", '"', '"\t"', '"\x1b"', '"\0"', r'"\q"', r'"\u12"', r'"\ud800"', r'"\udc00\ud800"', '"\\"'),
        *(
            "[",
            "[1",
            "[1,]",
            "[,1]",
            "{",
            '{"a"',
            '{"a":',
            '{"a": 1',
            '{"a": 1,}',
            "{a: 1}",
            "[1}",
            '{"a": 1]',
            "[NaN]",
        ),
        *("[" * 700 + "]" * 700, '{"a": ' * 700 + "1" + "}" * 700, "[" * 100_000),
    ),
    JSON,
)
"""What is no JSON."""

NUMBERS: Outcomes = {
    **dict.fromkeys(("0", "-0", "-0.0", "1", "1250.0", "1E+2", "125000e-2", "1e-400", str(2**53)), RECORD),
    **dict.fromkeys((HUGE, f"-{HUGE}", "9" * 5000, "1e300", "1e400", "-1e400", str(10**17)), RANGE),
    **dict.fromkeys(("true", "false", '"12"', '""', '"NaN"', "[]", "[1]", "{}", '{"$numberInt": "1"}'), TYPE),
}
BELOW_ZERO = ("-1", "-1.0", "-5e-324")
FRACTIONS = ("1250.5", "5e-324", "0.1")

COUNT = NUMBERS | dict.fromkeys(BELOW_ZERO[:2], RANGE) | dict.fromkeys(FRACTIONS, TYPE) | {str(2**53 + 1): RANGE}
QUANTITY = NUMBERS | dict.fromkeys(BELOW_ZERO, RANGE) | dict.fromkeys(FRACTIONS, RECORD)
NUMBER = NUMBERS | dict.fromkeys(BELOW_ZERO + FRACTIONS, RECORD) | {str(-(10**17)): RANGE}

TEXTS = (
    '""',
    '"other"',
    '"__name__"',
    '"le"',
    '"{}"',
    r'"{a=\"b\"} 1 # {c=\"d\"} 2"',
    r'"\"\\\n\r\t\b\f\/"',
    r'"\\n"',
    r'"\u0000\u001b[31m\u007f\u0085\u009b"',
    '"\u2028\u2029\u0085"',
    '"\ufeff\ufffe\uffff\ufffd"',
    '"\u202eabc\u202c\u200f"',
    '"<script>alert(1)</script>&amp;"',
    '"\'; DROP TABLE runs; --"',
    '"${HOME} %s {0} $(id)"',
    '"../../../etc/passwd"',
    r'"\ud83d\ude00"',
    '"\U0001f600"',
    '"' + "a" * 128 + '"',
    '"' + "a" * 129 + '"',
    '"' + "a" * 127 + '\U0001f600"',
    '"' + "a" * 128 + '\U0001f600"',
    '"' + "e\u0301" * 64 + '"',
    '"' + "\U0001f468\u200d" * 70 + '"',
    '"' + "x" * 100_000 + '"',
    '" "',
    '"NaN"',
    '"+Inf"',
    '"# EOF"',
    '"# HELP x"',
)
"""What a text may be; most of them become label values."""

TEXT: Outcomes = dict.fromkeys(TEXTS, RECORD) | dict.fromkeys(
    ("1", "1.0", "-0", HUGE[:20], "1e300", "true", "false", "[]", '["a"]', "{}", '{"a": "b"}'), TYPE
)
ID: Outcomes = {
    **dict.fromkeys((*TEXTS[:8], "0", "-0.0", "7", "-7", "7.0", "1e2", "1e-400", str(2**53), str(-(2**53))), RECORD),
    **dict.fromkeys((str(2**53 + 1), str(-(2**53) - 1), HUGE, "9" * 5000, "1e300", "1e400", "-1e400"), RANGE),
    **dict.fromkeys(("7.5", "true", "[]", '["a"]', "{}"), TYPE),
}
FLAG: Outcomes = {
    **dict.fromkeys(("true", "false"), RECORD),
    **dict.fromkeys(("0", "1", "1.0", '"true"', '""', "[]", "[true]", "{}"), TYPE),
}
NO_LISTS = ('"a"', '""', "1", "1e400", "true", "{}", '{"0": "a"}', "[null]", "[true]", "[[]]", "[{}]", "[1.5]")
NO_OBJECTS = ('"a"', '""', "1", "true", "[]", '[["a", 1]]', '{"a": "1"}', '{"a": true}', '{"a": []}', '{"a": {}}')


def _list(of: Outcomes) -> Outcomes:
    """A list of which one element is written in each of these ways."""
    return {"[]": RECORD, **{f"[{value}, {value}]": outcome for value, outcome in of.items()}} | dict.fromkeys(
        NO_LISTS, TYPE
    )


def _object(of: Outcomes) -> Outcomes:
    """An object of which one member is written in each of these ways."""
    return {
        **dict.fromkeys(
            ("{}", '{"a": null}', '{"": 1}', '{"a": true, "a": 1}', r'{"\"\n": 1}', '{"__name__": 1}'), RECORD
        ),
        **{f'{{"b": 0, "a": {value}}}': outcome for value, outcome in of.items()},
        **dict.fromkeys(NO_OBJECTS, TYPE),
    }


BY_TYPE: dict[str, Outcomes] = {
    "text": TEXT,
    "id": ID,
    "flag": FLAG,
    "count": COUNT,
    "quantity": QUANTITY,
    "number": NUMBER,
    "texts": _list(TEXT),
    "ids": _list(ID),
    "counts": _object(COUNT),
    "quantities": _object(QUANTITY),
    "numbers": _object(NUMBER),
}

SESSION = {
    "articles_succeeded": "count",
    "articles_failed": "count",
    "total_retries": "count",
    "errors_by_type": "counts",
    "duration_seconds": "quantity",
    "total_processing_time": "quantity",
}
"""What session_summary.json holds, as far as it is shown."""

GOOD_VALUES = {
    "text": "a",
    "id": "i",
    "flag": True,
    "count": 3,
    "quantity": 0.25,
    "number": -0.5,
    "texts": ["a", "b"],
    "ids": ["a", 7],
    "counts": {"pages_tagged": 2},
    "quantities": {"a": 0.5},
    "numbers": {"a": -1.5},
}


def type_of(kind: str, name: str) -> str:
    """The type of a kind's field; the field that tells the kinds apart is a text."""
    return FIELDS[kind].get(name, "text").removesuffix("!")


class Odd(NamedTuple):
    """One odd line, and what becomes of it: `RECORD`, or a reason."""

    name: str
    line: str
    outcome: Any


def good(kind: str) -> dict[str, Any]:
    """A good record of a kind of line, all its fields given."""
    pipeline, _, tag = kind.partition(".")
    fields = SESSION if kind == "distillation.session" else FIELDS[kind]
    record = {name: GOOD_VALUES[what.removesuffix("!")] for name, what in fields.items()}
    return ({TAGS[pipeline]: tag} if pipeline in TAGS else {}) | record


def odd(kind: str) -> Iterator[Odd]:
    """Every oddity in every field of a kind of line."""
    record = good(kind)
    for name, what in (SESSION if kind == "distillation.session" else FIELDS[kind]).items():
        required = what.endswith("!")
        absent = {other: value for other, value in record.items() if other != name}
        yield Odd(f"no {name}", json.dumps(absent), Reason.MISSING_FIELD if required else RECORD)
        outcomes = BY_TYPE[what.removesuffix("!")] | NO_VALUES | {"null": TYPE if required else RECORD}
        for written, outcome in outcomes.items():
            shown = written if len(written) < 40 else f"{written[:40]}…"
            yield Odd(f"{name}: {shown}", _written(record, name, written), outcome)
        yield Odd(f"{name} cut short", _written(record, name, "1")[: -len("1}")], JSON)


def _written(record: dict[str, Any], name: str, written: str) -> str:
    """The record as a line whose last field, `name`, is written so."""
    others = ", ".join(f"{json.dumps(other)}: {json.dumps(value)}" for other, value in record.items() if other != name)
    return "{" + (f"{others}, " if others else "") + f"{json.dumps(name)}: {written}}}"
