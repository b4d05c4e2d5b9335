"""The web configuration that is in force. In comes a path; out go settings and TLS, read again when a file changes.

A bad new version leaves the old one in force, and so does one that would open what was shut: that takes a restart,
since half a file looks just like it.
"""

import structlog

from exporter.config import ConfigError, Mistake
from exporter.web.config.loading import Signature, load, signature
from exporter.web.config.settings import WebConfig

log = structlog.get_logger()


class InForce:
    """A web configuration as it is now. Without a path, the one that says nothing. Raises ConfigError."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._seen: dict[str, Signature] = {}
        self.config, self.tls = load(path, self._seen) if path else (WebConfig(), None)
        self.is_good: bool | None = True if path else None
        """Whether what is in the files now is what is in force; None where there are no files."""

    def look(self) -> "InForce":
        """Takes in what changed since the last look. Costs a stat for each file."""
        if self._path and any(signature(path) != seen for path, seen in self._seen.items()):
            self._reload(self._path)
        return self

    def _reload(self, path: str) -> None:
        seen: dict[str, Signature] = {}
        try:
            config, tls = load(path, seen)
            _refuse_opening(self.config, config, path)
        except ConfigError as error:
            self.is_good = False
            log.error("web_config_failed", error=str(error))
        else:
            self.config, self.tls, self.is_good = config, tls, True
            log.info("web_config_reloaded")
        self._seen = seen


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
