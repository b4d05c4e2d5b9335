"""What is live is written as the Prometheus client would write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from exporter.exposition import CLASSIC, OPENMETRICS, Format
from exporter.layout import go_text
from tests.reference import by_the_client

names = st.sampled_from(["host_cpu_seconds", "b", "total", "a_total_of"])
texts = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.floats() | st.integers(-(2**70), 2**70)


@st.composite
def any_family(draw) -> Metric:
    """A counter or a gauge with a few samples."""
    kind = draw(st.sampled_from([CounterMetricFamily, GaugeMetricFamily]))
    labels = draw(st.lists(st.sampled_from(["mode", "a", "le"]), max_size=2, unique=True))
    family: Metric = kind(draw(names), draw(texts), labels=labels)
    for values in draw(st.lists(st.tuples(*[texts for _ in labels]), max_size=3)):
        family.add_metric(values, draw(numbers))  # type: ignore[attr-defined]  # both have it
    return family


def live(families: list[Metric], form: Format) -> bytes:
    return b"".join(form.pieces([], families))


@pytest.mark.parametrize("form", [CLASSIC, OPENMETRICS], ids=["classic", "openmetrics"])
@given(families=st.lists(any_family(), max_size=3))
def test_live_families_are_written_as_the_client_writes_them(form: Format, families: list[Metric]) -> None:
    """Byte for byte, whatever the labels and numbers."""
    assert by_the_client(families, form) == live(families, form)


@pytest.mark.parametrize("form", [CLASSIC, OPENMETRICS], ids=["classic", "openmetrics"])
def test_what_the_client_tells_of_this_process_is_written(form: Format) -> None:
    """Its collectors make nothing that we cannot write."""
    families = [*PROCESS_COLLECTOR.collect(), *PLATFORM_COLLECTOR.collect(), *GC_COLLECTOR.collect()]
    assert b"process_cpu_seconds_total" in live(families, form)
    assert by_the_client(families, form) == live(families, form)


@given(numbers)
def test_numbers_are_written_as_the_client_writes_them(number: float) -> None:
    """With exponents where it takes them, and infinities in Go's words."""
    assert floatToGoString(number) == go_text(number)
