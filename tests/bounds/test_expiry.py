"""A run that is quiet for `run_ttl` leaves the exposition, its memory and its series, and may come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.births import Births
from exporter.engine import Engine
from exporter.exposition import CLASSIC, OPENMETRICS
from exporter.pipelines.persona import PersonaOptions
from exporter.publisher import Publisher
from exporter.snapshot import Store
from exporter.worker import Worker
from tests.clock import Clock
from tests.engines import KINDS, attempt, config, read
from tests.exposition import families, key, samples

TTL = 60.0
HOLD = 20.0
ATTEMPTS = key("persona_attempts_total", run_id="quiet", stage="A", status="success")
CREATED = ATTEMPTS.replace("_total", "_created")
STEPS = [3600, -3600, 365 * 86400, -365 * 86400]


class Exporter:
    """Everything behind /metrics, without a thread: the test reads, and lets time pass."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock, self.elapsed = Clock(1_000_000_000), Clock(100)
        self.start()

    def start(self) -> None:
        self.store = Store(str(self.folder / "state"))
        what = {"persona": {"attempts": self.folder / "*.log"}}
        options = PersonaOptions(batch_size=1, run_ttl=TTL)
        engine = Engine(config(what, options=options), KINDS, stored=self.store.load())
        self.worker = Worker(engine, poll_seconds=1, catchup_timeout=1, on_caught_up=lambda _: None)
        births = Births(HOLD, clock=self.clock, elapsed=self.elapsed)
        timed = {"clock": self.clock, "elapsed": self.elapsed}
        self.publisher = Publisher(self.worker, self.store, births, live=list, on_failure=print, **timed)

    def restart(self) -> None:
        self.publisher.save()
        self.store.close()
        self.start()

    def write(self, run: str, lines: int) -> None:
        with (self.folder / f"{run}.log").open("ab") as file:
            file.write(b"".join(attempt(run_id=run, persona_id=at) for at in range(lines)))
        read(self.worker.engine)

    def wait(self, seconds: float) -> None:
        self.elapsed.now += seconds
        self.clock.now += seconds
        self.worker.engine.expire(seconds)

    def scrape(self, form=OPENMETRICS) -> dict[str, float]:
        self.wait(1)
        page = self.publisher.page()
        assert page is not None
        text = page.body(form).decode()
        return samples(text.replace("# EOF\n", "")) if form is OPENMETRICS else families_of(text)

    def value(self) -> float | None:
        """What is shown of the quiet run's attempts."""
        return self.scrape().get(ATTEMPTS)

    def created(self) -> float:
        return self.scrape()[CREATED]


def families_of(text: str) -> dict[str, float]:
    return {name: value for family in families(text).values() for name, value in family.samples.items()}


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    exporter = Exporter(tmp_path)
    yield exporter
    exporter.store.close()


def shown(exporter: Exporter) -> Exporter:
    """One that shows five attempts of a run."""
    exporter.write("quiet", 5)
    assert 0 == exporter.value()
    exporter.wait(HOLD)
    assert 5 == exporter.value()
    return exporter


@pytest.mark.invariant(3, 13)
def test_a_quiet_run_leaves_everything(exporter: Exporter) -> None:
    """No series has its name, no memory is left of it, and the lively run beside it loses nothing."""
    exporter.write("lively", 3)
    shown(exporter)
    full = len(exporter.worker.engine.store())
    exporter.wait(TTL - HOLD - 5)
    exporter.write("lively", 1)
    exporter.wait(10)
    after = exporter.scrape(CLASSIC)
    assert [] == [series for series in after if "quiet" in series]
    assert 4 == after[key("persona_attempts_total", run_id="lively", stage="A", status="success")]
    assert {"lively"} == {run_id for _, run_id in exporter.worker.engine.pipelines["persona"].state.runs}
    assert full > len(exporter.worker.engine.store())


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("step", [0, *STEPS])
@pytest.mark.invariant(4, 17)
def test_a_run_that_returns_is_born_again(exporter: Exporter, step: float, restarts: bool) -> None:
    """It starts at 0, is held there, shows only what came since, and says that it is newer; also where the clock on
    the wall was put forward or back meanwhile."""
    before = shown(exporter).created()
    exporter.wait(TTL)
    assert exporter.value() is None
    exporter.clock.now += step
    if restarts and step >= 0:
        exporter.restart()
    exporter.write("quiet", 2)
    assert 0 == exporter.value()
    exporter.clock.now += step
    assert before < exporter.created()
    assert 0 == exporter.value()
    exporter.wait(HOLD)
    assert 2 == exporter.value()
    assert before < exporter.created()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.invariant(3, 4, 17)
def test_a_clock_that_steps_expires_nothing(exporter: Exporter, step: float) -> None:
    """Neither while it runs nor over a restart."""
    before = shown(exporter).created()
    exporter.clock.now += step
    assert (5, before) == (exporter.value(), exporter.created())
    exporter.restart()
    exporter.clock.now += step
    assert (5, before) == (exporter.value(), exporter.created())


@pytest.mark.invariant(3, 17)
def test_time_spent_down_is_no_quiet_time(exporter: Exporter) -> None:
    """A run that was quiet for half its time before a stop has the other half after it."""
    shown(exporter)
    exporter.wait(TTL / 2 - HOLD)
    exporter.clock.now += 10 * TTL
    exporter.restart()
    exporter.wait(TTL / 4)
    assert 5 == exporter.value()
    exporter.wait(TTL / 2)
    assert exporter.value() is None
