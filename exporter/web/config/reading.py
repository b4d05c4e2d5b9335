"""A web configuration's text to a `WebConfig`. Files that it names are not looked at.

What Python's TLS cannot do is a mistake where leaving it out would let in more than was asked for, and has no effect
where it would not: docs/configuration.md lists which is which. No message quotes what was written: it may be a secret.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePath
from typing import Any, get_args

from exporter.config.document import Document, Value
from exporter.config.scalar import Reader, read_members, read_scalar
from exporter.web.config.settings import ClientAuth, Pem, TlsConfig, Version, WebConfig
from exporter.web.config.tls import CURVES, SUITES

DEAREST_COST = 14
"""A password of this bcrypt cost takes a second to check, of each further one twice as long."""

_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_HEADERS: dict[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}


def parse(text: str, *, source: str) -> WebConfig:
    """Reads a web configuration's text, whose mistakes are placed in `source`, and whose relative paths start in the
    folder of `source`. Raises ConfigError.
    """
    document = Document(text, source=source, environ=None, secret=True)
    by_key: dict[str, Reader] = {
        "tls_server_config": partial(_tls, folder=PurePath(source).parent),
        "http_server_config": _http,
        "basic_auth_users": _users,
        "rate_limit": lambda value: value.mistake("is not supported; connections are bounded by limits.connections"),
    }
    read = read_members(document.root, by_key)
    document.check()
    return WebConfig(
        tls=read.get("tls_server_config"),
        headers=read.get("http_server_config", {}),
        users=read.get("basic_auth_users", {}),
    )


def _tls(value: Value, *, folder: PurePath) -> TlsConfig | None:
    """TLS, or None where nothing is written there."""
    by_key: dict[str, Reader] = {
        "cert": _pem,
        "cert_file": partial(_pem_file, folder=folder),
        "key": _pem,
        "key_file": partial(_pem_file, folder=folder),
        "client_ca": _pem,
        "client_ca_file": partial(_pem_file, folder=folder),
        "client_auth_type": _client_auth,
        "client_allowed_sans": partial(_list, reader=lambda item: item.text("a text"), expected="a list of names"),
        "min_version": _version,
        "max_version": _version,
        "cipher_suites": partial(_list, reader=partial(_word, words=SUITES), expected="a list of cipher suites"),
        "prefer_server_cipher_suites": partial(read_scalar, type=bool),
        "curve_preferences": _curve,
    }
    if not value.members:
        return None
    read = read_members(value, by_key)
    cert, key, client_ca = (_either(value, read, name) for name in ("cert", "key", "client_ca"))
    for name, found in (("cert", cert), ("key", key)):
        if found is None and not {name, f"{name}_file"} & value.members.keys():
            value.mistake(f"TLS needs {name}_file or {name}")
    if cert is None or key is None:
        return None
    if "curve_preferences" in read:
        read["curve"] = read.pop("curve_preferences")
    config = TlsConfig(cert=cert, key=key, client_ca=client_ca, **read)
    _look_at_clients(value, config)
    _look_at_versions(value, config)
    return config


def _either(value: Value, read: dict[str, Any], name: str) -> Pem | None:
    """What is given as text or as file, not as both."""
    text, file = read.pop(name, None), read.pop(f"{name}_file", None)
    if text and file:
        value.members[name].mistake(f"is given by {name}_file, too; keep one")
    found: Pem | None = text or file
    return found


def _look_at_clients(value: Value, config: TlsConfig) -> None:
    """Notes where fewer clients would be looked at than it seems."""
    given = value.members.get("client_auth_type", value)
    if config.verifies and config.client_ca is None and not {"client_ca", "client_ca_file"} & value.members.keys():
        given.mistake("nobody to trust: give client_ca_file or client_ca")
    if config.client_ca is not None and config.client_auth_type == "NoClientCert":
        given.mistake("client certificates are not asked for: set client_auth_type, or leave the client CA out")
    if config.client_allowed_sans and config.client_auth_type != "RequireAndVerifyClientCert":
        value.members["client_allowed_sans"].mistake("needs client_auth_type: RequireAndVerifyClientCert")


def _look_at_versions(value: Value, config: TlsConfig) -> None:
    if config.min_version > config.max_version:
        value.members["max_version"].mistake("is older than min_version")
    elif config.max_version == "TLS12" and config.cipher_suites and not any(map(SUITES.get, config.cipher_suites)):
        value.members["cipher_suites"].mistake("has no suite of TLS 1.2, and max_version allows nothing newer")


def _pem(value: Value) -> Pem | None:
    text = value.text("a PEM text")
    return Pem(place=value.place, text=text) if text else None


def _pem_file(value: Value, *, folder: PurePath) -> Pem | None:
    path = value.text("a path")
    return Pem(place=value.place, path=str(folder / path)) if path else None


def _client_auth(value: Value) -> str | None:
    if value.literal() in ("RequireAnyClientCert", "RequireClientCert"):
        value.mistake(
            "a certificate that nobody verifies cannot be asked for here; take RequireAndVerifyClientCert, which is "
            "what keeps strangers out"
        )
        return None
    return _word(value, words=get_args(ClientAuth))


def _version(value: Value) -> str | None:
    if value.literal() in ("TLS10", "TLS11"):
        value.mistake("TLS 1.2 is the oldest that is served; take TLS12 or TLS13")
        return None
    return _word(value, words=get_args(Version))


def _curve(value: Value) -> str | None:
    """The one curve that can be asked of Python's TLS."""
    found = _list(value, reader=partial(_word, words=CURVES), expected="a list of curves")
    if found and len(found) > 1:
        value.mistake("only one curve can be chosen: keep one, or leave it out for all that OpenSSL thinks safe")
    return found[0] if found else None


def _word(value: Value, *, words: tuple[str, ...] | Mapping[str, object]) -> str | None:
    word = value.literal()
    if word in words:
        return word
    value.wrong(f"one of {', '.join(words)}")
    return None


def _list(value: Value, *, reader: Callable[[Value], str | None], expected: str) -> tuple[str, ...] | None:
    items = value.items(expected)
    if value.is_list and not items:
        value.mistake("is an empty list; leave it out")
    return tuple(found for item in items if (found := reader(item)))


def _http(value: Value) -> dict[str, str]:
    """The headers. HTTP/1.1 is all that is spoken, which `http2` allows."""
    read = read_members(value, {"http2": partial(read_scalar, type=bool), "headers": _headers})
    headers: dict[str, str] = read.get("headers", {})
    return headers


def _headers(value: Value) -> dict[str, str]:
    by_key = {name: partial(_header, words=words) for name, words in _HEADERS.items()}
    return {name: text for name, text in read_members(value, by_key, what="header").items() if text}


def _header(value: Value, *, words: tuple[str, ...]) -> str | None:
    text = value.literal()
    if words and text:
        return _word(value, words=words)
    if value.is_list or value.is_mapping or (text and not _HEADER_VALUE.fullmatch(text)):
        value.wrong("a header's value (printable ASCII in one line)")
        return None
    return text


def _users(value: Value) -> dict[str, str]:
    users = {}
    for name, member in value.members.items():
        found = member.literal()
        parts = _HASH.fullmatch(found or "")
        if ":" in name:
            member.mistake("a user's name has no colon")
        elif not found or not parts:
            member.mistake("is not a bcrypt hash; make one by `htpasswd -nBC 10 \"\" | tr -d ':\\n'`")
        elif not 4 <= int(parts[1]) <= DEAREST_COST:
            member.mistake(f"its bcrypt cost is not from 4 to {DEAREST_COST}; each step doubles the time of a check")
        else:
            users[name] = found
    return users
