"""Which form of an answer a client wants, from the headers in which it says so.

In come the texts of headers; out goes a format. What is no number in them does not count.
"""

from contextlib import suppress

from exporter.exposition import CLASSIC, OPENMETRICS, Format


def form_for(accept: str) -> Format:
    """The format that an Accept header asks for: the classic one, or OpenMetrics.

    >>> form_for("application/openmetrics-text;version=1.0.0") is OPENMETRICS, form_for("*/*") is CLASSIC
    (True, True)
    >>> form_for("text/plain;q=0.9, application/openmetrics-text;q=0.5") is CLASSIC
    True
    """
    asked = qualities(accept)
    openmetrics = asked.get("application/openmetrics-text", 0)
    return OPENMETRICS if openmetrics > 0 and openmetrics >= asked.get("text/plain", 0) else CLASSIC


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header asks for gzip by its name.

    >>> takes_gzip("deflate, gzip"), takes_gzip("gzip;q=0"), takes_gzip("*")
    (True, False, False)
    """
    return qualities(accept_encoding).get("gzip", 0) > 0


def qualities(header: str) -> dict[str, float]:
    """What an Accept header names, each with how much it is wanted.

    >>> qualities("gzip;q=0.5, *")
    {'gzip': 0.5, '*': 1.0}
    """
    found: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = [piece.strip() for piece in part.split(";")]
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        with suppress(ValueError):
            found[name] = max(float(quality), found.get(name, 0.0))
    return found
