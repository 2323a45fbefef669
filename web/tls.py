"""TLS for our HTTP servers."""

import errno
import ssl
from codecs import BOM_UTF8
from pathlib import Path


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A context with this certificate, for TLS 1.2 or later (Python's default). `key` None: the
    certificate's file has the key too. Raises OSError (ssl.SSLError is one) for a file that cannot
    be read or used.
    """
    for file in filter(None, (certificate, key)):
        with file.open("rb") as opened:
            if opened.read(len(BOM_UTF8)) == BOM_UTF8:  # OpenSSL says "no start line" only
                says = "begins with a byte order mark; save it without one"
                raise OSError(errno.EINVAL, says, str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
