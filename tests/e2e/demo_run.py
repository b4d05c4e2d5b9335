"""A run as the demo writes it, batch by batch, ill where the test wants it to be."""

import json
from collections.abc import Container, Iterator
from datetime import datetime
from itertools import groupby

from exporter.demo import BATCH_SIZE, lines
from exporter.demo.persona import COLLAPSE_FROM

ONSET = COLLAPSE_FROM + 1
"""The first batch that shows the collapse; batches are counted from 1, as `persona_batches_total` does."""
ENDLESS = 1_000_000


class DemoRun:
    """One run: healthy, but for the batches in `ill`, which are those of the same run in the scenario `collapse`."""

    def __init__(self, start: datetime, *, ill: Container[int] = ()) -> None:
        pairs = zip(_batches(start, "healthy"), _batches(start, "collapse"), strict=True)
        self._batches = [collapse if at in ill else healthy for at, (healthy, collapse) in enumerate(pairs, start=1)]
        self._lines = [line for batch in self._batches for line in batch]
        self._taken = 0
        self.run_id: str = json.loads(self._lines[0])["run_id"]
        self.size = len(self._batches)

    def closing(self, batch: int) -> bytes:
        """What is to be written for a batch to close: from what was taken before to the next batch's first line."""
        return self._take(sum(map(len, self._batches[:batch])) + 1)

    def rest(self) -> bytes:
        """What is not taken yet."""
        return self._take(len(self._lines))

    def repair_ratio(self, batch: int) -> float:
        """The share of a batch's attempts that have a repair."""
        attempts = self._batches[batch - 1]
        return sum(bool(json.loads(line)["repairs"]) for line in attempts) / len(attempts)

    def _take(self, end: int) -> bytes:
        start, self._taken = self._taken, end
        return "".join(f"{line}\n" for line in self._lines[start:end]).encode()


def _batches(start: datetime, scenario: str) -> Iterator[list[str]]:
    """The lines of the demo's first run, by batch."""
    attempts = lines("persona", "attempts", ENDLESS, start=start, scenario=scenario)
    _, run = next(groupby(attempts, lambda line: json.loads(line)["run_id"]))
    for _, batch in groupby(run, lambda line: int(json.loads(line)["persona_id"]) // BATCH_SIZE):
        yield list(batch)
