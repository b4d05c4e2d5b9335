"""The golden expositions: what `once` prints of each pipeline's sample logs below tests/logs, one file each.

`python -m tests.golden` writes them again; look at the difference before you commit it.
"""

from pathlib import Path

from tests.exposition import ROOT, once

LOGS = ROOT / "tests" / "logs"
PIPELINES = ("clustering", "crawl", "distillation", "persona", "tagger")


def golden(pipeline: str) -> Path:
    """Where a pipeline's golden exposition is."""
    return LOGS / pipeline / "expected.prom"


def printed(pipeline: str) -> str:
    """What `once` prints of the pipeline's sample logs now."""
    return once("--config", f"tests/logs/{pipeline}/config.yml")


def update() -> None:
    """Writes all of them again."""
    for pipeline in PIPELINES:
        golden(pipeline).write_text(printed(pipeline), encoding="utf-8")


if __name__ == "__main__":
    update()
