"""Certificates and settings to a context of OpenSSL's, and who is let in by it. In come bytes; no file is looked at."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from exporter.config import ConfigError, Mistake
from exporter.web.config.settings import TlsConfig

if TYPE_CHECKING:
    from asyncio import BaseTransport

SUITES: dict[str, str] = {
    "TLS_AES_128_GCM_SHA256": "",
    "TLS_AES_256_GCM_SHA384": "",
    "TLS_CHACHA20_POLY1305_SHA256": "",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""Go's names of the suites that it thinks safe, and OpenSSL's. Those of TLS 1.3 cannot be chosen, in Go neither."""

CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
CLIENTS = {"VerifyClientCertIfGiven": ssl.CERT_OPTIONAL, "RequireAndVerifyClientCert": ssl.CERT_REQUIRED}


class Tls:
    """How TLS is spoken now. Raises ConfigError where the certificates are of no use."""

    def __init__(self, config: TlsConfig, *, cert: bytes, key: bytes, client_ca: bytes | None) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._allowed = {_canonical(name) for name in config.client_allowed_sans}
        self._set(config)
        mistakes = [*_load_chain(self.context, config, cert, key), *_load_ca(self.context, config, client_ca)]
        if mistakes:
            raise ConfigError(mistakes)

    def _set(self, config: TlsConfig) -> None:
        context = self.context
        context.minimum_version, context.maximum_version = VERSIONS[config.min_version], VERSIONS[config.max_version]
        if config.cipher_suites:
            chosen = ":".join(filter(None, map(SUITES.__getitem__, config.cipher_suites)))
            if chosen:
                context.set_ciphers(chosen)
            else:
                context.minimum_version = ssl.TLSVersion.TLSv1_3
        if not config.prefer_server_cipher_suites:
            context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        if config.curve:
            context.set_ecdh_curve(CURVES[config.curve])
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        context.verify_mode = CLIENTS.get(config.client_auth_type, ssl.CERT_NONE)
        # As in Go, who is in client_ca is trusted, root or not.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def admits(self, transport: "BaseTransport") -> bool:
        """Whether the client at the other end has one of the names that are let in."""
        if not self._allowed:
            return True
        certificate: dict[str, Any] = transport.get_extra_info("peercert") or {}
        return any(_canonical(name) in self._allowed for _, name in certificate.get("subjectAltName", ()))


def _canonical(name: str) -> str:
    """A name as it is compared: exactly, but an address in its one short form.

    >>> _canonical("0:0:0:0:0:0:0:1"), _canonical("scraper.example")
    ('::1', 'scraper.example')
    """
    try:
        return str(ip_address(name.strip()))
    except ValueError:
        return name


def _load_chain(context: ssl.SSLContext, config: TlsConfig, cert: bytes, key: bytes) -> Iterator[Mistake]:
    if b"-----BEGIN CERTIFICATE-----" not in cert:
        yield Mistake(config.cert.place, "holds no certificate in PEM form")
    elif b"PRIVATE KEY-----" not in key:
        yield Mistake(config.key.place, "holds no private key in PEM form")
    else:
        try:
            with _as_file(cert) as cert_path, _as_file(key) as key_path:
                context.load_cert_chain(cert_path, key_path, password=_refuse_password)
        except _EncryptedError:
            yield Mistake(config.key.place, "is encrypted; give the key without a password, in a file of mode 0600")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                yield Mistake(config.key.place, "is not the key of the certificate")
            else:
                yield Mistake(config.cert.place, f"certificate or key cannot be used{_because(error)}")


class _EncryptedError(Exception):
    pass


def _refuse_password() -> str:
    raise _EncryptedError  # OpenSSL would ask on the terminal


def _load_ca(context: ssl.SSLContext, config: TlsConfig, client_ca: bytes | None) -> Iterator[Mistake]:
    if config.client_ca is None or client_ca is None:
        return
    try:
        context.load_verify_locations(cadata=client_ca.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        yield Mistake(config.client_ca.place, f"holds no certificates in PEM form{_because(error)}")


def _because(error: Exception) -> str:
    """OpenSSL's reason, which quotes nothing."""
    reason = getattr(error, "reason", None)
    return f" ({str(reason).lower().replace('_', ' ')})" if reason and isinstance(error, ssl.SSLError) else ""


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path for OpenSSL, which takes nothing else, to what is kept in memory only where the system can do that."""
    with os.fdopen(os.memfd_create("pem"), "wb") if hasattr(os, "memfd_create") else TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"
