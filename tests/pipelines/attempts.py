"""Persona attempts as records, and how often something was counted of them."""

import msgspec

from exporter.metric import Counter
from exporter.pipelines.persona import Attempt

RUN = "25K_20260131"


def attempt(persona: int, **fields) -> Attempt:
    """A plain attempt with some fields of its own."""
    plain = {
        "run_id": RUN,
        "persona_id": f"p{persona}",
        "stage": "B",
        "status": "success",
        "latency_ms": 1000,
        "prompt_tokens": 100,
        "completion_tokens": 50,
    }
    return msgspec.convert(plain | fields, Attempt)


def value(metric: Counter, *labels: str) -> int:
    """A counter's value."""
    return metric.cells[labels][0]
