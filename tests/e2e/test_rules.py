"""Every expression of the rules reads what a real exporter exposes, and gives the labels that its alerts speak of."""

import re
import subprocess
import sys

import pytest
from promql_parser import MatchOp

from exporter.pipeline import discover
from exporter.render import tables
from exporter.render.live import LIVE, PROCESS
from tests.e2e.serving import Serving
from tests.golden import PIPELINES, golden
from tests.promql import selectors
from tests.rules.exposed import Values, declared, values
from tests.rules.expressions import TARGET, Labels, MismatchError, labels
from tests.rules.files import alerts, records, rule_files, rules

JOBS = {"pipeline-exporter", "pipeline-exporter-self"}
"""The jobs by which Prometheus scrapes the exporter."""
IN_TEMPLATES = re.compile(r"\$labels\.(\w+)")


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Values:
    """What a running exporter shows of itself and its host, and `once` of the sample logs."""
    serving = Serving(tmp_path_factory.mktemp("exposed"))
    serving.configure(host={"disks": ["/"], "processes": {"sleeper": "in sys.stdin"}})
    serving.configure_web(http_server_config={"headers": {"X-Frame-Options": "deny"}})
    sleeper = subprocess.Popen([sys.executable, "-c", "import sys\nfor line in sys.stdin: pass"], stdin=subprocess.PIPE)
    try:
        live = serving.start().get("/metrics").text
    finally:
        serving.close()
        sleeper.communicate()
    return values([live, *(golden(pipeline).read_text() for pipeline in PIPELINES)])


@pytest.fixture(scope="module")
def known(exposed: Values) -> dict[str, Labels]:
    """The labels of everything that Prometheus gets: what is declared, what is live, and its own `up`."""
    live = {name: frozenset(found) | TARGET for name, found in exposed.items()}
    return live | declared() | {"up": TARGET}


def recorded(table: str, known: dict[str, Labels]) -> dict[str, Labels]:
    """The same, with the records of a table, each of which may read those before it."""
    found = dict(known)
    for rule in records(table):
        found[rule["record"]] = labels(rule["expr"], found)
    return found


def test_what_is_declared_is_what_is_exposed(exposed: Values) -> None:
    """The labels that are declared are those that an exposition shows, wherever it shows any."""
    shown = {name: frozenset(found) | TARGET for name, found in exposed.items() if found and name in declared()}
    assert {name: declared()[name] for name in shown} == shown
    assert 100 < len(shown)


def test_what_is_live_is_what_is_exposed(exposed: Values) -> None:
    """The table of live metrics has all that no declaration names, with their labels; folders are measured later."""
    named = {name: set(live.labels) for live in LIVE for name in live.names}
    shown = {
        name: set(found)
        for name, found in exposed.items()
        if name not in declared() and not name.startswith(("process_", "python_"))
    }
    assert named == shown | {"host_directory_size_bytes": {"directory"}}
    assert {name: set(labels) for name, labels in PROCESS.items()} == {name: set(exposed[name]) for name in PROCESS}


@pytest.mark.parametrize("table", rule_files())
def test_an_expression_reads_what_is_there(table: str, known: dict[str, Labels]) -> None:
    """Every metric and label that a record names is exposed or recorded before it, and both sides of a match agree."""
    assert recorded(table, known).keys() > known.keys()


@pytest.mark.parametrize("table", rule_files())
def test_an_alert_speaks_of_labels_that_it_has(table: str, known: dict[str, Labels]) -> None:
    """Its record's labels, and no others, are in its texts; those that it is routed by are there."""
    after = recorded(table, known)
    for rule in alerts(table):
        own = labels(rule["expr"], after)
        assert set(IN_TEMPLATES.findall(" ".join(rule["annotations"].values()))) <= own
        assert {"severity", "pipeline"} <= own | rule["labels"].keys()


def test_an_indicator_is_of_labels_that_it_has(known: dict[str, Labels]) -> None:
    """What tells its series apart is on the record, and nothing else but what Prometheus adds or a selector fixed."""
    for table in tables(discover()):
        after = recorded(table.name, known)
        for indicator in table.indicators:
            found = after[f"{table.name}:{indicator.name}"]
            fixed = {
                matcher.name
                for selector in selectors(indicator.expr)
                for matcher in selector.matchers.matchers
                if matcher.op == MatchOp.Equal
            }
            assert set(indicator.labels) <= found, indicator.name
            assert found - TARGET - fixed <= set(indicator.labels), indicator.name


@pytest.mark.parametrize("table", rule_files())
def test_a_selector_asks_for_values_that_occur(table: str, exposed: Values) -> None:
    """A value that an expression selects is one that the sample logs or a running exporter show."""
    for rule in rules(table):
        for selector in selectors(rule["expr"]):
            for matcher in selector.matchers.matchers:
                occurring = JOBS if matcher.name == "job" else exposed[selector.name or ""][matcher.name]
                wanted = set(matcher.value.split("|")) if matcher.op == MatchOp.Re else {matcher.value}
                assert wanted <= occurring, f"{rule['expr']}: {matcher}"


@pytest.mark.parametrize(
    ("expression", "mistake"),
    [
        ("b", "`b` is neither exposed nor recorded before"),
        ('a{y="1"}', "`a` has no label y"),
        ("sum without (y) (a)", "`a{}` has no label y"),
        ("a / sum without (x) (a)", "never matches: ['instance', 'job', 'x'] on the left, ['instance', 'job'] on the"),
        ("a / on (job) a", "may have many on a side, and does not say so"),
        ("a and on (y) a", "has no label y"),
        ("a or on (job) sum without (x) (a)", "has other labels on its right"),
        ("sum(a)", "says not what it sums over"),
        ("time()", "is a number, not a vector"),
        ("histogram_quantile(0.9, a)", "`histogram_quantile` is not known here"),
    ],
)
def test_a_wrong_expression_is_seen(expression: str, mistake: str) -> None:
    """What these tests rely on: a metric, label or match that can't be is told."""
    with pytest.raises(MismatchError, match=re.escape(mistake)):
        labels(expression, {"a": TARGET | {"x"}})
