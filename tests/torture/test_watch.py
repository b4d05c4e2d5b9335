"""The watch itself: it sees what is wrong with a page."""

from pathlib import Path

import pytest

from tests.torture.ledger import Ledger
from tests.torture.watch import Watch, parsed

LINES = 'pipeline_exporter_lines_total{pipeline="persona",stream="attempts"}'
RECORDS = LINES.replace("lines", "records")
REJECTED = 'pipeline_exporter_rejected_lines_total{pipeline="persona",reason="invalid_json",stream="attempts"}'
CREATED = 'persona_attempts_created{run_id="r"}'


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """A watch on one log in which two lines were written."""
    ledger = Ledger(tmp_path)
    file = ledger.open("persona", "attempts", tmp_path / "a.log").begin()
    file.add(b"one\ntwo\nthr")
    file.close()
    return Watch(0, ledger)


def test_a_page_that_goes_on_is_right(watch: Watch) -> None:
    """Values that stay or grow, and new series, are no fault."""
    watch.judge({LINES: 1.0, RECORDS: 1.0}, openmetrics=False)
    watch.judge({LINES: 2.0, RECORDS: 1.0, REJECTED: 1.0}, openmetrics=False)
    assert (0, []) == (watch.backward, watch.faults)


@pytest.mark.parametrize("after", [{"a_total": 1.0}, {}])
def test_a_series_that_falls_or_vanishes_is_a_backward_step(watch: Watch, after: dict[str, float]) -> None:
    """Each one counts."""
    watch.judge({"a_total": 2.0, "b_sum": 1.5}, openmetrics=False)
    watch.judge(after | {"b_sum": 1.25}, openmetrics=False)
    assert 2 == watch.backward


def test_a_time_that_moves_is_a_backward_step(watch: Watch) -> None:
    """A series says that it began when it began, and pages in the other format in between change nothing."""
    watch.judge({CREATED: 1.0}, openmetrics=True)
    watch.judge({"a_total": 2.0}, openmetrics=False)
    watch.judge({CREATED: 2.0}, openmetrics=True)
    assert 1 == watch.backward


def test_more_than_was_written_is_a_fault(watch: Watch) -> None:
    """The third line has no newline yet."""
    watch.judge({LINES: 3.0, RECORDS: 3.0}, openmetrics=False)
    assert ["scrape 1: persona.attempts: 3.0 lines are counted, 2 written"] == watch.faults


def test_a_line_that_is_neither_record_nor_refused_is_a_fault(watch: Watch) -> None:
    """Lines are records, skipped or rejected."""
    watch.judge({LINES: 2.0, RECORDS: 1.0}, openmetrics=False)
    assert 1 == len(watch.faults)


def test_what_grows_is_looked_at_and_nothing_else() -> None:
    """Gauges, comments and the machine's own figures are left out; a line separator within a label is none."""
    text = (
        '# HELP a_total b\na_total{x="1\u2028 2"} 3.0\na 1.0\nprocess_cpu_seconds_total 1.0\nb_bucket{le="+Inf"} 1e6\n'
    )
    assert {'a_total{x="1\u2028 2"}': 3.0, 'b_bucket{le="+Inf"}': 1e6} == parsed(text)
