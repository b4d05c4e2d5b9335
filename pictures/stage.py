"""The demo run that is shown: a healthy persona run, then one that collapses. A real exporter follows it, and a real
Prometheus with the committed rules scrapes that. Everything that is started here is ended here.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import sleep, time
from typing import Any

import yaml

from exporter import demo
from exporter.demo.persona import COLLAPSE_FROM
from pictures.answers import Window
from pictures.pace import RATE_SECONDS, SCRAPE_SECONDS, hurried
from tests.e2e.prometheus import Prometheus
from tests.e2e.serving import Serving, until

ROOT = Path(__file__).parents[1]
LINES_PER_SECOND = 75.0
PERSONAS = demo.RUN_BATCHES * demo.BATCH_SIZE
COLLAPSED_BATCHES = COLLAPSE_FROM + 7
"""By then every figure of the run is beyond a limit."""
JOBS = 2
TAIL_BYTES = 4096
"""In so many bytes of a log there is a whole line."""
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 300.0
BIRTH_SECONDS = 1.5 * SCRAPE_SECONDS
POLL_SECONDS = 0.25
HOST = "exporter:10210"
"""What the exporter is called in compose, and here in all labels."""

Report = Callable[[float], None]
"""Is told how much of the run is over, from 0 to 1."""


@contextmanager
def staged(folder: Path, report: Report) -> Iterator[tuple[Prometheus, Window]]:
    """Lets the run go on up to its collapse, then gives the Prometheus that saw it, and the time to show."""
    exporter, prometheus = Serving(folder), Prometheus(folder, folder / "prometheus.yml")
    with closing(exporter), closing(prometheus):
        with _writing(exporter.logs, "healthy", enough=lambda: _personas(exporter.logs) == PERSONAS) as writer:
            until(lambda: (exporter.logs / "clustering").exists())
            exporter.configure(**_config(exporter))
            exporter.start()
            _configure(folder, exporter.port)
            prometheus.start()
            until(lambda: prometheus.query("sum(up)") == {"": JOBS}, seconds=PATIENCE_SECONDS)
            start = time() + RATE_SECONDS
            while writer.is_alive():
                writer.join(LOOK_SECONDS)
                report(_personas(exporter.logs) / PERSONAS / 2)
        with _writing(exporter.logs, "collapse"):
            while (closed := _closed(prometheus)) < COLLAPSED_BATCHES:
                sleep(LOOK_SECONDS)
                report((1 + closed / COLLAPSED_BATCHES) / 2)
            sleep(SCRAPE_SECONDS)  # until the rules have seen it, too
            end = time()
        yield prometheus, Window.up_to(end, since=start)


@contextmanager
def _writing(logs: Path, scenario: str, *, enough: Callable[[], bool] = lambda: False) -> Iterator[Thread]:
    """Meanwhile, the demo writes its lines until there are enough; a second demo goes on where the first one ended."""
    end = Event()
    settings = {"rate": LINES_PER_SECOND, "scenario": scenario, "sleep": end.wait}
    writer = Thread(target=demo.run, args=(logs,), kwargs={"stop": lambda: end.is_set() or enough(), **settings})
    writer.start()
    try:
        yield writer
    finally:
        end.set()
        writer.join()


def _personas(logs: Path) -> int:
    """How many personas the run that was written last has."""
    log = logs / "persona" / "generation.log"
    if not log.exists():
        return 0
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - TAIL_BYTES, 0))
        *_, last = file.read().splitlines() or [b'{"persona_id": -1}']
    return int(json.loads(last)["persona_id"]) + 1


def _closed(prometheus: Prometheus) -> float:
    """How many batches of the second run are closed."""
    _, *second = sorted(prometheus.query("persona_batches_total").values(), reverse=True)
    return second[0] if second else 0


def _config(exporter: Serving) -> dict[str, Any]:
    """The demo's configuration with its folders where they are here; the process that is watched is Prometheus."""
    text = (ROOT / "docs" / "demo.yml").read_text(encoding="utf-8")
    here = {"LOGS_DIR": str(exporter.logs), "STATE_DIR": str(exporter.state)}
    config = yaml.safe_load(re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: here.get(found[1], found[2]), text))
    return {
        "pipelines": config["pipelines"],
        "host": config["host"] | {"processes": {"prometheus": re.escape(f"{exporter.folder}/tsdb")}},
        "birth_hold": BIRTH_SECONDS,
        "poll_seconds": POLL_SECONDS,
    }


def _configure(folder: Path, port: int) -> None:
    """The committed configuration and rules, in a hurry, with the exporter's address; nobody is alerted."""
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    interval = f"{SCRAPE_SECONDS}s"
    config["global"] = {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval}
    config["alerting"] = {}
    config["scrape_configs"] = [job for job in config["scrape_configs"] if job["job_name"].startswith("pipeline")]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"], "labels": {"instance": HOST}}]
    rules = folder / "rules"
    rules.mkdir()
    for path in (ROOT / "prometheus" / "rules").glob("*.yml"):
        (rules / path.name).write_text(hurried(path.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
