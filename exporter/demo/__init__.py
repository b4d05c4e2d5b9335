"""Plausible logs of all five pipelines in the schemas of the seeds: as endless lines, or live below a directory.

In comes a seed, a scenario and the time; out come lines that no real pipeline wrote. Shares no code with the exporter,
so that what one believes about a schema cannot hide a mistake of the other.
"""

from exporter.demo.generate import STREAMS, lines
from exporter.demo.persona import BATCH_SIZE, RUN_BATCHES
from exporter.demo.stream import SCENARIOS
from exporter.demo.writer import run

__all__ = ["BATCH_SIZE", "RUN_BATCHES", "SCENARIOS", "STREAMS", "lines", "run"]
