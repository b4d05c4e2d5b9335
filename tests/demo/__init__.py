"""Tests of the demo: what its lines are, what its scenarios show, how its logs are written."""
