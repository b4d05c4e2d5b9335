"""`lint`: every line that would be rejected, with its place."""

from pathlib import Path

import pytest

from tests.commands.running import run
from tests.engines import attempt


def test_good_lines_are_not_listed(tmp_path: Path) -> None:
    """Blank lines are no mistake either."""
    log = tmp_path / "a.log"
    log.write_bytes(attempt() + b"\n" + attempt()[:-1])
    done = run("lint", f"persona={log}")
    assert (0, "", "0 of 3 lines rejected\n") == (done.code, done.out, done.err)


def test_bad_lines_are_listed_with_place_reason_and_escaped_text(tmp_path: Path) -> None:
    """One line each that an editor can jump to; nothing in it can harm a terminal."""
    log = tmp_path / "a.log"
    log.write_bytes(attempt() + b"\x1b[31mnope\n" + attempt() + b"\xff\n" + b"{" * 200 + b"\n" + b'{"a": 1}')
    done = run("lint", f"persona={log}")
    assert [
        f"{log}:2: invalid_json: \\x1b[31mnope",
        f"{log}:4: invalid_utf8: \\xff",
        f"{log}:5: invalid_json: {'{' * 80}",
        f'{log}:6: missing_field: {{"a": 1}}',
    ] == done.out.splitlines()
    assert (1, "4 of 6 lines rejected\n") == (done.code, done.err)


@pytest.mark.parametrize("padding", [0, 500, 40_000])
def test_line_numbers_hold_through_a_long_log(tmp_path: Path, padding: int) -> None:
    """However many chunks it was read in."""
    log = tmp_path / "a.log"
    log.write_bytes((attempt(error="x" * padding) * 99 + b"nope\n") * 5)
    done = run("lint", f"persona={log}")
    assert [100, 200, 300, 400, 500] == [int(line.split(":")[1]) for line in done.out.splitlines()]


@pytest.mark.invariant(11)
def test_a_line_over_the_limit_has_its_number(tmp_path: Path) -> None:
    """Its text is not kept."""
    log = tmp_path / "a.log"
    log.write_bytes(attempt() + b"x" * 2_000_000 + b"\n" + attempt() + b"nope\n")
    done = run("lint", f"persona={log}")
    assert [f"{log}:2: too_long: ", f"{log}:4: invalid_json: nope"] == done.out.splitlines()


def test_a_missing_log_is_a_mistake(tmp_path: Path) -> None:
    """That is neither yes nor no."""
    done = run("lint", f"persona={tmp_path}/nope")
    assert (2, "", f"pipeline-exporter: persona.attempts: no file matches {tmp_path}/nope\n") == (
        done.code,
        done.out,
        done.err,
    )
