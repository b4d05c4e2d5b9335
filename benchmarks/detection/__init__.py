"""How well, and how soon, do the rendered alerts see a run collapse? Runs are simulated attempt by attempt,
folded by the real exporter, and judged by the real rules; what they should have seen is computed apart from both.

`python -m benchmarks.detection` writes docs/detection.md, the same each time for a seed.
"""
