"""Certificates for tests, made anew each time: an authority, servers, clients."""

import ssl
from contextlib import suppress
from pathlib import Path

import trustme


class Authority:
    """An authority that a test's exporter and its clients trust. Files are written to `folder`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.file = folder / f"{name}.pem"
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str, *identities: str) -> tuple[Path, Path]:
        """Writes NAME.crt, with whoever issued it, and NAME.key."""
        made = self._ca.issue_cert(*identities or ("127.0.0.1",))
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))
        key.write_bytes(made.private_key_pem.bytes())
        return certificate, key

    def client(self, *identities: str) -> ssl.SSLContext:
        """A client that trusts this authority; one with `identities` has a certificate of it."""
        context = ssl.create_default_context(cafile=str(self.file))
        if identities:
            context.load_cert_chain(*self.issue("client", *identities))
        return context


def client_hello(context: ssl.SSLContext) -> bytes:
    """The first message of a handshake."""
    out = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="127.0.0.1").do_handshake()
    return out.read()
