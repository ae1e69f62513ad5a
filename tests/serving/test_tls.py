"""Certificates, and both servers with one."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import pytest

from gatepost.serving import ServerFactory
from gatepost.serving.granian import GranianServer
from gatepost.serving.threaded import ThreadedServer
from gatepost.serving.tls import Certificate, issue_certificate
from tests.serving.conftest import Serving
from tests.support.raw_http import Seen, connect, hello


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_with_the_authority_trusted(
    serving_tls: Serving, certificate: Certificate, version: ssl.TLSVersion
) -> None:
    context = ssl.create_default_context(cafile=str(certificate.ca))
    context.minimum_version = context.maximum_version = version
    app = Seen()
    with serving_tls(app) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        silent = connect(server)
        connection = http.client.HTTPSConnection(server.host, server.port, context=context, timeout=60)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hello"
        connection.close()
        silent.close()
    assert app.environs[0]["wsgi.url_scheme"] == "https"


def test_only_the_owner_may_read_the_key(certificate: Certificate) -> None:
    assert certificate.key.stat().st_mode & 0o777 == 0o600


def test_a_certificate_can_be_issued_again(tmp_path: Path) -> None:
    old = issue_certificate(["localhost"], tmp_path).cert.read_bytes()
    assert issue_certificate(["localhost"], tmp_path).cert.read_bytes() != old


@pytest.mark.parametrize("make", [GranianServer, ThreadedServer])
def test_a_broken_certificate_is_an_error_and_not_the_end_of_the_process(tmp_path: Path, make: ServerFactory) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing of use")
    with pytest.raises(ssl.SSLError):
        make(hello, certificate=Certificate(broken, broken, broken))
