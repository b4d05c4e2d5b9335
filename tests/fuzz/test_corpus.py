"""Odd lines through the real engine: the process lives, the next line counts, the page can be read."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic

from exporter.decode import Reason
from tests.commands.running import run
from tests.fuzz.corpus import SKIPPED, STREAMS, TABLES, as_bytes
from tests.fuzz.fields import RECORD, good, odd
from tests.fuzz.reading import CHUNK_SIZES, Outcome, outcome, write
from tests.recount.witness import FIELDS
from tests.tools import check_metrics

KINDS = {
    stream: [kind for kind in FIELDS if kind == stream or stream == f"{kind.partition('.')[0]}.events"]
    for stream in STREAMS
}
"""The kinds of lines in each stream."""


UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def entries(stream: str) -> Iterator[tuple[str, bytes, Any]]:
    """Every odd line of a stream: its name, the line, and `RECORD`, `SKIPPED` or a reason."""
    for name, (line, expected) in TABLES[stream].items():
        yield name, as_bytes(line), expected if isinstance(expected, Reason) or expected == SKIPPED else RECORD
    for kind in KINDS[stream]:
        yield from ((f"{kind}: {one.name}", as_bytes(one.line), one.outcome) for one in odd(kind))


def places(path: Path, starts: Iterable[int], lines: Iterable[tuple[bytes, Any]]) -> dict[tuple[str, int], Reason]:
    """Where the lines that are refused begin, behind NUL bytes that are passed over, and why they are."""
    return {
        (str(path), start + len(line) - len(line.lstrip(b"\0"))): why
        for start, (line, why) in zip(starts, lines, strict=True)
        if isinstance(why, Reason)
    }


def check_page(seen: Outcome) -> None:
    """Both formats can be read, by promtool and by the Prometheus client, and say the same; no label is long or has a
    control character."""
    assert "" == check_metrics(seen.classic)
    samples = [
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in parsed
            for sample in family.samples
        }
        for parsed in (parse_classic(seen.classic.decode()), parse_openmetrics(seen.openmetrics.decode()))
    ]
    assert samples[0] == samples[1]
    values = {value for _, labels in samples[0] for _, value in labels}
    assert 128 >= max(map(len, values))
    assert not [value for value in values if UNPRINTABLE.search(value)]


def test_the_corpus_is_large() -> None:
    """Lines written by hand, and every oddity in every field."""
    assert 400 <= sum(map(len, TABLES.values()))
    assert 6000 <= sum(1 for stream in STREAMS for _ in entries(stream))


@pytest.mark.invariant(2, 11, 15)
@pytest.mark.parametrize("stream", STREAMS)
def test_an_odd_line_has_its_outcome_and_the_next_one_counts(
    stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any chunk size: what is refused is refused for its reason, all else counts, and the page is the same."""
    path = tmp_path / "law" / "log"
    path.parent.mkdir()
    odd_lines = list(entries(stream))
    next_line = as_bytes(next(iter(TABLES[stream].values()))[0])
    starts = write(path, (line for _, odd_line, _ in odd_lines for line in (odd_line, next_line)))[::2]
    outcomes = [expected for _, _, expected in odd_lines]
    refused = places(path, starts, ((line, why) for _, line, why in odd_lines))
    first, *others = [outcome(stream, path, chunk_bytes, monkeypatch) for chunk_bytes in CHUNK_SIZES]
    names = {(str(path), at): name for at, (name, _, _) in zip(starts, odd_lines, strict=True)}
    assert {} == {
        names.get(at, at): (refused.get(at), first.refused.get(at))
        for at in refused.keys() | first.refused.keys()
        if refused.get(at) != first.refused.get(at)
    }
    assert (2 * len(odd_lines), len(odd_lines) + outcomes.count(RECORD), outcomes.count(SKIPPED)) == (
        first.lines,
        first.records,
        first.skipped,
    )
    assert first.lines == first.records + first.skipped + len(first.refused)
    assert path.stat().st_size == first.size
    for other in others:
        assert first == other
    check_page(first)


@pytest.mark.invariant(2, 11)
def test_an_odd_document_has_its_outcome_and_the_next_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in a folder of its own, one after the other."""
    outcomes, refused = [], {}
    for number, one in enumerate(odd("distillation.session")):
        path = tmp_path / str(number) / "session_summary.json"
        path.parent.mkdir()
        path.write_bytes(as_bytes(one.line))
        outcomes.append(one.outcome)
        if isinstance(one.outcome, Reason):
            refused[str(path), 0] = one.outcome
    last = tmp_path / "zzz" / "session_summary.json"
    last.parent.mkdir()
    last.write_text(json.dumps(good("distillation.session"), indent=2))
    seen = outcome("distillation.session", tmp_path / "*" / "session_summary.json", 4096, monkeypatch)
    assert refused == seen.refused
    assert (len(outcomes) + 1, outcomes.count(RECORD) + 1, 0) == (seen.lines, seen.records, seen.skipped)
    assert b'distillation_session_retries{filter="zzz"} 3.0\n' in seen.classic
    check_page(seen)


@pytest.mark.invariant(11)
def test_lint_tells_the_place_of_every_bad_line(tmp_path: Path) -> None:
    """One line for each, with its number and its reason, and nothing in it that a terminal would obey."""
    expected = []
    arguments = []
    for stream in STREAMS:
        path = tmp_path / stream / "log"
        path.parent.mkdir()
        lines = list(entries(stream))
        write(path, (line for _, line, _ in lines))
        arguments.append(f"{stream}={path}")
        expected += [f"{path}:{at}: {why}" for at, (_, _, why) in enumerate(lines, 1) if isinstance(why, Reason)]
    done = run("lint", *arguments)
    assert 1 == done.code
    assert sorted(expected) == sorted(": ".join(line.split(": ", 2)[:2]) for line in done.out.splitlines())
    assert not re.search(r"[^\x20-\x7e\n]", done.out)


# The length of lines

LIMIT = 200


def of_length(length: int, *, filler: str = "x") -> bytes:
    """A good attempt of so many bytes."""
    line = TABLES["persona.attempts"]["a good line"][0].encode()
    room = length - len(line) - len(', "x": ""')
    fill = (filler.encode() * room)[: room - room % len(filler.encode())].ljust(room, b"x")
    return line[:-1] + b', "x": "' + fill + b'"}'


SIZES: dict[str, tuple[bytes, Any]] = {
    "as long as may be": (of_length(LIMIT), RECORD),
    "one byte longer": (of_length(LIMIT + 1), Reason.TOO_LONG),
    "as long as may be, in characters of four bytes": (of_length(LIMIT, filler="\U0001f600"), RECORD),
    "one byte longer, in characters of two bytes": (of_length(LIMIT + 1, filler="é"), Reason.TOO_LONG),
    "as long as may be with its CR": (of_length(LIMIT - 1) + b"\r", RECORD),
    "one byte longer with its CR": (of_length(LIMIT) + b"\r", Reason.TOO_LONG),
    "as long as may be, no JSON": (b"x" * LIMIT, Reason.INVALID_JSON),
    "one byte longer, no JSON": (b"x" * (LIMIT + 1), Reason.TOO_LONG),
    "one byte longer, no UTF-8": (b"\xff" * (LIMIT + 1), Reason.TOO_LONG),
    "much longer": (b"[" * 10 * LIMIT, Reason.TOO_LONG),
    "much longer, of blanks": (b" " * 10 * LIMIT, Reason.TOO_LONG),
    "as long as may be, of blanks": (b" " * LIMIT, SKIPPED),
    "nothing": (b"", SKIPPED),
}


@pytest.mark.invariant(2, 11, 15)
@pytest.mark.parametrize("chunk_bytes", CHUNK_SIZES)
def test_a_line_is_too_long_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    """The newline does not count, a CR and every byte of a character does."""
    path = tmp_path / "log"
    next_line = of_length(LIMIT - 50)
    starts = write(path, (line for odd_line, _ in SIZES.values() for line in (odd_line, next_line)))[::2]
    refused = places(path, starts, SIZES.values())
    seen = outcome("persona.attempts", path, chunk_bytes, monkeypatch, line_bytes=LIMIT)
    assert refused == seen.refused
    outcomes = [why for _, why in SIZES.values()]
    assert (2 * len(SIZES), len(SIZES) + outcomes.count(RECORD), outcomes.count(SKIPPED)) == (
        seen.lines,
        seen.records,
        seen.skipped,
    )
    assert path.stat().st_size == seen.size


@pytest.mark.invariant(2, 11, 15)
def test_a_hole_of_any_size_before_a_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer without O_APPEND leaves NUL bytes after a truncation; they make no line too long, at any chunk size."""
    path = tmp_path / "log"
    good_line = of_length(LIMIT)
    holes = [b"\0" * size for size in (0, 1, 6, 7, 8, LIMIT - 1, LIMIT, LIMIT + 1, 5000)]
    write(path, [hole + line for hole in holes for line in (good_line, b"")])
    seen = [
        outcome("persona.attempts", path, chunk_bytes, monkeypatch, line_bytes=LIMIT) for chunk_bytes in CHUNK_SIZES
    ]
    assert (2 * len(holes), len(holes), len(holes), {}) == (
        seen[0].lines,
        seen[0].records,
        seen[0].skipped,
        seen[0].refused,
    )
    for other in seen[1:]:
        assert seen[0] == other
