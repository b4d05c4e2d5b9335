"""The ways to count lines that are compared count the same, and what is found of them is told."""

import pytest

from benchmarks import lines, logs, subjects
from benchmarks.figure import Figure, Sizes, Table
from benchmarks.subjects import BAD_EVERY, SUBJECTS, Samples, Subject, totals
from tests.tools import find

LINES = 1_200
SIZES = Sizes(lines=LINES, naive_lines=LINES, turns=1)


@pytest.fixture
def mtail(monkeypatch):
    """The program, wherever it is."""
    monkeypatch.setattr(subjects, "MTAIL", find("mtail"))


def beyond(subject: Subject) -> set[str]:
    """The counters that need more than a line to be known, and costs, which are no more than tokens times a price."""
    return {"persona_batches_total", "persona_cost_usd_total"} if subject.pipeline == "persona" else set()


def names(samples: Samples) -> set[str]:
    return {name for name, _ in samples if not name.startswith("pipeline_exporter_")}


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.title)
def test_every_way_counts_the_same(tmp_path, mtail, subject):
    """The comparison is one of like with like: every sample of counters and histograms agrees, none is left out."""
    log = subject.write(tmp_path, LINES)
    count = len(log.read_bytes().splitlines())
    assert count == subject.exporter(log, tmp_path / "exporter").lines == subject.bare(log).lines
    subject.naive(log, tmp_path / "naive", count)
    subject.mtail(log, tmp_path / "mtail", count)
    ours = totals(tmp_path / "exporter")
    for way in ("naive", "mtail"):
        theirs = totals(tmp_path / way)
        assert names(ours) - beyond(subject) <= names(theirs)
        assert pytest.approx(theirs) == {key: value for key, value in ours.items() if key[0] in names(theirs)}


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.title)
def test_every_bad_line_is_refused(tmp_path, subject):
    """Torn lines, those that are no UTF-8 and those of a wrong type all cost what a refused line costs."""
    log = subject.write(tmp_path, LINES, bad=True)
    counted = subject.exporter(log, tmp_path / "page")
    assert counted.lines // BAD_EVERY == counted.refused


def test_mtail_counts_nothing_behind_a_byte_that_is_no_utf8(tmp_path, mtail):
    """This is why it is left out where lines are bad."""
    made = list(logs.persona_lines(100))
    made[49] = made[49].replace(': "', ': "\udcff', 1)
    log = logs.write(tmp_path / "log", iter(made))
    SUBJECTS[0].mtail(log, tmp_path / "page", 100)
    counted = [value for (name, _), value in totals(tmp_path / "page").items() if name == "persona_attempts_total"]
    assert sum(counted) < 50


def found(monkeypatch, tmp_path) -> list[Figure | Table]:
    """What is found of persona lines alone."""
    monkeypatch.setattr(subjects, "SUBJECTS", SUBJECTS[:1])
    monkeypatch.setattr(subjects, "OTHERS", subjects.OTHERS[:1])
    return list(lines.run(tmp_path, SIZES))


def test_lines_measure_every_way(monkeypatch, tmp_path, mtail):
    """The targets come first; of the tables no cell is empty, and both count the same."""
    figures = found(monkeypatch, tmp_path)
    targets = [figure for figure in figures if isinstance(figure, Figure)]
    tables = [table for table in figures if isinstance(table, Table)]
    assert [f"persona: {ratio}" for ratio in ("mtail ÷ exporter", "naive ÷ exporter", "exporter ÷ bare decode")] == [
        figure.what for figure in targets
    ]
    assert all(figure.value and figure.target for figure in targets)
    assert all(len(table.head) == len(row) and "-" not in row for table in tables for row in table.rows)
    assert tables[0].note.startswith("Exporter and mtail agree")


def test_missing_mtail_is_said_loudly(monkeypatch, tmp_path):
    """Without mtail its ratio is a row without a value that says how to get it."""
    monkeypatch.setattr(subjects, "MTAIL", None)
    first = found(monkeypatch, tmp_path)[0]
    assert isinstance(first, Figure)
    assert ("persona: mtail ÷ exporter", None, "not measured") == (first.what, first.value, first.met)
    assert "apt-get install mtail" in first.note


def test_other_counts_are_said_loudly():
    """Where mtail and the exporter disagree, the page names what they disagree on."""
    one = lines.Compared(SUBJECTS[0], 500.0, {}, samples=2, differing=("persona_attempts_total",))
    assert "**mtail and the exporter count differently: persona_attempts_total.**" == lines.agreement([one])


def test_persona_lines_fill_runs_one_after_the_other():
    """Retries stay with their persona; a run ends with its last persona."""
    made = list(logs.persona_lines(300, run_personas=100))
    runs = [line.partition('"run_id": "')[2][:12] for line in made]
    assert sorted(set(runs)) == sorted(set(runs), key=runs.index)
    assert 3 == len(set(runs))


def test_lines_that_begin_again_have_other_ids(monkeypatch):
    """Lectures that are joined by id are as many as in a log that is made line by line."""
    monkeypatch.setattr(logs, "TEMPLATES", 10)
    made = list(logs.lines("tagger", "events", 30, ids='"lecture_id": "lec_'))
    lectures = [line.partition('"lecture_id": ')[2].partition(",")[0] for line in made]
    assert 6 == len(set(lectures))
