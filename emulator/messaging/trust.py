"""The certificates that a broker's is checked against, as an operator hands them over."""

from __future__ import annotations

import re
import ssl
from typing import NamedTuple

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_JAVA = (b"\xce\xce\xce\xce", b"\xfe\xed\xfe\xed")
"""What JCEKS and JKS files begin with."""


class Unreadable(ValueError):
    """A file without a certificate that can be read; the text says what would do."""


class Trust(NamedTuple):
    """Certificates in PEM that take the place of the authorities that this machine trusts; `kind` says how they came,
    as a `certificate` or as a `truststore`.
    """

    kind: str
    pem: str

    def context(self) -> ssl.SSLContext:
        """Each of them is trusted for itself, whether or not it is an authority, as Java does."""
        context = ssl.create_default_context(cadata=self.pem)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


def read(kind: str, content: bytes) -> Trust:
    """The certificates in an uploaded file: PEM, one or more, or one in DER. Raises Unreadable."""
    if content.startswith(_JAVA):
        raise Unreadable("A Java keystore cannot be read here: upload its certificates in PEM, or one in DER.")
    blocks = _PEM.findall(content)
    try:
        pem = b"\n".join(blocks).decode("ascii") if blocks else ssl.DER_cert_to_PEM_cert(content)
        trust = Trust(kind, pem)
        trust.context()
    except ssl.SSLError:
        raise Unreadable("No certificate can be read: upload certificates in PEM, or one in DER.") from None
    return trust
