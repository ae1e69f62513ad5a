"""The administrators' view: users, their events, and the operations that can block (reference, 2.4, 5.5 and 6.7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.amqp import events
from tests.support.bodies import ADMIN
from tests.support.client import VcloudClient, find_link
from tests.support.consumer import Consumer
from tests.support.house import SETTINGS, House, id_of
from tests.support.refusals import DENIED, FORBIDDEN, NOWHERE, no_access, refused
from tests.support.tenant import the

Connect = Callable[..., VcloudClient]


@pytest.fixture
def own(cloud: Gatepost) -> Iterator[House]:
    with House(cloud) as one:
        yield one


def user_of(client: VcloudClient) -> str:
    """The path of the user who is logged in."""
    return f"/api/admin/user/{id_of(client.get('/api/session').xml.get('userId', ''))}"


def test_a_user_has_every_element(house: House) -> None:
    user = house.orgadmin.get(user_of(house.alice)).xml
    shown = [etree.QName(child).localname for child in user if child.tag != f"{{{user.nsmap[None]}}}Link"]
    assert shown == [
        *("Description", "FullName", "EmailAddress", "Telephone", "IsEnabled", "IsLocked", "IM", "NameInSource"),
        *("IsAlertEnabled", "AlertEmailPrefix", "AlertEmail", "IsExternal", "ProviderType", "IsDefaultCached"),
        *("IsGroupRole", "StoredVmQuota", "DeployedVmQuota", "Role", "GroupReferences"),
    ]
    assert (the(user, "NameInSource").text, the(user, "ProviderType").text) == ("alice", "INTEGRATED")


# --- removing users --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [ADMIN, "orgadmin@acme"])
def test_a_user_who_is_removed_is_gone(own: House, by: str) -> None:
    administrator, path = own.client(by), user_of(own.alice)
    reply = administrator.delete(find_link(administrator.get(path).xml, "remove"))
    assert (reply.status, reply.body) == (204, b"")
    assert refused(administrator.get(path), 403, FORBIDDEN) == no_access("user", id_of(path))
    assert own.alice.get("/api/session").status == 403
    assert own.alice.login_request("alice@acme", "gatepost", "5.5").status == 401
    org = administrator.get(f"/api/admin/org/{own.org_id}").xml
    assert [one.get("name") for one in the(org, "Users")] == ["orgadmin"]
    # What he made stays, and so does what was asked for.
    assert the(administrator.get(own.off).xml, "Owner/User").get("name") == "alice"
    assert own.admin.resume(own.hold).status == 204


def test_nobody_removes_himself_or_the_clouds_own_user(own: House) -> None:
    for administrator in (own.admin, own.orgadmin):
        path = user_of(administrator)
        assert administrator.get(path).xml.find("{*}Link[@rel='remove']") is None
        assert refused(administrator.delete(path), 403, FORBIDDEN) == DENIED
    system = f"/api/admin/user/{own.world.world.inventory.system_user.id}"
    assert refused(own.admin.delete(system), 403, FORBIDDEN) == DENIED
    assert own.orgadmin.get("/api/session").status == 200


def test_who_may_not_remove_a_user(house: House) -> None:
    alice, bob = user_of(house.alice), user_of(house.bob)
    with house.unchanged():
        assert house.alice.delete(alice).status == 403
        assert house.bob.delete(alice).status == 403
        assert house.orgadmin.delete(bob).status == 403
        assert house.admin.delete(f"/api/admin/user/{NOWHERE}").status == 403
        assert house.admin.delete("/api/admin/user/x").status == 400
    assert house.alice.get("/api/session").status == 200


# --- events of users -------------------------------------------------------------------------------------------------


def test_logins_and_removals_are_told(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> None:
    with Consumer(amqp_url, "vcd.notifications20", logins=True) as consumer:
        world = make_world(broker=amqp_url)
        alice = connect(world)
        assert alice.login_request("alice@acme", "wrong", "5.5").status == 401
        administrator = connect(world, ADMIN, version="33.0")
        administrator.get("/api/session")
        administrator.delete(user_of(alice))
        messages = consumer.take(3)
        assert events(messages) == ["session.login True", "session.login True", "user.delete True"]
        alices, admins, removal = (json.loads(message.body) for message in messages)
        assert alices["entity"] == alices["user"] == removal["entity"]
        assert admins["user"] == removal["user"]
        assert alices["org"] == removal["org"] != admins["org"]
        assert messages[0].properties.headers["notification.entityType"] == "user"


# --- operations that can block ---------------------------------------------------------------------------------------


def test_all_operations_can_be_asked_for_from_33_0(house: House) -> None:
    path = SETTINGS + "/blockingTask"
    for version in ("5.5", "32.0"):
        settings = house.client(ADMIN, version).get(path).xml
        assert settings.find("{*}Link[@rel='down:allTaskOperations']") is None, version
    modern = house.client(ADMIN, "33.0")
    settings = modern.get(path).xml
    everything = modern.get(find_link(settings, "down:allTaskOperations", settings[1].get("type"))).xml
    pairs = {(the(one, "Operation").text, the(one, "Category").text) for one in everything.iter("{*}TaskOperationType")}
    assert {("vdcInstantiateVapp", "vApp"), ("vappUpdateVm", "vm"), ("catalogSync", "catalog")} <= pairs
    enabled = {one.text for one in the(settings, "BlockingTaskOperations").iter("{*}Operation")}
    assert enabled < {operation for operation, _ in pairs}
    # All of it can be enabled.
    with_all = modern.put(path + "/operations", etree.tostring(everything))
    assert with_all.status == 200, with_all
    assert len(list(with_all.xml.iter("{*}TaskOperationType"))) == len(pairs)
    assert modern.put(path, etree.tostring(settings)).status == 200
