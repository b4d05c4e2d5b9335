"""Tagger events: what reasoning chose for each category of a lecture, then the lecture's combined result. Seed 000."""

from collections.abc import Iterator
from itertools import chain, count

from exporter.demo.stream import DemoStream, Record, Setting

LABELS = {
    "Topic": ("machine-learning", "climate", "economics", "genetics", "ethics", "astronomy"),
    "Level": ("introductory", "advanced"),
    "Format": ("lecture", "panel", "interview"),
    "Audience": ("students", "general-public"),
}
"""The labels of each category."""
MODELS = ("gpt-4o-mini", "claude-haiku")
PROTOTYPE_THRESHOLD = 0.6
UNKNOWN_EVERY = 25
"""One lecture in so many is followed by an event of a kind that no seed knows."""


def events(setting: Setting) -> Iterator[Record]:
    """All events of one lecture, then of the next. In collapse more and more lectures end without a tag."""
    for done in count(1):
        lecture = f"lec_{setting.rng.getrandbits(40):010x}"
        obscure = setting.chance(0.05 + 0.4 * setting.strain(done, 100))
        chosen: dict[str, float] = {}
        for category in LABELS:
            result = _reasoning(setting, lecture, category, obscure)
            chosen |= result["confidence"]
            yield _stamped(setting, result)
        yield _stamped(setting, _ensemble(setting, lecture, chosen, obscure))
        if done % UNKNOWN_EVERY == 0:
            yield _stamped(setting, {"kind": "prompt_cache_flushed", "entries": setting.rng.randrange(500)})


def _stamped(setting: Setting, event: Record) -> Record:
    return event | {"ts": int(setting.now().timestamp() * 1000)}


def _reasoning(setting: Setting, lecture: str, category: str, obscure: bool) -> Record:
    rng = setting.rng
    chosen = [] if obscure or setting.chance(0.15) else rng.sample(LABELS[category], rng.randint(1, 2))
    model = rng.choice(MODELS)
    return {
        "kind": "category_reasoning_result",
        "lecture_id": lecture,
        "category": category,
        "model": model,
        "chosen_ids": chosen,
        "confidence": {label: setting.around(0.75, 0.3) for label in chosen},
        "rationales_count": len(chosen),
        **_effort(setting, model),
    }


def _effort(setting: Setting, model: str) -> Record:
    """One model tracks its effort and now and then has null, the other leaves the fields out, as the seed allows."""
    if model != MODELS[0]:
        return {}
    if setting.chance(0.1):
        return {"prompt_tokens": None, "latency_ms": None}
    return {"prompt_tokens": setting.rng.randint(300, 1500), "latency_ms": setting.rng.randint(200, 2500)}


def _ensemble(setting: Setting, lecture: str, chosen: dict[str, float], obscure: bool) -> Record:
    labels = setting.rng.sample(list(chain(*LABELS.values())), 4)
    prototypes = {label: setting.around(0.3 if obscure else 0.6, 0.5) for label in labels}
    suggested = {label for label, score in prototypes.items() if score >= PROTOTYPE_THRESHOLD}
    backfill = not chosen and not suggested
    returned = labels[: setting.rng.randint(0, 2)] if backfill else sorted(chosen.keys() | suggested)
    items = [_item(label, chosen.get(label, 0.0), prototypes.get(label, 0.0)) for label in returned]
    items.sort(key=lambda item: item["combined"], reverse=True)
    return {
        "kind": "ensemble_result",
        "lecture_id": lecture,
        "backfill_triggered": backfill,
        "agreement_count": len(chosen.keys() & suggested),
        "top3": items[:3],
        "total_returned": len(items),
    }


def _item(label: str, reasoning: float, prototype: float) -> Record:
    combined = round(0.6 * reasoning + 0.4 * prototype, 3)
    return {"label_id": label, "combined": combined, "r": reasoning, "p": prototype, "pth": PROTOTYPE_THRESHOLD}


STREAMS = {"events": DemoStream(records=events, path="tagger/tagger.ndjson", weight=(20, 20))}
