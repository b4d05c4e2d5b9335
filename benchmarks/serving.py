"""A running exporter that is watched: with which configuration, and what it takes of a core, scraped or not."""

from collections.abc import Callable
from pathlib import Path

from benchmarks import page
from benchmarks.child import Served
from benchmarks.figure import Sizes, say
from benchmarks.watching import shares, steadily

RESTING = "machine at rest"
WRITES_PER_SECOND = 20
CONFIG = """\
listen: ${LISTEN}
state: ${STATE_DIR}
pipelines:
  persona:
    attempts: ${LOGS_DIR}/*.log
    batch_size: %d
limits:
  series_per_metric: %d
"""


def config_for_persona(directory: Path, *, batch_size: int = 1000) -> tuple[Path, dict[str, str]]:
    """A configuration of the persona pipeline over `directory`/*.log, and the environment that it needs."""
    path = directory / "exporter.yml"
    path.write_text(CONFIG % (batch_size, page.SERIES), encoding="utf-8")
    return path, {"STATE_DIR": str(directory / "state"), "LOGS_DIR": str(directory)}


def share(
    running: Served, sizes: Sizes, *, append: Callable[[int], object] = lambda _: None, scraped: bool = False
) -> float:
    """Percent of a core that it takes while something is appended, and while it is scraped or not."""
    between = max(1, round(sizes.scrape_every * WRITES_PER_SECOND))

    def step(number: int) -> None:
        append(number)
        if scraped and number % between == 0:
            running.fetch()

    say(f"watching for {sizes.turns_watched} times {sizes.watch_seconds:g} s{', scraping' if scraped else ''}")
    (found,) = shares(
        [running.process.pid],
        sizes.watch_seconds,
        turns=sizes.turns_watched,
        meanwhile=lambda seconds: steadily(seconds, WRITES_PER_SECOND, step),
    )
    return found


def over(sizes: Sizes) -> str:
    """Of which time a share is."""
    return f"of a core over {sizes.watch_seconds:g} s, the least of {sizes.turns_watched}"
