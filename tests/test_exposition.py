"""What Prometheus reads: two formats, which say what was counted, and no text that is older than what it says."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.core import GaugeMetricFamily

from exporter import layout
from exporter.births import Births, Shown
from exporter.encoding import decode, encode
from exporter.exposition import CLASSIC, OPENMETRICS, Format
from exporter.metric import AnyMetric, Counter, Gauge, Histogram, Metrics, MetricState, copied, label_value
from exporter.pipeline import discover
from tests.clock import Clock
from tests.reference import by_the_client, cells, families, read_back
from tests.tools import check_metrics

HOLD = 20.0


def text(shown: Iterable[Shown], form: Format = CLASSIC) -> str:
    return form.text(shown).decode()


metrics = st.lists(
    st.tuples(st.text().map(label_value), st.text().map(label_value), st.integers(0, 2**60)),
    max_size=8,
)


def filled(seen: list[tuple[str, str, int]]) -> list[AnyMetric]:
    lines = Counter("lines_total", 'Lines with "quotes", \\ and\na newline.', ("a", "b"), cap=100)
    seconds = Histogram("seconds", "Time.", ("a", "b"), bounds=(0.5, 1), cap=100, per_unit=1000)
    score = Gauge("score", "Score.", ("a", "b"), cap=100)
    for a, b, value in seen:
        lines.add(value, a, b)
        seconds.observe(value, a, b)
        score.set(value / 7, a, b)
    return [seconds, score, lines]


def expected(shown: list[Shown]) -> Iterator[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    """The samples of `filled` metrics, written down a second time."""
    for one in shown:
        for (a, b), cell in cells(one):
            labels = frozenset({("a", a), ("b", b)})
            if one.metric.kind == "gauge":
                yield ("score", labels), cell[0]
            elif one.metric.kind == "counter":
                yield ("lines_total", labels), float(cell[0])
            else:
                low, middle, above, total, _ = cell
                yield ("seconds_bucket", labels | {("le", "0.5")}), low
                yield ("seconds_bucket", labels | {("le", "1.0")}), low + middle
                yield ("seconds_bucket", labels | {("le", "+Inf")}), low + middle + above
                yield ("seconds_count", labels), low + middle + above
                yield ("seconds_sum", labels), total / 1000


@pytest.mark.invariant(11)
@pytest.mark.parametrize("form", [CLASSIC, OPENMETRICS], ids=["classic", "openmetrics"])
@given(seen=metrics)
def test_whatever_was_counted_reads_back_as_it_was(form: Format, seen: list[tuple[str, str, int]]) -> None:
    """No label value breaks the format or becomes another one."""
    shown = copied(filled(seen))
    assert dict(expected(shown)) == read_back(text(shown, form))


@pytest.mark.invariant(15)
@given(metrics)
def test_the_text_does_not_depend_on_the_order_of_births(seen: list[tuple[str, str, int]]) -> None:
    """Families and series are in the order of their names and labels."""
    backwards = [*reversed(filled([]))]
    for one, other in zip(filled(seen), reversed(backwards), strict=True):
        series = one.values if isinstance(one, Gauge) else one.cells
        other.restore(dict(reversed(series.items())))  # type: ignore[arg-type]
    assert text(copied(filled(seen))) == text(copied(backwards))


def test_the_text_ends_with_the_clients_own_metrics() -> None:
    """OpenMetrics ends once."""
    metrics = filled([("x", "y", 1)])
    live = GaugeMetricFamily("live", "What time it is.", 5)
    written = b"".join(OPENMETRICS.pieces(copied(metrics), [live])).decode()
    assert {**dict(expected(copied(metrics))), ("live", frozenset()): 5} == read_back(written)


def test_promtool_has_nothing_to_say_of_any_pipeline() -> None:
    """Names, types and help texts are as Prometheus wants them."""
    everything = [metric for pipeline in discover().values() for metric in pipeline().metrics]
    for metric in everything:
        if isinstance(metric, Gauge):
            metric.set(1, *metric.labels)
        else:
            metric.cell(*metric.labels)
    assert "" == check_metrics(CLASSIC.text(copied(everything)))


def test_what_was_never_shown_has_no_time() -> None:
    """`once` prints what was counted, not when."""
    lines = Counter("lines_total", "Lines.", cap=1)
    assert "_created" not in text(copied([lines]), OPENMETRICS)


label_texts = st.text(st.characters(codec="utf-8"), max_size=12).map(label_value)


@st.composite
def any_shown(draw):
    """A few metrics of every kind, with whatever label names, values and births."""
    metrics = Metrics(cap=100)
    names = draw(st.lists(st.sampled_from(["run_id", "a", "le_x", "kind", "z", "l"]), max_size=3, unique=True))
    counter = metrics.counter("some_total", draw(label_texts), *names, per_unit=draw(st.sampled_from([1, 1000])))
    histogram = metrics.histogram("some_seconds", "Seconds.", *names, bounds=(0.1, 1, 2.5, 1e6), per_unit=1000)
    gauge = metrics.gauge("some_ratio", 'A "ratio" \\ of\nsome.', *names)
    for labels in draw(st.lists(st.tuples(*[label_texts for _ in names]), max_size=4)):
        counter.add(draw(st.integers(0, 2**70)), *labels)
        histogram.observe(draw(st.integers(0, 2**40)), *labels, times=draw(st.integers(1, 5)))
        gauge.set(draw(st.floats(allow_nan=False) | st.integers(-(2**60), 2**60)), *labels)
        histogram.cell(*labels)[-1] = draw(st.integers(-(2**42), 2**42))
        counter.cell(*labels)[-1] = draw(st.integers(-(2**42), 2**42))
    return copied(metrics)


@pytest.mark.parametrize("form", [CLASSIC, OPENMETRICS], ids=["classic", "openmetrics"])
@given(shown=any_shown())
def test_the_text_is_what_the_prometheus_client_writes(form, shown):
    """Whatever is counted, our text is the client's, byte for byte."""
    assert by_the_client(families(shown, created=form.openmetrics), form) == form.text(shown)


runs = st.sampled_from(["1", "2", "r%d", 'q"', "\\n", "ș"])
changes = st.one_of(
    st.tuples(st.just("count"), runs, st.sampled_from("ab"), st.sampled_from([0, 1, 999_999, 10**6, 2**60])),
    st.tuples(st.just("discard"), runs),
    st.tuples(st.just("pass"), st.sampled_from([1.0, HOLD])),
    st.tuples(st.just("restart")),
)


class Rendered:
    """Metrics that go through changes, and what is shown of them each time."""

    def __init__(self) -> None:
        self.elapsed = Clock(5)
        self.births = Births(HOLD, clock=lambda: 1000 + self.elapsed.now, elapsed=self.elapsed)
        self.metrics = self._declared()

    def _declared(self) -> Metrics:
        metrics = Metrics(cap=5)
        self.lines = metrics.counter("lines_total", "100 % of lines.", "run", "kind")
        self.cost = metrics.counter("cost_total", "Cost.", "run", worth=0.00045, per_unit=1000)
        self.seconds = metrics.histogram("seconds", "Time.", "run", "kind", bounds=(0.5, 1), per_unit=1000)
        self.score = metrics.gauge("score", "Score.", "run")
        return metrics

    def change(self, what: str, *details: Any) -> None:
        if what == "pass":
            self.elapsed.now += details[0]
        elif what == "discard":
            self.metrics.discard_where("run", details[0])
        elif what == "restart":
            stored = decode(encode(self.metrics.state()), dict[str, MetricState])
            self.metrics = self._declared()
            self.metrics.restore(stored)
        else:
            run, kind, value = details
            self.lines.add(value, run, kind)
            self.cost.add(value, run)
            self.seconds.observe(value % 2000, run, kind, times=value)
            self.score.set(value / 7, run)

    def show(self) -> list[Shown]:
        shown = self.births.show(copied(self.metrics))
        self.births.seen()
        return shown


@pytest.fixture(params=[1, 3, 1000])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How large pieces of text are, and how many series are looked at together."""
    monkeypatch.setattr(layout, "PIECE_LINES", 4 * request.param)
    monkeypatch.setattr(layout, "TOGETHER", request.param)


@pytest.mark.invariant(15)
@pytest.mark.usefixtures("sizes")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it stays the same for all examples
@given(st.lists(changes, min_size=1, max_size=12))
def test_no_text_outlives_what_it_was_laid_out_for(steps: list[tuple[Any, ...]]) -> None:
    """However series are born, held, discarded, born again and restored, every page is the client's, late ones too."""
    rendered = Rendered()
    pages: list[tuple[list[Shown], Format, bytes]] = []
    for step in steps:
        rendered.change(*step)
        shown = rendered.show()
        for form in (CLASSIC, OPENMETRICS):
            pages.append((shown, form, by_the_client(families(shown, created=form.openmetrics), form)))
            assert pages[-1][2] == form.text(shown)
        bare = copied(rendered.metrics)
        assert by_the_client(families(bare, created=True), OPENMETRICS) == OPENMETRICS.text(bare)
    for shown, form, written in pages:
        assert written == form.text(shown)


@pytest.mark.invariant(13)
def test_what_is_laid_out_goes_with_its_series() -> None:
    """A text is kept of the series that there are, not of those that there were."""
    lines = Counter("lines_total", "Lines.", ("run",), cap=2000)
    for run in range(1000):
        lines.add(1, str(run))
    text(copied([lines]))
    for run in range(1, 1000):
        lines.discard_where("run", str(run))
    shown = text(copied([lines]))
    (laid_out,) = lines.layouts.values()
    assert len(shown) + len("%d.0") >= sum(len(piece.slots) for piece in laid_out.pieces)


def many(count: int) -> Counter:
    lines = Counter("lines_total", "Lines.", ("run",), cap=count + 100)
    for run in range(count):
        lines.add(1, f"{run:05}")
    return lines


def pieces(metric: AnyMetric) -> list[bytes]:
    return list(OPENMETRICS.pieces(copied([metric])))


def test_what_did_not_change_is_not_written_again() -> None:
    """One number makes one piece another text; the others are the very same."""
    lines = many(5000)
    before = pieces(lines)
    lines.add(1, "03333")
    after = pieces(lines)
    assert len(before) == len(after) > 10
    changed = [new for old, new in zip(before[:-1], after[:-1], strict=True) if old is not new]
    assert 1 == len(changed)
    assert b'lines_total{run="03333"} 2.0\n' in changed[0]


def test_a_birth_lays_out_one_piece_anew() -> None:
    """Wherever among the others it stands, and however often that happens."""
    lines = many(5000)
    pieces(lines)
    for born in ("0", "02222x", "9"):
        before = pieces(lines)
        lines.add(1, born)
        after = pieces(lines)
        assert 1 == len({id(piece) for piece in after[1:-1]} - {id(piece) for piece in before})
    assert by_the_client(families(copied([lines]), created=True), OPENMETRICS) == OPENMETRICS.text(copied([lines]))
