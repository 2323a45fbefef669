"""A certificate for this machine, from an authority made for one test."""

from pathlib import Path
from typing import NamedTuple

import trustme


class CertificateFiles(NamedTuple):
    """PEM files: the chain with its key in one, apart in two, and the authority's certificate."""

    both: Path
    chain: Path
    key: Path
    authority: Path


def make_certificate(folder: Path) -> CertificateFiles:
    """A certificate for 127.0.0.1 and localhost."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    files = CertificateFiles(*(folder / f"{name}.pem" for name in CertificateFiles._fields))
    certificate.private_key_and_cert_chain_pem.write_to_path(files.both)
    certificate.private_key_pem.write_to_path(files.key)
    files.chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    authority.cert_pem.write_to_path(files.authority)
    return files
