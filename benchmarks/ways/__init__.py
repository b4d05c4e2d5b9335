"""The ways to count a log that are compared, each a program for a process of its own: nothing else is in its memory.

`python -m benchmarks.ways.WAY ARGUMENTS` prints what it took, as JSON.
"""
