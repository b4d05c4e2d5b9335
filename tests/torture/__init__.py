"""The exporter as a real process, killed again and again while real logs are written, rotated and lost.

A ledger knows the truth: every byte is in it before it is in a log. What is scraped is held against it at every moment,
and in the end every series is held against an independent recount. Everything that is left to chance follows from a
seed; `python -m tests.torture --help` tells how to run it for long.
"""
