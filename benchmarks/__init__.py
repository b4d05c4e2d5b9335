"""How fast the exporter is, and what it costs: figures beside their targets, measured on this machine in one run.

`python -m benchmarks [NAME...] [--quick]`. Each module but the tools answers one question; none of them asserts
anything, since another machine, or the same one at work, has other figures.
"""
