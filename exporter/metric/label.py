"""What a text from a log looks like as a label value."""

import re

Labels = tuple[str, ...]
"""The values of a series' labels, in the order of its metric's label names."""

OTHER = "other"
"""Where the series over the cap go."""


class _Over(str):
    """Equal to no other text, so that it finds no series by chance; `label_value` makes `other` of it."""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


OVER = _Over(OTHER)
"""`other` for what found no place in its pipeline: it is counted there, and as an observation over the cap."""

LABEL_CHARACTERS = 128
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def label_value(text: str) -> str:
    """A text without control characters and surrogates, 128 characters at most.

    >>> label_value("two\\nlines")
    'two\ufffdlines'
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[:LABEL_CHARACTERS])
