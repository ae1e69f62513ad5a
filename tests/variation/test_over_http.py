"""A varied cloud, as its clients find their way about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import httpx
import pytest

from gatepost import Gatepost
from gatepost.variation import Kind
from tests.conftest import MakeWorld
from tests.support import normal
from tests.support.amqp import blocking_operations
from tests.support.client import INSTANTIATE, VcloudClient, find_link
from tests.support.crawl import Walk, walk
from tests.support.house import House
from tests.support.schemas import VCLOUD
from tests.support.tenant import ask, find_places, href_of, the

Connect = Callable[..., VcloudClient]
VCLOUD_TYPE = "application/vnd.vmware.vcloud."


@pytest.fixture
def varied_house(house: House) -> Iterator[House]:
    """All kinds vary, after all was made and read unvaried."""
    yield house
    house.world.vary(False)


def by_path(found: Walk, text: normal.Text) -> dict[str, object]:
    return {
        text(path): normal.xml(body, text) for path, body in found.documents.items() if body.lstrip().startswith(b"<")
    }


@pytest.mark.timeout(300)  # hundreds of requests, each document held against the schemas
@pytest.mark.parametrize(("user", "version"), [("administrator@System", "5.5"), ("alice@acme", "33.0")])
def test_every_link_still_leads_where_it_led(varied_house: House, user: str, version: str) -> None:
    world = varied_house.world
    here = f"http://127.0.0.1:{world.port}"
    with VcloudClient(here, varied=True) as client:
        client.login(user, version=version)
        plain = walk(client)
        world.vary(["default", "hrefs"])
        varied = walk(client)
    prefix = urlsplit(world.url).path
    assert prefix

    def text(shown: str) -> str:
        return normal.moved(world.url, here)(normal.moved(prefix, "")(shown) if shown.startswith(prefix) else shown)

    before, after = by_path(plain, normal.same), by_path(varied, text)
    assert len(before) > 15
    assert after.keys() - {"/api/versions"} == before.keys() - {"/api/versions"}
    for path in before.keys() - {"/api/versions"}:
        assert after[path] == before[path], path
    # An extension service's rule names an organization by the path that its author wrote, which is not the cloud's.
    wrong = {text(line.partition(" -> ")[2]) for line in varied.wrong if " -> /api/org/" not in line}
    assert wrong == {line.partition(" -> ")[2] for line in plain.wrong}
    words = [path for path in varied.documents if "/api/~" in path]
    assert len(words) > 10
    # What the ids alone lead to is not there.
    with VcloudClient(here, varied=True) as client:
        client.login(user, version=version)
        for path in words[::4]:
            assert client.get(normal.moved("", "")(path)).status == 404


def test_the_same_seed_says_the_same_again(make_world: MakeWorld, connect: Connect) -> None:
    bodies = []
    for _ in range(2):
        world = make_world(vary=["prefixes", "order", "links", "attributes", "elements", "whitespace"], seed=7)
        client = connect(world)
        places = [re.sub(rb":\d+/", b"/", client.get(path).body) for path in ("/api/session", "/api/org", "/api/query")]
        world.reset()
        client.login()
        again = [re.sub(rb":\d+/", b"/", client.get(path).body) for path in ("/api/session", "/api/org", "/api/query")]
        assert again == places
        bodies.append(places)
    assert bodies[0] == bodies[1]
    other = connect(make_world(vary=["prefixes", "order", "links", "attributes", "elements", "whitespace"], seed=8))
    other.get("/api/session")
    assert re.sub(rb":\d+/", b"/", other.get("/api/org").body) != bodies[0][1]


def test_what_nobody_asked_to_vary_does_not(make_world: MakeWorld, connect: Connect) -> None:
    world = make_world()
    assert world.variation == frozenset()
    assert world.info()["vary"] == []
    login = connect(world).login()
    assert "x-cell" not in login.headers
    assert b"VCloudExtension" not in login.body


class TestHrefs:
    """Hrefs that no id leads to: those that the cloud gives are followed, those that a client builds miss."""

    @pytest.fixture
    def cloud(self, make_world: MakeWorld) -> Gatepost:
        return make_world(clock="manual", vary=["hrefs"])

    def test_a_blocking_task_is_decided_by_its_links_alone(self, cloud: Gatepost, connect: Connect) -> None:
        user, connector = connect(cloud), connect(cloud, "administrator@System")
        vdc, template = find_places(user)
        body = (
            f'<InstantiateVAppTemplateParams xmlns="{VCLOUD}" name="web"><Source href="{template}"/>'
            f"<AllEULAsAccepted>true</AllEULAsAccepted></InstantiateVAppTemplateParams>"
        )
        add = find_link(user.get(vdc).xml, "add", INSTANTIATE)
        assert user.post(f"{vdc}/action/instantiateVAppTemplate", body, INSTANTIATE).status == 404
        made = user.post(add, body, INSTANTIATE)
        assert made.status == 201, made
        [reference] = connector.get("/api/admin/extension/blockingTasks").xml.findall("{*}Reference")
        href, id = href_of(reference), href_of(reference)[-36:]
        blocked = connector.get(href).xml
        assert blocked.get("id") == f"urn:vcloud:blockingTask:{id}"
        params = b'<BlockingTaskOperationParams xmlns="http://www.vmware.com/vcloud/extension/v1.5"><Message/></BlockingTaskOperationParams>'
        built = [f"/api/admin/extension/blockingTask/{id}", href.replace("/api/~", "/api/~0")]
        for wrong in (*built, *(f"{start}/action/resume" for start in (*built, href))):
            method = "POST" if wrong.endswith("resume") else "GET"
            assert connector.request(method, wrong, params if method == "POST" else None).status == 404, wrong
        resolved = connector.get(f"/api/entity/urn:vcloud:blockingTask:{id}").xml
        assert find_link(resolved, "alternate") == href
        assert connector.post(find_link(blocked, "resume"), params).status == 204

    def test_urls_in_queries_and_keys_behind_metadata_are_understood(self, cloud: Gatepost, connect: Connect) -> None:
        user = connect(cloud, "orgadmin@acme")
        vapp = self.made(cloud, user, connect(cloud, "administrator@System"))
        assert "/api/~" in vapp
        [machine] = user.get(vapp).xml.findall("{*}Children/{*}Vm")
        for value in (quote(vapp, safe=""), quote(quote(vapp, safe=""), safe="")):
            encoded = "&filterEncoded=true" if "%25" in value else ""
            found = user.get(f"/api/query?type=vm&filter=container=={value}{encoded}").xml
            assert [href_of(one) for one in found.findall("{*}VMRecord")] == [href_of(machine)]
            assert the(found, "VMRecord").get("container") == vapp
        metadata = find_link(user.get(vapp).xml, "down", VCLOUD_TYPE + "metadata+xml")
        value = f'<MetadataValue xmlns="{VCLOUD}"><Value>7</Value></MetadataValue>'
        put = user.put(f"{metadata}/cost%20centre", value, VCLOUD_TYPE + "metadata.value+xml")
        assert put.status == 202, put
        cloud.clock.advance(1)
        assert user.get(f"{metadata}/cost%20centre").status == 200
        [entry] = user.get(metadata).xml.findall("{*}MetadataEntry")
        assert user.get(href_of(entry)).status == 200

    def test_the_control_api_gives_them_too(self, cloud: Gatepost, connect: Connect) -> None:
        asked = httpx.post(
            f"{cloud.url}/gatepost/operations", json={"operation": "instantiate", "name": "web"}, trust_env=False
        )
        assert connect(cloud).get(asked.json()["href"]).status == 200

    def test_those_that_were_given_go_on_leading_there(self, cloud: Gatepost, connect: Connect) -> None:
        user = connect(cloud)
        vdc, _ = find_places(user)
        assert "/api/~" in vdc
        cloud.vary(False)
        assert user.get(vdc).status == 200
        assert user.get(normal.moved("", "")(vdc)).status == 200
        assert user.get(vdc.replace("/api/~", "/api/~0")).status == 404

    def made(self, cloud: Gatepost, user: VcloudClient, administrator: VcloudClient) -> str:
        """The href of a vApp."""
        administrator.put(*blocking_operations())
        cloud.vary(False)
        ask(user, "web")
        cloud.clock.advance(1)
        cloud.vary(["hrefs"])
        return href_of(the(user.get("/api/query?type=vApp").xml, "VAppRecord"))


class TestRoots:
    """Another path prefix and another name of the host, in all that clients are told."""

    def test_info_and_hrefs_agree(self, make_world: MakeWorld, connect: Connect) -> None:
        cloud = make_world(vary=["roots"])
        info = cloud.info()
        assert cloud.url == info["cloud_url"]
        assert re.fullmatch(rf"http://localhost:{cloud.port}(/[a-z0-9-]+)+", cloud.url)
        assert info["vcloud_api"] == f"{cloud.url}/api"
        assert info["abiquo_api"] == cloud.abiquo_url == f"{cloud.url}/abiquo/api"
        assert info["control_url"] == f"http://127.0.0.1:{cloud.port}/gatepost"
        session = connect(cloud).get("/api/session").xml
        assert href_of(session).startswith(f"{cloud.url}/api/session")
        abiquo = httpx.get(f"{cloud.abiquo_url}/login", auth=("joe", "gatepost"), trust_env=False, timeout=60)
        assert f'"{cloud.abiquo_url}/admin/enterprises/' in abiquo.text
        path = urlsplit(cloud.abiquo_url).path
        assert any(f"Path={path}" in cookie for cookie in abiquo.headers.get_list("set-cookie"))

    def test_both_roots_are_served(self, make_world: MakeWorld) -> None:
        cloud = make_world(vary=["roots"])
        for url in (cloud.url, f"http://127.0.0.1:{cloud.port}"):
            assert httpx.get(f"{url}/api/versions", trust_env=False, timeout=60).status_code == 200
            assert httpx.get(f"{url}/gatepost/health", trust_env=False, timeout=60).status_code == 200
        assert httpx.get(f"{cloud.url}x/api/versions", trust_env=False, timeout=60).status_code == 404

    def test_a_url_that_was_given_keeps_its_host(self, make_world: MakeWorld) -> None:
        cloud = make_world(vary=["roots"], public_url="https://cloud.example.com/here/")
        assert re.fullmatch(r"https://cloud\.example\.com/here(/[a-z0-9-]+)+", cloud.url)

    def test_abiquo_at_the_root(self, make_world: MakeWorld) -> None:
        cloud = make_world(vary=["roots"], root="abiquo")
        told = httpx.get(f"{cloud.abiquo_url}/login", auth=("joe", "gatepost"), trust_env=False, timeout=60)
        assert told.status_code == 200
        assert cloud.abiquo_url == f"{cloud.url}/api"
        assert httpx.get(f"{cloud.info()['vcloud_api']}/versions", trust_env=False, timeout=60).status_code == 200


SETTINGS = "/api/admin/extension/settings"


@pytest.mark.parametrize("path", ["/amqp", "/notifications", "/blockingTask", "/blockingTask/operations", "/email"])
def test_what_was_read_can_be_sent_back(make_world: MakeWorld, connect: Connect, path: str) -> None:
    """As clients do that change one thing in a document."""
    cloud = make_world(clock="manual")
    administrator = connect(cloud, "administrator@System")
    before = administrator.get(SETTINGS + path)
    cloud.vary(["default", "hrefs"])
    with VcloudClient(f"http://127.0.0.1:{cloud.port}", varied=True) as client:
        client.login("administrator@System")
        varied = client.get(SETTINGS + path)
        assert b"VCloudExtension" in varied.body
        assert client.put(SETTINGS + path, varied.body, varied.xml.get("type")).status == 200
    cloud.vary(False)
    assert administrator.get(SETTINGS + path).body == before.body


def test_json_of_the_vcloud_api_says_the_same(make_world: MakeWorld, connect: Connect) -> None:
    plain, varied = (connect(make_world(vary=vary), version="33.0") for vary in (False, ["default"]))
    one, other = (client.login(version="33.0") for client in (plain, varied))
    assert other.body != one.body
    assert json.loads(other.body).keys() == json.loads(one.body).keys()


def test_a_response_of_a_rule_stays_what_the_rule_says(make_world: MakeWorld, connect: Connect) -> None:
    cloud = make_world(vary=True)
    client = connect(cloud)
    rule = {
        "effect": {"kind": "http.status", "status": 409, "body": "<a  b='c'/>", "headers": {"Content-Type": "a/xml"}}
    }
    httpx.post(f"{cloud.url}/gatepost/faults", json=rule, trust_env=False, timeout=60).raise_for_status()
    answer = httpx.get(f"{cloud.url}/api/session", trust_env=False, timeout=60)
    assert (answer.status_code, answer.text) == (409, "<a  b='c'/>")
    assert client.version == "5.5"


def test_the_journal_shows_what_crossed_the_wire(make_world: MakeWorld, connect: Connect) -> None:
    cloud = make_world(vary=["default", "hrefs"])
    client = connect(cloud)
    said = client.get(find_link(client.get("/api/session").xml, "down", VCLOUD_TYPE + "org+xml"))
    entry = list(cloud.journal.after(0))[-1]
    assert (entry.kind, entry.body) == ("http.response", said.body)
    assert urlsplit(cloud.url + "/api/~").path in entry.path
    assert {name.lower() for name in entry.headers} <= {name.lower() for name in said.headers}


def test_headers_that_nobody_knows(make_world: MakeWorld, connect: Connect) -> None:
    plain, varied = (connect(make_world(vary=vary)).get("/api/session") for vary in (False, ["headers"]))
    more = set(varied.headers) - set(plain.headers)
    assert 1 <= len(more) <= 3
    assert set(plain.headers) <= set(varied.headers)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_first_approval_whatever_varies(make_world: MakeWorld, connect: Connect, kind: Kind) -> None:
    """Found by links alone, as careful connectors do it."""
    cloud = make_world(vary=[kind], taps=True, settings={"work.scale": 0})
    asked = {"operation": "instantiate", "name": "web"}
    task = httpx.post(f"{cloud.url}/gatepost/operations", json=asked, trust_env=False, timeout=60).json()["href"]
    connector, user = connect(cloud, "administrator@System"), connect(cloud)
    [reference] = connector.get("/api/admin/extension/blockingTasks").xml.findall("{*}Reference")
    resume = find_link(connector.get(href_of(reference)).xml, "resume")
    params = b'<a:BlockingTaskOperationParams xmlns:a="http://www.vmware.com/vcloud/extension/v1.5"><a:Message>ok</a:Message></a:BlockingTaskOperationParams>'
    assert connector.post(resume, params).status == 204
    user.wait_task(task, timeout=60)
