"""Whether all is well with lines where the parser does not look: in what it passes over, and how deep they go.

In come lines; out go the indices of those that it is not well with. Does not know what is in them.
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


def unplain(lines: Sequence[bytes]) -> list[int]:
    """The indices of lines that are not UTF-8, be it in strings that the parser passes over, or that go too deep."""
    utf8 = _is_utf8(b"".join(lines))
    if utf8 and max(map(len, lines), default=0) <= _LONG:
        return []
    return [at for at, line in enumerate(lines) if is_too_deep(line) or not (utf8 or _is_utf8(line))]


def _is_utf8(text: bytes) -> bool:
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


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
