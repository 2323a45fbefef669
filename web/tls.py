"""TLS for our HTTP servers."""

import ssl
from pathlib import Path


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A context with this certificate, for TLS 1.2 or later (Python's default). `key` None: the
    certificate's file has the key too. Raises OSError (ssl.SSLError is one) for a file that cannot
    be read or used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
