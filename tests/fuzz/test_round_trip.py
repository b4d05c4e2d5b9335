"""Whatever was in a log: what parsers read of the page is what was counted. RELIABILITY invariant 11."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic

from exporter.births import Births
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.metric import AnyMetric, Counter, Gauge, copied
from tests.engines import config, counted, read
from tests.fuzz import prometheus
from tests.fuzz.corpus import KINDS, STREAMS
from tests.fuzz.prometheus import Samples, without_empty
from tests.fuzz.records import kinds_of, lines

SHOWN_AT = 1769869921.5


def state(metrics: Iterable[AnyMetric]) -> Iterator[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
    """Every sample that the metrics stand for, `_created` aside."""
    for metric in metrics:
        if isinstance(metric, Gauge):
            for values, value in metric.values.items():
                yield (metric.name, frozenset(zip(metric.labels, values, strict=True))), value
            continue
        for values, cell in metric.cells.items():
            labels = frozenset(zip(metric.labels, values, strict=True))
            if isinstance(metric, Counter):
                yield (metric.name, labels), float(cell[0] * metric.worth / metric.per_unit)
                continue
            *buckets, total, _ = cell
            for at, bound in enumerate((*map(float, metric.bounds), "+Inf")):
                yield (f"{metric.name}_bucket", labels | {("le", str(bound))}), sum(buckets[: at + 1])
            yield (f"{metric.name}_count", labels), sum(buckets)
            yield (f"{metric.name}_sum", labels), total / metric.per_unit


def parsed(families: Iterable[Any]) -> Samples:
    """What the Prometheus client's parsers read, `_created` aside."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.mark.invariant(2, 11)
@pytest.mark.parametrize("stream", STREAMS)
def test_what_is_read_of_the_page_is_what_was_counted(stream: str, tmp_path: Path) -> None:
    """By the client's parser in both formats, and by Prometheus' own."""
    pages: list[bytes] = []
    states: list[Samples] = []
    log = tmp_path / "law" / "log"
    log.parent.mkdir()
    pipeline, _, name = stream.partition(".")

    @settings(max_examples=12)
    @given(st.lists(st.one_of(list(map(lines, kinds_of(stream)))) if kinds_of(stream) else log_lines(), max_size=6))
    def fold(written: list[bytes]) -> None:
        log.write_bytes(b"".join(line + b"\n" for line in written))
        engine = read(Engine(config({pipeline: {name: log}}, kinds=KINDS), KINDS))
        engine.settle()
        numbers = counted(engine, pipeline, name)
        assert len(written) == numbers["records"] + numbers["rejected"] == numbers["lines"]
        Births(0, clock=lambda: SHOWN_AT).admit(engine.metrics())
        shown, counts = copied(engine.metrics()), dict(state(engine.metrics()))
        engine.close()
        page = OPENMETRICS.text(shown)
        assert counts == parsed(parse_classic(CLASSIC.text(shown).decode()))
        assert counts == parsed(parse_openmetrics(page.decode()))
        pages.append(page)
        states.append(counts)

    fold()
    for counts, seen in zip(states, prometheus.read(pages, tmp_path), strict=True):
        created = {sample: value for sample, value in seen.items() if sample[0].endswith("_created")}
        assert {SHOWN_AT} == set(created.values())
        assert without_empty(counts) == {sample: value for sample, value in seen.items() if sample not in created}


@st.composite
def log_lines(draw: Any) -> bytes:
    """A line of distillation.log with any error and any article."""
    odd_text = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=10)
    outcome = draw(st.sampled_from(["SUCCESS", "FAILED "]))
    error = f" | error={draw(odd_text)}" if outcome == "FAILED " else ""
    times = f"attempts={draw(st.integers(0, 10**9))} | time={draw(st.integers(0, 10**7))}.5s"
    return f"2025-10-27 10:20:03 | INFO     | {outcome} | {draw(odd_text)}{error} | {times}".encode()
