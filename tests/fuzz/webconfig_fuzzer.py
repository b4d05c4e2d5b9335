"""Fuzzes web configurations. What is a secret in one is in no mistake's text."""

from collections.abc import Iterator

from exporter.web.config import WebConfig, parse
from tests.fuzz.mistakes import SOURCE, SYNTAX, read
from tests.fuzz.target import LOGS, Target

SECRET = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"
WORDS = (
    SECRET,
    *("tls_server_config", "cert_file", "key_file", "cert", "key", "client_auth_type", "client_ca_file", "client_ca"),
    *("client_allowed_sans", "min_version", "max_version", "cipher_suites", "prefer_server_cipher_suites"),
    *("curve_preferences", "http_server_config", "http2", "headers", "basic_auth_users", "rate_limit"),
    *("RequireAndVerifyClientCert", "RequestClientCert", "TLS12", "TLS13", "CurveP256", "X-Frame-Options", "deny"),
)


def parsed(text: str) -> WebConfig:
    """The web configuration that a text is."""
    return parse(text, source=SOURCE)


def check(data: bytes) -> None:
    """Reads a web configuration's text."""
    assert SECRET not in read(parsed, data)


def seeds() -> Iterator[bytes]:
    """The documented one, and what may be said otherwise in it."""
    documented = (LOGS.parents[1] / "docs" / "web.yml").read_bytes()
    yield documented
    yield documented.replace(b"_file:", b": |\n   ")
    yield b"basic_auth_users: {a: 'b'}\nhttp_server_config: {http2: false}\n"


TARGET = Target(check, seeds, (*SYNTAX, *WORDS))
