"""The web configuration: who may ask, and over what, in the format of prometheus/exporter-toolkit.

In comes the path of a YAML file; out go TLS, users and headers as they are in force now: the file, and the certificates
that it names, are read again when they change. Knows no requests and no connections.
"""

from exporter.webconfig.inforce import InForce
from exporter.webconfig.reading import parse
from exporter.webconfig.settings import Pem, TlsConfig, WebConfig
from exporter.webconfig.tls import Tls

__all__ = ["InForce", "Pem", "Tls", "TlsConfig", "WebConfig", "parse"]
