"""The web configuration that is in force. In comes a path; out go settings and TLS, read again when a file changes.

A bad new version leaves the old one in force, and so does one that would open what was shut: that takes a restart,
since half a file looks just like it. Not handled: a file system that hangs, which would hold up every connection.
"""

import os
import stat
from pathlib import Path

import structlog

from exporter.config import ConfigError, Mistake
from exporter.web.config.reading import parse
from exporter.web.config.settings import Pem, WebConfig
from exporter.web.config.tls import Tls

LARGEST_FILE = 1 << 20

Signature = tuple[int, ...] | None
"""By which a file is known to be the one that was read; None for one that is not there."""

log = structlog.get_logger()


class InForce:
    """A web configuration as it is now. Without a path, the one that says nothing. Raises ConfigError."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._seen: dict[str, Signature] = {}
        self.config, self.tls = _load(path, self._seen) if path else (WebConfig(), None)
        self.is_good: bool | None = True if path else None
        """Whether what is in the files now is what is in force; None where there are no files."""

    def look(self) -> "InForce":
        """Takes in what changed since the last look. Costs a stat for each file."""
        if self._path and any(_signature(path) != seen for path, seen in self._seen.items()):
            self._reload(self._path)
        return self

    def _reload(self, path: str) -> None:
        seen: dict[str, Signature] = {}
        try:
            config, tls = _load(path, seen)
            _refuse_opening(self.config, config, path)
        except ConfigError as error:
            self.is_good = False
            log.error("web_config_failed", error=str(error))
        else:
            self.config, self.tls, self.is_good = config, tls, True
            log.info("web_config_reloaded")
        self._seen = seen


def _load(path: str, seen: dict[str, Signature]) -> tuple[WebConfig, Tls | None]:
    """Reads everything; `seen` is filled with what was read. Raises ConfigError."""
    content = _read(path, path, seen)
    try:
        config = parse(content.decode(), source=path)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Mistake(f"{path}:{line}", "not UTF-8; save the file as UTF-8")]) from None
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
    seen[path] = _signature(path)
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


def _signature(path: str) -> Signature:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refuse_opening(old: WebConfig, new: WebConfig, path: str) -> None:
    """Raises ConfigError where a change would let in more, or change what is spoken."""
    mistakes = []
    if (old.tls is None) != (new.tls is None):
        mistakes.append("tls_server_config: TLS is turned on or off by a restart only")
    if old.users and not new.users:
        mistakes.append("basic_auth_users: passwords are given up by a restart only")
    if old.tls and new.tls and old.tls.client_auth_type == "RequireAndVerifyClientCert":
        if new.tls.client_auth_type != "RequireAndVerifyClientCert":
            mistakes.append("tls_server_config.client_auth_type: client certificates are given up by a restart only")
        elif old.tls.client_allowed_sans and not new.tls.client_allowed_sans:
            mistakes.append("tls_server_config.client_allowed_sans: names are given up by a restart only")
    if mistakes:
        raise ConfigError(Mistake(path, mistake) for mistake in mistakes)
