"""What holds for every text that a person may write: it is read, or its mistakes are told, each on one line with its
place."""

import re
from collections.abc import Callable

from exporter.config import ConfigError, Mistake

SOURCE = "c.yml"
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")

SYNTAX = (
    *(
        ": ",
        "\n  ",
        "- ",
        "&a ",
        "*a",
        "${",
        "$${",
        "!!str ",
        "|",
        ">",
        "#",
        "'",
        '"',
        "<<: ",
        "? ",
        "[",
        "]",
        "{",
        "}",
    ),
    *("\\U00110000", "\\ud800", "%YAML 1.2\n---\n", "1e400", "0x10", ".inf", "~"),
)
"""Words of YAML that are worth trying."""


def read(parse: Callable[[str], object], data: bytes) -> str:
    """Reads a text whose place is `SOURCE`; returns what is told of it. Raises where a mistake is told otherwise."""
    text = data.decode(errors="replace")
    last = len(_LINE_END.split(text)) + 1
    mistakes: tuple[Mistake, ...] = ()
    try:
        parse(text)
    except ConfigError as error:
        mistakes = error.mistakes
    for mistake in mistakes:
        line = str(mistake)
        assert 1 <= int(mistake.place.removeprefix(f"{SOURCE}:")) <= last
        assert line.startswith(f"{mistake.place}: ")
        assert all(character >= " " for character in line)
    return "\n".join(map(str, mistakes))
