"""Nonsense for every route of the dialect: never a 5xx, always an error document, and no lasting harm.

The routes come from the application's URL map, the ids from what a real world shows, so routes that are added later are
covered without a word here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost import Gatepost
from gatepost.abiquo.http import ROOT
from gatepost.app import create_app
from tests.support.abiquo_client import AbiquoClient, Connector, Reply, connector, links_of, switch_on
from tests.support.nonsense import FUZZ, anything, deep, header, json_values, long, named, query

ROUTES = sorted(
    (method, rule.rule.removeprefix(ROOT + "/"))
    for rule in create_app().url_map.iter_rules()
    if rule.rule.startswith(ROOT)
    for method in (rule.methods or set()) - {"HEAD"}
)
BODIED = [(method, rule) for method, rule in ROUTES if method in ("POST", "PUT")]
READ = (
    *("login", "cloud/virtualmachines?limit=0", "cloud/virtualdatacenters", "config/properties", "events"),
    *("admin/enterprises", "admin/roles", "admin/scopes", "admin/enterprises/_/users"),
)
_PARAMETER = re.compile(r"<(\w+)>")


class Playground:
    """A world with something held in it, reset whenever a request may have changed it. Its ids stay the same."""

    def __init__(self, endpoint: Connector) -> None:
        self._endpoint = endpoint
        self._format = "json"
        self.world = Gatepost(clock="manual", broker=None).start()
        self._clients = {user: AbiquoClient(self.world, user) for user in ("admin", "joe", "connector")}
        self._build()

    def _build(self) -> None:
        self.world.reset()
        switch_on(self.world, self._endpoint.url)
        joe = self._clients["joe"]
        task = joe.deploy("web")
        machine = joe.machine("web")
        found = {rel: href.partition("?")[0].rpartition("/")[2] for rel, href in links_of(machine).items()}
        login = links_of(joe.get("login").json)
        admin = self._clients["admin"]
        place = links_of(admin.get(links_of(machine)["virtualdatacenter"]).json)["location"]
        self.ids = {
            "vdc": found["virtualdatacenter"],
            "appliance": found["virtualappliance"],
            "machine": found["edit"],
            "task": task.rpartition("/")[2],
            "disk": found["disk0"],
            "template": found["virtualmachinetemplate"],
            "enterprise": found["enterprise"],
            "user": found["user"],
            "role": login["role"].rpartition("/")[2],
            "scope": str(admin.get("admin/scopes").json["collection"][0]["id"]),
            "datacenter": place.rpartition("/")[2],
            "id": place.rpartition("/")[2],
        }
        self._picture = self.picture()
        self._spoilt = False

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self.world.stop()

    def picture(self) -> list[int]:
        """What everybody reads, by turns in both formats; poisoned values show when they are read."""
        self._format = "xml" if self._format == "json" else "json"
        return [self._clients["admin"].get(path, accept=f"application/{self._format}").status for path in READ]

    def send(self, actor: str, method: str, path: str, body: bytes | None, headers: dict[str, bytes]) -> Reply:
        if self._spoilt:
            self._build()
        reply = self._clients[actor].request(method, path, body, headers=headers)
        if method != "GET" and reply.status < 400:
            self._spoilt = True
            assert self.picture() == self._picture
        return reply


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    with connector() as endpoint:
        one = Playground(endpoint)
        yield one
        one.close()


KINDS = [
    *("user", "users", "enterprise", "role", "scope", "systemproperty", "systemproperties", "virtualmachine"),
    *("virtualmachinestate", "virtualmachinetask", "virtualdatacenter", "virtualappliance", "application", "task"),
]
ROOTS = [
    *("user", "enterprise", "role", "scope", "property", "properties", "virtualMachine", "virtualmachinestate"),
    *("virtualmachinetask", "virtualDatacenter", "virtualAppliance", "application", "x"),
]
FIELDS = [
    *("name", "value", "links", "collection", "nick", "password", "label", "cpu", "ram", "state", "workflow"),
    *("cpuHard", "gracefulShutdown", "scopeEntities", "type", "idResource", "blocked", "active", "forceUndeploy"),
]
vendor = st.builds(
    lambda kind, format, version: f"application/vnd.abiquo.{kind}{format}{version}".encode(),
    st.sampled_from(KINDS),
    st.sampled_from(["", "+json", "+xml"]),
    st.sampled_from(["", "; version=6.1", ";version=2.6", "; version=0.0", ";"]),
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.one_of(vendor, header, st.sampled_from([b"*/*", b"application/xml", b"application/json"])),
        "Content-Type": st.one_of(vendor, header, st.sampled_from([b"application/json", b"text/plain", b"text/xml"])),
        "Cookie": header,
        "Authorization": st.one_of(header, header.map(lambda value: b"OAuth " + value)),
        "X-HTTP-Method-Override": header,
    },
)
likely = st.one_of(
    st.sampled_from(["ON", "OFF", "true", "1", "-1", "joe", "client.main.workflowEnabled", "ENTERPRISE", ""]),
    st.sampled_from([0, 1, -1, 2**63, True, None, 1e300]),
    anything,
    json_values,
)
links = st.lists(
    st.one_of(
        json_values,
        st.fixed_dictionaries(
            {"rel": st.sampled_from(["role", "scope", "privilege", "location", "enterprise", "disk0", "edit"])},
            optional={"href": st.one_of(st.sampled_from(["admin/roles/1", "x/privileges/1", "locations/34"]), likely)},
        ),
    ),
    max_size=3,
)
objects = st.dictionaries(st.sampled_from(FIELDS), likely, max_size=6).flatmap(
    lambda fields: st.one_of(st.just(fields), links.map(lambda found: {**fields, "links": found}))
)
as_json = st.one_of(objects, st.lists(objects, max_size=3).map(lambda found: {"collection": found}), json_values).map(
    lambda value: json.dumps(value).encode()
)
as_xml = st.builds(
    lambda root, fields: _markup(root, fields).encode(),
    st.sampled_from(ROOTS),
    st.dictionaries(st.sampled_from(FIELDS), likely, max_size=5),
)
bodies = st.one_of(st.none(), st.binary(max_size=200), as_json, as_xml, deep)


def _markup(root: str, fields: dict[str, object]) -> str:
    children = "".join(f"<{name}>{escape(_legal(str(value)))}</{name}>" for name, value in fields.items())
    return f"<{root}>{children}</{root}>"


def _legal(text: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def filled(playground: Playground, rule: str, data: st.DataObject) -> str:
    """The rule with a value for each of its parameters: the right one, another one, or any bytes percent-encoded."""

    def fill(match: re.Match[str]) -> str:
        right = playground.ids[match[1]]
        others = st.sampled_from([*playground.ids.values(), "_", "0", "-1", "..", " "])
        value = data.draw(st.one_of(st.just(right), st.just(right), others, anything, long), match[1])
        return quote(value.encode("utf-8", "surrogatepass"), safe=":")[:4_000]

    return _PARAMETER.sub(fill, rule)


@named(ROUTES)
@FUZZ
@given(data=st.data())
def test_any_route_takes_any_request(playground: Playground, method: str, rule: str, data: st.DataObject) -> None:
    actor = data.draw(st.sampled_from(["admin", "joe", "connector"]), "actor")
    path = filled(playground, rule, data) + data.draw(query, "query")
    body = data.draw(bodies, "body") if method != "GET" else None
    playground.send(actor, method, path, body, data.draw(headers, "headers"))


@named(BODIED)
@FUZZ
@given(data=st.data())
def test_any_content_of_the_right_sort(playground: Playground, method: str, rule: str, data: st.DataObject) -> None:
    path = _PARAMETER.sub(lambda match: playground.ids[match[1]], rule)
    content, format = data.draw(st.one_of(as_json.map(lambda one: (one, "json")), as_xml.map(lambda one: (one, "xml"))))
    playground.send("admin", method, path, content, {"Content-Type": f"application/{format}".encode()})
