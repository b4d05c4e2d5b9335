"""The tables of what is watched beside pipelines, each in a module named like its rule file."""

from exporter.indicators import exporter, host

TABLES = {"exporter": exporter.INDICATORS, "host": host.INDICATORS}
"""Indicators by the name that their records begin with."""

DASHBOARDS = {"exporter": exporter.DASHBOARD, "host": host.DASHBOARD}
"""What the dashboards of the same names show beside the indicators."""
