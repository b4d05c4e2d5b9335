"""A web configuration with the certificates that it names, read from files. In comes a path; out go settings and TLS.

Not handled: a file system that hangs, which would hold up every connection.
"""

import os
import stat
from pathlib import Path

from exporter.config import ConfigError, Mistake
from exporter.config.document import decoded
from exporter.web.config.reading import parse
from exporter.web.config.settings import Pem, WebConfig
from exporter.web.config.tls import Tls

LARGEST_FILE = 1 << 20

Signature = tuple[int, ...] | None
"""By which a file is known to be the one that was read; None for one that is not there."""


def load(path: str, seen: dict[str, Signature] | None = None) -> tuple[WebConfig, Tls | None]:
    """Reads everything; `seen` is filled with what was read. Raises ConfigError."""
    seen = {} if seen is None else seen
    config = parse(decoded(_read(path, path, seen), source=path), source=path)
    return config, _load_tls(config, seen)


def _load_tls(config: WebConfig, seen: dict[str, Signature]) -> Tls | None:
    tls = config.tls
    if tls is None:
        return None
    mistakes: list[Mistake] = []

    def content(pem: Pem) -> bytes:
        try:
            return (pem.text or "").encode(errors="replace") if pem.path is None else _read(pem.path, pem.place, seen)
        except ConfigError as error:
            mistakes.extend(error.mistakes)
            return b""

    cert, key = content(tls.cert), content(tls.key)
    client_ca = content(tls.client_ca) if tls.client_ca else None
    if mistakes:
        raise ConfigError(mistakes)
    return Tls(tls, cert=cert, key=key, client_ca=client_ca)


def _read(path: str, place: str, seen: dict[str, Signature]) -> bytes:
    """What is in a file. It is signed before it is read: what changes in between is read again the next time.

    A FIFO or a directory is refused without waiting for it.
    """
    seen[path] = signature(path)
    named = f"{path} " if place != path else ""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(LARGEST_FILE + 1) if is_regular else b""
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in a path
        why = getattr(error, "strerror", None) or "no file can have this name"
        raise ConfigError([Mistake(place, f"{named}cannot be read: {why}")]) from None
    if not is_regular:
        raise ConfigError([Mistake(place, f"{named}is not a regular file")])
    if len(content) > LARGEST_FILE:
        raise ConfigError([Mistake(place, f"{named}is larger than {LARGEST_FILE} bytes")])
    return content


def signature(path: str) -> Signature:
    """The signature of a file as it is now."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
