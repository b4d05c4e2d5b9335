"""Runs the command line: `python -m exporter`."""

from exporter.cli import main

main()
