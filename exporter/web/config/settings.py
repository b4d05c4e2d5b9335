"""What a web configuration says, typed. Knows neither YAML nor OpenSSL."""

from typing import Literal

import msgspec

ClientAuth = Literal["NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
Version = Literal["TLS12", "TLS13"]


class Pem(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate or key: a file, or its text. `place` is where the configuration says so, for mistakes."""

    place: str
    path: str | None = None
    text: str | None = None

    def __repr__(self) -> str:
        return f"Pem(place={self.place!r})"  # it may be a private key


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How TLS is spoken. Suites and curve are named as Go names them; none means OpenSSL's own choice."""

    cert: Pem
    key: Pem
    client_ca: Pem | None = None
    client_auth_type: ClientAuth = "NoClientCert"
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve: str | None = None

    @property
    def verifies(self) -> bool:
        """Whether a client's certificate is looked at."""
        return self.client_auth_type in ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")


class WebConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All of it: by default plain HTTP for everybody. `users` are bcrypt hashes by name."""

    tls: TlsConfig | None = None
    headers: dict[str, str] = {}
    users: dict[str, str] = {}
