"""From a line in a log to a page, through a real exporter, Prometheus and Alertmanager.

Nothing is mocked: rules, routes and scrapes are those that users get, with time made shorter by a factor. A test waits
for what it is told, never for a clock.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from exporter.demo import lines
from tests.e2e.demo_run import ONSET, DemoRun
from tests.e2e.page import Page
from tests.e2e.serving import until
from tests.e2e.stack import MACHINE, Stack
from tests.exposition import key

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with closing(Stack(tmp_path_factory.mktemp("stack"))) as stack:
        try:
            stack.start()
        except BaseException as error:
            error.add_note(str(stack))
            raise
        yield stack


@pytest.fixture
def stack(running: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """One for all tests, each of which has a run of its own; what it said is shown where a test fails."""
    running.mailbox.messages.clear()
    yield running
    request.node.add_report_section("teardown", "stack", str(running))


def test_a_healthy_run_sends_nothing(stack: Stack) -> None:
    """Each of its batches is judged, and there is nothing to say about it."""
    stack.until_quiet()
    stack.mailbox.messages.clear()
    run = DemoRun(NEW_YEAR)
    for batch in range(1, run.size):
        stack.write(run.closing(batch))
        stack.until_judged(run.run_id, batch)
    stack.write(run.rest())
    stack.until_evaluated()
    recorded = stack.prometheus.query(key("persona:repair_ratio", run_id=run.run_id))
    assert [run.repair_ratio(run.size - 1)] == list(recorded.values())
    assert {} == stack.alerts()
    assert {} == stack.prometheus.query(f'count_over_time(ALERTS{{alertstate="firing",run_id="{run.run_id}"}}[1h])')
    assert [] == stack.pages(run_id=run.run_id)
    assert {MACHINE} >= {page.labels["pipeline"] for page in stack.pages() if page.status == "firing"}


def test_a_collapse_warns_then_pages_until_the_run_is_well_again(stack: Stack) -> None:
    """Each alert is there before the next batch closes; the critical one inhibits its warning, and ends as it began."""
    run = DemoRun(NEW_YEAR + timedelta(days=1), ill=(ONSET, ONSET + 1))
    stack.write(run.closing(ONSET - 1))
    stack.until_judged(run.run_id, ONSET - 1)
    assert [] == stack.pages(run_id=run.run_id)

    stack.write(run.closing(ONSET))
    warning = stack.firing("PersonaRepairRatio", run_id=run.run_id)
    assert [warning] == stack.pages(run_id=run.run_id)
    assert ("persona-warning", "warning") == (warning.receiver, warning.labels["severity"])
    assert (percent(run.repair_ratio(ONSET)), ">= 0.10") == value_and_limit(warning)

    stack.write(run.closing(ONSET + 1))
    page = stack.firing("PersonaRepairRatio", run_id=run.run_id, severity="critical")
    assert ONSET + 1 == stack.exporter.scrape()[key("persona_batches_total", run_id=run.run_id)]
    assert "persona-critical" == page.receiver
    assert (percent(run.repair_ratio(ONSET + 1)), "> 0.20") == value_and_limit(page)
    assert page.annotations["runbook_url"].endswith("/runbook#personarepairratio")
    assert page.annotations["dashboard_url"].endswith(f"/d/persona?var-run_id={run.run_id}")
    assert run.run_id in page.annotations["summary"]

    ratios = stack.recorded("persona:repair_ratio", run_id=run.run_id)
    fires = stack.recorded("ALERTS", **page.labels, alertstate="firing")
    assert min(moment for moment, ratio in ratios if ratio > 0.20) == fires[0][0]  # in the very same evaluation

    assert [page.fingerprint] == until(lambda: stack.inhibitors(warning))
    stack.firing("PersonaPollyanna", run_id=run.run_id, severity="warning")  # to the same receiver, in the same group
    stack.write(run.rest())
    stack.resolved("PersonaRepairRatio", run_id=run.run_id, severity="critical")
    assert [warning] == [one for one in stack.pages(**warning.labels) if one.status == "firing"]


def test_a_run_that_is_given_up_takes_its_alerts_with_it(stack: Stack) -> None:
    """Nothing is written to it for `run_ttl`: it leaves the exposition, and its alerts are over."""
    run = DemoRun(NEW_YEAR + timedelta(days=2), ill=range(ONSET, ONSET + 2))
    stack.write(run.closing(ONSET + 1))
    stack.firing("PersonaRepairRatio", run_id=run.run_id, severity="critical")
    with stack.quiet_runs_expiring():
        stack.resolved("PersonaRepairRatio", run_id=run.run_id, severity="critical")
    assert [] == [series for series in stack.exporter.scrape() if run.run_id in series]


def test_an_exporter_that_is_killed_pages_and_one_that_catches_up_does_not(stack: Stack) -> None:
    """While it is down nothing else is told; while /metrics says 503 it is told as catching up."""
    run = DemoRun(NEW_YEAR + timedelta(days=3), ill=range(ONSET, ONSET + 2))
    stack.write(run.closing(ONSET + 1))
    collapse = stack.firing("PersonaRepairRatio", run_id=run.run_id, severity="critical")

    stack.exporter.kill()
    down = stack.firing("ExporterDown")
    assert ("exporter-critical", "exporter") == (down.receiver, down.labels["pipeline"])
    assert [down.fingerprint] == until(lambda: stack.inhibitors(collapse))

    stack.write(run.rest())
    with stack.exporter_catching_up():
        stack.resolved("ExporterDown")
        assert 503 == stack.exporter.get("/metrics").status
        stack.firing("ExporterCatchingUp")  # which would wait behind an exporter that is down
    stack.resolved("ExporterCatchingUp")
    assert 200 == stack.exporter.get("/metrics").status


def test_rejected_lines_are_told_to_whoever_cares_for_their_pipeline(stack: Stack) -> None:
    """One in twenty is more than 1 % and less than 10 %; the alert has the stream's own pipeline."""
    good = list(lines("tagger", "events", 95, start=NEW_YEAR))
    stack.write("".join(f"{line}\n" for line in good).encode() + b"nope\n" * 5, name="tagger.ndjson")
    page = stack.firing("ExporterRejectedRatio")
    assert ("tagger-warning", "tagger", "events") == (page.receiver, page.labels["pipeline"], page.labels["stream"])
    assert ("5%", "> 1 %") == value_and_limit(page)


def value_and_limit(page: Page) -> tuple[str, str]:
    return page.annotations["value"], page.annotations["limit"]


def percent(ratio: float) -> str:
    """As Prometheus writes it."""
    return f"{ratio * 100:.4g}%"
