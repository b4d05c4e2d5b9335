"""Records that hypothesis makes up: every kind of line, any text and any number that its fields may hold.

A text is written as a producer may write it: letters as they are or escaped. What JSON cannot hold, a lone surrogate,
makes a line that is refused.
"""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from exporter.record import LARGEST
from tests.fuzz.fields import SESSION, TEXTS
from tests.recount.witness import FIELDS, TAGS

characters = st.characters() | st.sampled_from(
    '\0\t\n\r\v\f\x1b\x1c\x7f\x85\x9b\u2028\u2029\ufeff\\"{}=,#\U0001f600\ud800'
)
texts = st.text(characters, max_size=8) | st.sampled_from([json.loads(text) for text in TEXTS if len(text) < 1000])
counts = st.integers(0, 2000) | st.integers(0, LARGEST)
quantities = st.floats(0, 100) | st.floats(0, LARGEST) | st.integers(0, 5)
numbers = quantities | st.floats(-LARGEST, LARGEST)
ids = texts | st.integers(-LARGEST, LARGEST)
names = texts | st.sampled_from(["pages_tagged", "pages_processed", "llm_failures", "cluster_count", "pollyanna"])

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "id": ids,
    "flag": st.booleans(),
    "count": counts,
    "quantity": quantities,
    "number": numbers,
    "texts": st.lists(texts, max_size=3),
    "ids": st.lists(ids, max_size=3),
    "counts": st.dictionaries(names, counts, max_size=4),
    "quantities": st.dictionaries(names, quantities, max_size=3),
    "numbers": st.dictionaries(names, numbers, max_size=4),
}


@st.composite
def lines(draw: Any, kind: str, values: Mapping[str, st.SearchStrategy[Any]] = VALUES) -> bytes:
    """A line of a kind with some of these values by type; fields that need not be there may be missing or null."""
    pipeline, _, tag = kind.partition(".")
    record: dict[str, Any] = {TAGS[pipeline]: tag} if pipeline in TAGS else {}
    for name, what in (SESSION if kind == "distillation.session" else FIELDS[kind]).items():
        value = values[what.removesuffix("!")]
        record[name] = draw(value if what.endswith("!") else value | st.none())
    escaped = draw(st.booleans()) or "\\ud" in json.dumps(record)
    return json.dumps(record, ensure_ascii=escaped).encode()


def kinds_of(stream: str) -> list[str]:
    """The kinds of lines in a stream."""
    pipeline, _, name = stream.partition(".")
    return [kind for kind in FIELDS if kind == stream or (name == "events" and kind.startswith(f"{pipeline}."))]
