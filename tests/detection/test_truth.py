"""What should be seen is computed apart from the exporter, and is what the exporter shows and the rules ask for."""

import re
from itertools import chain
from pathlib import Path
from random import Random

import pytest
import yaml

from benchmarks.detection import attempts, truth
from benchmarks.detection.alerts import INTERVAL, fired
from benchmarks.detection.outcome import QUIET
from benchmarks.detection.page import method
from benchmarks.detection.plan import Size, draw
from benchmarks.detection.scrapes import MISSING, RULES, asked, scraped
from benchmarks.detection.truth import TABLE
from tests.exposition import key
from tests.tools import find

PAGE = Path(__file__).parents[2] / "docs" / "detection.md"
SMALL = Size(batches=7, personas=100)
SHOWN = {
    "repair_rate": ("persona_batch_repair_ratio", {}),
    "recent_repair_trend": ("persona_recent_trend_per_batch", {"indicator": "repair_ratio"}),
    "opening_move_entropy": ("persona_batch_opening_entropy", {}),
    "pollyanna": ("persona_batch_validator_score_mean", {"validator": "pollyanna"}),
    "anchor_diversity": ("persona_batch_anchor_diversity_ratio", {}),
    "latency_change": ("persona_latency_change_ratio", {}),
}
"""The exporter's gauge for each figure that has limits."""
DRIFT = {"repairs": "repair_rate_trend", "variety": "opening_entropy_trend", "positivity": "pollyanna_score_trend"}


def rules():
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def alerts():
    """Alert, severity and limit of every rule but those of flags and of runs that stall."""
    return {
        (rule["alert"], rule["labels"]["severity"], rule["expr"].partition(" ")[2])
        for rule in rules()
        if rule.get("alert", "PersonaDrift") not in ("PersonaDrift", "PersonaStalled")
    }


def test_the_typed_table_is_that_of_the_rules():
    """Each limit of an alert is in the table that was typed from the seed, and the other way round."""
    typed = {(row.alert, *limit) for row in TABLE for limit in row.limits.items()}
    assert alerts() == {(alert, *limit) for alert, *limit in typed if " " not in alert}


def test_the_page_is_about_these_rules():
    """Written for other limits, signals, or another simulation, it has to be written again: `make detection`."""
    rows = re.findall(r"^\|[^|]*\| `(\w+)` \| (\w+) \| `([^`]*)` \|", PAGE.read_text(), re.MULTILINE)
    assert alerts() == {row for row in rows if row[0] != "PersonaDrift"}
    (drift,) = [rule for rule in rules() if rule.get("alert") == "PersonaDrift"]
    told = set(re.findall(r"[<>] -?\d\.\d", drift["annotations"]["description"]))
    assert told == {limit for alert, _, limit in rows if alert == "PersonaDrift"}
    assert PAGE.read_text().endswith(method(Size(), QUIET * INTERVAL // 60))
    assert PAGE.with_suffix(".svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("number", [0, 1, 3])
def test_gauges_show_what_should_be_seen(tmp_path, number):
    """After each batch the exporter's gauges are the figures of the seed's own aggregation, which shares no code."""
    rng = Random(f"truth {number}")
    plan = draw(rng, number, SMALL)
    steps = list(attempts.steps(rng, plan))
    starts = range(0, len(steps), SMALL.steps)
    history = truth.figures([list(chain.from_iterable(steps[start : start + SMALL.steps])) for start in starts])
    series = scraped(tmp_path, steps, batch_size=SMALL.personas, quiet=1)
    for batch, figures in enumerate(history[:-1]):
        scrape = (batch + 1) * SMALL.steps

        def shown(name, scrape=scrape, **labels):
            return series.get(key(name, run_id=plan.run_id, **labels), [MISSING] * 99)[scrape]

        expected = {figure: figures.get(figure) for figure in SHOWN}
        found = {figure: shown(name, **labels) for figure, (name, labels) in SHOWN.items()}
        assert expected == {
            figure: None if value == MISSING else pytest.approx(float(value), abs=1e-9)
            for figure, value in found.items()
        }
        for row in TABLE[-len(DRIFT) :]:
            signal = row.alert.split()[1]
            drifts = batch > 0 and truth.beyond(row.limits["warning"], figures[DRIFT[signal]])
            assert (str(float(drifts)) if batch else MISSING) == shown("persona_drift_detected", signal=signal)


def test_a_batch_is_seen_in_the_scrape_after_its_last_line(tmp_path):
    """And not before: it closes with the first line of the next one. What is quiet stays as it was."""
    plan = draw(Random(0), 0, SMALL)
    series = scraped(tmp_path, attempts.steps(Random(0), plan), batch_size=SMALL.personas, quiet=3)
    ratio = series[key("persona_batch_repair_ratio", run_id=plan.run_id)]
    assert [MISSING] * SMALL.steps == ratio[: SMALL.steps]
    assert MISSING not in ratio[SMALL.steps :]
    assert SMALL.batches * SMALL.steps + 3 == len(ratio)
    assert ratio[-4:] == [ratio[-1]] * 4


def test_what_the_rules_ask_for_is_scraped():
    """The metrics are found by the rules, not by a list that is forgotten."""
    assert {"persona_batch_repair_ratio", "persona_drift_detected", "persona_attempts_total"} <= asked()


def test_alerts_are_those_of_the_rule_manager(tmp_path):
    """One fires with the first evaluation beyond its limit; that of a stall after ten quiet minutes and a `for`."""
    find("promtool")
    beyond = {'persona_batch_repair_ratio{run_id="9_x"}': ["_", "0.1", "0.2", "0.21", "0.1"]}
    assert {("PersonaRepairRatio", "warning"): 1, ("PersonaRepairRatio", "critical"): 3} == fired(tmp_path, beyond)
    stalled = {
        'persona_run_progress_ratio{run_id="9_x"}': ["0.5"] * 200,
        'persona_attempts_total{run_id="9_x",stage="B",status="success"}': [str(min(at, 20)) for at in range(200)],
    }
    ten_minutes, five_minutes = 600 // INTERVAL, 300 // INTERVAL
    found = fired(tmp_path, stalled)
    assert {("PersonaStalled", "warning")} == found.keys()
    assert 20 + ten_minutes + five_minutes == pytest.approx(found["PersonaStalled", "warning"], abs=2)


def test_silence_is_no_alert(tmp_path):
    """Figures that are at no limit raise none."""
    find("promtool")
    assert {} == fired(tmp_path, {'persona_batch_repair_ratio{run_id="9_x"}': ["0.05"] * 9})


def test_what_promtool_cannot_read_is_no_silence(tmp_path):
    """It is an error that quotes what promtool says."""
    find("promtool")
    with pytest.raises(RuntimeError, match=r"promtool test rules: [^$]*parse error"):
        fired(tmp_path, {"no series {": ["0.05"]})
