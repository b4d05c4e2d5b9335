"""Whether all is well with lines where the parser does not look: in what it passes over, and how deep they go.

In come lines; out goes a word. Does not know what is in them.
"""

import re
from collections.abc import Sequence

DEEPEST = 500
"""So deep may a line's arrays and objects stand in each other. How much the parser could take depends on how much stack
is left; this does not."""
_LONG = 2 * DEEPEST
"""A line of no more bytes cannot go deeper."""
_BRACKETS = re.compile(rb"[\[{]+|[\]}]+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def is_plain(lines: Sequence[bytes]) -> bool:
    """Whether lines are UTF-8, also in the strings that the parser passes over, and none is too deep."""
    text = b"".join(lines)
    try:
        if not text.isascii():
            text.decode()
    except UnicodeDecodeError:
        return False
    return max(map(len, lines), default=0) <= _LONG or not any(map(is_too_deep, lines))


def is_too_deep(line: bytes) -> bool:
    """Whether arrays and objects go deeper than `DEEPEST`; most lines are too short, or have too few brackets."""
    if len(line) <= _LONG or line.count(b"[") + line.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for brackets in _BRACKETS.findall(_STRING.sub(b"", line)):
        depth += len(brackets) if brackets[0] in b"[{" else -len(brackets)
        if depth > DEEPEST:
            return True
    return False
