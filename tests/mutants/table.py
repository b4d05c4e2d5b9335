"""How each rule is broken, and where that must be seen. Texts are matched exactly."""

from tests.mutants.mutant import Mutant

TORTURE = "tests/torture"
SERVE = "tests/e2e/test_serve.py"
FOLLOW = "tests/follow"

MUTANTS = [
    Mutant(
        1,
        "what is tallied is not part of the cut",
        "publisher.py",
        "def _store(engine: Engine) -> bytes:\n    engine.settle()\n",
        "def _store(engine: Engine) -> bytes:\n",
        TORTURE,
    ),
    Mutant(
        1,
        "what the first look found is durable ten seconds later",
        "server.py",
        "        while True:\n            try:\n                await asyncio.to_thread(self.publisher.save)",
        "        while True:\n            await asyncio.sleep(SAVE_SECONDS)\n            try:\n                await asyncio.to_thread(self.publisher.save)",
        SERVE,
    ),
    Mutant(
        2,
        "skipped lines are not counted",
        "itself.py",
        "self.skipped.cell(pipeline, stream)[0] += decoded.skipped",
        "self.skipped.cell(pipeline, stream)[0] += 0",
        "tests/test_engine.py",
    ),
    Mutant(
        3,
        "series at 0 are forgotten in a restart",
        "metric/kind.py",
        "        self.cells = cells\n",
        "        self.cells = {labels: cell for labels, cell in cells.items() if any(cell[:-1]) or not labels}\n",
        TORTURE,
    ),
    Mutant(
        4,
        "a series is stamped again when it shows its value",
        "births.py",
        "            cell[-1] = -cell[-1]\n",
        "            cell[-1] = now\n",
        TORTURE,
    ),
    Mutant(
        5,
        "offsets are stored without what a pipeline remembers",
        "engine.py",
        '"state": pipeline.state,',
        '"state": pipeline.state_type(),',
        TORTURE,
    ),
    Mutant(
        6,
        "a page is shown before it is durable",
        "publisher.py",
        "                if self._save(stored):\n                    self.births.seen()",
        "                if self._save(stored) or True:\n                    self.births.seen()",
        "tests/test_publisher.py",
    ),
    Mutant(
        6,
        "a page is shown and never made durable",
        "publisher.py",
        "            if stored != self._saved:\n                self._store.save(stored)",
        "            if stored != self._saved and self._saved is None:\n                self._store.save(stored)",
        TORTURE,
    ),
    Mutant(
        7,
        "the gate opens at once",
        "worker.py",
        "if not self.engine.backlog() or self._elapsed() >= deadline:",
        "if True:",
        "tests/test_worker.py",
    ),
    Mutant(
        7,
        "the gate opens at once, under torture",
        "worker.py",
        "if not self.engine.backlog() or self._elapsed() >= deadline:",
        "if True:",
        TORTURE,
    ),
    Mutant(
        3,
        "what an older generation did not know is born at 0 again",
        "server.py",
        "if self._went_back or not _was_shown(engine, name)}",
        "if not _was_shown(engine, name)}",
        TORTURE,
    ),
    Mutant(
        10,
        "a line counts before its newline",
        "follow/file.py",
        'end = body.rfind(b"\\n") + 1\n        if end:\n            return self._chunk(body[:end], end)\n        return self._read_long()',
        "end = len(body)\n        if end:\n            return self._chunk(body[:end], end)\n        return self._read_long()",
        FOLLOW,
    ),
    Mutant(
        18,
        "nobody holds the lock",
        "snapshot.py",
        "            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        TORTURE,
    ),
    Mutant(
        21,
        "series are born at their value",
        "births.py",
        "                if cell[-1] <= 0 and isinstance(one.metric, Cumulative):",
        "                if cell[-1] < 0 and isinstance(one.metric, Cumulative):",
        "tests/e2e/test_prometheus.py",
    ),
]
