"""Variables in a configuration's texts: `${NAME}`, `${NAME:-default}`, and `$${` for a plain `${`.

In come a text and an environment; out goes the text as it is meant, or what is wrong with it. Knows no YAML, and not
where the text stands.
"""

import re
from collections.abc import Mapping

from exporter.config.mistake import shown

_BRACED = re.compile(r"\$(\$?)\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"([A-Za-z_]\w*)(?::-(.*))?", re.ASCII | re.DOTALL)


def expanded(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with its variables replaced, and what is wrong with those that mean nothing, in their order.

    >>> expanded("${LOGS}/$${a}/${NAME:-b}", {"LOGS": "/logs"})
    ('/logs/${a}/b', [])
    >>> expanded("${A}", {})
    ('', ['`${A}` is not set; set it, or write ${A:-default}'])
    """
    mistakes: list[str] = []

    def meaning(found: re.Match[str]) -> str:
        try:
            return _meaning(found, environ)
        except ValueError as error:
            mistakes.append(f"{shown(found[0])} {error}")
            return ""

    return _BRACED.sub(meaning, text), mistakes


def _meaning(found: re.Match[str], environ: Mapping[str, str]) -> str:
    """What one `${…}` stands for; raises ValueError where it is nothing. As in a shell, `:-` also replaces an empty
    variable.
    """
    escape, inside, end = found.groups()
    if escape:
        return found[0][1:]
    variable = _VARIABLE.fullmatch(inside)
    if not (variable and end):
        raise ValueError("is no variable; write ${NAME} or ${NAME:-default}, $${ for a plain ${")
    name, default = variable.groups()
    value = environ.get(name)
    if default is not None:
        return value or default
    if value is None:
        raise ValueError(f"is not set; set it, or write ${{{name}:-default}}")
    return value
