"""The compatibility checklist of the wire reference (its section 12): what known clients trip over, an item a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.asking import accept, basic
from tests.support.bodies import AMQP_VALUES, wrap
from tests.support.client import OPERATION_PARAMS, VcloudClient
from tests.support.consumer import Consumer
from tests.support.crawl import walk
from tests.support.house import SETTINGS, House
from tests.support.schemas import VCLOUD, VMEXT
from tests.support.tenant import ask, href_of, the

Connect = Callable[..., VcloudClient]

VERSIONS = ("1.5", "5.1", "5.5", "5.6", "29.0", "33.0")


@pytest.fixture
def own(cloud: Gatepost) -> Iterator[House]:
    with House(cloud) as one:
        yield one


# 1. Login 200 + token header; .NET, PHP, fog, pyvcloud read it case-insensitively. Wrong password: 401, empty body.


@pytest.mark.parametrize("version", VERSIONS)
def test_item_1_login(house: House, version: str) -> None:
    reply = house.alice.post(
        "/api/sessions", anonymous=True, accept=accept(version), headers=basic("alice@acme:gatepost")
    )
    assert reply.status == 200
    token = reply.headers["x-vcloud-authorization"]
    assert f"vcloud-token={token}; Secure; Path=/" in reply.headers["set-cookie"]
    for carried in ({"X-VCLOUD-Authorization": token}, {"Authorization": f"Bearer {token}"}):
        again = house.alice.get("/api/session", anonymous=True, accept=accept(version), headers=carried)
        assert again.status == 200
        assert again.headers["x-vcloud-authorization"] == token
    wrong = house.alice.post("/api/sessions", anonymous=True, accept=accept(version), headers=basic("alice@acme:x"))
    assert (wrong.status, wrong.body) == (401, b"")


# 2. /api/versions lists 1.5, 5.1, 5.5 once each.


def test_item_2_versions(house: House) -> None:
    listed = Counter(one.text for one in house.alice.get("/api/versions", anonymous=True).xml.iter("{*}Version"))
    assert set(listed.values()) == {1}
    assert {"1.5", "5.1", "5.5", "27.0", "33.0"} <= set(listed)


# 3. resume/abort/fail answer 204 exactly, updateProgress 200 with body; session DELETE and task cancel 204.


@pytest.mark.parametrize("version", ["1.5", "5.5", "33.0"])
def test_item_3_status_codes(own: House, version: str) -> None:
    admin = own.client("administrator@System", version)
    alice = own.client("alice@acme", version)
    for action in ("resume", "abort", "fail"):
        _, task = ask(alice, f"to-{action}")
        blocking = own.hold_of(task)
        assert etree.QName(admin.update_progress(blocking).xml).localname == "BlockingTask"
        assert getattr(admin, action)(blocking).status == 204
    assert alice.post(own.held_task + "/action/cancel").status == 204
    assert alice.delete("/api/session").status == 204


@pytest.mark.parametrize("path", ["/api/session", "/api/session/", "/api/sessions"])
def test_item_3_logout_by_any_path(cloud: Gatepost, connect: Connect, path: str) -> None:
    assert connect(cloud).delete(path).status == 204


# 4. Actions work without Content-Type, with lower-case and charset-suffixed Content-Type, with default-namespace and
#    prefixed XML.

SPELLINGS = [
    f'<BlockingTaskOperationParams xmlns="{VMEXT}"><Message>x</Message></BlockingTaskOperationParams>',
    f'<vmext:BlockingTaskOperationParams xmlns:vmext="{VMEXT}"><vmext:Message>x</vmext:Message>'
    "</vmext:BlockingTaskOperationParams>",
    f'<ns0:BlockingTaskOperationParams xmlns:ns0="{VMEXT}" xmlns="{VCLOUD}" some="attribute">'
    "<Message>x</Message></ns0:BlockingTaskOperationParams>",
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- from a tool -->\n<BlockingTaskOperationParams '
    f'xmlns="{VMEXT}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    f'xsi:schemaLocation="{VMEXT} http://www.example.com/x.xsd"><Unknown/><Message>x</Message>'
    "</BlockingTaskOperationParams>\n",
    f'<BlockingTaskOperationParams xmlns="{VMEXT}"/>',
]


@pytest.mark.parametrize("action", ["resume", "abort", "fail"])
def test_item_4_actions_in_any_spelling(own: House, action: str) -> None:
    content_types = [None, OPERATION_PARAMS, OPERATION_PARAMS.lower(), f"{OPERATION_PARAMS}; charset=ISO-8859-1"]
    requests = [(content_types[i % 4], body) for i, body in enumerate(SPELLINGS)]
    for i, (content_type, body) in enumerate(requests):
        blocking = own.hold_of(own.ask(f"spelled-{i}")[1])
        assert own.admin.post(f"{blocking}/action/{action}", body, content_type).status == 204
        assert own.admin.get(blocking).xml.get("status") != "active"


# 5. Each (rel, type) pair at most once per resource; up/down links always typed; one alternate per blocking task, vApp,
#    VM. The client holds the first two against every document; here it is shown every document there is.


@pytest.mark.parametrize("version", ["1.5", "33.0"])
def test_item_5_links_of_everything_that_links_lead_to(house: House, version: str) -> None:
    admin = house.client("administrator@System", version)
    seen = set(walk(admin).documents)
    assert {house.off, house.held_task, house.hold, house.template, house.held_vm, SETTINGS + "/amqp"} <= seen


def test_item_5_one_alternate(house: House) -> None:
    for kind, path in (
        ("vapp", house.off),
        ("vm", house.off_vm),
        ("task", house.held_task),
        ("blockingTask", house.hold),
    ):
        entity = house.admin.get(f"/api/entity/urn:vcloud:{kind}:{path[-36:]}").xml
        alternates = [link.get("href") for link in entity.findall("{*}Link[@rel='alternate']")]
        assert alternates == [house.world.url + path]


# 6. Task in error/canceled has Error.


@pytest.mark.parametrize("end", ["fail", "abort", "cancel"])
def test_item_6_a_task_without_success_has_an_error(own: House, end: str) -> None:
    if end == "cancel":
        own.alice.post(own.held_task + "/action/cancel")
    else:
        own.admin.post(f"{own.hold}/action/{end}", SPELLINGS[0])
    error = the(own.alice.get(own.held_task).xml, "Error")
    assert error.get("message")
    assert error.get("minorErrorCode")
    assert error.get("majorErrorCode") == "400"


# 7. 201 responses to instantiate have Location and VApp/Tasks/Task[@operationName='vdcInstantiateVapp'].


@pytest.mark.parametrize("version", VERSIONS)
def test_item_7_the_answer_to_instantiate(cloud: Gatepost, connect: Connect, version: str) -> None:
    with House(cloud) as own:
        reply = connect(cloud, version=version).instantiate(own.vdc, own.template, f"by-{version}")
        assert reply.status == 201
        vapp = reply.xml
        assert (etree.QName(vapp).localname, vapp.get("status")) == ("VApp", "0")
        assert reply.headers["location"] == href_of(vapp)
        task = the(vapp, "Tasks/Task")
        assert (task.get("operationName"), task.get("status")) == ("vdcInstantiateVapp", "preRunning")
        assert the(task, "Owner").get("href") == href_of(vapp)


# 8. Notification: body decodes as UTF-8 text, XML declaration first, all seven headers, boolean operationSuccess, bare
#    UUIDs. The consumer holds the first four against every message.


def test_item_8_a_notification(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> None:
    with Consumer(amqp_url, "checklist") as consumer:
        cloud = make_world()
        _configure(connect(cloud, "administrator@System"), amqp_url, "checklist")
        _, task = ask(connect(cloud), "told-\u00fc")
        for message in consumer.take(4):
            headers = message.properties.headers
            words = message.routing_key.split(".")
            uuids = [headers[f"notification.{name}UUID"] for name in ("entity", "org", "user")]
            assert words[1:4] == uuids
            assert all(len(uuid) == 36 and ":" not in uuid for uuid in uuids)
            assert message.properties.content_encoding == "UTF-8"
        assert task.endswith(message.body.decode().partition("urn:vcloud:task:")[2][:36])


def _configure(admin: VcloudClient, amqp_url: str, exchange: str) -> None:
    url = httpx.URL(amqp_url)
    values = (
        f"<AmqpHost>{url.host}</AmqpHost><AmqpPort>{url.port or 5672}</AmqpPort>"
        f"<AmqpUsername>{url.username or 'guest'}</AmqpUsername><AmqpPassword>{url.password or 'guest'}</AmqpPassword>"
        f"<AmqpExchange>{exchange}</AmqpExchange><AmqpVHost>{url.path[1:].replace('%2F', '/') or '/'}</AmqpVHost>"
        "<AmqpUseSSL>false</AmqpUseSSL>"
    )
    assert admin.put(SETTINGS + "/amqp", wrap("AmqpSettings", values)).status == 200


# 9. AmqpSettings GET returns all nine elements; PUT accepts seven.

NINE = [
    *("AmqpHost", "AmqpPort", "AmqpUsername", "AmqpPassword", "AmqpExchange", "AmqpVHost", "AmqpUseSSL"),
    *("AmqpSslAcceptAll", "AmqpPrefix"),
]


def test_item_9_amqp_settings(cloud: Gatepost, connect: Connect) -> None:
    admin = connect(cloud, "administrator@System")
    full = AMQP_VALUES + "<AmqpSslAcceptAll>true</AmqpSslAcceptAll><AmqpPrefix>mine</AmqpPrefix>"
    assert admin.put(SETTINGS + "/amqp", wrap("AmqpSettings", full)).status == 200
    for reply in (admin.put(SETTINGS + "/amqp", wrap("AmqpSettings", AMQP_VALUES)), admin.get(SETTINGS + "/amqp")):
        assert reply.status == 200
        values = {etree.QName(one).localname: one.text for one in reply.xml.findall(f"{{{VMEXT}}}*")}
        assert list(values) == NINE
        assert (values["AmqpPassword"], values["AmqpSslAcceptAll"], values["AmqpPrefix"]) == (None, "true", "mine")


# 10. Trailing slashes accepted on /api/org/, /api/admin/, /api/session/, .../blockingTasks/.


@pytest.mark.parametrize(
    "path",
    ["/api/org/", "/api/admin/", "/api/session/", "/api/admin/extension/", "/api/admin/extension/blockingTasks/"],
)
def test_item_10_trailing_slashes(house: House, path: str) -> None:
    reply = house.admin.get(path)
    assert reply.status == 200
    assert reply.body == house.admin.get(path.rstrip("/")).body


# 11. gzip only when asked for.


@pytest.mark.parametrize("encoding", ["", "identity", "identity;q=1, *;q=0"])
def test_item_11_no_gzip_unasked(house: House, encoding: str) -> None:
    reply = house.admin.get("/api/versions", headers={"Accept-Encoding": encoding})
    assert "content-encoding" not in reply.headers
    assert reply.headers["vary"] == "Accept-Encoding"
