"""The command writes its page from few small runs, and the figures on it are right."""

import os
from random import Random

import pytest
from click.testing import CliRunner

from benchmarks.detection import figures
from benchmarks.detection.__main__ import main
from benchmarks.detection.outcome import Outcome, outcome
from benchmarks.detection.page import page
from benchmarks.detection.plan import Size, draw
from tests.tools import find

CRITICAL = "PersonaRepairRatio", "critical"
WARNING = "PersonaRepairRatio", "warning"
SMALL = ["--runs", "4", "--batches", "5", "--personas", "100", "--no-plot"]


def made(number, *, crossed=None, fired=None, open=None):
    """A run as if this had come of it; odd ones collapse with batch 4, counted from 0."""
    plan = draw(Random(number), number, Size())._replace(begin=4)
    return Outcome(plan, [], crossed or {}, open or {}, fired or {})


def test_the_command_writes_the_same_page_each_time(tmp_path):
    """What is reached is printed and is the exit code; neither processes nor folders nor the time change the page."""
    find("promtool")
    done = CliRunner().invoke(main, [*SMALL, "--seed", "3", "--out", str(tmp_path / "out")])
    again = [outcome(number, seed=3, size=Size(batches=5, personas=100), folder=tmp_path) for number in range(4)]
    assert (0 if figures.targets(again).met else 1) == done.exit_code
    assert "missed: 0, batches late: 0, false pages: " in done.output
    written = (tmp_path / "out" / "detection.md").read_text()
    assert written == page(again, seed=3, quiet=25)
    assert "4 runs of 500 personas in batches of 100" in written
    assert "| runs | 2 | 2 |" in written


def test_batches_that_cannot_be_cut_into_steps_are_refused(tmp_path):
    """Else what is simulated and what is counted would be other batches."""
    done = CliRunner().invoke(main, ["--personas", "102", "--out", str(tmp_path)])
    assert 2 == done.exit_code
    assert "102 is no multiple of 4" in done.output


def test_without_promtool_the_command_says_how_to_get_it(tmp_path, monkeypatch):
    """Nothing is simulated in vain; the exit code says that something is missing."""
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    done = CliRunner().invoke(main, [*SMALL, "--out", str(tmp_path)])
    assert (2, "detection: promtool is missing: apt-get install prometheus\n") == (done.exit_code, done.output)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("run", "targets"),
    [
        (made(1, crossed={CRITICAL: 9}, fired={CRITICAL: 40}), (0, 0, 0)),
        (made(1, crossed={CRITICAL: 9}, fired={CRITICAL: 43}), (0, 0, 0)),
        (made(1, crossed={CRITICAL: 9}, fired={CRITICAL: 48}), (0, 2, 0)),
        (made(1, crossed={CRITICAL: 9}), (1, 0, 0)),
        (made(1, crossed={CRITICAL: 9}, fired={("PersonaPollyanna", "critical"): 40}), (1, 0, 0)),
        (made(1, fired={CRITICAL: 12}), (0, 0, 1)),
        (made(1, crossed={WARNING: 9}, open={CRITICAL: 24}), (0, 0, 0)),
        (made(0, fired={CRITICAL: 90}), (0, 0, 1)),
        (made(0, fired={WARNING: 90}), (0, 0, 0)),
    ],
)
def test_targets_count_what_is_missed_late_and_false(run, targets):
    """A batch takes four scrapes, and batch 9 is first shown by scrape 40; what is beyond 1 batch late is not met."""
    found = figures.targets([run])
    assert targets == found
    assert (targets[0] == targets[2] == 0 and targets[1] <= 1) == found.met


def test_shares_tell_crossed_open_and_never():
    """Each run is one of the three, and its early warnings are apart from those of its collapse."""
    runs = [
        made(1, crossed={CRITICAL: 9}, fired={CRITICAL: 40, WARNING: 8}),
        made(3, open={CRITICAL: 24}),
        made(5, crossed={WARNING: 9}, fired={WARNING: 40}),
        made(7),
    ]
    expected = figures.Share(runs=4, crossed=1, paged=1, open=1, never=2, never_warned=1, warned=2, early=1)
    assert expected == figures.share(runs)


def test_a_collapse_takes_the_batches_that_are_generated_until_it_is_seen():
    """One that begins with batch 4 and is paged when that is closed takes one; what came before it does not count."""
    run = made(1, fired={CRITICAL: 20, WARNING: 8})
    assert (1, None) == (run.took("critical"), run.took("warning"))
    assert (False, True) == (run.early("critical"), run.early("warning"))


def test_disagreement_is_counted_either_way():
    """An alert without a crossing is one, and so is a crossing without an alert."""
    runs = [made(1, crossed={CRITICAL: 9}), made(3, fired={CRITICAL: 40}), made(5)]
    assert (1, 1, 2) == figures.seen(runs, CRITICAL)[:3]
