"""The program with one rule broken on purpose, for each rule: its tests must fail then.

`python -m tests.mutants` runs them; that the places still exist is a test like any other.
"""
