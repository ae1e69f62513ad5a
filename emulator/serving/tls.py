"""The certificate of a server with TLS."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """PEM files of a server certificate, and of the authority that clients have to trust."""

    ca: Path
    cert: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For a server. Raises OSError or `ssl.SSLError` when the files cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # old connectors know nothing newer
        context.load_cert_chain(self.cert, self.key)
        return context


def issue_certificate(hosts: list[str], folder: Path) -> Certificate:
    """Write a new authority and a certificate for `hosts` (names or addresses) into `folder`, which is made if missing.

    The authority's own key is kept nowhere. Raises OSError when the folder cannot be written.
    """
    import trustme  # here, because it takes longer to import than a server takes to start

    authority = trustme.CA(organization_name="Gatepost")
    issued = authority.issue_cert(*hosts, organization_name="Gatepost")
    folder.mkdir(parents=True, exist_ok=True)
    certificate = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    certificate.ca.write_bytes(authority.cert_pem.bytes())
    certificate.cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    certificate.key.unlink(missing_ok=True)
    with open(os.open(certificate.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
        key.write(issued.private_key_pem.bytes())
    return certificate
