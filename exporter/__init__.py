"""Prometheus exporter for LLM data pipelines: follows their NDJSON logs, counts exactly, sees drift live."""

__version__ = "0.1.0"
