"""The web configuration: who may ask, and over what, in the format of prometheus/exporter-toolkit.

In comes the path of a YAML file; out go TLS, users and headers as they are in force now: the file, and the certificates
that it names, are read again when they change. Knows no requests and no connections.
"""

from exporter.web.config.reading import parse
from exporter.web.config.settings import Pem, TlsConfig, WebConfig
from exporter.web.config.tls import Tls

__all__ = ["Pem", "Tls", "TlsConfig", "WebConfig", "parse"]
