"""Certificates and trust stores for the connection to the broker: uploaded, in effect, and reset (reference, 6.1)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import NamedTuple

import pytest
import trustme
from lxml import etree

from gatepost import Gatepost
from gatepost.vcloud import uploads
from tests.support.amqp import AMQP, amqp_settings
from tests.support.client import Reply, VcloudClient, find_link
from tests.support.consumer import Consumer
from tests.support.proxy import HOST, Proxy
from tests.support.refusals import refused
from tests.support.schemas import VCLOUD
from tests.support.tenant import ask, href_of, the
from tests.support.waiting import until

Connect = Callable[..., VcloudClient]
TlsBroker = tuple[str, trustme.CA]
NOT_TRUSTED = "The broker's certificate is not trusted: "


class Store(NamedTuple):
    """One of the two ways: its word in links, the root of its parameters, and of the answer, and the operation."""

    word: str
    params: str
    socket: str
    operation: str
    words: str


CERTIFICATE = Store(
    "certificate",
    "CertificateUpdateParams",
    "CertificateUploadSocket",
    "systemUpdateAmqpCertificate",
    "AMQP certificate",
)
TRUSTSTORE = Store(
    "truststore",
    "TrustStoreUpdateParams",
    "TrustStoreUploadSocket",
    "systemUpdateAmqpTruststore",
    "AMQP truststore",
)
both = pytest.mark.parametrize("store", [CERTIFICATE, TRUSTSTORE], ids=["certificate", "truststore"])


class Operator:
    """The administrator of a cloud that talks TLS to its broker, if there is one."""

    def __init__(self, cloud: Gatepost, connect: Connect) -> None:
        self.cloud = cloud
        self.client = connect(cloud, "administrator@System")

    def announce(self, store: Store, **attributes: str) -> Reply:
        spelled = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        href = find_link(self.client.get(AMQP).xml, f"{store.word}:update")
        return self.client.post(href, f'<{store.params} xmlns="{VCLOUD}" {spelled}/>')

    def announced(self, store: Store, **attributes: str) -> tuple[str, str]:
        """Where to send the file, and the task."""
        reply = self.announce(store, **attributes)
        assert reply.status == 200, reply
        return reply.xml.get("uploadLocation", ""), href_of(the(reply.xml, "Task"))

    def upload(self, store: Store, content: bytes) -> None:
        where, task = self.announced(store, fileSize=str(len(content)))
        reply = self.client.put(where, content)
        assert (reply.status, reply.body) == (200, b""), reply
        assert self.client.get(task).xml.get("status") == "success"

    def reset(self, store: Store) -> None:
        reply = self.client.post(find_link(self.client.get(AMQP).xml, f"{store.word}:reset"))
        assert (reply.status, reply.body) == (204, b""), reply

    def verdict(self, url: str) -> str | None:
        """What the action `test` says of a broker over TLS; None when it is well."""
        path, body, content_type = amqp_settings(url, UseSSL="true")
        answer = self.client.post(f"{path}/action/test", body, content_type).xml
        return None if the(answer, "Valid").text == "true" else the(answer, "error").get("message")


@pytest.fixture
def operator(cloud: Gatepost, connect: Connect) -> Operator:
    return Operator(cloud, connect)


# --- what it is for --------------------------------------------------------------------------------------------------


@both
def test_an_authority_that_is_uploaded_is_trusted_until_the_reset(
    tls_broker: TlsBroker, operator: Operator, store: Store
) -> None:
    url, authority = tls_broker
    assert (operator.verdict(url) or "").startswith(NOT_TRUSTED)
    operator.upload(store, authority.cert_pem.bytes())
    assert operator.verdict(url) is None
    operator.reset(CERTIFICATE if store is TRUSTSTORE else TRUSTSTORE)
    assert operator.verdict(url) is None
    operator.reset(store)
    assert (operator.verdict(url) or "").startswith(NOT_TRUSTED)


def test_notifications_go_out_as_soon_as_the_broker_is_trusted(
    tls_broker: TlsBroker, amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect
) -> None:
    url, authority = tls_broker
    with Consumer(amqp_url, "systemExchange") as consumer:
        cloud = make_world(broker=url)
        until(lambda: (cloud.info()["broker_problem"] or "").startswith(NOT_TRUSTED))
        ask(connect(cloud), "web-01")
        Operator(cloud, connect).upload(TRUSTSTORE, authority.cert_pem.bytes())
        assert consumer.take(4)[0].event == "vapp.create_request"


@pytest.mark.parametrize("form", ["pem", "der"])
def test_the_brokers_own_certificate_will_do(amqp_url: str, operator: Operator, form: str) -> None:
    leaf = trustme.CA().issue_cert(HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    pem = leaf.cert_chain_pems[0].bytes()
    with Proxy(amqp_url, context) as proxy:
        proxy.listen()
        operator.upload(CERTIFICATE, pem if form == "pem" else ssl.PEM_cert_to_DER_cert(pem.decode()))
        assert operator.verdict(proxy.url) is None


def test_each_certificate_of_a_file_counts(tls_broker: TlsBroker, operator: Operator) -> None:
    url, authority = tls_broker
    other = trustme.CA().cert_pem.bytes()
    operator.upload(TRUSTSTORE, b"# ours\n" + other + b"# the broker's\n" + authority.cert_pem.bytes())
    assert operator.verdict(url) is None
    # The one takes the place of the other.
    operator.upload(CERTIFICATE, other)
    assert (operator.verdict(url) or "").startswith(NOT_TRUSTED)


def test_it_outlives_a_change_of_the_settings_but_no_reset(tls_broker: TlsBroker, operator: Operator) -> None:
    url, authority = tls_broker
    operator.upload(TRUSTSTORE, authority.cert_pem.bytes())
    assert operator.client.put(*amqp_settings(url, UseSSL="true")).status == 200
    until(lambda: operator.cloud.broker_state == "connected")
    operator.cloud.reset()
    operator.client.login("administrator@System")
    assert (operator.verdict(url) or "").startswith(NOT_TRUSTED)


# --- the upload ------------------------------------------------------------------------------------------------------


@both
def test_the_task_waits_for_the_file(operator: Operator, store: Store) -> None:
    reply = operator.announce(store, fileSize="2048")
    assert etree.QName(reply.xml).localname == store.socket
    task = the(reply.xml, "Task")
    system = the(task, "Owner").get("href", "")[-36:]
    assert (task.get("status"), task.get("operationName")) == ("running", store.operation)
    assert task.get("operation") == f"Updating {store.words} Organization ({system})"
    where = reply.xml.get("uploadLocation", "")
    assert where.startswith(operator.cloud.url + "/transfer/")
    assert where.endswith("/amqp" + store.operation.removeprefix("systemUpdateAmqp"))
    refused(operator.client.put(href_of(task), f'<Task xmlns="{VCLOUD}" status="success"/>'), 400)
    for reply in (operator.client.get(href_of(task)), operator.client.get(f"/api/tasksList/{system}")):
        assert href_of(task) in reply.body.decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xce\xce\xce\xce\x00\x00\x00\x02", "A Java keystore cannot be read here"),
        (b"\xfe\xed\xfe\xed\x00\x00\x00\x02", "A Java keystore cannot be read here"),
        (b"nonsense", "No certificate can be read"),
        (b"", "No certificate can be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "No certificate can be read"),
        (b"\x30\x82\x01\x00" + b"\x00" * 256, "No certificate can be read"),
    ],
)
def test_a_file_that_cannot_be_read(operator: Operator, content: bytes, message: str) -> None:
    before = operator.client.get(AMQP).body
    where, task = operator.announced(TRUSTSTORE, password="secret")
    text = refused(operator.client.put(where, content), 400)
    assert text.startswith(message)
    failed = operator.client.get(task).xml
    assert (failed.get("status"), the(failed, "Error").get("message")) == ("error", text)
    assert operator.client.get(AMQP).body == before
    assert operator.client.put(where, content).status == 403


def test_a_file_of_another_size_than_announced(operator: Operator) -> None:
    where, _ = operator.announced(CERTIFICATE, fileSize="5")
    assert refused(operator.client.put(where, b"x"), 400) == "5 bytes were announced, and 1 have come."


@pytest.mark.parametrize("size", ["0", "-1", "many", str(1024 * 1024 + 1)])
def test_no_such_size(operator: Operator, size: str) -> None:
    assert "fileSize" in refused(operator.announce(CERTIFICATE, fileSize=size), 400)


def test_a_file_that_is_too_large(operator: Operator) -> None:
    where, task = operator.announced(CERTIFICATE)
    assert operator.client.put(where, b"x" * (1024 * 1024 + 1)).status == 413
    assert operator.client.get(task).xml.get("status") == "running"


def test_a_file_that_does_not_come(operator: Operator) -> None:
    where, task = operator.announced(CERTIFICATE)
    operator.cloud.clock.advance(uploads.EXPIRE_AFTER)
    assert the(operator.client.get(task).xml, "Error").get("message") == "The file was not uploaded in time."
    assert operator.client.put(where, trustme.CA().cert_pem.bytes()).status == 403


def test_an_upload_that_is_taken_back(operator: Operator) -> None:
    where, task = operator.announced(CERTIFICATE)
    assert operator.client.post(find_link(operator.client.get(task).xml, "task:cancel")).status == 204
    assert operator.client.get(task).xml.get("status") == "canceled"
    assert operator.client.put(where, trustme.CA().cert_pem.bytes()).status == 403


def test_they_are_bounded(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST", 1)
    where, _ = operator.announced(CERTIFICATE)
    refused(operator.announce(CERTIFICATE), 400)
    operator.client.put(where, b"x")
    operator.announced(CERTIFICATE)


def test_neither_file_nor_password_is_journalled(operator: Operator) -> None:
    where, _ = operator.announced(TRUSTSTORE, password="s3cret")
    operator.client.put(where, b"-----BEGIN PRIVATE KEY-----s3cret")
    entries = [entry for entry in operator.cloud.journal.after(0) if entry.path.startswith("/transfer/")]
    assert [(entry.kind, entry.note) for entry in entries] == [
        ("http.request", "33 bytes of a file, which are not kept"),
        ("http.response", None),
    ]
    assert not [entry for entry in operator.cloud.journal.after(0) if b"s3cret" in entry.body]


def test_only_the_system_administrator_may(operator: Operator, connect: Connect) -> None:
    where, _ = operator.announced(CERTIFICATE)
    for user in ("alice@acme", "orgadmin@acme"):
        somebody = connect(operator.cloud, user)
        assert somebody.put(where, trustme.CA().cert_pem.bytes()).status == 403
        for store in (CERTIFICATE, TRUSTSTORE):
            for action in ("update", "reset"):
                path = f"{AMQP}/action/{action}{store.operation.removeprefix('systemUpdate')}"
                assert somebody.post(path, f'<{store.params} xmlns="{VCLOUD}"/>').status == 403
    assert somebody.put(where, b"x", anonymous=True).status == 401
