"""Writes the demo's lines below a directory as time passes, with what distillation keeps beside its logs.

persona/generation.log
distillation/FILTER/metrics.jsonl, session_summary.json, error_logs/*.txt
distillation/legacy/distillation.log
tagger/tagger.ndjson
crawl/crawl_metadata.jsonl and the six others
clustering/clustering.log
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from exporter.demo.distillation import SESSION_ARTICLES, Session, error_dump
from exporter.demo.generate import STREAMS, records
from exporter.demo.rotating import RotatingLog
from exporter.demo.stream import SCENARIOS, Record

HISTORY_LINES = 2000
"""Lines written at once below a new directory; they close eight or nine batches of personas."""
DUMPS = 20
"""Error dumps that a filter has at most."""
NAP = 0.1
"""Seconds at most between two looks at `stop`."""


def run(
    directory: Path,
    *,
    stop: Callable[[], bool],
    rate: float = 50,
    scenario: str = "healthy",
    seed: int = 0,
    rotate_bytes: int = 5_000_000,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Writes `rate` lines per second, over all logs together, until `stop` says so.

    Below a new directory it first writes, at once, the 2000 lines that were due before now. Below one with logs of an
    earlier demo it goes on without them: personas under a new run_id, distillation in a new session. Logs are renamed
    to name.1 … name.3 before they exceed `rotate_bytes`. What falls due while the machine sleeps is written when it
    wakes up. Raises ValueError for an unknown scenario or a rate that cannot be, OSError where it cannot write.
    """
    due = _first_due(rate, now=clock(), history=0 if (directory / "persona").exists() else HISTORY_LINES)
    with closing(_Writer(directory, scenario=scenario, seed=seed, rotate_bytes=rotate_bytes, start=due)) as writer:
        while not stop():
            wait = due - clock()
            if wait > 0:
                sleep(min(wait, NAP))
            else:
                writer.write(due)
                due += 1 / rate


def _first_due(rate: float, *, now: float, history: int) -> float:
    """When the first line is due, where `history` lines are before now. Raises ValueError for a rate that cannot be."""
    if not rate > 0:
        raise ValueError(f"rate `{rate}` is not above 0 (lines per second)")
    due = now - history / rate
    if due < 0:
        raise ValueError(f"rate `{rate}` is too low: the first of {history} lines would be due before 1970")
    return due


def turns(weights: Mapping[str, float]) -> Iterator[str]:
    """Names, endlessly, each as often as its weight says and as evenly spread as can be.

    >>> "".join(name for name, _ in zip(turns({"a": 3, "b": 1}), range(8)))
    'aabaaaba'
    """
    total = sum(weights.values())
    credit = dict.fromkeys(weights, 0.0)
    while True:
        for name, weight in weights.items():
            credit[name] += weight
        name = max(credit, key=credit.__getitem__)
        credit[name] -= total
        yield name


class _Writer:
    """Everything below the directory; whoever writes a line says when that is."""

    def __init__(self, directory: Path, *, scenario: str, seed: int, rotate_bytes: int, start: float) -> None:
        self._directory = directory
        self._rotate_bytes = rotate_bytes
        self._moment = datetime.fromtimestamp(start, UTC)
        self._logs: dict[Path, RotatingLog] = {}
        self._filters: dict[Path, _Filter] = {}
        self._streams = {
            f"{pipeline}.{name}": stream
            for pipeline, streams in STREAMS.items()
            for name, stream in streams.items()
            if stream.path
        }
        self._records = {
            name: records(stream, seed=f"{seed} {start} {name}", scenario=scenario, now=lambda: self._moment)
            for name, stream in self._streams.items()
        }
        at = SCENARIOS.index(scenario)
        self._turns = turns({name: stream.weight[at] for name, stream in self._streams.items()})

    def write(self, due: float) -> None:
        """Writes the next line, in the log whose turn it is."""
        self._moment = datetime.fromtimestamp(due, UTC)
        name = next(self._turns)
        record = next(self._records[name])
        stream = self._streams[name]
        path = self._directory / stream.path.format_map(record)
        if path not in self._logs:
            self._logs[path] = RotatingLog(path, self._rotate_bytes)
        self._logs[path].write(stream.render(record))
        if name == "distillation.articles":
            self._filter(path.parent).add(record, self._moment)

    def _filter(self, directory: Path) -> "_Filter":
        if directory not in self._filters:
            self._filters[directory] = _Filter(directory, self._moment)
        return self._filters[directory]

    def close(self) -> None:
        """Closes the logs and writes the last session summaries."""
        for log in self._logs.values():
            log.close()
        for each in self._filters.values():
            each.summarise(self._moment)


class _Filter:
    """What one filter's directory has beside metrics.jsonl: the session's summary and dumps of failed articles."""

    def __init__(self, directory: Path, started: datetime) -> None:
        self._summary = directory / "session_summary.json"
        self._dumps = directory / "error_logs"
        self._dumps.mkdir(exist_ok=True)
        self._session = Session(started)

    def add(self, article: Record, moment: datetime) -> None:
        """Counts an article, and leaves its files if it is time for them."""
        self._session.add(article)
        if not article["success"] and len(list(self._dumps.iterdir())) < DUMPS:
            name, text = error_dump(article, moment)
            (self._dumps / name).write_text(text, encoding="utf-8")
        if self._session.articles % SESSION_ARTICLES == 0:
            self.summarise(moment)

    def summarise(self, moment: datetime) -> None:
        """Replaces the summary in one step, so that no reader finds half of it."""
        draft = self._summary.with_name(f".{self._summary.name}")
        draft.write_text(json.dumps(self._session.summary(moment), indent=2), encoding="utf-8")
        draft.replace(self._summary)
