"""Reads a log line by line with the json module: records, and what became of every line.

A line is a `record`, `skipped`, or the reason for which it is no record.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from .witness import FIELDS, TAGS

LARGEST = 2**53

Record = dict[str, Any]


class Refused(Exception):  # noqa: N818  # it is a reason, not a failure of ours
    """A line that is no record; its text is the reason."""


def read(stream: str, paths: Iterable[Path]) -> tuple[list[list[Record]], Counter[str]]:
    """The records of each log of one stream, and how many lines became what."""
    logs = [_read(stream, path) for path in paths]
    return [records for records, _ in logs], sum((outcomes for _, outcomes in logs), Counter())


@cache
def _read(stream: str, path: Path) -> tuple[list[Record], Counter[str]]:
    records = []
    outcomes: Counter[str] = Counter()
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    for line in lines:
        try:
            record = parsed(stream, line)
        except Refused as refused:
            outcomes[str(refused)] += 1
        else:
            outcomes["skipped" if record is None else "record"] += 1
            if record is not None:
                records.append(record)
    return records, outcomes


def parsed(stream: str, line: bytes) -> Record | None:
    """The record on one line, None where the line is to be skipped. Raises Refused."""
    text = line.lstrip(b"\0").removesuffix(b"\r")
    if not text.strip():
        return None
    if stream == "distillation.log":
        return _from_text(text)
    record = _from_json(text)
    kind = _kind(stream, record)
    if kind is None:
        return None
    for field, what in FIELDS[kind].items():
        value = record.get(field)
        if field not in record and what.endswith("!"):
            raise Refused("missing_field")
        if value is not None or (field in record and what.endswith("!")):
            record[field] = TYPES[what.removesuffix("!")](value)
    return {field: value for field, value in record.items() if value is not None}


def _from_json(text: bytes) -> Record:
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refused("invalid_utf8") from None
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(value, dict):
        raise Refused("wrong_type")
    return value


def _from_text(text: bytes) -> Record:
    """An article of distillation.log."""
    try:
        moment, _level, outcome, article, *details = text.decode("utf-8").split(" | ")
    except UnicodeDecodeError:
        raise Refused("invalid_utf8") from None
    except ValueError:
        raise Refused("invalid_format") from None
    named = dict(detail.split("=", 1) for detail in details if "=" in detail)
    if outcome.strip() not in ("SUCCESS", "FAILED") or not {"attempts", "time"} <= named.keys():
        raise Refused("invalid_format")
    return {
        "timestamp": moment,
        "article_id": article,
        "success": outcome.strip() == "SUCCESS",
        "attempts_made": int(named["attempts"]),
        "time_taken_seconds": float(named["time"].removesuffix("s")),
        "json_repaired": named.get("repaired") == "True",
        "error_type": named.get("error"),
        "llm_provider": "unknown",
    }


def _kind(stream: str, record: Record) -> str | None:
    """Which fields the record should have; None where nobody uses its kind."""
    pipeline = stream.partition(".")[0]
    tag = TAGS.get(pipeline)
    if tag is None:
        return stream
    if tag not in record:
        raise Refused("missing_field")
    if not isinstance(record[tag], str):
        raise Refused("wrong_type")
    kind = f"{pipeline}.{record[tag]}"
    if kind in FIELDS:
        return kind
    return "clustering.other" if pipeline == "clustering" else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("wrong_type")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused("wrong_type")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("wrong_type")
    if abs(value) > LARGEST:
        raise Refused("out_of_range")
    return value


def _quantity(value: Any) -> float:
    if _number(value) < 0:
        raise Refused("out_of_range")
    return float(value)


def _count(value: Any) -> int:
    if _number(value) != int(value):
        raise Refused("wrong_type")
    if value < 0:
        raise Refused("out_of_range")
    return int(value)


def _id(value: Any) -> str | int:
    if isinstance(value, str):
        return value
    if _number(value) != int(value):
        raise Refused("wrong_type")
    return int(value)


def _list(of: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Refused("wrong_type")
        return [of(element) for element in value]

    return check


def _dict(of: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refused("wrong_type")
        return {name: of(member) for name, member in value.items() if member is not None}

    return check


TYPES: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "flag": _flag,
    "number": _number,
    "quantity": _quantity,
    "count": _count,
    "id": _id,
    "texts": _list(_text),
    "ids": _list(_id),
    "numbers": _dict(_number),
    "quantities": _dict(_quantity),
    "counts": _dict(_count),
}
