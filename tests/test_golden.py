"""Each pipeline has one golden exposition over a small sample of its logs.

`python -m tests.golden` writes them again; look at the difference before you commit it.
"""

import pytest

from exporter.pipeline import discover
from tests.exposition import families
from tests.golden import PIPELINES, golden, printed
from tests.tools import check_metrics


def test_every_pipeline_has_a_golden():
    """A new pipeline needs a folder of sample logs."""
    assert sorted(discover()) == sorted(PIPELINES)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_exposition_equals_the_golden_byte_for_byte(pipeline):
    """The sample logs give the exposition that is in the repository."""
    assert golden(pipeline).read_text(encoding="utf-8") == printed(pipeline)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_promtool_finds_nothing_to_complain_about(pipeline):
    """Names, units, help texts and types are as Prometheus wants them."""
    assert "" == check_metrics(golden(pipeline).read_bytes())


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_golden_shows_bad_lines_and_all_metrics(pipeline):
    """A golden over nothing would prove nothing: every metric has a sample, and at least three lines are refused."""
    shown = families(golden(pipeline).read_text(encoding="utf-8"))

    assert [] == [name for name, family in shown.items() if not family.samples]
    assert sum(shown["pipeline_exporter_rejected_lines_total"].samples.values()) >= 3
